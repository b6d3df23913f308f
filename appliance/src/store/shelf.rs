//! Whole files by name: sealed envelopes that wait to leave, reports that came home, preview bags.
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::draft::Temporary;
use super::error::{Error, Step};
use super::id::Id;
use super::{Inner, TMP};

/// One folder of whole, durable, immutable files. Cheap to clone; all calls block.
#[derive(Clone)]
pub struct Shelf {
    inner: Arc<Inner>,
    folder: &'static str,
}

/// A file that is being made for a shelf. Dropping it removes it.
pub struct Draft {
    file: Temporary,
    folder: &'static str,
    written: u64,
}

/// An empty folder for one worker job's output; removed with all in it when dropped.
pub struct Scratch {
    inner: Arc<Inner>,
    path: PathBuf,
}

impl Shelf {
    pub(super) fn new(inner: Arc<Inner>, folder: &'static str) -> Shelf {
        Shelf { inner, folder }
    }

    fn path(&self, id: Id) -> PathBuf {
        self.inner.root.join(self.folder).join(id.to_string())
    }

    /// Start a file.
    ///
    /// # Errors
    /// `Full`, `Poisoned`, `Disk`.
    pub fn begin(&self) -> Result<Draft, Error> {
        Ok(Draft { file: Temporary::create(&self.inner)?, folder: self.folder, written: 0 })
    }

    /// Make a file that a worker left at `name` in its scratch folder durable under `id`.
    ///
    /// # Errors
    /// `Unknown` when it is not there or its name is not a plain file name, `Poisoned`, `Disk`.
    pub fn adopt_from(&self, scratch: &Scratch, name: &str, id: Id) -> Result<(), Error> {
        if name.is_empty() || name.starts_with('.') || name.contains(['/', '\0']) {
            return Err(Error::Unknown);
        }
        Temporary::take_over(&self.inner, &scratch.path.join(name))?.place(self.folder, &id.to_string())
    }

    /// Make these bytes durable under `id`, replacing what was there.
    ///
    /// # Errors
    /// `Full`, `Poisoned`, `Disk`.
    pub fn put(&self, id: Id, bytes: &[u8]) -> Result<(), Error> {
        let mut draft = self.begin()?;
        draft.append(bytes)?;
        draft.adopt(id)
    }

    /// Open a file for reading.
    ///
    /// # Errors
    /// `Unknown`, `Disk`.
    pub fn open(&self, id: Id) -> Result<File, Error> {
        self.inner.disk.open(&self.path(id)).map_err(Error::disk(Step::Open))
    }

    /// Bytes `offset..offset + length` of a file, fewer where it ends earlier.
    ///
    /// # Errors
    /// `Unknown`, `Disk`.
    pub fn read_range(&self, id: Id, offset: u64, length: usize) -> Result<Vec<u8>, Error> {
        let file = self.open(id)?;
        let whole = file.metadata().map_err(Error::disk(Step::Read))?.len();
        let there = usize::try_from(whole.saturating_sub(offset)).unwrap_or(usize::MAX).min(length);
        let mut bytes = vec![0; there];
        file.read_exact_at(&mut bytes, offset).map_err(Error::disk(Step::Read))?;
        Ok(bytes)
    }

    /// Every file here as (name, bytes), in order of names.
    ///
    /// # Errors
    /// `Disk`.
    pub fn list(&self) -> Result<Vec<(Id, u64)>, Error> {
        let folder = self.inner.root.join(self.folder);
        let items = self.inner.disk.list(&folder).map_err(Error::disk(Step::List))?;
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
        match self.inner.disk.remove(&self.path(id)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::disk(Step::Remove)(error)),
            _ => Ok(()),
        }
    }
}

impl Draft {
    /// The open file, to hand its descriptor to a worker. Mixing this with `append` is the caller's care.
    pub fn file(&self) -> &File {
        self.file.file()
    }

    /// Take the next bytes.
    ///
    /// # Errors
    /// `Full`, `Disk`.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file.write_all_at(bytes, self.written, Step::Write)?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// Make it durable under `id`: synced, moved, folder synced.
    ///
    /// # Errors
    /// Nothing is left behind on any error. `Poisoned` from then on if a sync failed.
    pub fn adopt(self, id: Id) -> Result<(), Error> {
        self.file.place(self.folder, &id.to_string())
    }
}

impl Write for Draft {
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

impl Scratch {
    pub(super) fn new(inner: &Arc<Inner>) -> Result<Scratch, Error> {
        inner.ready()?;
        inner.room()?;
        let path = inner.root.join(TMP).join(inner.fresh()?.to_string());
        inner.disk.make_folder(&path).map_err(Error::disk(Step::Create))?;
        Ok(Scratch { inner: Arc::clone(inner), path })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next start's scan.
        let _ = self.inner.disk.remove_folder(&self.path);
    }
}
