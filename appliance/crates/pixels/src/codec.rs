//! Compressed frames, each by its own decoder or the transfer syntax registry's; what they give must be what the header says.

use std::borrow::Cow;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};

use dicom_core::value::C;
use dicom_encoding::adapters::{PixelDataObject, RawPixelData};
use dicom_encoding::transfer_syntax::{Codec, TransferSyntaxIndex};
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;

use crate::error::Error;
use crate::grey::{Photometric, Stored};
use crate::native::{side_by_side, stored};
use crate::peek::{self, Peek};
use crate::shape::Shape;
use crate::{jpeg, rle};

/// The codecs of the registry, by what must be known about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Rle,
    Jpeg,
    JpegLs,
    Jpeg2000,
    JpegXl,
    /// Deflated frames and encapsulated native ones.
    Plain,
}

fn family(uid: &str) -> Option<Family> {
    let tail = uid.strip_prefix("1.2.840.10008.1.2.")?;
    Some(match tail {
        "5" => Family::Rle,
        "4.50" | "4.51" | "4.57" | "4.70" => Family::Jpeg,
        "4.80" | "4.81" => Family::JpegLs,
        "4.90" | "4.91" | "4.92" | "4.93" | "4.201" | "4.202" | "4.203" => Family::Jpeg2000,
        "4.110" | "4.111" | "4.112" => Family::JpegXl,
        "1.98" | "8.1" => Family::Plain,
        _ => return None,
    })
}

/// The standard's name of a transfer syntax; an unknown one is not repeated.
pub(super) fn name(uid: &str) -> &'static str {
    TransferSyntaxRegistry.get(uid).map_or("(unknown)", |ts| ts.name())
}

/// Decodes one compressed frame.
pub(super) fn decode(shape: &Shape, compressed: Vec<u8>) -> Result<(Stored, Photometric), Error> {
    let name = name(&shape.transfer_syntax);
    let family = family(&shape.transfer_syntax).ok_or(Error::Unsupported(name))?;
    let said = Photometric::from_text(&shape.photometric);
    match family {
        Family::Rle => {
            if !matches!(shape.bits_allocated, 8 | 16 | 32) {
                return Err(Error::Bits(shape.bits_allocated));
            }
            let (samples, width) = (usize::from(shape.samples), usize::from(shape.bits_allocated / 8));
            let bytes = rle::decode(&compressed, shape.pixels()?, samples, width)?;
            return Ok((stored(shape, shape.bits_allocated, bytes), said));
        }
        _ if !matches!(shape.bits_allocated, 1 | 8 | 16) => return Err(Error::Bits(shape.bits_allocated)),
        Family::Jpeg => {
            let picture = jpeg::decode(shape, name, &compressed)?;
            if picture.precision > shape.bits_allocated {
                return Err(Error::Precision(name));
            }
            let allocated = if picture.precision <= 8 { 8 } else { 16 };
            let bytes = sized(shape, allocated, picture.bytes, name)?;
            let stored = stored(shape, allocated, bytes);
            agree(shape, &stored, picture.precision, false, name)?;
            let colour = picture.photometric.filter(|_| shape.samples == 3);
            return Ok((stored, colour.unwrap_or(said)));
        }
        Family::Plain => {
            let allocated = shape.bits_allocated.max(8);
            let size = frame_bytes(shape, allocated)?;
            let mut bytes = sized(shape, allocated, plain(shape, compressed, size)?, name)?;
            if shape.planar && shape.samples > 1 {
                bytes = planes(shape, allocated, &bytes)?;
            }
            return Ok((stored(shape, allocated, bytes), said));
        }
        Family::JpegLs | Family::Jpeg2000 | Family::JpegXl => {}
    }
    by_registry(shape, family, name, compressed)
}

/// JPEG-LS, JPEG 2000 and JPEG XL.
fn by_registry(
    shape: &Shape,
    family: Family,
    name: &'static str,
    mut compressed: Vec<u8>,
) -> Result<(Stored, Photometric), Error> {
    let peek = match family {
        Family::JpegLs => Some(peek::jpeg_ls(&compressed).ok_or(Error::Codec(name))?),
        Family::Jpeg2000 => Some(peek::jpeg_2000(&compressed).ok_or(Error::Codec(name))?),
        _ => None,
    };
    if peek.is_some_and(|p| !fits(shape, p)) {
        return Err(Error::Mismatch(name));
    }
    let whole = match family {
        // CharLS looks for the rest of a cut stream for seconds.
        Family::JpegLs => peek::ends(&compressed),
        Family::Jpeg2000 => peek::has_all_tiles(&compressed),
        _ => true,
    };
    if !whole {
        return Err(Error::Corrupt(name));
    }
    // CharLS goes by the codestream, the others by the header; single bits are a byte each once they are compressed
    // (PS3.5 section 8.2).
    let allocated = match peek.filter(|_| family == Family::JpegLs) {
        Some(peek) if peek.precision <= 8 => 8,
        Some(_) => 16,
        None => shape.bits_allocated.max(8),
    };
    if family == Family::Jpeg2000 {
        // The adapter refuses a large frame that compressed more than 64 times, as an empty one does. Its size is
        // checked above; bytes after the end marker are not read.
        let least = frame_bytes(shape, allocated)? / 64 + 1;
        compressed.resize(compressed.len().max(least), 0);
    }
    let mut bytes = sized(shape, allocated, run(shape, allocated, &compressed, name)?, name)?;
    drop(compressed);
    if family == Family::JpegXl && scaled(shape, &bytes) {
        return Err(Error::Precision(name));
    }
    if peek.is_some_and(|p| p.planes) && shape.samples > 1 {
        bytes = planes(shape, allocated, &bytes)?;
    }
    let stored = stored(shape, allocated, bytes);
    if let Some(peek) = peek {
        agree(shape, &stored, u16::from(peek.precision), peek.signed, name)?;
    }
    Ok((stored, meaning(family, shape)))
}

/// Bytes of a decoded frame in containers of `allocated` bits.
fn frame_bytes(shape: &Shape, allocated: u16) -> Result<usize, Error> {
    let one = usize::from(shape.samples) * usize::from(allocated / 8);
    shape.pixels()?.checked_mul(one).ok_or(Error::Size)
}

/// Decoded bytes, if they are those of a frame.
fn sized(shape: &Shape, allocated: u16, bytes: Vec<u8>, name: &'static str) -> Result<Vec<u8>, Error> {
    if bytes.len() == frame_bytes(shape, allocated)? { Ok(bytes) } else { Err(Error::Mismatch(name)) }
}

fn planes(shape: &Shape, allocated: u16, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let (pixels, samples) = (shape.pixels()?, usize::from(shape.samples));
    Ok(side_by_side(bytes, pixels, samples, usize::from(allocated / 8)))
}

/// Deflated frames and encapsulated native ones, of `size` bytes and at most one more that makes their number even.
fn plain(shape: &Shape, compressed: Vec<u8>, size: usize) -> Result<Vec<u8>, Error> {
    let mut bytes = compressed;
    if shape.transfer_syntax.ends_with(".8.1") {
        let mut inflated = Vec::new();
        let most = size as u64 + 2;
        let read = flate2::read::DeflateDecoder::new(bytes.as_slice()).take(most).read_to_end(&mut inflated);
        read.map_err(|_| Error::Corrupt(name(&shape.transfer_syntax)))?;
        bytes = inflated;
    }
    if bytes.len() == size + 1 {
        bytes.truncate(size);
    }
    Ok(bytes)
}

/// Whether the values of a codestream of `precision` bits a sample are those that the header speaks of.
///
/// More bits than Bits Stored are fine where those above High Bit only repeat what is below, zeros or the sign, or are
/// of an overlay that the header speaks of: it is no part of the value, and de-identification holds it as in native
/// frames. Fewer are fine where they are the lowest, and of numbers with a sign where none is negative: where that one
/// stands nobody said, unless the codec has `extended` it. A codec that knows of signs where the header knows none may
/// give none.
fn agree(
    shape: &Shape,
    stored: &Stored,
    precision: u16,
    extended: bool,
    name: &'static str,
) -> Result<(), Error> {
    stored.check()?;
    // Of the header: where the stream has fewer bits, so may its containers have.
    let fields = shape.bits_stored.max(stored.high_bit + 1);
    let doubtful: Box<dyn Fn(u32) -> bool> = match precision.cmp(&fields) {
        std::cmp::Ordering::Greater => {
            let above = ((1_u32 << precision) - 1) >> fields << fields & !u32::from(shape.overlays);
            let signed = stored.signed;
            Box::new(move |c| {
                let sign = signed && c >> (fields - 1) & 1 == 1;
                c & above != if sign { above } else { 0 }
            })
        }
        std::cmp::Ordering::Less if fields != shape.bits_stored => return Err(Error::Precision(name)),
        _ if extended && !stored.signed => Box::new(|c| c >> (stored.bits_allocated - 1) & 1 == 1),
        std::cmp::Ordering::Less if stored.signed && !extended => {
            Box::new(move |c| c >> (precision - 1) & 1 == 1)
        }
        _ => return Ok(()),
    };
    let mut found = false;
    stored.each(|container| found |= doubtful(container));
    if found { Err(Error::Precision(name)) } else { Ok(()) }
}

/// The JPEG XL codec stretches samples of 9 to 15 bits over 16: those are no stored values, and are refused.
fn scaled(shape: &Shape, bytes: &[u8]) -> bool {
    let top = (1_u32 << shape.bits_stored.min(16)) - 1;
    shape.bits_allocated == 16
        && bytes.chunks_exact(2).any(|c| matches!(c, [a, b] if u32::from(u16::from_le_bytes([*a, *b])) > top))
}

fn fits(shape: &Shape, peek: Peek) -> bool {
    peek.rows == u32::from(shape.rows)
        && peek.columns == u32::from(shape.columns)
        && peek.components == shape.samples
        && u16::from(peek.precision) <= shape.bits_allocated
}

/// What decoded samples mean: JPEG XL gives RGB, JPEG 2000 undoes its own component transforms.
fn meaning(family: Family, shape: &Shape) -> Photometric {
    let said = Photometric::from_text(&shape.photometric);
    if shape.samples != 3 {
        return said;
    }
    let text = shape.photometric.trim().to_ascii_uppercase();
    match family {
        Family::JpegXl => Photometric::Rgb,
        Family::Jpeg2000 if matches!(text.as_str(), "YBR_ICT" | "YBR_RCT") => Photometric::Rgb,
        _ => said,
    }
}

/// Runs the registry's codec. It is third-party code on hostile bytes: a panic in it is an error of the frame.
fn run(shape: &Shape, allocated: u16, compressed: &[u8], name: &'static str) -> Result<Vec<u8>, Error> {
    let syntax = TransferSyntaxRegistry.get(&shape.transfer_syntax).ok_or(Error::Unsupported(name))?;
    let Codec::EncapsulatedPixelData(Some(reader), _) = syntax.codec() else {
        return Err(Error::Unsupported(name));
    };
    let one = OneFrame { shape, allocated, bytes: compressed };
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let mut out = Vec::new();
        reader.decode_frame(&one, 0, &mut out).map(|()| out)
    }));
    match outcome {
        Ok(Ok(out)) => Ok(out),
        Ok(Err(_)) | Err(_) => Err(Error::Codec(name)),
    }
}

/// One frame as the registry's codecs want to see an instance.
struct OneFrame<'f> {
    shape: &'f Shape,
    allocated: u16,
    bytes: &'f [u8],
}

impl PixelDataObject for OneFrame<'_> {
    fn transfer_syntax_uid(&self) -> &str {
        &self.shape.transfer_syntax
    }
    fn rows(&self) -> Option<u16> {
        Some(self.shape.rows)
    }
    fn cols(&self) -> Option<u16> {
        Some(self.shape.columns)
    }
    fn samples_per_pixel(&self) -> Option<u16> {
        Some(self.shape.samples)
    }
    fn bits_allocated(&self) -> Option<u16> {
        Some(self.allocated)
    }
    fn bits_stored(&self) -> Option<u16> {
        Some(self.shape.bits_stored.min(self.allocated))
    }
    fn photometric_interpretation(&self) -> Option<&str> {
        Some(self.shape.photometric.trim())
    }
    fn number_of_frames(&self) -> Option<u32> {
        Some(1)
    }
    fn number_of_fragments(&self) -> Option<u32> {
        Some(1)
    }
    fn fragment(&self, fragment: usize) -> Option<Cow<'_, [u8]>> {
        (fragment == 0).then_some(Cow::Borrowed(self.bytes))
    }
    fn offset_table(&self) -> Option<Cow<'_, [u32]>> {
        Some(Cow::Borrowed(&[]))
    }
    fn raw_pixel_data(&self) -> Option<RawPixelData> {
        let mut fragments = C::new();
        fragments.push(self.bytes.to_vec());
        Some(RawPixelData { fragments, offset_table: C::new() })
    }
}

/// For tests: native bytes as the registry's writers want to see them.
#[cfg(test)]
pub(super) fn tests_one_frame<'f>(shape: &'f Shape, bytes: &'f [u8]) -> impl PixelDataObject + 'f {
    OneFrame { shape, allocated: shape.bits_allocated, bytes }
}
