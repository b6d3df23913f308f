//! One received original as a stream: its data set exactly as received, checked against its digest as it passes.
use std::fs::File;
use std::io::{self, Read};

use super::error::{Error, Step};
use super::id::Digest;
use super::reception::{HEADER_LENGTH, Reception};

/// The data set of an entry. Reading it gives every byte as received; its last bytes are given only when the digest
/// of all of them holds, so that a reader who sees the end has seen what was received.
pub struct Original {
    reception: Reception,
    file: File,
    left: u64,
    hasher: blake3::Hasher,
}

impl Original {
    pub(super) fn new(mut file: File, reception: Reception) -> Result<Original, Error> {
        io::Seek::seek(&mut file, io::SeekFrom::Start(HEADER_LENGTH as u64))
            .map_err(Error::disk(Step::Read))?;
        Ok(Original { left: reception.length, reception, file, hasher: blake3::Hasher::new() })
    }

    /// What reception knew about it; `length` is the number of bytes that reading gives.
    pub fn reception(&self) -> &Reception {
        &self.reception
    }
}

impl Read for Original {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 {
            return Ok(0);
        }
        let room = buffer.get_mut(..most).unwrap_or_default();
        let count = self.file.read(room)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.hasher.update(room.get(..count).unwrap_or_default());
        self.left -= count as u64;
        if self.left == 0 && Digest::from_bytes(*self.hasher.finalize().as_bytes()) != self.reception.digest {
            room.fill(0);
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(count)
    }
}
