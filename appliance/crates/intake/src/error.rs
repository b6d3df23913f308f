//! What can go wrong in reception: whose fault it is and whether to retry. No error holds a value from the wire.
use std::io;

use proto::failure::{Fault, Retry};

/// Why the listener or an association ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The configuration cannot be used; `IntakeConfig::check` lists why.
    #[error("the intake configuration has faults")]
    Config,
    /// Certificate, key or authorities of `[intake.tls]` cannot be used.
    #[error("the files of [intake.tls] cannot be used: `appliance check` says why")]
    Tls,
    /// A passcode of `[intake.identity]` cannot be read.
    #[error("a passcode of [intake.identity] cannot be read: `appliance check` says which")]
    Passcode,
    /// The address could not be bound.
    #[error("cannot listen on the configured address: {0}")]
    Bind(io::ErrorKind),
    /// The association broke, ran out of time or broke the protocol.
    #[error(transparent)]
    Association(#[from] dimse::Error),
    /// We are shutting down.
    #[error("shutting down")]
    Stopping,
    /// Our own side failed: a thread or a pipe of ours ended.
    #[error("internal: {0}")]
    Internal(&'static str),
}

impl Error {
    /// Whose fault it is: a peer that came to us is not one that we went to.
    pub fn fault(&self) -> Fault {
        match self {
            Error::Association(error) if error.fault() == Fault::FarEnd => Fault::Peer,
            _ => Fault::Us,
        }
    }

    /// Whether trying again helps.
    pub fn retry(&self) -> Retry {
        match self {
            Error::Config | Error::Tls | Error::Passcode | Error::Association(dimse::Error::Protocol(_)) => {
                Retry::Never
            }
            Error::Association(_) => Retry::Now,
            Error::Bind(_) | Error::Stopping | Error::Internal(_) => Retry::Later,
        }
    }

    /// Whether the peer is gone: nothing can be said to it any more.
    pub(crate) fn is_gone(&self) -> bool {
        matches!(self, Error::Association(error) if error.is_gone())
    }
}

impl From<dimse::Violation> for Error {
    fn from(violation: dimse::Violation) -> Error {
        Error::Association(violation.into())
    }
}

/// One fault of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFault {
    /// The key, for example `intake.callers[2].address`.
    pub key: String,
    /// What is wrong and what to write.
    pub words: String,
}

/// Why the ledger could not take a durable instance; the sender gets A700 and keeps its copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SinkError {
    /// Certainly no row was written: the entry is removed again.
    #[error("not recorded")]
    NotRecorded,
    /// A row may have been written: the entry stays, and the start-up scan will reconcile.
    #[error("not known whether recorded")]
    Unknown,
}

/// Why what a request of an N-service asks for is not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// There is one of that UID (0111).
    Duplicate,
    /// There is no such instance (0112).
    NoSuchInstance,
    /// The step has ended and may no longer be updated (0110 with error id A710).
    Final,
    /// The ledger refused or there is no room (0213): try again later.
    Later,
    /// No answer to anything we asked (0110).
    Unknown,
}

/// Text that is no address or network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotANetwork;

/// A deflated stream is broken, or grows too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GiveUp;
