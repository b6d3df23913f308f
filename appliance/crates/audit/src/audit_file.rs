//! The open audit file: lines are appended, chained and synced, and those who send them are woken.
//!
//! A command may write while the appliance starts or stops and does not answer it yet: the file is locked for each write,
//! and each goes on from what the other wrote.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use proto::clock::{self, now};
use tokio::sync::Notify;

use super::chain::{Head, Reach, each, gone_on, reach_of};
use super::entry::Entry;
use super::error::Error;

/// What the collector has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Whether a collector is configured.
    pub configured: bool,
    /// Lines the collector has.
    pub sent: u64,
    /// Lines that wait for it.
    pub waiting: u64,
    /// Since when it does not take them, ms.
    pub away_since: Option<i64>,
}

/// The open audit file.
#[derive(Debug)]
pub struct Audit {
    pub(super) path: PathBuf,
    inner: Mutex<Inner>,
    /// Told after each write.
    pub(super) written: Notify,
    pub(super) delivery: Mutex<Delivery>,
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
        let (head, said, held) = Head::open_held(path, store_key)?;
        let there = path.is_file();
        let reach = if there || said.is_some() { reach_of(path, said.as_ref())? } else { Reach::default() };
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        if file.metadata()?.len() > reach.bytes {
            file.set_len(reach.bytes)?;
        }
        file.sync_all()?;
        let old = said.is_none() && reach.lines > 0;
        head.write(&reach)?;
        drop(held);
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
        let held = inner.head.hold()?;
        inner.reach = gone_on(&self.path, &inner.head, &inner.reach)?;
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
        drop(held);
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::verify;

    const KEY: [u8; 32] = [7; 32];

    #[test]
    fn two_that_write_at_once_make_one_chain() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.jsonl");
        let running = Audit::open(&path, &KEY).unwrap();
        running.write(1, "appliance", "application start", "", "").unwrap();
        let command = Audit::open(&path, &KEY).unwrap();
        command.write(2, "operator", "user add", "ada", "").unwrap();
        running.write(3, "ada", "login", "", "").unwrap();
        command.write(4, "operator", "user reset", "ada", "").unwrap();
        assert_eq!(verify(&path, &KEY).unwrap().lines, 4);
        let many = |who: &'static str| {
            let path = path.clone();
            std::thread::spawn(move || {
                for at in 0..20 {
                    Audit::open(&path, &KEY).unwrap().write(at, who, "login", "", "").unwrap();
                }
            })
        };
        for writer in ["ada", "bo"].map(many) {
            writer.join().unwrap();
        }
        assert_eq!(verify(&path, &KEY).unwrap().lines, 44);
        assert!(Audit::open(&path, &KEY).is_ok());
    }

    #[test]
    fn a_line_written_past_a_running_audit_shows() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.jsonl");
        let audit = Audit::open(&path, &KEY).unwrap();
        audit.write(1, "ada", "login", "", "").unwrap();
        let entry = Entry { who: "ada".into(), before: audit.reach().last, ..Entry::default() };
        let mut forged = std::fs::read(&path).unwrap();
        forged.extend(serde_json::to_vec(&entry).unwrap());
        forged.push(b'\n');
        std::fs::write(&path, forged).unwrap();
        audit.write(2, "ada", "logout", "", "").unwrap();
        assert!(matches!(verify(&path, &KEY), Err(Error::Broken(3))));
    }
}
