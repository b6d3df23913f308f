//! Which of the transfer syntaxes proposed for a presentation context is accepted.

use dicom::transfer_syntaxes::{EXPLICIT_BE, IMPLICIT_LE, PAPYRUS, is_known};

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
    #![allow(clippy::unwrap_used, reason = "a test stops where something is not as it must be")]
    use super::*;
    use dicom::transfer_syntaxes::EXPLICIT_LE;

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
