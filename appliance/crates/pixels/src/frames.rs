//! An instance whose frames are decoded one at a time.

use crate::error::Error;
use crate::grey::{Look, Photometric, Stored};
use crate::shape::{Place, Shape};
use crate::{codec, fragments, header, native};
use dicom::{Parsed, ReadAt};

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

    /// Where the frames lie, and the bytes that this is counted in: only a short native value lies elsewhere, in memory.
    pub(crate) fn place(&self) -> (&Place, &dyn ReadAt) {
        (&self.place, self.parsed.bulk(self.source))
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
pub(crate) fn decode(
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
