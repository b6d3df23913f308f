//! Segments: preallocated files that many entries are appended to, one lane for each object that is arriving.
//!
//! A lane belongs to one arriving object at a time, so its bytes go straight to their place, and objects that arrive
//! together are written and synced beside each other without waiting for one another. An entry is durable after one
//! `fdatasync`: no file is made, moved or listed for it. An object longer than what is left of a segment makes its
//! segment longer, and the next one begins a new segment.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::encryption::EntryKey;
use super::entry_name::{Name, PAGE, SEGMENT, end_of, place_bytes, place_of};
use super::error::{Error, Step};
use super::folder::{Folder, INBOX, SEGMENTS};
use super::free_space::FreeSpace;
use super::id::Id;
use super::key::StoreKey;
use super::lane::Lane;
use super::page;
use super::reception::{HEADER_LENGTH, Reception};

/// A lane with less room than this is full.
const MARGIN: u64 = 1 << 20;
/// Nothing is set aside unless so much is free above the refuse watermark.
const RESERVE_ABOVE: u64 = 16 * SEGMENT;

/// Segments of the inbox: entries in them may not have a durable row yet.
pub(crate) struct Segments {
    pub(crate) room: Arc<FreeSpace>,
    waiting: Mutex<HashMap<Name, Waiting>>,
    pub(crate) arriving: AtomicUsize,
}

#[derive(Default)]
struct Waiting {
    /// Pages of entries that are not settled.
    pages: BTreeSet<u64>,
    /// Nothing more is appended.
    closed: bool,
}

impl Segments {
    pub(crate) fn new(room: Arc<FreeSpace>) -> Segments {
        Segments { room, waiting: Mutex::default(), arriving: AtomicUsize::new(0) }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<Name, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The store's folder.
    pub(crate) fn folder(&self) -> &Folder {
        &self.room.folder
    }

    /// A lane with room, the one used last if there is one.
    pub(crate) fn take(&self) -> Result<Lane, Error> {
        loop {
            let lane = self.room.idle.pop();
            match lane {
                None => return self.create(),
                Some(lane) if lane.at + MARGIN <= SEGMENT => return Ok(lane),
                Some(lane) => self.retire(lane),
            }
        }
    }

    /// Give a lane back: its object is durable, or was dropped and the next one takes its place. What a dropped one
    /// has written, as far as `reached`, goes back to the disk but for what was set aside before it.
    pub(crate) fn put_back(&self, mut lane: Lane, reached: u64) {
        let keep = lane.at.max(lane.reserved);
        if reached > keep && lane.file.set_length(keep).is_err() {
            return self.retire(lane);
        }
        self.room.idle.push(lane);
    }

    fn create(&self) -> Result<Lane, Error> {
        let folder = self.folder();
        let name = Name::random()?;
        let inbox = folder.part(INBOX);
        let path = inbox.join(name.to_string());
        let mut file = folder.disk.create(&path).map_err(Error::disk(Step::Create))?;
        // Room set aside makes the syncs cheaper, no more: a disk that has little, or cannot, goes without.
        let ample = self.room.has_above_refuse(RESERVE_ABOVE);
        let reserved = if ample && file.reserve(SEGMENT).is_ok() { SEGMENT } else { 0 };
        if reserved == 0 {
            let _ = file.set_length(0);
        }
        if let Err(error) = folder.disk.sync_folder(&inbox) {
            folder.poison();
            let _ = folder.disk.remove(&path);
            return Err(Error::disk(Step::SyncFolder)(error));
        }
        self.waiting().insert(name, Waiting::default());
        Ok(Lane { name, file, at: 0, reserved, buffer: Vec::new() })
    }

    /// Append nothing more to a lane. What was reserved and not used is given back.
    pub(crate) fn retire(&self, mut lane: Lane) {
        if let Err(error) = lane.file.set_length(lane.at) {
            tracing::warn!(kind = ?error.kind(), "room could not be given back: it comes back with its segment");
        }
        drop(lane.file);
        if let Some(waiting) = self.waiting().get_mut(&lane.name) {
            waiting.closed = true;
        }
        self.leave_inbox(lane.name);
    }

    /// An entry is durable and waits for its row.
    pub(crate) fn committed(&self, name: Name, at: u64) {
        self.waiting().entry(name).or_default().pages.insert(at);
    }

    /// A segment that an earlier run left: it is full, whatever it holds.
    pub(crate) fn adopt(&self, name: Name, pages: BTreeSet<u64>) {
        self.waiting().insert(name, Waiting { pages, closed: true });
    }

    /// An entry has its row, or is gone. `false` when it was not waited for.
    pub(crate) fn settled(&self, name: Name, at: u64) -> bool {
        let known = self.waiting().get_mut(&name).is_some_and(|waiting| waiting.pages.remove(&at));
        if known {
            self.leave_inbox(name);
        }
        known
    }

    /// Move a segment out of the start-up scan once it is full and all in it is settled. Needs no sync: after a
    /// power cut it is in one of the two folders, and both are looked at.
    fn leave_inbox(&self, name: Name) {
        let mut waiting = self.waiting();
        if !waiting.get(&name).is_some_and(|segment| segment.closed && segment.pages.is_empty()) {
            return;
        }
        let [inbox, settled] = segment_places(self.folder(), name);
        let disk = &self.folder().disk;
        let empty = disk.open(&inbox).is_ok_and(|file| !has_entries(&file, name));
        let done = if empty { disk.remove(&inbox) } else { disk.rename(&inbox, &settled) };
        match done {
            Ok(()) => {
                waiting.remove(&name);
            }
            // It stays in the inbox; the next start reads it once more and tries again.
            Err(error) => tracing::debug!(kind = ?error.kind(), "a segment stays in the inbox"),
        }
    }

    /// Whether entries may still be appended to a segment.
    pub(crate) fn growing(&self, name: Name) -> bool {
        self.waiting().get(&name).is_some_and(|segment| !segment.closed)
    }

    /// Give the room of an entry back, and the segment when it was the last one in it.
    pub(crate) fn erase(&self, name: Name, at: u64) -> Result<(), Error> {
        let folder = self.folder();
        let Some((path, file)) = find_segment(folder, name)? else { return Ok(()) };
        let mut page = vec![0; HEADER_LENGTH];
        if file.read_exact_at(&mut page, at).is_err() {
            return Ok(());
        }
        // What is damaged has an unknown length: its header goes, its room goes with the segment.
        let length = page::open(&page, &folder.key).map(|(reception, _)| end_of(at, reception.length) - at);
        let mut writing = folder.disk.reopen(&path).map_err(Error::disk(Step::Open))?;
        writing.punch(at, length.unwrap_or(PAGE)).map_err(Error::disk(Step::Remove))?;
        drop(writing);
        if !self.settled(name, at) && !self.growing(name) && !has_entries(&file, name) {
            self.waiting().remove(&name);
            folder.disk.remove(&path).map_err(Error::disk(Step::Remove))?;
        }
        Ok(())
    }
}

impl Drop for Segments {
    /// An orderly end leaves the next start little to read. After a failed sync nothing is touched any more.
    fn drop(&mut self) {
        let lanes = self.room.idle.take_all();
        if !self.folder().poisoned() {
            lanes.into_iter().for_each(|lane| self.retire(lane));
        }
    }
}

/// Where a segment is: in the inbox until all in it is settled.
pub(crate) fn segment_places(folder: &Folder, name: Name) -> [PathBuf; 2] {
    let name = name.to_string();
    [folder.part(INBOX).join(&name), folder.part(SEGMENTS).join(&name)]
}

/// Open a segment for reading, wherever it is.
pub(crate) fn find_segment(folder: &Folder, name: Name) -> Result<Option<(PathBuf, File)>, Error> {
    let [inbox, settled] = segment_places(folder, name);
    // It may move between two looks, so the first place is asked twice.
    for path in [&inbox, &settled, &inbox] {
        match folder.disk.open(path).map_err(Error::disk(Step::Open)) {
            Ok(file) => return Ok(Some((path.clone(), file))),
            Err(Error::Unknown) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// The next byte of a file that may not be zero.
fn next_data(file: &File, at: u64, length: u64) -> u64 {
    match rustix::fs::seek(file, rustix::fs::SeekFrom::Data(at)) {
        Ok(found) => found / PAGE * PAGE,
        Err(rustix::io::Errno::NXIO) => length,
        // A file system that cannot tell: everything is looked at.
        Err(_) => at,
    }
}

/// What a segment holds.
#[derive(Default)]
pub(crate) struct Scan {
    /// Entries whose header opens, in order, with their place and key.
    pub(crate) entries: Vec<(u64, Reception, EntryKey)>,
    /// Names of entries whose header does not.
    pub(crate) damaged: Vec<Id>,
}

/// Visit every page that may be a header until `visit` gives where to go on; `None` ends the walk.
fn walk(
    file: &File,
    name: Name,
    visit: &mut dyn FnMut(u64, &[u8]) -> Option<u64>,
) -> Result<(), std::io::Error> {
    let length = file.metadata()?.len();
    let (mut at, mut page) = (0, vec![0; HEADER_LENGTH]);
    loop {
        at = next_data(file, at, length);
        if at.saturating_add(PAGE) > length {
            return Ok(());
        }
        file.read_exact_at(&mut page, at)?;
        let Ok(number) = u32::try_from(at / PAGE) else { return Ok(()) };
        at = if page::resembles(&page, &place_bytes(name, number)) {
            match visit(at, &page) {
                Some(next) => next,
                None => return Ok(()),
            }
        } else {
            at + PAGE
        };
    }
}

fn has_entries(file: &File, name: Name) -> bool {
    let mut found = false;
    let walked = walk(file, name, &mut |_, _| {
        found = true;
        None
    });
    // What cannot be read is not given up.
    walked.is_err() || found
}

/// Read all headers of a segment.
pub(crate) fn scan(key: &StoreKey, file: &File, name: Name) -> Result<Scan, Error> {
    let mut found = Scan::default();
    walk(file, name, &mut |at, page| match page::open(page, key) {
        Ok((reception, key)) if place_of(reception.id) == (name, at) => {
            let next = end_of(at, reception.length);
            found.entries.push((at, reception, key));
            Some(next)
        }
        // A page of another name is what an older file left here.
        Ok(_) => Some(at + PAGE),
        Err(_) => {
            let place = place_bytes(name, u32::try_from(at / PAGE).unwrap_or(u32::MAX));
            let named = page::name(page).filter(|id| id.as_bytes().starts_with(&place));
            let bytes = [place.as_slice(), &[0; 4]].concat();
            found.damaged.extend(named.or_else(|| bytes.try_into().ok().map(Id::from_bytes)));
            Some(at + PAGE)
        }
    })
    .map_err(Error::disk(Step::Read))?;
    Ok(found)
}
