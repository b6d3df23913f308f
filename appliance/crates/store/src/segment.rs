//! Segments: preallocated files that many entries are appended to, one lane for each object that is arriving.
//!
//! A lane belongs to one arriving object at a time, so its bytes go straight to their place, and objects that arrive
//! together are written and synced beside each other without waiting for one another. An entry is durable after one
//! `fdatasync`: no file is made, moved or listed for it. An object longer than what is left of a segment makes its
//! segment longer, and the next one begins a new segment.
//!
//! The name of an entry is where it lies: 8 random bytes of its segment, its page (u32 big endian), 4 random bytes.
//! So nothing has to remember where entries are, and a page of an older file never passes for a new entry.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::disk::DiskFile;
use super::error::{Error, Step};
use super::id::{Id, NotHex};
use super::key::random;
use super::page;
use super::reception::{HEADER_LENGTH, Reception};
use super::seal::{EntryKey, sealed_length};
use super::{INBOX, Inner, SEGMENTS};

/// Bytes of a segment, unless its last entry is longer.
pub(crate) const SEGMENT: u64 = 64 << 20;
/// A lane with less room than this is full.
const MARGIN: u64 = 1 << 20;
/// Nothing is set aside unless so much is free above the refuse watermark.
const RESERVE_ABOVE: u64 = 16 * SEGMENT;
/// Entries begin at multiples of this.
pub(crate) const PAGE: u64 = HEADER_LENGTH as u64;

/// The name of a segment: 8 random bytes, as 16 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Name([u8; 8]);

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for Name {
    type Err = NotHex;
    fn from_str(text: &str) -> Result<Name, NotHex> {
        let mut bytes = [0; 8];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| NotHex)?;
        if hex::encode(bytes) == text { Ok(Name(bytes)) } else { Err(NotHex) }
    }
}

/// The part of a name that says where an entry lies: 12 bytes.
fn place_bytes(name: Name, page: u32) -> Vec<u8> {
    [name.0.as_slice(), &page.to_be_bytes()].concat()
}

/// Where the entry of this name would lie.
pub(crate) fn place(id: Id) -> (Name, u64) {
    let [a, b, c, d, e, f, g, h, p, q, r, s, ..] = *id.as_bytes();
    (Name([a, b, c, d, e, f, g, h]), u64::from(u32::from_be_bytes([p, q, r, s])) * PAGE)
}

/// A fresh name for an entry at this place.
pub(crate) fn name_at(name: Name, at: u64) -> Result<Id, Error> {
    let page = u32::try_from(at / PAGE).map_err(|_| Error::Full)?;
    let mut tail = [0; 4];
    random(&mut tail)?;
    let bytes = [place_bytes(name, page).as_slice(), &tail].concat();
    bytes.try_into().map(Id::from_bytes).map_err(|_| Error::Seal)
}

/// First byte after an entry, rounded up to a page.
pub(crate) fn end_of(at: u64, length: u64) -> u64 {
    at.saturating_add(PAGE).saturating_add(sealed_length(length)).next_multiple_of(PAGE)
}

/// A segment that is being filled.
pub(crate) struct Lane {
    pub(crate) name: Name,
    pub(crate) file: Box<dyn DiskFile>,
    /// Where the next entry begins.
    pub(crate) at: u64,
    /// Bytes that are set aside, counted from the start of the file.
    reserved: u64,
    /// Memory for the next object.
    pub(crate) buffer: Vec<u8>,
}

/// Segments of the inbox: entries in them may not have a durable row yet.
#[derive(Default)]
pub(crate) struct Segments {
    idle: Mutex<Vec<Lane>>,
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
    fn waiting(&self) -> MutexGuard<'_, HashMap<Name, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Lane>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A lane with room, the one used last if there is one.
    pub(crate) fn take(&self, inner: &Arc<Inner>) -> Result<Lane, Error> {
        loop {
            let lane = self.idle().pop();
            match lane {
                None => return self.create(inner),
                Some(lane) if lane.at + MARGIN <= SEGMENT => return Ok(lane),
                Some(lane) => self.retire(inner, lane),
            }
        }
    }

    /// Give a lane back: its object is durable, or was dropped and the next one takes its place. What a dropped one
    /// has written, as far as `reached`, goes back to the disk but for what was set aside before it.
    pub(crate) fn put_back(&self, inner: &Inner, mut lane: Lane, reached: u64) {
        let keep = lane.at.max(lane.reserved);
        if reached > keep && lane.file.set_length(keep).is_err() {
            return self.retire(inner, lane);
        }
        self.idle().push(lane);
    }

    /// Give back what idle lanes have set aside; `false` when that was nothing.
    pub(crate) fn give_back_reserves(&self) -> bool {
        let mut given = false;
        for lane in self.idle().iter_mut().filter(|lane| lane.reserved > lane.at) {
            if lane.file.set_length(lane.at).is_ok() {
                lane.reserved = 0;
                given = true;
            }
        }
        given
    }

    fn create(&self, inner: &Inner) -> Result<Lane, Error> {
        let mut bytes = [0; 8];
        random(&mut bytes)?;
        let name = Name(bytes);
        let folder = inner.root.join(INBOX);
        let path = folder.join(name.to_string());
        let mut file = inner.disk.create(&path).map_err(Error::disk(Step::Create))?;
        // Room set aside makes the syncs cheaper, no more: a disk that has little, or cannot, goes without.
        let ample = inner.space().is_ok_and(|s| s.free > inner.refuse.saturating_add(RESERVE_ABOVE));
        let reserved = if ample && file.reserve(SEGMENT).is_ok() { SEGMENT } else { 0 };
        if reserved == 0 {
            let _ = file.set_length(0);
        }
        if let Err(error) = inner.disk.sync_folder(&folder) {
            inner.poison();
            let _ = inner.disk.remove(&path);
            return Err(Error::disk(Step::SyncFolder)(error));
        }
        self.waiting().insert(name, Waiting::default());
        Ok(Lane { name, file, at: 0, reserved, buffer: Vec::new() })
    }

    /// Append nothing more to a lane. What was reserved and not used is given back.
    pub(crate) fn retire(&self, inner: &Inner, mut lane: Lane) {
        if let Err(error) = lane.file.set_length(lane.at) {
            tracing::warn!(kind = ?error.kind(), "room could not be given back: it comes back with its segment");
        }
        drop(lane.file);
        if let Some(waiting) = self.waiting().get_mut(&lane.name) {
            waiting.closed = true;
        }
        self.leave_inbox(inner, lane.name);
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
    pub(crate) fn settled(&self, inner: &Inner, name: Name, at: u64) -> bool {
        let known = self.waiting().get_mut(&name).is_some_and(|waiting| waiting.pages.remove(&at));
        if known {
            self.leave_inbox(inner, name);
        }
        known
    }

    /// Move a segment out of the start-up scan once it is full and all in it is settled. Needs no sync: after a
    /// power cut it is in one of the two folders, and both are looked at.
    fn leave_inbox(&self, inner: &Inner, name: Name) {
        let mut waiting = self.waiting();
        if !waiting.get(&name).is_some_and(|segment| segment.closed && segment.pages.is_empty()) {
            return;
        }
        let [inbox, settled] = inner.segment_places(name);
        let empty = inner.disk.open(&inbox).is_ok_and(|file| !has_entries(&file, name));
        let done = if empty { inner.disk.remove(&inbox) } else { inner.disk.rename(&inbox, &settled) };
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
    pub(crate) fn erase(&self, inner: &Inner, name: Name, at: u64) -> Result<(), Error> {
        let Some((path, file)) = inner.find_segment(name)? else { return Ok(()) };
        let mut page = vec![0; HEADER_LENGTH];
        if file.read_exact_at(&mut page, at).is_err() {
            return Ok(());
        }
        // What is damaged has an unknown length: its header goes, its room goes with the segment.
        let length = page::open(&page, &inner.key).map(|(reception, _)| end_of(at, reception.length) - at);
        let mut writing = inner.disk.reopen(&path).map_err(Error::disk(Step::Open))?;
        writing.punch(at, length.unwrap_or(PAGE)).map_err(Error::disk(Step::Remove))?;
        drop(writing);
        if !self.settled(inner, name, at) && !self.growing(name) && !has_entries(&file, name) {
            self.waiting().remove(&name);
            inner.disk.remove(&path).map_err(Error::disk(Step::Remove))?;
        }
        Ok(())
    }
}

impl Drop for Inner {
    /// An orderly end leaves the next start little to read. After a failed sync nothing is touched any more.
    fn drop(&mut self) {
        let lanes = std::mem::take(&mut *self.segments.idle());
        if !self.poisoned() {
            lanes.into_iter().for_each(|lane| self.segments.retire(self, lane));
        }
    }
}

impl Inner {
    pub(super) fn segment_places(&self, name: Name) -> [PathBuf; 2] {
        let name = name.to_string();
        [self.root.join(INBOX).join(&name), self.root.join(SEGMENTS).join(&name)]
    }

    /// Open a segment for reading, wherever it is.
    pub(super) fn find_segment(&self, name: Name) -> Result<Option<(PathBuf, File)>, Error> {
        let [inbox, settled] = self.segment_places(name);
        // It may move between two looks, so the first place is asked twice.
        for path in [&inbox, &settled, &inbox] {
            match self.disk.open(path).map_err(Error::disk(Step::Open)) {
                Ok(file) => return Ok(Some((path.clone(), file))),
                Err(Error::Unknown) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
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
pub(crate) fn scan(inner: &Inner, file: &File, name: Name) -> Result<Scan, Error> {
    let mut found = Scan::default();
    walk(file, name, &mut |at, page| match page::open(page, &inner.key) {
        Ok((reception, key)) if place(reception.id) == (name, at) => {
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
