//! The reader and writer against odd, hostile and random input.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
use super::*;
use proptest::prelude::*;
use std::io::Write as _;

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";

/// A data set in memory: text, numbers, a sequence in a sequence.
fn sample() -> DataSet {
    let mut inner = DataSet::new();
    inner.put_text(tags::CODE_VALUE, Vr::SH, "T-D3000");
    let mut outer = DataSet::new();
    outer.put_text(tags::CODE_MEANING, Vr::LO, "Chest");
    outer.put(Element { tag: Tag::new(8, 0x1140), vr: Vr::SQ, value: Value::Items(vec![inner]) });
    let mut data = DataSet::new();
    data.put_text(tags::SPECIFIC_CHARACTER_SET, Vr::CS, "ISO_IR 192");
    data.put_text(tags::SOP_CLASS_UID, Vr::UI, CT);
    data.put_text(tags::SOP_INSTANCE_UID, Vr::UI, "1.2.3");
    data.put_text(tags::MODALITY, Vr::CS, "CT");
    data.put(Element {
        tag: tags::ANATOMIC_REGION_SEQUENCE,
        vr: Vr::SQ,
        value: Value::Items(vec![outer, DataSet::new()]),
    });
    data.put_text(tags::PATIENT_NAME, Vr::PN, "Müller^Änne");
    data.put_text(tags::PIXEL_SPACING, Vr::DS, "0.5\\0.25");
    data.put(Element::bytes(tags::ROWS, Vr::US, 512u16.to_le_bytes()));
    data.put(Element::bytes(Tag::new(0x0018, 0x9073), Vr::FD, 1.5f64.to_le_bytes()));
    data
}

fn written(data: &DataSet, syntax: &str) -> Vec<u8> {
    let mut out = Vec::new();
    write_file(&FileMeta::for_data_set(data, syntax), data, &[][..], &mut out).unwrap();
    out
}

fn check_sample(data: &DataSet) {
    assert_eq!(data.text(tags::PATIENT_NAME).as_deref(), Some("Müller^Änne"));
    assert_eq!(data.decimals(tags::PIXEL_SPACING), [0.5, 0.25]);
    assert_eq!(data.int(tags::ROWS), Some(512));
    assert_eq!(data.decimal(Tag::new(0x0018, 0x9073)), Some(1.5));
    let items = data.items(tags::ANATOMIC_REGION_SEQUENCE);
    assert_eq!(items.len(), 2);
    assert_eq!(items[0].items(Tag::new(8, 0x1140))[0].text(tags::CODE_VALUE).as_deref(), Some("T-D3000"));
}

#[test]
fn explicit_little_and_big_endian_come_back() {
    for syntax in [TransferSyntax::EXPLICIT_LE, TransferSyntax::EXPLICIT_BE] {
        let parsed = read(written(&sample(), syntax), &Limits::default()).unwrap();
        assert_eq!(parsed.meta.syntax.uid(), syntax);
        check_sample(&parsed.data);
    }
}

#[test]
fn deflated_comes_back_and_is_bounded() {
    let plain = written(&sample(), TransferSyntax::DEFLATED_LE);
    let body = plain.windows(4).position(|w| w == [8, 0, 5, 0]).unwrap();
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(&plain[body..]).unwrap();
    let file = [&plain[..body], &encoder.finish().unwrap()].concat();
    check_sample(&read(&file, &Limits::default()).unwrap().data);
    let tight = Limits { inflated: 100, ..Limits::default() };
    assert!(matches!(read(&file, &tight), Err(Error::InflateLimit(100))));
    assert!(matches!(read(&file[..file.len() - 9], &Limits::default()), Err(Error::Truncated)));
}

#[test]
fn a_wrong_transfer_syntax_is_seen_through() {
    let explicit = written(&sample(), TransferSyntax::EXPLICIT_LE);
    let body = explicit.windows(4).position(|w| w == [8, 0, 5, 0]).unwrap();
    for syntax in [TransferSyntax::IMPLICIT_LE, TransferSyntax::EXPLICIT_BE] {
        let parsed = read_data_set(&explicit[body..], syntax, &Limits::default()).unwrap();
        assert_eq!(parsed.meta.syntax.uid(), TransferSyntax::EXPLICIT_LE);
        check_sample(&parsed.data);
    }
}

#[test]
fn preamble_meta_and_group_length_are_optional() {
    let file = written(&sample(), TransferSyntax::EXPLICIT_LE);
    let body = file.windows(4).position(|w| w == [8, 0, 5, 0]).unwrap();
    let without_length = [&file[..132], &file[144..]].concat();
    for form in [&file[128..], &file[132..], &file[body..], &without_length[..]] {
        check_sample(&read(form, &Limits::default()).unwrap().data);
    }
    assert!(matches!(read(&file[..0], &Limits::default()), Err(Error::NotDicom)));
    // A preamble, or file meta, and nothing after it: there is no instance to speak of.
    let start = usize::try_from(data_set_offset(&file[..]).unwrap()).unwrap();
    for end in [132, start] {
        assert!(matches!(read(&file[..end], &Limits::default()), Err(Error::NotDicom)), "{end}");
    }
}

#[test]
fn zeros_after_the_data_set_are_padding() {
    let mut file = written(&sample(), TransferSyntax::EXPLICIT_LE);
    file.resize(file.len() + 4096, 0);
    let parsed = read(&file, &Limits::default()).unwrap();
    assert_eq!(parsed.trailing, 4096);
    check_sample(&parsed.data);
}

fn element(tag: Tag, vr: &[u8; 2], length: u32) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend_from_slice(&tag.group().to_le_bytes());
    out.extend_from_slice(&tag.element().to_le_bytes());
    out.extend_from_slice(vr);
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(&length.to_le_bytes());
    out
}

#[test]
fn claimed_lengths_are_not_allocated() {
    for length in [0x7FFF_FFFE, 0xFFFF_FFFE] {
        let bytes = element(Tag::new(9, 0x1001), b"UN", length);
        let result = read_data_set(&bytes[..], TransferSyntax::EXPLICIT_LE, &Limits::default());
        assert!(matches!(result, Err(Error::Truncated)));
    }
}

/// `levels` sequences in one another, undefined length, closed or not.
fn nested(levels: usize, closed: bool) -> Vec<u8> {
    let mut out = Vec::new();
    for _ in 0..levels {
        out.extend(element(Tag::new(8, 0x1140), b"SQ", u32::MAX));
        out.extend([0xFE, 0xFF, 0x00, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF]);
    }
    if closed {
        for _ in 0..levels {
            out.extend([0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0, 0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
        }
    }
    out
}

#[test]
fn nesting_is_read_to_the_limit_and_refused_beyond() {
    let read_it = |bytes: Vec<u8>| read_data_set(bytes, TransferSyntax::EXPLICIT_LE, &Limits::default());
    assert!(read_it(nested(127, true)).is_ok());
    assert!(matches!(read_it(nested(100_000, false)), Err(Error::TooDeep(128))));
    assert!(matches!(read_it(nested(3, false)), Err(Error::Truncated)));
}

#[test]
fn too_many_items_and_too_much_memory_are_refused() {
    let mut items = element(Tag::new(8, 0x1140), b"SQ", u32::MAX);
    for _ in 0..1000 {
        items.extend([0xFE, 0xFF, 0x00, 0xE0, 0, 0, 0, 0]);
    }
    let limits = Limits { count: 500, ..Limits::default() };
    let result = read_data_set(items, TransferSyntax::EXPLICIT_LE, &limits);
    assert!(matches!(result, Err(Error::TooMany(500))));
    let mut texts = Vec::new();
    for number in 0..10 {
        texts.extend(element(Tag::new(0x0040, number), b"UT", 1000));
        texts.extend([b'x'; 1000]);
    }
    let limits = Limits { memory: 5000, ..Limits::default() };
    let result = read_data_set(texts, TransferSyntax::EXPLICIT_LE, &limits);
    assert!(matches!(result, Err(Error::TooLarge(5000))));
}

#[test]
fn un_of_undefined_length_holds_implicit_items() {
    // PS3.5 section 6.2.2 note 2 (CP-246).
    let mut bytes = element(tags::ANATOMIC_REGION_SEQUENCE, b"UN", u32::MAX);
    bytes.extend([0xFE, 0xFF, 0x00, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF]);
    bytes.extend([0x08, 0x00, 0x04, 0x01, 6, 0, 0, 0]);
    bytes.extend(b"Chest ");
    bytes.extend([0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0, 0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
    let parsed = read_data_set(bytes, TransferSyntax::EXPLICIT_LE, &Limits::default()).unwrap();
    let items = parsed.data.items(tags::ANATOMIC_REGION_SEQUENCE);
    assert_eq!(items[0].text(tags::CODE_MEANING).as_deref(), Some("Chest"));
}

#[test]
fn a_backslash_inside_a_shift_jis_character_splits_nothing() {
    let mut data = DataSet::new();
    data.put_text(tags::SPECIFIC_CHARACTER_SET, Vr::CS, "ISO_IR 13");
    data.put(Element::bytes(tags::PATIENT_NAME, Vr::PN, b"\x83\x5c\x95\x5c^A".to_vec()));
    assert_eq!(data.texts(tags::PATIENT_NAME).len(), 1);
}

#[test]
fn duplicates_are_kept_apart_and_not_written() {
    let mut one = DataSet::new();
    one.put_text(tags::PATIENT_NAME, Vr::PN, "FIRST");
    let mut two = DataSet::new();
    two.put_text(tags::PATIENT_NAME, Vr::PN, "SECOND");
    let bytes = [encode_data_set(&one).unwrap(), encode_data_set(&two).unwrap()].concat();
    let parsed = read_data_set(bytes, TransferSyntax::EXPLICIT_LE, &Limits::default()).unwrap();
    assert_eq!(parsed.data.text(tags::PATIENT_NAME).as_deref(), Some("FIRST"));
    assert_eq!(parsed.data.duplicates.len(), 1);
    assert!(!encode_data_set(&parsed.data).unwrap().windows(6).any(|w| w == b"SECOND"));
}

#[test]
fn fragments_are_ranges_and_copy_through() {
    let mut body = encode_data_set(&sample()).unwrap();
    body.extend(element(tags::PIXEL_DATA, b"OB", u32::MAX));
    for part in [&[0u8, 0, 0, 0][..], b"first!", b"second"] {
        body.extend([0xFE, 0xFF, 0x00, 0xE0]);
        body.extend((part.len() as u32).to_le_bytes());
        body.extend(part);
    }
    body.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
    let parsed = read_data_set(&body, "1.2.840.10008.1.2.4.70", &Limits::default()).unwrap();
    let Value::Fragments(table) = &parsed.data.get(tags::PIXEL_DATA).unwrap().value else { panic!() };
    assert_eq!((table.offsets.as_slice(), table.fragments.len()), (&[0][..], 2));
    let mut out = Vec::new();
    write_data_set(&parsed.meta, &parsed.data, parsed.bulk(&body), &mut out).unwrap();
    assert_eq!(out.len(), body.len());
    assert!(out.ends_with(&body[body.len() - 60..]));
}

#[test]
fn a_window_is_as_good_as_a_file() {
    let file = written(&sample(), TransferSyntax::EXPLICIT_LE);
    let segment = [&[9u8; 77][..], &file, &[9u8; 50]].concat();
    let window = Window::new(&segment[..], 77, file.len() as u64);
    check_sample(&read(&window, &Limits::default()).unwrap().data);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600), syntax in 0..4usize) {
        let _ = read(&bytes, &Limits::default());
        let uid = [
            TransferSyntax::IMPLICIT_LE, TransferSyntax::EXPLICIT_LE, TransferSyntax::EXPLICIT_BE,
            TransferSyntax::DEFLATED_LE,
        ][syntax];
        let _ = read_data_set(&bytes, uid, &Limits::default());
    }

    #[test]
    fn no_damage_makes_reader_or_writer_panic(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in any::<prop::sample::Index>(),
        big in any::<bool>(),
    ) {
        let mut file = written(&sample(), if big { TransferSyntax::EXPLICIT_BE } else { TransferSyntax::EXPLICIT_LE });
        file.extend(nested(5, true));
        for (place, byte) in edits {
            let at = place.index(file.len());
            file[at] = byte;
        }
        let keep = file.len() / 2 + cut.index(file.len() / 2 + 1);
        file.truncate(keep);
        if let Ok(parsed) = read(&file, &Limits::default()) {
            let mut out = Vec::new();
            write_data_set(&parsed.meta, &parsed.data, parsed.bulk(&file), &mut out).unwrap();
            let meta = FileMeta::from_syntax(parsed.meta.syntax.output().uid());
            let _ = read_data_set(&out, meta.syntax.uid(), &Limits::default()).unwrap();
        }
    }
}
