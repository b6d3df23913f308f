//! Packing while the ledger can be read and not written: few tries, told to people, and nothing stuck afterwards.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use fixtures::failing_disk::{FailingDisk, Fault, Lasts};

use super::*;
use crate::pipeline::Rules;
use deid::Profile;
use domain::job::{DeidOrder, Secret};
use domain::study::Config;
use ledger::{Arrival, Ledger, NewCase, NewDisposition};
use proto::case::{Priority, Transport, TriageMode};
use sandbox::{Pool, Program};
use store::{Store, StoreConfig};

/// Looks at the work without a moment between them: as many as a loop that is woken at once would take.
const LOOKS: usize = 40;
/// More steps on the disk than a try takes.
const STEPS_MOST: u64 = 200;

/// A case whose time has come and whose images are not in the store, so that packing ends with a fault in the ledger.
struct Rig {
    work: Scheduler,
    case: String,
    disk: FailingDisk,
    _folder: tempfile::TempDir,
}

impl Rig {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let disk = FailingDisk::under(folder.path()).unwrap();
        let ledger = Ledger::create(&folder.path().join("ledger.db"), &[7; 32]).await.unwrap();
        let arrival = Arrival {
            id: "1".repeat(32),
            study_uid: "1.2.3".into(),
            sop_instance_uid: "1.2.4".into(),
            series_uid: "1.2.5".into(),
            sop_class: "1.2.840.10008.5.1.4.1.1.2".into(),
            transfer_syntax: "1.2.840.10008.1.2.1".into(),
            modality: "CT".into(),
            calling_ae: "CT1".into(),
            address: "192.0.2.1".into(),
            association: "1".into(),
            arrived: 1,
            bytes: 5,
            blake3: "2".repeat(64),
            identity: String::new(),
        };
        let study = ledger.record_arrivals(&[arrival]).await.unwrap().remove(0).study;
        ledger.make_revision(&study, "quiet", 1).await.unwrap();
        let case = NewCase {
            study: study.clone(),
            revision: 1,
            state: CaseState::Leaving,
            priority: Priority::Urgent,
            reason: "r".into(),
            transport: Transport::Image,
            leaves_at: Some(1),
        };
        assert!(
            ledger
                .record_disposition(&study, 1, &NewDisposition::no_flag(None), Some(&case), 1)
                .await
                .unwrap()
        );
        let case = ledger.case_of(&study, 1).await.unwrap().unwrap().id;
        let pipeline = Pipeline {
            ledger,
            store: Store::open(&StoreConfig::at(folder.path().join("store"))).unwrap(),
            pool: Arc::new(Pool::new(Program::new("/nonexistent", ["worker"]), 1, 1)),
            deid: DeidOrder::new(Profile::named("strict"), Secret::new("07".repeat(32))),
            rules: Arc::new(Rules {
                mode: TriageMode::Assist,
                demo: false,
                oversight: domain::oversight::Config::default(),
                veto: None,
                without_model: std::collections::BTreeSet::new(),
                embed: std::collections::BTreeSet::new(),
                with_p10: false,
            }),
            identity: Some(crate::escalation::tests::identity().await),
            cloud_up: Arc::default(),
            no_worker: Arc::default(),
        };
        let work = Scheduler {
            pipeline,
            arriving: Arc::new(Mutex::new(Arriving::new(Config::default()))),
            wake: Arc::default(),
            courier: None,
            at_once: 1,
            failing: Arc::default(),
        };
        Self { work, case, disk, _folder: folder }
    }

    /// Looks once at `now` and lets what began end; how much began.
    async fn look(&self, queue: &mut Queue, now: i64) -> usize {
        let mut tasks = JoinSet::new();
        // What could not be looked up is looked up again later.
        let _ = self.work.begin(queue, &mut tasks, now).await;
        let began = tasks.len();
        while let Some(done) = tasks.join_next_with_id().await {
            self.work.finish(done, queue, now);
        }
        began
    }

    async fn state(&self) -> CaseState {
        self.work.pipeline.ledger.case(&self.case).await.unwrap().state
    }

    fn failing(&self) -> Failing {
        self.work.failing.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn a_disk_that_can_be_read_and_not_written_is_tried_seldom_and_leaves_no_case_behind() {
    let (mut met, mut stuck) = (0, 0);
    for (fault, says) in [(Fault::Full, "could not be written"), (Fault::Broken, "could not be written")] {
        for before in 0.. {
            assert!(before < STEPS_MOST, "it never goes well");
            let rig = Rig::new().await;
            let (mut queue, began) = (Queue::default(), now());
            rig.disk.fail(before, fault, Lasts::On);
            let mut tries = 0;
            for _ in 0..LOOKS {
                tries += rig.look(&mut queue, began).await;
            }
            let failed = rig.failing();
            if !rig.disk.heal() {
                break;
            }
            met += 1;
            assert!(tries <= 2, "{fault:?} after {before} steps: {tries} tries at the same moment");
            if rig.state().await != CaseState::Failed {
                assert_eq!(failed.count, 1, "{fault:?} after {before} steps");
                assert!(failed.why.contains(says), "{}", failed.why);
            }
            stuck += usize::from(rig.state().await == CaseState::Packing);
            // Once the disk takes writes again the case is taken up without a restart.
            for minute in 1..4 {
                rig.look(&mut queue, began + minute * 61_000).await;
            }
            assert_eq!(rig.state().await, CaseState::Failed, "{fault:?} after {before} steps");
            assert_eq!(rig.failing(), Failing::default(), "nothing fails any more");
        }
    }
    assert!(met > 6 && stuck > 0, "the fault was met {met} times, {stuck} times in the middle of packing");
}

#[tokio::test]
async fn a_disk_that_stays_broken_is_tried_ever_more_seldom() {
    let rig = Rig::new().await;
    rig.disk.fail(0, Fault::Broken, Lasts::On);
    let (mut queue, mut at, mut tries) = (Queue::default(), now(), 0);
    // An hour, looked at ten times each second.
    for _ in 0..36_000 {
        at += 100;
        if queue.next().is_none_or(|next| next <= at) {
            tries += rig.look(&mut queue, at).await;
        }
    }
    assert!((60..70).contains(&tries), "{tries} tries in an hour");
    assert_eq!(rig.failing().times, u32::try_from(tries).unwrap());
    rig.disk.heal();
}

#[tokio::test]
async fn work_that_breaks_off_waits_like_work_that_failed() {
    let rig = Rig::new().await;
    let (mut queue, mut tasks) = (Queue::default(), JoinSet::new());
    assert!(queue.take("a", 2, 0));
    let broken = tasks.spawn(async { panic!("as a fault of the program would") });
    queue.tasks.insert(broken.id(), "a".into());
    rig.work.finish(tasks.join_next_with_id().await.unwrap(), &mut queue, 0);
    assert!(!queue.take("a", 2, 1_999), "it does not begin again at once");
    assert_eq!(rig.failing().why, "a fault of this program, see the log");
    assert!(queue.take("a", 2, 2_000));
    assert!(queue.tasks.is_empty());
}
