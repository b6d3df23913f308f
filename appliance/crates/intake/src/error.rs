//! Why an association or the listener ended; whose fault it is and whether to retry.
use std::io;

use store::{Fault, Retry};

/// Errors of reception. No variant holds a value from the wire.
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
    /// The peer closed the connection in the middle of something.
    #[error("the peer closed the connection")]
    Closed,
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(io::ErrorKind),
    /// The peer took too long.
    #[error("time-out while {0}")]
    TimedOut(&'static str),
    /// The peer broke the protocol.
    #[error("protocol error: {0}")]
    Protocol(Violation),
    /// The peer aborted.
    #[error("the peer aborted")]
    Aborted,
    /// We are shutting down.
    #[error("shutting down")]
    Stopping,
    /// Our own side failed: a thread or a pipe of ours ended.
    #[error("internal: {0}")]
    Internal(&'static str),
}

/// A breach of PS3.7 or PS3.8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A PDU type that PS3.8 does not know.
    #[error("unknown PDU type")]
    UnknownPdu,
    /// A TLS handshake where plain DICOM is spoken.
    #[error("TLS spoken to the port for plain DICOM")]
    TlsAtPlain,
    /// A PDU that has no place at this point.
    #[error("unexpected PDU")]
    UnexpectedPdu,
    /// A PDU longer than agreed.
    #[error("PDU too long")]
    PduTooLong,
    /// Items of the association request do not parse.
    #[error("association request does not parse")]
    Request,
    /// A presentation data value does not fit its PDU.
    #[error("presentation data value does not fit its PDU")]
    PdvLength,
    /// A presentation context that was not accepted, or another one in mid-message.
    #[error("presentation context not valid here")]
    Context,
    /// A data fragment where a command is due, or the reverse.
    #[error("command and data out of order")]
    Order,
    /// The command set exceeds 64 KiB.
    #[error("command set too long")]
    CommandTooLong,
    /// The command set does not parse.
    #[error("command set does not parse")]
    Command,
}

impl Error {
    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            Error::Config
            | Error::Tls
            | Error::Passcode
            | Error::Bind(_)
            | Error::Stopping
            | Error::Internal(_) => Fault::Us,
            _ => Fault::Peer,
        }
    }

    /// Whether trying again helps.
    pub fn retry(&self) -> Retry {
        match self {
            Error::Config | Error::Tls | Error::Passcode | Error::Protocol(_) => Retry::Never,
            Error::Closed | Error::Broken(_) | Error::TimedOut(_) | Error::Aborted => Retry::Now,
            Error::Bind(_) | Error::Stopping | Error::Internal(_) => Retry::Later,
        }
    }
}

impl From<Violation> for Error {
    fn from(violation: Violation) -> Error {
        Error::Protocol(violation)
    }
}
