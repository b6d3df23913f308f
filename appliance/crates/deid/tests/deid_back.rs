//! Re-identification: what the re-identification map knows is put back at every level, and nothing is passed on in part.

use dicom::{self, DataSet, Element, FileMeta, Limits, Tag, TransferSyntax, Value, Vr, tags};
use scanside_deid::{Keys, Policy, ReidentificationMap, StudyContext, plan, pseudonyms, restore};

const REFERENCED_SERIES: Tag = Tag::new(0x0008, 0x1115);
const REFERENCED_INSTANCES: Tag = Tag::new(0x0008, 0x114A);
const REFERENCED_IMAGE: Tag = Tag::new(0x0008, 0x1140);
const REFERENCED_INSTANCE: Tag = Tag::new(0x0008, 0x1155);
const CONTENT: Tag = Tag::new(0x0040, 0xA730);
const TEXT_VALUE: Tag = Tag::new(0x0040, 0xA160);
const FRAME_OF_REFERENCE: Tag = Tag::new(0x0020, 0x0052);

fn keys() -> Keys {
    Keys::from_bytes(&[5; 32]).unwrap()
}

fn items(tag: Tag, items: Vec<DataSet>) -> Element {
    Element { tag, vr: Vr::SQ, value: Value::Items(items) }
}

fn with(texts: &[(Tag, Vr, &str)]) -> DataSet {
    let mut data = DataSet::new();
    texts.iter().for_each(|(tag, vr, text)| data.put_text(*tag, *vr, text));
    data
}

/// A CT slice with references at two depths.
fn original() -> DataSet {
    let mut data = with(&[
        (tags::SPECIFIC_CHARACTER_SET, Vr::CS, "ISO_IR 192"),
        (tags::SOP_CLASS_UID, Vr::UI, "1.2.840.10008.5.1.4.1.1.2"),
        (tags::SOP_INSTANCE_UID, Vr::UI, "1.2.826.0.1.99.4"),
        (tags::STUDY_DATE, Vr::DA, "20240229"),
        (tags::ACQUISITION_DATE, Vr::DA, "20240301"),
        (tags::STUDY_TIME, Vr::TM, "101500"),
        (tags::ACCESSION_NUMBER, Vr::SH, "ACC-9931"),
        (tags::MODALITY, Vr::CS, "CT"),
        (tags::STUDY_DESCRIPTION, Vr::LO, "CT Thorax für Zyxwarth"),
        (tags::PATIENT_NAME, Vr::PN, "Zyxwärth^Quendolyn"),
        (tags::PATIENT_ID, Vr::LO, "QX-7731904"),
        (tags::PATIENT_BIRTH_DATE, Vr::DA, "19611224"),
        (tags::STUDY_INSTANCE_UID, Vr::UI, "1.2.826.0.1.99.2"),
        (tags::SERIES_INSTANCE_UID, Vr::UI, "1.2.826.0.1.99.3"),
        (FRAME_OF_REFERENCE, Vr::UI, "1.2.826.0.1.99.5"),
        (tags::STUDY_ID, Vr::SH, "S77"),
    ]);
    let image = with(&[
        (Tag::new(0x0008, 0x1150), Vr::UI, "1.2.840.10008.5.1.4.1.1.2"),
        (REFERENCED_INSTANCE, Vr::UI, "1.2.826.0.1.99.41"),
    ]);
    let mut series = with(&[(tags::SERIES_INSTANCE_UID, Vr::UI, "1.2.826.0.1.99.33")]);
    series.put(items(REFERENCED_INSTANCES, vec![image.clone()]));
    data.put(items(REFERENCED_SERIES, vec![series]));
    data.put(items(REFERENCED_IMAGE, vec![image]));
    data
}

fn meta(data: &DataSet) -> FileMeta {
    FileMeta::for_data_set(data, TransferSyntax::EXPLICIT_LE)
}

/// De-identified, written, read again; with the re-identification map.
fn sent(data: &DataSet, policy: &Policy, keys: &Keys) -> (FileMeta, DataSet, ReidentificationMap) {
    let meta = meta(data);
    let made = plan(&meta, data, &StudyContext::of(&meta, data), policy, keys);
    let mut file = Vec::new();
    made.write(&[][..], &mut file).unwrap();
    let parsed = dicom::read(&file[..], &Limits::default()).unwrap();
    (parsed.meta, parsed.data, made.reidentification)
}

/// Every UID and date of `data` by its place, and what the header says of patient and study.
fn identity(data: &DataSet) -> Vec<(Tag, usize, String)> {
    let mut found = Vec::new();
    data.walk(|level, element, depth| {
        let wanted = [
            tags::PATIENT_NAME,
            tags::PATIENT_ID,
            tags::ACCESSION_NUMBER,
            tags::STUDY_ID,
            tags::STUDY_DESCRIPTION,
        ];
        if matches!(element.vr, Vr::UI | Vr::DA) || wanted.contains(&element.tag) {
            let text = level.charset.decode(element.as_bytes().unwrap());
            found.push((element.tag, depth, text.trim_end_matches(['\0', ' ']).to_owned()));
        }
    });
    found
}

#[test]
fn what_was_sent_comes_back_at_every_level_with_its_dates() {
    let original = original();
    let (meta, data, way) = sent(&original, &Policy::shifted_dates(), &keys());
    assert_ne!(identity(&data), identity(&original));
    let back = restore(&meta, &data, &way, &keys());
    assert_eq!(back.unknown, 0);
    assert_eq!(identity(&back.header), identity(&original));
    assert_eq!(back.header.text(tags::PATIENT_IDENTITY_REMOVED).as_deref(), Some("NO"));
    assert!(back.header.get(tags::DEIDENTIFICATION_METHOD).is_none());
}

#[test]
fn dates_that_were_removed_come_back_as_far_as_the_vault_keeps_them() {
    let (meta, data, way) = sent(&original(), &Policy::strict(), &keys());
    let back = restore(&meta, &data, &way, &keys()).header;
    assert_eq!(back.text(tags::STUDY_DATE).as_deref(), Some("20240229"));
    assert_eq!(back.text(tags::PATIENT_BIRTH_DATE).as_deref(), Some("19611224"));
    assert_eq!(back.uid(tags::SOP_INSTANCE_UID).as_deref(), Some("1.2.826.0.1.99.4"));
}

/// A report that somebody far away made about what was sent.
fn report(data: &DataSet) -> DataSet {
    let of = |tag| data.uid(tag).unwrap();
    let patient = data.text(tags::PATIENT_ID).unwrap();
    let mut report = with(&[
        (tags::SOP_CLASS_UID, Vr::UI, "1.2.840.10008.5.1.4.1.1.88.11"),
        (tags::SOP_INSTANCE_UID, Vr::UI, "1.3.6.1.4.1.5962.99.1.7"),
        (tags::CONTENT_DATE, Vr::DA, "20261127"),
        (tags::PATIENT_NAME, Vr::PN, &patient),
        (tags::PATIENT_ID, Vr::LO, &patient),
        (tags::STUDY_INSTANCE_UID, Vr::UI, &of(tags::STUDY_INSTANCE_UID)),
    ]);
    let words = format!("seen on {}, patient {patient}.", of(tags::SOP_INSTANCE_UID));
    let mut inner = with(&[(TEXT_VALUE, Vr::UT, &words)]);
    inner.put(items(
        REFERENCED_IMAGE,
        vec![with(&[(REFERENCED_INSTANCE, Vr::UI, &of(tags::SOP_INSTANCE_UID))])],
    ));
    report.put(items(CONTENT, vec![inner]));
    report
}

#[test]
fn a_report_about_it_gets_its_patient_and_references_back_also_inside_text() {
    let (_, data, way) = sent(&original(), &Policy::shifted_dates(), &keys());
    let report = report(&data);
    let back = restore(&meta(&report), &report, &way, &keys());
    assert_eq!(back.unknown, 0);
    let header = back.header;
    assert_eq!(header.text(tags::PATIENT_NAME).as_deref(), Some("Zyxwärth^Quendolyn"));
    assert_eq!(header.text(tags::ACCESSION_NUMBER).as_deref(), Some("ACC-9931"));
    assert_eq!(header.uid(tags::STUDY_INSTANCE_UID).as_deref(), Some("1.2.826.0.1.99.2"));
    assert_eq!(header.text(tags::CONTENT_DATE).as_deref(), Some("20261127"), "its own day is no shifted one");
    let inner = &header.items(CONTENT)[0];
    let words = inner.text(TEXT_VALUE).unwrap();
    assert_eq!(words, "seen on 1.2.826.0.1.99.4, patient QX-7731904.");
    assert_eq!(
        inner.items(REFERENCED_IMAGE)[0].uid(REFERENCED_INSTANCE).as_deref(),
        Some("1.2.826.0.1.99.4")
    );
    assert!(pseudonyms(&meta(&header), &header, &keys()).is_empty());
}

#[test]
fn a_pseudonym_without_a_way_back_is_counted() {
    let (meta, data, mut way) = sent(&original(), &Policy::strict(), &keys());
    let all = pseudonyms(&meta, &data, &keys()).len();
    assert_eq!(restore(&meta, &data, &ReidentificationMap::default(), &keys()).unknown, all);
    let patient = way.0.values_mut().next().unwrap();
    patient.uids.retain(|_, original| original != "1.2.826.0.1.99.41");
    assert_eq!(restore(&meta, &data, &way, &keys()).unknown, 1);
    assert!(pseudonyms(&meta, &original(), &keys()).len() <= 1, "an original names none in its data set");
}

#[test]
fn a_rotated_key_still_leads_back() {
    let (meta, data, way) = sent(&original(), &Policy::shifted_dates(), &keys());
    let rotated = keys().rotated(&[6; 32]).unwrap();
    let back = restore(&meta, &data, &way, &rotated);
    assert_eq!((back.unknown, identity(&back.header)), (0, identity(&original())));
    let (_, again, second) = sent(&data, &Policy::shifted_dates(), &rotated);
    assert_eq!(identity(&again), identity(&data), "twice is once, also under a later key");
    assert!(second.is_empty(), "and leads nowhere new");
}
