//! What is cut short, or has another size or precision than the header says, is an error and never a picture.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::Write;

use fixtures::study::process_14::{Process14, encode};
use serde_json::Value;

use super::*;
use crate::frames::decode;
use crate::grey::{Photometric, Stored};
use crate::shape::Place;
use dicom::{DataSet, Element, Tag, Vr};

const LOSSLESS: &str = "1.2.840.10008.1.2.4.70";
const DEFLATED: &str = "1.2.840.10008.1.2.8.1";

fn shape(syntax: &str, (rows, columns): (u16, u16), samples: u16, bits: (u16, u16, bool)) -> Shape {
    Shape {
        transfer_syntax: syntax.to_owned(),
        rows,
        columns,
        samples,
        planar: false,
        photometric: "MONOCHROME2".to_owned(),
        bits_allocated: bits.0,
        bits_stored: bits.1,
        high_bit: bits.1 - 1,
        signed: bits.2,
        overlays: 0,
        frames: 1,
    }
}

fn decoded(shape: &Shape, frame: &[u8]) -> Result<Stored, Error> {
    let place = Place::Encapsulated { fragments: vec![(0, frame.len() as u64)], table: vec![] };
    decode(&frame, shape, &place, 0).map(|(stored, _)| stored)
}

/// The frames of `goldens.json` whose name begins with `name`, with their shapes.
fn goldens(name: &str) -> Vec<(Shape, Vec<u8>)> {
    let goldens: Value = serde_json::from_str(include_str!("goldens.json")).unwrap();
    let number = |v: &Value| u16::try_from(v.as_u64().unwrap()).unwrap();
    let of = |case: &Value| {
        let bits = (
            number(&case["bits_allocated"]),
            number(&case["bits_stored"]),
            case["signed"].as_bool().unwrap(),
        );
        let mut shape = shape(case["syntax"].as_str().unwrap(), (33, 42), number(&case["samples"]), bits);
        shape.photometric = case["photometric"].as_str().unwrap().to_owned();
        (shape, hex::decode(case["frame"].as_str().unwrap()).unwrap())
    };
    let cases = goldens.as_array().unwrap().iter();
    let found: Vec<_> = cases.filter(|c| c["name"].as_str().unwrap().starts_with(name)).map(of).collect();
    assert!(!found.is_empty());
    found
}

#[test]
fn dct_data_that_are_not_whole_are_no_grey_picture() {
    for (shape, frame) in goldens("JPEG baseline") {
        let scan = frame.windows(2).position(|w| w == [0xFF, 0xDA]).unwrap() + 14;
        let end = frame.windows(2).rposition(|w| w == [0xFF, 0xD9]).unwrap();
        assert!(decoded(&shape, &frame).is_ok());
        for cut in scan..end - 1 {
            // Cut off with its end marker in place, as a transfer that was broken off and mended leaves it.
            let ended = [&frame[..cut], &[0xFF, 0xD9]].concat();
            assert!(decoded(&shape, &ended).is_err(), "cut at {cut} of {end}");
            assert!(decoded(&shape, &frame[..cut]).is_err(), "cut at {cut} of {end}");
        }
    }
}

#[test]
fn streams_of_other_codecs_that_are_cut_are_no_picture() {
    for name in ["RLE", "JPEG 2000", "JPEG lossless"] {
        for (shape, frame) in goldens(name) {
            let end = frame.iter().rposition(|b| *b != 0).unwrap() - 2;
            for cut in (0..end).step_by(7) {
                assert!(decoded(&shape, &frame[..cut]).is_err(), "{name}, cut at {cut} of {end}");
            }
        }
    }
    let shape = shape(DEFLATED, (4, 4), 1, (8, 8, false));
    let deflated = |bytes: &[u8]| {
        let mut out = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    };
    let values: Vec<u8> = (0..16).map(|i| i * i).collect();
    let frame = deflated(&values);
    assert_eq!(decoded(&shape, &frame).unwrap().bytes, values);
    assert!((0..frame.len()).all(|cut| decoded(&shape, &frame[..cut]).is_err()));
    // More than the frame has is no frame either, and costs no more than a frame.
    assert_eq!(
        decoded(&shape, &deflated(&vec![0; 64 << 20])),
        Err(Error::Mismatch("Deflated Image Frame Compression"))
    );
    assert!(decoded(&shape, &deflated(&values[..15])).is_err());
}

/// The parts of a JPEG 2000 golden: main header, and its one tile with its marker and length changed.
fn two_tiles(second: Option<(u16, u8)>) -> (Shape, Vec<u8>) {
    let (shape, frame) = goldens("JPEG 2000 8 bits").swap_remove(0);
    let start = frame.windows(2).position(|w| w == [0xFF, 0x90]).unwrap();
    let end = frame.windows(2).rposition(|w| w == [0xFF, 0xD9]).unwrap();
    let mut out = frame[..start].to_vec();
    let size = out.windows(2).position(|w| w == [0xFF, 0x51]).unwrap();
    // Two tiles side by side: the tiles are half as wide.
    if second.is_some() {
        out[size + 22..size + 26].copy_from_slice(&21_u32.to_be_bytes());
    }
    let mut part = frame[start..end].to_vec();
    let length = part.len() as u32;
    part[6..10].copy_from_slice(&length.to_be_bytes());
    if let Some((tile, parts)) = second {
        part[11] = parts;
        out.extend(&part);
        part[4..6].copy_from_slice(&tile.to_be_bytes());
        part[11] = 1;
    }
    out.extend(&part);
    out.extend([0xFF, 0xD9]);
    (shape, out)
}

#[test]
fn a_byte_of_any_value_may_pad_a_jpeg_ls_stream_of_odd_length() {
    for (shape, mut frame) in goldens("JPEG-LS") {
        let whole = decoded(&shape, &frame).unwrap();
        let end = frame.windows(2).rposition(|w| w == [0xFF, 0xD9]).unwrap() + 2;
        frame.truncate(end);
        if end.is_multiple_of(2) {
            // A fill byte in front of the end marker makes the length odd.
            frame.insert(end - 2, 0xFF);
        }
        frame.push(0xBF);
        assert_eq!(decoded(&shape, &frame).unwrap(), whole);
        frame.extend([0xBF, 0xBF]);
        assert!(decoded(&shape, &frame).is_err(), "more than padding");
    }
}

#[test]
fn a_jpeg_2000_tile_that_is_missing_is_missed() {
    assert!(peek::has_all_tiles(&two_tiles(None).1));
    assert!(peek::has_all_tiles(&two_tiles(Some((1, 1))).1));
    assert!(peek::has_all_tiles(&two_tiles(Some((1, 0))).1), "how many parts there are was not told");
    for (tile, parts) in [(0, 0), (2, 1), (1, 2)] {
        let (shape, frame) = two_tiles(Some((tile, parts)));
        assert!(matches!(decoded(&shape, &frame), Err(Error::Corrupt(_))), "{tile} {parts}");
    }
}

#[test]
fn bits_beyond_those_stored_repeat_what_is_below_or_contradict_the_header() {
    let of = |values: &[u16], precision, stored, signed| {
        let how = Process14 { precision, ..Process14::default() };
        let frame = encode(values, values.len(), 1, &how);
        let shape = shape(LOSSLESS, (1, values.len() as u16), 1, (16, stored, signed));
        decoded(&shape, &frame).map(|s| s.values().collect::<Vec<_>>())
    };
    let contradicted: Result<Vec<i64>, Error> =
        Err(Error::Precision("JPEG Lossless, Non-Hierarchical, First-Order Prediction"));
    // More bits in the stream than are stored.
    assert_eq!(of(&[0, 1, 4095], 16, 12, false), Ok(vec![0, 1, 4095]));
    assert_eq!(of(&[0, 1, 4096], 16, 12, false), contradicted);
    assert_eq!(of(&[0, 0x07FF, 0xF800, 0xFFFF], 16, 12, true), Ok(vec![0, 2047, -2048, -1]));
    assert_eq!(of(&[0, 0x07FF, 0x3800, 0x3FFF], 14, 12, true), Ok(vec![0, 2047, -2048, -1]));
    assert_eq!(of(&[0, 0x0800], 16, 12, true), contradicted);
    // Fewer.
    assert_eq!(of(&[0, 1, 4095], 12, 16, false), Ok(vec![0, 1, 4095]));
    assert_eq!(of(&[0, 1, 2047], 12, 16, true), Ok(vec![0, 1, 2047]));
    assert_eq!(of(&[0, 1, 4095], 12, 16, true), contradicted);
    assert_eq!(of(&[0, 200], 8, 12, false), Ok(vec![0, 200]));
    assert_eq!(of(&[0, 127], 8, 12, true), Ok(vec![0, 127]));
    assert_eq!(of(&[0, 200], 8, 12, true), contradicted);
    // As many, and more than is allocated.
    assert_eq!(of(&[0, 4095], 12, 12, true), Ok(vec![0, -1]));
    let how = Process14 { precision: 12, ..Process14::default() };
    let frame = encode(&[1, 2], 2, 1, &how);
    let wide = decoded(&shape(LOSSLESS, (1, 2), 1, (8, 8, false)), &frame);
    assert!(matches!(wide, Err(Error::Precision(_))));
    // A High Bit that there is not.
    let beyond = Shape { high_bit: u16::MAX, ..shape(LOSSLESS, (1, 2), 1, (16, 12, false)) };
    assert_eq!(decoded(&beyond, &frame), Err(Error::Grey(grey::Error::WrongBits)));
}

#[test]
fn an_overlay_above_the_stored_bits_is_no_part_of_the_values_and_no_contradiction() {
    let of = |values: &[u16], signed, overlays| {
        let frame = encode(values, values.len(), 1, &Process14::default());
        let shape = Shape { overlays, ..shape(LOSSLESS, (1, values.len() as u16), 1, (16, 12, signed)) };
        decoded(&shape, &frame).ok().map(|s| s.values().collect::<Vec<_>>())
    };
    assert_eq!(of(&[1, 0x1FFF, 0x8000], false, 0x9000), Some(vec![1, 4095, 0]));
    assert_eq!(of(&[1, 0x1001, 0xFFFF, 0xEFFF], true, 0x1000), Some(vec![1, 1, -1, -1]));
    assert_eq!(of(&[1, 0x1FFF], true, 0x1000), None);
    assert_eq!(of(&[1, 0x1FFF, 0x8000], false, 0x1000), None);
    assert_eq!(of(&[1, 0x1FFF], false, 0), None);
    // As the header tells it: two planes in the pixels, and one of its own.
    let mut data = DataSet::default();
    for (group, allocated, position) in [(0x6000, 16, 12), (0x6002, 16, 15), (0x6004, 1, 0), (0x6006, 16, 99)]
    {
        for (element, value) in [(0x0100, allocated), (0x0102, position)] {
            data.put(Element::bytes(Tag::new(group, element), Vr::US, u16::to_le_bytes(value).to_vec()));
        }
    }
    assert_eq!(header::overlays(&data), 0x9000);
}

#[test]
fn a_jpeg_ls_stream_of_8_bits_has_no_sign_that_the_header_puts_elsewhere() {
    for (mut shape, frame) in goldens("JPEG-LS 8 bits") {
        assert!(decoded(&shape, &frame).unwrap().bytes.iter().any(|v| *v > 127));
        (shape.bits_allocated, shape.bits_stored, shape.high_bit) = (16, 12, 11);
        assert!(decoded(&shape, &frame).is_ok());
        shape.signed = true;
        assert!(matches!(decoded(&shape, &frame), Err(Error::Precision(_))));
    }
}

#[test]
fn lossless_colour_is_what_the_header_says() {
    let how = Process14 { precision: 8, ..Process14::default() };
    let frame = encode(&[9, 128, 128, 200, 100, 90], 2, 3, &how);
    for (text, photometric) in [("RGB", Photometric::Rgb), ("YBR_FULL", Photometric::Ybr)] {
        let mut shape = shape(LOSSLESS, (1, 2), 3, (8, 8, false));
        shape.photometric = text.to_owned();
        let place = Place::Encapsulated { fragments: vec![(0, frame.len() as u64)], table: vec![] };
        let (stored, got) = decode(&frame, &shape, &place, 0).unwrap();
        assert_eq!((stored.bytes.as_slice(), got), (&[9, 128, 128, 200, 100, 90][..], photometric));
    }
}
