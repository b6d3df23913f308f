//! The one output file of a worker: pieces one after the other, each with its digest.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;

use super::Error;
use crate::job::Piece;

const BUFFER_BYTES: usize = 256 << 10;

/// The bag: an empty file, written from the start.
pub(super) struct Bag<'f> {
    file: &'f File,
    at: u64,
}

impl<'f> Bag<'f> {
    pub(super) fn new(file: &'f File) -> Self {
        Self { file, at: 0 }
    }

    /// Adds what `write` writes as one piece. When it fails, the next piece takes the place.
    pub(super) fn piece<E: From<Error>>(
        &mut self,
        write: impl FnOnce(&mut Pen<'_>) -> Result<(), E>,
    ) -> Result<Piece, E> {
        let mut pen = Pen {
            file: self.file,
            start: self.at,
            length: 0,
            buffer: Vec::new(),
            hasher: blake3::Hasher::new(),
        };
        write(&mut pen)?;
        pen.flush().map_err(|e| Error::Output(e.kind()))?;
        self.at += pen.length;
        Ok(Piece {
            offset: pen.start,
            length: pen.length,
            blake3: pen.hasher.finalize().to_hex().to_string(),
        })
    }

    /// Adds 16-bit values, little endian.
    pub(super) fn values(&mut self, values: &[u16]) -> Result<Piece, Error> {
        self.piece(|pen| {
            for part in values.chunks(BUFFER_BYTES / 2) {
                let bytes: Vec<u8> = part.iter().flat_map(|v| v.to_le_bytes()).collect();
                pen.write_all(&bytes).map_err(|e| Error::Output(e.kind()))?;
            }
            Ok(())
        })
    }
}

/// Writes one piece.
pub(super) struct Pen<'f> {
    file: &'f File,
    start: u64,
    length: u64,
    buffer: Vec<u8>,
    hasher: blake3::Hasher,
}

impl Write for Pen<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_all_at(&self.buffer, self.start + self.length)?;
        self.hasher.update(&self.buffer);
        self.length += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}
