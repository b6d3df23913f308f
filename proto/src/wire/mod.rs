//! The gRPC service between appliance and cloud, and the small conversions both ends need.

/// Messages and service, generated from `scanside.proto`; `tests/wire_generated.rs` holds them equal.
#[allow(missing_docs, clippy::all, clippy::pedantic, rust_2018_idioms, reason = "generated")]
#[rustfmt::skip]
mod generated;

pub use generated::*;

use crate::ids;
use crate::keys;

/// Why a message is refused before anything is done with it: always the peer's fault, never worth a retry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// An id or digest of the wrong length.
    #[error("an id or digest of the wrong length")]
    Id,
    /// Public keys that are none.
    #[error("public keys are not valid")]
    Keys,
    /// A field that must be there is missing.
    #[error("a required field is missing")]
    Missing,
}

impl From<ids::Error> for Error {
    fn from(_: ids::Error) -> Self {
        Self::Id
    }
}

impl From<keys::Error> for Error {
    fn from(_: keys::Error) -> Self {
        Self::Keys
    }
}

impl From<&keys::PublicKeys> for PublicKeys {
    fn from(keys: &keys::PublicKeys) -> Self {
        Self { verifying: keys.verifying_bytes(), sealing: keys.sealing_bytes() }
    }
}

impl TryFrom<&PublicKeys> for keys::PublicKeys {
    type Error = Error;
    fn try_from(keys: &PublicKeys) -> Result<Self, Error> {
        Ok(Self::from_parts(&keys.verifying, &keys.sealing)?)
    }
}

impl From<crate::words::Priority> for Priority {
    fn from(priority: crate::words::Priority) -> Self {
        match priority {
            crate::words::Priority::Stat => Self::Stat,
            crate::words::Priority::Urgent => Self::Urgent,
            crate::words::Priority::Routine => Self::Routine,
        }
    }
}

impl From<Priority> for crate::words::Priority {
    fn from(priority: Priority) -> Self {
        match priority {
            Priority::Stat => Self::Stat,
            Priority::Urgent => Self::Urgent,
            Priority::Routine => Self::Routine,
        }
    }
}

/// Which parts of an envelope are there: one bit a part, first part the lowest bit of the first byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartSet {
    bits: Vec<u8>,
    parts: u32,
}

impl PartSet {
    /// No part of `parts`.
    #[must_use]
    pub fn empty(parts: u32) -> Self {
        Self { bits: vec![0; parts.div_ceil(8) as usize], parts }
    }

    /// Reads the wire form; bits beyond the last part are ignored, missing bytes count as missing parts.
    #[must_use]
    pub fn from_bytes(bytes: &[u8], parts: u32) -> Self {
        let mut set = Self::empty(parts);
        set.bits.iter_mut().zip(bytes).for_each(|(bit, byte)| *bit = *byte);
        set
    }

    /// The wire form.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.bits.clone()
    }

    /// Adds a part; one that does not exist is ignored.
    pub fn insert(&mut self, index: u32) {
        if index < self.parts
            && let Some(byte) = self.bits.get_mut((index / 8) as usize)
        {
            *byte |= 1 << (index % 8);
        }
    }

    /// Whether a part is there.
    #[must_use]
    pub fn contains(&self, index: u32) -> bool {
        index < self.parts
            && self.bits.get((index / 8) as usize).is_some_and(|byte| byte >> (index % 8) & 1 == 1)
    }

    /// The parts that are not there, in order.
    pub fn missing(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.parts).filter(|index| !self.contains(*index))
    }

    /// Whether every part is there.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.missing().next().is_none()
    }
}
