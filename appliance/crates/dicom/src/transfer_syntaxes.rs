//! Transfer syntaxes that are taken: all of PS3.6 that a stored instance may have, kept as sent.

use super::registry::TRANSFER_SYNTAXES;
use super::sop_classes::matches;

/// Implicit VR Little Endian (PS3.5 A.1).
pub const IMPLICIT_LE: &str = "1.2.840.10008.1.2";
/// Explicit VR Little Endian (PS3.5 A.2).
pub const EXPLICIT_LE: &str = "1.2.840.10008.1.2.1";
/// Explicit VR Big Endian (PS3.5 A.3), retired.
pub const EXPLICIT_BE: &str = "1.2.840.10008.1.2.2";
/// Papyrus 3 Implicit VR Little Endian, retired.
pub const PAPYRUS: &str = "1.2.840.10008.1.20";
/// GE's private syntax with big-endian pixels: its element headers are implicit little endian.
const GE_PRIVATE: &str = "1.2.840.113619.5.2";
const DEFLATED: [&str; 3] = ["1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205"];

/// How element headers of a data set are written (PS3.5 annex A).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coding {
    /// Without value representations.
    pub implicit: bool,
    /// Most significant byte first.
    pub big_endian: bool,
    /// The data set is one deflated stream.
    pub deflated: bool,
}

/// The coding of a transfer syntax; all that are not listed here are explicit little endian.
pub fn coding(uid: &str) -> Coding {
    Coding {
        implicit: [IMPLICIT_LE, PAPYRUS, GE_PRIVATE].contains(&uid),
        big_endian: uid == EXPLICIT_BE,
        deflated: DEFLATED.contains(&uid),
    }
}

/// Whether we take this transfer syntax: standard, or private by configuration.
pub fn is_known(uid: &str, private: &[String]) -> bool {
    TRANSFER_SYNTAXES.iter().any(|(known, _)| *known == uid) || matches(uid, private)
}

/// The standard's name of a transfer syntax.
pub fn syntax_name(uid: &str) -> Option<&'static str> {
    TRANSFER_SYNTAXES.iter().find(|(known, _)| *known == uid).map(|(_, name)| *name)
}
