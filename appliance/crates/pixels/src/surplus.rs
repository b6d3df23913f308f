//! What a compressed frame carries beside its picture: comments, application data, bytes behind its end. Such a frame is
//! not copied: it is decoded and written anew, so that nothing goes along that nobody has looked at.

use crate::error::Error;
use crate::frames::Image;
use crate::shape::{Place, Shape};
use crate::{fragments, rle};

/// Longest application segment of a codec's own that says how to decode, in bytes.
const OWN_SEGMENT: usize = 16;
/// How encoders of JPEG 2000 name themselves in the comment that most of them write.
const ENCODERS: [&[u8]; 5] =
    [b"Created by OpenJPEG", b"Kakadu-", b"Creator: JasPer", b"OpenJPH", b"Created by: "];

/// Whether a frame, or a fragment of no frame, holds more than a picture. What cannot be read tells itself elsewhere.
///
/// # Errors
/// [`Error::Read`] of the source.
pub fn carries_more(image: &Image<'_>) -> Result<bool, Error> {
    let (Place::Encapsulated { fragments: all, table }, source) = image.place() else { return Ok(false) };
    let shape = image.shape();
    let mut used = 0_u64;
    for frame in 0..shape.frames {
        match fragments::gather(source, shape, all, table, frame) {
            Ok(bytes) if surplus(shape, &bytes) => return Ok(true),
            Ok(bytes) => used += bytes.len() as u64,
            Err(Error::Read) => return Err(Error::Read),
            Err(_) => return Ok(false),
        }
    }
    Ok(used < all.iter().map(|(_, length)| length).sum())
}

fn surplus(shape: &Shape, bytes: &[u8]) -> bool {
    match shape.transfer_syntax.strip_prefix("1.2.840.10008.1.2.") {
        Some("5") => rle::carries_more(shape, bytes),
        Some("4.50" | "4.51" | "4.57" | "4.70" | "4.80" | "4.81") => jpeg(bytes).unwrap_or(false),
        Some("4.90" | "4.91" | "4.201" | "4.202" | "4.203") => jpeg_2000(bytes).unwrap_or(false),
        _ => false,
    }
}

fn be16(data: &[u8], at: usize) -> Option<usize> {
    let bytes: [u8; 2] = data.get(at..at + 2)?.try_into().ok()?;
    Some(usize::from(u16::from_be_bytes(bytes)))
}

/// Walks the markers of JPEG (ITU-T T.81 annex B) or JPEG-LS (T.87 annex C) to the end of the image. `None`: they do
/// not hold together.
fn jpeg(data: &[u8]) -> Option<bool> {
    let mut at = 2;
    loop {
        // Between segments, and in entropy-coded data, everything up to the next marker is skipped: FF is stuffed
        // with a byte below 0x80 there, and restart markers belong to the scan.
        while !(*data.get(at)? == 0xFF
            && *data.get(at + 1)? >= 0x80
            && !(0xD0..=0xD7).contains(data.get(at + 1)?))
        {
            at += 1;
        }
        let marker = *data.get(at + 1)?;
        match marker {
            0xFF => {
                at += 1;
                continue;
            }
            0xD9 => return Some(data.get(at + 2..)?.iter().any(|b| *b != 0)),
            0xFE => return Some(true),
            0xE0..=0xEF => {
                let body = data.get(at + 4..at + 2 + be16(data, at + 2)?)?;
                let known = (marker == 0xE0 && body.starts_with(b"JFIF\0"))
                    || (marker == 0xEE && body.starts_with(b"Adobe"))
                    || (marker == 0xE8 && (body.starts_with(b"mrfx") || body.starts_with(b"SPIFF\0")));
                if !known || body.len() > OWN_SEGMENT {
                    return Some(true);
                }
            }
            _ => {}
        }
        at += 2 + if marker == 0xD8 { 0 } else { be16(data, at + 2)? };
    }
}

/// The main header of JPEG 2000 (ITU-T T.800 annex A), and that the codestream ends with its end.
fn jpeg_2000(data: &[u8]) -> Option<bool> {
    let mut at = 2;
    // A file around the codestream has boxes for anything.
    if data.get(..2)? != [0xFF, 0x4F] {
        return Some(true);
    }
    loop {
        let length = be16(data, at + 2)?;
        match data.get(at..at + 2)? {
            [0xFF, 0x90] => break,
            [0xFF, 0x64] => {
                let text = data.get(at + 6..at + 2 + length)?;
                if !ENCODERS.iter().any(|name| text.starts_with(name)) {
                    return Some(true);
                }
            }
            [0xFF, _] => {}
            _ => return None,
        }
        at += 2 + length;
    }
    let end = data.iter().rposition(|b| *b != 0)? + 1;
    Some(!data.get(..end)?.ends_with(&[0xFF, 0xD9]))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use super::*;

    /// A picture in two scans, with stuffed and restart bytes in its data.
    fn picture(before: &[u8], after: &[u8]) -> Vec<u8> {
        let mut out = vec![0xFF, 0xD8];
        out.extend(before);
        for _ in 0..2 {
            out.extend([0xFF, 0xDA, 0, 4, 1, 2, 9, 0xFF, 0, 8, 0xFF, 0xD1, 7]);
        }
        out.extend([0xFF, 0xD9]);
        out.extend(after);
        out
    }

    #[test]
    fn comments_application_data_and_what_follows_the_end_are_more_than_a_picture() {
        let jfif = [&[0xFF, 0xE0, 0, 16][..], b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"].concat();
        for (before, after, more) in [
            (&[][..], &[][..], false),
            (&jfif, &[0], false),
            (&[0xFF, 0xFE, 0, 5, b'I', b'd', b'a'], &[], true),
            (&[0xFF, 0xE1, 0, 8, b'E', b'x', b'i', b'f', 0, 0], &[], true),
            (&[], b"Ida", true),
        ] {
            assert_eq!(jpeg(&picture(before, after)), Some(more), "{before:?} {after:?}");
        }
        assert_eq!(jpeg(&[0xFF, 0xD8, 0xFF]), None);
    }

    #[test]
    fn a_comment_that_names_no_encoder_is_more_than_a_codestream() {
        let stream = |comment: &[u8], after: &[u8]| {
            let mut out = vec![0xFF, 0x4F, 0xFF, 0x64, 0, (comment.len() + 4) as u8, 0, 1];
            out.extend(comment);
            out.extend([0xFF, 0x90, 0, 2, 5, 0xFF, 0xD9]);
            out.extend(after);
            out
        };
        assert_eq!(jpeg_2000(&stream(b"Created by OpenJPEG version 2.5", &[0])), Some(false));
        assert_eq!(jpeg_2000(&stream(b"for Ida", &[])), Some(true));
        assert_eq!(jpeg_2000(&stream(b"Kakadu-7", b"Ida")), Some(true));
        assert_eq!(jpeg_2000(b"\0\0\0\x0CjP  "), Some(true));
    }
}
