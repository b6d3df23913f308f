//! Free space on the disk: what is free at this moment, less what objects that are arriving have been promised.
//!
//! Nothing that was refused counts for an answer: each comes from the free space of now. Only what makes room knows, for
//! its next round, how long the longest was that found none: what may go goes for it too. An object is promised its
//! room a step at a time, or at once where its length is known, so that several long ones are counted together and
//! none of them runs into the refuse watermark half-way. A long one leaves headroom above that watermark: while it
//! grows, and when it is refused, there is room for the others.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::config::StoreConfig;
use super::entry_name::SEGMENT;
use super::error::{Error, Step};
use super::folder::Folder;
use super::lane::IdleLanes;

/// Bytes that each object may take without a promise: the refuse watermark leaves room for them.
const UNPROMISED: u64 = 8 << 20;
/// What is promised at a time while the length of an object is not known.
const STEP: u64 = 8 << 20;
/// An object longer than this leaves as much to the others, above the refuse watermark.
const LONG: u64 = SEGMENT;

/// How much room there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Above both watermarks.
    Ample,
    /// Under the warn watermark.
    Low,
    /// Under the refuse watermark: nothing new is taken.
    Refusing,
}

/// Free space and what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Bytes that may still be written.
    pub free: u64,
    /// Against the watermarks, without what objects that are arriving have been promised.
    pub level: Level,
}

/// What all arriving objects together have been promised and have taken. Pages and tags around the content are not
/// counted: they are a thousandth of it.
#[derive(Default)]
struct Promises(Mutex<Sums>);

#[derive(Clone, Copy, Default)]
struct Sums {
    /// Promised and not written yet.
    promised: u64,
    /// Written, and given back if the object is refused.
    arriving: u64,
    /// What the longest object that found no room would have needed above the refuse watermark; 0: all found room.
    wanted: u64,
}

impl Promises {
    fn sums(&self) -> MutexGuard<'_, Sums> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The room of a store.
pub(crate) struct FreeSpace {
    pub(crate) folder: Arc<Folder>,
    warn: u64,
    refuse: u64,
    longest: u64,
    promises: Promises,
    /// What they have set aside is given back before anything is refused.
    pub(crate) idle: IdleLanes,
}

/// What one arriving object has been promised and has taken. Dropping it ends both.
pub(super) struct Share {
    room: Arc<FreeSpace>,
    granted: u64,
    written: u64,
}

impl Share {
    pub(super) fn new(room: &Arc<FreeSpace>) -> Share {
        Share { room: Arc::clone(room), granted: UNPROMISED, written: 0 }
    }

    /// Make sure of room for an object that will have `length` bytes in all.
    ///
    /// # Errors
    /// `TooLong` over the longest that is taken, `Full` when there is no room for it, `Disk`.
    pub(super) fn expect(&mut self, length: u64) -> Result<(), Error> {
        self.ask(length, length)
    }

    /// The next `length` bytes in all of an object that may become `likely` long.
    fn ask(&mut self, length: u64, likely: u64) -> Result<(), Error> {
        if length > self.room.longest {
            return Err(Error::TooLong);
        }
        if length > self.granted {
            let headroom = if length > LONG { LONG } else { 0 };
            self.room.promise(length - self.granted, headroom, likely.saturating_add(headroom))?;
            self.granted = length;
        }
        Ok(())
    }

    /// Make sure of room for the next bytes of an object whose length is not known, and count them as written.
    ///
    /// # Errors
    /// As `expect`.
    pub(super) fn take(&mut self, bytes: u64) -> Result<(), Error> {
        let length = self.written.saturating_add(bytes);
        if length > self.granted {
            let at_most = |bytes: u64| length.max(self.room.longest.min(bytes));
            // Room for a step more would be too little again.
            self.ask(at_most(length.saturating_add(STEP)), at_most(length.saturating_mul(2)))?;
        }
        let kept = self.kept();
        self.written = length;
        let mut sums = self.room.promises.sums();
        sums.promised = sums.promised.saturating_sub(kept.saturating_sub(self.kept()));
        sums.arriving = sums.arriving.saturating_add(bytes);
        Ok(())
    }

    /// What is promised and not written yet.
    fn kept(&self) -> u64 {
        self.granted.saturating_sub(self.written.max(UNPROMISED))
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut sums = self.room.promises.sums();
        sums.promised = sums.promised.saturating_sub(self.kept());
        sums.arriving = sums.arriving.saturating_sub(self.written);
    }
}

impl FreeSpace {
    pub(super) fn new(folder: Arc<Folder>, config: &StoreConfig) -> FreeSpace {
        FreeSpace {
            folder,
            warn: config.warn_free.0,
            refuse: config.refuse_free.0,
            longest: config.max_object.0,
            promises: Promises::default(),
            idle: IdleLanes::default(),
        }
    }

    fn free(&self) -> Result<u64, Error> {
        self.folder.disk.free(self.folder.root()).map_err(Error::disk(Step::Space))
    }

    fn level(&self, free: u64) -> Level {
        match free {
            free if free < self.refuse => Level::Refusing,
            free if free < self.warn => Level::Low,
            _ => Level::Ample,
        }
    }

    /// Free space of now; what is promised is no longer there for others.
    pub(super) fn space(&self) -> Result<Space, Error> {
        let free = self.free()?;
        let promised = self.promises.sums().promised;
        Ok(Space { free, level: self.level(free.saturating_sub(promised)) })
    }

    /// Whether so many bytes are free above the refuse watermark; not when the disk cannot say.
    pub(super) fn has_above_refuse(&self, bytes: u64) -> bool {
        self.space().is_ok_and(|space| space.free > self.refuse.saturating_add(bytes))
    }

    /// Whether stored things should go to make room, also for the longest object that found none. What is arriving
    /// counts as free: it may yet be refused, and nothing may have gone for it then.
    pub(super) fn short(&self) -> Result<bool, Error> {
        let Sums { arriving, wanted, .. } = *self.promises.sums();
        let enough = self.warn.max(self.refuse.saturating_add(wanted));
        Ok(self.free()?.saturating_add(arriving) < enough)
    }

    /// What could be done for objects that found no room was done: whoever still finds none says so again.
    pub(super) fn made_room(&self) {
        self.promises.sums().wanted = 0;
    }

    /// Refuses under the watermark. What is only set aside goes first.
    pub(super) fn check(&self) -> Result<(), Error> {
        let refusing = || Ok::<bool, Error>(self.space()?.level == Level::Refusing);
        if refusing()? && (!self.idle.give_back_reserves() || refusing()?) {
            return Err(Error::Full);
        }
        Ok(())
    }

    /// Promise so many more bytes, counted together with every other promise. Where they cannot be had, `wanted` is what
    /// the whole object needs.
    fn promise(&self, more: u64, headroom: u64, wanted: u64) -> Result<(), Error> {
        let mut sums = self.promises.sums();
        let needed = [more, sums.promised, headroom].into_iter().fold(self.refuse, u64::saturating_add);
        let lacks = || Ok::<bool, Error>(self.free()? < needed);
        if lacks()? && (!self.idle.give_back_reserves() || lacks()?) {
            sums.wanted = sums.wanted.max(wanted);
            return Err(Error::Full);
        }
        sums.promised = sums.promised.saturating_add(more);
        Ok(())
    }
}
