//! What values of the configuration must be, and the words for it.

use dimse::pdu::MAX_PDU;
use store::units::Size;

pub(crate) const TITLE_RULE: &str = "write 1 to 16 printable ASCII characters without a backslash";
pub(crate) const STAR_RULE: &str =
    "\"*\" is for the demonstration on loopback only; write the sender's own value";
pub(crate) const MAX_PDU_RULE: &str = "write a size from \"4KiB\" to \"128KiB\"";
pub(crate) const ADDRESS_RULE: &str =
    "write an address or a network, for example \"10.0.0.7\" or \"10.0.0.0/8\"";

/// Whether a PDU may be announced as that long.
pub(crate) fn is_max_pdu(size: Size) -> bool {
    (4096..=u64::from(MAX_PDU)).contains(&size.0)
}

/// An AE title in configuration (PS3.5 6.2, VR AE); `"*"` alone is kept for "everybody".
pub(crate) fn is_title(text: &str) -> bool {
    text != "*"
        && !text.trim().is_empty()
        && text.trim() == text
        && text.len() <= 16
        && text.bytes().all(|b| (0x20..0x7f).contains(&b) && b != b'\\')
}
