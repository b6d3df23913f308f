//! Where entries lie: segments by name, pages, and the name of an entry that says both.
//!
//! The name of an entry is where it lies: 8 random bytes of its segment, its page (u32 big endian), 4 random bytes.
//! So nothing has to remember where entries are, and a page of an older file never passes for a new entry.

use std::fmt;
use std::str::FromStr;

use super::encryption::sealed_length;
use super::error::Error;
use super::id::{Id, NotHex};
use super::key::random;
use super::reception::HEADER_LENGTH;

/// Bytes of a segment, unless its last entry is longer.
pub(crate) const SEGMENT: u64 = 64 << 20;
/// Entries begin at multiples of this.
pub(crate) const PAGE: u64 = HEADER_LENGTH as u64;

/// The name of a segment: 8 random bytes, as 16 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Name([u8; 8]);

impl Name {
    /// A fresh one.
    ///
    /// # Errors
    /// `Disk` when the system's random source fails.
    pub(crate) fn random() -> Result<Name, Error> {
        let mut bytes = [0; 8];
        random(&mut bytes)?;
        Ok(Name(bytes))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for Name {
    type Err = NotHex;
    fn from_str(text: &str) -> Result<Name, NotHex> {
        let mut bytes = [0; 8];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| NotHex)?;
        if hex::encode(bytes) == text { Ok(Name(bytes)) } else { Err(NotHex) }
    }
}

/// The part of a name that says where an entry lies: 12 bytes.
pub(crate) fn place_bytes(name: Name, page: u32) -> Vec<u8> {
    [name.0.as_slice(), &page.to_be_bytes()].concat()
}

/// Where the entry of this name would lie.
pub(crate) fn place_of(id: Id) -> (Name, u64) {
    let [a, b, c, d, e, f, g, h, p, q, r, s, ..] = *id.as_bytes();
    (Name([a, b, c, d, e, f, g, h]), u64::from(u32::from_be_bytes([p, q, r, s])) * PAGE)
}

/// A fresh name for an entry at this place.
pub(crate) fn name_at(name: Name, at: u64) -> Result<Id, Error> {
    let page = u32::try_from(at / PAGE).map_err(|_| Error::Full)?;
    let mut tail = [0; 4];
    random(&mut tail)?;
    let bytes = [place_bytes(name, page).as_slice(), &tail].concat();
    bytes.try_into().map(Id::from_bytes).map_err(|_| Error::Seal)
}

/// First byte after an entry, rounded up to a page.
pub(crate) fn end_of(at: u64, length: u64) -> u64 {
    at.saturating_add(PAGE).saturating_add(sealed_length(length)).next_multiple_of(PAGE)
}
