//! A disk that fails on demand, one named operation at a time (feature `test-support`).
#![allow(clippy::unwrap_used, missing_docs, reason = "for tests alone, which stop where something is wrong")]

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::disk::{Disk, DiskFile, Listed, SystemDisk};
use super::id::Id;
use super::inbox::Inbox;
use super::pending_file::FILE_HEADER;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    NoSpace,
    InputOutput,
    /// The first write takes one byte, later ones take what is asked.
    ShortWrite,
    /// Writes take nothing, without an error.
    NoProgress,
}

/// The operation that fails: `create`, `reserve`, `write`, `header`, `sync`, `set_length`, `punch`, `rename`,
/// `sync_folder`, `remove`, `free`.
#[derive(Clone, Default)]
pub struct FaultyDisk {
    plan: Arc<Mutex<Option<(&'static str, Failure)>>>,
    free: Arc<Mutex<Option<Free>>>,
}

/// What the disk says of its free space.
#[derive(Clone, Copy)]
enum Free {
    /// So much, whatever is written.
    Fixed(u64),
    /// So much less what the files under the root take: a small disk.
    Budget(u64),
}

impl FaultyDisk {
    pub fn fail(&self, operation: &'static str, failure: Failure) {
        *self.plan.lock().unwrap_or_else(|p| p.into_inner()) = Some((operation, failure));
    }

    pub fn heal(&self) {
        *self.plan.lock().unwrap_or_else(|p| p.into_inner()) = None;
    }

    pub fn set_free(&self, bytes: u64) {
        *self.free.lock().unwrap_or_else(|p| p.into_inner()) = Some(Free::Fixed(bytes));
    }

    /// From now on the disk has so many bytes in all.
    pub fn set_budget(&self, bytes: u64) {
        *self.free.lock().unwrap_or_else(|p| p.into_inner()) = Some(Free::Budget(bytes));
    }

    fn planned(&self, operation: &str) -> Option<Failure> {
        let plan = *self.plan.lock().unwrap_or_else(|p| p.into_inner());
        plan.and_then(|(at, failure)| (at == operation).then_some(failure))
    }

    fn check(&self, operation: &str) -> io::Result<()> {
        match self.planned(operation) {
            Some(Failure::NoSpace) => Err(io::Error::from(io::ErrorKind::StorageFull)),
            Some(Failure::InputOutput) => Err(io::Error::from_raw_os_error(5)),
            _ => Ok(()),
        }
    }
}

struct FaultyFile {
    inner: Box<dyn DiskFile>,
    disk: FaultyDisk,
}

impl DiskFile for FaultyFile {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let header = offset < FILE_HEADER || bytes.starts_with(b"SCANSIDE-ENTRY");
        let operation = if header { "header" } else { "write" };
        self.disk.check(operation)?;
        match self.disk.planned(operation) {
            Some(Failure::NoProgress) => Ok(0),
            Some(Failure::ShortWrite) => self.inner.write_at(bytes.get(..1).unwrap_or_default(), offset),
            _ => self.inner.write_at(bytes, offset),
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk.check("sync")?;
        self.inner.sync()
    }

    fn reserve(&mut self, length: u64) -> io::Result<()> {
        self.disk.check("reserve")?;
        self.inner.reserve(length)
    }

    fn set_length(&mut self, length: u64) -> io::Result<()> {
        self.disk.check("set_length")?;
        self.inner.set_length(length)
    }

    fn punch(&mut self, offset: u64, length: u64) -> io::Result<()> {
        self.disk.check("punch")?;
        self.inner.punch(offset, length)
    }

    fn file(&self) -> &File {
        self.inner.file()
    }
}

impl Disk for FaultyDisk {
    fn make_folder(&self, path: &Path) -> io::Result<()> {
        SystemDisk.make_folder(path)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.check("create")?;
        Ok(Box::new(FaultyFile { inner: SystemDisk.create(path)?, disk: self.clone() }))
    }

    fn reopen(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(FaultyFile { inner: SystemDisk.reopen(path)?, disk: self.clone() }))
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        SystemDisk.open(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.check("rename")?;
        SystemDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.check("remove")?;
        SystemDisk.remove(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        SystemDisk.remove_folder(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.check("sync_folder")?;
        SystemDisk.sync_folder(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Listed>> {
        SystemDisk.list(path)
    }

    fn free(&self, path: &Path) -> io::Result<u64> {
        self.check("free")?;
        match *self.free.lock().unwrap_or_else(|p| p.into_inner()) {
            Some(Free::Fixed(bytes)) => Ok(bytes),
            Some(Free::Budget(bytes)) => Ok(bytes.saturating_sub(taken(path)?)),
            None => SystemDisk.free(path),
        }
    }
}

/// Bytes that the files under a folder take on the disk.
pub fn taken(folder: &Path) -> io::Result<u64> {
    let mut sum = 0;
    for item in std::fs::read_dir(folder)? {
        let item = item?;
        match item.metadata() {
            Ok(about) if about.is_dir() => sum += taken(&item.path())?,
            Ok(about) => sum += about.blocks() * 512,
            // Removed between the two calls.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(sum)
}

/// A bit flips `at` bytes into a stored data set, as it lies on the disk.
pub fn damage(inbox: &Inbox, id: Id, at: u64) {
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::FileExt;
    let entry = inbox.hand_out(id).unwrap();
    let path = format!("/proc/self/fd/{}", entry.file.as_raw_fd());
    let file = std::fs::File::options().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, entry.offset + at).unwrap();
    file.write_all_at(&[byte[0] ^ 1], entry.offset + at).unwrap();
}
