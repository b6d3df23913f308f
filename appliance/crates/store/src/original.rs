//! One received original as a stream: its data set exactly as received, checked against its digest as it passes.
use std::io::{self, Read};

use super::entry::Entry;
use super::error::Error;
use super::id::{Digest, Id};
use super::inbox::Inbox;
use super::reception::Reception;

/// The data set of an entry, decrypted. Reading it gives every byte as received; its last bytes are given only when
/// the digest of all of them holds, so that a reader who sees the end has seen what was received.
pub struct Original {
    entry: Entry,
    left: u64,
    hasher: blake3::Hasher,
}

impl Inbox {
    /// Open an entry's data set as a stream: the header is checked now, each block and the digest while it is read.
    ///
    /// # Errors
    /// `Unknown`, `Damaged`, `Disk`. Damage further on shows as `InvalidData` when it is read.
    pub fn original(&self, id: Id) -> Result<Original, Error> {
        let entry = self.open(id)?;
        Ok(Original { left: entry.reception().length, entry, hasher: blake3::Hasher::new() })
    }
}

impl Original {
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
