//! Dummy values for action D: valid in their value representation, the same for everybody.
use dicom::{Element, Tag, Value, Vr, tags};

/// The dummy of a tag and VR. UIDs and sequences are not done here: they are replaced and cleaned.
pub(super) fn dummy(tag: Tag, vr: Vr, year: Option<i64>) -> Element {
    let year = year.unwrap_or(1900);
    let text: Vec<u8> = match vr {
        Vr::DA => format!("{year:04}0101").into_bytes(),
        Vr::DT => format!("{year:04}0101000000").into_bytes(),
        Vr::TM => b"000000".to_vec(),
        Vr::AS => b"000Y".to_vec(),
        Vr::IS | Vr::DS => b"0".to_vec(),
        Vr::PN => b"REMOVED".to_vec(),
        Vr::UR => b"urn:removed".to_vec(),
        Vr::CS if tag == tags::MODALITY => b"OT".to_vec(),
        Vr::CS if tag == tags::PATIENT_SEX => b"O".to_vec(),
        vr if vr.is_text() => b"REMOVED".to_vec(),
        Vr::SQ => return Element { tag, vr, value: Value::Items(Vec::new()) },
        vr => vec![0; vr.word().max(2)],
    };
    Element::bytes(tag, vr, text)
}

/// The empty value of a tag and VR, action Z.
pub(super) fn empty(tag: Tag, vr: Vr) -> Element {
    match vr {
        Vr::SQ => Element { tag, vr, value: Value::Items(Vec::new()) },
        vr => Element::bytes(tag, vr, Vec::new()),
    }
}
