//! The stream of one frame decoded: lossless ones here, DCT ones by `jpeg-decoder`.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use jpeg_decoder::{ColorTransform, Decoder};

use super::fault::Fault;
use super::segments::{self, Frame};
use super::{lossless, sequential};
use crate::error::Error;
use crate::grey::Photometric;
use crate::shape::Shape;

/// A decoded stream.
pub(crate) struct Picture {
    /// Containers of samples side by side, little endian: of 8 bits for up to 8 bits of precision, else of 16.
    pub bytes: Vec<u8>,
    /// Bits of a sample.
    pub precision: u16,
    /// What three components are; lossless ones are what the header of the instance says.
    pub photometric: Option<Photometric>,
}

/// Decodes the stream of one frame. `name`: of the transfer syntax, for errors.
///
/// # Errors
/// [`Error::Mismatch`], [`Error::Corrupt`], [`Error::Option`], [`Error::Codec`].
pub(crate) fn decode(shape: &Shape, name: &'static str, data: &[u8]) -> Result<Picture, Error> {
    let (ended, mut picture) = (ended(data), None);
    let size = (shape.rows, shape.columns, shape.samples);
    let frame = segments::read(&ended, size, |frame, scan, tables, at| {
        if frame.process != 0xC3 {
            // What ends DCT data must have come with them.
            return sequential::scan(frame, shape.rows, scan, tables, (data, at));
        }
        let picture = match &mut picture {
            Some(picture) => picture,
            none => none.insert(lossless::Picture::new(frame, shape.rows)?),
        };
        picture.scan(scan, tables, &ended, at)
    });
    let frame = frame.map_err(|fault| match fault {
        Fault::Corrupt => Error::Corrupt(name),
        Fault::Size => Error::Mismatch(name),
        Fault::Unsupported(what) => Error::Option(name, what),
    })?;
    let precision = u16::from(frame.precision);
    Ok(match picture {
        Some(picture) => Picture { bytes: picture.bytes, precision, photometric: None },
        None => {
            Picture { bytes: dct(shape, &frame, name, data)?, precision, photometric: Some(Photometric::Rgb) }
        }
    })
}

/// The stream with the end marker that some encoders leave out of lossless frames, and without what pads it.
///
/// Such a frame is whole where every sample was decoded and nothing is left. Zeros at the end are never taken for data:
/// that is how the rest of a file looks that was cut and filled up.
fn ended(data: &[u8]) -> Cow<'_, [u8]> {
    let end = data.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
    let (stream, padding) = data.split_at(end);
    if stream.ends_with(&[0xFF, 0xD9]) {
        return Cow::Borrowed(data);
    }
    // The first zero belongs to the byte before it (B.1.1.5).
    let stuffed = padding.get(..1).filter(|_| stream.ends_with(&[0xFF])).unwrap_or_default();
    Cow::Owned([stream, stuffed, &[0xFF, 0xD9]].concat())
}

/// The samples of a DCT stream. It is third-party code on hostile bytes: a panic in it is an error of the frame.
fn dct(shape: &Shape, frame: &Frame, name: &'static str, data: &[u8]) -> Result<Vec<u8>, Error> {
    let mut decoder = Decoder::new(data);
    // Left alone it takes three components without a marker for luminance and colour differences.
    if !frame.ybr && Photometric::from_text(&shape.photometric) == Photometric::Rgb {
        decoder.set_color_transform(ColorTransform::RGB);
    }
    match catch_unwind(AssertUnwindSafe(|| decoder.decode())) {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) | Err(_) => Err(Error::Codec(name)),
    }
}
