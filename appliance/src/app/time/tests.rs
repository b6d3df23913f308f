//! Each kind of deadline comes in its time although the machine's clock is set while it runs, either way and however
//! far.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::future::Future;

use proto::clock::SteadyClock;

use domain::oversight::{Ladder, due};
use domain::study::{Arriving, Config};
use ledger::{Arrival, ForwardOutcome, Ledger, Onward, Session};

const START: i64 = 1_800_000_000_000;
const HOUR: i64 = 3_600_000;
/// What a clock is set by: a wrong zone, a machine without a battery that hears of the time, and the like backwards.
const STEPS: [i64; 4] = [-HOUR, HOUR, 26 * 365 * 24 * HOUR, -26 * 365 * 24 * HOUR];
/// How often a deadline is looked at, ms.
const LOOK: i64 = 250;

/// The steady clock on a machine whose clock is set by `by` after a second.
struct Machine {
    steady: SteadyClock,
    by: i64,
    passed: i64,
}

impl Machine {
    fn now(&mut self) -> i64 {
        self.passed += LOOK;
        let set = if self.passed > 1_000 { self.by } else { 0 };
        self.steady.read(START + set + self.passed, self.passed)
    }
}

/// Looks until the deadline is over, for every step: after `length` ms at a pace that is off by a twentieth at most.
async fn comes_in_its_time<F: Future<Output = bool>>(
    length: i64,
    mut begin: impl FnMut() -> Box<dyn FnMut(i64) -> F>,
) {
    for by in STEPS {
        let mut machine = Machine { steady: SteadyClock::begin(START, 0), by, passed: 0 };
        let mut over = begin();
        while !over(machine.now()).await {
            assert!(machine.passed <= length * 2, "set by {by} ms it never comes");
        }
        let off = (machine.passed - length).abs();
        assert!(off <= length / 19 + LOOK, "set by {by} ms it came after {} of {length} ms", machine.passed);
    }
}

#[tokio::test]
async fn a_study_is_stable_after_its_quiet_time() {
    let quiet = Config::default().quiet;
    comes_in_its_time(quiet.as_millis() as i64, || {
        let mut arriving = Arriving::new(Config::default());
        arriving.arrived("study", "1", "instance", START);
        Box::new(move |now| std::future::ready(!arriving.take_stable(now).is_empty()))
    })
    .await;
}

#[tokio::test]
async fn the_next_contact_is_called_after_the_target() {
    let flag = Ladder { since: START, target: HOUR / 2, tried: 0, failed: 0, last: None };
    comes_in_its_time(flag.target, || Box::new(move |now| std::future::ready(due(&flag, 2, now).is_ok())))
        .await;
}

#[tokio::test]
async fn a_case_leaves_after_its_countdown() {
    let wait = std::time::Duration::from_secs(600);
    let (_, leaves_at) = domain::case_state::first_state(false, Some(wait), START);
    let leaves_at = leaves_at.unwrap();
    comes_in_its_time(600_000, || Box::new(move |now| std::future::ready(leaves_at <= now))).await;
}

async fn ledger(folder: &tempfile::TempDir) -> Ledger {
    Ledger::create(&folder.path().join("ledger.db"), &[7; 32]).await.unwrap()
}

#[tokio::test]
async fn what_was_put_off_is_sent_on_after_its_pause() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(&folder).await;
    let arrival = Arrival {
        id: "0a".into(),
        study_uid: "1.2.1".into(),
        sop_instance_uid: "1.2.2".into(),
        series_uid: "1.2.3".into(),
        sop_class: "1.2.840.10008.5.1.4.1.1.2".into(),
        transfer_syntax: "1.2.840.10008.1.2".into(),
        modality: "CT".into(),
        calling_ae: "CT1".into(),
        address: "127.0.0.1".into(),
        association: "1".into(),
        arrived: START,
        bytes: 10,
        blake3: "0b".into(),
        identity: "ann".into(),
    };
    let to = |_: &Arrival| vec![Onward { destination: "pacs".into(), commit: false }];
    ledger.record_arrivals_to(&[arrival], to).await.unwrap();
    let next_attempt = START + 60_000;
    let off = ForwardOutcome::Postponed { status: None, fault: "away".into(), attempts: 0, next_attempt };
    ledger.record_forwards("pacs", &[("0a".into(), off)], START).await.unwrap();
    comes_in_its_time(60_000, || {
        let ledger = ledger.clone();
        Box::new(move |now| {
            let ledger = ledger.clone();
            async move { ledger.due_forward_study("pacs", now, &[]).await.unwrap().is_some() }
        })
    })
    .await;
}

#[tokio::test]
async fn a_session_ends_after_its_life_and_not_before() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(&folder).await;
    ledger.put_user("ada", "code", START, false, START).await.unwrap();
    let session = Session { user: "ada".into(), csrf: "c".into(), opened: START, until: START + 60_000 };
    ledger.put_session("token", &session, START).await.unwrap();
    comes_in_its_time(60_000, || {
        let ledger = ledger.clone();
        Box::new(move |now| {
            let ledger = ledger.clone();
            async move { ledger.session("token", now).await.unwrap().is_none() }
        })
    })
    .await;
}
