//! Why something between this site and the cloud did not work, whose fault it is, and whether to try again.

use super::QueueFailed;

/// Why something between this site and the cloud did not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The site's identity folder is missing, incomplete or contradicts itself.
    #[error("the site's keys and certificates cannot be read: enrol first, or restore them")]
    Identity,
    /// The folder already holds an identity; it is never overwritten.
    #[error("the folder already holds an identity")]
    Enrolled,
    /// Not a token, or one the cloud does not know (any more).
    #[error("the enrolment token is not valid: ask for a new one")]
    Token,
    /// Transport.
    #[error(transparent)]
    Transport(#[from] proto::tls::Error),
    /// The cloud answered with something this contract does not allow.
    #[error("the cloud's answer is not of this contract")]
    Contract,
    /// The cloud speaks another version.
    #[error("the cloud speaks another version of the contract")]
    Version,
    /// The cloud no longer knows this site, or its certificate is revoked.
    #[error("the cloud refuses this site")]
    SiteRefused,
    /// The cloud refuses this one case or report, whatever is tried.
    #[error("the cloud refuses this case")]
    CaseRefused,
    /// The cloud does not know this one (any more).
    #[error("the cloud does not know this case or report")]
    Unknown,
    /// The cloud cannot take this one now.
    #[error("the cloud cannot take this case now")]
    CaseLater,
    /// The link broke.
    #[error("the link broke")]
    LinkLost,
    /// What the cloud stored is not what was sealed.
    #[error("the receipt does not match what was sent")]
    Receipt,
    /// A report was not sealed by a known reader, or does not open.
    #[error("the report is not from a known reader or does not open")]
    Report,
    /// Ledger or store refused what the courier needed.
    #[error("the ledger or the store refused")]
    Queue,
}

/// Whose doing an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Ours: configuration, disk.
    Us,
    /// The cloud's, or the link's.
    FarEnd,
}

impl Error {
    /// Whose doing it is.
    #[must_use]
    pub const fn fault(self) -> Fault {
        match self {
            Self::Identity | Self::Enrolled | Self::Token | Self::Queue => Fault::Us,
            Self::Transport(proto::tls::Error::Configuration | proto::tls::Error::Address) => Fault::Us,
            _ => Fault::FarEnd,
        }
    }

    /// Whether a later attempt may succeed without anybody changing anything.
    #[must_use]
    pub const fn retry(self) -> bool {
        match self {
            Self::Transport(error) => error.retry(),
            Self::LinkLost
            | Self::CaseLater
            | Self::Unknown
            | Self::Queue
            | Self::Receipt
            | Self::Contract => true,
            _ => false,
        }
    }

    /// Whether the session is over; otherwise only one case or report is concerned.
    pub(super) const fn ends_session(self) -> bool {
        matches!(self, Self::Transport(_) | Self::LinkLost | Self::SiteRefused | Self::Version | Self::Queue)
    }
}

impl From<QueueFailed> for Error {
    fn from(_: QueueFailed) -> Self {
        Self::Queue
    }
}

/// The one table from gRPC status to our errors. The status text is the far end's and is never kept.
/// `UNKNOWN` and `CANCELLED` are what a cut connection looks like from above.
impl From<tonic::Status> for Error {
    fn from(status: tonic::Status) -> Self {
        use tonic::Code;
        match status.code() {
            Code::Unauthenticated | Code::PermissionDenied => Self::SiteRefused,
            Code::InvalidArgument
            | Code::FailedPrecondition
            | Code::AlreadyExists
            | Code::OutOfRange
            | Code::DataLoss => Self::CaseRefused,
            Code::NotFound => Self::Unknown,
            Code::Unimplemented => Self::Version,
            Code::ResourceExhausted | Code::Aborted | Code::Internal => Self::CaseLater,
            Code::Ok | Code::Cancelled | Code::Unknown | Code::DeadlineExceeded | Code::Unavailable => {
                Self::LinkLost
            }
        }
    }
}
