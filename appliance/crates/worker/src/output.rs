//! The one output file of a worker: pieces one after the other, each with its digest.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;

use crate::error::Error;
use domain::job::EncryptedOutput;
use domain::picture::Piece;
use store::{self, EntryKey, Sealer};

const BUFFER_BYTES: usize = 256 << 10;

/// The output: an empty file, written from the start.
pub(crate) struct Output<'f> {
    file: &'f File,
    /// Plain bytes so far.
    at: u64,
    /// Where the next bytes go in the file, and what seals them.
    end: u64,
    sealer: Option<Sealer>,
}

impl<'f> Output<'f> {
    pub(crate) fn new(file: &'f File) -> Self {
        Self { file, at: 0, end: 0, sealer: None }
    }

    /// A output that the store keeps sealed; `finish` it.
    pub(crate) fn encrypted(file: &'f File, output: &EncryptedOutput) -> Result<Self, Error> {
        let id = output.id.parse().map_err(|_| Error::Keys)?;
        let key = EntryKey::from_hex(output.key.expose()).map_err(|_| Error::Keys)?;
        let sealer = Some(Sealer::new(key, id, Vec::new()));
        Ok(Self { file, at: 0, end: output.offset, sealer })
    }

    /// Adds what `write` writes as one piece. When it fails, what it wrote belongs to no piece.
    pub(crate) fn piece<E: From<Error>>(
        &mut self,
        write: impl FnOnce(&mut PieceWriter<'_, 'f>) -> Result<(), E>,
    ) -> Result<Piece, E> {
        let offset = self.at;
        let mut writer = PieceWriter { output: self, buffer: Vec::new(), hasher: blake3::Hasher::new() };
        write(&mut writer)?;
        writer.flush().map_err(|e| Error::Output(e.kind()))?;
        let blake3 = writer.hasher.finalize().to_hex().to_string();
        Ok(Piece { offset, length: self.at - offset, blake3 })
    }

    fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        let (file, end) = (self.file, &mut self.end);
        match &mut self.sealer {
            Some(sealer) => sealer.push(bytes, &mut |sealed| put(file, end, sealed)).map_err(|_| failed())?,
            None => put(file, end, bytes).map_err(|_| failed())?,
        }
        self.at += bytes.len() as u64;
        Ok(())
    }

    /// The end of the output: nothing of a sealed one can be read without its last block.
    pub(crate) fn finish(&mut self) -> Result<(), Error> {
        let (file, end) = (self.file, &mut self.end);
        match self.sealer.take() {
            Some(sealer) => sealer
                .finish(&mut |sealed| put(file, end, sealed))
                .map(drop)
                .map_err(|_| Error::Output(io::ErrorKind::Other)),
            None => Ok(()),
        }
    }

    /// Adds 16-bit values, little endian.
    pub(crate) fn values(&mut self, values: &[u16]) -> Result<Piece, Error> {
        self.piece(|writer| {
            for part in values.chunks(BUFFER_BYTES / 2) {
                let bytes: Vec<u8> = part.iter().flat_map(|v| v.to_le_bytes()).collect();
                writer.write_all(&bytes).map_err(|e| Error::Output(e.kind()))?;
            }
            Ok(())
        })
    }
}

fn put(file: &File, end: &mut u64, bytes: &[u8]) -> Result<(), store::Error> {
    file.write_all_at(bytes, *end)
        .map_err(|e| store::Error::Disk { step: store::Step::Write, kind: e.kind() })?;
    *end += bytes.len() as u64;
    Ok(())
}

fn failed() -> io::Error {
    io::ErrorKind::Other.into()
}

/// Writes one piece.
pub(crate) struct PieceWriter<'b, 'f> {
    output: &'b mut Output<'f>,
    buffer: Vec<u8>,
    hasher: blake3::Hasher,
}

impl Write for PieceWriter<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.add(&self.buffer)?;
        self.hasher.update(&self.buffer);
        self.buffer.clear();
        Ok(())
    }
}
