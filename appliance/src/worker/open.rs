//! Instances as bytes behind a descriptor, and their headers.

use std::fs::File;

use super::Error;
use crate::dicom::{self, Limits, Parsed, Window, read, read_data_set};
use crate::job::InstanceRef;

/// The bytes of one instance.
pub(super) type Source<'f> = Window<&'f File>;

/// The bag and the instances of a job.
///
/// # Errors
/// [`Error::Descriptors`] when there are not exactly one more than instances.
pub(super) fn split(files: &[File], instances: usize) -> Result<(&File, &[File]), Error> {
    match files.split_first() {
        Some((bag, rest)) if rest.len() == instances => Ok((bag, rest)),
        _ => Err(Error::Descriptors),
    }
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
    let (Some(file), Some(reference)) = (files.get(at), refs.get(at)) else {
        return Err(dicom::Error::Truncated);
    };
    let length = file.metadata()?.len();
    let offset = reference.offset.unwrap_or(0);
    let source = Window::new(file, offset, length.saturating_sub(offset));
    let limits = Limits::default();
    let parsed = match reference.offset {
        Some(_) => read_data_set(&source, &reference.transfer_syntax, &limits)?,
        None => read(&source, &limits)?,
    };
    Ok((source, parsed))
}
