//! Received instances: durable before anyone is told, found again without a ledger, verified whenever read.
use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::encryption::{EntryKey, Unsealed};
use super::entry::{Entry, Source};
use super::entry_name::{Name, PAGE, end_of, place_of};
use super::error::{Error, Step};
use super::folder::{Folder, INBOX, INSTANCES, SEGMENTS, TMP};
use super::id::{Digest, Id};
use super::incoming::Incoming;
use super::original::Original;
use super::page;
use super::reception::{HEADER_LENGTH, Reception, read_plain};
use super::segment::{self, Segments, find_segment, segment_places};
use dicom::{ReadAt, Window};

/// Bytes read at once while an entry is verified.
const PIECE: usize = 256 << 10;

/// The instances of the store. Cheap to clone; all calls block.
#[derive(Clone)]
pub struct Inbox {
    segments: Arc<Segments>,
}

/// What start-up found.
#[derive(Debug, Default)]
pub struct Recovered {
    /// Every complete entry that may not have its row, oldest first.
    pub entries: Vec<Reception>,
    /// Entries that do not hold: damaged, or cut off by a power failure before they were acknowledged. They stay
    /// where they are, for a person.
    pub damaged: Vec<Id>,
    /// Temporary files and folders that were removed.
    pub removed: usize,
}

/// What a worker needs to read one entry by itself.
pub struct HandOut {
    /// Opened for reading.
    pub file: File,
    /// First byte of the data set, plain or sealed.
    pub offset: u64,
    /// Bytes of the data set.
    pub length: u64,
    /// The entry's own key in hex; `None`: the entry is plain (format 1).
    pub key: Option<Zeroizing<String>>,
}

impl Inbox {
    pub(super) fn new(segments: Arc<Segments>) -> Inbox {
        Inbox { segments }
    }

    fn folder(&self) -> &Folder {
        self.segments.folder()
    }

    /// Start an instance.
    ///
    /// # Errors
    /// `Full` under the refuse watermark, `Poisoned` after a failed sync, `Disk`.
    pub fn begin(&self) -> Result<Incoming, Error> {
        Incoming::begin(&self.segments)
    }

    /// Where a plain entry of this name would be.
    fn plain_places(&self, id: Id) -> [PathBuf; 2] {
        let name = id.to_string();
        let shard: String = name.chars().take(2).collect();
        [self.folder().part(INBOX).join(&name), self.folder().part(INSTANCES).join(shard).join(&name)]
    }

    fn open_plain(&self, id: Id) -> Result<(Reception, File), Error> {
        let [inbox, settled] = self.plain_places(id);
        // A settle may move the file between the two looks, so the first place is asked twice.
        for path in [&inbox, &settled, &inbox] {
            match self.folder().disk.open(path).map_err(Error::disk(Step::Open)) {
                Err(Error::Unknown) => {}
                Err(error) => return Err(error),
                Ok(file) => return Ok((read_plain(&file, id)?, file)),
            }
        }
        Err(Error::Unknown)
    }

    fn open_sealed(&self, id: Id) -> Result<Option<(Reception, EntryKey, File)>, Error> {
        let (name, at) = place_of(id);
        let Some((_, file)) = find_segment(self.folder(), name)? else { return Ok(None) };
        let mut header = vec![0; HEADER_LENGTH];
        match file.read_exact_at(&mut header, at) {
            Ok(()) if header.iter().all(|byte| *byte == 0) => return Err(Error::Unknown),
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(Error::Unknown),
            Err(error) => return Err(Error::disk(Step::Read)(error)),
        }
        let (reception, key) = page::open(&header, &self.folder().key)?;
        // The place was used again, or the name was made up.
        if reception.id != id {
            return Err(Error::Unknown);
        }
        Ok(Some((reception, key, file)))
    }

    /// Open an entry's data set for reading, wherever and in whatever format it lies.
    ///
    /// # Errors
    /// `Unknown`, `Damaged`, `Disk`. Damage further on shows as `InvalidData` when it is read.
    pub fn open(&self, id: Id) -> Result<Entry, Error> {
        let (reception, source) = match self.open_sealed(id)? {
            Some((reception, key, file)) => {
                let base = place_of(id).1 + PAGE;
                let unsealed = Unsealed::new(file, base, reception.length, id, key);
                (reception, Source::Sealed(unsealed))
            }
            None => {
                let (reception, file) = self.open_plain(id)?;
                let window = Window::new(file, PAGE, reception.length);
                (reception, Source::Plain(window))
            }
        };
        Ok(Entry::new(reception, source))
    }

    /// Open an entry's data set as a stream: the header is checked now, each block and the digest while it is read.
    ///
    /// # Errors
    /// `Unknown`, `Damaged`, `Disk`. Damage further on shows as `InvalidData` when it is read.
    pub fn original(&self, id: Id) -> Result<Original, Error> {
        Ok(Original::new(self.open(id)?))
    }

    /// The pieces from which a worker reads an entry by itself. An entry with a damaged header is handed out as one
    /// whose content is damaged: the worker finds out and says so, and the rest of the study goes on.
    ///
    /// # Errors
    /// `Unknown`, `Disk`.
    pub fn hand_out(&self, id: Id) -> Result<HandOut, Error> {
        let opened = match self.open_sealed(id) {
            Err(Error::Damaged(_)) => {
                let file = File::open("/dev/null").map_err(Error::disk(Step::Open))?;
                let key = Some(Zeroizing::new("00".repeat(32)));
                return Ok(HandOut { file, offset: 0, length: 1, key });
            }
            opened => opened?,
        };
        if let Some((reception, key, file)) = opened {
            let offset = place_of(id).1 + PAGE;
            return Ok(HandOut { file, offset, length: reception.length, key: Some(key.reveal()) });
        }
        let (reception, file) = self.open_plain(id)?;
        Ok(HandOut { file, offset: PAGE, length: reception.length, key: None })
    }

    /// Read what reception knew, with the header checked; the content is not (see `verify`).
    ///
    /// # Errors
    /// `Unknown`, `Damaged`, `Disk`.
    pub fn read(&self, id: Id) -> Result<Reception, Error> {
        match self.open_sealed(id)? {
            Some((reception, ..)) => Ok(reception),
            None => Ok(self.open_plain(id)?.0),
        }
    }

    /// Read the whole entry and check its digest.
    ///
    /// # Errors
    /// `Damaged` when a bit has changed since reception, `Unknown`, `Disk`.
    pub fn verify(&self, id: Id) -> Result<Reception, Error> {
        let entry = self.open(id)?;
        check_digest(&entry, entry.reception())?;
        Ok(entry.into_reception())
    }

    /// Let the next start pass an entry over, once its ledger row is durable.
    /// Needs no sync of its own: after a power cut it is in one of two places, and both are looked at.
    ///
    /// # Errors
    /// `Unknown`, `Disk`. An entry that is settled already is fine.
    pub fn settle(&self, id: Id) -> Result<(), Error> {
        let (name, at) = place_of(id);
        if self.segments.settled(name, at) || self.open_sealed(id)?.is_some() {
            return Ok(());
        }
        let [inbox, settled] = self.plain_places(id);
        if let Some(shard) = settled.parent() {
            self.folder().disk.make_folder(shard).map_err(Error::disk(Step::Prepare))?;
        }
        match self.folder().disk.rename(&inbox, &settled) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.folder().disk.open(&settled).map(|_| ()).map_err(Error::disk(Step::Open))
            }
            Err(error) => Err(Error::disk(Step::Rename)(error)),
        }
    }

    /// Remove an entry (evicted, or the same bytes are held already). Removing a missing one is fine.
    ///
    /// # Errors
    /// `Disk`.
    pub fn remove(&self, id: Id) -> Result<(), Error> {
        let (name, at) = place_of(id);
        match self.open_sealed(id) {
            Ok(None) => {}
            Err(Error::Unknown) => return Ok(()),
            Ok(Some(_)) | Err(Error::Damaged(_)) => return self.segments.erase(name, at),
            Err(error) => return Err(error),
        }
        for path in self.plain_places(id) {
            match self.folder().disk.remove(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(Error::disk(Step::Remove)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The start-up scan: delete what was never committed and list every complete entry that may have no row.
    /// Call it before anything is received or packed.
    ///
    /// # Errors
    /// `Disk` when a folder cannot be listed.
    pub fn recover(&self) -> Result<Recovered, Error> {
        let mut found = Recovered::default();
        let tmp = self.folder().part(TMP);
        for left in self.folder().disk.list(&tmp).map_err(Error::disk(Step::List))? {
            let path = tmp.join(&left.name);
            let gone = if left.name.is_empty() {
                continue;
            } else if left.folder {
                self.folder().disk.remove_folder(&path)
            } else {
                self.folder().disk.remove(&path)
            };
            gone.map_err(Error::disk(Step::Remove))?;
            found.removed += 1;
        }
        let inbox = self.folder().part(INBOX);
        for item in self.folder().disk.list(&inbox).map_err(Error::disk(Step::List))? {
            if let Ok(name) = item.name.parse::<Name>() {
                self.recover_segment(name, &mut found)?;
            } else if let Ok(id) = item.name.parse::<Id>() {
                match self.open_plain(id) {
                    Ok((reception, _)) => found.entries.push(reception),
                    Err(_) => found.damaged.push(id),
                }
            }
        }
        found.entries.sort_by_key(|entry| (entry.arrived, entry.id));
        found.damaged.sort();
        Ok(found)
    }

    fn recover_segment(&self, name: Name, found: &mut Recovered) -> Result<(), Error> {
        let (segments, folder) = (&self.segments, self.folder());
        let [path, _] = segment_places(folder, name);
        let file = folder.disk.open(&path).map_err(Error::disk(Step::Open))?;
        let mut scan = segment::scan(&folder.key, &file, name)?;
        // Behind the last entry lies what was set aside, and what an object left that was never acknowledged.
        let mut end = scan.damaged.is_empty().then_some(0);
        // Entries of a lane are synced one after the other: only the last can have been cut off by a power failure
        // between the header and the content.
        if let Some((at, last, key)) = scan.entries.pop() {
            end = end.map(|_| end_of(at, last.length));
            let sealed = Unsealed::new(&file, at + PAGE, last.length, last.id, key);
            match check_digest(&sealed, &last) {
                Ok(()) => found.entries.push(last),
                Err(_) => scan.damaged.push(last.id),
            }
        }
        found.entries.extend(scan.entries.into_iter().map(|(_, reception, _)| reception));
        if segments.growing(name) {
            found.damaged.append(&mut scan.damaged);
            return Ok(());
        }
        let here = |id: &Id| (place_of(*id).0 == name).then_some(place_of(*id).1);
        let pages: BTreeSet<u64> = found
            .entries
            .iter()
            .filter_map(|e| here(&e.id))
            .chain(scan.damaged.iter().filter_map(here))
            .collect();
        if pages.is_empty() {
            folder.disk.remove(&path).map_err(Error::disk(Step::Remove))?;
            found.removed += 1;
        } else {
            let length = file.metadata().map_err(Error::disk(Step::Read))?.len();
            if let Some(end) = end.filter(|end| *end < length) {
                let mut writing = folder.disk.reopen(&path).map_err(Error::disk(Step::Open))?;
                // Only room is lost when this fails.
                let _ = writing.set_length(end);
            }
            segments.adopt(name, pages);
        }
        found.damaged.append(&mut scan.damaged);
        Ok(())
    }

    /// Names of all entries, settled or not, those with a damaged header too (after a lost ledger: read each with
    /// `read`; to look for rot: `verify`).
    ///
    /// # Errors
    /// `Disk` when a folder cannot be listed.
    pub fn all(&self) -> Result<Vec<Id>, Error> {
        let folder = self.folder();
        let list = |path: &PathBuf| folder.disk.list(path).map_err(Error::disk(Step::List));
        let mut names = Vec::new();
        for part in [INBOX, SEGMENTS] {
            for item in list(&folder.part(part))? {
                if let Ok(id) = item.name.parse::<Id>() {
                    names.push(id);
                } else if let Ok(name) = item.name.parse::<Name>()
                    && let Some((_, file)) = find_segment(self.folder(), name)?
                {
                    let scan = segment::scan(&folder.key, &file, name)?;
                    names.extend(scan.entries.iter().map(|(_, reception, _)| reception.id));
                    names.extend(scan.damaged);
                }
            }
        }
        for shard in list(&folder.part(INSTANCES))? {
            if shard.folder && !shard.name.is_empty() {
                let items = list(&folder.part(INSTANCES).join(&shard.name))?;
                names.extend(items.iter().filter_map(|item| item.name.parse::<Id>().ok()));
            }
        }
        names.sort();
        names.dedup();
        Ok(names)
    }
}

fn check_digest(source: &dyn ReadAt, reception: &Reception) -> Result<(), Error> {
    let (mut hasher, mut piece, mut at) = (blake3::Hasher::new(), vec![0; PIECE], 0);
    while at < reception.length {
        match source.read_at(&mut piece, at) {
            Ok(0) => return Err(Error::Damaged("length")),
            Ok(count) => {
                hasher.update(piece.get(..count).unwrap_or_default());
                at += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(Error::Damaged("content"));
            }
            Err(error) => return Err(Error::disk(Step::Read)(error)),
        }
    }
    if Digest::from_bytes(*hasher.finalize().as_bytes()) == reception.digest {
        Ok(())
    } else {
        Err(Error::Damaged("digest"))
    }
}
