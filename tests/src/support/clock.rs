//! A clock of one process, which a test sets while that process runs (libfaketime). The machine's own stays as it is,
//! and so does the monotonic one.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Error, Result};

/// What the time is for one process: by how much it differs from the true one stands in a file.
#[derive(Debug, Clone)]
pub struct Clock {
    file: PathBuf,
    library: PathBuf,
}

impl Clock {
    /// A right clock, kept in `folder`.
    ///
    /// # Errors
    /// When libfaketime is not installed.
    pub fn new(folder: &Path) -> Result<Self> {
        let places = [
            format!("/usr/lib/{}-linux-gnu/faketime", std::env::consts::ARCH),
            "/usr/lib64/faketime".to_owned(),
            "/usr/lib/faketime".to_owned(),
        ];
        let found = places.iter().map(|p| Path::new(p).join("libfaketimeMT.so.1")).find(|p| p.is_file());
        let library = found.ok_or_else(|| Error::other("libfaketime is missing: run `tests/setup test`"))?;
        let clock = Self { file: folder.join("clock"), library };
        clock.set(0)?;
        Ok(clock)
    }

    /// Sets it so many seconds ahead of the true time, or behind it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn set(&self, seconds: i64) -> Result<()> {
        // In one piece: the process reads it at every look at its clock.
        let new = self.file.with_extension("new");
        std::fs::write(&new, format!("{seconds:+}")).map_err(Error::io("a clock"))?;
        std::fs::rename(&new, &self.file).map_err(Error::io("a clock"))
    }

    /// Gives it to a process that is about to be started. Workers begin with an empty environment, without it.
    pub(super) fn give(&self, command: &mut Command) {
        command
            .env("LD_PRELOAD", &self.library)
            .env("FAKETIME_TIMESTAMP_FILE", &self.file)
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .env("DONT_FAKE_MONOTONIC", "1")
            .env("NO_FAKE_STAT", "1");
    }
}
