//! RLE Lossless (PS3.5 Annex G): byte planes in PackBits, most significant first, of each sample in turn.

use super::Error;

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

/// PackBits into `places`; more bytes than places is padding, fewer is an error.
fn unpack<'o>(packed: &[u8], mut places: impl Iterator<Item = &'o mut u8>) -> Result<(), Error> {
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
    if place.is_some() { Err(Error::Truncated) } else { Ok(()) }
}
