//! Whole files by name: sealed envelopes that wait to leave, reports that came home, preview bags.
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::draft::Temporary;
use super::error::{Error, Step};
use super::id::Id;
use super::key::{SALT, random};
use super::seal::{EntryKey, Sealer, Unsealed, plain_length};
use super::{Inner, TMP};
use dicom::ReadAt;

/// First bytes of a file on an encrypted shelf; 32 bytes of salt follow, then the sealed content. A file that begins
/// otherwise is plain: it is from before there was a key.
const MAGIC: &[u8; 16] = b"SCANSIDE-SHELF 1";
/// Bytes before the sealed content.
pub const SHELF_HEADER: u64 = 16 + SALT as u64;

/// One folder of whole, durable, immutable files. Cheap to clone; all calls block.
#[derive(Clone)]
pub struct Shelf {
    inner: Arc<Inner>,
    folder: &'static str,
    sealed: bool,
}

/// A file that is being made for a shelf. Dropping it removes it.
pub struct Draft {
    file: Temporary,
    folder: &'static str,
    written: u64,
    /// An encrypted shelf: the name, and what seals for it.
    sealed: Option<(Id, Seal)>,
}

/// Who seals the content.
enum Seal {
    /// We do: `append`.
    Here(Box<Sealer>),
    /// A worker does, with this key.
    Elsewhere(EntryKey),
}

/// An empty folder for one worker job's output; removed with all in it when dropped.
pub struct Scratch {
    inner: Arc<Inner>,
    path: PathBuf,
}

impl Shelf {
    pub(super) fn new(inner: Arc<Inner>, folder: &'static str, sealed: bool) -> Shelf {
        Shelf { inner, folder, sealed }
    }

    fn path(&self, id: Id) -> PathBuf {
        self.inner.root.join(self.folder).join(id.to_string())
    }

    /// Start a file on a shelf that is not encrypted.
    ///
    /// # Errors
    /// `Full`, `Poisoned`, `Disk`.
    pub fn begin(&self) -> Result<Draft, Error> {
        Ok(Draft { file: Temporary::create(&self.inner)?, folder: self.folder, written: 0, sealed: None })
    }

    /// Start a file under this name that a worker fills: sealed with `Draft::key` for that name, from
    /// `SHELF_HEADER` on.
    ///
    /// # Errors
    /// `Full`, `Poisoned`, `Disk`.
    pub fn begin_sealed(&self, id: Id) -> Result<Draft, Error> {
        let mut draft = self.begin()?;
        let mut salt = [0; SALT];
        random(&mut salt)?;
        draft.file.write_all_at(&[MAGIC.as_slice(), &salt].concat(), 0, Step::Header)?;
        draft.written = SHELF_HEADER;
        draft.sealed = Some((id, Seal::Elsewhere(self.inner.key.entry(&salt)?)));
        Ok(draft)
    }

    /// Make a file that a worker left at `name` in its scratch folder durable under `id`.
    ///
    /// # Errors
    /// `Unknown` when it is not there or its name is not a plain file name, `Poisoned`, `Disk`.
    pub fn adopt_from(&self, scratch: &Scratch, name: &str, id: Id) -> Result<(), Error> {
        if name.is_empty() || name.starts_with('.') || name.contains(['/', '\0']) {
            return Err(Error::Unknown);
        }
        Temporary::take_over(&self.inner, &scratch.path.join(name))?.place(self.folder, &id.to_string())
    }

    /// Make these bytes durable under `id`, replacing what was there.
    ///
    /// # Errors
    /// `Full`, `Poisoned`, `Disk`.
    pub fn put(&self, id: Id, bytes: &[u8]) -> Result<(), Error> {
        let mut draft = if self.sealed { self.begin_sealed(id)?.seal_here() } else { self.begin()? };
        draft.append(bytes)?;
        draft.adopt(id)
    }

    /// Open a file for reading.
    ///
    /// # Errors
    /// `Unknown`, `Disk`.
    pub fn open(&self, id: Id) -> Result<File, Error> {
        self.inner.disk.open(&self.path(id)).map_err(Error::disk(Step::Open))
    }

    /// Bytes `offset..offset + length` of a file, fewer where it ends earlier.
    ///
    /// # Errors
    /// `Unknown`, `Disk`.
    pub fn read_range(&self, id: Id, offset: u64, length: usize) -> Result<Vec<u8>, Error> {
        let file = self.open(id)?;
        let whole = file.metadata().map_err(Error::disk(Step::Read))?.len();
        let mut header = [0; SHELF_HEADER as usize];
        let marked = file.read_exact_at(&mut header, 0).is_ok() && header.starts_with(MAGIC);
        let sealed = if self.sealed && marked { header.last_chunk::<SALT>() } else { None };
        let Some(salt) = sealed else { return range(&file, whole, offset, length) };
        let whole = plain_length(whole.saturating_sub(SHELF_HEADER)).ok_or(Error::Damaged("length"))?;
        let key = self.inner.key.entry(salt)?;
        range(&Unsealed::new(file, SHELF_HEADER, whole, id, key), whole, offset, length)
    }

    /// Every file here as (name, bytes), in order of names.
    ///
    /// # Errors
    /// `Disk`.
    pub fn list(&self) -> Result<Vec<(Id, u64)>, Error> {
        let folder = self.inner.root.join(self.folder);
        let items = self.inner.disk.list(&folder).map_err(Error::disk(Step::List))?;
        let mut files: Vec<(Id, u64)> =
            items.iter().filter_map(|item| Some((item.name.parse().ok()?, item.length))).collect();
        files.sort();
        Ok(files)
    }

    /// Remove a file; a missing one is fine.
    ///
    /// # Errors
    /// `Disk`.
    pub fn remove(&self, id: Id) -> Result<(), Error> {
        match self.inner.disk.remove(&self.path(id)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::disk(Step::Remove)(error)),
            _ => Ok(()),
        }
    }
}

/// Part of what a file holds, fewer bytes where it ends earlier.
fn range(source: &dyn ReadAt, whole: u64, offset: u64, length: usize) -> Result<Vec<u8>, Error> {
    let there = usize::try_from(whole.saturating_sub(offset)).unwrap_or(usize::MAX).min(length);
    let mut bytes = vec![0; there];
    source.read_exact_at(&mut bytes, offset).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => Error::Damaged("content"),
        _ => Error::disk(Step::Read)(error),
    })?;
    Ok(bytes)
}

impl Draft {
    /// The content is sealed on this side, by `append`.
    fn seal_here(self) -> Draft {
        let sealed = self.sealed.map(|(id, seal)| match seal {
            Seal::Elsewhere(key) => (id, Seal::Here(Box::new(Sealer::new(key, id, Vec::new())))),
            here => (id, here),
        });
        Draft { sealed, ..self }
    }

    /// The name and the key that a worker seals with; `None` on a plain shelf.
    pub fn key(&self) -> Option<(Id, &EntryKey)> {
        match &self.sealed {
            Some((id, Seal::Elsewhere(key))) => Some((*id, key)),
            _ => None,
        }
    }

    /// Plain bytes that a worker has put into the file.
    ///
    /// # Errors
    /// `Damaged` when no content has this length, `Disk`.
    pub fn content_length(&self) -> Result<u64, Error> {
        let whole = self.file().metadata().map_err(Error::disk(Step::Read))?.len();
        match (&self.sealed, whole.saturating_sub(SHELF_HEADER)) {
            (None, _) => Ok(whole),
            (Some(_), 0) => Ok(0),
            (Some(_), sealed) => plain_length(sealed).ok_or(Error::Damaged("length")),
        }
    }

    /// The open file, to hand its descriptor to a worker. Mixing this with `append` is the caller's care.
    pub fn file(&self) -> &File {
        self.file.file()
    }

    /// Take the next bytes.
    ///
    /// # Errors
    /// `Full`, `Disk`.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let (file, written) = (&mut self.file, &mut self.written);
        let mut put = |bytes: &[u8]| {
            file.write_all_at(bytes, *written, Step::Write)?;
            *written += bytes.len() as u64;
            Ok(())
        };
        match &mut self.sealed {
            None => put(bytes),
            Some((_, Seal::Here(sealer))) => sealer.push(bytes, &mut put),
            // Two writers would use a nonce twice.
            Some((_, Seal::Elsewhere(_))) => Err(Error::Seal),
        }
    }

    /// Make it durable under `id`: synced, moved, folder synced.
    ///
    /// # Errors
    /// Nothing is left behind on any error. `Poisoned` from then on if a sync failed. `Unknown` for another name
    /// than the one it was sealed for.
    pub fn adopt(mut self, id: Id) -> Result<(), Error> {
        match self.sealed.take() {
            Some((name, _)) if name != id => return Err(Error::Unknown),
            Some((_, Seal::Here(sealer))) => {
                let (file, written) = (&mut self.file, self.written);
                sealer.finish(&mut |bytes| file.write_all_at(bytes, written, Step::Write))?;
            }
            _ => {}
        }
        self.file.place(self.folder, &id.to_string())
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let kind = |error| match error {
            Error::Full => io::ErrorKind::StorageFull,
            Error::Disk { kind, .. } => kind,
            _ => io::ErrorKind::Other,
        };
        self.append(bytes).map(|()| bytes.len()).map_err(|error| io::Error::from(kind(error)))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Scratch {
    pub(super) fn new(inner: &Arc<Inner>) -> Result<Scratch, Error> {
        inner.ready()?;
        inner.room()?;
        let path = inner.root.join(TMP).join(inner.fresh()?.to_string());
        inner.disk.make_folder(&path).map_err(Error::disk(Step::Create))?;
        Ok(Scratch { inner: Arc::clone(inner), path })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next start's scan.
        let _ = self.inner.disk.remove_folder(&self.path);
    }
}
