//! Which fragments make up a frame (PS3.5 A.4), and their bytes.

use crate::error::Error;
use crate::shape::{MAX_COMPRESSED_BYTES, Shape, fill};
use dicom::ReadAt;

/// The compressed bytes of `frame`, fragments joined.
///
/// Order of trust: one fragment a frame; a single frame takes all; the offset table; else frames begin
/// where a fragment begins with a codestream's first marker.
pub(super) fn gather(
    source: &dyn ReadAt,
    shape: &Shape,
    fragments: &[(u64, u64)],
    table: &[u64],
    frame: u32,
) -> Result<Vec<u8>, Error> {
    let frames = shape.frames.max(1) as usize;
    let frame = frame as usize;
    let chosen = if fragments.len() == frames {
        fragments.get(frame..=frame)
    } else if frames == 1 {
        Some(fragments)
    } else if table.len() == frames {
        by_table(fragments, table, frame)
    } else {
        let starts = starts(source, fragments)?;
        if starts.len() != frames {
            return Err(Error::MissingFrame);
        }
        let end = starts.get(frame + 1).copied().unwrap_or(fragments.len());
        starts.get(frame).and_then(|start| fragments.get(*start..end))
    };
    let chosen = chosen.filter(|c| !c.is_empty()).ok_or(Error::MissingFrame)?;
    let total =
        chosen.iter().try_fold(0_u64, |sum, (_, length)| sum.checked_add(*length)).ok_or(Error::Size)?;
    if total > MAX_COMPRESSED_BYTES {
        return Err(Error::Size);
    }
    let mut out = Vec::new();
    for (offset, length) in chosen {
        let length = usize::try_from(*length).map_err(|_| Error::Size)?;
        read_onto(source, *offset, length, &mut out)?;
    }
    Ok(out)
}

/// Appends `length` bytes from `offset` on, in pieces: a hostile length is seen before it is allocated.
pub(super) fn read_onto(
    source: &dyn ReadAt,
    offset: u64,
    length: usize,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    if length > 0 {
        // The last byte first: a length that reaches past the end fails before any allocation.
        fill(source, offset.checked_add(length as u64 - 1).ok_or(Error::Truncated)?, &mut [0])?;
    }
    let start = out.len();
    out.try_reserve_exact(length).map_err(|_| Error::Size)?;
    out.resize(start + length, 0);
    fill(source, offset, out.get_mut(start..).ok_or(Error::Size)?)
}

fn by_table<'f>(fragments: &'f [(u64, u64)], table: &[u64], frame: usize) -> Option<&'f [(u64, u64)]> {
    // An item's tag and length take 8 bytes before its value.
    let base = fragments.first()?.0.checked_sub(8)?;
    let place =
        |wanted: u64| fragments.iter().position(|(offset, _)| offset.checked_sub(8 + base) == Some(wanted));
    let start = place(*table.get(frame)?)?;
    let end = match table.get(frame + 1) {
        Some(next) => place(*next)?,
        None => fragments.len(),
    };
    fragments.get(start..end)
}

/// Places of the fragments that begin with SOI of JPEG or JPEG-LS, SOC of JPEG 2000, or a JPEG XL signature.
fn starts(source: &dyn ReadAt, fragments: &[(u64, u64)]) -> Result<Vec<usize>, Error> {
    let mut out = Vec::new();
    for (i, (offset, length)) in fragments.iter().enumerate() {
        let mut head = [0; 2];
        if *length >= 2 {
            fill(source, *offset, &mut head)?;
        }
        if matches!(head, [0xFF, 0xD8 | 0x4F | 0x0A]) {
            out.push(i);
        }
    }
    Ok(out)
}
