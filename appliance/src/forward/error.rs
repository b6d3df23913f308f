//! What can go wrong when we talk to a peer as a user, whose fault it is and whether trying again helps.

use store::{Fault, Retry};

/// Why an exchange with a peer failed. No variant holds a name, a title or a value: neither ours nor the peer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The host name has no address at the moment.
    #[error("the host name cannot be resolved: check it and the name server")]
    NotResolved,
    /// No connection.
    #[error("no connection ({0}): check address, port and firewall")]
    Unreachable(std::io::ErrorKind),
    /// A-ASSOCIATE-RJ.
    #[error("the association is rejected: {0}")]
    Rejected(Rejection),
    /// No presentation context for this SOP class in this transfer syntax.
    #[error("the peer does not accept this SOP class in this transfer syntax")]
    NotAccepted,
    /// The peer did not do in time what it should.
    #[error("the peer took too long ({0})")]
    TimedOut(&'static str),
    /// The connection ended.
    #[error("the association broke off")]
    Broken,
    /// A-ABORT, or a release in the middle of an exchange.
    #[error("the peer ended the association in the middle of it")]
    Aborted,
    /// The peer sent what PS3.7 or PS3.8 does not allow.
    #[error("the peer does not keep to the protocol ({0})")]
    Protocol(&'static str),
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

impl Error {
    /// Whose fault it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Source | Self::Unencodable => Fault::Us,
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
}

/// Whether a failure status may pass by itself: out of resources (PS3.4 table B.2-1, A7xx), or the general
/// "processing failure" (PS3.7 C.5.7) that archives answer while their own disk or database is busy.
#[must_use]
pub fn may_pass(status: u16) -> bool {
    status >> 8 == 0xA7 || status == 0x0110
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
            (Error::Broken, Retry::Later),
            (Error::Rejected(Rejection { result: 1, origin: 1, reason: 7 }), Retry::Later),
        ] {
            assert_eq!(error.retry(), retry, "{error}");
        }
        assert_eq!(Error::Source.fault(), Fault::Us);
        assert_eq!(Error::Aborted.fault(), Fault::FarEnd);
    }
}
