//! Transfer syntaxes: how a UID says that the data set is encoded, PS3.5 section 10.
use super::transfer_syntaxes;

/// A transfer syntax by what reading and writing need to know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferSyntax {
    uid: String,
    /// Value representations are written.
    pub(super) explicit_vr: bool,
    /// Numbers are big endian (retired, still met).
    pub big_endian: bool,
    /// The whole data set is deflated.
    pub(super) deflated: bool,
    /// Pixel Data is a sequence of fragments.
    pub encapsulated: bool,
}

impl TransferSyntax {
    /// UID of Implicit VR Little Endian.
    pub const IMPLICIT_LE: &'static str = transfer_syntaxes::IMPLICIT_LE;
    /// UID of Explicit VR Little Endian.
    pub const EXPLICIT_LE: &'static str = transfer_syntaxes::EXPLICIT_LE;
    /// UID of Deflated Explicit VR Little Endian.
    pub(super) const DEFLATED_LE: &'static str = "1.2.840.10008.1.2.1.99";
    /// UID of Explicit VR Big Endian.
    pub(super) const EXPLICIT_BE: &'static str = transfer_syntaxes::EXPLICIT_BE;

    /// The syntax of a UID. An unregistered UID is read as explicit little endian with fragments, which is
    /// what every syntax added since 1996 is.
    pub fn from_uid(uid: &str) -> Self {
        let uid = uid.trim_matches(|c: char| c == '\0' || c.is_whitespace());
        let native =
            matches!(uid, Self::IMPLICIT_LE | Self::EXPLICIT_LE | Self::DEFLATED_LE | Self::EXPLICIT_BE);
        let coding = transfer_syntaxes::coding(uid);
        TransferSyntax {
            uid: uid.to_owned(),
            explicit_vr: !coding.implicit,
            big_endian: coding.big_endian,
            deflated: coding.deflated,
            encapsulated: !native,
        }
    }

    /// The UID as given.
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// Known by PS3.6, or at least of the standard's own root.
    pub fn is_registered(&self) -> bool {
        self.uid.starts_with("1.2.840.10008.1.2")
    }

    /// What we write for an instance that came in this syntax: explicit little endian for native little
    /// endian ones, otherwise the same syntax, because its pixels are copied through untouched.
    pub fn output(&self) -> Self {
        if self.encapsulated || self.big_endian { self.clone() } else { Self::from_uid(Self::EXPLICIT_LE) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::TRANSFER_SYNTAXES;

    #[test]
    fn the_reader_takes_every_syntax_for_coded_as_reception_follows_it() {
        let private = "1.2.840.113619.5.2";
        for uid in TRANSFER_SYNTAXES.iter().map(|(uid, _)| *uid).chain([private]) {
            let (read, followed) = (TransferSyntax::from_uid(uid), transfer_syntaxes::coding(uid));
            assert_eq!(!read.explicit_vr, followed.implicit, "{uid}");
            assert_eq!(read.big_endian, followed.big_endian, "{uid}");
            assert_eq!(read.deflated, followed.deflated, "{uid}");
        }
    }
}
