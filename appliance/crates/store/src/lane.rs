//! Lanes: segments that are being filled, each by one arriving object at a time.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::disk::DiskFile;
use super::entry_name::Name;

/// A segment that is being filled.
pub(crate) struct Lane {
    pub(crate) name: Name,
    pub(crate) file: Box<dyn DiskFile>,
    /// Where the next entry begins.
    pub(crate) at: u64,
    /// Bytes that are set aside, counted from the start of the file.
    pub(crate) reserved: u64,
    /// Memory for the next object.
    pub(crate) buffer: Vec<u8>,
}

/// Lanes that wait for their next object.
#[derive(Default)]
pub(crate) struct IdleLanes(Mutex<Vec<Lane>>);

impl IdleLanes {
    fn lanes(&self) -> MutexGuard<'_, Vec<Lane>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one used last, if there is one.
    pub(crate) fn pop(&self) -> Option<Lane> {
        self.lanes().pop()
    }

    pub(crate) fn push(&self, lane: Lane) {
        self.lanes().push(lane);
    }

    /// All of them.
    pub(crate) fn take_all(&self) -> Vec<Lane> {
        std::mem::take(&mut *self.lanes())
    }

    /// Give back what they have set aside; `false` when that was nothing.
    pub(crate) fn give_back_reserves(&self) -> bool {
        let mut given = false;
        for lane in self.lanes().iter_mut().filter(|lane| lane.reserved > lane.at) {
            if lane.file.set_length(lane.at).is_ok() {
                lane.reserved = 0;
                given = true;
            }
        }
        given
    }
}
