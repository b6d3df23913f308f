//! Text burned into a decoded frame: the grey pictures in which it is looked for, and where it was found.

use crate::frames::Decoded;
use crate::grey::{self, Photometric, Stored, Window};
use crate::text::{Grey8, TextBox, TextDetector, find_text, find_words};

/// Longest side of a frame that is looked at as it is, in pixels.
const LOOK_SIDE: u32 = 1_536;
/// How many values on either side of one it is compared with.
const AROUND: usize = 8;
/// Padding is looked at as this part of the picture's range away from it, and no farther.
const PADDING_APART: i64 = 8;
/// Fewest pixels that letters of a word have.
const INK_MIN: usize = 24;

/// Smallest and largest value that is told apart from others.
type Range = (f32, f32);

/// Everything in the frame that looks like text, whatever it says.
pub fn find_burned_in(decoded: &Decoded, detector: &TextDetector) -> Vec<TextBox> {
    let found = |range| {
        let (values, rows, columns) = luminance(decoded, 1, range)?;
        Some(find_text(&Grey8 { rows, columns, values: &stretched(&values)? }, detector))
    };
    ranges(decoded, 1).into_iter().filter_map(found).flatten().collect()
}

/// Whether words stand in a frame that should hold none; a lone marker of a side is no word. Looked for on every
/// so many-th pixel of a large frame: what is written to be read is large there.
///
/// `exacting` asks for ink of one exact value as well. Base of skull and sinuses look like letters, and of many slices
/// one would always; but they are of many values.
pub fn shows_words(decoded: &Decoded, exacting: bool, detector: &TextDetector) -> bool {
    let longer = decoded.stored.rows.max(decoded.stored.columns);
    let step = longer.div_ceil(LOOK_SIDE).max(1);
    let shown = |range| {
        let (values, rows, columns) = luminance(decoded, step, range)?;
        let words = find_words(&Grey8 { rows, columns, values: &stretched(&values)? }, detector);
        let exact = |b: &TextBox| is_of_one_value(&values, columns, b);
        Some(words.iter().filter(|b| is_word(b)).any(|b| !exacting || exact(b)))
    };
    ranges(decoded, step).into_iter().filter_map(shown).any(|words| words)
}

/// Whether a grey frame has so many more pixels of one bright value than of those around it that letters could be drawn
/// in it: anatomy and noise spread, ink does not. Quick: of slices that are not looked at closely, those that pass are.
pub fn may_hold_ink(decoded: &Decoded) -> bool {
    let stored = &decoded.stored;
    if stored.samples != 1 {
        return true;
    }
    let Some((low, high)) = range_of(stored) else { return false };
    let third = high - (high - low) / 3;
    let Some(width) = usize::try_from(high - third + 1).ok().filter(|n| *n <= 1 << 16) else { return true };
    let counts = counts_from(stored, third, width);
    let stands_out = |at: usize, count: u32| {
        let around = counts.get(at.saturating_sub(AROUND)..(at + AROUND + 1).min(width)).unwrap_or_default();
        let others = around.iter().map(|c| u64::from(*c)).sum::<u64>() - u64::from(count);
        let mean = others / (around.len() as u64 - 1).max(1);
        u64::from(count) >= INK_MIN as u64 / 2 + 3 * mean
    };
    high > low && counts.iter().enumerate().any(|(at, count)| *count > 0 && stands_out(at, *count))
}

/// The smallest and the largest value of a frame.
fn range_of(stored: &Stored) -> Option<(i64, i64)> {
    let (mut low, mut high) = (i32::MAX, i32::MIN);
    if stored.each_short(|value| (low, high) = (low.min(value), high.max(value))) {
        return (low <= high).then_some((i64::from(low), i64::from(high)));
    }
    stored.values().fold(None, |range, value| {
        Some(range.map_or((value, value), |(low, high): (i64, i64)| (low.min(value), high.max(value))))
    })
}

/// How often each of `width` values from `least` on is there.
fn counts_from(stored: &Stored, least: i64, width: usize) -> Vec<u32> {
    let mut counts = vec![0_u32; width];
    let mut count = |at: Option<usize>| {
        if let Some(count) = at.and_then(|at| counts.get_mut(at)) {
            *count += 1;
        }
    };
    let short = i32::try_from(least).is_ok_and(|least| {
        // What is below `least` becomes a number past the end.
        stored.each_short(|value| count(Some(value.wrapping_sub(least).cast_unsigned() as usize)))
    });
    if !short {
        stored.values().for_each(|value| count(usize::try_from(value - least).ok()));
    }
    counts
}

/// Several letters in a row, either way up.
fn is_word(b: &TextBox) -> bool {
    let (wide, high) = (b.x1.saturating_sub(b.x0), b.y1.saturating_sub(b.y0));
    wide > 3 * high || high > 3 * wide
}

/// Whether many of the brightest or of the darkest pixels of a box have one value to the bit, and the rest has not. A
/// value that the whole picture is full of is no ink unless most of them have it: there the picture is saturated.
fn is_of_one_value(values: &[f32], columns: u32, b: &TextBox) -> bool {
    let rows = values.chunks_exact(columns.max(1) as usize);
    let rows = rows.skip(b.y0 as usize).take(b.y1.saturating_sub(b.y0) as usize);
    let mut inside: Vec<f32> = rows
        .flat_map(|row| row.get(b.x0 as usize..(b.x1 as usize).min(row.len())).unwrap_or_default())
        .copied()
        .collect();
    inside.sort_unstable_by(f32::total_cmp);
    let (Some(low), Some(high)) = (inside.first().copied(), inside.last().copied()) else { return false };
    let third = (high - low) / 3.0;
    let dark = inside.partition_point(|v| *v < low + third);
    let bright = inside.partition_point(|v| *v <= high - third);
    let (dark, bright) = (inside.get(..dark).unwrap_or_default(), inside.get(bright..).unwrap_or_default());
    let is_ink = |ink: &[f32]| {
        let (value, count) = most_frequent(ink);
        let everywhere = values.iter().filter(|v| v.to_bits() == value.to_bits()).count();
        let saturated = everywhere > 8 * count;
        let enough = if saturated { count * 2 > ink.len() } else { count * 8 > ink.len() };
        ink.len() >= INK_MIN && count * 2 >= INK_MIN && ink.len() * 2 < inside.len() && enough
    };
    high > low && (is_ink(bright) || is_ink(dark))
}

/// The most frequent of sorted values, and how often it is there.
fn most_frequent(sorted: &[f32]) -> (f32, usize) {
    let runs = sorted.chunk_by(|a, b| a.to_bits() == b.to_bits());
    let longest = runs.max_by_key(|run| run.len());
    longest.map_or((0.0, 0), |run| (run.first().copied().unwrap_or_default(), run.len()))
}

/// One number for every `step`-th pixel of every `step`-th row, and how many rows and columns these are: stored values of
/// grey as near as they come in a range, the brightest channel of colour, palettes as shown.
fn luminance(decoded: &Decoded, step: u32, (low, high): Range) -> Option<(Vec<f32>, u32, u32)> {
    let stored = &decoded.stored;
    let (width, apart) = (stored.columns as usize, step.max(1) as usize);
    let (rows, columns) = (stored.rows.div_ceil(step), stored.columns.div_ceil(step));
    let mut values = Vec::with_capacity(rows as usize * columns as usize);
    let places = (0..stored.rows as usize)
        .step_by(apart)
        .flat_map(|row| (0..width).step_by(apart).map(move |column| row * width + column));
    match (decoded.look.photometric, stored.samples) {
        (Photometric::Monochrome1 | Photometric::Monochrome2, 1) => {
            stored.every(apart, |value| values.push((value as f32).clamp(low, high)));
        }
        (Photometric::Rgb, 3) => {
            let brightest = |at: usize| (3 * at..3 * at + 3).map(|sample| stored.sample(sample)).max();
            values.extend(places.map(|at| brightest(at).unwrap_or_default() as f32));
        }
        _ => {
            let shown = grey::unit(stored, &decoded.look, Window::AsStored).ok()?.values;
            values.extend(places.map(|at| shown.get(at).copied().unwrap_or_default()));
        }
    }
    Some((values, rows, columns))
}

/// The ranges of values that a frame is looked at in, one after the other: all, unless it has padding.
///
/// Padding far away from the picture would leave the letters in it no contrast, so it is brought near: from a little
/// below the smallest other value to a little above the largest. There all padding may be one, so that padding of several
/// values has a look of its own: in it, too, something could be written.
fn ranges(decoded: &Decoded, step: u32) -> Vec<Range> {
    let (stored, look) = (&decoded.stored, &decoded.look);
    let grey = matches!(look.photometric, Photometric::Monochrome1 | Photometric::Monochrome2);
    let (mut picture, mut padding) = (None, None);
    if look.padding.is_some() && grey && stored.samples == 1 {
        stored.every(step.max(1) as usize, |value| {
            let range = if look.is_padding(value) { &mut padding } else { &mut picture };
            let (low, high) = range.unwrap_or((value, value));
            *range = Some((low.min(value), high.max(value)));
        });
    }
    let Some((low, high)) = picture else { return vec![(f32::NEG_INFINITY, f32::INFINITY)] };
    let rim = ((high - low) / PADDING_APART).max(1);
    let (low, high) = (low - rim, high + rim);
    let far = padding.filter(|(from, to)| from < to && (*from < low || *to > high));
    [Some((low, high)), far].into_iter().flatten().map(|(low, high)| (low as f32, high as f32)).collect()
}

/// Smallest to largest value as 0 to 255; `None` for a frame of one value.
fn stretched(values: &[f32]) -> Option<Vec<u8>> {
    let (low, high) = values.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), value| {
        (if *value < low { *value } else { low }, if *value > high { *value } else { high })
    });
    let scale = 255.0 / (high - low);
    (scale.is_finite() && scale > 0.0)
        .then(|| values.iter().map(|v| ((v - low) * scale).clamp(0.0, 255.0) as u8).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
    use super::*;
    use crate::grey::{Look, Modality};

    /// A frame of 64 x 64 values of 16 bits that spread, with `ink` pixels of one bright value.
    fn slice(ink: usize) -> Decoded {
        let mut values: Vec<u16> =
            (0..4096_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 20) as u16).collect();
        values.iter_mut().skip(500).step_by(7).take(ink).for_each(|v| *v = 4001);
        let stored = Stored {
            rows: 64,
            columns: 64,
            samples: 1,
            bits_allocated: 16,
            bits_stored: 12,
            high_bit: 11,
            signed: false,
            bytes: values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        };
        let modality = Modality::Linear { slope: 1.0, intercept: 0.0 };
        let photometric = Photometric::Monochrome2;
        Decoded {
            stored,
            look: Look { photometric, modality, padding: None, voi: Vec::new(), palette: None },
        }
    }

    #[test]
    fn a_bright_value_that_stands_out_could_be_ink_and_one_that_does_not_is_none() {
        assert!(!may_hold_ink(&slice(0)));
        assert!(!may_hold_ink(&slice(6)), "fewer pixels than a letter has");
        assert!(may_hold_ink(&slice(40)));
    }

    #[test]
    fn values_are_counted_the_same_whatever_their_width_sign_and_place_in_the_container() {
        let bytes: Vec<u8> =
            (0..64 * 64 * 4_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 21) as u8).collect();
        for (bits_allocated, bits_stored, high_bit) in [
            (8, 8, 7),
            (8, 5, 6),
            (16, 16, 15),
            (16, 12, 11),
            (16, 12, 15),
            (16, 1, 0),
            (32, 16, 20),
            (32, 20, 19),
        ] {
            for signed in [false, true] {
                let bytes = bytes[..64 * 64 * usize::from(bits_allocated / 8)].to_vec();
                let stored = Stored {
                    rows: 64,
                    columns: 64,
                    samples: 1,
                    bits_allocated,
                    bits_stored,
                    high_bit,
                    signed,
                    bytes,
                };
                let values: Vec<i64> = stored.values().collect();
                let (low, high) = (*values.iter().min().unwrap(), *values.iter().max().unwrap());
                assert_eq!(range_of(&stored), Some((low, high)), "{bits_allocated} {bits_stored} {signed}");
                let (least, width) = (high - (high - low) / 3, 1 << 16);
                let mut counts = vec![0; width];
                for at in values.iter().filter_map(|value| usize::try_from(value - least).ok()) {
                    counts.get_mut(at).into_iter().for_each(|count| *count += 1);
                }
                assert_eq!(
                    counts_from(&stored, least, width),
                    counts,
                    "{bits_allocated} {bits_stored} {signed}"
                );
            }
        }
    }

    #[test]
    fn padding_far_from_the_picture_comes_nearer_and_stays_apart() {
        let mut frame = slice(0);
        frame.stored.bytes[..4].copy_from_slice(&[0xFF, 0xFF, 0xFE, 0xFF]);
        (frame.stored.bits_stored, frame.stored.high_bit) = (16, 15);
        let (low, high) = (0.0, 4095.0);
        let seen = |frame: &Decoded| -> Vec<Vec<f32>> {
            let of = |range| luminance(frame, 1, range).unwrap().0;
            ranges(frame, 1).into_iter().map(of).collect()
        };
        assert_eq!(seen(&frame).concat()[..2], [65_535.0, 65_534.0]);
        frame.look.padding = Some((65_534, 65_535));
        let now = seen(&frame);
        let [picture, padding] = now.as_slice() else { panic!("{}", now.len()) };
        let rest = picture[2..].iter().fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
        assert!(rest.0 >= low && rest.1 <= high, "{rest:?}");
        assert!(picture[0] > rest.1 && picture[0] < rest.1 * 1.2, "{}", picture[0]);
        assert!(padding[0] > padding[1] && padding[2..].iter().all(|v| *v == padding[1]));
        // Padding of one value needs no look of its own, nor does what is near.
        frame.stored.bytes[..2].copy_from_slice(&[0xFE, 0xFF]);
        assert_eq!(seen(&frame).len(), 1);
        frame.look.padding = Some((0, 7));
        assert_eq!(seen(&frame).len(), 1);
    }

    /// Padding of 128 x 200 around a picture of 0 to 4095, and a name in another value of padding.
    fn name_in_padding(ground: u16, ink: u16) -> Decoded {
        let (rows, columns) = (128_usize, 200_usize);
        let mut values = vec![ground; rows * columns];
        for (at, value) in values.iter_mut().enumerate().filter(|(at, _)| at / columns > 70) {
            *value = (at as u32).wrapping_mul(2_654_435_761).wrapping_shr(20) as u16 / 8 + (at / 8) as u16;
        }
        for (place, letter) in "HANSEN ANNA".chars().enumerate().filter(|(_, letter)| *letter != ' ') {
            for (row, bits) in fixtures::font::glyph(letter).into_iter().enumerate() {
                for column in (0..5).filter(|column| bits >> (4 - column) & 1 == 1) {
                    let (x, y) = (12 + (6 * place + column) * 2, 30 + 2 * row);
                    for at in [y * columns + x, (y + 1) * columns + x] {
                        values[at..at + 2].fill(ink);
                    }
                }
            }
        }
        let mut frame = slice(0);
        frame.stored.bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        (frame.stored.rows, frame.stored.columns) = (rows as u32, columns as u32);
        (frame.stored.bits_stored, frame.stored.high_bit) = (16, 15);
        frame.look.padding = Some((30_000, 65_535));
        frame
    }

    #[test]
    fn a_name_written_in_padding_on_padding_is_found_however_near_its_values_are() {
        let detector = crate::text::tests::shipped();
        for (ground, ink) in [(30_000, 65_535), (65_535, 30_000), (65_534, 65_535), (30_000, 30_003)] {
            let frame = name_in_padding(ground, ink);
            assert!(
                shows_words(&frame, true, &detector) && shows_words(&frame, false, &detector),
                "{ink} on {ground}"
            );
            let hidden = |b: &TextBox| b.x0 <= 14 && b.y0 <= 32 && b.x1 >= 140 && b.y1 >= 42;
            assert!(find_burned_in(&frame, &detector).iter().any(hidden), "{ink} on {ground}");
            let blank = name_in_padding(ground, ground);
            assert!(!shows_words(&blank, false, &detector), "{ground}");
        }
    }
}
