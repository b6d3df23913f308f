//! Streams of every option of lossless JPEG give the samples they were made from; whatever is not whole is an error.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use fixtures::study::process_14::{Codes, Process14, encode};
use proptest::prelude::*;

use super::decode::Picture;
use super::*;
use crate::error::Error;
use crate::shape::Shape;

const NAME: &str = "JPEG Lossless";

fn shape(rows: usize, columns: usize, samples: u16, precision: u8) -> Shape {
    let bits = u16::from(precision);
    Shape {
        transfer_syntax: "1.2.840.10008.1.2.4.57".to_owned(),
        rows: rows as u16,
        columns: columns as u16,
        samples,
        planar: false,
        photometric: if samples == 3 { "RGB".to_owned() } else { "MONOCHROME2".to_owned() },
        bits_allocated: if bits <= 8 { 8 } else { 16 },
        bits_stored: bits,
        high_bit: bits - 1,
        signed: false,
        overlays: 0,
        frames: 1,
    }
}

/// Samples of all sizes that `how` keeps whole; in long runs every size of difference occurs.
fn samples(count: usize, how: &Process14) -> Vec<u16> {
    let mask = u16::MAX >> (16 - how.precision) >> how.point_transform << how.point_transform;
    let mut state = 0x9E37_79B9_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as u16
    };
    (0..count).map(|at| if at % 3 == 0 { next() & mask } else { (next() >> (at % 16)) & mask }).collect()
}

fn containers(samples: &[u16], precision: u8) -> Vec<u8> {
    if precision <= 8 {
        samples.iter().map(|v| *v as u8).collect()
    } else {
        samples.iter().flat_map(|v| v.to_le_bytes()).collect()
    }
}

/// Decodes what `how` makes of a picture of 5 by 7.
fn back(how: &Process14, components: u16) -> (Result<Picture, Error>, Vec<u8>) {
    let samples = samples(5 * 7 * usize::from(components), how);
    let stream = encode(&samples, 7, usize::from(components), how);
    (decode(&shape(5, 7, components, how.precision), NAME, &stream), containers(&samples, how.precision))
}

#[test]
fn every_option_of_process_14_gives_the_samples_back() {
    let mut streams = 0_u32;
    for precision in 2..=16 {
        for selection in 1..=7 {
            for point_transform in [0, 1, precision - 1] {
                for interval_rows in [0, 1, 2, 5] {
                    for codes in [Codes::Short, Codes::Long, Codes::Each] {
                        let how = Process14 {
                            precision,
                            selection,
                            point_transform,
                            interval_rows,
                            codes,
                            interleaved: streams.is_multiple_of(2),
                            restart_at_end: streams.is_multiple_of(3),
                            rows_told_late: streams.is_multiple_of(5),
                            fill: streams as usize % 3,
                        };
                        let components = if streams % 7 < 3 { 3 } else { 1 };
                        let (got, want) = back(&how, components);
                        let got = got.unwrap_or_else(|e| panic!("{how:?}, {components} components: {e}"));
                        assert_eq!(got.bytes, want, "{how:?}, {components} components");
                        assert_eq!((got.precision, got.photometric), (u16::from(precision), None));
                        streams += 1;
                    }
                }
            }
        }
    }
    assert_eq!(streams, 15 * 7 * 3 * 4 * 3);
}

#[test]
fn a_difference_of_half_the_range_has_no_bits_behind_it() {
    let how = Process14 { selection: 2, ..Process14::default() };
    let picture = [0, 0x8000, 0xFFFF, 0x8000, 0, 0x7FFF, 0, 0x8000];
    let stream = encode(&picture, 2, 1, &how);
    assert_eq!(decode(&shape(4, 2, 1, 16), NAME, &stream).unwrap().bytes, containers(&picture, 16));
}

#[test]
fn wherever_a_stream_is_cut_it_is_an_error() {
    for interval_rows in [0, 2] {
        for interleaved in [true, false] {
            let how = Process14 { interval_rows, interleaved, codes: Codes::Each, ..Process14::default() };
            let stream = encode(&samples(5 * 7 * 3, &how), 7, 3, &how);
            let end = stream.len() - if stream.ends_with(&[0]) { 3 } else { 2 };
            let shape = shape(5, 7, 3, 16);
            assert!(decode(&shape, NAME, &stream).is_ok());
            for cut in 0..end {
                let bare = decode(&shape, NAME, &stream[..cut]).map(|_| ());
                assert_eq!(bare, Err(Error::Corrupt(NAME)), "cut at {cut} of {end}");
                let ended = [&stream[..cut], &[0xFF, 0xD9]].concat();
                assert!(decode(&shape, NAME, &ended).is_err(), "cut at {cut} of {end} and ended");
            }
        }
    }
}

#[test]
fn a_lossless_frame_with_every_sample_is_whole_without_its_end_marker_and_zeros_are_no_samples() {
    let mut stuffed = 0;
    for (selection, interval_rows) in (1..=7).flat_map(|s| [(s, 0), (s, 2)]) {
        for precision in 2..=16 {
            let interleaved = precision % 2 == 0;
            let how = Process14 { precision, selection, interval_rows, interleaved, ..Process14::default() };
            let picture = samples(5 * 7 * 3, &how);
            let stream = encode(&picture, 7, 3, &how);
            let end = stream.windows(2).rposition(|w| w == [0xFF, 0xD9]).unwrap();
            let decoded = |data: &[u8], zeros: usize| {
                let padded = [data, &vec![0; zeros]].concat();
                decode(&shape(5, 7, 3, precision), NAME, &padded).map(|p| p.bytes)
            };
            // The zero that stuffs a last byte of ones is no padding.
            let last = if stream[..end].ends_with(&[0xFF, 0]) { end - 2 } else { end - 1 };
            stuffed += end - 1 - last;
            for zeros in 0..4 {
                let whole = Ok(containers(&picture, precision));
                assert_eq!(decoded(&stream[..end], zeros), whole, "{how:?}, {zeros} zeros");
                assert_eq!(decoded(&stream[..end + 1], 0), whole, "{how:?}, half an end marker");
                let cut = decoded(&stream[..last], zeros);
                assert_eq!(cut, Err(Error::Corrupt(NAME)), "{how:?}, cut, {zeros} zeros");
                let long = decoded(&[&stream[..end], &[7]].concat(), zeros);
                assert_eq!(long, Err(Error::Corrupt(NAME)), "{how:?}, more than its samples, {zeros} zeros");
            }
        }
    }
    assert!(stuffed > 0);
}

/// A stream in which the first `from` is `to`.
fn with(stream: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = stream.windows(from.len()).position(|w| w == from).expect("it is there");
    [&stream[..at], to, &stream[at + from.len()..]].concat()
}

#[test]
fn what_is_wrong_or_beyond_us_is_told_apart() {
    let how = Process14 { precision: 12, interval_rows: 1, ..Process14::default() };
    let one = encode(&samples(5 * 7, &how), 7, 1, &how);
    let three = encode(&samples(5 * 7 * 3, &how), 7, 3, &how);
    let fault =
        |stream: &[u8], samples| decode(&shape(5, 7, samples, 12), NAME, stream).map(|_| ()).unwrap_err();
    let corrupt = Error::Corrupt(NAME);
    let option = |what| Error::Option(NAME, what);
    for (stream, from, to, wanted) in [
        // The restart markers in another order, an interval of no whole row, of another number of rows.
        (&one, &[0xFF, 0xD1][..], &[0xFF, 0xD2][..], corrupt),
        (&one, &[0xDD, 0, 4, 0, 7], &[0xDD, 0, 4, 0, 6], option("restart intervals that end within a row")),
        (&one, &[0xDD, 0, 4, 0, 7], &[0xDD, 0, 4, 0, 14], corrupt),
        (&one, &[0xDD, 0, 4, 0, 7], &[0xDD, 0, 4, 0, 0], corrupt),
        // Predictors.
        (&one, &[0xDA, 0, 8, 1, 1, 0, 1], &[0xDA, 0, 8, 1, 1, 0, 0], option("hierarchical coding")),
        (&one, &[0xDA, 0, 8, 1, 1, 0, 1], &[0xDA, 0, 8, 1, 1, 0, 8], corrupt),
        // A table that is not there, a component that is not there or there twice, one sampled by half.
        (&one, &[0xDA, 0, 8, 1, 1, 0], &[0xDA, 0, 8, 1, 1, 0x10], corrupt),
        (&one, &[0xDA, 0, 8, 1, 1, 0], &[0xDA, 0, 8, 1, 2, 0], corrupt),
        (&three, &[1, 0x11, 0, 2], &[2, 0x11, 0, 2], corrupt),
        (&three, &[1, 0x11, 0, 2], &[1, 0x21, 0, 2], option("subsampled lossless components")),
        // Another process; another size; samples of more bits than there are.
        (&one, &[0xFF, 0xC3], &[0xFF, 0xC2], option("progressive coding")),
        (&one, &[0xFF, 0xC3], &[0xFF, 0xCB], option("arithmetic coding")),
        (&one, &[0xFF, 0xC3], &[0xFF, 0xF7], option("JPEG-LS")),
        (&one, &[0xC3, 0, 11, 12, 0, 5], &[0xC3, 0, 11, 12, 0, 6], Error::Mismatch(NAME)),
        (&one, &[0xC3, 0, 11, 12, 0, 5, 0, 7], &[0xC3, 0, 11, 12, 0, 5, 0, 8], Error::Mismatch(NAME)),
        (&one, &[0xC3, 0, 11, 12], &[0xC3, 0, 11, 2], corrupt),
        (&one, &[0xC3, 0, 11, 12], &[0xC3, 0, 11, 17], corrupt),
        // More codes than there can be.
        (&one, &[0, 0, 5, 3], &[9, 0, 5, 3], corrupt),
    ] {
        let samples = if std::ptr::eq(stream, &raw const one) { 1 } else { 3 };
        assert_eq!(fault(&with(stream, from, to), samples), wanted, "{from:02X?} {to:02X?}");
    }
    // Bytes that belong to nothing, in front of a marker.
    assert_eq!(fault(&with(&one, &[0xFF, 0xD1], &[7, 0xFF, 0xD1]), 1), corrupt);
    assert_eq!(fault(&with(&one, &[0xFF, 0xD9], &[7, 0xFF, 0xD9]), 1), corrupt);
    assert_eq!(fault(&with(&one, &[0xFF, 0xDD], &[7, 0xFF, 0xDD]), 1), corrupt);
}

#[test]
fn a_component_alone_may_name_any_sampling_factor() {
    let how = Process14 { precision: 12, ..Process14::default() };
    let picture = samples(5 * 7, &how);
    let stream = with(&encode(&picture, 7, 1, &how), &[1, 1, 0x11, 0], &[1, 1, 0x22, 0]);
    assert_eq!(decode(&shape(5, 7, 1, 12), NAME, &stream).unwrap().bytes, containers(&picture, 12));
}

proptest! {
    #[test]
    fn damaged_streams_end_as_errors_or_whole_pictures_and_never_as_a_panic(
        selection in 1..=7_u8, interval_rows in 0..3_usize, precision in 2..=16_u8, three: bool,
        flips in proptest::collection::vec((any::<usize>(), 0..8_u8), 1..6),
    ) {
        let how = Process14 { precision, selection, interval_rows, interleaved: three, ..Process14::default() };
        let components = if three { 3 } else { 1 };
        let mut stream = encode(&samples(11 * 13 * usize::from(components), &how), 13, usize::from(components), &how);
        for (at, bit) in flips {
            let at = at % stream.len();
            stream[at] ^= 1 << bit;
        }
        let width = if precision <= 8 { 1 } else { 2 };
        if let Ok(picture) = decode(&shape(11, 13, components, precision), NAME, &stream) {
            prop_assert!(picture.bytes.len() >= 11 * 13 * usize::from(components).min(width));
        }
    }
}
