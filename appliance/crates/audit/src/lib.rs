//! The audit: who did what to which study, one JSON line each, chained by digest, synced before it counts.
//!
//! A line names people by login, peers by pseudonym and address, studies and cases by our own ids; it holds no value
//! of a data set. Callers give the house's time; a line carries what the machine's clock said then, and the chain alone
//! says the order. Lines become messages of the DICOM audit trail (PS3.15 A.5, `dicom.rs`) and go to a syslog
//! collector over TLS (`collector.rs`); the file is the buffer while the collector is away.

mod chain;
mod collector;
mod config;
mod dicom;
mod entry;
mod restore;
mod syslog;
#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use proto::clock::{self, now};
use tokio::sync::Notify;

use chain::Head;

pub use chain::{Reach, head_path};
pub use collector::{Collector, Delivery};
pub use config::AuditConfig;
pub use dicom::{Source, message};
pub use entry::Entry;
pub use restore::{RESTORED, Resumed, copy, resume};
pub use syslog::timestamp;

/// What can go wrong with the audit.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read or written.
    #[error("the audit file cannot be read or written: {0}")]
    Disk(std::io::ErrorKind),
    /// The chain is broken at a line (counted from 1).
    #[error(
        "the audit's chain is broken at line {0}: it was altered or damaged; keep the file. `appliance restore` with a backup puts it aside, says so in the audit, and goes on"
    )]
    Broken(u64),
    /// Lines are missing at the end, or were written anew.
    #[error(
        "the audit does not reach what its head says (line {0}): lines were removed or written anew, or an older audit was put in its place; keep both files. `appliance restore` with a backup puts them aside, says so in the audit, and goes on"
    )]
    Cut(u64),
    /// The head is missing or not ours.
    #[error("the audit's head is missing or altered: that nothing was removed at the end cannot be shown")]
    Head,
    /// The collector's certificates cannot be used.
    #[error("{0}: it holds no certificate or key in PEM form that can be used")]
    Certificate(&'static str),
}

impl From<std::io::Error> for Error {
    fn from(e: std::io::Error) -> Self {
        Self::Disk(e.kind())
    }
}

/// The open audit file.
#[derive(Debug)]
pub struct Audit {
    path: PathBuf,
    inner: Mutex<Inner>,
    written: Notify,
    delivery: Mutex<Delivery>,
}

#[derive(Debug)]
struct Inner {
    file: File,
    head: Head,
    reach: Reach,
}

impl Audit {
    /// Opens (or begins) the audit and checks its chain against its head; a half-written last line is cut off. An
    /// audit of the first release has no head: it gets one, and a line that says so.
    ///
    /// # Errors
    /// [`Error::Broken`] when a line does not follow from the one before it, [`Error::Cut`] when the end is missing.
    pub fn open(path: &Path, store_key: &[u8; 32]) -> Result<Self, Error> {
        let there = path.is_file();
        let (head, said) = Head::open(path, store_key)?;
        let reach = if there || said.is_some() { reach_of(path, said.as_ref())? } else { Reach::default() };
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        if file.metadata()?.len() > reach.bytes {
            file.set_len(reach.bytes)?;
        }
        file.sync_all()?;
        let old = said.is_none() && reach.lines > 0;
        head.write(&reach)?;
        let audit = Self {
            path: path.to_owned(),
            inner: Mutex::new(Inner { file, head, reach }),
            written: Notify::new(),
            delivery: Mutex::new(Delivery::default()),
        };
        if old {
            audit.write(now(), "appliance", "audit head begun", "", "no head was beside this audit: that nothing was removed at its end before this line cannot be shown")?;
        }
        Ok(audit)
    }

    /// Appends one line and syncs it.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn write(&self, at: i64, who: &str, what: &str, on: &str, detail: &str) -> Result<(), Error> {
        let text = str::to_owned;
        self.record(Entry {
            at,
            who: text(who),
            what: text(what),
            on: text(on),
            detail: text(detail),
            ..Entry::default()
        })
    }

    /// Appends one line and syncs it; `before` is set here.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn record(&self, entry: Entry) -> Result<(), Error> {
        self.record_all(vec![entry])
    }

    /// Appends lines in order with one sync; `before` is set here.
    ///
    /// # Errors
    /// [`Error::Disk`]; then none of them is kept.
    pub fn record_all(&self, entries: Vec<Entry>) -> Result<(), Error> {
        let mut inner = self.inner();
        let mut reach = inner.reach.clone();
        let mut bytes = Vec::new();
        let ahead = clock::ahead();
        for mut entry in entries {
            entry.at = entry.at.saturating_add(ahead);
            entry.before = std::mem::take(&mut reach.last);
            let from = bytes.len();
            serde_json::to_writer(&mut bytes, &entry)
                .map_err(|_| Error::Disk(std::io::ErrorKind::InvalidData))?;
            reach.last = blake3::hash(bytes.get(from..).unwrap_or_default()).to_hex().to_string();
            reach.lines += 1;
            bytes.push(b'\n');
        }
        reach.bytes += bytes.len() as u64;
        let written = inner.file.write_all(&bytes).and_then(|()| inner.file.sync_data());
        if let Err(error) = written {
            // Half a line would break the chain of whatever comes next.
            inner.file.set_len(inner.reach.bytes)?;
            return Err(error.into());
        }
        inner.reach = reach;
        inner.head.write(&inner.reach)?;
        drop(inner);
        self.written.notify_one();
        Ok(())
    }

    /// Every line in order, with its number; the chain is checked on the way.
    ///
    /// # Errors
    /// [`Error::Broken`], [`Error::Disk`].
    pub fn each(&self, with: impl FnMut(u64, &Entry)) -> Result<Reach, Error> {
        each(&self.path, with)
    }

    /// How far the chain reaches.
    #[must_use]
    pub fn reach(&self) -> Reach {
        self.inner().reach.clone()
    }

    /// What the collector has, as the sender last knew.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        let mut delivery = self.delivery.lock().unwrap_or_else(PoisonError::into_inner).clone();
        delivery.waiting = self.reach().lines.saturating_sub(delivery.sent);
        delivery
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Follows the chain and holds it against the head: the head's line must be there with the head's digest. The file
/// may reach further: a crash between line and head leaves the head behind.
fn reach_of(path: &Path, said: Option<&chain::Said>) -> Result<Reach, Error> {
    let mut at_head = said.is_none_or(|(lines, _)| *lines == 0);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Err(Error::Cut(0)),
        Err(e) => return Err(e.into()),
    };
    let reach = chain::follow(file, |reach, _| {
        if said.is_some_and(|(lines, digest)| *lines == reach.lines && *digest == reach.last) {
            at_head = true;
        }
    })?;
    if at_head { Ok(reach) } else { Err(Error::Cut(said.map_or(0, |s| s.0))) }
}

/// Checks a whole audit file against its head, changing nothing.
///
/// # Errors
/// [`Error::Broken`], [`Error::Cut`], [`Error::Head`], [`Error::Disk`].
pub fn verify(path: &Path, store_key: &[u8; 32]) -> Result<Reach, Error> {
    let said = chain::read_head(path, store_key)?;
    reach_of(path, Some(&said))
}

/// Every line of an audit file in order, with its number; the chain is checked on the way.
///
/// # Errors
/// [`Error::Broken`], [`Error::Disk`].
pub fn each(path: &Path, mut with: impl FnMut(u64, &Entry)) -> Result<Reach, Error> {
    chain::follow(File::open(path)?, |reach, entry| with(reach.lines, entry))
}
