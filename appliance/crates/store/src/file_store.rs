//! File stores: folders of whole files by name, for envelopes that wait to leave and for previews.
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::encryption::{Unsealed, plain_length};
use super::error::{Error, Step};
use super::free_space::FreeSpace;
use super::id::Id;
use super::key::SALT;
use super::pending_file::{FILE_HEADER, MAGIC, PendingFile};
use dicom::ReadAt;

/// One folder of whole, durable, immutable files. Cheap to clone; all calls block.
#[derive(Clone)]
pub struct FileStore {
    room: Arc<FreeSpace>,
    folder: &'static str,
    sealed: bool,
}

impl FileStore {
    pub(super) fn new(room: Arc<FreeSpace>, folder: &'static str, sealed: bool) -> FileStore {
        FileStore { room, folder, sealed }
    }

    fn path(&self, id: Id) -> PathBuf {
        self.room.folder.part(self.folder).join(id.to_string())
    }

    /// Start a file in a store that is not encrypted.
    ///
    /// # Errors
    /// `Full`, `Poisoned`, `Disk`.
    pub fn begin(&self) -> Result<PendingFile, Error> {
        PendingFile::plain(&self.room, self.folder)
    }

    /// Start a file under this name that a worker fills: sealed with `PendingFile::key` for that name, from
    /// `FILE_HEADER` on.
    ///
    /// # Errors
    /// `Full`, `Poisoned`, `Disk`.
    pub fn begin_sealed(&self, id: Id) -> Result<PendingFile, Error> {
        PendingFile::sealed(&self.room, self.folder, id)
    }

    /// Make these bytes durable under `id`, replacing what was there.
    ///
    /// # Errors
    /// `Full`, `Poisoned`, `Disk`.
    pub fn put(&self, id: Id, bytes: &[u8]) -> Result<(), Error> {
        let mut file = if self.sealed { self.begin_sealed(id)?.seal_here() } else { self.begin()? };
        file.append(bytes)?;
        file.adopt(id)
    }

    /// Open a file for reading.
    ///
    /// # Errors
    /// `Unknown`, `Disk`.
    pub fn open(&self, id: Id) -> Result<File, Error> {
        self.room.folder.disk.open(&self.path(id)).map_err(Error::disk(Step::Open))
    }

    /// Bytes `offset..offset + length` of a file, fewer where it ends earlier.
    ///
    /// # Errors
    /// `Unknown`, `Disk`.
    pub fn read_range(&self, id: Id, offset: u64, length: usize) -> Result<Vec<u8>, Error> {
        let file = self.open(id)?;
        let whole = file.metadata().map_err(Error::disk(Step::Read))?.len();
        let mut header = [0; FILE_HEADER as usize];
        let marked = file.read_exact_at(&mut header, 0).is_ok() && header.starts_with(MAGIC);
        let sealed = if self.sealed && marked { header.last_chunk::<SALT>() } else { None };
        let Some(salt) = sealed else { return range(&file, whole, offset, length) };
        let whole = plain_length(whole.saturating_sub(FILE_HEADER)).ok_or(Error::Damaged("length"))?;
        let key = self.room.folder.key.entry(salt)?;
        range(&Unsealed::new(file, FILE_HEADER, whole, id, key), whole, offset, length)
    }

    /// Every file here as (name, bytes), in order of names.
    ///
    /// # Errors
    /// `Disk`.
    pub fn list(&self) -> Result<Vec<(Id, u64)>, Error> {
        let folder = self.room.folder.part(self.folder);
        let items = self.room.folder.disk.list(&folder).map_err(Error::disk(Step::List))?;
        let mut files: Vec<(Id, u64)> =
            items.iter().filter_map(|item| Some((item.name.parse().ok()?, item.length))).collect();
        files.sort();
        Ok(files)
    }

    /// Remove a file; a missing one is fine.
    ///
    /// # Errors
    /// `Disk`.
    pub fn remove(&self, id: Id) -> Result<(), Error> {
        match self.room.folder.disk.remove(&self.path(id)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::disk(Step::Remove)(error)),
            _ => Ok(()),
        }
    }
}

/// Part of what a file holds, fewer bytes where it ends earlier.
fn range(source: &dyn ReadAt, whole: u64, offset: u64, length: usize) -> Result<Vec<u8>, Error> {
    let there = usize::try_from(whole.saturating_sub(offset)).unwrap_or(usize::MAX).min(length);
    let mut bytes = vec![0; there];
    source.read_exact_at(&mut bytes, offset).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => Error::Damaged("content"),
        _ => Error::disk(Step::Read)(error),
    })?;
    Ok(bytes)
}
