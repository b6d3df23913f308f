//! The loop of a machine reader: pass the breaker, lease, ask the model, store the draft; give back when told to stop.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::breaker::Verdict;
use super::{Blame, Breaker, Error, Made, Model};
use crate::queue::{self, Claim, Draft, Limits, Millis, Queue, Released};

/// Wait for news at most this long: another replica's commits ring no bell here.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// Pause after the queue itself failed.
const AFTER_FAILURE: Duration = Duration::from_secs(5);
/// Times a draft is offered to a queue that cannot take it, with growing pauses, before its case is let go.
const STORE_TRIES: u32 = 7;

/// A machine reader.
pub struct Reader {
    /// Its name in the leases.
    pub name: String,
    /// The queue.
    pub queue: Queue,
    /// The model.
    pub model: Arc<dyn Model>,
    /// Whether the model can be asked now; one for all readers of the process.
    pub breaker: Arc<Breaker>,
    /// Bounds of leasing.
    pub limits: Limits,
    /// Drafts leave as unsigned machine drafts.
    pub leave_unsigned: bool,
    /// The clock.
    pub clock: fn() -> Millis,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reader({})", self.name)
    }
}

impl Reader {
    /// Works until `stop` turns true. A case under way is given back then and costs no attempt.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut changes = self.queue.changes();
        while !*stop.borrow() {
            let pass = tokio::select! {
                pass = self.breaker.pass(self.model.as_ref()) => pass,
                _ = stop.changed() => continue,
            };
            changes.mark_unchanged();
            match self.claim().await {
                Ok(Some(claim)) => self.one(&claim, &mut stop).await,
                Ok(None) => {
                    self.breaker.idle(&pass).await;
                    drop(pass);
                    tokio::select! {
                        _ = stop.changed() => {}
                        _ = changes.changed() => {}
                        () = tokio::time::sleep(LOOK_AGAIN) => {}
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "a reader could not ask the queue");
                    drop(pass);
                    tokio::select! {
                        _ = stop.changed() => {}
                        () = tokio::time::sleep(AFTER_FAILURE) => {}
                    }
                }
            }
        }
    }

    async fn claim(&self) -> Result<Option<Claim>, Error> {
        let token = super::lease_token()?;
        Ok(self.queue.claim_next(&self.name, &token, &self.limits, (self.clock)()).await?)
    }

    /// One leased case to its end.
    async fn one(&self, claim: &Claim, stop: &mut watch::Receiver<bool>) {
        let made = tokio::select! {
            made = self.model.draft(claim.case) => Some(made),
            lost = self.keep_lease(claim) => Some(Err(Error::Queue(lost))),
            _ = stop.changed() => None,
        };
        let ended = match made {
            None => self.let_go(claim, stopped()).await,
            Some(Ok(made)) => self.store(claim, made, stop).await,
            Some(Err(error)) => self.failed(claim, &error).await,
        };
        if let Err(error) = ended {
            // Whoever holds the case now has it; nothing of this attempt stays.
            tracing::warn!(case = claim.case, %error, "a reader's result was not taken");
        }
    }

    /// Stores a draft. A queue that cannot take it now is asked again, while the lease is kept.
    async fn store(&self, claim: &Claim, made: Made, stop: &mut watch::Receiver<bool>) -> queue::Result<()> {
        let case = claim.case;
        self.breaker.drafted(case).await;
        let summary = made.summary.to_string();
        let mut draft = Draft { text: made.text, model: made.model.to_string(), made_at: 0 };
        let mut lost = pin!(self.keep_lease(claim));
        for tries in 1.. {
            draft.made_at = (self.clock)();
            let stored = self.queue.store_draft(case, &claim.token, &draft, &summary, self.leave_unsigned);
            let Err(error) = stored.await else { break };
            if error.retry() == queue::Retry::Never {
                return Err(error);
            }
            tracing::warn!(case, %error, "a draft could not be stored");
            if tries == STORE_TRIES {
                let reason = "its draft could not be stored".to_owned();
                return self.let_go(claim, Released::Waits { reason, wait: self.limits.backoff }).await;
            }
            let pause = u64::try_from(self.limits.wait_after(tries)).unwrap_or(1);
            tokio::select! {
                error = &mut lost => return Err(error),
                _ = stop.changed() => return self.let_go(claim, stopped()).await,
                () = tokio::time::sleep(Duration::from_millis(pause)) => {}
            }
        }
        Ok(())
    }

    async fn failed(&self, claim: &Claim, error: &Error) -> queue::Result<()> {
        let case = claim.case;
        let reason = error.to_string();
        // The lease is another's by now, or the queue is in trouble: that speaks against neither case nor model.
        if let Error::Queue(_) = error {
            return self.let_go(claim, Released::Waits { reason, wait: self.limits.backoff }).await;
        }
        if error.blame() == Blame::Hopeless {
            tracing::warn!(case, %error, "a case was buried: no attempt can succeed");
            return self.queue.bury(case, "reader", &reason, (self.clock)()).await;
        }
        let how = match self.breaker.failed(case, error, &self.limits).await {
            Verdict::Counts => {
                tracing::warn!(case, attempt = claim.attempt, %error, "a draft failed");
                Released::Failed(reason)
            }
            Verdict::Spared(wait) => Released::Waits { reason, wait },
        };
        self.let_go(claim, how).await
    }

    async fn let_go(&self, claim: &Claim, how: Released) -> queue::Result<()> {
        let now = (self.clock)();
        self.queue.let_go(claim.case, &claim.token, &how, &self.limits, now).await.map(|_| ())
    }

    /// Renews the lease until it is lost; gives why.
    async fn keep_lease(&self, claim: &Claim) -> queue::Error {
        let every = Duration::from_millis(u64::try_from(self.limits.lease / 3).unwrap_or(1).max(1));
        loop {
            tokio::time::sleep(every).await;
            let renewed = self.queue.renew(claim.case, &claim.token, &self.limits, (self.clock)()).await;
            match renewed {
                Ok(_) => {}
                // It may still be ours: a database that fails for a moment is asked again until the lease ends.
                Err(error) if error.retry() == queue::Retry::Later => {
                    tracing::warn!(case = claim.case, %error, "a lease could not be renewed; trying again");
                }
                Err(error) => return error,
            }
        }
    }
}

fn stopped() -> Released {
    Released::Returned("the service was stopped".to_owned())
}
