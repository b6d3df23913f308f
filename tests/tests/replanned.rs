//! Behaviour: a case that waited while the site changed its policy is held for another look, and can still leave.

use domain::decision::Decision;
use fixtures::study::{StudyKind, StudySpec};
use scanside_tests::support::{Pair, Settings, Terms};

#[test]
fn a_case_planned_under_another_policy_waits_for_a_person_and_then_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let mut pair = Pair::start(folder.path(), &Terms::default()).unwrap();
    pair.appliance.stop().unwrap();
    Settings::read(&pair.appliance.config).unwrap().with("review", "mode", "required").write().unwrap();
    pair.appliance.start().unwrap();
    let study = StudySpec::new(StudyKind::HeadCt, 51).with_slices(12).with_bleed(None).build().unwrap();
    let row = pair.answered(&study.instances).unwrap();
    pair.appliance.stop().unwrap();
    Settings::read(&pair.appliance.config).unwrap().with("deid", "policy", "shifted-dates").write().unwrap();
    pair.appliance.start().unwrap();
    pair.let_go(&row).unwrap();
    let held = pair.until_state("held").unwrap();
    assert_eq!(pair.cloud.cases().unwrap().len(), 0, "nothing of it has left");
    let release = Decision::Release { case: held.case.unwrap(), reason: "looked again".into() };
    pair.appliance.decide("technician", release).unwrap();
    pair.until_state("answered").unwrap();
    pair.appliance.stop().unwrap();
}
