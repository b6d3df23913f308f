//! Compressed frames through the transfer syntax registry's codecs, each on an object of one frame.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use dicom_core::value::C;
use dicom_encoding::adapters::{PixelDataObject, RawPixelData};
use dicom_encoding::transfer_syntax::{Codec, TransferSyntaxIndex};
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;

use super::native::{side_by_side, stored};
use super::peek::{self, Peek};
use super::{Error, Shape, rle};
use crate::grey::{Photometric, Stored};

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
pub(super) fn decode(shape: &Shape, mut compressed: Vec<u8>) -> Result<(Stored, Photometric), Error> {
    let name = name(&shape.transfer_syntax);
    let family = family(&shape.transfer_syntax).ok_or(Error::Unsupported(name))?;
    let pixels = shape.pixels()?;
    let samples = usize::from(shape.samples);
    if family == Family::Rle {
        if !matches!(shape.bits_allocated, 8 | 16 | 32) {
            return Err(Error::Bits(shape.bits_allocated));
        }
        let width = usize::from(shape.bits_allocated / 8);
        let bytes = rle::decode(&compressed, pixels, samples, width)?;
        let photometric = Photometric::from_text(&shape.photometric);
        return Ok((stored(shape, shape.bits_allocated, bytes), photometric));
    }
    if !matches!(shape.bits_allocated, 1 | 8 | 16) {
        return Err(Error::Bits(shape.bits_allocated));
    }
    let peek = match family {
        Family::Jpeg | Family::JpegLs => Some(peek::jpeg(&compressed).ok_or(Error::Codec(name))?),
        Family::Jpeg2000 => Some(peek::jpeg_2000(&compressed).ok_or(Error::Codec(name))?),
        _ => None,
    };
    if peek.is_some_and(|p| !fits(shape, p)) {
        return Err(Error::Mismatch(name));
    }
    if family == Family::JpegLs && !peek::ends(&compressed) {
        // CharLS looks for the rest of a cut stream for seconds.
        return Err(Error::Codec(name));
    }
    let allocated = container(family, shape, peek);
    let size = pixels.checked_mul(samples * usize::from(allocated / 8)).ok_or(Error::Size)?;
    if family == Family::Jpeg {
        mark_rgb(shape, peek, &mut compressed);
    }
    if matches!(family, Family::Jpeg | Family::Jpeg2000) {
        // The adapters refuse a large frame that compressed more than 64 times, as an empty one does.
        // Its size is checked above; bytes after the end marker are not read.
        compressed.resize(compressed.len().max(size / 64 + 1), 0);
    }
    let mut bytes = run(shape, allocated, &compressed, name)?;
    drop(compressed);
    if family == Family::Plain {
        bytes.truncate(size);
    }
    if bytes.len() != size || (family == Family::JpegXl && scaled(shape, &bytes)) {
        return Err(Error::Mismatch(name));
    }
    let planes = peek.is_some_and(|p| p.planes && family == Family::JpegLs)
        || (family == Family::Plain && shape.planar);
    if planes && samples > 1 {
        bytes = side_by_side(&bytes, pixels, samples, usize::from(allocated / 8));
    }
    Ok((stored(shape, allocated, bytes), meaning(family, shape)))
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

/// Bits of a container as the codec writes it: JPEG and JPEG-LS go by the codestream, the others by the header.
fn container(family: Family, shape: &Shape, peek: Option<Peek>) -> u16 {
    match (family, peek) {
        (Family::Jpeg | Family::JpegLs, Some(p)) if p.precision <= 8 => 8,
        (Family::Jpeg | Family::JpegLs, Some(_)) => 16,
        // Single bits are a byte each once they are compressed (PS3.5 section 8.2).
        _ => shape.bits_allocated.max(8),
    }
}

/// Tells the codec what the header knows: it takes three components numbered 1, 2, 3 for luminance and colour
/// differences whatever else is said, but components named R, G, B for what they are.
fn mark_rgb(shape: &Shape, peek: Option<Peek>, compressed: &mut [u8]) {
    let rgb = Photometric::from_text(&shape.photometric) == Photometric::Rgb;
    let Some(Peek { ybr: false, ids: Some(ids), .. }) = peek.filter(|_| rgb) else { return };
    let numbers: Vec<u8> = ids.iter().filter_map(|at| compressed.get(*at).copied()).collect();
    if numbers == [1, 2, 3, 1, 2, 3] {
        for (at, name) in ids.into_iter().zip(*b"RGBRGB") {
            if let Some(id) = compressed.get_mut(at) {
                *id = name;
            }
        }
    }
}

/// What decoded samples mean: the JPEG codecs give RGB, JPEG 2000 undoes its own component transforms.
fn meaning(family: Family, shape: &Shape) -> Photometric {
    let said = Photometric::from_text(&shape.photometric);
    if shape.samples != 3 {
        return said;
    }
    let text = shape.photometric.trim().to_ascii_uppercase();
    match family {
        Family::Jpeg | Family::JpegXl => Photometric::Rgb,
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
