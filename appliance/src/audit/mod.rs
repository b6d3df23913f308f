//! The audit: who did what to which study, one JSON line each, chained by digest, synced before it counts.
//!
//! A line names people by login, studies and cases by our own ids; it holds no value of a data set.
//! Each line carries the BLAKE3 digest of the line before it, so that a removed or altered line shows.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

/// What can go wrong with the audit.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read or written.
    #[error("the audit file cannot be read or written: {0}")]
    Disk(std::io::ErrorKind),
    /// The chain is broken at a line (counted from 1).
    #[error("the audit's chain is broken at line {0}: it was altered or damaged")]
    Broken(usize),
}

impl From<std::io::Error> for Error {
    fn from(e: std::io::Error) -> Self {
        Self::Disk(e.kind())
    }
}

/// One audit line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When, ms since 1970 UTC.
    pub at: i64,
    /// Login name, `appliance`, or `cloud`.
    pub who: String,
    /// What was done, one word with hyphens.
    pub what: String,
    /// Our id of the study or case, or empty.
    pub on: String,
    /// More in words, without identity.
    #[serde(default)]
    pub detail: String,
    /// Digest of the line before, hex; empty on the first.
    #[serde(default)]
    pub before: String,
}

/// The open audit file.
#[derive(Debug)]
pub struct Audit {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    file: File,
    last: String,
}

impl Audit {
    /// Opens (or begins) the audit and checks its chain; a half-written last line is cut off.
    ///
    /// # Errors
    /// [`Error::Broken`] when a line does not follow from the one before it.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let (last, whole) = match File::open(path) {
            Ok(file) => verify(file)?,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => (String::new(), 0),
            Err(e) => return Err(e.into()),
        };
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        if file.metadata()?.len() > whole {
            file.set_len(whole)?;
        }
        file.sync_all()?;
        Ok(Self { inner: Mutex::new(Inner { file, last }) })
    }

    /// Appends one line and syncs it.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn write(&self, at: i64, who: &str, what: &str, on: &str, detail: &str) -> Result<(), Error> {
        let mut inner = self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let entry = Entry {
            at,
            who: who.to_owned(),
            what: what.to_owned(),
            on: on.to_owned(),
            detail: detail.to_owned(),
            before: inner.last.clone(),
        };
        let mut line =
            serde_json::to_vec(&entry).map_err(|_| Error::Disk(std::io::ErrorKind::InvalidData))?;
        let digest = blake3::hash(&line).to_hex().to_string();
        line.push(b'\n');
        inner.file.write_all(&line)?;
        inner.file.sync_data()?;
        inner.last = digest;
        Ok(())
    }
}

/// Checks the chain of an audit file; returns the last digest and the length in bytes of its whole lines.
///
/// # Errors
/// [`Error::Broken`] with the first line that does not follow.
pub fn verify(file: File) -> Result<(String, u64), Error> {
    let mut reader = BufReader::new(file);
    let (mut last, mut whole, mut number) = (String::new(), 0_u64, 0_usize);
    let mut line = Vec::new();
    loop {
        line.clear();
        let n = reader.read_until(b'\n', &mut line)?;
        if n == 0 || line.last() != Some(&b'\n') {
            return Ok((last, whole));
        }
        number += 1;
        line.pop();
        let entry: Entry = serde_json::from_slice(&line).map_err(|_| Error::Broken(number))?;
        if entry.before != last {
            return Err(Error::Broken(number));
        }
        last = blake3::hash(&line).to_hex().to_string();
        whole += n as u64;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn three(path: &Path) {
        let audit = Audit::open(path).unwrap();
        for what in ["login", "release", "acknowledge"] {
            audit.write(1, "ada", what, "0f", "").unwrap();
        }
    }

    #[test]
    fn an_altered_or_removed_line_shows() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.jsonl");
        three(&path);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replacen("\"login\"", "\"logout\"", 1)).unwrap();
        assert!(matches!(Audit::open(&path), Err(Error::Broken(2))));
        let without: String =
            text.lines().enumerate().filter(|(i, _)| *i != 1).map(|(_, l)| format!("{l}\n")).collect();
        std::fs::write(&path, without).unwrap();
        assert!(matches!(Audit::open(&path), Err(Error::Broken(2))));
    }

    #[test]
    fn a_half_written_last_line_is_cut_and_the_chain_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.jsonl");
        three(&path);
        let mut text = std::fs::read(&path).unwrap();
        text.extend_from_slice(b"{\"at\":1,\"who\"");
        std::fs::write(&path, text).unwrap();
        Audit::open(&path).unwrap().write(2, "ada", "undo", "0f", "").unwrap();
        let (last, _) = verify(File::open(&path).unwrap()).unwrap();
        assert_eq!(last.len(), 64);
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 4);
    }
}
