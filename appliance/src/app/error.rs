//! Why the appliance cannot be opened or kept running.

use std::io::ErrorKind;

use crate::site;

/// Why the appliance cannot be opened or kept running. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Ledger, store, audit or a file of the site.
    #[error(transparent)]
    Site(#[from] site::Error),
    /// Reception.
    #[error("{0}")]
    Intake(#[from] intake::Error),
    /// The path of a study.
    #[error("{0}")]
    Pipeline(#[from] crate::pipeline::Error),
    /// The site's identity.
    #[error("{0}")]
    Escalation(#[from] crate::escalation::Error),
    /// A restore that cannot be done, with what to do; nothing was changed.
    #[error("{0}")]
    Restore(String),
    /// A part of the running appliance ended by itself and cannot be started again.
    #[error(
        "{part} {how}: the appliance stops so that it can be started anew, and loses nothing; see the log"
    )]
    Part {
        /// Which.
        part: &'static str,
        /// How it ended.
        how: &'static str,
    },
    /// The de-identification policy.
    #[error("[deid] policy: {0}")]
    Policy(String),
}

impl Error {
    /// A file of the site that cannot be read or written, with what to do.
    pub(crate) fn file(what: &'static str, kind: ErrorKind, todo: &'static str) -> Self {
        Self::Site(site::Error::File { what, kind, todo })
    }
}

impl From<ledger::Error> for Error {
    fn from(error: ledger::Error) -> Self {
        Self::Site(error.into())
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        Self::Site(error.into())
    }
}

impl From<audit::Error> for Error {
    fn from(error: audit::Error) -> Self {
        Self::Site(error.into())
    }
}
