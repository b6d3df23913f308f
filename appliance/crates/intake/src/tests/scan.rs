//! The pre-scan: the same result however the bytes are cut, odd but legal data followed, hostile data bounded.
use std::io::Write;

use proptest::prelude::*;

use super::super::element::Found;
use super::super::prescan::Prescan;
use super::support::*;
use dicom::transfer_syntaxes::coding;
use store::PixelData;

pub(super) fn scan(syntax: &str, bytes: &[u8], cut: usize) -> Found {
    let mut scan = Prescan::new(coding(syntax));
    bytes.chunks(cut.max(1)).for_each(|piece| scan.feed(piece));
    scan.finish()
}

/// The result at every way to cut it in two and at several piece sizes must be one.
pub(super) fn scan_any_cut(syntax: &str, bytes: &[u8]) -> Found {
    let whole = scan(syntax, bytes, usize::MAX);
    for cut in [1, 2, 3, 7, 64] {
        assert!(scan(syntax, bytes, cut) == whole, "pieces of {cut}");
    }
    for at in 0..bytes.len() {
        let mut scan = Prescan::new(coding(syntax));
        scan.feed(&bytes[..at]);
        scan.feed(&bytes[at..]);
        assert!(scan.finish() == whole, "cut at {at}");
    }
    whole
}

fn assert_filed(found: &Found) {
    assert_eq!(found.sop_class.as_deref(), Some(CT));
    assert_eq!(found.sop_instance.as_deref(), Some("1.2.3"));
    assert_eq!(found.study.as_deref(), Some("1.2.4"));
    assert_eq!(found.series.as_deref(), Some("1.2.9.1"));
    assert_eq!(found.modality.as_deref(), Some("CT"));
}

const UNDEFINED: [u8; 4] = [0xff; 4];

fn marker(element: u16, length: [u8; 4]) -> Vec<u8> {
    let mut bytes = vec![0xFE, 0xFF];
    bytes.extend_from_slice(&element.to_le_bytes());
    bytes.extend_from_slice(&length);
    bytes
}

/// An element of undefined length with these items inside.
pub(super) fn undefined(tag: u32, vr: &[u8; 2], inside: &[u8]) -> Vec<u8> {
    let mut bytes = explicit(tag, vr, &[]);
    let at = bytes.len() - 4;
    bytes[at..].copy_from_slice(&UNDEFINED);
    bytes.extend_from_slice(inside);
    bytes.extend(marker(0xE0DD, [0; 4]));
    bytes
}

pub(super) fn item_undefined(inside: &[u8]) -> Vec<u8> {
    [marker(0xE000, UNDEFINED), inside.to_vec(), marker(0xE00D, [0; 4])].concat()
}

pub(super) fn item_defined(inside: &[u8]) -> Vec<u8> {
    [marker(0xE000, (inside.len() as u32).to_le_bytes()), inside.to_vec()].concat()
}

/// The instance with something put between its header and the series UID.
fn with(inserted: &[u8]) -> Vec<u8> {
    let plain = instance("1.2.3", "1.2.4", 10);
    let at = plain.windows(4).position(|w| w == [0x10, 0, 0x10, 0]).unwrap();
    [&plain[..at], inserted, &plain[at..]].concat()
}

/// Re-write flat explicit little endian elements in another coding.
pub(super) fn recode(bytes: &[u8], implicit: bool, big: bool) -> Vec<u8> {
    let (mut rest, mut out) = (bytes, Vec::new());
    let put16 = |out: &mut Vec<u8>, v: u16| out.extend(if big { v.to_be_bytes() } else { v.to_le_bytes() });
    let put32 = |out: &mut Vec<u8>, v: u32| out.extend(if big { v.to_be_bytes() } else { v.to_le_bytes() });
    while !rest.is_empty() {
        let long = matches!(&rest[4..6], b"OB" | b"OW" | b"SQ" | b"UN" | b"UT");
        let (head, length) = if long {
            (12, u32::from_le_bytes(rest[8..12].try_into().unwrap()))
        } else {
            (8, u32::from(u16::from_le_bytes(rest[6..8].try_into().unwrap())))
        };
        put16(&mut out, u16::from_le_bytes(rest[..2].try_into().unwrap()));
        put16(&mut out, u16::from_le_bytes(rest[2..4].try_into().unwrap()));
        if implicit {
            put32(&mut out, length);
        } else {
            out.extend_from_slice(&rest[4..6]);
            if long {
                out.extend_from_slice(&[0, 0]);
                put32(&mut out, length);
            } else {
                put16(&mut out, length as u16);
            }
        }
        out.extend_from_slice(&rest[head..head + length as usize]);
        rest = &rest[head + length as usize..];
    }
    out
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn the_four_codings_give_the_same_uids_and_pixels() {
    let plain = instance("1.2.3", "1.2.4", 40);
    let implicit = recode(&plain, true, false);
    for (syntax, bytes, length) in [
        (EXPLICIT, plain.clone(), plain.len()),
        (IMPLICIT, implicit.clone(), implicit.len()),
        (BIG, recode(&plain, false, true), plain.len()),
        (DEFLATED, deflate(&plain), plain.len()),
    ] {
        let found = scan_any_cut(syntax, &bytes);
        assert!(found.ok, "{syntax}");
        assert_filed(&found);
        let offset = length as u64 - 40;
        assert_eq!(found.pixel_data, Some(PixelData { offset, length: 40, fragments: 0 }), "{syntax}");
    }
}

#[test]
fn a_wrongly_labelled_coding_is_seen_from_the_first_element() {
    let plain = instance("1.2.3", "1.2.4", 4);
    let implicit = recode(&plain, true, false);
    let big = recode(&plain, false, true);
    for (label, bytes) in [
        (IMPLICIT, &plain),
        (EXPLICIT, &implicit),
        (EXPLICIT, &big),
        (BIG, &plain),
        ("1.2.840.113619.5.2", &implicit),
    ] {
        let found = scan_any_cut(label, bytes);
        assert!(found.ok);
        assert_filed(&found);
    }
    let meta = explicit(0x0002_0010, b"UI", &padded(IMPLICIT));
    assert_filed(&scan_any_cut(IMPLICIT, &[meta, implicit].concat()));
}

/// An element of one VR's form under another VR's name.
fn respelt(form: &[u8; 2], name: &[u8; 2]) -> Vec<u8> {
    let mut bytes = explicit(0x0009_1001, form, b"some text.");
    bytes[4..6].copy_from_slice(name);
    bytes
}

#[test]
fn odd_but_legal_data_is_followed() {
    let name = explicit(0x0008_1140, b"UT", b"text of odd length!");
    let nested_uid = explicit(0x0020_000D, b"UI", b"9.9.9.99");
    let private = recode(&nested_uid, true, false);
    let sequence = |items: &[u8]| explicit(0x0008_1140, b"SQ", items);
    for (what, inserted) in [
        ("odd length", name.clone()),
        ("empty sequence", sequence(&[])),
        ("sequence of empty items", sequence(&[item_defined(&[]), item_defined(&[])].concat())),
        ("defined lengths", sequence(&item_defined(&nested_uid))),
        ("undefined item", sequence(&item_undefined(&nested_uid))),
        ("undefined sequence", undefined(0x0008_1140, b"SQ", &item_defined(&nested_uid))),
        ("all undefined", undefined(0x0008_1140, b"SQ", &item_undefined(&nested_uid))),
        (
            "undefined in defined",
            sequence(&item_defined(&undefined(0x0040_A730, b"SQ", &item_undefined(&name)))),
        ),
        ("UN of undefined length", undefined(0x0009_1001, b"UN", &item_undefined(&private))),
        ("UN of defined length", explicit(0x0009_1001, b"UN", &item_undefined(&private))),
        ("a VR of the future", respelt(b"UT", b"ZX")),
        ("a VR in small letters", respelt(b"LO", b"lo")),
        ("a VR that is none", respelt(b"LO", b"ZZ")),
        ("group length", explicit(0x0010_0000, b"UL", &[4, 0, 0, 0])),
        ("an icon with its own pixels", sequence(&item_defined(&explicit(0x7FE0_0010, b"OB", &[1, 2])))),
    ] {
        let bytes = with(&inserted);
        let found = scan_any_cut(EXPLICIT, &bytes);
        assert!(found.ok, "{what}");
        assert_filed(&found);
        let offset = bytes.len() as u64 - 10;
        assert_eq!(found.pixel_data, Some(PixelData { offset, length: 10, fragments: 0 }), "{what}");
    }
    for trailing in [1, 7, 8, 100, 1001] {
        let found = scan_any_cut(EXPLICIT, &[with(&[]), vec![0; trailing]].concat());
        assert!(found.ok, "{trailing} zeros");
    }
    let padding = explicit(0xFFFC_FFFC, b"OB", &[0; 50]);
    assert!(scan_any_cut(EXPLICIT, &[with(&[]), padding].concat()).ok);
}

#[test]
fn encapsulated_pixels_are_measured_and_their_fragments_counted() {
    let fragments = [item_defined(&[0; 4]), item_defined(&[7; 30]), item_defined(&[8; 2])].concat();
    let header = instance("1.2.3", "1.2.4", 0);
    let header = &header[..header.len() - 12];
    let bytes =
        [header, &undefined(0x7FE0_0010, b"OB", &fragments), &explicit(0xFFFC_FFFC, b"OB", &[])].concat();
    let found = scan_any_cut(EXPLICIT, &bytes);
    assert!(found.ok);
    let offset = header.len() as u64 + 12;
    let length = fragments.len() as u64;
    assert_eq!(found.pixel_data, Some(PixelData { offset, length, fragments: 3 }));
    let cut = &bytes[..bytes.len() - 30];
    let found = scan_any_cut(EXPLICIT, cut);
    assert!(!found.ok);
    assert_filed(&found);
}

#[test]
fn what_cannot_be_followed_is_marked_and_keeps_what_was_found() {
    let long = |tag: u32, vr: &[u8; 2], claimed: u32| {
        let mut bytes = explicit(tag, vr, &[]);
        let at = bytes.len() - 4;
        bytes[at..].copy_from_slice(&claimed.to_le_bytes());
        bytes
    };
    let whole = instance("1.2.3", "1.2.4", 0);
    let header = &whole[..whole.len() - 12];
    for (what, tail) in [
        ("a length beyond the end", long(0x7FE0_0010, b"OW", 0xFFFF_FFF0)),
        ("no delimiter", [long(0x0040_A730, b"SQ", u32::MAX), marker(0xE000, UNDEFINED)].concat()),
        ("half a header", vec![0xE0, 0x7F, 0x10]),
        ("a stray delimiter", marker(0xE0DD, [0; 4])),
        ("an element where an item is due", [long(0x0040_A730, b"SQ", u32::MAX), whole.clone()].concat()),
        ("an item that overruns", explicit(0x0040_A730, b"SQ", &marker(0xE000, [200, 0, 0, 0]))),
        ("a sequence cut inside an item header", explicit(0x0040_A730, b"SQ", &[0xFE, 0xFF, 0x00])),
    ] {
        let found = scan_any_cut(EXPLICIT, &[header, &tail].concat());
        assert!(!found.ok, "{what}");
        assert_filed(&found);
    }
    // A broken inside of known length does not hide what comes after it.
    let broken =
        explicit(0x0008_1140, b"SQ", &[item_defined(&long(0x0008_0000, b"OB", 9999)), vec![1; 5]].concat());
    let found = scan_any_cut(EXPLICIT, &with(&broken));
    assert!(!found.ok);
    assert_filed(&found);
    assert_eq!(found.pixel_data.unwrap().length, 10);
}

#[test]
fn nesting_is_followed_to_its_bound_and_held_there() {
    let nested = |depth: usize, closed: bool| {
        let open =
            [&undefined(0x0008_1140, b"SQ", &[])[..12], &marker(0xE000, UNDEFINED)].concat().repeat(depth);
        let close = [marker(0xE00D, [0; 4]), marker(0xE0DD, [0; 4])].concat().repeat(depth);
        if closed { [open, close].concat() } else { open }
    };
    let found = scan(EXPLICIT, &with(&nested(128, true)), 5000);
    assert!(found.ok);
    assert_filed(&found);
    for depth in [129, 1_500, 100_000] {
        assert!(!scan(EXPLICIT, &with(&nested(depth, depth % 2 == 0)), 5000).ok, "{depth}");
    }
    let mut defined = Vec::new();
    for _ in 0..200 {
        defined = explicit(0x0008_1140, b"SQ", &item_defined(&defined));
    }
    let found = scan_any_cut(EXPLICIT, &with(&defined));
    assert!(!found.ok);
    assert_filed(&found);
}

#[test]
fn more_elements_than_anyone_needs_are_not_followed() {
    let many = explicit(0x0009_1001, b"LO", &[]).repeat(4_000_001);
    let found = scan(EXPLICIT, &with(&many), 1 << 20);
    assert!(!found.ok);
    assert!(found.series.is_none() && found.sop_instance.is_some());
}

#[test]
fn a_repeated_uid_does_not_replace_the_first() {
    let found = scan_any_cut(EXPLICIT, &with(&explicit(0x0008_0018, b"UI", b"6.6.6.66")));
    assert!(!found.ok);
    assert_filed(&found);
}

proptest! {
    #[test]
    fn random_bytes_scan_the_same_however_they_are_cut(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        cut in 1usize..50,
        syntax in proptest::sample::select(vec![IMPLICIT, EXPLICIT, BIG, DEFLATED]),
    ) {
        prop_assert!(scan(syntax, &bytes, usize::MAX) == scan(syntax, &bytes, cut));
    }

    #[test]
    fn damaged_data_sets_scan_the_same_however_they_are_cut(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in 1usize..50,
        syntax in proptest::sample::select(vec![IMPLICIT, EXPLICIT, BIG]),
    ) {
        let inner = explicit(0x0008_0018, b"UI", b"5.5.5.55");
        let mut bytes = with(&undefined(0x0008_1140, b"SQ", &[item_defined(&inner), item_undefined(&inner)].concat()));
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        prop_assert!(scan(syntax, &bytes, usize::MAX) == scan(syntax, &bytes, cut));
    }
}
