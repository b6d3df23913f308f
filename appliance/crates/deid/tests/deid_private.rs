//! Private attributes, fragments and empty files through the whole room: read, plan, write, read again.

use dicom::{DataSet, Error, FileMeta, Limits, Parsed, Tag, TransferSyntax, Vr, read, tags, write_file};
use scanside_deid::{HoldReason, Keys, Policy, StudyContext, plan};

/// Two private blocks in implicit little endian, where no VR is written: one of a known creator, one of nobody's.
fn implicit() -> Vec<u8> {
    let mut data = DataSet::new();
    data.put_text(tags::SOP_CLASS_UID, Vr::UI, "1.2.840.10008.5.1.4.1.1.2");
    data.put_text(tags::MODALITY, Vr::CS, "CT");
    data.put_text(tags::PATIENT_NAME, Vr::PN, "Ravensworth^Ida");
    data.put_text(tags::PATIENT_ID, Vr::LO, "77120");
    for (group, element, text) in [
        (0x0009, 0x0010, "SOMEBODY"),
        (0x0009, 0x1001, "800"),
        (0x0043, 0x0010, "GEMS_PARM_01"),
        (0x0043, 0x1027, "/0.984:1"),
        (0x0043, 0x1039, "800\\0\\0\\0 "),
        (0x0043, 0x1062, "77120"),
    ] {
        data.put_text(Tag::new(group, element), Vr::LO, text);
    }
    let mut file = Vec::new();
    write_file(&FileMeta::for_data_set(&data, TransferSyntax::IMPLICIT_LE), &data, &[][..], &mut file)
        .unwrap();
    file
}

fn again(file: &[u8], policy: &Policy) -> (Vec<u8>, Vec<HoldReason>) {
    let parsed: Parsed = read(file, &Limits::default()).unwrap();
    let keys = Keys::from_bytes(&[7; 32]).unwrap();
    let context = StudyContext::of(&parsed.meta, &parsed.data);
    let made = plan(&parsed.meta, &parsed.data, &context, policy, &keys);
    let mut out = Vec::new();
    made.write(parsed.bulk(&file), &mut out).unwrap();
    (out, made.holds)
}

fn private(file: &[u8]) -> Vec<(Tag, Vr, String)> {
    let parsed = read(file, &Limits::default()).unwrap();
    let all = parsed.data.iter().filter(|e| e.tag.is_private());
    all.map(|e| (e.tag, e.vr, parsed.data.text(e.tag).unwrap_or_default())).collect()
}

#[test]
fn safe_private_attributes_stay_readable_and_twice_equals_once() {
    let once = again(&implicit(), &Policy::shifted_dates()).0;
    let expected = [
        (Tag::new(0x0043, 0x0010), Vr::LO, "GEMS_PARM_01".to_owned()),
        (Tag::new(0x0043, 0x1027), Vr::SH, "/0.984:1".to_owned()),
        (Tag::new(0x0043, 0x1039), Vr::IS, "800\\0\\0\\0".to_owned()),
    ];
    assert_eq!(private(&once), expected);
    assert_eq!(again(&once, &Policy::shifted_dates()).0, once);
    assert_eq!(private(&again(&implicit(), &Policy::strict()).0), []);
}

#[test]
fn pixels_with_fewer_fragments_than_frames_are_held() {
    let parsed = |file: Vec<u8>| again(&file, &Policy::strict()).1;
    let differs = HoldReason::PixelsNotAsDeclared;
    assert!(parsed(fixtures::malformed::no_fragment()).contains(&differs));
    assert!(!parsed(fixtures::malformed::plain()).contains(&differs));
}

#[test]
fn a_file_without_a_data_set_is_none() {
    let file = implicit();
    let start = usize::try_from(dicom::data_set_offset(&file[..]).unwrap()).unwrap();
    for end in [0, 132, start] {
        assert!(matches!(read(&file[..end], &Limits::default()), Err(Error::NotDicom)), "{end}");
    }
}
