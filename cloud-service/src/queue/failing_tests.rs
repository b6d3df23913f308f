//! What a full or failing disk leaves behind in the queue: nothing half written, and it goes on by itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::cell::Cell;

use fixtures::failing_disk::{FailingDisk, Fault, Lasts};

use super::error::Fault as Whose;
use super::tests::{LIMITS, SITE, TestQueue, announced, draft};
use super::*;

/// More steps than any act here takes.
const STEPS_MOST: u64 = 2_000;

struct Failing {
    rig: TestQueue,
    disk: FailingDisk,
    rounds: Cell<i64>,
}

impl Failing {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let disk = FailingDisk::under(dir.path()).unwrap();
        Self { rig: TestQueue::within(dir).await, disk, rounds: Cell::new(0) }
    }

    /// Lets the first step of `act` on the disk fail, then the second, and so on until it meets no fault: full once
    /// and lasting, broken once. After each failure the disk is mended and the same act must go well on the same
    /// queue. How many acts were refused.
    async fn sweep(&self, act: impl AsyncFn(i64) -> Result<()>) -> u32 {
        let mut refused = 0;
        for (fault, lasts) in
            [(Fault::Full, Lasts::On), (Fault::Full, Lasts::Once), (Fault::Broken, Lasts::Once)]
        {
            for before in 0.. {
                assert!(before < STEPS_MOST, "it never goes well");
                let round = self.rounds.get() + 1;
                self.rounds.set(round);
                self.disk.fail(before, fault, lasts);
                let tried = act(round).await;
                if !self.disk.heal() {
                    tried.unwrap();
                    break;
                }
                if let Err(error) = tried {
                    refused += 1;
                    assert_eq!((error.fault(), error.retry()), (Whose::Us, Retry::Later), "{error:?}");
                    let again = act(round).await;
                    again.unwrap_or_else(|e| panic!("{fault:?} {lasts:?} after {before} steps: {e}"));
                }
            }
        }
        refused
    }
}

#[tokio::test]
async fn an_envelope_refused_at_any_step_is_committed_once_the_disk_takes_it() {
    let f = Failing::new().await;
    let queue = &f.rig.queue;
    let refused = f
        .sweep(async |round| {
            let a = announced(&format!("e-{round}"), &format!("c-{round}"), 2, 1);
            queue.begin_envelope(&a, round).await?;
            queue.note_part(SITE, &a.id, 0, 10, b"d", round).await?;
            let receipt = queue.commit_envelope(SITE, &a.id, round).await?;
            assert_eq!(receipt.envelope, a.id);
            Ok(())
        })
        .await;
    assert!(refused > 10, "the fault was met: {refused}");
    let rounds = u64::try_from(f.rounds.get()).unwrap();
    assert_eq!(queue.counts().await.unwrap(), [(CaseState::Ready, rounds)]);
}

#[tokio::test]
async fn a_case_goes_from_lease_to_confirmation_over_a_disk_that_fails_at_any_step() {
    let f = Failing::new().await;
    let queue = &f.rig.queue;
    let at = Cell::new(1);
    let refused = f
        .sweep(async |round| {
            let name = format!("c-{round}");
            // The first attempt of a round finds no case yet; a second one goes on where the first was refused.
            let case = match queue.case_key(SITE, &name, 1).await {
                Ok(case) => case,
                Err(_) => {
                    let a = announced(&format!("e-{round}"), &name, 2, 1);
                    queue.begin_envelope(&a, 1).await?;
                    queue.case_key(SITE, &name, 1).await?
                }
            };
            let now = at.get() + 1;
            at.set(now);
            if queue.case(case).await?.state == CaseState::Arriving {
                queue.note_part(SITE, &format!("e-{round}"), 0, 10, b"d", now).await?;
                queue.commit_envelope(SITE, &format!("e-{round}"), now).await?;
            }
            let token = format!("t-{now}");
            if queue.case(case).await?.state == CaseState::Leased {
                queue.break_lease(case, "ada", now).await?;
            }
            if queue.case(case).await?.state == CaseState::Ready {
                let claim = queue.claim_next("m", &token, &LIMITS, now).await?;
                assert_eq!(claim.map(|c| c.case), Some(case));
                queue.store_draft(case, &token, &draft(now), "{}", true).await?;
            }
            let id = format!("r-{round}");
            if queue.case(case).await?.state == CaseState::Signed {
                let s = SealedReport {
                    id: id.clone(),
                    case,
                    header: b"h".to_vec(),
                    seal: b"s".to_vec(),
                    digest: id.as_bytes().to_vec(),
                    parts: 1,
                    bytes: 10,
                };
                queue.store_report(&s, now).await?;
            }
            queue.confirm_report(SITE, &id, id.as_bytes(), now).await?;
            assert_eq!(queue.case(case).await?.state, CaseState::Confirmed);
            Ok(())
        })
        .await;
    assert!(refused > 20, "the fault was met: {refused}");
}

#[tokio::test]
async fn while_the_disk_is_full_the_queue_says_so_can_be_read_and_afterwards_works() {
    let f = Failing::new().await;
    let queue = &f.rig.queue;
    let case = f.rig.ready("c", 2, 1).await;
    for fault in [Fault::Full, Fault::Broken] {
        f.disk.fail(0, fault, Lasts::On);
        for n in 0..20 {
            let error = queue.begin_envelope(&announced(&format!("x-{n}"), "x", 2, 1), 2).await.unwrap_err();
            match fault {
                Fault::Full => assert_eq!(error, Error::Full),
                Fault::Broken => {
                    assert!(matches!(error, Error::Database { code } if code & 0xff == 10), "{error}")
                }
            }
            assert_eq!(queue.case(case).await.unwrap().state, CaseState::Ready, "what is there is shown");
        }
        f.disk.heal();
        queue.site_called(SITE, "s", None, 3).await.unwrap();
        queue.site_called(SITE, "s", None, 4).await.unwrap();
    }
    assert!(Error::Full.to_string().contains("disk of the queue's database is full"));
}
