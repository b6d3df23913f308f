//! Where everything lies in an envelope: lengths of the header's fields, of the parts, of the seal.

use crate::keys::SIGNATURE_BYTES;
use crate::limits;

pub(super) const ENCAPSULATED_BYTES: usize = 1120;
pub(super) const WRAPPED_KEY_BYTES: usize = 32 + 16;
pub(super) const PREFIX_BYTES: usize = 7;
/// Fields before the encapsulated key: what HPKE binds as associated data.
pub(super) const FIELDS_BYTES: usize =
    8 + 2 + 1 + 1 + 16 + 16 + 4 + 16 + 16 + 16 + 6 + 16 + 4 + 4 + 8 + PREFIX_BYTES + 1;
pub(super) const HEADER_BYTES: usize = FIELDS_BYTES + ENCAPSULATED_BYTES + WRAPPED_KEY_BYTES;
pub(super) const SEAL_MAGIC: &[u8; 4] = b"SEAL";
/// Of one sealed part, by BLAKE3.
pub(super) const DIGEST_BYTES: usize = 32;

const _: () = assert!(HEADER_BYTES <= limits::HEADER_BYTES_MAX);

/// Offsets and lengths inside an envelope, all in bytes; they follow from the header alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    pub(super) parts: u32,
    pub(super) content_bytes: u64,
}

impl Layout {
    /// Number of parts, at least 1.
    #[must_use]
    pub const fn parts(&self) -> u32 {
        self.parts
    }

    /// Whether this is the last part.
    #[must_use]
    pub const fn is_last(&self, index: u32) -> bool {
        index + 1 == self.parts
    }

    /// Where a part starts in the envelope.
    #[must_use]
    pub const fn part_offset(&self, index: u32) -> u64 {
        HEADER_BYTES as u64 + index as u64 * limits::PART_SEALED_BYTES_MAX as u64
    }

    /// Sealed length of a part; 0 for one that does not exist.
    #[must_use]
    pub const fn part_bytes(&self, index: u32) -> usize {
        if index >= self.parts {
            0
        } else if self.is_last(index) {
            let before = index as u64 * limits::PART_PLAIN_BYTES as u64;
            (self.content_bytes - before) as usize + limits::PART_TAG_BYTES
        } else {
            limits::PART_SEALED_BYTES_MAX
        }
    }

    /// Where the seal starts.
    #[must_use]
    pub const fn seal_offset(&self) -> u64 {
        HEADER_BYTES as u64 + self.content_bytes + self.parts as u64 * limits::PART_TAG_BYTES as u64
    }

    /// Length of the seal.
    #[must_use]
    pub const fn seal_bytes(&self) -> usize {
        SEAL_MAGIC.len() + 4 + self.parts as usize * DIGEST_BYTES + 8 + SIGNATURE_BYTES
    }

    /// Length of the whole envelope.
    #[must_use]
    pub const fn total_bytes(&self) -> u64 {
        self.seal_offset() + self.seal_bytes() as u64
    }
}
