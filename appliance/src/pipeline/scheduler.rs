//! The one loop that moves studies and cases along: stable studies become revisions, revisions are triaged,
//! cases whose time has come are packed. Everything it does can be repeated after a crash.

#[cfg(test)]
mod packing_tests;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::{Packed, Pipeline, Triaged};
use crate::escalation::Wake;
use domain::case_state::CaseState;
use domain::study::{Arriving, StableReason};
use ledger::{Error as LedgerError, Pending};
use proto::clock::now;

/// How long to wait after the appliance itself failed at something; doubles for what fails again.
const PAUSE: Duration = Duration::from_secs(2);
/// Longest such wait, so that work goes on soon after a person has mended the cause.
const PAUSE_MOST: Duration = Duration::from_secs(60);
/// Longest wait without looking.
const LOOK: Duration = Duration::from_secs(30);

/// What a piece of work came to.
enum Done {
    Triaged(Result<Triaged, super::Error>),
    Packed(Result<Packed, super::Error>),
}

/// Why something waits for its next try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// It could not be done.
    Failed(super::Error),
    /// Its task ended without an answer: a fault of this program.
    Broke,
    /// Nothing changes until the site is enrolled; its own light says so.
    NoReader,
}

/// The next try of something.
#[derive(Debug)]
struct Later {
    /// Not before, ms.
    at: i64,
    failures: u32,
    why: Why,
}

/// What is being worked on, and what failed and is tried again later, so that one study that cannot be worked
/// on never keeps the others waiting.
#[derive(Default)]
struct Queue {
    under_way: HashSet<String>,
    later: HashMap<String, Later>,
    /// What each task works on.
    tasks: HashMap<Id, String>,
}

impl Queue {
    /// Whether this may begin now; from then on it is under way.
    fn take(&mut self, key: &str, at_once: usize, now: i64) -> bool {
        let due = self.later.get(key).is_none_or(|later| later.at <= now);
        due && self.under_way.len() < at_once && self.under_way.insert(key.to_owned())
    }

    fn ended(&mut self, key: &str, why: Option<Why>, now: i64) {
        self.under_way.remove(key);
        let Some(why) = why else {
            self.later.remove(key);
            return;
        };
        let failures = self.later.get(key).map_or(0, |later| later.failures);
        let soon = !matches!(why, Why::Failed(error) if !error.retry_soon());
        let pause = PAUSE.saturating_mul(1_u32.checked_shl(failures).unwrap_or(u32::MAX)).min(PAUSE_MOST);
        let pause = if soon { pause } else { PAUSE_MOST };
        let at = now.saturating_add(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX));
        self.later.insert(key.to_owned(), Later { at, failures: failures.saturating_add(1), why });
    }

    /// Forgets what failed and is not to be done any more: a person stopped it.
    fn forget(&mut self, there: &HashSet<String>) {
        self.later.retain(|key, _| there.contains(key) || self.under_way.contains(key));
    }

    /// The next time at which something that failed may be tried again.
    fn next(&self) -> Option<i64> {
        self.later.iter().filter(|(key, _)| !self.under_way.contains(*key)).map(|(_, later)| later.at).min()
    }

    /// What keeps failing, for people.
    fn failing(&self) -> Failing {
        let failed = self.later.values().filter(|later| later.why != Why::NoReader);
        let worst = failed.clone().max_by_key(|later| later.failures);
        Failing {
            count: failed.count(),
            times: worst.map_or(0, |later| later.failures),
            why: match worst.map(|later| later.why) {
                Some(Why::Failed(error)) => error.to_string(),
                Some(Why::Broke) => "a fault of this program, see the log".to_owned(),
                Some(Why::NoReader) | None => String::new(),
            },
        }
    }
}

/// Studies and cases whose work fails and is tried again, for `status` and the page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Failing {
    /// How many.
    pub(crate) count: usize,
    /// How often the one that failed most often has.
    pub(crate) times: u32,
    /// Why that one failed.
    pub(crate) why: String,
}

/// The loop's state.
#[derive(Clone)]
pub(crate) struct Scheduler {
    pub(crate) pipeline: Pipeline,
    pub(crate) arriving: Arc<Mutex<Arriving>>,
    pub(crate) wake: Arc<Notify>,
    pub(crate) courier: Option<Wake>,
    pub(crate) at_once: usize,
    pub(crate) failing: Arc<Mutex<Failing>>,
}

impl Scheduler {
    /// Works until `stop`, then lets what is under way finish.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut queue = Queue::default();
        let mut tasks: JoinSet<Done> = JoinSet::new();
        while !stop.is_cancelled() {
            let next = match self.begin(&mut queue, &mut tasks, now()).await {
                Ok(next) => next,
                Err(error) => {
                    tracing::warn!(%error, "work could not be looked up; trying again");
                    PAUSE
                }
            };
            tokio::select! {
                () = self.wake.notified() => {}
                () = tokio::time::sleep(next) => {}
                () = stop.cancelled() => {}
                Some(done) = tasks.join_next_with_id(), if !tasks.is_empty() => self.finish(done, &mut queue, now()),
            }
        }
        while let Some(done) = tasks.join_next_with_id().await {
            self.finish(done, &mut queue, now());
        }
    }

    /// Starts what can be started; returns how long nothing more will be due.
    async fn begin(
        &self,
        queue: &mut Queue,
        tasks: &mut JoinSet<Done>,
        now: i64,
    ) -> Result<Duration, super::Error> {
        let made = revise(&self.arriving, |study, reason| {
            let ledger = self.pipeline.ledger.clone();
            async move { ledger.make_revision(&study, reason.as_str(), now).await.map(|_| ()) }
        });
        let made = made.await;
        let at_once = self.at_once * 2;
        // What waits for its next try stands at the head of the list: look past it.
        let look = u32::try_from(64 + queue.later.len()).unwrap_or(u32::MAX);
        let pending = self.pipeline.ledger.pending(look).await?;
        let all = pending.len() < look as usize;
        let mut there = HashSet::new();
        for pending in pending {
            let key = key(&pending);
            there.insert(key.clone());
            if queue.take(&key, at_once, now) {
                let pipeline = self.pipeline.clone();
                let task =
                    tasks.spawn(async move { Done::Triaged(pipeline.triage_revision(&pending).await) });
                queue.tasks.insert(task.id(), key);
            }
        }
        let soonest = match self.pipeline.identity {
            Some(_) => self.begin_cases(queue, tasks, &mut there, now).await?,
            None => None,
        };
        if all {
            queue.forget(&there);
        }
        *self.failing.lock().unwrap_or_else(PoisonError::into_inner) = queue.failing();
        let due = self.arriving.lock().unwrap_or_else(PoisonError::into_inner).next_due();
        let wait = [due, soonest, queue.next()].into_iter().flatten().min().map_or(LOOK, |at| {
            Duration::from_millis(u64::try_from(at.saturating_sub(now)).unwrap_or(0).max(1))
        });
        // What was given back is due at once, and waits all the same.
        Ok(wait.min(LOOK).max(if made { Duration::ZERO } else { PAUSE }))
    }

    /// Starts packing the cases whose time has come; when the next one's comes, ms.
    async fn begin_cases(
        &self,
        queue: &mut Queue,
        tasks: &mut JoinSet<Done>,
        there: &mut HashSet<String>,
        now: i64,
    ) -> Result<Option<i64>, super::Error> {
        let ledger = &self.pipeline.ledger;
        let mut soonest = None;
        for case in ledger.cases_in(CaseState::Leaving).await? {
            there.insert(case.id.clone());
            let at = case.leaves_at.unwrap_or(0);
            if at > now {
                soonest = Some(soonest.map_or(at, |s: i64| s.min(at)));
            } else if queue.take(&case.id, self.at_once * 2, now) {
                let (pipeline, id) = (self.pipeline.clone(), case.id.clone());
                let task = tasks.spawn(async move { Done::Packed(pipeline.pack(&case).await) });
                queue.tasks.insert(task.id(), id);
            }
        }
        // One that is not under way was left so by a try that the ledger did not let go back.
        for case in ledger.cases_in(CaseState::Packing).await? {
            there.insert(case.id.clone());
            if queue.take(&case.id, self.at_once * 2, now) {
                let (pipeline, id) = (self.pipeline.clone(), case.id.clone());
                let task = tasks.spawn(async move { Done::Packed(pipeline.pack_again(&case).await) });
                queue.tasks.insert(task.id(), id);
            }
        }
        Ok(soonest)
    }

    fn finish(&self, done: Result<(Id, Done), JoinError>, queue: &mut Queue, now: i64) {
        let id = done.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        let key = queue.tasks.remove(&id).unwrap_or_default();
        let why = match done {
            Ok((_, Done::Triaged(result))) => result.err().map(Why::Failed),
            Ok((_, Done::Packed(result))) => {
                if let (Ok(Packed::Sealed), Some(courier)) = (&result, &self.courier) {
                    courier.wake();
                }
                match result {
                    // Without a reader nothing changes until the site is enrolled: no need to ask all the time.
                    Ok(Packed::NoReader) => Some(Why::NoReader),
                    done => done.err().map(Why::Failed),
                }
            }
            Err(error) => {
                tracing::error!(panicked = error.is_panic(), "the work on a study or case broke off");
                Some(Why::Broke)
            }
        };
        queue.ended(&key, why, now);
        *self.failing.lock().unwrap_or_else(PoisonError::into_inner) = queue.failing();
        self.wake.notify_one();
    }
}

/// Makes revisions of the studies that are stable; what the ledger does not take stays stable. Whether it took all.
async fn revise<M: Future<Output = Result<(), LedgerError>>>(
    arriving: &Mutex<Arriving>,
    make: impl Fn(String, StableReason) -> M,
) -> bool {
    let arriving = || arriving.lock().unwrap_or_else(PoisonError::into_inner);
    let stable = arriving().take_stable(now());
    let (mut all, mut open) = (true, true);
    for (study, reason) in stable {
        if open {
            let Err(error) = make(study.clone(), reason).await else { continue };
            tracing::warn!(%error, "a stable study could not be taken up; trying again");
            // What ails the whole ledger is not tried with each study: it may take long each time.
            open = !matches!(error, LedgerError::Full | LedgerError::Database("busy"));
        }
        all = false;
        arriving().give_back(&study, reason, now());
    }
    all
}

fn key(p: &Pending) -> String {
    format!("{}/{}", p.study, p.revision)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use domain::study::Config;

    #[tokio::test]
    async fn a_study_that_cannot_be_taken_up_keeps_no_other_waiting() {
        for (error, tried) in [(LedgerError::Database("a row is there already"), 3), (LedgerError::Full, 1)] {
            let arriving = Mutex::new(Arriving::new(Config::default()));
            for study in ["a", "b", "c"] {
                arriving.lock().unwrap().arrived(study, "1", "i", 0);
            }
            let (asked, error) = (Mutex::new(0), Mutex::new(Some(error)));
            let make = |_, _| {
                *asked.lock().unwrap() += 1;
                std::future::ready(error.lock().unwrap().take().map_or(Ok(()), Err))
            };
            assert!(!revise(&arriving, make).await, "the first failed");
            assert_eq!(*asked.lock().unwrap(), tried);
            let left = arriving.lock().unwrap().take_stable(now());
            assert_eq!(left.len(), if tried == 3 { 1 } else { 3 }, "what was not taken is stable still");
        }
    }

    #[test]
    fn what_fails_waits_longer_each_time_and_lets_the_others_pass() {
        let mut queue = Queue::default();
        assert!(queue.take("a", 2, 0) && !queue.take("a", 2, 0), "one at a time");
        let failed = Some(Why::Failed(crate::pipeline::Error::Store));
        queue.ended("a", failed, 0);
        assert!(!queue.take("a", 2, 1_999), "its pause is not over");
        assert!(queue.take("b", 2, 0) && queue.take("c", 2, 0), "the others go on");
        assert!(!queue.take("d", 2, 0), "two at once");
        queue.ended("b", None, 0);
        assert_eq!(queue.next(), Some(2_000));
        assert!(queue.take("a", 2, 2_000));
        queue.ended("a", failed, 2_000);
        assert_eq!(queue.next(), Some(6_000), "twice as long");
        for _ in 0..40 {
            queue.ended("a", failed, 0);
        }
        assert_eq!(queue.next(), Some(60_000), "and never longer than a minute");
        queue.ended("a", None, 0);
        assert_eq!(queue.next(), None);
    }
}
