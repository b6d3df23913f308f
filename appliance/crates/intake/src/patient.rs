//! What the pre-scan keeps of the patient while a data set passes: a few raw values, read as `deid` reads them.

use crate::element::{ISSUER_ENTITY, ISSUER_ENTITY_TYPE};
use deid::PatientDigests;
use dicom::{DataSet, Element, Tag, Value, Vr, tags, vr_of};

/// Values about the patient, as they were written. Identifying.
#[derive(Default)]
pub(super) struct Patient {
    data: DataSet,
    /// The item of Issuer of Patient ID Qualifiers Sequence.
    issuer: DataSet,
}

impl Patient {
    /// One value. The first one of a tag counts, as for every reader here.
    pub(super) fn take(&mut self, tag: u32, value: &[u8]) {
        let level =
            if matches!(tag, ISSUER_ENTITY | ISSUER_ENTITY_TYPE) { &mut self.issuer } else { &mut self.data };
        let tag = Tag(tag);
        if level.get(tag).is_none() {
            level.put(Element::bytes(tag, vr_of(tag), value));
        }
    }

    /// Whose it is, in digests; `None` when nothing says so.
    pub(super) fn digests(self) -> Option<PatientDigests> {
        let Patient { mut data, mut issuer } = self;
        issuer.charset = data.charset.clone();
        let tag = tags::ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE;
        data.put(Element { tag, vr: Vr::SQ, value: Value::Items(vec![issuer]) });
        PatientDigests::of(&data)
    }
}
