//! Rectangles of a decoded frame made black; every other value stays bit for bit as it was decoded.

use crate::frames::Decoded;
use crate::grey::{self, Photometric, Stored, Window};
use deid::PixelBox;

/// Blackens what lies of `boxes` in frame number `frame`. `false`: what is black in it is not known, and nothing was
/// changed.
pub fn blacken(decoded: &mut Decoded, frame: u32, boxes: &[PixelBox]) -> bool {
    let here: Vec<&PixelBox> = boxes.iter().filter(|b| b.frame.is_none_or(|f| f == frame)).collect();
    if here.is_empty() {
        return true;
    }
    let Some(black) = black(decoded) else { return false };
    let stored = &mut decoded.stored;
    let (columns, width) = (stored.columns as usize, black.len());
    for part in here {
        let (x0, x1) = (part.x0.min(stored.columns) as usize, part.x1.min(stored.columns) as usize);
        let rows = part.y0.min(stored.rows) as usize..part.y1.min(stored.rows) as usize;
        for row in rows {
            let line = row * columns;
            let bytes = stored.bytes.get_mut((line + x0) * width..(line + x1.max(x0)) * width);
            for pixel in bytes.unwrap_or_default().chunks_exact_mut(width) {
                pixel.copy_from_slice(&black);
            }
        }
    }
    true
}

/// The bytes of one black pixel of this frame: of grey and palettes those of its darkest pixel, so that bits beyond
/// the stored ones stay what they are in it.
fn black(decoded: &Decoded) -> Option<Vec<u8>> {
    let stored = &decoded.stored;
    let width = usize::from(stored.bits_allocated / 8);
    match (decoded.look.photometric, stored.samples) {
        (Photometric::Rgb, 3) => Some(vec![0; 3 * width]),
        (Photometric::Ybr, 3) => Some([vec![0; width], middle(stored), middle(stored)].concat()),
        (_, 1) => {
            let shown = grey::unit(stored, &decoded.look, Window::AsStored).ok()?;
            let darkest = shown.values.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1))?.0;
            stored.bytes.get(darkest * width..(darkest + 1) * width).map(<[u8]>::to_vec)
        }
        _ => None,
    }
}

/// A colour difference of nothing.
fn middle(stored: &Stored) -> Vec<u8> {
    let half = 1_u32 << (stored.bits_stored - 1) << (stored.high_bit + 1 - stored.bits_stored);
    half.to_le_bytes().into_iter().take(usize::from(stored.bits_allocated / 8)).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::grey::{Look, Modality};

    fn frame(photometric: Photometric, samples: u16, bytes: Vec<u8>) -> Decoded {
        let stored = Stored {
            rows: 3,
            columns: 4,
            samples,
            bits_allocated: 8,
            bits_stored: 8,
            high_bit: 7,
            signed: false,
            bytes,
        };
        let look = Look {
            photometric,
            modality: Modality::Linear { slope: 1.0, intercept: 0.0 },
            padding: None,
            voi: Vec::new(),
            palette: None,
        };
        Decoded { stored, look }
    }

    fn part(frame: Option<u32>, x0: u32, y0: u32, x1: u32, y1: u32) -> PixelBox {
        PixelBox { frame, x0, y0, x1, y1 }
    }

    #[test]
    fn the_box_is_black_and_nothing_else_changes() {
        let values: Vec<u8> = (10..22).collect();
        for (photometric, black) in [(Photometric::Monochrome2, 10), (Photometric::Monochrome1, 21)] {
            let mut one = frame(photometric, 1, values.clone());
            assert!(blacken(&mut one, 0, &[part(None, 1, 1, 3, 9), part(Some(7), 0, 0, 4, 4)]));
            let inside = [5, 6, 9, 10];
            for (at, (now, was)) in one.stored.bytes.iter().zip(&values).enumerate() {
                assert_eq!(*now, if inside.contains(&at) { black } else { *was }, "{at}");
            }
        }
        let mut colour = frame(Photometric::Rgb, 3, vec![200; 36]);
        assert!(blacken(&mut colour, 0, &[part(None, 3, 2, 4, 3)]));
        assert_eq!((&colour.stored.bytes[33..], colour.stored.bytes[32]), (&[0, 0, 0][..], 200));
        let mut ybr = frame(Photometric::Ybr, 3, vec![200; 36]);
        assert!(blacken(&mut ybr, 0, &[part(None, 0, 0, 1, 1)]));
        assert_eq!(&ybr.stored.bytes[..4], [0, 128, 128, 200]);
    }

    #[test]
    fn boxes_beyond_the_frame_and_unknown_colour_harm_nothing() {
        let mut one = frame(Photometric::Monochrome2, 1, vec![9; 12]);
        assert!(blacken(&mut one, 0, &[part(None, 9, 9, 99, 99), part(None, 3, 2, 1, 1)]));
        assert_eq!(one.stored.bytes, vec![9; 12]);
        let mut other = frame(Photometric::Other, 3, vec![9; 36]);
        assert!(!blacken(&mut other, 0, &[part(None, 0, 0, 1, 1)]));
        assert_eq!(other.stored.bytes, vec![9; 36]);
    }
}
