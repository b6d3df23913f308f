//! The store's folder: its parts by name, its disk, its key, and whether a sync has failed.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::disk::{Disk, write_all};
use super::error::{Error, Step};
use super::id::Id;
use super::key::StoreKey;

pub(crate) const INBOX: &str = "inbox";
pub(crate) const SEGMENTS: &str = "segments";
pub(crate) const INSTANCES: &str = "instances";
pub(crate) const DERIVED: &str = "derived";
pub(crate) const OUTBOX: &str = "outbox";
pub(crate) const TMP: &str = "tmp";
pub(crate) const KEY_MARK: &str = "key.mark";
pub(crate) const PAIR_MARK: &str = "pair.mark";

/// What every part of an open store shares.
pub(crate) struct Folder {
    root: PathBuf,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) key: StoreKey,
    poisoned: AtomicBool,
    _lock: Option<File>,
}

impl Folder {
    pub(crate) fn new(root: &Path, disk: Arc<dyn Disk>, key: StoreKey, lock: Option<File>) -> Folder {
        Folder { root: root.to_owned(), disk, key, poisoned: AtomicBool::new(false), _lock: lock }
    }

    /// Make the folders where missing and take the lock.
    ///
    /// # Errors
    /// `Locked` when another process has it, `Disk`.
    pub(crate) fn prepare(root: &Path, disk: &dyn Disk) -> Result<File, Error> {
        for part in [INBOX, SEGMENTS, INSTANCES, DERIVED, OUTBOX, TMP] {
            disk.make_folder(&root.join(part)).map_err(Error::disk(Step::Prepare))?;
        }
        // So that the folders themselves survive a power cut right after the first start.
        disk.sync_folder(root).map_err(Error::disk(Step::Prepare))?;
        lock(&root.join("lock"))
    }

    /// The folder itself.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A part of it, by name.
    pub(crate) fn part(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// A path that nothing has yet, for what is being made.
    pub(crate) fn temporary(&self) -> Result<PathBuf, Error> {
        Ok(self.part(TMP).join(self.fresh()?.to_string()))
    }

    /// Write a small file in the store's own folder, whole or not at all.
    pub(crate) fn write_mark(&self, name: &str, mark: &str) -> Result<(), Error> {
        let failed = || Error::disk(Step::Prepare);
        let temporary = self.temporary()?;
        let mut file = self.disk.create(&temporary).map_err(failed())?;
        write_all(&mut *file, mark.as_bytes(), 0, Step::Prepare)?;
        file.sync().map_err(failed())?;
        self.disk.rename(&temporary, &self.root.join(name)).map_err(failed())?;
        self.disk.sync_folder(&self.root).map_err(failed())
    }

    fn fresh(&self) -> Result<Id, Error> {
        Id::random().map_err(Error::disk(Step::Prepare))
    }

    /// Nothing more is taken after a failed sync.
    ///
    /// # Errors
    /// `Poisoned`.
    pub(crate) fn ready(&self) -> Result<(), Error> {
        if self.poisoned() { Err(Error::Poisoned) } else { Ok(()) }
    }

    /// A sync has failed since the start.
    pub(crate) fn poisoned(&self) -> bool {
        self.poisoned.load(Ordering::Acquire)
    }

    /// A sync has failed: what the disk holds is not certain.
    pub(crate) fn poison(&self) {
        if !self.poisoned.swap(true, Ordering::AcqRel) {
            tracing::error!("a sync failed: the store takes nothing more until it is restarted");
        }
    }
}

fn lock(path: &Path) -> Result<File, Error> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(Error::disk(Step::Prepare))?;
    match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(Error::Locked),
        Err(error) => Err(Error::disk(Step::Prepare)(error.into())),
    }
}
