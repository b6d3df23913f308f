//! Goldens of both policies on a small study: what every attribute becomes, what is counted, what holds.

use dicom::{
    self, ByteRange, DataSet, Element, FileMeta, Fragments, Limits, Tag, TransferSyntax, Value, Vr, tags,
};
use scanside_deid::{
    DeidPlan, HoldReason, Keys, Listing, NativePixels, PixelBox, Policy, Region, Search, Sex, StudyContext,
    plan,
};
use std::fmt::Write as _;

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";

fn item(values: &[(Tag, Vr, &str)]) -> DataSet {
    let mut data = DataSet::new();
    for (tag, vr, text) in values {
        data.put_text(*tag, *vr, text);
    }
    data
}

fn sequence(tag: Tag, items: Vec<DataSet>) -> Element {
    Element { tag, vr: Vr::SQ, value: Value::Items(items) }
}

/// An invented patient's chest CT with everything that usually gives people away.
fn chest_ct() -> DataSet {
    let mut data = item(&[
        (tags::SPECIFIC_CHARACTER_SET, Vr::CS, "ISO_IR 192"),
        (tags::IMAGE_TYPE, Vr::CS, "ORIGINAL\\PRIMARY\\AXIAL\\CT_SOM5 SPI"),
        (tags::INSTANCE_CREATION_DATE, Vr::DA, "20190306"),
        (tags::SOP_CLASS_UID, Vr::UI, CT),
        (tags::SOP_INSTANCE_UID, Vr::UI, "1.2.826.0.1.3680043.99.4"),
        (tags::STUDY_DATE, Vr::DA, "20190304"),
        (tags::SERIES_DATE, Vr::DA, "20190304"),
        (tags::ACQUISITION_DATE, Vr::DA, "20190306"),
        (tags::CONTENT_DATE, Vr::DA, "20190306"),
        (tags::STUDY_TIME, Vr::TM, "101530.25"),
        (tags::ACCESSION_NUMBER, Vr::SH, "ACC-55-1234"),
        (tags::MODALITY, Vr::CS, "CT"),
        (tags::MANUFACTURER, Vr::LO, "SIEMENS"),
        (tags::INSTITUTION_NAME, Vr::LO, "Klinikum Ahornweg"),
        (tags::REFERRING_PHYSICIAN_NAME, Vr::PN, "Oduya^Ngozi^^Dr"),
        (tags::STATION_NAME, Vr::SH, "CTROOM2"),
        (tags::STUDY_DESCRIPTION, Vr::LO, "CHEST for Mrs Lindqvist"),
        (tags::SERIES_DESCRIPTION, Vr::LO, "Thorax 3.0 B31f"),
        (tags::MANUFACTURER_MODEL_NAME, Vr::LO, "Model 12"),
        (tags::PATIENT_NAME, Vr::PN, "Lindqvist^Måna"),
        (tags::PATIENT_ID, Vr::LO, "PID-90817"),
        (tags::PATIENT_BIRTH_DATE, Vr::DA, "19270611"),
        (tags::PATIENT_SEX, Vr::CS, "F"),
        (tags::PATIENT_AGE, Vr::AS, "091Y"),
        (tags::PATIENT_WEIGHT, Vr::DS, "61.5"),
        (Tag::new(0x0010, 0x2180), Vr::SH, "Organist"),
        (tags::BODY_PART_EXAMINED, Vr::CS, "CHEST"),
        (tags::SLICE_THICKNESS, Vr::DS, "3.0"),
        (Tag::new(0x0018, 0x1000), Vr::LO, "SN-445566"),
        (tags::PROTOCOL_NAME, Vr::LO, "ThoraxRoutine Lindqvist"),
        (Tag::new(0x0018, 0x1210), Vr::SH, "B31f"),
        (tags::STUDY_INSTANCE_UID, Vr::UI, "1.2.826.0.1.3680043.99.2"),
        (tags::SERIES_INSTANCE_UID, Vr::UI, "1.2.826.0.1.3680043.99.3"),
        (tags::STUDY_ID, Vr::SH, "4471"),
        (tags::PHOTOMETRIC_INTERPRETATION, Vr::CS, "MONOCHROME2"),
        (Tag::new(0x0009, 0x0010), Vr::LO, "ACME 1.0"),
        (Tag::new(0x0009, 0x1001), Vr::LO, "Lindqvist Måna"),
        (Tag::new(0x6000, 0x0022), Vr::LO, "overlay of Lindqvist"),
        // Of no edition of the dictionary, and a date that table E.1-1 does not name.
        (Tag::new(0x0018, 0xFFF1), Vr::LO, "CHEST"),
        (Tag::new(0x0014, 0x0102), Vr::DA, "20190307"),
    ]);
    data.put(Element::bytes(tags::ROWS, Vr::US, 2u16.to_le_bytes()));
    data.put(Element::bytes(tags::COLUMNS, Vr::US, 2u16.to_le_bytes()));
    data.put(Element::bytes(tags::BITS_ALLOCATED, Vr::US, 16u16.to_le_bytes()));
    data.put(Element::bytes(Tag::new(0x0008, 0x0000), Vr::UL, 999u32.to_le_bytes()));
    data.put(Element::bytes(Tag::new(0x6000, 0x0010), Vr::US, 2u16.to_le_bytes()));
    data.put(sequence(
        tags::ANATOMIC_REGION_SEQUENCE,
        vec![item(&[
            (tags::CODE_VALUE, Vr::SH, "51185008"),
            (tags::CODING_SCHEME_DESIGNATOR, Vr::SH, "SCT"),
            (tags::CODE_MEANING, Vr::LO, "Chest"),
        ])],
    ));
    data.put(sequence(
        Tag::new(0x0008, 0x1140),
        vec![item(&[
            (Tag::new(0x0008, 0x1150), Vr::UI, CT),
            (Tag::new(0x0008, 0x1155), Vr::UI, "1.2.826.0.1.3680043.99.9"),
        ])],
    ));
    data.put(sequence(
        Tag::new(0x0040, 0x0275),
        vec![item(&[
            (Tag::new(0x0040, 0x1001), Vr::SH, "RP-1"),
            (Tag::new(0x0040, 0x0007), Vr::LO, "Lindqvist"),
        ])],
    ));
    data.put(Element::bytes(tags::PIXEL_DATA, Vr::OW, vec![1, 0, 2, 0, 3, 0, 4, 0]));
    data
}

fn file(data: &DataSet) -> Vec<u8> {
    let mut out = Vec::new();
    let meta = FileMeta::for_data_set(data, TransferSyntax::EXPLICIT_LE);
    dicom::write_file(&meta, data, &[][..], &mut out).unwrap();
    out[..9].copy_from_slice(b"Lindqvist");
    out
}

fn planned(data: &DataSet, policy: &Policy) -> (DeidPlan, Vec<u8>) {
    let file = file(data);
    let parsed = dicom::read(&file, &Limits::default()).unwrap();
    let context = StudyContext::of(&parsed.meta, &parsed.data);
    let keys = Keys::from_bytes(&[42; 32]).unwrap();
    let plan = plan(&parsed.meta, &parsed.data, &context, policy, &keys);
    let mut out = Vec::new();
    plan.write(parsed.bulk(&file), &mut out).unwrap();
    (plan, out)
}

fn dump(data: &DataSet, depth: usize, out: &mut String) {
    for element in data.iter() {
        let keyword = dicom::keyword(element.tag).unwrap_or("?");
        let value = match &element.value {
            Value::Bytes(bytes) if element.vr.is_text() => {
                String::from_utf8_lossy(bytes).trim_end_matches(['\0', ' ']).to_owned()
            }
            Value::Bytes(bytes) => hex::encode(bytes),
            other => format!("{other:?}"),
        };
        writeln!(out, "{}{} {} {keyword}: {value}", "  ".repeat(depth), element.tag, element.vr.as_str())
            .unwrap();
        for inner in element.items() {
            dump(inner, depth + 1, out);
        }
    }
}

fn golden(policy: &Policy) -> String {
    let (plan, out) = planned(&chest_ct(), policy);
    let again = dicom::read(&out, &Limits::default()).unwrap();
    let mut text = String::new();
    dump(&again.meta.elements, 0, &mut text);
    dump(&again.data, 0, &mut text);
    let counts: Vec<String> =
        plan.action_counts().iter().map(|(code, count)| format!("{}={count}", code.as_str())).collect();
    writeln!(text, "actions {} holds {:?}", counts.join(" "), plan.holds).unwrap();
    text
}

#[test]
fn strict_golden() {
    insta::assert_snapshot!("strict", golden(&Policy::strict()));
}

#[test]
fn shifted_dates_golden() {
    insta::assert_snapshot!("shifted_dates", golden(&Policy::shifted_dates()));
}

#[test]
fn pixels_are_copied_untouched() {
    for policy in [Policy::strict(), Policy::shifted_dates()] {
        let (_, out) = planned(&chest_ct(), &policy);
        assert!(out.ends_with(&[1, 0, 2, 0, 3, 0, 4, 0]));
        assert_eq!(out[..128], [0; 128]);
    }
}

#[test]
fn facts_say_what_may_leave_and_the_listing_what_the_site_shows() {
    let (plan, _) = planned(&chest_ct(), &Policy::strict());
    assert_eq!(plan.facts.modality, "CT");
    assert_eq!(plan.facts.body_part.as_deref(), Some("CHEST"));
    assert_eq!((plan.facts.age_years, plan.facts.sex), (Some(90), Some(Sex::Female)));
    let listing = Listing::of(&chest_ct());
    assert_eq!(listing.accession_tail.as_deref(), Some("1234"));
    assert_eq!(listing.station.as_deref(), Some("CTROOM2"));
    assert_eq!(format!("{listing:?}"), "Listing(..)");
}

#[test]
fn the_second_pass_finds_what_the_plan_took_out_and_nothing_in_the_output() {
    let data = chest_ct();
    for policy in [Policy::strict(), Policy::shifted_dates()] {
        let (plan, out) = planned(&data, &policy);
        let search = Search::new(&plan.removed);
        assert!(search.scan(&out, Region::Text).is_empty(), "{}", policy.name());
        // The original holds the name four times, the ids, the institution.
        assert!(search.scan(&file(&data), Region::Text).len() > 15);
        for text in
            ["lindqvist", "MÅNA", "PID90817", "ahornweg, klinikum ahornweg", "2019-03-06", "sn-445566"]
        {
            assert!(!search.scan(text.as_bytes(), Region::Text).is_empty(), "{text}");
        }
    }
}

#[test]
fn the_digest_follows_header_policy_and_boxes_and_nothing_else() {
    let (plan, _) = planned(&chest_ct(), &Policy::strict());
    assert_eq!(plan.digest(), planned(&chest_ct(), &Policy::strict()).0.digest());
    assert_ne!(plan.digest(), planned(&chest_ct(), &Policy::shifted_dates()).0.digest());
    let mut other = chest_ct();
    other.put_text(tags::BODY_PART_EXAMINED, Vr::CS, "ABDOMEN");
    assert_ne!(plan.digest(), planned(&other, &Policy::strict()).0.digest());
    let mut boxed = plan.clone();
    boxed.clean_pixels(&[PixelBox { frame: None, x0: 0, y0: 0, x1: 1, y1: 1 }]);
    assert_ne!(plan.digest(), boxed.digest());
    let mut out = Vec::new();
    assert!(boxed.write(&[][..], &mut out).is_err());
    let native = NativePixels {
        photometric: "MONOCHROME2",
        samples: 1,
        bits_allocated: 16,
        bits_stored: 12,
        high_bit: 11,
        bytes: vec![0; 8],
    };
    boxed.write_with_pixels(&[][..], native, &mut out).unwrap();
    let again = dicom::read(&out, &Limits::default()).unwrap();
    assert_eq!(again.data.text(tags::BURNED_IN_ANNOTATION).as_deref(), Some("NO"));
    let codes = again.data.items(tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE);
    let cleaned = codes.iter().filter(|c| c.text(tags::CODE_VALUE).as_deref() == Some("113101"));
    assert_eq!(cleaned.count(), 1);
}

#[test]
fn nothing_identified_shows_in_debug() {
    let (plan, _) = planned(&chest_ct(), &Policy::strict());
    let shown = format!("{plan:?} {:?} {:?} {:?}", plan.removed, plan.header, Search::new(&plan.removed))
        .to_lowercase();
    for part in ["lindqvist", "90817", "ahornweg", "1.2.826", "2019"] {
        assert!(!shown.contains(part), "{part}");
    }
}

#[test]
fn the_second_of_two_equal_tags_is_taken_out_and_searched_for() {
    let first = file(&chest_ct());
    let second = dicom::encode_data_set(&item(&[(tags::PATIENT_NAME, Vr::PN, "Second^Occurrence")])).unwrap();
    let mut body = first.clone();
    let end = body.windows(4).position(|w| w == [0xE0, 0x7F, 0x10, 0x00]).unwrap();
    body.splice(end..end, second);
    let parsed = dicom::read(&body, &Limits::default()).unwrap();
    let context = StudyContext::of(&parsed.meta, &parsed.data);
    let keys = Keys::from_bytes(&[42; 32]).unwrap();
    let plan = plan(&parsed.meta, &parsed.data, &context, &Policy::strict(), &keys);
    let mut out = Vec::new();
    plan.write(parsed.bulk(&body), &mut out).unwrap();
    let unchanged = planned(&chest_ct(), &Policy::strict()).1;
    assert_eq!(out, unchanged);
    assert!(plan.removed.iter().any(|value| value.text == "Second^Occurrence"));
}

fn holds(change: impl FnOnce(&mut DataSet)) -> Vec<HoldReason> {
    let mut data = chest_ct();
    change(&mut data);
    planned(&data, &Policy::strict()).0.holds
}

#[test]
fn what_must_wait_for_a_person_is_held() {
    assert_eq!(holds(|_| {}), []);
    let class = |uid: &'static str| holds(move |d| d.put_text(tags::SOP_CLASS_UID, Vr::UI, uid));
    assert_eq!(class("1.2.840.10008.5.1.4.1.1.7"), [HoldReason::SecondaryCapture]);
    assert_eq!(class("1.2.840.10008.5.1.4.1.1.6.1"), [HoldReason::Ultrasound]);
    assert_eq!(class("1.2.840.10008.5.1.4.1.1.77.1.4"), [HoldReason::VisibleLight]);
    assert_eq!(class("1.2.3.4"), [HoldReason::UnknownSopClass]);
    assert_eq!(holds(|d| d.put_text(tags::MODALITY, Vr::CS, "OT")), [HoldReason::OtherModality]);
    assert_eq!(holds(|d| drop(d.remove(tags::MODALITY))), [HoldReason::OtherModality]);
    let burned = |d: &mut DataSet| d.put_text(tags::BURNED_IN_ANNOTATION, Vr::CS, "YES");
    assert_eq!(holds(burned), [HoldReason::BurnedInAnnotation]);
    let screen = |d: &mut DataSet| d.put_text(tags::IMAGE_TYPE, Vr::CS, "DERIVED\\SECONDARY\\SCREEN SAVE");
    assert_eq!(holds(screen), [HoldReason::SecondaryCapture]);
    let hidden =
        |d: &mut DataSet| d.put(Element::bytes(Tag::new(0x6000, 0x0100), Vr::US, 16u16.to_le_bytes()));
    assert_eq!(holds(hidden), [HoldReason::OverlayInPixels]);
    let more = |d: &mut DataSet| d.put(Element::bytes(tags::PIXEL_DATA, Vr::OW, vec![0; 80]));
    assert_eq!(holds(more), [HoldReason::PixelsNotAsDeclared]);
}

#[test]
fn of_reports_words_of_the_vocabulary_leave_and_of_enclosed_documents_nothing() {
    let (report, document) = ("1.2.840.10008.5.1.4.1.1.88.22", "1.2.840.10008.5.1.4.1.1.104.1");
    for (class, modality, policy, kept) in [
        (report, "SR", Policy::strict(), None),
        (report, "SR", Policy::shifted_dates(), Some("No pleural effusion, seen by")),
        (document, "DOC", Policy::strict(), None),
        (document, "DOC", Policy::shifted_dates(), None),
    ] {
        let mut data = chest_ct();
        data.remove(tags::PIXEL_DATA);
        data.put_text(tags::SOP_CLASS_UID, Vr::UI, class);
        data.put_text(tags::MODALITY, Vr::CS, modality);
        if class == report {
            let words = "No pleural effusion, seen by a neighbour, Zacharias Quill";
            let words = item(&[(Tag::new(0x0040, 0xA160), Vr::UT, words)]);
            data.put(sequence(Tag::new(0x0040, 0xA730), vec![words]));
        }
        data.put(Element::bytes(tags::ENCAPSULATED_DOCUMENT, Vr::OB, b"%PDF Zacharias Quill ".to_vec()));
        let (plan, out) = planned(&data, &policy);
        assert_eq!(plan.holds, [], "{class} {}", policy.name());
        let holds = |words: &str| out.windows(words.len()).any(|w| w == words.as_bytes());
        assert!(!holds("Quill") && !holds("Zacharias"), "{class} {}", policy.name());
        assert_eq!(holds("pleural"), kept.is_some(), "{class} {}", policy.name());
        assert!(kept.is_none_or(holds), "{class} {}", policy.name());
    }
}

#[test]
fn pixels_in_a_private_transfer_syntax_wait_for_a_person() {
    let file = file(&chest_ct());
    let parsed = dicom::read(&file, &Limits::default()).unwrap();
    let keys = Keys::from_bytes(&[42; 32]).unwrap();
    let context = StudyContext::of(&parsed.meta, &parsed.data);
    let mut data = parsed.data.clone();
    let fragments = vec![ByteRange { offset: 0, length: 8 }];
    let value = Value::Fragments(Fragments { offsets: Vec::new(), fragments });
    data.put(Element { tag: tags::PIXEL_DATA, vr: Vr::OB, value });
    let holds_in = |uid: &str| {
        let meta = FileMeta { syntax: TransferSyntax::from_uid(uid), ..parsed.meta.clone() };
        plan(&meta, &data, &context, &Policy::strict(), &keys).holds
    };
    assert_eq!(holds_in("1.2.840.10008.1.2.4.70"), []);
    let holds = holds_in("1.2.840.113619.5.2");
    assert_eq!(holds, [HoldReason::PixelsNotAsDeclared]);
}

/// A head CT of `count` slices, `step` mm apart and as thick.
fn head_ct(count: usize, step: f64) -> Vec<HoldReason> {
    let slices: Vec<DataSet> = (0..count)
        .map(|number| {
            let mut data = chest_ct();
            data.put_text(tags::BODY_PART_EXAMINED, Vr::CS, "HEAD");
            data.put_text(tags::SLICE_THICKNESS, Vr::DS, "5");
            data.put_text(tags::IMAGE_ORIENTATION_PATIENT, Vr::DS, "1\\0\\0\\0\\1\\0");
            data.put_text(tags::IMAGE_POSITION_PATIENT, Vr::DS, &format!("0\\0\\{}", number as f64 * step));
            data
        })
        .collect();
    let files: Vec<Vec<u8>> = slices.iter().map(file).collect();
    let parsed: Vec<_> = files.iter().map(|f| dicom::read(f, &Limits::default()).unwrap()).collect();
    let mut context = StudyContext::new();
    parsed.iter().for_each(|p| context.add(&p.meta, &p.data));
    let keys = Keys::from_bytes(&[42; 32]).unwrap();
    plan(&parsed[0].meta, &parsed[0].data, &context, &Policy::strict(), &keys).holds
}

#[test]
fn a_head_volume_of_thin_slices_is_held_for_its_face() {
    assert_eq!(head_ct(20, 1.0), [HoldReason::FaceInVolume]);
    assert_eq!(head_ct(20, 2.9), [HoldReason::FaceInVolume]);
    assert_eq!(head_ct(20, 3.0), []);
    assert_eq!(head_ct(20, 5.0), []);
    assert_eq!(head_ct(3, 1.0), []);
}

#[test]
fn two_patients_in_one_study_hold_it() {
    let mut other = chest_ct();
    other.put_text(tags::PATIENT_ID, Vr::LO, "PID-11111");
    let files = [file(&chest_ct()), file(&other)];
    let parsed: Vec<_> = files.iter().map(|f| dicom::read(f, &Limits::default()).unwrap()).collect();
    let mut context = StudyContext::new();
    parsed.iter().for_each(|p| context.add(&p.meta, &p.data));
    let keys = Keys::from_bytes(&[42; 32]).unwrap();
    let plan = plan(&parsed[0].meta, &parsed[0].data, &context, &Policy::strict(), &keys);
    assert_eq!(plan.holds, [HoldReason::SeveralPatients]);
}
