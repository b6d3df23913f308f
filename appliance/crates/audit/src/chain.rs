//! The chain of the audit file and its sealed head.
//!
//! Each line carries the BLAKE3 digest of the line before it, so that a changed, missing or moved line shows. That
//! alone would not show lines cut off at the end, or a chain written anew: so the number of lines and the last
//! digest stand in a file beside it, under a MAC keyed from the store's key.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::entry::Entry;
use super::error::Error;

/// How far a chain reaches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    /// Whole lines.
    pub lines: u64,
    /// Digest of the last one, hex; empty when there is none.
    pub last: String,
    /// Bytes of the whole lines.
    pub bytes: u64,
}

/// Follows the chain from its beginning; `seen` gets each whole line.
///
/// # Errors
/// [`Error::Broken`] with the first line that does not follow.
pub(super) fn follow(file: File, seen: impl FnMut(&Reach, &Entry)) -> Result<Reach, Error> {
    follow_from(file, Reach::default(), seen)
}

/// The same from the end of `reach`, where `file` stands.
fn follow_from(file: File, mut reach: Reach, mut seen: impl FnMut(&Reach, &Entry)) -> Result<Reach, Error> {
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    loop {
        line.clear();
        let n = reader.read_until(b'\n', &mut line)?;
        if n == 0 || line.last() != Some(&b'\n') {
            return Ok(reach);
        }
        let number = reach.lines + 1;
        line.pop();
        let entry: Entry = serde_json::from_slice(&line).map_err(|_| Error::Broken(number))?;
        if entry.before != reach.last {
            return Err(Error::Broken(number));
        }
        reach = Reach {
            lines: number,
            last: blake3::hash(&line).to_hex().to_string(),
            bytes: reach.bytes + n as u64,
        };
        seen(&reach, &entry);
    }
}

/// The head beside an audit file.
#[derive(Debug)]
pub(super) struct Head {
    file: File,
    key: [u8; 32],
}

/// While it lives no other process writes this audit. The lock is the open file's: it ends with the process too.
#[derive(Debug)]
pub(super) struct Held(File);

impl Held {
    fn of(head: &File) -> Result<Self, Error> {
        let file = head.try_clone()?;
        file.lock()?;
        Ok(Self(file))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // What cannot be unlocked is unlocked when the head is closed.
        let _ = self.0.unlock();
    }
}

/// What the head says: lines and the last one's digest.
pub(super) type Said = (u64, String);

/// Where the head of an audit file is: beside it.
#[must_use]
pub fn head_path(audit: &Path) -> PathBuf {
    let mut name = audit.file_name().unwrap_or_default().to_owned();
    name.push(".head");
    audit.with_file_name(name)
}

/// What the head says, changing nothing and making none.
///
/// # Errors
/// [`Error::Head`] when it is missing or not under this key.
pub(super) fn read_head(audit: &Path, store_key: &[u8; 32]) -> Result<Said, Error> {
    let mut text = String::new();
    let file = File::open(head_path(audit)).map_err(|_| Error::Head)?;
    file.take(1_024).read_to_string(&mut text).map_err(|_| Error::Head)?;
    parse(&key(store_key), &text)
}

fn mac(key: &[u8; 32], lines: u64, digest: &str) -> String {
    blake3::keyed_hash(key, format!("{lines} {digest}").as_bytes()).to_hex().to_string()
}

fn parse(key: &[u8; 32], text: &str) -> Result<Said, Error> {
    let mut words = text.split_whitespace();
    let (Some(lines), Some(digest), Some(said)) = (words.next(), words.next(), words.next()) else {
        return Err(Error::Head);
    };
    let lines: u64 = lines.parse().map_err(|_| Error::Head)?;
    // Compared in constant time: blake3's own type does.
    let made = blake3::Hash::from_hex(mac(key, lines, digest)).map_err(|_| Error::Head)?;
    let there = blake3::Hash::from_hex(said).map_err(|_| Error::Head)?;
    if made == there { Ok((lines, digest.to_owned())) } else { Err(Error::Head) }
}

impl Head {
    /// Opens or begins the head; what it says, or `None` when it is new.
    pub(super) fn open(audit: &Path, store_key: &[u8; 32]) -> Result<(Self, Option<Said>), Error> {
        let (head, said, _) = Self::open_held(audit, store_key)?;
        Ok((head, said))
    }

    /// The same, held before it is read: nobody else is in the midst of a line.
    pub(super) fn open_held(audit: &Path, store_key: &[u8; 32]) -> Result<(Self, Option<Said>, Held), Error> {
        let path = head_path(audit);
        let mut file =
            OpenOptions::new().create(true).truncate(false).read(true).write(true).mode(0o600).open(path)?;
        let held = Held::of(&file)?;
        let mut text = String::new();
        file.by_ref().take(1_024).read_to_string(&mut text).map_err(|_| Error::Head)?;
        let head = Self { file, key: key(store_key) };
        let said = if text.is_empty() { None } else { Some(parse(&head.key, &text)?) };
        Ok((head, said, held))
    }

    /// Waits until no other process writes this audit, and keeps it so.
    pub(super) fn hold(&self) -> Result<Held, Error> {
        Held::of(&self.file)
    }

    /// What the head says now; another process may have written it since.
    fn said(&self) -> Result<Said, Error> {
        let mut bytes = [0; 1_024];
        let n = self.file.read_at(&mut bytes, 0)?;
        let text = std::str::from_utf8(bytes.get(..n).unwrap_or_default()).map_err(|_| Error::Head)?;
        parse(&self.key, text)
    }

    /// Writes the head in place: one short line within one sector.
    pub(super) fn write(&self, reach: &Reach) -> Result<(), Error> {
        let last = if reach.last.is_empty() { "-" } else { &reach.last };
        let line = format!("{:020} {last} {}\n", reach.lines, mac(&self.key, reach.lines, last));
        self.file.write_all_at(line.as_bytes(), 0)?;
        Ok(self.file.sync_data()?)
    }
}

fn key(store_key: &[u8; 32]) -> [u8; 32] {
    blake3::derive_key("scanside 2026 audit head", store_key)
}

/// Follows the chain and holds it against the head: the head's line must be there with the head's digest. The file
/// may reach further: a crash between line and head leaves the head behind.
pub(super) fn reach_of(path: &Path, said: Option<&Said>) -> Result<Reach, Error> {
    let mut at_head = said.is_none_or(|(lines, _)| *lines == 0);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Err(Error::Cut(0)),
        Err(e) => return Err(e.into()),
    };
    let reach = follow(file, |reach, _| {
        if said.is_some_and(|(lines, digest)| *lines == reach.lines && *digest == reach.last) {
            at_head = true;
        }
    })?;
    if at_head { Ok(reach) } else { Err(Error::Cut(said.map_or(0, |s| s.0))) }
}

/// How far the chain reaches now that reached as far as `known`: another process may have gone on with it. Lines that the
/// head does not vouch for are not gone on from: they stay a break that shows.
pub(super) fn gone_on(path: &Path, head: &Head, known: &Reach) -> Result<Reach, Error> {
    let Ok((lines, digest)) = head.said() else { return Ok(known.clone()) };
    if lines <= known.lines {
        return Ok(known.clone());
    }
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(known.bytes))?;
    let mut vouched = false;
    let followed = follow_from(file, known.clone(), |reach, _| {
        vouched |= reach.lines == lines && reach.last == digest;
    });
    match followed {
        Err(Error::Disk(kind)) => Err(Error::Disk(kind)),
        Ok(reach) if vouched => Ok(reach),
        _ => Ok(known.clone()),
    }
}

/// Checks a whole audit file against its head, changing nothing.
///
/// # Errors
/// [`Error::Broken`], [`Error::Cut`], [`Error::Head`], [`Error::Disk`].
pub fn verify(path: &Path, store_key: &[u8; 32]) -> Result<Reach, Error> {
    let said = read_head(path, store_key)?;
    reach_of(path, Some(&said))
}

/// Every line of an audit file in order, with its number; the chain is checked on the way.
///
/// # Errors
/// [`Error::Broken`], [`Error::Disk`].
pub fn each(path: &Path, mut with: impl FnMut(u64, &Entry)) -> Result<Reach, Error> {
    follow(File::open(path)?, |reach, entry| with(reach.lines, entry))
}
