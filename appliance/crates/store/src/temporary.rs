//! A file in the making: written at a temporary name, then synced, moved and its folder synced.
use std::path::PathBuf;
use std::sync::Arc;

use super::disk::{DiskFile, write_all};
use super::error::{Error, Step};
use super::free_space::FreeSpace;

/// How many bytes are written between two looks at the free space.
const SPACE_EVERY: u64 = 8 << 20;

/// A temporary file that removes itself unless it is moved into place.
pub(crate) struct Temporary {
    room: Arc<FreeSpace>,
    path: PathBuf,
    file: Box<dyn DiskFile>,
    placed: bool,
    next_look: u64,
}

impl Temporary {
    /// Refuses under the watermark and after a failed sync, before anything is written.
    pub(crate) fn create(room: &Arc<FreeSpace>) -> Result<Temporary, Error> {
        room.folder.ready()?;
        room.check()?;
        let path = room.folder.temporary()?;
        let file = room.folder.disk.create(&path).map_err(Error::disk(Step::Create))?;
        Ok(Temporary { room: Arc::clone(room), path, file, placed: false, next_look: SPACE_EVERY })
    }

    pub(crate) fn file(&self) -> &std::fs::File {
        self.file.file()
    }

    /// Write all of `bytes` at `offset`, however the disk cuts it.
    pub(crate) fn write_all_at(&mut self, bytes: &[u8], offset: u64, step: Step) -> Result<(), Error> {
        let end = offset.saturating_add(bytes.len() as u64);
        if end > self.next_look {
            self.room.check()?;
            self.next_look = end.saturating_add(SPACE_EVERY);
        }
        write_all(&mut *self.file, bytes, offset, step)
    }

    /// Sync the file, move it to `folder/name`, sync the folder. After this returns the file survives a
    /// power cut. A failed sync is fatal: what the disk holds is then unknown, and a second sync would lie.
    pub(crate) fn place(mut self, folder: &str, name: &str) -> Result<(), Error> {
        let store = &self.room.folder;
        store.ready()?;
        let folder = store.part(folder);
        let target = folder.join(name);
        if let Err(error) = self.file.sync() {
            store.poison();
            return Err(Error::disk(Step::Sync)(error));
        }
        store.disk.rename(&self.path, &target).map_err(Error::disk(Step::Rename))?;
        self.path = target;
        if let Err(error) = store.disk.sync_folder(&folder) {
            store.poison();
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
            let _ = self.room.folder.disk.remove(&self.path);
        }
    }
}
