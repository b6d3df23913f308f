//! Storage commitment, both sides: a scanner is told that its instances are safe only after every archive that must
//! commit has committed to the same instances. Each step is a row first, so a restart goes on where it was.
//!
//! | file | purpose |
//! |---|---|
//! | `judge` | what is known of each instance of a request |
//! | `archive` | ask an archive (N-ACTION), take its report |
//! | `scanner` | tell the scanner (N-EVENT-REPORT), on its association or a new one |

mod archive;
mod config;
mod judge;
mod scanner;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::try_join_all;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use crate::site::Site;
use dicom::commitment::{Report, Transaction};
use intake::{Asker, Event, Failure};
use ledger::Error;
use proto::clock::now;

pub(crate) use config::{Config, REPLY_TLS, Reply};

/// Longest wait without looking.
const LOOK: Duration = Duration::from_secs(5);
/// Pause after the ledger refused.
const PAUSE: Duration = Duration::from_secs(2);
/// An archive that took a request and has not answered for so long is asked anew: it may have forgotten.
const ASK_AGAIN: Duration = Duration::from_secs(1_800);
/// Longest pause between two attempts.
const RETRY_MAX: Duration = Duration::from_secs(3_600);
/// Reports that may wait on one association.
const EVENTS: usize = 64;

/// The engine. Cheap to share.
pub(crate) struct Engine {
    site: Site,
    config: Config,
    /// Our AE title towards scanners.
    title: String,
    wake: Notify,
    queues: Mutex<HashMap<u64, mpsc::Sender<Event>>>,
    /// Which association last carried a request of a scanner: its report goes there while it lasts.
    asked_over: Mutex<HashMap<String, u64>>,
}

impl Engine {
    /// Over open rooms.
    pub(crate) fn new(site: Site, config: Config, title: String) -> Self {
        Self {
            site,
            config,
            title,
            wake: Notify::new(),
            queues: Mutex::default(),
            asked_over: Mutex::default(),
        }
    }

    /// Something may have moved: an original was delivered, a request came.
    pub(crate) fn news(&self) {
        self.wake.notify_one();
    }

    /// A scanner asks. Durable when it returns.
    pub(crate) async fn ask(&self, who: Asker, asked: Transaction) -> Result<(), Failure> {
        let done = self.site.ledger.ask_commitment(&who.calling, &asked, now()).await;
        done.map_err(|error| {
            tracing::warn!(%error, "a commitment request could not be recorded");
            Failure::Later
        })?;
        self.asked_over.lock().unwrap_or_else(PoisonError::into_inner).insert(who.calling, who.association);
        self.news();
        Ok(())
    }

    /// An archive reports, over an association of its own or ours. Durable when it returns.
    pub(crate) async fn reported(&self, report: Report) -> Result<(), Failure> {
        let known = self.site.ledger.record_upstream(&report, now()).await.map_err(|error| {
            tracing::warn!(%error, "an archive's report could not be recorded");
            Failure::Later
        })?;
        self.news();
        if known { Ok(()) } else { Err(Failure::Unknown) }
    }

    /// Reports for an association from now on.
    pub(crate) fn events(&self, association: u64) -> mpsc::Receiver<Event> {
        let (send, receive) = mpsc::channel(EVENTS);
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        queues.retain(|_, queue| !queue.is_closed());
        queues.insert(association, send);
        receive
    }

    /// Works until `stop`.
    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let wait = tokio::select! {
                looked = self.look() => looked.unwrap_or_else(|error| {
                    tracing::warn!(%error, "commitments could not be looked up; trying again");
                    PAUSE
                }),
                // Every step is a row first: what is cut off here is done again at the next start.
                () = stop.cancelled() => return,
            };
            tokio::select! {
                () = self.wake.notified() => {}
                () = tokio::time::sleep(wait) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// One round; how long nothing more is due.
    async fn look(self: &Arc<Self>) -> Result<Duration, Error> {
        let ledger = &self.site.ledger;
        let late = now().saturating_sub(ms(ASK_AGAIN));
        ledger.forget_upstream(late, now()).await?;
        self.judge_all().await?;
        self.ask_about_taken().await?;
        // All at once: an archive or a scanner that does not answer holds up no other.
        let due = ledger.due_upstream(now()).await?;
        try_join_all(due.iter().map(|row| self.ask_archive(row))).await?;
        // What an archive said at once may have decided a request.
        self.judge_all().await?;
        let due = ledger.due_commitment_reports(now()).await?;
        try_join_all(due.iter().map(|row| self.tell_scanner(row))).await?;
        let next = [ledger.next_upstream().await?, ledger.next_commitment_report().await?];
        let wait = next.into_iter().flatten().min().map_or(LOOK, |at| {
            Duration::from_millis(u64::try_from(at.saturating_sub(now())).unwrap_or(0).max(1))
        });
        Ok(wait.min(LOOK))
    }

    /// When to try again after so many attempts, ms.
    fn later(&self, attempts: u32) -> i64 {
        let pause = self.config.retry.saturating_mul(1 << attempts.min(16)).min(RETRY_MAX);
        now().saturating_add(ms(pause))
    }
}

fn ms(d: Duration) -> i64 {
    i64::try_from(d.as_millis()).unwrap_or(i64::MAX)
}
