//! What can go wrong on disk, whose fault it is and whether trying again helps.
use std::io;

use proto::failure::{Fault, Retry};

/// The step of a disk operation at which it failed; enough for support, nothing about content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Making a folder or taking the lock at start.
    Prepare,
    /// Making a new file.
    Create,
    /// Writing content.
    Write,
    /// Writing the entry header.
    Header,
    /// Syncing a file.
    Sync,
    /// Moving a file to its final folder.
    Rename,
    /// Syncing a folder.
    SyncFolder,
    /// Opening a file.
    Open,
    /// Reading a file.
    Read,
    /// Listing a folder.
    List,
    /// Removing a file.
    Remove,
    /// Asking for free space.
    Space,
    /// Reading or making the key file, or asking for random bytes.
    Key,
}

/// Errors of the store. No variant holds a value from the wire or a path.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Free space is under the refuse watermark; nothing was written.
    #[error("free space is under the refuse watermark")]
    Full,
    /// An object has, or says that it has, more bytes than `max_object` allows.
    #[error("the object is longer than store.max_object")]
    TooLong,
    /// The disk answered with an error.
    #[error("the disk failed at step {step:?}: {kind}")]
    Disk {
        /// Where it happened.
        step: Step,
        /// What the system said.
        kind: io::ErrorKind,
    },
    /// A sync failed earlier: what the disk holds is not certain, so nothing is committed until a restart.
    #[error("a sync failed earlier; the store takes nothing more until it is restarted")]
    Poisoned,
    /// There is no entry of this id.
    #[error("no such entry")]
    Unknown,
    /// An entry exists but its header, length or digest does not hold.
    #[error("the entry is damaged: {0}")]
    Damaged(&'static str),
    /// The description of an entry does not fit its header region.
    #[error("the entry header would exceed its region")]
    HeaderTooLong,
    /// Another process holds the store.
    #[error(
        "the store is in use: stop the appliance first, or wait for the other command; nothing was changed"
    )]
    Locked,
    /// The key file is not there, and the store holds what only that key opens.
    #[error(
        "the store's key is missing: restore the file named in store.key from its backup; without it nothing stored can be read"
    )]
    KeyMissing,
    /// The key file holds another key than the one the store was written with.
    #[error(
        "the store was written with another key: restore the file named in store.key that belongs to this store"
    )]
    KeyWrong,
    /// The key file does not hold a key.
    #[error(
        "the file named in store.key is not a key: it must hold 64 hex digits; restore it from its backup"
    )]
    KeyMalformed,
    /// Others than its owner may read the key file.
    #[error("the file named in store.key can be read by others: set its mode to 0600")]
    KeyExposed,
    /// Encryption failed, which it never should.
    #[error("encryption failed")]
    Seal,
}

impl Error {
    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            Error::HeaderTooLong | Error::TooLong => Fault::Peer,
            _ => Fault::Us,
        }
    }

    /// Whether trying again helps.
    pub fn retry(&self) -> Retry {
        match self {
            Error::HeaderTooLong | Error::TooLong | Error::Unknown | Error::Damaged(_) | Error::Seal => {
                Retry::Never
            }
            Error::Full | Error::Disk { .. } | Error::Poisoned | Error::Locked => Retry::Later,
            Error::KeyMissing | Error::KeyWrong | Error::KeyMalformed | Error::KeyExposed => Retry::Later,
        }
    }

    /// Map an outside error at once; its text is never kept.
    pub(crate) fn disk(step: Step) -> impl FnOnce(io::Error) -> Error {
        move |error| match (step, error.kind()) {
            (Step::Open, io::ErrorKind::NotFound) => Error::Unknown,
            (_, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => Error::Full,
            (_, kind) => Error::Disk { step, kind },
        }
    }
}
