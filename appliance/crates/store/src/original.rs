//! One received original as a stream: its data set exactly as received, checked against its digest as it passes.
use std::io::{self, Read};

use super::entry::Entry;
use super::id::Digest;
use super::reception::Reception;

/// The data set of an entry, decrypted. Reading it gives every byte as received; its last bytes are given only when
/// the digest of all of them holds, so that a reader who sees the end has seen what was received.
pub struct Original {
    entry: Entry,
    left: u64,
    hasher: blake3::Hasher,
}

impl Original {
    pub(super) fn new(entry: Entry) -> Original {
        Original { left: entry.reception().length, entry, hasher: blake3::Hasher::new() }
    }

    /// What reception knew about it; `length` is the number of bytes that reading gives.
    pub fn reception(&self) -> &Reception {
        self.entry.reception()
    }
}

impl Read for Original {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 {
            return Ok(0);
        }
        let room = buffer.get_mut(..most).unwrap_or_default();
        let count = self.entry.read(room)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.hasher.update(room.get(..count).unwrap_or_default());
        self.left -= count as u64;
        let digest = || Digest::from_bytes(*self.hasher.finalize().as_bytes());
        if self.left == 0 && digest() != self.entry.reception().digest {
            room.fill(0);
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(count)
    }
}
