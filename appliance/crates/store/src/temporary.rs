//! A file in the making: written at a temporary name, then synced, moved and its folder synced.
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Inner;
use super::disk::DiskFile;
use super::error::{Error, Step};
use super::incoming::write_all;

/// How many bytes are written between two looks at the free space.
const SPACE_EVERY: u64 = 8 << 20;

/// A temporary file that removes itself unless it is moved into place.
pub(crate) struct Temporary {
    pub(crate) inner: Arc<Inner>,
    path: PathBuf,
    file: Box<dyn DiskFile>,
    placed: bool,
    next_look: u64,
}

impl Temporary {
    /// Refuses under the watermark and after a failed sync, before anything is written.
    pub(crate) fn create(inner: &Arc<Inner>) -> Result<Temporary, Error> {
        inner.ready()?;
        inner.room()?;
        let name = inner.fresh()?.to_string();
        let path = inner.root.join(super::TMP).join(name);
        let file = inner.disk.create(&path).map_err(Error::disk(Step::Create))?;
        Ok(Temporary { inner: Arc::clone(inner), path, file, placed: false, next_look: SPACE_EVERY })
    }

    /// Take over a file that a worker made inside the store's scratch folder.
    pub(crate) fn take_over(inner: &Arc<Inner>, path: &Path) -> Result<Temporary, Error> {
        inner.ready()?;
        let file = inner.disk.reopen(path).map_err(Error::disk(Step::Open))?;
        let path = path.to_path_buf();
        Ok(Temporary { inner: Arc::clone(inner), path, file, placed: false, next_look: u64::MAX })
    }

    pub(crate) fn file(&self) -> &std::fs::File {
        self.file.file()
    }

    /// Write all of `bytes` at `offset`, however the disk cuts it.
    pub(crate) fn write_all_at(&mut self, bytes: &[u8], offset: u64, step: Step) -> Result<(), Error> {
        let end = offset.saturating_add(bytes.len() as u64);
        if end > self.next_look {
            self.inner.room()?;
            self.next_look = end.saturating_add(SPACE_EVERY);
        }
        write_all(&mut *self.file, bytes, offset, step)
    }

    /// Sync the file, move it to `folder/name`, sync the folder. After this returns the file survives a
    /// power cut. A failed sync is fatal: what the disk holds is then unknown, and a second sync would lie.
    pub(crate) fn place(mut self, folder: &str, name: &str) -> Result<(), Error> {
        self.inner.ready()?;
        let folder = self.inner.root.join(folder);
        let target = folder.join(name);
        if let Err(error) = self.file.sync() {
            self.inner.poison();
            return Err(Error::disk(Step::Sync)(error));
        }
        self.inner.disk.rename(&self.path, &target).map_err(Error::disk(Step::Rename))?;
        self.path = target;
        if let Err(error) = self.inner.disk.sync_folder(&folder) {
            self.inner.poison();
            return Err(Error::disk(Step::SyncFolder)(error));
        }
        self.placed = true;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.placed {
            // Nothing was promised for it; what cannot be removed now is removed at the next start.
            let _ = self.inner.disk.remove(&self.path);
        }
    }
}
