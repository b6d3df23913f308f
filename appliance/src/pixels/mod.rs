//! Frames decoded one at a time from their byte ranges; half-size levels and PNG of prepared frames. Worker only.
//!
//! Codecs see one frame and nothing else of the instance. From them stored values are taken, never a
//! converted picture; `grey` does the rest. A codec's panic becomes an error; its text is never kept.

mod codec;
mod fragments;
mod native;
mod peek;
mod picture;
mod rle;

use crate::grey::{self, Photometric, Stored};

pub use picture::{halve, png, shrink};

/// Most samples of one frame (rows x columns x samples per pixel) that are decoded.
pub const MAX_SAMPLES: u64 = 256 << 20;
/// Most bytes of one compressed frame.
pub const MAX_COMPRESSED_BYTES: u64 = 1 << 30;

/// Why a frame cannot be decoded. The sender's doing unless said otherwise; trying again does not help.
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
    /// A width of sample that has no decoder.
    #[error("{0} bits allocated cannot be decoded here")]
    Bits(u16),
    /// Rows, columns or samples absent, zero or above [`MAX_SAMPLES`].
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
    /// PNG could not be written: ours.
    #[error("a prepared frame could not be written")]
    Write,
    /// What was decoded has no grey.
    #[error(transparent)]
    Grey(#[from] grey::Error),
}

/// Bytes of an instance by position.
pub trait Bytes {
    /// Fills `into` from `offset` on.
    ///
    /// # Errors
    /// [`Error::Truncated`] past the end, [`Error::Read`] when reading fails.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), Error>;
}

impl Bytes for [u8] {
    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), Error> {
        let start = usize::try_from(offset).map_err(|_| Error::Truncated)?;
        let end = start.checked_add(into.len()).ok_or(Error::Truncated)?;
        into.copy_from_slice(self.get(start..end).ok_or(Error::Truncated)?);
        Ok(())
    }
}

#[cfg(unix)]
impl Bytes for std::fs::File {
    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), Error> {
        std::os::unix::fs::FileExt::read_exact_at(self, into, offset).map_err(|e| match e.kind() {
            std::io::ErrorKind::UnexpectedEof => Error::Truncated,
            _ => Error::Read,
        })
    }
}

/// What the header says about its frames (PS3.3 C.7.6.3, C.7.6.6).
#[derive(Clone, PartialEq, Eq)]
pub struct Shape {
    /// Transfer Syntax UID of the data set.
    pub transfer_syntax: String,
    /// Rows.
    pub rows: u16,
    /// Columns.
    pub columns: u16,
    /// Samples per Pixel.
    pub samples: u16,
    /// Planar Configuration 1: one plane after the other.
    pub planar: bool,
    /// Photometric Interpretation as stored.
    pub photometric: String,
    /// Bits Allocated.
    pub bits_allocated: u16,
    /// Bits Stored.
    pub bits_stored: u16,
    /// High Bit.
    pub high_bit: u16,
    /// Pixel Representation 1.
    pub signed: bool,
    /// Number of Frames; 1 when absent.
    pub frames: u32,
}

impl std::fmt::Debug for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Shape({} x {} x {}, {} frames)", self.rows, self.columns, self.samples, self.frames)
    }
}

impl Shape {
    /// Pixels of a frame.
    ///
    /// # Errors
    /// [`Error::Size`].
    pub(crate) fn pixels(&self) -> Result<usize, Error> {
        let pixels = u64::from(self.rows) * u64::from(self.columns);
        let samples = pixels * u64::from(self.samples);
        if samples == 0 || samples > MAX_SAMPLES || !matches!(self.samples, 1 | 3) {
            return Err(Error::Size);
        }
        usize::try_from(pixels).map_err(|_| Error::Size)
    }
}

/// Where the pixel data lies in the bytes of the instance (PS3.5 section 8, Annex A.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// One run of values.
    Native {
        /// From the start of the bytes.
        offset: u64,
        /// In bytes.
        length: u64,
        /// Value representation OW: in big endian, 8-bit samples lie swapped in words.
        words: bool,
    },
    /// Fragments after the Basic Offset Table item.
    Encapsulated {
        /// Offset and length of each fragment's value.
        fragments: Vec<(u64, u64)>,
        /// Basic or Extended Offset Table: first fragment's item of each frame, from the first item on. May be empty.
        table: Vec<u64>,
    },
}

/// A frame with what its values mean after decoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// Stored values, samples side by side.
    pub stored: Stored,
    /// What they mean: codecs turn YBR into RGB.
    pub photometric: Photometric,
}

/// Decodes frame number `frame` (from 0).
///
/// # Errors
/// All of [`Error`] but [`Error::Write`].
pub fn decode(bytes: &dyn Bytes, shape: &Shape, place: &Place, frame: u32) -> Result<Decoded, Error> {
    shape.pixels()?;
    if frame >= shape.frames.max(1) {
        return Err(Error::MissingFrame);
    }
    let decoded = match place {
        Place::Native { offset, length, words } => native::decode(bytes, shape, (*offset, *length, *words), frame)?,
        Place::Encapsulated { fragments, table } => {
            let compressed = fragments::gather(bytes, shape, fragments, table, frame)?;
            codec::decode(shape, compressed)?
        }
    };
    decoded.stored.check()?;
    Ok(decoded)
}

/// The standard's name of a transfer syntax; an unknown one is not repeated.
pub fn syntax_name(uid: &str) -> &'static str {
    codec::name(uid)
}

#[cfg(test)]
mod tests;
