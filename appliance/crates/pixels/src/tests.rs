//! Frames against values known by formula (`goldens.json`, made by `goldens.py` with other people's encoders).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use dicom_encoding::transfer_syntax::{Codec, TransferSyntaxIndex};
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::frames::decode;
use crate::grey::{Photometric, Unit};
use crate::shape::{Order, Place};

fn shape(syntax: &str, rows: u16, columns: u16, samples: u16, bits: (u16, u16, bool)) -> Shape {
    Shape {
        transfer_syntax: syntax.to_owned(),
        rows,
        columns,
        samples,
        planar: false,
        photometric: if samples == 3 { "RGB".to_owned() } else { "MONOCHROME2".to_owned() },
        bits_allocated: bits.0,
        bits_stored: bits.1,
        high_bit: bits.1 - 1,
        signed: bits.2,
        overlays: 0,
        frames: 1,
    }
}

fn native(length: usize) -> Place {
    Place::Native { offset: 0, length: length as u64, order: Order::Little }
}

/// The pictures of `goldens.py`.
fn picture(name: &str, shape: &Shape) -> Vec<i64> {
    let (rows, columns, samples) =
        (i64::from(shape.rows), i64::from(shape.columns), i64::from(shape.samples));
    let top = (1_i64 << shape.bits_stored) - 1;
    let mut out = Vec::new();
    for r in 0..rows {
        for c in 0..columns {
            for s in 0..samples {
                let smooth = r * 3 + c * 2;
                let edge = if c > 9 { top / 3 } else { 0 };
                let ramp = (r * 37 + c * 11 + s * 91 + edge) * (top / 700).max(1) % (top + 1);
                out.push(match (name, s) {
                    ("smooth", 0) => smooth,
                    ("smooth", 1) => 255 - smooth,
                    ("smooth", _) => smooth / 2,
                    _ if shape.signed => ramp - (top + 1) / 2,
                    _ => ramp,
                });
            }
        }
    }
    out
}

fn number(v: &Value) -> u16 {
    v.as_u64().unwrap() as u16
}

#[test]
fn frames_of_other_encoders_come_back() {
    let goldens: Value = serde_json::from_str(include_str!("goldens.json")).unwrap();
    let goldens = goldens.as_array().unwrap();
    assert_eq!(goldens.len(), 20);
    for case in goldens {
        let name = case["name"].as_str().unwrap();
        let bits = (
            number(&case["bits_allocated"]),
            number(&case["bits_stored"]),
            case["signed"].as_bool().unwrap(),
        );
        let mut shape = shape(
            case["syntax"].as_str().unwrap(),
            number(&case["rows"]),
            number(&case["columns"]),
            number(&case["samples"]),
            bits,
        );
        shape.photometric = case["photometric"].as_str().unwrap().to_owned();
        let frame = hex::decode(case["frame"].as_str().unwrap()).unwrap();
        // In two fragments, of which the first does not end at a frame.
        let place =
            Place::Encapsulated { fragments: vec![(0, 100), (100, frame.len() as u64 - 100)], table: vec![] };
        let (stored, photometric) =
            decode(&frame, &shape, &place, 0).unwrap_or_else(|e| panic!("{name}: {e}"));
        let off_by = case["off_by"].as_i64().unwrap();
        for (i, (got, want)) in
            stored.values().zip(picture(case["picture"].as_str().unwrap(), &shape)).enumerate()
        {
            assert!((got - want).abs() <= off_by, "{name}, sample {i}: got {got}, want {want}");
        }
        assert_eq!(stored.values().count(), shape.pixels().unwrap() * usize::from(shape.samples), "{name}");
        let want = if shape.samples == 3 { Photometric::Rgb } else { Photometric::Monochrome2 };
        assert_eq!(photometric, want, "{name}");
        // A header that claims another size is refused before a codec allocates for it.
        shape.rows += 1;
        let refused = decode(&frame, &shape, &place, 0).unwrap_err();
        assert!(matches!(refused, Error::Mismatch(_) | Error::Truncated), "{name}: {refused:?}");
    }
}

/// Encodes with the registry's own writer.
fn encoded(syntax: &str, raw: &[u8], shape: &Shape) -> Vec<u8> {
    let native = Shape { transfer_syntax: "1.2.840.10008.1.2.1".to_owned(), ..shape.clone() };
    let one = codec::tests_one_frame(&native, raw);
    let syntax = TransferSyntaxRegistry.get(syntax).unwrap();
    let Codec::EncapsulatedPixelData(_, Some(writer)) = syntax.codec() else { panic!("no writer") };
    let mut out = Vec::new();
    let _ = writer.encode_frame(&one, 0, Default::default(), &mut out).unwrap();
    out
}

#[test]
fn jpeg_xl_deflated_frames_and_encapsulated_values_come_back() {
    let syntaxes = [
        "1.2.840.10008.1.2.4.110",
        "1.2.840.10008.1.2.8.1",
        "1.2.840.10008.1.2.1.98",
        "1.2.840.10008.1.2.4.80",
    ];
    for syntax in syntaxes {
        for bits in [(8, 8, false), (16, 16, false)] {
            let shape = shape(syntax, 33, 42, 1, bits);
            let want = picture("ramp", &shape);
            let raw: Vec<u8> =
                want.iter().flat_map(|v| v.to_le_bytes()[..usize::from(bits.0 / 8)].to_vec()).collect();
            let frame = encoded(syntax, &raw, &shape);
            let place = Place::Encapsulated { fragments: vec![(0, frame.len() as u64)], table: vec![] };
            let (stored, _) = decode(&frame, &shape, &place, 0).unwrap_or_else(|e| panic!("{syntax}: {e}"));
            assert_eq!(stored.values().collect::<Vec<_>>(), want, "{} {bits:?}", codec::name(syntax));
        }
    }
}

#[test]
fn a_jpeg_xl_frame_that_is_cut_short_is_no_picture() {
    let shape = shape("1.2.840.10008.1.2.4.110", 33, 42, 1, (16, 16, false));
    let raw: Vec<u8> = picture("ramp", &shape).iter().flat_map(|v| v.to_le_bytes()[..2].to_vec()).collect();
    let frame = encoded(&shape.transfer_syntax, &raw, &shape);
    for cut in (0..frame.len() - 8).step_by(13) {
        let place = Place::Encapsulated { fragments: vec![(0, cut as u64)], table: vec![] };
        assert!(decode(&&frame[..cut], &shape, &place, 0).is_err(), "cut at {cut} of {}", frame.len());
    }
}

#[test]
fn compressed_single_bits_are_a_byte_each() {
    let shape = shape("1.2.840.10008.1.2.8.1", 2, 3, 1, (1, 1, false));
    let bytes = Shape { bits_allocated: 8, ..shape.clone() };
    let frame = encoded(&shape.transfer_syntax, &[1, 0, 1, 1, 0, 0], &bytes);
    let place = Place::Encapsulated { fragments: vec![(0, frame.len() as u64)], table: vec![] };
    let (stored, _) = decode(&frame, &shape, &place, 0).unwrap();
    assert_eq!(stored.values().collect::<Vec<_>>(), [1, 0, 1, 1, 0, 0]);
}

#[test]
fn native_samples_of_all_widths_and_orders() {
    let want: Vec<i64> = (0..12).map(|i| i * 19_000 % 256).collect();
    for (bits, order) in [(8, Order::Little), (8, Order::BigWords), (16, Order::Big), (32, Order::BigWords)] {
        let width = usize::from(bits / 8_u16);
        let mut raw: Vec<u8> = want.iter().flat_map(|v| v.to_le_bytes()[..width].to_vec()).collect();
        match order {
            Order::BigWords if width == 1 => raw.chunks_exact_mut(2).for_each(<[u8]>::reverse),
            Order::Little => {}
            _ => raw.chunks_exact_mut(width).for_each(<[u8]>::reverse),
        }
        let mut shape = shape("1.2.840.10008.1.2.2", 1, 3, 1, (bits, bits, false));
        shape.frames = 4;
        let place = Place::Native { offset: 0, length: raw.len() as u64, order };
        for frame in 0..4 {
            let (stored, _) = decode(&raw, &shape, &place, frame).unwrap();
            let at = frame as usize * 3;
            assert_eq!(
                stored.values().collect::<Vec<_>>(),
                want[at..at + 3],
                "{bits} {order:?} frame {frame}"
            );
        }
        assert_eq!(decode(&raw, &shape, &place, 4).unwrap_err(), Error::MissingFrame);
        shape.frames = 5;
        assert_eq!(decode(&raw, &shape, &place, 4).unwrap_err(), Error::Truncated);
    }
}

#[test]
fn single_bits_follow_each_other_without_a_gap() {
    let mut shape = shape("1.2.840.10008.1.2.1", 1, 3, 1, (1, 1, false));
    shape.frames = 4;
    let raw = vec![0b0110_1001_u8, 0b0000_1011];
    let frames: Vec<Vec<i64>> =
        (0..4).map(|f| decode(&raw, &shape, &native(2), f).unwrap().0.values().collect()).collect();
    assert_eq!(frames, [vec![1, 0, 0], vec![1, 0, 1], vec![1, 0, 1], vec![1, 0, 1]]);
}

#[test]
fn planes_and_shared_colour_differences() {
    let mut planar = shape("1.2.840.10008.1.2.1", 1, 2, 3, (8, 8, false));
    planar.planar = true;
    let raw = vec![1_u8, 2, 10, 20, 100, 200];
    let (stored, _) = decode(&raw, &planar, &native(6), 0).unwrap();
    assert_eq!(stored.bytes, [1, 10, 100, 2, 20, 200]);
    let mut halved = shape("1.2.840.10008.1.2.1", 1, 4, 3, (8, 8, false));
    halved.photometric = "YBR_FULL_422".to_owned();
    let raw = vec![7_u8, 8, 128, 128, 9, 10, 128, 128];
    let (stored, photometric) = decode(&raw, &halved, &native(8), 0).unwrap();
    assert_eq!((stored.bytes.as_slice(), photometric), ([7, 8, 9, 10].as_slice(), Photometric::Monochrome2));
}

#[test]
fn fragments_are_found_by_table_or_by_their_first_marker() {
    let rle = |value: u8| {
        let mut frame = vec![1_u8, 0, 0, 0, 64, 0, 0, 0];
        frame.resize(64, 0);
        frame.extend([0xFD, value]);
        frame
    };
    let mut bytes = vec![0; 8];
    let mut fragments = Vec::new();
    for part in [rle(5), rle(6)[..40].to_vec(), rle(6)[40..].to_vec(), rle(7)] {
        bytes.extend([0; 8]);
        fragments.push((bytes.len() as u64, part.len() as u64));
        bytes.extend(part);
    }
    let mut shape = shape("1.2.840.10008.1.2.5", 2, 2, 1, (8, 8, false));
    shape.frames = 3;
    let first = fragments[0].0;
    let table = [0, 1, 3].map(|i: usize| fragments[i].0 - first).to_vec();
    let place = Place::Encapsulated { fragments: fragments.clone(), table };
    for frame in 0..3 {
        assert_eq!(decode(&bytes, &shape, &place, frame).unwrap().0.bytes, [5 + frame as u8; 4]);
    }
    let place = Place::Encapsulated { fragments, table: vec![] };
    assert_eq!(decode(&bytes, &shape, &place, 0).unwrap_err(), Error::MissingFrame);
}

#[test]
fn what_has_no_codec_is_named() {
    let frame = vec![0_u8; 16];
    let place = Place::Encapsulated { fragments: vec![(0, 16)], table: vec![] };
    let mpeg = shape("1.2.840.10008.1.2.4.102", 2, 2, 1, (8, 8, false));
    let error = decode(&frame, &mpeg, &place, 0).unwrap_err();
    assert_eq!(error, Error::Unsupported("MPEG-4 AVC/H.264 High Profile / Level 4.1"));
    let private = shape("1.2.3.DOE^JANE", 2, 2, 1, (8, 8, false));
    assert!(!decode(&frame, &private, &place, 0).unwrap_err().to_string().contains("DOE"));
    let twelve = shape("1.2.840.10008.1.2.1", 2, 2, 1, (12, 12, false));
    assert_eq!(decode(&frame, &twelve, &native(16), 0).unwrap_err(), Error::Bits(12));
}

#[test]
fn hostile_sizes_are_refused_before_they_are_allocated() {
    let bytes = vec![0_u8; 64];
    let huge = shape("1.2.840.10008.1.2.1", u16::MAX, u16::MAX, 1, (8, 8, false));
    assert_eq!(decode(&bytes, &huge, &native(usize::MAX), 0).unwrap_err(), Error::Size);
    let large = shape("1.2.840.10008.1.2.1", 16_000, 16_000, 1, (32, 32, false));
    assert_eq!(decode(&bytes, &large, &native(1 << 40), 0).unwrap_err(), Error::Truncated);
    let rle = shape("1.2.840.10008.1.2.5", 2, 2, 1, (8, 8, false));
    let far = Place::Encapsulated { fragments: vec![(0, 1 << 29)], table: vec![] };
    assert_eq!(decode(&bytes, &rle, &far, 0).unwrap_err(), Error::Truncated);
}

#[test]
fn halving_takes_the_mean_of_what_is_there() {
    let (half, rows, columns) = halve(&[1, 3, 100, 5, 7, 200, 10, 20, 65535], 3, 3);
    assert_eq!((half, rows, columns), (vec![4, 150, 15, 65535], 2, 2));
    assert_eq!(halve(&[9], 1, 1), (vec![9], 1, 1));
}

#[test]
fn shrinking_keeps_mean_and_proportions_and_png_reads_back() {
    let values: Vec<f32> = (0..70 * 30).map(|i| (i % 70) as f32 / 69.0).collect();
    let small = shrink(Unit { rows: 30, columns: 70, values: values.clone() }, 20);
    assert_eq!((small.rows, small.columns, small.values.len()), (9, 20, 180));
    let mean = |v: &[f32]| v.iter().sum::<f32>() / v.len() as f32;
    assert!((mean(&small.values) - mean(&values)).abs() < 1e-4);
    assert!(small.values[..20].windows(2).all(|w| w[0] < w[1]));
    let eight = crate::grey::eight(&small);
    let bytes = png(&eight, 9, 20).unwrap();
    let back = image::load_from_memory(&bytes).unwrap().into_luma8();
    assert_eq!(back.into_raw(), eight);
    assert_eq!(png(&eight, 9, 21), Err(Error::Write));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn damaged_frames_end_as_errors_or_values_never_as_a_panic(
        which in 0..20_usize, at in 0..400_usize, byte: u8, cut in 0..400_usize,
    ) {
        let goldens: Value = serde_json::from_str(include_str!("goldens.json")).unwrap();
        let case = &goldens[which];
        let mut frame = hex::decode(case["frame"].as_str().unwrap()).unwrap();
        let length = frame.len();
        frame[at % length] = byte;
        frame.truncate(length - cut % length);
        // CharLS spends seconds on damaged scans before it gives up: only cut ones here, which never reach it.
        let jpeg_ls = case["syntax"].as_str().unwrap().contains("4.8");
        if jpeg_ls {
            frame = hex::decode(case["frame"].as_str().unwrap()).unwrap();
            frame.truncate(length - 4 - cut % (length - 4));
        }
        let bits = (number(&case["bits_allocated"]), number(&case["bits_stored"]), case["signed"].as_bool().unwrap());
        let shape = shape(case["syntax"].as_str().unwrap(), 33, 42, number(&case["samples"]), bits);
        let place = Place::Encapsulated { fragments: vec![(0, frame.len() as u64)], table: vec![] };
        prop_assert!(!jpeg_ls || decode(&frame, &shape, &place, 0).is_err());
        let _ = decode(&frame, &shape, &place, 0);
    }
}
