//! Behaviour: a case that waited while the site changed its policy is held for another look, and can still leave.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use appliance::review::Decision;
use fixtures::study::{StudyKind, StudySpec};
use tests::cast::{LIMIT, Pair, Settings, Terms, until};

#[test]
fn a_case_planned_under_another_policy_waits_for_a_person_and_then_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let mut pair = Pair::start(folder.path(), &Terms::default()).unwrap();
    pair.appliance.stop().unwrap();
    Settings::read(&pair.appliance.config).unwrap().with("review", "mode", "required").write().unwrap();
    pair.appliance.start().unwrap();
    let study = StudySpec::new(StudyKind::HeadCt, 51).with_slices(12).with_bleed(None).build().unwrap();
    pair.appliance.scanner().send(&study.instances).unwrap();
    let row = until("the study is answered", LIMIT, || {
        Ok(pair.appliance.ledger()?.rows()?.into_iter().find(|row| row.answered()))
    })
    .unwrap();
    pair.appliance.stop().unwrap();
    Settings::read(&pair.appliance.config).unwrap().with("deid", "policy", "shifted-dates").write().unwrap();
    pair.appliance.start().unwrap();
    let decision = match row.case {
        Some(case) => Decision::Send { case },
        None => Decision::Escalate { study: row.id, reason: "a second look".into() },
    };
    pair.appliance.decide("technician", decision).unwrap();
    let in_state = |state: &'static str| {
        until(state, Duration::from_secs(120), || {
            let rows = pair.appliance.ledger()?.rows()?;
            Ok(rows.into_iter().find(|row| row.state.as_deref() == Some(state)))
        })
        .unwrap()
    };
    let held = in_state("held");
    assert_eq!(pair.cloud.cases().unwrap().len(), 0, "nothing of it has left");
    let release = Decision::Release { case: held.case.unwrap(), reason: "looked again".into() };
    pair.appliance.decide("technician", release).unwrap();
    in_state("answered");
    pair.appliance.stop().unwrap();
}
