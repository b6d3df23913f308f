//! Element headers and values in memory as bytes, PS3.5 section 7.1.
use super::error::Error;
use super::header::Encoding;
use super::number::swap_words;
use super::tag::Tag;
use super::vr::Vr;

/// One element with a value in memory; padded to even length, swapped for big endian.
pub(super) fn put_element(
    out: &mut Vec<u8>,
    tag: Tag,
    vr: Vr,
    value: &[u8],
    encoding: Encoding,
) -> Result<(), Error> {
    let length = u32::try_from(value.len() + value.len() % 2).map_err(|_| Error::ValueTooLong)?;
    put_header(out, tag, vr, length, encoding)?;
    let start = out.len();
    out.extend_from_slice(value);
    if encoding.big {
        swap_words(out.get_mut(start..).unwrap_or_default(), vr.word());
    }
    if value.len() % 2 == 1 {
        out.push(vr.padding());
    }
    Ok(())
}

pub(super) fn put_number(out: &mut Vec<u8>, number: u32, big: bool) {
    out.extend_from_slice(&if big { number.to_be_bytes() } else { number.to_le_bytes() });
}

fn put_short(out: &mut Vec<u8>, number: u16, big: bool) {
    out.extend_from_slice(&if big { number.to_be_bytes() } else { number.to_le_bytes() });
}

pub(super) fn put_header(
    out: &mut Vec<u8>,
    tag: Tag,
    vr: Vr,
    length: u32,
    encoding: Encoding,
) -> Result<(), Error> {
    // A value too long for the short form is written as UN (PS3.5 section 6.2.2 note 1 allows it).
    let vr = if !vr.has_long_length() && length > 0xFFFF { Vr::UN } else { vr };
    put_short(out, tag.group(), encoding.big);
    put_short(out, tag.element(), encoding.big);
    out.extend_from_slice(vr.as_str().as_bytes());
    if vr.has_long_length() {
        out.extend_from_slice(&[0, 0]);
        put_number(out, length, encoding.big);
    } else {
        put_short(out, u16::try_from(length).map_err(|_| Error::ValueTooLong)?, encoding.big);
    }
    Ok(())
}

pub(super) fn put_mark(out: &mut Vec<u8>, tag: Tag, length: u32, big: bool) {
    put_short(out, tag.group(), big);
    put_short(out, tag.element(), big);
    put_number(out, length, big);
}
