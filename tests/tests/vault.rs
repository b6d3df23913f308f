//! Behaviour: the site finds its way back from what left, says who used it, forgets a patient, and rotates its key.

use std::path::Path;

use dicom::{self, DataSet, Limits, Vr, tags};
use fixtures::study::{Study, StudyKind, StudySpec};
use scanside_tests::support::{Answer, Pair, Settings, Terms, run, run_with};
use serde_json::Value;

const NAMED: [&str; 4] = ["--by", "Dr. Ito", "--reason", "the referrer asks"];

fn command(pair: &Pair, words: &[&str], input: &str) -> Answer {
    let config = pair.appliance.config.display().to_string();
    let mut args = words.to_vec();
    args.extend(["--json", "--config", &config]);
    run_with("appliance", &args, input.as_bytes()).unwrap()
}

fn named(pair: &Pair, words: &[&str], input: &str) -> Answer {
    command(pair, &[words, &NAMED].concat(), input)
}

fn read(path: &str) -> DataSet {
    dicom::read(&std::fs::read(path).unwrap()[..], &Limits::default()).unwrap().data
}

fn parsed(study: &Study, at: usize) -> DataSet {
    dicom::read(&study.instances[at].file[..], &Limits::default()).unwrap().data
}

/// A study that leaves and comes home.
fn travelled(pair: &Pair, seed: u64) -> Study {
    let study = StudySpec::new(StudyKind::HeadCt, seed).with_slices(12).with_bleed(None).build().unwrap();
    pair.travelled(&study.instances).unwrap();
    study
}

/// The study's files as this site de-identifies them, in `out`.
fn pseudonymised(pair: &Pair, study: &Study, folder: &Path) -> Vec<String> {
    let (input, out) = (folder.join("in"), folder.join("out"));
    std::fs::create_dir_all(&input).unwrap();
    for (number, instance) in study.instances.iter().enumerate() {
        std::fs::write(input.join(format!("{number:03}.dcm")), &instance.file).unwrap();
    }
    let key = pair.appliance.folder.join("pseudonym.key").display().to_string();
    let (input, out) = (input.display().to_string(), out.display().to_string());
    let args = ["deid", &input, &out, "--json", "--policy", "shifted-dates", "--key", &key];
    let said = run("appliance", &args).unwrap();
    assert_eq!(said.code, 0, "{}", said.stderr);
    said.lines().unwrap().iter().map(|line| line["output"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_left_is_led_back_named_and_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let mut pair = Pair::start(&folder.path().join("site"), &Terms::default()).unwrap();
    pair.until_up().unwrap();
    let study = travelled(&pair, 31);
    let files = pseudonymised(&pair, &study, folder.path());
    let (original, sent) = (parsed(&study, 0), read(&files[0]));
    let patient = original.text(tags::PATIENT_ID).unwrap();
    let pseudonym = sent.text(tags::PATIENT_ID).unwrap();
    assert_ne!(patient, pseudonym);

    let list = command(&pair, &["pseudonym", "list"], "");
    let rows = list.lines().unwrap();
    assert_eq!((rows.len(), rows[0]["pseudonym"].as_str()), (1, Some(pseudonym.as_str())));
    assert!(rows[0]["uids"].as_u64().unwrap() >= 12, "{list:?}");
    assert!(study.planted.search(list.stdout.as_bytes()).is_empty(), "the list names nobody");

    let show = |word: &str| named(&pair, &["pseudonym", "show", word], "").lines().unwrap();
    for word in [&pseudonym, &sent.uid(tags::SOP_INSTANCE_UID).unwrap()] {
        assert_eq!(show(word)[0]["patient"]["PatientID"].as_str(), Some(patient.as_str()), "{word}");
    }
    let found = named(&pair, &["pseudonym", "find"], &format!("{patient}\n"));
    assert_eq!(found.lines().unwrap()[0]["pseudonym"].as_str(), Some(pseudonym.as_str()));

    let (out, back) = (folder.path().join("out"), folder.path().join("back"));
    let (out, back) = (out.display().to_string(), back.display().to_string());
    let said = named(&pair, &["reidentify", &out, &back], "");
    assert_eq!(said.code, 0, "{}", said.stderr);
    for (at, line) in said.lines().unwrap().iter().enumerate() {
        let (was, is) = (parsed(&study, at), read(line["output"].as_str().unwrap()));
        let mut uids = 0;
        is.walk(|_, element, depth| {
            if depth == 0 && matches!(element.vr, Vr::UI | Vr::DA | Vr::PN) {
                assert_eq!(is.text(element.tag), was.text(element.tag), "{at}: {}", element.tag);
                uids += usize::from(element.vr == Vr::UI);
            }
        });
        assert!(uids >= 4);
        assert_eq!(is.text(tags::PATIENT_ID).unwrap(), patient);
    }

    let nameless = command(&pair, &["pseudonym", "show", &pseudonym, "--by", " ", "--reason", "x"], "");
    assert_eq!((nameless.code, nameless.stdout.as_str()), (1, ""), "{}", nameless.stderr);
    let export = folder.path().join("vault.jsonl");
    let said = named(&pair, &["pseudonym", "export", &export.display().to_string()], "");
    assert_eq!(said.code, 0, "{}", said.stderr);
    let line: Value = serde_json::from_str(&std::fs::read_to_string(&export).unwrap()).unwrap();
    assert_eq!(line["patient"]["PatientID"].as_str(), Some(patient.as_str()));

    let said = named(&pair, &["pseudonym", "forget"], &patient);
    assert_eq!(said.code, 0, "{}", said.stderr);
    let gone = named(&pair, &["pseudonym", "show", &pseudonym], "");
    assert_eq!(gone.code, 1, "{}", gone.stdout);
    let said = named(&pair, &["reidentify", &out, &format!("{back}-2")], "");
    assert_eq!(said.code, 1);
    for line in said.lines().unwrap() {
        assert_eq!(line["status"], "refused");
        assert!(line["reason"].as_str().unwrap().contains("not in the vault"), "{line}");
    }

    let audit = command(&pair, &["audit", "export"], "");
    for what in ["vault: looked", "vault: re-identified files", "vault: exported", "vault: forgot"] {
        let by = |line: &Value| line["what"] == what && line["who"] == "Dr. Ito";
        assert!(audit.lines().unwrap().iter().any(by), "{what}");
    }
    assert!(!audit.stdout.contains(&patient));
    pair.appliance.stop().unwrap();
}

#[test]
fn a_case_that_waits_leaves_under_the_key_it_was_planned_with() {
    let folder = tempfile::tempdir().unwrap();
    let mut pair = Pair::start(folder.path(), &Terms::default()).unwrap();
    pair.until_up().unwrap();
    pair.appliance.stop().unwrap();
    Settings::read(&pair.appliance.config).unwrap().with("review", "mode", "required").write().unwrap();
    pair.appliance.start().unwrap();
    let study = StudySpec::new(StudyKind::HeadCt, 32).with_slices(12).with_bleed(None).build().unwrap();
    let row = pair.answered(&study.instances).unwrap();
    let running = named(&pair, &["pseudonym", "rotate"], "");
    assert_eq!(running.code, 75, "{}", running.stderr);
    pair.appliance.stop().unwrap();

    let key = pair.appliance.folder.join("pseudonym.key");
    let before = std::fs::read_to_string(&key).unwrap();
    let rotated = named(&pair, &["pseudonym", "rotate"], "");
    assert_eq!(rotated.code, 0, "{}", rotated.stderr);
    let after = std::fs::read_to_string(&key).unwrap();
    assert_eq!((after.lines().count(), after.lines().nth(1)), (2, before.lines().next()));

    pair.appliance.start().unwrap();
    pair.let_go(&row).unwrap();
    pair.until_state("answered").unwrap();
    let rows = command(&pair, &["pseudonym", "list"], "").lines().unwrap();
    let named: Vec<&str> = rows.iter().map(|row| row["key_name"].as_str().unwrap()).collect();
    let new = rotated.lines().unwrap()[0]["key"].as_str().unwrap().to_owned();
    assert!(named.len() == 1 && named[0] != new, "{named:?} {new}");
    pair.appliance.stop().unwrap();
}
