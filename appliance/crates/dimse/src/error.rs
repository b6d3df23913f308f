//! What can go wrong between us and a peer, in either direction: whose fault it is and whether trying again helps.

use std::io;

use proto::failure::{Fault, Retry};

use crate::status::may_pass;

/// Why an exchange with a peer failed. No variant holds a name, a title or a value: neither ours nor the peer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The host name has no address at the moment.
    #[error("the host name cannot be resolved: check it and the name server")]
    NotResolved,
    /// No connection.
    #[error("no connection ({0}): check address, port and firewall")]
    Unreachable(io::ErrorKind),
    /// No secured connection; nothing was sent over it.
    #[error("no TLS: {0}")]
    Tls(TlsFailure),
    /// A-ASSOCIATE-RJ.
    #[error("the association is rejected: {0}")]
    Rejected(Rejection),
    /// No presentation context for this SOP class in this transfer syntax.
    #[error("the peer does not accept this SOP class in this transfer syntax")]
    NotAccepted,
    /// The peer did not do in time what it should.
    #[error("the peer took too long ({0})")]
    TimedOut(&'static str),
    /// The peer closed the connection in the middle of something.
    #[error("the peer closed the connection")]
    Closed,
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(io::ErrorKind),
    /// A-ABORT, or a release in the middle of an exchange.
    #[error("the peer ended the association in the middle of it")]
    Aborted,
    /// The peer sent what PS3.7 or PS3.8 does not allow.
    #[error("the peer does not keep to the protocol: {0}")]
    Protocol(#[from] Violation),
    /// The peer answered with a status other than success.
    #[error("the peer answered with status {0:04X}")]
    Status(u16),
    /// What we wanted to send could not be read, or is not what was received.
    #[error("the stored object cannot be read or is damaged")]
    Source,
    /// What we wanted to send does not fit into the protocol's fields.
    #[error("the request cannot be encoded: check AE titles")]
    Unencodable,
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
    /// An item of an association request or its answer overruns what it stands in.
    #[error("items of the association do not parse")]
    Items,
    /// An association request does not parse.
    #[error("association request does not parse")]
    Request,
    /// The acceptance or rejection of an association does not parse.
    #[error("answer to the association request does not parse")]
    Answer,
    /// The peer takes PDUs so short that no value fits.
    #[error("maximum length too short")]
    MaxLength,
    /// A presentation data value does not fit its PDU.
    #[error("presentation data value does not fit its PDU")]
    PdvLength,
    /// A presentation context that was not accepted, or another one in mid-message.
    #[error("presentation context not valid here")]
    Context,
    /// A data fragment where a command is due, the reverse, or a message where none is.
    #[error("command and data out of order")]
    Order,
    /// The command set exceeds 64 KiB.
    #[error("command set too long")]
    CommandTooLong,
    /// The command set does not parse.
    #[error("command set does not parse")]
    Command,
    /// A data set longer than we take.
    #[error("data set too long")]
    DataTooLong,
    /// A response without a status.
    #[error("response without status")]
    NoStatus,
    /// A response to something we did not ask.
    #[error("answer to another request")]
    OtherRequest,
}

/// Why there is no secured connection to a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsFailure {
    /// Our own files.
    #[error("the files of its tls table cannot be used: `appliance check` says why")]
    Files,
    /// Its certificate is not signed by an authority we know.
    #[error("the peer's certificate is not of an authority in tls.ca")]
    NotTrusted,
    /// Its certificate names another host.
    #[error("the peer's certificate is for another name: correct the address, or write tls.server_name")]
    OtherName,
    /// Its certificate has ended or has not begun.
    #[error("the peer's certificate is not valid now: look at its dates and at the clocks")]
    NotValidNow,
    /// It does not take our certificate, or wants one.
    #[error(
        "the peer does not take our certificate, or asks for one: see tls.certificate and its authorities"
    )]
    OursNotTaken,
    /// No version, suite or key exchange in common.
    #[error(
        "no TLS version and cipher suite in common: the peer needs TLS 1.2 with ECDHE and AES-GCM, or TLS 1.3"
    )]
    NothingInCommon,
    /// What is there answers with something else, or closes the connection.
    #[error("the peer does not answer with TLS: check that the port is its port for TLS")]
    NotTls,
    /// Any other end of the handshake.
    #[error("the handshake could not be finished")]
    Broken,
}

/// Why an association was rejected (PS3.8 table 9-21).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rejection {
    /// 1 permanent, 2 transient.
    pub result: u8,
    /// 1 service user, 2 ACSE, 3 presentation.
    pub origin: u8,
    /// Depends on `origin`.
    pub reason: u8,
}

impl std::fmt::Display for Rejection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words = match (self.origin, self.reason) {
            (1, 2) => "application context not supported",
            (1, 3) => "it does not know our calling AE title",
            (1, 7) => "the called AE title is not its own",
            (2, 2) => "protocol version not supported",
            (3, 1) => "temporary congestion",
            (3, 2) => "its limit of associations is reached",
            _ => "no reason given",
        };
        f.write_str(words)
    }
}

/// A file of TLS that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFault {
    /// Its key within its table: `certificate`, `key`, `ca` or `client_ca`.
    pub key: &'static str,
    /// What is wrong and what to write.
    pub words: String,
}

impl FileFault {
    pub(crate) fn new(key: &'static str, words: impl Into<String>) -> Self {
        Self { key, words: words.into() }
    }
}

impl Error {
    /// Whose fault it is. A peer that came to us is told from one that we went to by who asks.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Source | Self::Unencodable | Self::Tls(TlsFailure::Files) => Fault::Us,
            _ => Fault::FarEnd,
        }
    }

    /// Whether trying again helps.
    #[must_use]
    pub fn retry(&self) -> Retry {
        match self {
            Self::NotAccepted | Self::Unencodable | Self::Source => Retry::Never,
            Self::Status(status) if !may_pass(*status) => Retry::Never,
            _ => Retry::Later,
        }
    }

    /// Whether the peer is gone: nothing can be said to it any more.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Aborted | Self::Closed | Self::Broken(_) | Self::Tls(_))
    }
}

impl From<io::Error> for Error {
    /// The text is not kept: an error of TLS may hold names of the peer's certificate.
    fn from(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(inner) => Self::Tls(inner.into()),
            None => Self::Broken(error.kind()),
        }
    }
}

impl From<&rustls::Error> for TlsFailure {
    fn from(error: &rustls::Error) -> Self {
        use rustls::{AlertDescription as Alert, CertificateError as Certificate, Error};
        match error {
            Error::InvalidCertificate(
                Certificate::NotValidForName | Certificate::NotValidForNameContext { .. },
            ) => Self::OtherName,
            Error::InvalidCertificate(
                Certificate::Expired
                | Certificate::ExpiredContext { .. }
                | Certificate::NotValidYet
                | Certificate::NotValidYetContext { .. },
            ) => Self::NotValidNow,
            Error::InvalidCertificate(_) => Self::NotTrusted,
            Error::AlertReceived(
                Alert::CertificateRequired
                | Alert::NoCertificate
                | Alert::BadCertificate
                | Alert::UnsupportedCertificate
                | Alert::CertificateRevoked
                | Alert::CertificateExpired
                | Alert::CertificateUnknown
                | Alert::UnknownCA
                | Alert::AccessDenied,
            ) => Self::OursNotTaken,
            Error::PeerIncompatible(_)
            | Error::AlertReceived(
                Alert::ProtocolVersion | Alert::HandshakeFailure | Alert::InsufficientSecurity,
            ) => Self::NothingInCommon,
            Error::InvalidMessage(_) => Self::NotTls,
            _ => Self::Broken,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_pass_is_tried_again() {
        for (error, retry) in [
            (Error::Status(0xA700), Retry::Later),
            (Error::Status(0xA7FF), Retry::Later),
            (Error::Status(0x0110), Retry::Later),
            (Error::Status(0xA900), Retry::Never),
            (Error::Status(0xC123), Retry::Never),
            (Error::Status(0x0122), Retry::Never),
            (Error::NotAccepted, Retry::Never),
            (Error::Source, Retry::Never),
            (Error::Closed, Retry::Later),
            (Error::Rejected(Rejection { result: 1, origin: 1, reason: 7 }), Retry::Later),
        ] {
            assert_eq!(error.retry(), retry, "{error}");
        }
        assert_eq!(Error::Source.fault(), Fault::Us);
        assert_eq!(Error::Aborted.fault(), Fault::FarEnd);
    }
}
