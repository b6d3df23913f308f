//! Why a frame cannot be decoded, or a text detector not be used.

use crate::grey;

/// Why a frame cannot be decoded, or a text detector not be used. The sender's doing unless said otherwise; trying again does not help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No codec here for it.
    #[error("transfer syntax {0} cannot be decoded here")]
    Unsupported(&'static str),
    /// The codec could not read the frame.
    #[error("a frame in transfer syntax {0} could not be decoded")]
    Codec(&'static str),
    /// The compressed frame's own size differs from the header's.
    #[error("a compressed frame in transfer syntax {0} does not have the size that the header gives")]
    Mismatch(&'static str),
    /// The compressed frame is not whole, or not what the standard says.
    #[error("a frame in transfer syntax {0} is cut short or corrupt")]
    Corrupt(&'static str),
    /// The compressed frame uses what nothing here decodes.
    #[error("a frame in transfer syntax {0} uses {1}, which cannot be decoded here")]
    Option(&'static str, &'static str),
    /// Values that Bits Stored, High Bit and Pixel Representation do not allow, or leave open.
    #[error("a compressed frame in transfer syntax {0} has another precision than the header gives")]
    Precision(&'static str),
    /// A width of sample that has no decoder.
    #[error("{0} bits allocated cannot be decoded here")]
    Bits(u16),
    /// Rows, columns or samples absent, zero or above what is decoded here.
    #[error("rows, columns and samples are outside what is decoded here (at most 256 Mi samples)")]
    Size,
    /// The frame is not there: number, offset table or fragments do not fit each other.
    #[error("the frame is missing")]
    MissingFrame,
    /// Fewer bytes than the frame needs.
    #[error("the pixel data ends early")]
    Truncated,
    /// No pixel data, or none of integers.
    #[error("the instance has no pixel data of whole numbers")]
    NoPixels,
    /// The descriptor could not be read: ours; worth another try.
    #[error("the instance could not be read")]
    Read,
    /// What is stored is not what was received: ours.
    #[error("the stored bytes are damaged")]
    Damaged,
    /// PNG could not be written: ours.
    #[error("a prepared frame could not be written")]
    Write,
    /// The numbers of the text detector: not of a frame, and whoever put the bundle there must put it right.
    #[error("the numbers of the text detector {0}")]
    Detector(&'static str),
    /// What was decoded has no grey.
    #[error(transparent)]
    Grey(#[from] grey::Error),
}
