//! Frames decoded one at a time from their byte ranges; half-size levels and PNG of prepared frames. Worker only.
//!
//! Codecs see one frame and nothing else of the instance. From them stored values are taken, never a
//! converted picture; `grey` does the rest. A codec's panic becomes an error; its text is never kept.

mod blacken;
mod burned;
mod codec;
mod face;
mod fragments;
pub mod grey;
mod header;
mod jpeg;
mod native;
mod peek;
mod picture;
mod rle;
mod surplus;
mod text;

use crate::grey::{Look, Photometric, Stored};
use dicom::{Parsed, ReadAt};

pub use blacken::blacken;
pub use burned::{find_burned_in, may_hold_ink, shows_words};
pub use face::find_face;
pub use picture::{halve, png, shrink};
pub use surplus::carries_more;
pub use text::TextBox;

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
    /// What is stored is not what was received: ours.
    #[error("the stored bytes are damaged")]
    Damaged,
    /// PNG could not be written: ours.
    #[error("a prepared frame could not be written")]
    Write,
    /// What was decoded has no grey.
    #[error(transparent)]
    Grey(#[from] grey::Error),
}

/// Fills `into` from `offset` of `source` on.
///
/// # Errors
/// [`Error::Truncated`] past the end, [`Error::Read`] when reading fails.
pub(crate) fn fill(source: &dyn ReadAt, offset: u64, into: &mut [u8]) -> Result<(), Error> {
    source.read_exact_at(into, offset).map_err(|e| match e.kind() {
        std::io::ErrorKind::UnexpectedEof => Error::Truncated,
        std::io::ErrorKind::InvalidData => Error::Damaged,
        _ => Error::Read,
    })
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
    /// Bits of a container in which overlays lie beside the value.
    pub overlays: u16,
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
        /// How samples lie in the bytes.
        order: Order,
    },
    /// Fragments after the Basic Offset Table item.
    Encapsulated {
        /// Offset and length of each fragment's value.
        fragments: Vec<(u64, u64)>,
        /// Basic or Extended Offset Table: first fragment's item of each frame, from the first item on. May be empty.
        table: Vec<u64>,
    },
}

/// Byte order of native pixel data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Little endian.
    Little,
    /// Big endian, OB: samples of 8 bits in order.
    Big,
    /// Big endian, OW: samples of 8 bits lie swapped in 16-bit words (PS3.5 section 8.1.1).
    BigWords,
}

/// A decoded frame and how it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// Stored values, samples side by side.
    pub stored: Stored,
    /// How they are shown; the photometric interpretation is that of the decoded values.
    pub look: Look,
}

/// An instance whose frames can be decoded one at a time.
pub struct Image<'a> {
    parsed: &'a Parsed,
    source: &'a dyn ReadAt,
    memory: Option<Vec<u8>>,
    shape: Shape,
    place: Place,
}

impl std::fmt::Debug for Image<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.shape.fmt(f)
    }
}

impl<'a> Image<'a> {
    /// Finds shape and place of the frames; `source` is what `parsed` was read from.
    ///
    /// # Errors
    /// [`Error::NoPixels`], [`Error::Size`].
    pub fn new(parsed: &'a Parsed, source: &'a dyn ReadAt) -> Result<Self, Error> {
        if parsed.data.get(dicom::tags::PIXEL_DATA).is_none() {
            return Err(Error::NoPixels);
        }
        let shape = header::shape(parsed)?;
        let (place, memory) = header::place(parsed, &shape)?;
        Ok(Self { parsed, source, memory, shape, place })
    }

    /// What the header says about the frames.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Decodes frame number `frame` (from 0).
    ///
    /// # Errors
    /// All of [`Error`] but [`Error::Write`].
    pub fn decode(&self, frame: u32) -> Result<Decoded, Error> {
        let bulk = self.parsed.bulk(self.source);
        let (stored, photometric) = match &self.memory {
            Some(bytes) => decode(bytes, &self.shape, &self.place, frame)?,
            None => decode(bulk, &self.shape, &self.place, frame)?,
        };
        let look = Look { photometric, ..header::look(self.parsed, self.source, &self.shape, frame)? };
        Ok(Decoded { stored, look })
    }
}

/// Stored values of frame number `frame` (from 0) and what they mean: codecs turn YBR into RGB.
///
/// # Errors
/// All of [`Error`] but [`Error::Write`].
pub fn decode(
    source: &dyn ReadAt,
    shape: &Shape,
    place: &Place,
    frame: u32,
) -> Result<(Stored, Photometric), Error> {
    shape.pixels()?;
    if frame >= shape.frames.max(1) {
        return Err(Error::MissingFrame);
    }
    let decoded = match place {
        Place::Native { offset, length, order } => {
            native::decode(source, shape, (*offset, *length, *order), frame)?
        }
        Place::Encapsulated { fragments, table } => {
            let compressed = fragments::gather(source, shape, fragments, table, frame)?;
            codec::decode(shape, compressed)?
        }
    };
    decoded.0.check()?;
    Ok(decoded)
}

/// The standard's name of a transfer syntax; an unknown one is not repeated.
pub fn syntax_name(uid: &str) -> &'static str {
    codec::name(uid)
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod whole_tests;
