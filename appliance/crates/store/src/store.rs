//! The store: opened once by the process that uses it, and the handles to its parts.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::config::StoreConfig;
use super::disk::{Disk, SystemDisk};
use super::error::{Error, Step};
use super::file_store::FileStore;
use super::folder::{DERIVED, Folder, KEY_MARK, OUTBOX, PAIR_MARK};
use super::free_space::{FreeSpace, Space};
use super::inbox::Inbox;
use super::key::StoreKey;
use super::marks::{check_key, read_mark};
use super::segment::Segments;

/// The store. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    segments: Arc<Segments>,
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
        let lock = Folder::prepare(&config.path, &*disk)?;
        let key = match check_key(config) {
            Ok(None) => StoreKey::create(&config.key)?,
            Ok(Some(key)) => key,
            Err(error) => return Err(error),
        };
        let store = Store::with(config, Folder::new(&config.path, disk, key, Some(lock)));
        store.leave_mark()?;
        Ok(store)
    }

    /// Only to read entries, beside the process that uses the store: takes no lock, makes and removes nothing.
    ///
    /// # Errors
    /// `KeyMissing`, `KeyWrong`, `KeyMalformed`, `KeyExposed`, `Disk`.
    pub fn look(config: &StoreConfig) -> Result<Store, Error> {
        let key = check_key(config)?.ok_or(Error::KeyMissing)?;
        Ok(Store::with(config, Folder::new(&config.path, Arc::new(SystemDisk), key, None)))
    }

    fn with(config: &StoreConfig, folder: Folder) -> Store {
        let room = Arc::new(FreeSpace::new(Arc::new(folder), config));
        Store { segments: Arc::new(Segments::new(room)) }
    }

    fn folder(&self) -> &Folder {
        self.segments.folder()
    }

    /// Before anything is sealed with a key, the store remembers which one it is.
    fn leave_mark(&self) -> Result<(), Error> {
        let folder = self.folder();
        if folder.part(KEY_MARK).exists() {
            return Ok(());
        }
        folder.write_mark(KEY_MARK, &folder.key.mark()?)
    }

    /// The mark that this store and its ledger were given at their last start.
    ///
    /// # Errors
    /// `Disk`.
    pub fn pair(&self) -> Result<Option<String>, Error> {
        read_mark(&self.folder().part(PAIR_MARK), Step::Read)
    }

    /// Gives this store a new mark.
    ///
    /// # Errors
    /// `Disk`.
    pub fn set_pair(&self, mark: &str) -> Result<(), Error> {
        self.folder().write_mark(PAIR_MARK, mark)
    }

    /// The store's key, for another room's own derivation.
    pub fn key(&self) -> &StoreKey {
        &self.folder().key
    }

    /// Received instances.
    pub fn inbox(&self) -> Inbox {
        Inbox::new(Arc::clone(&self.segments))
    }

    /// Sealed envelopes that wait to leave.
    pub fn outbox(&self) -> FileStore {
        FileStore::new(Arc::clone(&self.segments.room), OUTBOX, false)
    }

    /// Previews, a file for each study; they can be made again from the instances.
    pub fn derived(&self) -> FileStore {
        FileStore::new(Arc::clone(&self.segments.room), DERIVED, true)
    }

    /// Instances that are arriving now.
    pub fn arriving(&self) -> usize {
        self.segments.arriving.load(Ordering::Acquire)
    }

    /// Free space against the watermarks.
    ///
    /// # Errors
    /// `Disk`.
    pub fn space(&self) -> Result<Space, Error> {
        self.segments.room.space()
    }

    /// Whether stored things should go to make room: free space is under the warn watermark, or a long object found too
    /// little of it; also without what is arriving, which may yet be refused.
    ///
    /// # Errors
    /// `Disk`.
    pub fn short(&self) -> Result<bool, Error> {
        self.segments.room.short()
    }

    /// All that may go for what found no room has gone.
    pub fn made_room(&self) {
        self.segments.room.made_room();
    }

    /// Whether a sync has failed since the start; only a restart helps.
    pub fn poisoned(&self) -> bool {
        self.folder().poisoned()
    }
}
