//! An instance that is arriving: hashed, sealed and written as it comes; durable with one sync at its end.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::disk::write_all;
use super::encryption::Sealer;
use super::entry_name::{PAGE, end_of, name_at};
use super::error::{Error, Step};
use super::free_space::Share;
use super::id::{Digest, Id};
use super::key::{SALT, random};
use super::lane::Lane;
use super::page;
use super::reception::Reception;
use super::segment::Segments;

/// A committed entry.
#[derive(Clone, Debug)]
pub struct Stored {
    /// What was written, with id, length and digest filled in.
    pub reception: Reception,
}

/// An instance that is still arriving. Dropping it leaves nothing, and gives its room back.
pub struct Incoming {
    segments: Arc<Segments>,
    id: Id,
    salt: [u8; SALT],
    hasher: blake3::Hasher,
    length: u64,
    /// Both are there until the end.
    sealer: Option<Sealer>,
    lane: Option<Lane>,
    at: u64,
    share: Share,
    broken: bool,
}

impl Incoming {
    /// Refuses under the watermark and after a failed sync, before anything is written.
    pub(super) fn begin(segments: &Arc<Segments>) -> Result<Incoming, Error> {
        let folder = segments.folder();
        folder.ready()?;
        segments.room.check()?;
        let mut salt = [0; SALT];
        random(&mut salt)?;
        let key = folder.key.entry(&salt)?;
        let mut lane = segments.take()?;
        let at = lane.at;
        let id = match name_at(lane.name, at) {
            Ok(id) => id,
            Err(error) => {
                segments.put_back(lane, at);
                return Err(error);
            }
        };
        let sealer = Sealer::new(key, id, std::mem::take(&mut lane.buffer));
        segments.arriving.fetch_add(1, Ordering::AcqRel);
        Ok(Incoming {
            segments: Arc::clone(segments),
            id,
            salt,
            hasher: blake3::Hasher::new(),
            length: 0,
            sealer: Some(sealer),
            lane: Some(lane),
            at: at + PAGE,
            share: Share::new(&segments.room),
            broken: false,
        })
    }

    /// Our name of the entry to be.
    pub fn id(&self) -> Id {
        self.id
    }

    /// Data set bytes taken so far.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The data set says that it will have so many bytes: room for them is made sure of before they come.
    ///
    /// # Errors
    /// `TooLong`, `Full`, `Disk`; the entry should be dropped then.
    pub fn expect(&mut self, length: u64) -> Result<(), Error> {
        self.share.expect(length)
    }

    /// Take the next bytes of the data set, in order. Memory stays bounded whatever the total.
    ///
    /// # Errors
    /// `TooLong`, `Full`, `Disk`; the entry cannot be committed after that and should be dropped.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.share.take(bytes.len() as u64)?;
        self.length += bytes.len() as u64;
        self.hasher.update(bytes);
        let (Some(sealer), Some(lane)) = (&mut self.sealer, &mut self.lane) else { return Err(Error::Seal) };
        let (at, broken) = (&mut self.at, &mut self.broken);
        sealer.push(bytes, &mut |sealed| {
            let written = write_all(&mut *lane.file, sealed, *at, Step::Write);
            *broken = written.is_err();
            *at += sealed.len() as u64;
            written
        })
    }

    /// Make the entry durable: the rest written, then the header, then one sync; only then does this return. `id`,
    /// `length` and `digest` of `reception` are set here.
    ///
    /// # Errors
    /// Nothing of it is found afterwards on any error but a failed sync, after which nobody can know; the store is
    /// `Poisoned` from then on.
    pub fn commit(mut self, mut reception: Reception) -> Result<Stored, Error> {
        self.segments.folder().ready()?;
        reception.id = self.id;
        reception.length = self.length;
        reception.digest = Digest::from_bytes(*self.hasher.finalize().as_bytes());
        let (Some(sealer), Some(lane)) = (self.sealer.take(), &mut self.lane) else {
            return Err(Error::Seal);
        };
        let header = page::write(&reception, sealer.key(), &self.salt)?;
        let at = self.at;
        // From here a failure leaves the lane in an unknown state.
        self.broken = true;
        let (_, buffer) = sealer.finish(&mut |sealed| write_all(&mut *lane.file, sealed, at, Step::Write))?;
        lane.buffer = buffer;
        write_all(&mut *lane.file, &header, lane.at, Step::Header)?;
        if let Err(error) = lane.file.sync() {
            self.segments.folder().poison();
            return Err(Error::disk(Step::Sync)(error));
        }
        self.segments.committed(lane.name, lane.at);
        lane.at = end_of(lane.at, reception.length);
        self.broken = false;
        Ok(Stored { reception })
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        let Some(mut lane) = self.lane.take() else { return };
        self.segments.arriving.fetch_sub(1, Ordering::AcqRel);
        if let Some(sealer) = self.sealer.take() {
            lane.buffer = sealer.into_buffer();
        }
        if self.broken {
            // A header may have been written: it must not be found, and the next object gets another lane.
            let _ = lane.file.punch(lane.at, PAGE);
            self.segments.retire(lane);
        } else {
            self.segments.put_back(lane, self.at);
        }
    }
}
