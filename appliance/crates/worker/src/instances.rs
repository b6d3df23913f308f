//! The instances of a job: their bytes behind descriptors, plain or encrypted by the store, and their headers, each
//! read once as long as they fit into [`HELD_BYTES`].

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::rc::Rc;

use crate::error::Error;
use dicom::{Limits, Parsed, ReadAt, Window, read, read_data_set};
use domain::job::{InstanceRef, Sealed};
use store::{EntryKey, Unsealed};

/// Headers are held, in the order in which they are read, while together they take no more than this. One that does not
/// fit is read again whenever it is needed; pixels and other long values are never held, they stay ranges of the file.
pub(crate) const HELD_BYTES: u64 = 48 << 20;

/// The plain bytes of one instance.
pub(crate) type Source<'f> = Box<dyn ReadAt + 'f>;

/// How the bytes of an instance are had, by its number.
type Open<'f> = Box<dyn Fn(usize) -> Result<Source<'f>, dicom::Error> + 'f>;

/// The instances of one job.
pub(crate) struct Instances<'f> {
    refs: &'f [InstanceRef],
    open: Open<'f>,
    held: BTreeMap<usize, Result<Rc<Parsed>, dicom::Error>>,
    /// Bytes that more headers may take.
    left: u64,
}

impl<'f> Instances<'f> {
    /// The output of a job and the instances behind its other files. `files`: the output first.
    ///
    /// # Errors
    /// [`Error::Descriptors`] when a file is missing, or there is one that no instance lies in.
    pub(crate) fn split(files: &'f [File], refs: &'f [InstanceRef]) -> Result<(&'f File, Self), Error> {
        let (output, rest) = files.split_first().ok_or(Error::Descriptors)?;
        let named: BTreeSet<usize> = refs.iter().enumerate().map(|(at, i)| file_of(i, at)).collect();
        if !named.iter().copied().eq(0..rest.len()) {
            return Err(Error::Descriptors);
        }
        Ok((output, Self::new(refs, Box::new(|at| source(rest, refs, at)), HELD_BYTES)))
    }

    /// Instances whose bytes `open` gives, and `room` in bytes for their headers.
    pub(crate) fn new(refs: &'f [InstanceRef], open: Open<'f>, room: u64) -> Self {
        Self { refs, open, held: BTreeMap::new(), left: room }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.refs.len()
    }

    /// The bytes of instance `at`, from where the data set, or the file with its own meta, begins; and its header.
    ///
    /// # Errors
    /// What is wrong with the bytes; never a value of them.
    pub(crate) fn get(&mut self, at: usize) -> Result<(Source<'f>, Rc<Parsed>), dicom::Error> {
        if let Some(held) = self.held.get(&at) {
            return Ok(((self.open)(at)?, held.clone()?));
        }
        match self.read(at) {
            Ok((source, parsed)) => {
                let parsed = Rc::new(parsed);
                if let Some(left) = self.left.checked_sub(parsed.memory()) {
                    self.left = left;
                    self.held.insert(at, Ok(Rc::clone(&parsed)));
                }
                Ok((source, parsed))
            }
            Err(error) => {
                if !error.may_retry() {
                    self.held.insert(at, Err(error.clone()));
                }
                Err(error)
            }
        }
    }

    /// The same, of an instance that the job needs once: nothing is held.
    ///
    /// # Errors
    /// What is wrong with the bytes; never a value of them.
    pub(crate) fn read(&self, at: usize) -> Result<(Source<'f>, Parsed), dicom::Error> {
        let reference = self.refs.get(at).ok_or(dicom::Error::Truncated)?;
        let source = (self.open)(at)?;
        let limits = Limits::default();
        let parsed = match reference.offset {
            Some(_) => read_data_set(&*source, &reference.transfer_syntax, &limits)?,
            None => read(&*source, &limits)?,
        };
        Ok((source, parsed))
    }
}

/// The number of the file that instance `at` lies in.
fn file_of(reference: &InstanceRef, at: usize) -> usize {
    reference.file.map_or(at, |file| file as usize)
}

fn source<'f>(files: &'f [File], refs: &[InstanceRef], at: usize) -> Result<Source<'f>, dicom::Error> {
    let reference = refs.get(at).ok_or(dicom::Error::Truncated)?;
    let file = files.get(file_of(reference, at)).ok_or(dicom::Error::Truncated)?;
    let offset = reference.offset.unwrap_or(0);
    match &reference.sealed {
        Some(sealed) => decrypted(file, offset, sealed),
        None => Ok(Box::new(Window::new(file, offset, file.metadata()?.len().saturating_sub(offset)))),
    }
}

/// What the store encrypted, opened and verified block by block as it is read.
fn decrypted<'f>(file: &'f File, offset: u64, sealed: &Sealed) -> Result<Source<'f>, dicom::Error> {
    let id = sealed.id.parse().map_err(|_| dicom::Error::Damaged)?;
    let key = EntryKey::from_hex(sealed.key.expose()).map_err(|_| dicom::Error::Damaged)?;
    Ok(Box::new(Unsealed::new(file, offset, sealed.length, id, key)))
}
