//! The few things the store asks of a disk, as a trait, so that tests can fail each of them.
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::FallocateFlags;

use super::error::{Error, Step};

/// A name in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The file name; names that are not UTF-8 are not ours and come out empty.
    pub name: String,
    /// Bytes, for a file.
    pub length: u64,
    /// Whether it is a folder.
    pub folder: bool,
}

/// An open file that is being made.
pub trait DiskFile: Send + Sync {
    /// Write some of `bytes` at `offset`; may write fewer than asked, as the system may.
    ///
    /// # Errors
    /// What the system says.
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize>;
    /// Return once content and length are on stable storage.
    ///
    /// # Errors
    /// What the system says; after an error nothing may be assumed about the content.
    fn sync(&mut self) -> io::Result<()>;
    /// Set room aside for so many bytes from the start; they read as zeros.
    ///
    /// # Errors
    /// What the system says; `Unsupported` where a file system cannot.
    fn reserve(&mut self, length: u64) -> io::Result<()>;
    /// Cut or extend to so many bytes.
    ///
    /// # Errors
    /// What the system says.
    fn set_length(&mut self, length: u64) -> io::Result<()>;
    /// Give the room of these bytes back; the first page of them reads as zeros from now on.
    ///
    /// # Errors
    /// What the system says.
    fn punch(&mut self, offset: u64, length: u64) -> io::Result<()>;
    /// The file itself, to hand its descriptor to a worker.
    fn file(&self) -> &File;
}

/// A disk.
pub trait Disk: Send + Sync + 'static {
    /// Make a folder and its parents, for our user alone.
    ///
    /// # Errors
    /// What the system says.
    fn make_folder(&self, path: &Path) -> io::Result<()>;
    /// Make a new file, for our user alone; an existing one is an error.
    ///
    /// # Errors
    /// What the system says.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Open an existing file for writing and syncing.
    ///
    /// # Errors
    /// What the system says.
    fn reopen(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Open an existing file for reading.
    ///
    /// # Errors
    /// What the system says.
    fn open(&self, path: &Path) -> io::Result<File>;
    /// Move a file within the store.
    ///
    /// # Errors
    /// What the system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Remove a file.
    ///
    /// # Errors
    /// What the system says.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Remove a folder and all in it.
    ///
    /// # Errors
    /// What the system says.
    fn remove_folder(&self, path: &Path) -> io::Result<()>;
    /// Return once the names in this folder are on stable storage.
    ///
    /// # Errors
    /// What the system says.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
    /// What is in a folder.
    ///
    /// # Errors
    /// What the system says.
    fn list(&self, path: &Path) -> io::Result<Vec<Listed>>;
    /// Bytes that an ordinary user may still write.
    ///
    /// # Errors
    /// What the system says.
    fn free(&self, path: &Path) -> io::Result<u64>;
}

/// Write all of `bytes` at `offset`, however the disk cuts it.
pub(crate) fn write_all(file: &mut dyn DiskFile, bytes: &[u8], offset: u64, step: Step) -> Result<(), Error> {
    let mut done = 0;
    while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
        match file.write_at(rest, offset + done as u64) {
            Ok(0) => return Err(Error::Disk { step, kind: io::ErrorKind::WriteZero }),
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Error::disk(step)(error)),
        }
    }
    Ok(())
}

/// The system's own disk.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SystemDisk;

struct SystemFile(File);

impl DiskFile for SystemFile {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.0.write_at(bytes, offset)
    }

    fn sync(&mut self) -> io::Result<()> {
        // fdatasync: content and the length needed to read it; times are not worth a journal write.
        self.0.sync_data()
    }

    fn reserve(&mut self, length: u64) -> io::Result<()> {
        Ok(rustix::fs::fallocate(&self.0, FallocateFlags::empty(), 0, length)?)
    }

    fn set_length(&mut self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }

    fn punch(&mut self, offset: u64, length: u64) -> io::Result<()> {
        let hole = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        match rustix::fs::fallocate(&self.0, hole, offset, length) {
            // A file system without holes: the header goes, the room comes back with the whole file.
            Err(rustix::io::Errno::OPNOTSUPP) => self.0.write_all_at(&[0; 4096], offset),
            other => Ok(other?),
        }
    }

    fn file(&self) -> &File {
        &self.0
    }
}

impl Disk for SystemDisk {
    fn make_folder(&self, path: &Path) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
        Ok(Box::new(SystemFile(file)))
    }

    fn reopen(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        // A worker is not trusted: no link out of its folder, no pipe that would block us.
        let flags = (rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK).bits();
        let file = OpenOptions::new().read(true).write(true).custom_flags(flags as i32).open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        Ok(Box::new(SystemFile(file)))
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        File::open(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir_all(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Listed>> {
        let mut found = Vec::new();
        for item in fs::read_dir(path)? {
            let item = item?;
            let about = match item.metadata() {
                Ok(about) => about,
                // Gone between the two calls: another task removed it, which is its right.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let name = item.file_name().into_string().unwrap_or_default();
            found.push(Listed { name, length: about.len(), folder: about.is_dir() });
        }
        Ok(found)
    }

    fn free(&self, path: &Path) -> io::Result<u64> {
        let about = rustix::fs::statvfs(path)?;
        Ok(about.f_bavail.saturating_mul(about.f_frsize))
    }
}
