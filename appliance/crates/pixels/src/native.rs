//! Native pixel data: 1, 8, 16 and 32 bits, either byte order, planes put side by side (PS3.5 section 8.1, 8.2).

use crate::error::Error;
use crate::fragments::read_onto;
use crate::grey::{Photometric, Stored};
use crate::shape::{Order, Shape};
use dicom::ReadAt;

/// Decodes `frame` of a run of values at `(offset, length, order)`.
pub(super) fn decode(
    source: &dyn ReadAt,
    shape: &Shape,
    (offset, length, order): (u64, u64, Order),
    frame: u32,
) -> Result<(Stored, Photometric), Error> {
    let pixels = shape.pixels()?;
    let photometric = Photometric::from_text(&shape.photometric);
    if shape.bits_allocated == 1 {
        let bits = one_bit(source, shape, (offset, length, order), frame)?;
        return Ok((stored(shape, 8, bits), photometric));
    }
    if !matches!(shape.bits_allocated, 8 | 16 | 32) {
        return Err(Error::Bits(shape.bits_allocated));
    }
    // Two pixels share their colour differences: Y1 Y2 CB CR (PS3.3 C.7.6.3.1.2).
    let halved = shape.samples == 3 && shape.photometric.trim().eq_ignore_ascii_case("YBR_FULL_422");
    let samples = if halved { 2 } else { usize::from(shape.samples) };
    let width = usize::from(shape.bits_allocated / 8);
    let size = pixels.checked_mul(samples * width).ok_or(Error::Size)?;
    let start = u64::from(frame) * size as u64;
    if start.checked_add(size as u64).is_none_or(|end| end > length) {
        return Err(Error::Truncated);
    }
    let mut values = if order == Order::BigWords && width == 1 {
        swapped_words(source, (offset, length), start, size)?
    } else {
        let mut values = Vec::new();
        read_onto(source, offset + start, size, &mut values)?;
        if order != Order::Little {
            values.chunks_exact_mut(width).for_each(<[u8]>::reverse);
        }
        values
    };
    if halved {
        let luminance =
            values.chunks_exact(4 * width).flat_map(|c| c.get(..2 * width).unwrap_or_default().to_vec());
        let stored = Stored { samples: 1, ..stored(shape, shape.bits_allocated, luminance.collect()) };
        return Ok((stored, Photometric::Monochrome2));
    }
    if shape.planar && shape.samples > 1 {
        values = side_by_side(&values, pixels, samples, width);
    }
    Ok((stored(shape, shape.bits_allocated, values), photometric))
}

/// The header's bits around decoded `bytes` in containers of `allocated` bits.
pub(super) fn stored(shape: &Shape, allocated: u16, bytes: Vec<u8>) -> Stored {
    let bits_stored = shape.bits_stored.min(allocated);
    let high_bit = if allocated == shape.bits_allocated { shape.high_bit } else { bits_stored.max(1) - 1 };
    Stored {
        rows: u32::from(shape.rows),
        columns: u32::from(shape.columns),
        samples: shape.samples,
        bits_allocated: allocated,
        bits_stored,
        high_bit,
        signed: shape.signed,
        bytes,
    }
}

/// Planes one after the other to samples side by side.
pub(super) fn side_by_side(planes: &[u8], pixels: usize, samples: usize, width: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(planes.len());
    for pixel in 0..pixels {
        for sample in 0..samples {
            let at = (sample * pixels + pixel) * width;
            out.extend_from_slice(planes.get(at..at + width).unwrap_or_default());
        }
    }
    out
}

/// Bits of a frame, lowest bit first; frames follow each other without a gap (PS3.5 section 8.1.1).
fn one_bit(
    source: &dyn ReadAt,
    shape: &Shape,
    (offset, length, order): (u64, u64, Order),
    frame: u32,
) -> Result<Vec<u8>, Error> {
    let bits = shape.pixels()? as u64 * u64::from(shape.samples);
    let first = u64::from(frame).checked_mul(bits).ok_or(Error::Size)?;
    let end = (first + bits).div_ceil(8);
    if end > length {
        return Err(Error::Truncated);
    }
    let size = usize::try_from(end - first / 8).map_err(|_| Error::Size)?;
    let packed = if order == Order::BigWords {
        swapped_words(source, (offset, length), first / 8, size)?
    } else {
        let mut packed = Vec::new();
        read_onto(source, offset + first / 8, size, &mut packed)?;
        packed
    };
    let all = packed.iter().flat_map(|b| (0..8).map(move |i| (b >> i) & 1));
    Ok(all.skip((first % 8) as usize).take(bits as usize).collect())
}

/// Bytes that lie swapped in big endian 16-bit words of a value at `(offset, length)`.
fn swapped_words(
    source: &dyn ReadAt,
    (offset, length): (u64, u64),
    start: u64,
    size: usize,
) -> Result<Vec<u8>, Error> {
    let lead = (start % 2) as usize;
    let whole = (lead + size).next_multiple_of(2);
    if start - lead as u64 + whole as u64 > length {
        return Err(Error::Truncated);
    }
    let mut words = Vec::new();
    read_onto(source, offset + start - lead as u64, whole, &mut words)?;
    words.chunks_exact_mut(2).for_each(<[u8]>::reverse);
    words.drain(..lead);
    words.truncate(size);
    Ok(words)
}
