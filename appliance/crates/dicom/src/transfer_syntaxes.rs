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

/// Which of the proposed transfer syntaxes goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Explicit little endian goes before implicit and big endian; a compressed one stays where the sender put it,
    /// so that a sender that offers its own compression first is not made to decompress.
    Ours,
    /// The sender's own order.
    Senders,
    /// Implicit little endian before all others.
    ImplicitFirst,
}

/// The one transfer syntax to accept of those proposed for a presentation context.
pub fn choose<'a>(proposed: &'a [String], private: &[String], order: Order) -> Option<&'a str> {
    let rank = |uid: &str| match (order, uid) {
        (Order::Senders, _) => 0,
        (Order::ImplicitFirst, uid) => u8::from(uid != IMPLICIT_LE),
        (Order::Ours, IMPLICIT_LE) => 1,
        (Order::Ours, EXPLICIT_BE | PAPYRUS) => 2,
        (Order::Ours, _) => 0,
    };
    // `min_by_key` keeps the first of equals: the sender's own order.
    proposed.iter().map(String::as_str).filter(|uid| is_known(uid, private)).min_by_key(|uid| rank(uid))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn explicit_little_endian_is_preferred_among_equals() {
        let list = |uids: &[&str]| uids.iter().map(|uid| (*uid).to_owned()).collect::<Vec<_>>();
        let jpeg = "1.2.840.10008.1.2.4.70";
        for (proposed, chosen) in [
            (vec![IMPLICIT_LE, EXPLICIT_LE], Some(EXPLICIT_LE)),
            (vec![EXPLICIT_BE, IMPLICIT_LE], Some(IMPLICIT_LE)),
            (vec![IMPLICIT_LE, jpeg], Some(jpeg)),
            (vec![jpeg, EXPLICIT_LE], Some(jpeg)),
            (vec![EXPLICIT_LE, jpeg], Some(EXPLICIT_LE)),
            (vec![EXPLICIT_BE], Some(EXPLICIT_BE)),
            (vec!["1.2.3"], None),
            (vec!["1.2.840.10008.1.2.6.1"], None),
            // JPIP: the pixels would stay where the scanner deletes them.
            (vec!["1.2.840.10008.1.2.4.94"], None),
            (vec![], None),
        ] {
            assert_eq!(choose(&list(&proposed), &[], Order::Ours), chosen, "{proposed:?}");
        }
        assert_eq!(choose(&list(&["1.2.3"]), &list(&["1.2."]), Order::Ours), Some("1.2.3"));
        let all = list(&[EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE]);
        assert_eq!(choose(&all, &[], Order::Senders), Some(EXPLICIT_BE));
        assert_eq!(choose(&all, &[], Order::ImplicitFirst), Some(IMPLICIT_LE));
        assert_eq!(choose(&list(&[EXPLICIT_BE, jpeg]), &[], Order::ImplicitFirst), Some(EXPLICIT_BE));
    }
}
