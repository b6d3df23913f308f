//! One entry as a reader: its plain data set in whatever format it lies, each block verified as it is read.
use std::fs::File;
use std::io::{self, Read};

use super::encryption::Unsealed;
use super::reception::Reception;
use dicom::{ReadAt, Window};

/// An entry as its plain data set, verified as it is read; also for the worker, who gets the pieces.
pub struct Entry {
    reception: Reception,
    source: Source,
    at: u64,
}

pub(super) enum Source {
    /// Format 1: plain on disk.
    Plain(Window<File>),
    Sealed(Unsealed<File>),
}

impl Entry {
    pub(super) fn new(reception: Reception, source: Source) -> Entry {
        Entry { reception, source, at: 0 }
    }

    /// What reception knew.
    pub fn reception(&self) -> &Reception {
        &self.reception
    }

    pub(super) fn into_reception(self) -> Reception {
        self.reception
    }
}

impl ReadAt for Entry {
    /// `InvalidData` when what is stored is not what was received.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        match &self.source {
            Source::Plain(window) => window.read_at(buf, offset),
            Source::Sealed(unsealed) => unsealed.read_at(buf, offset),
        }
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.reception.length)
    }
}

impl Read for Entry {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.read_at(buf, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}
