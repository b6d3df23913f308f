//! The pre-scan: a bounded walk over element headers (PS3.5 section 7) while the data set streams by.
//!
//! It finds the UIDs that file an instance, whose it is, and the top-level Pixel Data. It holds no value but those, never
//! allocates by a length it reads, and gives the same result however the bytes are cut. It is best effort: what
//! it cannot follow is marked (`ok = false`), and the worker's own limits remain the guarantee.

use crate::element::Found;
use crate::inflate::Inflate;
use crate::walk::Walk;
use dicom::transfer_syntaxes::Coding;

/// The pre-scan of one data set.
pub(crate) struct Prescan {
    inflate: Option<Inflate>,
    walk: Walk,
}

impl Prescan {
    pub(crate) fn new(coding: Coding) -> Prescan {
        Prescan { inflate: coding.deflated.then(Inflate::new), walk: Walk::new(coding) }
    }

    /// The next bytes as received.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        match &mut self.inflate {
            None => self.walk.feed(bytes),
            Some(inflate) => {
                if inflate.feed(bytes, |plain| self.walk.feed(plain)).is_err() {
                    self.walk.give_up();
                }
            }
        }
    }

    /// How many bytes the data set will have at least, by what it says itself: as `Walk::declared`.
    pub(crate) fn declared(&self) -> Option<u64> {
        // The lengths inside a deflated data set say nothing about the bytes that come.
        if self.inflate.is_some() { None } else { self.walk.declared() }
    }

    /// The end of the data set.
    pub(crate) fn finish(mut self) -> Found {
        if self.inflate.is_some_and(|inflate| !inflate.is_complete()) {
            self.walk.give_up();
        }
        self.walk.finish()
    }
}
