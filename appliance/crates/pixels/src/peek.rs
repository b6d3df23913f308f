//! Size and precision that a codestream states about itself, read before a codec allocates for it.

/// The marker that each part of a tile of JPEG 2000 begins with.
const START_OF_TILE_PART: u16 = 0xFF90;

/// What a codestream says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Peek {
    pub rows: u32,
    pub columns: u32,
    pub components: u16,
    /// Bits of a sample.
    pub precision: u8,
    /// JPEG 2000: samples have a sign, which the codec spreads over the container.
    pub signed: bool,
    /// JPEG-LS: each component is a scan of its own, so the codec gives planes.
    pub planes: bool,
}

fn be16(data: &[u8], at: usize) -> Option<u16> {
    match data.get(at..at + 2)? {
        [a, b] => Some(u16::from_be_bytes([*a, *b])),
        _ => None,
    }
}

fn be32(data: &[u8], at: usize) -> Option<u32> {
    Some(u32::from(be16(data, at)?) << 16 | u32::from(be16(data, at + 2)?))
}

/// The frame header of JPEG-LS (ITU-T T.87 C.2.2).
pub(super) fn jpeg_ls(data: &[u8]) -> Option<Peek> {
    if data.get(..2)? != [0xFF, 0xD8] {
        return None;
    }
    let mut at = 2;
    let mut found: Option<Peek> = None;
    loop {
        if *data.get(at)? != 0xFF {
            return found;
        }
        let marker = *data.get(at + 1)?;
        match marker {
            // A fill byte, and markers without a length.
            0xFF => {
                at += 1;
                continue;
            }
            0x01 | 0xD0..=0xD8 => {
                at += 2;
                continue;
            }
            0xF7 => {
                found = Some(Peek {
                    precision: *data.get(at + 4)?,
                    rows: u32::from(be16(data, at + 5)?),
                    columns: u32::from(be16(data, at + 7)?),
                    components: u16::from(*data.get(at + 9)?),
                    signed: false,
                    planes: false,
                });
            }
            0xDA => {
                let mut peek = found?;
                // The last but one byte of the scan header is the interleave mode.
                let length = usize::from(be16(data, at + 2)?);
                peek.planes = peek.components > 1 && *data.get(at + length)? == 0;
                return Some(peek);
            }
            _ => {}
        }
        at += 2 + usize::from(be16(data, at + 2)?).max(2);
    }
}

/// Whether a JPEG-LS stream has its end marker, padding aside: zeros, or one byte of any value, which is what DCMTK puts
/// behind streams of odd length.
pub(super) fn ends(data: &[u8]) -> bool {
    let end = data.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
    let ends = |at: usize| data.get(..at).is_some_and(|d| d.ends_with(&[0xFF, 0xD9]));
    ends(end) || (data.len().is_multiple_of(2) && ends(data.len().saturating_sub(1)))
}

/// The SIZ segment of JPEG 2000 (ITU-T T.800 A.5.1), also inside a JP2 box. Components that are subsampled, or of
/// different precision, are refused.
pub(super) fn jpeg_2000(data: &[u8]) -> Option<Peek> {
    let at = size_segment(data)?;
    let components = be16(data, at + 36)?;
    let depth = *data.get(at + 38)?;
    for i in 0..usize::from(components) {
        if data.get(at + 38 + 3 * i..at + 41 + 3 * i)? != [depth, 1, 1] {
            return None;
        }
    }
    Some(Peek {
        columns: be32(data, at + 4)?.checked_sub(be32(data, at + 12)?)?,
        rows: be32(data, at + 8)?.checked_sub(be32(data, at + 16)?)?,
        components,
        precision: (depth & 0x7F) + 1,
        signed: depth & 0x80 != 0,
        planes: false,
    })
}

/// Where the length of SIZ stands.
fn size_segment(data: &[u8]) -> Option<usize> {
    Some(data.windows(4).take(4096).position(|w| w == [0xFF, 0x4F, 0xFF, 0x51])? + 4)
}

/// Whether a JPEG 2000 codestream has every tile with all of its parts (A.4.2): the codec leaves a missing one grey.
pub(super) fn has_all_tiles(data: &[u8]) -> bool {
    size_segment(data).and_then(|size| tiles(data, size)) == Some(true)
}

fn tiles(data: &[u8], size: usize) -> Option<bool> {
    let count = |whole: usize, tile: usize, from: usize| {
        let length = be32(data, size + whole)?.checked_sub(be32(data, size + from)?)?;
        Some(u64::from(length.div_ceil(be32(data, size + tile)?.max(1))))
    };
    let wanted = usize::try_from(count(4, 20, 28)?.checked_mul(count(8, 24, 32)?)?).ok()?;
    // Parts that were met and parts that there are, if that was told, of each tile.
    let mut parts: Vec<(u8, u8)> = Vec::new();
    let mut at = size + usize::from(be16(data, size)?);
    while be16(data, at)? != START_OF_TILE_PART {
        at += 2 + usize::from(be16(data, at + 2)?);
    }
    while be16(data, at) == Some(START_OF_TILE_PART) {
        let (tile, told) = (usize::from(be16(data, at + 4)?), *data.get(at + 11)?);
        if tile >= wanted {
            return Some(false);
        }
        parts.resize(parts.len().max(tile + 1), (0, 0));
        let part = parts.get_mut(tile)?;
        *part = (part.0.saturating_add(1), part.1.max(told));
        match be32(data, at + 6)? as usize {
            // It goes on to the end.
            0 => break,
            length => at = at.checked_add(length.max(12))?,
        }
    }
    Some(parts.len() == wanted && parts.iter().all(|(met, told)| *met > 0 && met >= told))
}
