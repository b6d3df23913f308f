//! Faults of the appliance itself on the path of a study.

/// A fault of the appliance itself while a study was worked on: the study stays where it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The ledger could not be written or read now: its disk is full or fails, or it is busy.
    #[error("the ledger could not be written or read")]
    Ledger,
    /// The ledger holds what cannot be understood: that does not get better by itself.
    #[error("the ledger holds what cannot be understood")]
    Damaged,
    /// Somebody or something was first: what was to be done does not fit any more.
    #[error("the ledger refused: somebody or something was first")]
    Refused,
    /// The store refused.
    #[error("the store refused")]
    Store,
    /// Memory for a worker's output.
    #[error("there is no memory for it now")]
    Memory,
    /// No worker could be started or it was killed from outside.
    #[error("no worker could be had")]
    Worker,
}

impl Error {
    /// Whether the same work may go well soon without anybody's help.
    #[must_use]
    pub(crate) fn retry_soon(self) -> bool {
        !matches!(self, Self::Damaged)
    }
}

impl From<ledger::Error> for Error {
    fn from(error: ledger::Error) -> Self {
        use ledger::Error::{Refused, Unknown};
        match &error {
            Refused(_) | Unknown(_) => {
                tracing::info!(%error, "the ledger refused");
                Self::Refused
            }
            failed => {
                tracing::warn!(%error, "the ledger failed");
                if failed.retry_later() { Self::Ledger } else { Self::Damaged }
            }
        }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        tracing::warn!(%error, "the store refused");
        Self::Store
    }
}
