//! A study that is corrected at the archive: the same UIDs about another patient, and a rejection note.

use dicom::{self, Limits, tags, vr_of};
use fixtures::identity::Person;
use fixtures::scanner::Outgoing;
use fixtures::scanner::implicit::{element, item};
use fixtures::study::{Instance, Study, StudyKind, StudySpec};
use scanside_tests::support::{Appliance, LIMIT, Row, Settings, until};

const KEY_OBJECT_SELECTION: &str = "1.2.840.10008.5.1.4.1.1.88.59";
const IMPLICIT: &str = "1.2.840.10008.1.2";

/// The same head CT with the same UIDs about the person of another seed.
fn head_ct(about: u64) -> Study {
    let spec = StudySpec::new(StudyKind::HeadCt, 8_500).with_size(64, 64).with_slices(3);
    spec.with_person(Person::from_seed(about)).build().unwrap()
}

/// A rejection note for an incorrect worklist entry.
fn note(study: &Study, rejected: &[&str]) -> Outgoing {
    let code = item(&[element(0x0008, 0x0100, b"113038"), element(0x0008, 0x0102, b"DCM")].concat());
    let named: Vec<u8> =
        rejected.iter().flat_map(|uid| item(&element(0x0008, 0x1155, uid.as_bytes()))).collect();
    let series = item(&element(0x0008, 0x1199, &named));
    let evidence = item(&element(0x0008, 0x1115, &series));
    let data = [
        element(0x0008, 0x0016, KEY_OBJECT_SELECTION.as_bytes()),
        element(0x0008, 0x0018, b"2.25.850099"),
        element(0x0008, 0x0060, b"KO"),
        element(0x0020, 0x000D, study.study_uid.as_bytes()),
        element(0x0020, 0x000E, b"2.25.850098"),
        element(0x0040, 0xA043, &code),
        element(0x0040, 0xA375, &evidence),
    ];
    Outgoing::raw(KEY_OBJECT_SELECTION, "2.25.850099", IMPLICIT, data.concat())
}

fn until_revision(appliance: &Appliance, revision: u32) -> Row {
    let mut ledger = appliance.ledger().unwrap();
    until("the revision is answered", LIMIT, || {
        Ok(ledger.rows()?.into_iter().find(|r| r.revision == revision && r.answered()))
    })
    .unwrap()
}

/// States of the cases with their faults, the oldest first.
fn cases(appliance: &Appliance) -> Vec<(String, String)> {
    let mut rows = appliance.cases().unwrap();
    rows.sort_by_key(|row| row["revision"].as_u64());
    let text = |v: &serde_json::Value| v.as_str().unwrap_or_default().to_owned();
    rows.iter().map(|row| (text(&row["state"]), text(&row["fault"]))).collect()
}

/// The instance again, with its patient written differently: nothing that anybody would call another one.
fn rewritten(study: &Study, at: usize) -> Instance {
    let file = &study.instances[at].file;
    let parsed = dicom::read(&file[..], &Limits::default()).unwrap();
    let (mut data, person) = (parsed.data.clone(), &study.person);
    let day = &person.birth_date;
    for (tag, text) in [
        (tags::SPECIFIC_CHARACTER_SET, "ISO_IR 192".to_owned()),
        (tags::PATIENT_NAME, format!("{}^^^", person.name().to_uppercase())),
        (tags::PATIENT_ID, format!(" {} ", person.patient_id)),
        (tags::PATIENT_BIRTH_DATE, format!("{}.{}.{}", &day[..4], &day[4..6], &day[6..])),
    ] {
        data.put_text(tag, vr_of(tag), &text);
    }
    let mut out = Vec::new();
    dicom::write_file(&parsed.meta, &data, parsed.bulk(&&file[..]), &mut out).unwrap();
    Instance::from_file(out).unwrap()
}

#[test]
fn the_same_patient_written_differently_is_no_correction() {
    let folder = tempfile::tempdir().unwrap();
    let mut appliance = Appliance::init(&folder.path().join("site"), &folder.path().join("log")).unwrap();
    appliance.start().unwrap();
    // A person with letters beyond ASCII: the second time in another character set.
    let study = head_ct(8_601);
    assert!(!study.person.name().is_ascii());
    appliance.scanner().send(&study.instances).unwrap();
    until_revision(&appliance, 1);
    let again: Vec<Instance> = (0..study.instances.len()).map(|at| rewritten(&study, at)).collect();
    appliance.scanner().send(&again).unwrap();
    until_revision(&appliance, 2);
    let counts = appliance.status().unwrap()["counts"].clone();
    assert_eq!(counts["beside"], 3, "kept beside, as other bytes about the same patient are: {counts}");
    let corrected =
        appliance.ledger().unwrap().count("SELECT count(*) FROM instances WHERE replaced_at IS NOT NULL");
    assert_eq!(corrected.unwrap(), 0);
    appliance.stop().unwrap();
}

#[test]
fn what_has_not_left_is_stopped_half_a_correction_is_held_and_a_note_takes_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut appliance = Appliance::init(&folder.path().join("site"), &folder.path().join("log")).unwrap();
    Settings::read(&appliance.config)
        .unwrap()
        .with("triage", "bundles", Vec::<toml::Value>::new())
        .with("triage", "embed", Vec::<toml::Value>::new())
        .with("escalation", "without_model", vec![toml::Value::from("CT")])
        .with("review", "mode", "required")
        .write()
        .unwrap();
    appliance.start().unwrap();
    let (wrong, right) = (head_ct(8_600), head_ct(8_601));
    assert_eq!(wrong.study_uid, right.study_uid);
    appliance.scanner().send(&wrong.instances).unwrap();
    let row = until_revision(&appliance, 1);
    let holds = row.holds.unwrap();
    let first = cases(&appliance);
    assert_eq!(first.len(), 1);
    assert!(!holds.contains("different patients"), "{holds}");

    // One of three comes again about somebody else.
    appliance.scanner().send(&right.instances[..1]).unwrap();
    let row = until_revision(&appliance, 2);
    assert!(row.holds.as_deref().unwrap().contains("different patients"), "{:?}", row.holds);
    let two = cases(&appliance);
    assert_eq!((two[0].0.as_str(), two[1].0.as_str()), ("stopped", "held"));
    assert!(two[0].1.contains("corrected before this had left"), "{two:?}");
    // The others.
    appliance.scanner().send(&right.instances[1..]).unwrap();
    let row = until_revision(&appliance, 3);
    assert_eq!(row.instances, 6, "nothing is deleted");
    assert_eq!(row.holds.as_deref(), Some(holds.as_str()), "held as before the correction");
    let three = cases(&appliance);
    let states: Vec<&str> = three.iter().map(|c| c.0.as_str()).collect();
    assert_eq!(states, ["stopped", "stopped", first[0].0.as_str()]);

    let all: Vec<&str> = right.instances.iter().map(|i| i.sop_instance_uid.as_str()).collect();
    let sent = appliance.scanner().send_watched(&[note(&right, &all)], |_| Ok(())).complete().unwrap();
    assert!(sent[0].acknowledged());
    let row = until_revision(&appliance, 4);
    assert_eq!(row.disposition.as_deref(), Some("not-analysed"));
    assert!(row.reason.unwrap().contains("every instance was rejected for an incorrect worklist entry"));
    assert!(cases(&appliance).iter().take(3).all(|c| c.0 == "stopped"));
    appliance.stop().unwrap();
    let log = std::fs::read_to_string(&appliance.log).unwrap();
    for about in [8_600, 8_601] {
        let p = Person::from_seed(about);
        assert!(!log.contains(&p.family) && !log.contains(&p.patient_id), "the log names a patient");
    }
}
