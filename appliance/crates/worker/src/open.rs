//! Instances as bytes behind a descriptor, plain or sealed by the store, and their headers.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;

use super::Error;
use dicom::{self, Limits, Parsed, ReadAt, Window, read, read_data_set};
use domain::job::{InstanceRef, Sealed};
use store::{EntryKey, Unsealed};

/// The plain bytes of one instance.
pub(super) enum Source<'f> {
    Plain(Window<&'f File>),
    /// Opened and verified block by block, as it is read.
    Sealed(Box<Unsealed<&'f File>>),
}

impl ReadAt for Source<'_> {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        match self {
            Source::Plain(window) => window.read_at(buf, offset),
            Source::Sealed(unsealed) => unsealed.read_at(buf, offset),
        }
    }

    fn size(&self) -> io::Result<u64> {
        match self {
            Source::Plain(window) => window.size(),
            Source::Sealed(unsealed) => unsealed.size(),
        }
    }
}

fn unsealed<'f>(file: &'f File, offset: u64, sealed: &Sealed) -> Result<Source<'f>, dicom::Error> {
    let id = sealed.id.parse().map_err(|_| dicom::Error::Damaged)?;
    let key = EntryKey::from_hex(sealed.key.expose()).map_err(|_| dicom::Error::Damaged)?;
    Ok(Source::Sealed(Box::new(Unsealed::new(file, offset, sealed.length, id, key))))
}

/// The bag of a job and the files that its instances lie in.
///
/// # Errors
/// [`Error::Descriptors`] when a file is missing, or there is one that no instance lies in.
pub(super) fn split<'f>(
    files: &'f [File],
    instances: &[InstanceRef],
) -> Result<(&'f File, &'f [File]), Error> {
    let (bag, rest) = files.split_first().ok_or(Error::Descriptors)?;
    let named: BTreeSet<usize> = instances.iter().enumerate().map(|(at, i)| file_of(i, at)).collect();
    if named.iter().copied().eq(0..rest.len()) { Ok((bag, rest)) } else { Err(Error::Descriptors) }
}

/// The number of the file that instance `at` lies in.
fn file_of(reference: &InstanceRef, at: usize) -> usize {
    reference.file.map_or(at, |file| file as usize)
}

/// Opens instance `at`: its bytes from where the data set, or the file with its own meta, begins.
///
/// # Errors
/// What is wrong with the bytes; never a value of them.
pub(super) fn open<'f>(
    files: &'f [File],
    refs: &[InstanceRef],
    at: usize,
) -> Result<(Source<'f>, Parsed), dicom::Error> {
    let reference = refs.get(at).ok_or(dicom::Error::Truncated)?;
    let file = files.get(file_of(reference, at)).ok_or(dicom::Error::Truncated)?;
    let offset = reference.offset.unwrap_or(0);
    let source = match &reference.sealed {
        Some(sealed) => unsealed(file, offset, sealed)?,
        None => Source::Plain(Window::new(file, offset, file.metadata()?.len().saturating_sub(offset))),
    };
    let limits = Limits::default();
    let parsed = match reference.offset {
        Some(_) => read_data_set(&source, &reference.transfer_syntax, &limits)?,
        None => read(&source, &limits)?,
    };
    Ok((source, parsed))
}
