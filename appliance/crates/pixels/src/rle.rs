//! RLE Lossless (PS3.5 Annex G): byte planes in PackBits, most significant first, of each sample in turn.

use crate::error::Error;
use crate::shape::Shape;

const NAME: &str = "RLE Lossless";
/// Header of 16 numbers: how many segments, then where each begins.
const HEADER_BYTES: usize = 64;

/// Decodes one frame to little endian containers of `width` bytes, samples side by side.
pub(super) fn decode(data: &[u8], pixels: usize, samples: usize, width: usize) -> Result<Vec<u8>, Error> {
    let number = |i: usize| match data.get(4 * i..4 * i + 4) {
        Some([a, b, c, d]) if 4 * i < HEADER_BYTES => Ok(u32::from_le_bytes([*a, *b, *c, *d]) as usize),
        _ => Err(Error::Codec(NAME)),
    };
    let segments = number(0)?;
    if segments != samples * width {
        return Err(Error::Mismatch(NAME));
    }
    let stride = samples * width;
    let mut out = vec![0; pixels * stride];
    for segment in 0..segments {
        let start = number(segment + 1)?;
        let end = if segment + 1 < segments { number(segment + 2)? } else { data.len() };
        let packed = data.get(start..end).ok_or(Error::Codec(NAME))?;
        let (sample, byte) = (segment / width, segment % width);
        let first = sample * width + (width - 1 - byte);
        unpack(packed, out.iter_mut().skip(first).step_by(stride))?;
    }
    Ok(out)
}

/// Whether a frame holds more than its segments need: behind their data, or in front of it.
pub(super) fn carries_more(shape: &Shape, data: &[u8]) -> bool {
    let number = |i: usize| {
        let bytes: [u8; 4] = data.get(4 * i..4 * i + 4)?.try_into().ok()?;
        Some(u32::from_le_bytes(bytes) as usize)
    };
    let Some(segments) = number(0).filter(|n| *n < HEADER_BYTES / 4) else { return false };
    let pixels = usize::from(shape.rows) * usize::from(shape.columns);
    let mut places = vec![0; pixels];
    let unused = (segments + 1..HEADER_BYTES / 4).any(|i| number(i) != Some(0));
    unused
        || number(1) != Some(HEADER_BYTES)
        || (0..segments).any(|segment| {
            let end = if segment + 1 < segments { number(segment + 2) } else { Some(data.len()) };
            let packed = number(segment + 1).zip(end).and_then(|(start, end)| data.get(start..end));
            // One byte, and the no-operation of PackBits, may pad a segment (annex G.3.1).
            let left = packed.and_then(|packed| unpack(packed, places.iter_mut()).ok());
            left.is_some_and(|left| left.len() > 2 || left.iter().any(|b| !matches!(b, 0 | 128)))
        })
}

/// PackBits into `places`; gives the bytes that were not needed. Fewer than places is an error.
fn unpack<'o, 'p>(packed: &'p [u8], mut places: impl Iterator<Item = &'o mut u8>) -> Result<&'p [u8], Error> {
    let mut place = places.next();
    let mut input = packed.iter();
    while let (Some(_), Some(control)) = (&place, input.next()) {
        let (count, repeated) = match *control {
            128 => continue,
            n @ 0..=127 => (usize::from(n) + 1, None),
            n => (257 - usize::from(n), Some(*input.next().ok_or(Error::Truncated)?)),
        };
        for _ in 0..count {
            let value = match repeated {
                Some(v) => v,
                None => *input.next().ok_or(Error::Truncated)?,
            };
            match place {
                Some(p) => *p = value,
                None => break,
            }
            place = places.next();
        }
    }
    if place.is_some() { Err(Error::Truncated) } else { Ok(input.as_slice()) }
}
