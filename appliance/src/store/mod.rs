//! The disk: received instances, envelopes that wait, reports, previews; durable before anyone is told.
//!
//! ```text
//! PATH/inbox/ID          entries not yet settled: 4096 bytes of header, then the data set as received
//! PATH/instances/ab/ID   entries whose ledger row is durable
//! PATH/derived/ID        preview bags
//! PATH/outbox/ID         sealed envelopes that wait to leave
//! PATH/reports/ID        reports that came home
//! PATH/tmp/              what is being made; emptied at start
//! PATH/lock              held by the one process that uses the store
//! ```
//! Names are random and ours: nothing from the wire becomes a path. All calls block; call them off the reactor.

mod config;
mod disk;
mod draft;
mod error;
#[cfg(test)]
pub(crate) mod faults;
mod id;
mod inbox;
mod reception;
mod shelf;
#[cfg(test)]
mod tests;
pub mod units;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use config::{Eviction, StoreConfig};
pub use disk::{Disk, DiskFile, Listed, SystemDisk};
pub use error::{Error, Fault, Retry, Step};
pub use id::{Digest, Id, NotHex};
pub use inbox::{Inbox, Incoming, Recovered, Stored};
pub use reception::{HEADER_LENGTH, MAGIC, PixelData, Reception};
pub use shelf::{Draft, Scratch, Shelf};

const INBOX: &str = "inbox";
const INSTANCES: &str = "instances";
const DERIVED: &str = "derived";
const OUTBOX: &str = "outbox";
const REPORTS: &str = "reports";
const TMP: &str = "tmp";

/// State that all handles share.
pub(crate) struct Inner {
    root: PathBuf,
    disk: Arc<dyn Disk>,
    warn: u64,
    refuse: u64,
    poisoned: AtomicBool,
    _lock: File,
}

/// How much room there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Above both watermarks.
    Ample,
    /// Under the warn watermark.
    Low,
    /// Under the refuse watermark: nothing new is taken.
    Refusing,
}

/// Free space and what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Bytes that may still be written.
    pub free: u64,
    /// Against the watermarks.
    pub level: Level,
}

/// The store. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

impl Store {
    /// Make the folders where missing and take the lock.
    ///
    /// # Errors
    /// `Locked` when another process has it, `Disk`.
    pub fn open(config: &StoreConfig) -> Result<Store, Error> {
        Store::open_on(config, Arc::new(SystemDisk))
    }

    /// The same on another disk.
    ///
    /// # Errors
    /// As `open`.
    pub fn open_on(config: &StoreConfig, disk: Arc<dyn Disk>) -> Result<Store, Error> {
        for folder in [INBOX, INSTANCES, DERIVED, OUTBOX, REPORTS, TMP] {
            disk.make_folder(&config.path.join(folder)).map_err(Error::disk(Step::Prepare))?;
        }
        // So that the folders themselves survive a power cut right after the first start.
        disk.sync_folder(&config.path).map_err(Error::disk(Step::Prepare))?;
        let lock = lock(&config.path.join("lock"))?;
        Ok(Store {
            inner: Arc::new(Inner {
                root: config.path.clone(),
                disk,
                warn: config.warn_free.0,
                refuse: config.refuse_free.0,
                poisoned: AtomicBool::new(false),
                _lock: lock,
            }),
        })
    }

    /// Received instances.
    pub fn inbox(&self) -> Inbox {
        Inbox::new(Arc::clone(&self.inner))
    }

    /// Sealed envelopes that wait to leave.
    pub fn outbox(&self) -> Shelf {
        Shelf::new(Arc::clone(&self.inner), OUTBOX)
    }

    /// Reports that came home.
    pub fn reports(&self) -> Shelf {
        Shelf::new(Arc::clone(&self.inner), REPORTS)
    }

    /// Preview bags; they can be made again from the instances.
    pub fn derived(&self) -> Shelf {
        Shelf::new(Arc::clone(&self.inner), DERIVED)
    }

    /// An empty folder for a worker job's output, inside the store so that adopting a file is a move.
    ///
    /// # Errors
    /// `Full`, `Poisoned`, `Disk`.
    pub fn scratch(&self) -> Result<Scratch, Error> {
        Scratch::new(&self.inner)
    }

    /// Free space against the watermarks.
    ///
    /// # Errors
    /// `Disk`.
    pub fn space(&self) -> Result<Space, Error> {
        self.inner.space()
    }

    /// Whether a sync has failed since the start; only a restart helps.
    pub fn poisoned(&self) -> bool {
        self.inner.poisoned.load(Ordering::Acquire)
    }
}

impl Inner {
    fn fresh(&self) -> Result<Id, Error> {
        Id::random().map_err(Error::disk(Step::Prepare))
    }

    fn ready(&self) -> Result<(), Error> {
        if self.poisoned.load(Ordering::Acquire) { Err(Error::Poisoned) } else { Ok(()) }
    }

    fn poison(&self) {
        if !self.poisoned.swap(true, Ordering::AcqRel) {
            tracing::error!("a sync failed: the store takes nothing more until it is restarted");
        }
    }

    fn space(&self) -> Result<Space, Error> {
        let free = self.disk.free(&self.root).map_err(Error::disk(Step::Space))?;
        let level = match free {
            free if free < self.refuse => Level::Refusing,
            free if free < self.warn => Level::Low,
            _ => Level::Ample,
        };
        Ok(Space { free, level })
    }

    fn room(&self) -> Result<(), Error> {
        match self.space()?.level {
            Level::Refusing => Err(Error::Full),
            _ => Ok(()),
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
