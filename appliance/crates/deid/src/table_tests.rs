//! Every row of table E.1-1, at nesting 0, 1 and 3, in four transfer syntaxes: 7,872 cases.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::terms::{Basic, Row};
use super::{Keys, Policy, StudyContext, plan, table};
use dicom::{self, DataSet, Element, Limits, Tag, Value, Vr, tags, vr_of};
use std::io::Write;

/// A word, a number and a UID that are in no vocabulary and no standard.
const WORD: &str = "Zyxwarth";
const NUMBER: &str = "77123";
const UID: &str = "1.2.826.0.1.77123.5";

#[derive(Clone, Copy)]
struct Syntax {
    uid: &'static str,
    explicit: bool,
    big: bool,
    deflated: bool,
}

const SYNTAXES: [Syntax; 4] = [
    Syntax { uid: "1.2.840.10008.1.2", explicit: false, big: false, deflated: false },
    Syntax { uid: "1.2.840.10008.1.2.1", explicit: true, big: false, deflated: false },
    Syntax { uid: "1.2.840.10008.1.2.2", explicit: true, big: true, deflated: false },
    Syntax { uid: "1.2.840.10008.1.2.1.99", explicit: true, big: false, deflated: true },
];

/// Sequences of the image that no row names, one inside the other.
const AROUND: [Tag; 3] = [tags::ANATOMIC_REGION_SEQUENCE, Tag::new(0x0008, 0x2220), Tag::new(0x0008, 0x2220)];

fn put_number(out: &mut Vec<u8>, number: u64, width: usize, big: bool) {
    let little = number.to_le_bytes();
    let mut bytes = little[..width].to_vec();
    if big {
        bytes.reverse();
    }
    out.extend(bytes);
}

/// An element as a sender writes it; written here, apart from the code under test.
fn encode(element: &Element, syntax: Syntax, out: &mut Vec<u8>) {
    let value = match &element.value {
        Value::Items(items) => {
            let mut value = Vec::new();
            for item in items {
                let mut inner = Vec::new();
                item.iter().for_each(|e| encode(e, syntax, &mut inner));
                put_number(&mut value, 0xFFFE, 2, syntax.big);
                put_number(&mut value, 0xE000, 2, syntax.big);
                put_number(&mut value, inner.len() as u64, 4, syntax.big);
                value.extend(inner);
            }
            value
        }
        Value::Bytes(bytes) => {
            let mut bytes = bytes.clone();
            if bytes.len() % 2 == 1 {
                bytes.push(if element.vr == Vr::UI { 0 } else { b' ' });
            }
            bytes
        }
        _ => unreachable!("the cases have values in memory alone"),
    };
    put_number(out, element.tag.group().into(), 2, syntax.big);
    put_number(out, element.tag.element().into(), 2, syntax.big);
    if syntax.explicit {
        out.extend(element.vr.as_str().as_bytes());
        if element.vr.has_long_length() {
            out.extend([0, 0]);
            put_number(out, value.len() as u64, 4, syntax.big);
        } else {
            put_number(out, value.len() as u64, 2, syntax.big);
        }
    } else {
        put_number(out, value.len() as u64, 4, syntax.big);
    }
    out.extend(value);
}

fn file(data: &DataSet, syntax: Syntax) -> Vec<u8> {
    let mut body = Vec::new();
    data.iter().for_each(|element| encode(element, syntax, &mut body));
    if syntax.deflated {
        let mut packed = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&body).unwrap();
        body = packed.finish().unwrap();
    }
    let mut out = vec![0; 128];
    out.extend(b"DICM");
    let meta = Syntax { explicit: true, big: false, deflated: false, ..syntax };
    encode(&Element::bytes(tags::TRANSFER_SYNTAX_UID, Vr::UI, syntax.uid), meta, &mut out);
    out.extend(body);
    out
}

/// A value that identifies somebody, in the attribute's own VR.
fn planted(tag: Tag, big: bool) -> Element {
    let vr = vr_of(tag);
    let bytes: Vec<u8> = match vr {
        Vr::SQ => {
            let mut item = DataSet::new();
            item.put_text(tags::PATIENT_NAME, Vr::PN, WORD);
            item.put_text(Tag::new(0x0010, 0x4000), Vr::LT, WORD);
            return Element { tag, vr, value: Value::Items(vec![item]) };
        }
        Vr::UI => UID.into(),
        Vr::DA => "19630817".into(),
        Vr::DT => "19630817101112".into(),
        Vr::TM => "101112".into(),
        Vr::AS => "047Y".into(),
        Vr::IS | Vr::DS => NUMBER.into(),
        vr if vr.is_text() => WORD.into(),
        Vr::OB | Vr::UN => format!("{WORD} {NUMBER}").into(),
        vr => {
            let mut bytes = Vec::new();
            put_number(&mut bytes, 0x3132_3334_3536_3738, vr.word().max(2), big);
            bytes
        }
    };
    Element::bytes(tag, vr, bytes)
}

fn base() -> DataSet {
    let mut data = DataSet::new();
    for (tag, text) in [
        (tags::SOP_CLASS_UID, "1.2.840.10008.5.1.4.1.1.2"),
        (tags::SOP_INSTANCE_UID, "1.2.826.0.1.99.4"),
        (tags::STUDY_INSTANCE_UID, "1.2.826.0.1.99.2"),
        (tags::SERIES_INSTANCE_UID, "1.2.826.0.1.99.3"),
    ] {
        data.put_text(tag, Vr::UI, text);
    }
    data.put_text(tags::MODALITY, Vr::CS, "CT");
    data
}

fn nested(element: Element, depth: usize) -> DataSet {
    let mut data = base();
    let around = AROUND[..depth].iter().rev();
    data.put(around.fold(element, |inner, sequence| {
        let mut item = DataSet::new();
        item.put(inner);
        Element { tag: *sequence, vr: Vr::SQ, value: Value::Items(vec![item]) }
    }));
    data
}

fn at_depth(data: &DataSet, depth: usize) -> Option<&DataSet> {
    AROUND[..depth].iter().try_fold(data, |data, sequence| data.items(*sequence).first())
}

/// What the row says of what may be left of a value.
fn fits(row: &Row, before: &Element, after: Option<&Element>) -> bool {
    let Some(after) = after else {
        return matches!(row.basic, Basic::X | Basic::XZ | Basic::XD | Basic::XZD | Basic::XZU)
            // A dummy or empty value where the attribute is not of the IOD at all; and overlays, icons as a whole.
            || super::kept::never(before.tag);
    };
    let changed = after.value != before.value;
    match row.basic {
        // An attribute of type 1 or 2 stays, emptied or replaced; never with its value.
        Basic::X => false,
        Basic::K | Basic::C => true,
        _ => {
            changed
                || before
                    .as_bytes()
                    .is_some_and(|bytes| bytes == after.as_bytes().unwrap_or_default() && is_dummy(bytes))
        }
    }
}

/// Zeros are everybody's.
fn is_dummy(bytes: &[u8]) -> bool {
    bytes.iter().all(|b| *b == 0)
}

#[test]
fn every_row_of_the_table_at_three_depths_in_four_syntaxes() {
    let keys = Keys::from_bytes(&[3; 32]).unwrap();
    let special = [
        (Tag::new(0x0009, 0x1001), &table::PRIVATE),
        (Tag::new(0x5002, 0x0005), &table::CURVES),
        (Tag::new(0x6004, 0x3000), &table::OVERLAY_DATA),
        (Tag::new(0x6004, 0x4000), &table::OVERLAY_COMMENTS),
    ];
    let rows = table::ROWS.iter().map(|row| (Tag(row.tag), row)).chain(special);
    let (mut cases, mut wrong) = (0, Vec::new());
    for (tag, row) in rows {
        for depth in [0, 1, 3] {
            for syntax in SYNTAXES {
                cases += 1;
                let before = planted(tag, syntax.big);
                let file = file(&nested(before.clone(), depth), syntax);
                let parsed = dicom::read(&file[..], &Limits::default()).unwrap();
                let context = StudyContext::of(&parsed.meta, &parsed.data);
                let made = plan(&parsed.meta, &parsed.data, &context, &Policy::strict(), &keys);
                let bytes = dicom::encode_data_set(&made.header).unwrap();
                let left = [WORD, NUMBER, UID, "19630817"]
                    .into_iter()
                    .any(|value| bytes.windows(value.len()).any(|window| window == value.as_bytes()));
                let after = at_depth(&made.header, depth).and_then(|data| data.get(tag));
                // The characteristics that strict keeps are numbers and codes of the patient, not the planted ones.
                let kept = super::kept::is_characteristic(tag);
                if !kept && (left || !fits(row, &before, after)) {
                    wrong.push(format!("{tag:?} {:?} depth {depth} {}: {after:?}", row.basic, syntax.uid));
                }
            }
        }
    }
    assert_eq!(cases, 656 * 3 * 4);
    assert!(wrong.is_empty(), "{} of {cases}: {:#?}", wrong.len(), &wrong[..wrong.len().min(20)]);
}
