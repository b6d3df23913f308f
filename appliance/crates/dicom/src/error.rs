//! The one error of the room: what is wrong with the bytes, without any of the bytes.
use thiserror::Error;

/// Whose fault an error is; the callers map it to a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The bytes we were given are not what they should be.
    Peer,
    /// Our own disk, limits or code.
    Us,
}

/// Why a data set could not be read or written. Never holds a value of the data set.
#[derive(Debug, Clone, Error)]
pub enum Error {
    /// The bytes end inside an element.
    #[error("the data set ends inside an element")]
    Truncated,
    /// Nothing that looks like DICOM was found.
    #[error("not a DICOM data set")]
    NotDicom,
    /// Sequences are nested deeper than the limit.
    #[error("sequences nested deeper than {0} levels")]
    TooDeep(usize),
    /// More elements, items or fragments than the limit.
    #[error("more than {0} elements")]
    TooMany(usize),
    /// Header values take more memory than the limit.
    #[error("header values take more than {0} bytes")]
    TooLarge(u64),
    /// The deflated stream is damaged.
    #[error("the deflated data set is damaged")]
    Deflate,
    /// The deflated stream unpacks to more than the limit.
    #[error("the deflated data set unpacks to more than {0} bytes")]
    InflateLimit(u64),
    /// A value cannot be written in its value representation.
    #[error("a value is too long for its value representation")]
    ValueTooLong,
    /// The source found that what it holds is not what was put there.
    #[error("the stored bytes are damaged")]
    Damaged,
    /// The source or the sink failed.
    #[error("input or output failed: {0:?}")]
    Io(std::io::ErrorKind),
}

impl Error {
    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            Error::Io(_) | Error::ValueTooLong | Error::Damaged => Fault::Us,
            _ => Fault::Peer,
        }
    }

    /// Whether the same call may succeed later: only input and output failures.
    pub fn may_retry(&self) -> bool {
        matches!(self, Error::Io(_))
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            // A source that verifies says so; trying again would read the same.
            std::io::ErrorKind::InvalidData => Error::Damaged,
            kind => Error::Io(kind),
        }
    }
}
