//! Behaviour: a technician's note from standard input stops the seal while it names the patient, and then travels.

use domain::decision::Decision;
use fixtures::study::{StudyKind, StudySpec};
use scanside_tests::support::{EnvelopeCopies, Pair, Settings, Terms, open_kept, run_with, site_keys};
use serde_json::Value;

fn note(pair: &Pair, case: &str, more: &[&str], text: &str) -> i32 {
    let config = pair.appliance.config.display().to_string();
    let mut args = vec!["case", "note", case, "--by", "ada", "--config", &config];
    args.extend(more);
    run_with("appliance", &args, text.as_bytes()).unwrap().code
}

#[test]
fn a_note_that_names_the_patient_stops_the_seal_and_a_better_one_reaches_the_reader() {
    let folder = tempfile::tempdir().unwrap();
    let mut pair = Pair::start(folder.path(), &Terms::default()).unwrap();
    pair.appliance.stop().unwrap();
    Settings::read(&pair.appliance.config).unwrap().with("review", "mode", "required").write().unwrap();
    pair.appliance.start().unwrap();
    let left = folder.path().join("left");
    let watch = EnvelopeCopies::begin(
        &pair.appliance.store_path().unwrap(),
        &left,
        site_keys(&pair.appliance).unwrap(),
    )
    .unwrap();
    let study = StudySpec::new(StudyKind::HeadCt, 81).with_slices(12).with_bleed(None).build().unwrap();
    let row = pair.answered(&study.instances).unwrap();
    let case = match row.case.clone() {
        Some(case) => case,
        None => panic!("triage escalates it: {row:?}"),
    };

    assert_eq!(note(&pair, &case, &[], " \n"), 64, "nothing on standard input");
    assert_eq!(note(&pair, &case, &["--clear"], ""), 1, "there is none to take back");
    assert_eq!(note(&pair, &case, &[], &"x".repeat(2_001)), 1, "too long");
    let named = format!("Patient {} moved.", study.person.family);
    assert_eq!(note(&pair, &case, &[], &named), 0);
    pair.let_go(&row).unwrap();
    pair.until_state("failed").unwrap();
    let failed = pair.appliance.cases().unwrap().remove(0);
    let fault = failed["fault"].as_str().unwrap();
    assert!(
        fault.contains("out of the note, then try again") && !fault.contains(&study.person.family),
        "{fault}"
    );
    assert_eq!(pair.cloud.cases().unwrap().len(), 0, "nothing of it has left");

    let said = "Patient moved.\nSecond series is \"better\" <b>.";
    assert_eq!(note(&pair, &case, &[], said), 0);
    let kept = pair.appliance.cases().unwrap().remove(0);
    assert_eq!((kept["note"].as_str(), kept["note_by"].as_str()), (Some(said), Some("ada")));
    pair.appliance.decide("technician", Decision::Retry { case: case.clone() }).unwrap();
    pair.until_state("answered").unwrap();
    assert_eq!(note(&pair, &case, &[], "too late"), 1, "the cloud has it");
    let audit = std::fs::read_to_string(pair.appliance.folder.join("audit.jsonl")).unwrap();
    assert_eq!(audit.matches("wrote a note for the reader").count(), 2);
    assert!(!audit.contains("moved"), "the text is in no audit line");
    pair.appliance.stop().unwrap();
    watch.end();
    let entries = open_kept(&left, &pair.appliance, &pair.cloud).unwrap();
    let travelled = entries.iter().find(|entry| entry.name == "case.json").unwrap();
    let travelled: Value = serde_json::from_slice(&travelled.bytes).unwrap();
    assert_eq!(travelled["note"], said);
}
