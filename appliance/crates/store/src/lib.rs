//! The disk: received instances, envelopes that wait, reports, previews; durable before anyone is told.
//!
//! ```text
//! PATH/inbox/NAME        segments with entries whose ledger row may not be durable yet (`segment`)
//! PATH/segments/NAME     full segments, all rows durable
//! PATH/instances/ab/ID   plain entries of format 1, from before there was a key; read, never written
//! PATH/derived/ID        preview bags, encrypted
//! PATH/outbox/ID         sealed envelopes that wait to leave
//! PATH/reports/ID        reports that came home, encrypted
//! PATH/key.mark          tells this store's key from another one
//! PATH/pair.mark         tells the ledger that this store was last used with from a restored one
//! PATH/tmp/              what is being made; emptied at start
//! PATH/lock              held by the one process that uses the store
//! ```
//! Names are random and ours: nothing from the wire becomes a path. What identifies is encrypted under a key from a
//! file elsewhere (`key`, `seal`, `page`). All calls block; call them off the reactor.

mod config;
mod disk;
mod draft;
mod entry;
mod error;
#[cfg(any(test, feature = "test-support"))]
pub mod faults;
mod id;
mod inbox;
mod incoming;
mod key;
mod original;
mod page;
mod reception;
mod room;
mod seal;
mod segment;
mod shelf;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Sizes and durations with units, as the configuration writes them.
pub use proto::units;

pub use config::{Eviction, StoreConfig};
pub use disk::{Disk, DiskFile, Listed, SystemDisk};
pub use entry::Entry;
pub use error::{Error, Fault, Retry, Step};
pub use id::{Digest, Id, NotHex};
pub use inbox::{HandOut, Inbox, Recovered};
pub use incoming::{Incoming, Stored};
pub use key::StoreKey;
pub use original::Original;
pub use reception::{PixelData, Reception};
pub use seal::{EntryKey, Sealer, Unsealed};
pub use shelf::{Draft, SHELF_HEADER, Scratch, Shelf};

const INBOX: &str = "inbox";
const SEGMENTS: &str = "segments";
const INSTANCES: &str = "instances";
const DERIVED: &str = "derived";
const OUTBOX: &str = "outbox";
const REPORTS: &str = "reports";
const TMP: &str = "tmp";
const KEY_MARK: &str = "key.mark";
const PAIR_MARK: &str = "pair.mark";

/// State that all handles share.
pub(crate) struct Inner {
    root: PathBuf,
    disk: Arc<dyn Disk>,
    warn: u64,
    refuse: u64,
    longest: u64,
    promises: room::Promises,
    poisoned: AtomicBool,
    key: StoreKey,
    segments: segment::Segments,
    _lock: Option<File>,
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
    /// Against the watermarks, without what objects that are arriving have been promised.
    pub level: Level,
}

/// The store. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

impl Store {
    /// Make the folders where missing, take the lock, read the key. A store that never had a key gets one.
    ///
    /// # Errors
    /// `Locked` when another process has it, `KeyMissing`, `KeyWrong`, `KeyMalformed`, `KeyExposed`, `Disk`.
    pub fn open(config: &StoreConfig) -> Result<Store, Error> {
        Store::open_on(config, Arc::new(SystemDisk))
    }

    /// The same on another disk.
    ///
    /// # Errors
    /// As `open`.
    pub fn open_on(config: &StoreConfig, disk: Arc<dyn Disk>) -> Result<Store, Error> {
        for folder in [INBOX, SEGMENTS, INSTANCES, DERIVED, OUTBOX, REPORTS, TMP] {
            disk.make_folder(&config.path.join(folder)).map_err(Error::disk(Step::Prepare))?;
        }
        // So that the folders themselves survive a power cut right after the first start.
        disk.sync_folder(&config.path).map_err(Error::disk(Step::Prepare))?;
        let lock = lock(&config.path.join("lock"))?;
        let key = match check_key(config) {
            Ok(None) => StoreKey::create(&config.key)?,
            Ok(Some(key)) => key,
            Err(error) => return Err(error),
        };
        let store = Store::with(config, disk, key, Some(lock));
        store.leave_mark()?;
        Ok(store)
    }

    /// Only to read entries, beside the process that uses the store: takes no lock, makes and removes nothing.
    ///
    /// # Errors
    /// `KeyMissing`, `KeyWrong`, `KeyMalformed`, `KeyExposed`, `Disk`.
    pub fn look(config: &StoreConfig) -> Result<Store, Error> {
        let key = check_key(config)?.ok_or(Error::KeyMissing)?;
        Ok(Store::with(config, Arc::new(SystemDisk), key, None))
    }

    fn with(config: &StoreConfig, disk: Arc<dyn Disk>, key: StoreKey, lock: Option<File>) -> Store {
        Store {
            inner: Arc::new(Inner {
                root: config.path.clone(),
                disk,
                warn: config.warn_free.0,
                refuse: config.refuse_free.0,
                longest: config.max_object.0,
                promises: room::Promises::default(),
                poisoned: AtomicBool::new(false),
                key,
                segments: segment::Segments::default(),
                _lock: lock,
            }),
        }
    }

    /// Before anything is sealed with a key, the store remembers which one it is.
    fn leave_mark(&self) -> Result<(), Error> {
        let inner = &self.inner;
        if inner.root.join(KEY_MARK).exists() {
            return Ok(());
        }
        inner.write_mark(KEY_MARK, &inner.key.mark()?)
    }

    /// The mark that this store and its ledger were given at their last start.
    ///
    /// # Errors
    /// `Disk`.
    pub fn pair(&self) -> Result<Option<String>, Error> {
        read_mark(&self.inner.root.join(PAIR_MARK), Step::Read)
    }

    /// Gives this store a new mark.
    ///
    /// # Errors
    /// `Disk`.
    pub fn set_pair(&self, mark: &str) -> Result<(), Error> {
        self.inner.write_mark(PAIR_MARK, mark)
    }

    /// The store's key, for another room's own derivation.
    pub fn key(&self) -> &StoreKey {
        &self.inner.key
    }

    /// Received instances.
    pub fn inbox(&self) -> Inbox {
        Inbox::new(Arc::clone(&self.inner))
    }

    /// Sealed envelopes that wait to leave.
    pub fn outbox(&self) -> Shelf {
        Shelf::new(Arc::clone(&self.inner), OUTBOX, false)
    }

    /// Reports that came home.
    pub fn reports(&self) -> Shelf {
        Shelf::new(Arc::clone(&self.inner), REPORTS, true)
    }

    /// Preview bags; they can be made again from the instances.
    pub fn derived(&self) -> Shelf {
        Shelf::new(Arc::clone(&self.inner), DERIVED, true)
    }

    /// An empty folder for a worker job's output, inside the store so that adopting a file is a move.
    ///
    /// # Errors
    /// `Full`, `Poisoned`, `Disk`.
    pub fn scratch(&self) -> Result<Scratch, Error> {
        Scratch::new(&self.inner)
    }

    /// Instances that are arriving now.
    pub fn arriving(&self) -> usize {
        self.inner.segments.arriving.load(Ordering::Acquire)
    }

    /// Free space against the watermarks.
    ///
    /// # Errors
    /// `Disk`.
    pub fn space(&self) -> Result<Space, Error> {
        self.inner.space()
    }

    /// Whether stored things should go to make room: free space is under the warn watermark, or a long object found too
    /// little of it; also without what is arriving, which may yet be refused.
    ///
    /// # Errors
    /// `Disk`.
    pub fn short(&self) -> Result<bool, Error> {
        self.inner.short()
    }

    /// All that may go for what found no room has gone.
    pub fn made_room(&self) {
        self.inner.made_room();
    }

    /// Whether a sync has failed since the start; only a restart helps.
    pub fn poisoned(&self) -> bool {
        self.inner.poisoned()
    }
}

/// Read the key that belongs to a store; `None`: neither store nor key exist yet. Changes nothing.
///
/// # Errors
/// `KeyMissing`, `KeyWrong`, `KeyMalformed`, `KeyExposed`, `Disk`.
pub fn check_key(config: &StoreConfig) -> Result<Option<StoreKey>, Error> {
    let mark = read_mark(&config.path.join(KEY_MARK), Step::Key)?;
    match (StoreKey::load(&config.key), mark) {
        (Ok(key), Some(mark)) if key.mark()? != mark => Err(Error::KeyWrong),
        (Ok(key), _) => Ok(Some(key)),
        (Err(Error::KeyMissing), None) => Ok(None),
        (Err(error), _) => Err(error),
    }
}

fn read_mark(path: &Path, step: Step) -> Result<Option<String>, Error> {
    match std::fs::read_to_string(path) {
        Ok(mark) => Ok(Some(mark.trim().to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::disk(step)(error)),
    }
}

impl Inner {
    /// Write a small file in the store's own folder, whole or not at all.
    fn write_mark(&self, name: &str, mark: &str) -> Result<(), Error> {
        let failed = || Error::disk(Step::Prepare);
        let temporary = self.root.join(TMP).join(self.fresh()?.to_string());
        let mut file = self.disk.create(&temporary).map_err(failed())?;
        incoming::write_all(&mut *file, mark.as_bytes(), 0, Step::Prepare)?;
        file.sync().map_err(failed())?;
        self.disk.rename(&temporary, &self.root.join(name)).map_err(failed())?;
        self.disk.sync_folder(&self.root).map_err(failed())
    }

    fn fresh(&self) -> Result<Id, Error> {
        Id::random().map_err(Error::disk(Step::Prepare))
    }

    fn ready(&self) -> Result<(), Error> {
        if self.poisoned() { Err(Error::Poisoned) } else { Ok(()) }
    }

    fn poisoned(&self) -> bool {
        self.poisoned.load(Ordering::Acquire)
    }

    fn poison(&self) {
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
