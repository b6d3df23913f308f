//! Arrivals as the recorder files them: late, repeated, different, in any order, and with performed steps.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use fixtures::failing_disk::FailingDisk;
use fixtures::scanner::implicit::element;
use proptest::prelude::*;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{ArrivingRow, EventQueue, Recorder, ServiceHandler, event_queue};
use crate::commitment::{Config as CommitmentConfig, Engine};
use crate::site::Site;
use audit::Audit;
use domain::study::{Arriving, Config, KEY_OBJECT_SELECTION, StableReason, StepEnd};
use fixtures::scanner::implicit::rejection_note;
use intake::{Asker, Failure, Services, Sink, StepCreate, StepSet, patient_of};
use ledger::{Ledger, ListQuery};
use store::{Reception, Store, StoreConfig};

mod failing;

struct Rig {
    site: Site,
    arriving: Arc<Mutex<Arriving>>,
    queue: EventQueue,
    recorder: tokio::task::JoinHandle<()>,
    stop: CancellationToken,
    disk: FailingDisk,
    folder: tempfile::TempDir,
}

impl Rig {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let disk = FailingDisk::under(folder.path()).unwrap();
        let site = Site {
            ledger: Ledger::create(&folder.path().join("ledger.db"), &[7; 32]).await.unwrap(),
            store: Store::open(&StoreConfig::at(folder.path().join("store"))).unwrap(),
            audit: Arc::new(Audit::open(&folder.path().join("audit.jsonl"), &[7; 32]).unwrap()),
            forwards: crate::forward::Forwards::new(&[]),
        };
        let arriving = Arc::new(Mutex::new(Arriving::new(Config::default())));
        let stop = CancellationToken::new();
        let (queue, recorder): (EventQueue, Recorder) =
            event_queue(site.clone(), Arc::clone(&arriving), Arc::new(Notify::new()), stop.clone());
        let recorder = tokio::spawn(recorder.run());
        Self { site, arriving, queue, recorder, stop, disk, folder }
    }

    /// Receives an instance of a study over an association.
    async fn receive(&self, study: &str, uid: &str, bytes: &[u8], association: u64, at: i64) {
        self.receive_as("", study, uid, bytes, association, at).await;
    }

    async fn receive_as(&self, class: &str, study: &str, uid: &str, bytes: &[u8], association: u64, at: i64) {
        let known = Reception { sop_class: class.into(), association, arrived: at, ..Reception::default() };
        self.take(known, (study, uid), bytes).await;
    }

    async fn take(&self, known: Reception, of: (&str, &str), bytes: &[u8]) {
        let reception = store(&self.site, known, of, bytes);
        self.queue.stored(&reception).await.unwrap();
    }

    /// Ends the recorder: everything told so far is recorded.
    async fn settle(self) -> Settled {
        let Self { site, arriving, queue, recorder, disk, folder, .. } = self;
        drop(queue);
        recorder.await.unwrap();
        Settled { site, arriving, disk, folder }
    }

    /// Waits until everything told so far is recorded, and goes on.
    async fn pause(self) -> Self {
        let stop = self.stop.clone();
        let Settled { site, arriving, disk, folder } = self.settle().await;
        let (queue, recorder) =
            event_queue(site.clone(), Arc::clone(&arriving), Arc::new(Notify::new()), stop.clone());
        Self { site, arriving, queue, recorder: tokio::spawn(recorder.run()), stop, disk, folder }
    }

    fn handler(&self) -> ServiceHandler {
        let engine = Engine::new(self.site.clone(), CommitmentConfig::default(), "SCANSIDE".into());
        ServiceHandler { site: self.site.clone(), queue: self.queue.clone(), engine: Arc::new(engine) }
    }
}

/// What reception stores before it tells anybody: study and instance of these bytes.
fn store(site: &Site, known: Reception, (study, uid): (&str, &str), bytes: &[u8]) -> Reception {
    let mut incoming = site.store.inbox().begin().unwrap();
    incoming.write(bytes).unwrap();
    let reception = Reception {
        transfer_syntax: "1.2.840.10008.1.2".into(),
        study_uid: study.into(),
        sop_instance_uid: uid.into(),
        series_uid: "1.2.9".into(),
        modality: "CT".into(),
        ..known
    };
    incoming.commit(reception).unwrap().reception
}

struct Settled {
    site: Site,
    arriving: Arc<Mutex<Arriving>>,
    disk: FailingDisk,
    folder: tempfile::TempDir,
}

impl Settled {
    /// How many data sets the store holds.
    fn files(&self) -> usize {
        self.site.store.inbox().all().unwrap().len()
    }
}

async fn the_study(ledger: &Ledger) -> Option<String> {
    ledger.study_by_index(&ledger.study_index("1.2.1").unwrap()).await.unwrap()
}

fn step(uid: &str) -> StepCreate {
    StepCreate { uid: uid.into(), studies: vec!["1.2.1".into()], instances: None }
}

fn asker() -> Asker {
    Asker { calling: "CT1".into(), association: 1 }
}

fn set(uid: &str, end: Option<StepEnd>, listed: &[&str]) -> StepSet {
    let instances: BTreeSet<String> = listed.iter().map(|uid| (*uid).to_owned()).collect();
    StepSet { uid: uid.into(), end: end.map(|e| (e, String::new())), instances: Some(instances) }
}

#[tokio::test]
async fn an_instance_of_an_earlier_version_is_read_again_before_another_of_its_uid_is_compared() {
    let about = |name: &str, number: &[u8]| {
        [element(0x0010, 0x0010, name.as_bytes()), element(0x0020, 0x0013, number)].concat()
    };
    for (name, corrected) in [("ANN^DOE^^", false), ("BOB^DOE", true)] {
        let rig = Rig::new().await;
        // What an earlier version wrote says nothing that could be compared.
        let old = Reception { identity: Some("0".repeat(64)), arrived: 10, ..Reception::default() };
        rig.take(old, ("1.2.1", "1.2.1.1"), &about("Ann^Doe", b"1")).await;
        let rig = rig.pause().await;
        let bytes = about(name, b"2");
        let said = patient_of(&bytes[..], "1.2.840.10008.1.2").unwrap().map(|whose| whose.to_text());
        let new = Reception { identity: said, arrived: 20, ..Reception::default() };
        rig.take(new, ("1.2.1", "1.2.1.1"), &bytes).await;
        let ledger = rig.settle().await.site.ledger;
        let row = ledger.list(&ListQuery { limit: 9, ..ListQuery::default() }).await.unwrap().remove(0);
        assert_eq!((row.corrected, row.beside), (u32::from(corrected), u32::from(!corrected)), "{name}");
    }
}

#[tokio::test]
async fn the_same_bytes_twice_cost_nothing_and_other_bytes_are_kept_beside() {
    let rig = Rig::new().await;
    rig.receive("1.2.1", "1.2.1.1", b"first", 1, 0).await;
    rig.receive("1.2.1", "1.2.1.1", b"first", 2, 1).await;
    rig.receive("1.2.1", "1.2.1.1", b"other", 2, 2).await;
    let rig = rig.pause().await;
    let ledger = rig.site.ledger.clone();
    let row = ledger.list(&ListQuery { limit: 9, ..ListQuery::default() }).await.unwrap().remove(0);
    assert_eq!((row.instances, row.beside), (2, 1), "one repeated, one kept beside");
    assert_eq!(ledger.counts().await.unwrap().beside, 1);
    assert_eq!(ledger.make_revision(&row.id, "quiet", 3).await.unwrap(), Some(1));
    rig.arriving.lock().unwrap().take_stable(i64::MAX);
    // The same again, after the study was stable.
    rig.receive("1.2.1", "1.2.1.1", b"other", 3, 4).await;
    let settled = rig.settle().await;
    assert_eq!(settled.files(), 2, "no second copy of the same bytes on disk");
    assert!(settled.arriving.lock().unwrap().next_due().is_none(), "nothing arrives");
    assert_eq!(settled.site.ledger.make_revision(&row.id, "quiet", 5).await.unwrap(), None);
    let kept = settled.site.ledger.instances(&row.id, 1).await.unwrap();
    assert_eq!(kept.iter().map(|i| i.conflict).collect::<Vec<_>>(), [false, true]);
    for instance in kept {
        let id = instance.id.parse().unwrap();
        assert_eq!(settled.site.store.inbox().verify(id).unwrap().digest.to_string(), instance.blake3);
    }
}

#[tokio::test]
async fn a_late_instance_makes_a_revision_of_its_own() {
    let rig = Rig::new().await;
    rig.receive("1.2.1", "1.2.1.1", b"a", 1, 0).await;
    let rig = rig.pause().await;
    let study = the_study(&rig.site.ledger).await.unwrap();
    let (at, reason) = rig.arriving.lock().unwrap().expected(&study).unwrap();
    assert_eq!((at, reason), (30_000, StableReason::Quiet));
    assert_eq!(rig.arriving.lock().unwrap().take_stable(at).len(), 1);
    assert_eq!(rig.site.ledger.make_revision(&study, reason.as_str(), at).await.unwrap(), Some(1));
    rig.receive("1.2.1", "1.2.1.2", b"b", 2, 40_000).await;
    let settled = rig.settle().await;
    assert_eq!(settled.arriving.lock().unwrap().expected(&study), Some((70_000, StableReason::Quiet)));
    assert_eq!(settled.site.ledger.make_revision(&study, "quiet", 70_000).await.unwrap(), Some(2));
    assert_eq!(settled.site.ledger.instances(&study, 2).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_completed_step_with_its_list_closes_the_study_with_the_last_of_it() {
    let rig = Rig::new().await;
    rig.handler().create_step(asker(), step("1.2.5")).await.unwrap();
    rig.receive("1.2.1", "1.2.1.1", b"a", 1, 0).await;
    let rig = rig.pause().await;
    let study = the_study(&rig.site.ledger).await.unwrap();
    let due = || rig.arriving.lock().unwrap().expected(&study).unwrap();
    assert_eq!(due(), (600_000, StableReason::Quiet), "a step is in progress");
    rig.handler().set_step(set("1.2.5", Some(StepEnd::Completed), &["1.2.1.1", "1.2.1.2"])).await.unwrap();
    let rig = rig.pause().await;
    {
        let arriving = rig.arriving.lock().unwrap();
        assert_eq!(arriving.expected(&study).unwrap().1, StableReason::Short);
        let rows = ArrivingRow::all(&arriving);
        assert_eq!((rows.len(), rows[0].missing), (1, Some((1, 2))));
    }
    rig.receive("1.2.1", "1.2.1.2", b"b", 1, 50).await;
    let settled = rig.settle().await;
    let (at, reason) = settled.arriving.lock().unwrap().expected(&study).unwrap();
    assert_eq!(reason, StableReason::Completed);
    assert!(at < proto::clock::now() + 1_000, "no quiet time is waited for");
}

#[tokio::test]
async fn steps_that_ended_change_no_more_and_steps_that_began_before_any_instance_count() {
    let rig = Rig::new().await;
    let handler = rig.handler();
    assert_eq!(handler.set_step(set("1.2.5", None, &[])).await, Err(Failure::NoSuchInstance));
    handler.create_step(asker(), step("1.2.5")).await.unwrap();
    assert_eq!(handler.create_step(asker(), step("1.2.5")).await, Err(Failure::Duplicate));
    handler.set_step(set("1.2.5", None, &["1.2.1.1"])).await.unwrap();
    let last = StepSet { instances: None, ..set("1.2.5", Some(StepEnd::Discontinued), &[]) };
    handler.set_step(last.clone()).await.unwrap();
    assert_eq!(handler.set_step(last).await, Err(Failure::Final));
    rig.receive("1.2.1", "1.2.1.1", b"a", 1, proto::clock::now()).await;
    drop(handler);
    let settled = rig.settle().await;
    let study = the_study(&settled.site.ledger).await.unwrap();
    // The list of the earlier N-SET holds: the last one said nothing about instances.
    let due = settled.arriving.lock().unwrap().expected(&study).unwrap();
    assert_eq!(due.1, StableReason::Discontinued);
}

#[tokio::test]
async fn a_rejection_note_takes_effect_as_it_is_recorded_or_at_the_next_start() {
    let rig = Rig::new().await;
    rig.receive("1.2.1", "1.2.1.1", b"a", 1, 0).await;
    rig.receive("1.2.1", "1.2.1.2", b"b", 1, 1).await;
    rig.receive("1.2.1", "1.2.1.3", b"c", 1, 2).await;
    let first = rejection_note("113001", "DCM", &["1.2.1.1"]);
    rig.receive_as(KEY_OBJECT_SELECTION, "1.2.1", "1.2.1.8", &first, 1, 3).await;
    let settled = rig.settle().await;
    let ledger = &settled.site.ledger;
    let study = the_study(ledger).await.unwrap();
    ledger.make_revision(&study, "quiet", 9).await.unwrap();
    let counting = async || ledger.instances(&study, 9).await.unwrap().iter().filter(|r| r.counts()).count();
    assert_eq!(counting().await, 2);
    // Those that were stored when the process was killed: looked at when the next one starts, however many.
    let note =
        |arrived| Reception { sop_class: KEY_OBJECT_SELECTION.into(), arrived, ..Reception::default() };
    let other = rejection_note("113037", "DCM", &["1.2.1.7"]);
    for n in 0..64 {
        store(&settled.site, note(4), ("1.2.1", &format!("1.2.1.9.{n}")), &other);
    }
    let last = rejection_note("113037", "DCM", &["1.2.1.2"]);
    store(&settled.site, note(5), ("1.2.1", "1.2.1.9"), &last);
    super::recover::recover(&settled.site, &settled.arriving).await.unwrap();
    ledger.make_revision(&study, "quiet", 10).await.unwrap();
    assert_eq!(counting().await, 1);
}

#[tokio::test]
async fn a_collision_is_kept_and_audited_on_both_studies_as_it_is_recorded_or_at_the_next_start() {
    for killed in [false, true] {
        let rig = Rig::new().await;
        rig.receive("1.2.1", "1.2.7.1", b"a", 1, 0).await;
        let settled = if killed {
            let settled = rig.settle().await;
            let second = Reception { arrived: 1, ..Reception::default() };
            store(&settled.site, second, ("1.2.2", "1.2.7.1"), b"b");
            super::recover::recover(&settled.site, &settled.arriving).await.unwrap();
            settled
        } else {
            rig.receive("1.2.2", "1.2.7.1", b"b", 2, 1).await;
            rig.settle().await
        };
        assert_eq!(settled.files(), 2);
        let audit = std::fs::read_to_string(settled.folder.path().join("audit.jsonl")).unwrap();
        let rows = settled.site.ledger.list(&ListQuery { limit: 9, ..ListQuery::default() }).await.unwrap();
        assert_eq!(rows.len(), 2);
        for row in rows {
            let lines = audit.lines().filter(|l| l.contains("UID collision") && l.contains(&row.id)).count();
            assert_eq!((row.collisions, row.beside, lines), (1, 0, 1), "killed: {killed}");
        }
        assert!(!audit.contains("1.2.7.1"), "the audit names a UID");
    }
}

/// Arrivals of a few UIDs with a few contents, with revisions made in between.
#[derive(Debug, Clone, Copy)]
enum Act {
    Receive { uid: u8, content: u8 },
    Revise,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let one = prop_oneof![
        5 => (0_u8..4, 0_u8..3).prop_map(|(uid, content)| Act::Receive { uid, content }),
        1 => Just(Act::Revise),
    ];
    proptest::collection::vec(one, 1..24)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn in_any_order_nothing_is_lost_doubled_or_overwritten(acts in acts()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut rig = Rig::new().await;
            let mut seen: BTreeMap<u8, Vec<u8>> = BTreeMap::new();
            let (mut revisions, mut fresh) = (0, 0);
            for (at, act) in acts.iter().enumerate() {
                match act {
                    Act::Receive { uid, content } => {
                        rig.receive("1.2.1", &format!("1.2.1.{uid}"), &[*content], 1, at as i64).await;
                        let contents = seen.entry(*uid).or_default();
                        if !contents.contains(content) {
                            contents.push(*content);
                            fresh += 1;
                        }
                    }
                    Act::Revise => {
                        rig = rig.pause().await;
                        let Some(study) = the_study(&rig.site.ledger).await else { continue };
                        let made = rig.site.ledger.make_revision(&study, "quiet", at as i64).await.unwrap();
                        revisions += u32::from(fresh > 0);
                        assert_eq!(made, (fresh > 0).then_some(revisions), "a revision when something new came");
                        fresh = 0;
                    }
                }
            }
            let settled = rig.settle().await;
            let all: usize = seen.values().map(Vec::len).sum();
            assert_eq!(settled.files(), all, "one file for each UID and content");
            if all > 0 {
                let ledger = &settled.site.ledger;
                let study = the_study(ledger).await.unwrap();
                ledger.make_revision(&study, "quiet", 99).await.unwrap();
                let rows = ledger.instances(&study, u32::MAX >> 1).await.unwrap();
                assert_eq!(rows.len(), all);
                let first = rows.iter().filter(|r| !r.conflict).count();
                assert_eq!(first, seen.len(), "of each UID the first one counts");
            }
        });
    }
}
