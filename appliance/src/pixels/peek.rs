//! Size and precision that a codestream states about itself, read before a codec allocates for it.

/// What a codestream says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Peek {
    pub rows: u32,
    pub columns: u32,
    pub components: u16,
    /// Bits of a sample.
    pub precision: u8,
    /// JPEG-LS: each component is a scan of its own, so the codec gives planes.
    pub planes: bool,
    /// JPEG: a JFIF or Adobe marker says that the components are luminance and colour differences.
    pub ybr: bool,
    /// JPEG: where the ids of three components stand, in the frame header and then in a scan header with all three.
    pub ids: Option<[usize; 6]>,
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

/// The frame header of JPEG (ITU-T T.81 B.2.2) or JPEG-LS (T.87 C.2.2).
pub(super) fn jpeg(data: &[u8]) -> Option<Peek> {
    if data.get(..2)? != [0xFF, 0xD8] {
        return None;
    }
    let mut at = 2;
    let mut found: Option<Peek> = None;
    let (mut ybr, mut frame_ids) = (false, 0);
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
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF | 0xF7 => {
                found = Some(Peek {
                    precision: *data.get(at + 4)?,
                    rows: u32::from(be16(data, at + 5)?),
                    columns: u32::from(be16(data, at + 7)?),
                    components: u16::from(*data.get(at + 9)?),
                    planes: false,
                    ybr: false,
                    ids: None,
                });
                frame_ids = at + 10;
            }
            0xE0 => ybr |= data.get(at + 4..at + 8) == Some(b"JFIF"),
            0xEE => ybr |= data.get(at + 4..at + 9) == Some(b"Adobe") && data.get(at + 15) != Some(&0),
            0xDA => {
                let mut peek = found?;
                peek.ybr = ybr;
                if peek.components == 3 && data.get(at + 4) == Some(&3) {
                    // Three bytes for a component there, two here.
                    peek.ids = Some([frame_ids, frame_ids + 3, frame_ids + 6, at + 5, at + 7, at + 9]);
                }
                // In JPEG-LS the last but one byte of the scan header is the interleave mode.
                let length = usize::from(be16(data, at + 2)?);
                peek.planes = peek.components > 1 && *data.get(at + length)? == 0;
                return Some(peek);
            }
            _ => {}
        }
        at += 2 + usize::from(be16(data, at + 2)?).max(2);
    }
}

/// Whether a JPEG or JPEG-LS stream has its end marker, padding aside.
pub(super) fn ends(data: &[u8]) -> bool {
    let end = data.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
    data.get(..end).is_some_and(|d| d.ends_with(&[0xFF, 0xD9]))
}

/// The SIZ segment of JPEG 2000 (ITU-T T.800 A.5.1), also inside a JP2 box. Subsampled components are refused.
pub(super) fn jpeg_2000(data: &[u8]) -> Option<Peek> {
    let at = data.windows(4).take(4096).position(|w| w == [0xFF, 0x4F, 0xFF, 0x51])? + 4;
    let components = be16(data, at + 36)?;
    let mut precision = 0;
    for i in 0..usize::from(components) {
        let part = data.get(at + 38 + 3 * i..at + 41 + 3 * i)?;
        let [depth, 1, 1] = part else { return None };
        precision = precision.max((depth & 0x7F) + 1);
    }
    Some(Peek {
        columns: be32(data, at + 4)?.checked_sub(be32(data, at + 12)?)?,
        rows: be32(data, at + 8)?.checked_sub(be32(data, at + 16)?)?,
        components,
        precision,
        planes: false,
        ybr: false,
        ids: None,
    })
}
