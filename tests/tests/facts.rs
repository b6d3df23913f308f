//! Behaviour: a film whose header says that it is not what the model takes is not answered as if it were.

use std::path::{Path, PathBuf};

use dicom::{DataSet, Element, Limits, Tag, Value, Vr, read, tags, vr_of, write_file};
use fixtures::study::{StudyKind, StudySpec};
use scanside_tests::support::{project, run};
use serde_json::Value as Json;

const VIEW_CODE_SEQUENCE: Tag = Tag::new(0x0054, 0x0220);

fn code(data: &mut DataSet, tag: Tag, value: &str) {
    let mut item = DataSet::new();
    item.put_text(tags::CODE_VALUE, Vr::SH, value);
    item.put_text(tags::CODING_SCHEME_DESIGNATOR, Vr::SH, "SCT");
    item.put_text(tags::CODE_MEANING, Vr::LO, "as the code says");
    data.put(Element { tag, vr: Vr::SQ, value: Value::Items(vec![item]) });
}

fn text(data: &mut DataSet, tag: Tag, value: &str) {
    data.put_text(tag, vr_of(tag), value);
}

/// The film of a seed, changed, in a folder of its own.
fn changed(folder: &Path, name: &str, seed: u64, change: impl Fn(&mut DataSet)) -> PathBuf {
    let study = StudySpec::new(StudyKind::Cr, seed).with_size(440, 535).build().unwrap();
    let file = &study.instances[0].file;
    let mut parsed = read(&file[..], &Limits::default()).unwrap();
    change(&mut parsed.data);
    let mut bytes = Vec::new();
    write_file(&parsed.meta, &parsed.data, &file[..], &mut bytes).unwrap();
    let path = folder.join(name);
    std::fs::create_dir_all(&path).unwrap();
    std::fs::write(path.join("film.dcm"), bytes).unwrap();
    path
}

fn triage(path: &Path) -> Json {
    let bundle = project().join("models/chest-xray").display().to_string();
    let answer = run("appliance", &["triage", &path.display().to_string(), "--bundle", &bundle, "--json"]);
    answer.unwrap().first().unwrap()
}

/// Seeds of which triage flags one, and gives the other `no-flag`, when nothing is changed.
fn answered(folder: &Path) -> (u64, u64) {
    let mut found = [None, None];
    for seed in 9_500..9_540 {
        let answer = triage(&changed(folder, &format!("as it is {seed}"), seed, |_| ()));
        match answer["disposition"].as_str() {
            Some("flag") => found[0] = Some(seed),
            Some("no-flag") => found[1] = Some(seed),
            _ => {}
        }
        if let [Some(flagged), Some(silent)] = found {
            return (flagged, silent);
        }
    }
    panic!("no film is flagged, or none is without a flag")
}

/// A name, the disposition and the reason that follow, and what is changed.
type Change<'a> = (&'a str, &'a str, &'a str, &'a dyn Fn(&mut DataSet));

#[test]
fn a_film_that_its_header_says_is_another_is_not_answered() {
    let folder = tempfile::tempdir().unwrap();
    let (flagged, silent) = answered(folder.path());
    let lateral = |data: &mut DataSet| {
        data.remove(tags::VIEW_POSITION);
        code(data, VIEW_CODE_SEQUENCE, "399067008");
    };
    let contradictory = |data: &mut DataSet| code(data, VIEW_CODE_SEQUENCE, "399067008");
    let knee = |data: &mut DataSet| code(data, tags::ANATOMIC_REGION_SEQUENCE, "72696002");
    let by_text = |data: &mut DataSet| text(data, tags::SERIES_DESCRIPTION, "Thorax seitlich");
    let changes: [Change<'_>; 4] = [
        ("lateral", "not-analysed", "View Code Sequence says lateral; the model takes PA or AP", &lateral),
        (
            "contradictory",
            "escalate",
            "View Code Sequence says lateral, though View Position says PA",
            &contradictory,
        ),
        (
            "knee",
            "escalate",
            "Anatomic Region Sequence says knee, though Body Part Examined says CHEST",
            &knee,
        ),
        ("by text", "escalate", "Series Description names a lateral view", &by_text),
    ];
    for (name, disposition, reason, change) in changes {
        for seed in [flagged, silent] {
            let answer = triage(&changed(folder.path(), &format!("{name} {seed}"), seed, change));
            assert_eq!(answer["disposition"], disposition, "{name}: {answer}");
            assert!(answer["reason"].as_str().unwrap().contains(reason), "{name}: {answer}");
        }
    }
}

#[test]
fn ages_that_contradict_each_other_leave_a_flag_and_take_a_no_flag() {
    let folder = tempfile::tempdir().unwrap();
    let (flagged, silent) = answered(folder.path());
    for (seed, allowed) in [(flagged, &["flag", "escalate"][..]), (silent, &["escalate"])] {
        let path = changed(folder.path(), &format!("ages {seed}"), seed, |data| {
            text(data, tags::PATIENT_BIRTH_DATE, "20200301");
            text(data, tags::PATIENT_AGE, "045Y");
            text(data, tags::STUDY_DATE, "20230517");
            text(data, tags::ACQUISITION_DATE, "20230517");
        });
        let answer = triage(&path);
        assert!(allowed.contains(&answer["disposition"].as_str().unwrap()), "{answer}");
        let words = "Patient's Age and Patient's Birth Date contradict each other";
        assert!(answer["reason"].as_str().unwrap().contains(words), "{answer}");
    }
}
