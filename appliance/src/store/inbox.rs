//! Received instances: streamed to a temporary file, durable before anyone is told, found again without a ledger.
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use super::draft::Temporary;
use super::error::{Error, Step};
use super::id::{Digest, Id};
use super::original::Original;
use super::reception::{HEADER_LENGTH, Reception};
use super::{INBOX, INSTANCES, Inner, TMP};

/// Small pieces are gathered up to this before they are written.
const GATHER: usize = 128 << 10;

/// The instances of the store. Cheap to clone; all calls block.
#[derive(Clone)]
pub struct Inbox {
    inner: Arc<Inner>,
}

/// What start-up found.
#[derive(Debug, Default)]
pub struct Recovered {
    /// Every complete entry of the inbox, oldest first.
    pub entries: Vec<Reception>,
    /// Entries whose header or length does not hold; left in place for a person.
    pub damaged: Vec<Id>,
    /// Temporary files and folders that were removed.
    pub removed: usize,
}

/// A committed entry.
#[derive(Clone, Debug)]
pub struct Stored {
    /// What was written, with id, length and digest filled in.
    pub reception: Reception,
}

/// An instance that is still arriving. Dropping it removes it.
pub struct Incoming {
    file: Temporary,
    id: Id,
    hasher: blake3::Hasher,
    gathered: Vec<u8>,
    written: u64,
}

impl Inbox {
    pub(super) fn new(inner: Arc<Inner>) -> Inbox {
        Inbox { inner }
    }

    /// Start an instance.
    ///
    /// # Errors
    /// `Full` under the refuse watermark, `Poisoned` after a failed sync, `Disk`.
    pub fn begin(&self) -> Result<Incoming, Error> {
        Ok(Incoming {
            file: Temporary::create(&self.inner)?,
            id: self.inner.fresh()?,
            hasher: blake3::Hasher::new(),
            gathered: Vec::new(),
            written: 0,
        })
    }

    /// First byte of the data set in an entry's file.
    pub const fn data_offset() -> u64 {
        HEADER_LENGTH as u64
    }

    fn places(&self, id: Id) -> [PathBuf; 2] {
        let name = id.to_string();
        let shard: String = name.chars().take(2).collect();
        [self.inner.root.join(INBOX).join(&name), self.inner.root.join(INSTANCES).join(shard).join(&name)]
    }

    /// Open an entry for reading; the data set starts at `data_offset()`.
    ///
    /// # Errors
    /// `Unknown`, `Disk`.
    pub fn open(&self, id: Id) -> Result<File, Error> {
        let [inbox, settled] = self.places(id);
        // A settle may move the file between the two looks, so the first place is asked twice.
        for path in [&inbox, &settled, &inbox] {
            match self.inner.disk.open(path).map_err(Error::disk(Step::Open)) {
                Err(Error::Unknown) => {}
                other => return other,
            }
        }
        Err(Error::Unknown)
    }

    /// Read what reception knew, with header and length checked; the digest is not (see `verify`).
    ///
    /// # Errors
    /// `Unknown`, `Damaged`, `Disk`.
    pub fn read(&self, id: Id) -> Result<Reception, Error> {
        read_entry(&self.open(id)?, id)
    }

    /// Open an entry's data set as a stream, header and length checked, the digest while it is read.
    ///
    /// # Errors
    /// `Unknown`, `Damaged`, `Disk`.
    pub fn original(&self, id: Id) -> Result<Original, Error> {
        let file = self.open(id)?;
        let reception = read_entry(&file, id)?;
        Original::new(file, reception)
    }

    /// Read the whole entry and check its digest.
    ///
    /// # Errors
    /// `Damaged` when a bit has changed since reception, `Unknown`, `Disk`.
    pub fn verify(&self, id: Id) -> Result<Reception, Error> {
        let mut file = self.open(id)?;
        let reception = read_entry(&file, id)?;
        let mut hasher = blake3::Hasher::new();
        let mut piece = vec![0; GATHER];
        let mut skip = vec![0; HEADER_LENGTH];
        file.read_exact(&mut skip).map_err(Error::disk(Step::Read))?;
        loop {
            match file.read(&mut piece).map_err(Error::disk(Step::Read))? {
                0 => break,
                count => hasher.update(piece.get(..count).unwrap_or_default()),
            };
        }
        if Digest::from_bytes(*hasher.finalize().as_bytes()) == reception.digest {
            Ok(reception)
        } else {
            Err(Error::Damaged("digest"))
        }
    }

    /// Move an entry out of the inbox once its ledger row is durable, so that the next start has less to read.
    /// Needs no sync of its own: after a power cut it is in one of the two places, and both are looked at.
    ///
    /// # Errors
    /// `Unknown`, `Disk`. An entry that is settled already is fine.
    pub fn settle(&self, id: Id) -> Result<(), Error> {
        let [inbox, settled] = self.places(id);
        if let Some(shard) = settled.parent() {
            self.inner.disk.make_folder(shard).map_err(Error::disk(Step::Prepare))?;
        }
        match self.inner.disk.rename(&inbox, &settled) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                self.inner.disk.open(&settled).map(|_| ()).map_err(Error::disk(Step::Open))
            }
            Err(error) => Err(Error::disk(Step::Rename)(error)),
        }
    }

    /// Remove an entry (evicted, or the same bytes are held already). Removing a missing one is fine.
    ///
    /// # Errors
    /// `Disk`.
    pub fn remove(&self, id: Id) -> Result<(), Error> {
        for path in self.places(id) {
            match self.inner.disk.remove(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::disk(Step::Remove)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The start-up scan: delete what was never committed and list every complete entry of the inbox.
    /// Call it before anything is received or packed.
    ///
    /// # Errors
    /// `Disk` when a folder cannot be listed.
    pub fn recover(&self) -> Result<Recovered, Error> {
        let mut found = Recovered::default();
        let tmp = self.inner.root.join(TMP);
        for left in self.inner.disk.list(&tmp).map_err(Error::disk(Step::List))? {
            let path = tmp.join(&left.name);
            let gone = if left.name.is_empty() {
                continue;
            } else if left.folder {
                self.inner.disk.remove_folder(&path)
            } else {
                self.inner.disk.remove(&path)
            };
            gone.map_err(Error::disk(Step::Remove))?;
            found.removed += 1;
        }
        let inbox = self.inner.root.join(INBOX);
        for item in self.inner.disk.list(&inbox).map_err(Error::disk(Step::List))? {
            let Ok(id) = item.name.parse::<Id>() else { continue };
            match self.read(id) {
                Ok(reception) => found.entries.push(reception),
                Err(_) => found.damaged.push(id),
            }
        }
        found.entries.sort_by_key(|entry| (entry.arrived, entry.id));
        found.damaged.sort();
        Ok(found)
    }

    /// Names of all settled entries (after a lost ledger: read each with `read`).
    ///
    /// # Errors
    /// `Disk` when a folder cannot be listed.
    pub fn settled(&self) -> Result<Vec<Id>, Error> {
        let root = self.inner.root.join(INSTANCES);
        let mut names = Vec::new();
        for shard in self.inner.disk.list(&root).map_err(Error::disk(Step::List))? {
            if shard.folder && !shard.name.is_empty() {
                let items = self.inner.disk.list(&root.join(&shard.name)).map_err(Error::disk(Step::List))?;
                names.extend(items.iter().filter_map(|item| item.name.parse::<Id>().ok()));
            }
        }
        Ok(names)
    }
}

fn read_entry(file: &File, id: Id) -> Result<Reception, Error> {
    let mut header = vec![0; HEADER_LENGTH];
    file.read_exact_at(&mut header, 0).map_err(|_| Error::Damaged("header"))?;
    let reception = Reception::from_header(&header)?;
    let length = file.metadata().map_err(Error::disk(Step::Read))?.len();
    if reception.id != id {
        return Err(Error::Damaged("name"));
    }
    if length != Inbox::data_offset().saturating_add(reception.length) {
        return Err(Error::Damaged("length"));
    }
    Ok(reception)
}

impl Incoming {
    /// Our name of the entry to be.
    pub fn id(&self) -> Id {
        self.id
    }

    /// Data set bytes taken so far.
    pub fn length(&self) -> u64 {
        self.written + self.gathered.len() as u64
    }

    /// Take the next bytes of the data set, in order. Memory stays bounded whatever the total.
    ///
    /// # Errors
    /// `Full`, `Disk`; the entry cannot be committed after that and should be dropped.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.hasher.update(bytes);
        if bytes.len() >= GATHER / 2 {
            self.flush()?;
            return self.put(bytes);
        }
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= GATHER { self.flush() } else { Ok(()) }
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file.write_all_at(bytes, Inbox::data_offset() + self.written, Step::Write)?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Error> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let mut gathered = std::mem::take(&mut self.gathered);
        let outcome = self.put(&gathered);
        gathered.clear();
        self.gathered = gathered;
        outcome
    }

    /// Make the entry durable: header written, file synced, moved into the inbox, inbox synced; only then
    /// does this return. `id`, `length` and `digest` of `reception` are set here.
    ///
    /// # Errors
    /// Nothing is left behind on any error. `Poisoned` from then on if a sync failed.
    pub fn commit(mut self, mut reception: Reception) -> Result<Stored, Error> {
        self.flush()?;
        reception.id = self.id;
        reception.length = self.written;
        reception.digest = Digest::from_bytes(*self.hasher.finalize().as_bytes());
        let header = reception.to_header()?;
        self.file.write_all_at(&header, 0, Step::Header)?;
        self.file.place(INBOX, &self.id.to_string())?;
        Ok(Stored { reception })
    }
}
