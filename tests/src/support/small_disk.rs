//! A small disk: a file system of memory mounted where a room keeps its files, so that a full disk is a real one.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Error, Result};

/// A mounted file system; unmounted when dropped.
#[derive(Debug)]
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts one of so many MiB at a folder, which is made. `None` where this user may not mount (that needs root): it is
    /// said then that `what` was not tested.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn mount(at: &Path, mebibytes: u64, what: &str) -> Result<Option<Self>> {
        std::fs::create_dir_all(at).map_err(Error::io("the folder of a small disk"))?;
        let options = format!("size={mebibytes}m,mode=0700");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(at).output();
        if done.is_ok_and(|done| done.status.success()) {
            return Ok(Some(Self(at.to_owned())));
        }
        let _ = writeln!(
            std::io::stderr(),
            "a small disk could not be mounted (that needs root): {what} was NOT tested"
        );
        Ok(None)
    }

    /// Bytes that may still be written.
    ///
    /// # Errors
    /// What the system says.
    pub fn free(&self) -> Result<u64> {
        let about = rustix::fs::statvfs(&self.0)
            .map_err(|errno| Error::io("a small disk")(std::io::Error::from(errno)))?;
        Ok(about.f_bavail.saturating_mul(about.f_frsize))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
