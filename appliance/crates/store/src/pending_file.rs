//! A file that is being made for a file store: plain, sealed here as it is appended, or sealed by a worker.
use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;

use super::encryption::{EntryKey, Sealer, plain_length};
use super::error::{Error, Step};
use super::free_space::FreeSpace;
use super::id::Id;
use super::key::{SALT, random};
use super::temporary::Temporary;

/// First bytes of a file of an encrypted store; 32 bytes of salt follow, then the sealed content. A file that begins
/// otherwise is plain: it is from before there was a key.
pub(crate) const MAGIC: &[u8; 16] = b"SCANSIDE-SHELF 1";
/// Bytes before the sealed content.
pub const FILE_HEADER: u64 = 16 + SALT as u64;

/// A file that is being made for a file store. Dropping it removes it.
pub struct PendingFile {
    file: Temporary,
    folder: &'static str,
    written: u64,
    /// In an encrypted store: the name, and what seals for it.
    sealed: Option<(Id, Seal)>,
}

/// Who seals the content.
enum Seal {
    /// We do: `append`.
    Here(Box<Sealer>),
    /// A worker does, with this key.
    Elsewhere(EntryKey),
}

impl PendingFile {
    /// One that is not encrypted.
    pub(super) fn plain(room: &Arc<FreeSpace>, folder: &'static str) -> Result<PendingFile, Error> {
        Ok(PendingFile { file: Temporary::create(room)?, folder, written: 0, sealed: None })
    }

    /// One that a worker seals for this name.
    pub(super) fn sealed(room: &Arc<FreeSpace>, folder: &'static str, id: Id) -> Result<PendingFile, Error> {
        let mut pending = PendingFile::plain(room, folder)?;
        let mut salt = [0; SALT];
        random(&mut salt)?;
        pending.file.write_all_at(&[MAGIC.as_slice(), &salt].concat(), 0, Step::Header)?;
        pending.written = FILE_HEADER;
        pending.sealed = Some((id, Seal::Elsewhere(room.folder.key.entry(&salt)?)));
        Ok(pending)
    }

    /// The content is sealed on this side, by `append`.
    pub(super) fn seal_here(self) -> PendingFile {
        let sealed = self.sealed.map(|(id, seal)| match seal {
            Seal::Elsewhere(key) => (id, Seal::Here(Box::new(Sealer::new(key, id, Vec::new())))),
            here => (id, here),
        });
        PendingFile { sealed, ..self }
    }

    /// The name and the key that a worker seals with; `None` in a plain store.
    pub fn key(&self) -> Option<(Id, &EntryKey)> {
        match &self.sealed {
            Some((id, Seal::Elsewhere(key))) => Some((*id, key)),
            _ => None,
        }
    }

    /// Plain bytes that a worker has put into the file.
    ///
    /// # Errors
    /// `Damaged` when no content has this length, `Disk`.
    pub fn content_length(&self) -> Result<u64, Error> {
        let whole = self.file().metadata().map_err(Error::disk(Step::Read))?.len();
        match (&self.sealed, whole.saturating_sub(FILE_HEADER)) {
            (None, _) => Ok(whole),
            (Some(_), 0) => Ok(0),
            (Some(_), sealed) => plain_length(sealed).ok_or(Error::Damaged("length")),
        }
    }

    /// The open file, to hand its descriptor to a worker. Mixing this with `append` is the caller's care.
    pub fn file(&self) -> &File {
        self.file.file()
    }

    /// Take the next bytes.
    ///
    /// # Errors
    /// `Full`, `Disk`.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let (file, written) = (&mut self.file, &mut self.written);
        let mut put = |bytes: &[u8]| {
            file.write_all_at(bytes, *written, Step::Write)?;
            *written += bytes.len() as u64;
            Ok(())
        };
        match &mut self.sealed {
            None => put(bytes),
            Some((_, Seal::Here(sealer))) => sealer.push(bytes, &mut put),
            // Two writers would use a nonce twice.
            Some((_, Seal::Elsewhere(_))) => Err(Error::Seal),
        }
    }

    /// Make it durable under `id`: synced, moved, folder synced.
    ///
    /// # Errors
    /// Nothing is left behind on any error. `Poisoned` from then on if a sync failed. `Unknown` for another name
    /// than the one it was sealed for.
    pub fn adopt(mut self, id: Id) -> Result<(), Error> {
        match self.sealed.take() {
            Some((name, _)) if name != id => return Err(Error::Unknown),
            Some((_, Seal::Here(sealer))) => {
                let (file, written) = (&mut self.file, self.written);
                sealer.finish(&mut |bytes| file.write_all_at(bytes, written, Step::Write))?;
            }
            _ => {}
        }
        self.file.place(self.folder, &id.to_string())
    }
}

impl Write for PendingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let kind = |error| match error {
            Error::Full => io::ErrorKind::StorageFull,
            Error::Disk { kind, .. } => kind,
            _ => io::ErrorKind::Other,
        };
        self.append(bytes).map(|()| bytes.len()).map_err(|error| io::Error::from(kind(error)))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
