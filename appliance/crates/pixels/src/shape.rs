//! What a header says about its frames, and where they lie in the bytes of the instance.

use crate::error::Error;
use dicom::ReadAt;

/// Most samples of one frame (rows x columns x samples per pixel) that are decoded.
pub(crate) const MAX_SAMPLES: u64 = 256 << 20;
/// Most bytes of one compressed frame.
pub(crate) const MAX_COMPRESSED_BYTES: u64 = 1 << 30;

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
pub(crate) enum Place {
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
pub(crate) enum Order {
    /// Little endian.
    Little,
    /// Big endian, OB: samples of 8 bits in order.
    Big,
    /// Big endian, OW: samples of 8 bits lie swapped in 16-bit words (PS3.5 section 8.1.1).
    BigWords,
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
