//! Items of A-ASSOCIATE-RQ and AC: type, a reserved byte, length, body (PS3.8 9.3.2 and 9.3.3, PS3.7 annex D.3.3).

use bytes::{BufMut, BytesMut};

use crate::error::Violation;

/// The DICOM application context (PS3.7 A.2.1).
pub const APPLICATION_CONTEXT: &str = "1.2.840.10008.3.1.1.1";
/// Presentation contexts of one association at most: odd numbers from 1 to 255 (PS3.8 9.3.2.2).
pub const MOST_CONTEXTS: usize = 128;
/// Bytes before the first item: protocol version and titles.
pub const FIXED: usize = 68;

/// Application context.
pub const ITEM_APPLICATION_CONTEXT: u8 = 0x10;
/// Presentation context, proposed.
pub const ITEM_CONTEXT: u8 = 0x20;
/// Presentation context, answered.
pub(crate) const ITEM_CONTEXT_RESULT: u8 = 0x21;
/// Abstract syntax, within a presentation context.
pub const ITEM_ABSTRACT_SYNTAX: u8 = 0x30;
/// Transfer syntax, within a presentation context.
pub const ITEM_TRANSFER_SYNTAX: u8 = 0x40;
/// User information.
pub const ITEM_USER_INFORMATION: u8 = 0x50;
/// Maximum length, within the user information; so are those that follow.
pub const SUB_ITEM_MAX_LENGTH: u8 = 0x51;
/// Asynchronous operations window.
pub const SUB_ITEM_WINDOW: u8 = 0x53;
/// SCP/SCU role selection.
pub const SUB_ITEM_ROLES: u8 = 0x54;
/// SOP class extended negotiation.
pub const SUB_ITEM_EXTENDED: u8 = 0x56;
/// SOP class common extended negotiation.
pub const SUB_ITEM_COMMON_EXTENDED: u8 = 0x57;
/// User identity.
pub const SUB_ITEM_IDENTITY: u8 = 0x58;
/// The answer to a user identity.
pub const SUB_ITEM_IDENTITY_RESPONSE: u8 = 0x59;

/// An accepted presentation context.
#[derive(Clone, PartialEq, Eq)]
pub struct Context {
    /// Its id, odd.
    pub id: u8,
    /// Abstract syntax (SOP class UID).
    pub abstract_syntax: String,
    /// The transfer syntax that was accepted.
    pub transfer_syntax: String,
}

/// Calls `each` with type and body of every item.
///
/// # Errors
/// [`Violation::Items`] when an item overruns its parent, and those of `each`.
pub fn each_item(
    mut bytes: &[u8],
    mut each: impl FnMut(u8, &[u8]) -> Result<(), Violation>,
) -> Result<(), Violation> {
    while let [kind, _reserved, high, low, rest @ ..] = bytes {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let (item, after) = rest.split_at_checked(length).ok_or(Violation::Items)?;
        each(*kind, item)?;
        bytes = after;
    }
    if bytes.is_empty() { Ok(()) } else { Err(Violation::Items) }
}

/// Appends an item. Its body is only ever a part of an item that fitted.
pub fn put_item(to: &mut BytesMut, kind: u8, item: &[u8]) {
    to.put_u8(kind);
    to.put_u8(0);
    to.put_u16(item.len() as u16);
    to.put_slice(item);
}

/// A UID without the padding that some peers send (PS3.8 annex F forbids it).
#[must_use]
pub fn trimmed(uid: &str) -> &str {
    uid.trim_matches(['\0', ' '])
}
