//! Behaviour: kills of appliance, workers and cloud in turn, and link cuts inside a part: every case arrives once.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::decision::Decision;
use fixtures::study::{StudyKind, StudySpec};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rustix::process::{Pid, Signal, kill_process};
use scanside_tests::support::{LIMIT, Pair, Row, Terms, until};

const SEED: u64 = 20_261_122;
/// A head CT whose envelope has several parts of 1 MiB.
const SLICES: usize = 40;

/// Where a case can be when somebody pulls a plug.
const POINTS: [&str; 5] = ["leaving", "packing", "sealed", "sending", "received"];

fn newest(pair: &Pair, uid: &str) -> scanside_tests::Result<Option<Row>> {
    Ok(pair.appliance.ledger()?.rows()?.into_iter().find(|row| row.uid == uid))
}

/// Sends a study and makes sure that it becomes a case.
fn send(pair: &Pair, seed: u64) -> String {
    let study = StudySpec::new(StudyKind::HeadCt, seed).with_slices(SLICES).with_bleed(None).build().unwrap();
    assert!(
        pair.appliance.scanner().send(&study.instances).unwrap().iter().all(|outcome| outcome.acknowledged())
    );
    let row =
        until("the study is answered", LIMIT, || Ok(newest(pair, &study.study_uid)?.filter(Row::answered)));
    let row = row.unwrap();
    if row.case.is_none() {
        let decision = Decision::Escalate { study: row.id.clone(), reason: "a second look".into() };
        pair.appliance.decide("technician", decision).unwrap();
    }
    study.study_uid
}

/// Waits until the case has come as far as `point`, or further.
fn reach(pair: &Pair, uid: &str, point: usize) {
    until(&format!("the case is {} or further", POINTS[point]), LIMIT, || {
        let state = newest(pair, uid)?.and_then(|row| row.state).unwrap_or_default();
        let at = POINTS.iter().position(|p| *p == state);
        Ok((at.is_none_or(|at| at >= point) && !state.is_empty()).then_some(()))
    })
    .unwrap();
}

fn kill_workers(pair: &Pair) {
    for pid in pair.appliance.process().unwrap().children() {
        // A worker that has just ended by itself cannot be killed any more.
        let _ = kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), Signal::KILL);
    }
}

fn all_home(pair: &Pair, uids: &[String]) -> Vec<Row> {
    until("every case is home", Duration::from_secs(240), || {
        let rows = pair.appliance.ledger()?.rows()?;
        let home =
            |uid: &String| rows.iter().any(|row| row.uid == *uid && row.state.as_deref() == Some("answered"));
        Ok(uids.iter().all(home).then_some(rows))
    })
    .unwrap_or_else(|error| {
        let states: Vec<_> = pair.appliance.ledger().unwrap().rows().unwrap();
        let states: Vec<_> = states.into_iter().map(|row| (row.state, row.fault)).collect();
        panic!("seed {SEED}: {error}: {states:?}")
    })
}

fn arrived_once(pair: &Pair, uids: &[String], rows: &[Row]) {
    assert_eq!(rows.len(), uids.len());
    let mut ledger = pair.appliance.ledger().unwrap();
    assert_eq!(ledger.doubled().unwrap(), 0);
    assert_eq!(ledger.count("SELECT count(*) FROM reports").unwrap(), uids.len() as u64);
    assert_eq!(ledger.count("SELECT count(*) FROM cases").unwrap(), uids.len() as u64);
    let stated = "SELECT count(*) FROM cases c JOIN statements s ON s.envelope = c.envelope";
    assert_eq!(ledger.count(stated).unwrap(), uids.len() as u64, "a case left without its statement");
    let there = pair.cloud.cases().unwrap();
    let names: BTreeSet<String> =
        there.iter().map(|case| case["case_id"].as_str().unwrap().to_owned()).collect();
    let here: BTreeSet<String> = rows.iter().filter_map(|row| row.case.clone()).collect();
    assert_eq!(there.len(), uids.len(), "the cloud has a case twice or not: {there:#?}");
    assert_eq!(names, here);
}

#[test]
fn every_case_arrives_once_whatever_is_killed_on_its_way() {
    let folder = tempfile::tempdir().unwrap();
    let rng = &mut ChaCha8Rng::seed_from_u64(SEED);
    let mut pair = Pair::start(folder.path(), &Terms::default()).unwrap();
    let mut uids = Vec::new();
    for round in 0..9u64 {
        let uid = send(&pair, 400 + round);
        let point = rng.random_range(0..POINTS.len());
        reach(&pair, &uid, point);
        match round % 3 {
            0 => {
                pair.appliance.kill();
                pair.appliance.start().unwrap();
            }
            1 => {
                pair.cloud.kill();
                pair.cloud.start().unwrap();
            }
            _ => kill_workers(&pair),
        }
        uids.push(uid);
    }
    let rows = all_home(&pair, &uids);
    arrived_once(&pair, &uids, &rows);
    pair.appliance.stop().unwrap();
    pair.cloud.stop().unwrap();
}

#[test]
fn every_case_arrives_once_over_a_link_that_is_cut_inside_its_parts() {
    let folder = tempfile::tempdir().unwrap();
    let rng = &mut ChaCha8Rng::seed_from_u64(SEED + 1);
    let mut pair = Pair::start(folder.path(), &Terms::default()).unwrap();
    let mut uids = Vec::new();
    for round in 0..4u64 {
        pair.link.cut_after(rng.random_range(40_000..400_000));
        let uid = send(&pair, 500 + round);
        for _ in 0..2 {
            until("the link is cut inside the upload", LIMIT, || Ok(pair.link.is_cut().then_some(())))
                .unwrap();
            pair.link.mend();
            pair.link.cut_after(rng.random_range(40_000..400_000));
        }
        pair.link.mend();
        uids.push(uid);
    }
    let rows = all_home(&pair, &uids);
    assert!(pair.link.cuts() >= 8, "seed {SEED}: only {} cuts", pair.link.cuts());
    arrived_once(&pair, &uids, &rows);
    // A cut costs at most the part it hit: no envelope was sent three times over.
    for row in &rows {
        let (sent, sealed) = (row.bytes_sent.unwrap(), row.sealed_bytes.unwrap());
        assert!(sent <= sealed + 4 * (1 << 20), "{sent} bytes for {sealed}");
    }
    pair.appliance.stop().unwrap();
    pair.cloud.stop().unwrap();
}
