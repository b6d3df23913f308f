//! The one error of the room, without any value of any attribute.
use thiserror::Error;

pub use dicom::Fault;

/// Why de-identification could not be planned or written.
#[derive(Debug, Error)]
pub enum Error {
    /// No policy of that name.
    #[error("no such policy; write strict or shifted-dates")]
    UnknownPolicy,
    /// The pseudonym key has the wrong length.
    #[error("a pseudonym key file has a line of 64 hex digits for each key, the present one first")]
    KeyLength,
    /// What was planned under a key that is not in the key file any more.
    #[error(
        "the pseudonym key this was planned under is gone from the key file: restore the file from its backup"
    )]
    KeyGone,
    /// The plan has boxes, but pixels were to be copied as they are.
    #[error("boxes must be blacked out by the pixels room before this instance is written")]
    BoxesNotApplied,
    /// Reading or writing the data set failed.
    #[error(transparent)]
    Dicom(#[from] dicom::Error),
}

impl Error {
    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            Error::Dicom(error) => error.fault(),
            _ => Fault::Us,
        }
    }

    /// Whether the same call may succeed later.
    pub fn may_retry(&self) -> bool {
        matches!(self, Error::Dicom(error) if error.may_retry())
    }
}
