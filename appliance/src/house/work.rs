//! The one loop that moves studies and cases along: stable studies become revisions, revisions are settled,
//! cases whose time has come are packed. Everything it does can be repeated after a crash.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::conveyor::{Conveyor, Packed, Settled, now};
use crate::escalation::Wake;
use crate::ledger::{CaseState, Pending};
use crate::study::Arriving;

/// How long to wait after the house itself failed at something.
const PAUSE: Duration = Duration::from_secs(2);
/// Longest wait without looking.
const LOOK: Duration = Duration::from_secs(30);

/// What a piece of work came to.
enum Done {
    Settled(String, Result<Settled, crate::conveyor::Error>),
    Packed(String, Result<Packed, crate::conveyor::Error>),
}

/// The loop's state.
pub(super) struct Work {
    pub(super) conveyor: Conveyor,
    pub(super) arriving: Arc<Mutex<Arriving>>,
    pub(super) wake: Arc<Notify>,
    pub(super) courier: Option<Wake>,
    pub(super) at_once: usize,
}

impl Work {
    /// Works until `stop`, then lets what is under way finish.
    pub(super) async fn run(self, stop: CancellationToken) {
        let mut under_way: HashSet<String> = HashSet::new();
        let mut tasks: JoinSet<Done> = JoinSet::new();
        while !stop.is_cancelled() {
            let next = match self.begin(&mut under_way, &mut tasks).await {
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
                Some(done) = tasks.join_next(), if !tasks.is_empty() => self.finish(done, &mut under_way).await,
            }
        }
        while let Some(done) = tasks.join_next().await {
            self.finish(done, &mut under_way).await;
        }
    }

    /// Starts what can be started; returns how long nothing more will be due.
    async fn begin(
        &self,
        under_way: &mut HashSet<String>,
        tasks: &mut JoinSet<Done>,
    ) -> Result<Duration, crate::conveyor::Error> {
        let stable = self.arriving.lock().unwrap_or_else(PoisonError::into_inner).take_stable(now());
        for (study, reason) in stable {
            self.conveyor.ledger.make_revision(&study, reason.as_str(), now()).await?;
        }
        for pending in self.conveyor.ledger.pending(64).await? {
            if under_way.len() >= self.at_once * 2 {
                break;
            }
            if under_way.insert(key(&pending)) {
                let conveyor = self.conveyor.clone();
                tasks.spawn(async move { Done::Settled(key(&pending), conveyor.settle(&pending).await) });
            }
        }
        let mut soonest = None;
        if self.conveyor.identity.is_some() {
            for case in self.conveyor.ledger.cases_in(CaseState::Leaving).await? {
                let at = case.leaves_at.unwrap_or(0);
                if at > now() {
                    soonest = Some(soonest.map_or(at, |s: i64| s.min(at)));
                } else if under_way.len() < self.at_once * 2 && under_way.insert(case.id.clone()) {
                    let conveyor = self.conveyor.clone();
                    tasks.spawn(async move { Done::Packed(case.id.clone(), conveyor.pack(&case).await) });
                }
            }
        }
        let due = self.arriving.lock().unwrap_or_else(PoisonError::into_inner).next_due();
        let wait = [due, soonest].into_iter().flatten().min().map_or(LOOK, |at| {
            Duration::from_millis(u64::try_from(at.saturating_sub(now())).unwrap_or(0).max(1))
        });
        Ok(wait.min(LOOK))
    }

    async fn finish(&self, done: Result<Done, tokio::task::JoinError>, under_way: &mut HashSet<String>) {
        let failed = match done {
            Ok(Done::Settled(key, result)) => {
                under_way.remove(&key);
                result.is_err()
            }
            Ok(Done::Packed(key, result)) => {
                under_way.remove(&key);
                if let (Ok(Packed::Sealed), Some(courier)) = (&result, &self.courier) {
                    courier.wake();
                }
                result.is_err()
            }
            Err(_) => {
                // A task of ours that panicked: its key is unknown, so all are looked at anew.
                under_way.clear();
                true
            }
        };
        if failed {
            tokio::time::sleep(PAUSE).await;
        }
        self.wake.notify_one();
    }
}

fn key(p: &Pending) -> String {
    format!("{}/{}", p.study, p.revision)
}
