//! The loop of a machine reader: lease, open, ask, store the draft; give back when told to stop.

use std::time::Duration;

use proto::case::{CaseManifest, Plan};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{Endpoint, Error, Opener};
use crate::queue::{self, Claim, Draft, Limits, Millis, Queue, Released, Text};

/// Wait for news at most this long: another replica's commits ring no bell here.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// Pause after the queue itself failed.
const AFTER_FAILURE: Duration = Duration::from_secs(5);
/// Images an endpoint gets.
const IMAGES_MAX: u32 = 16;

/// Which model a reader asks.
#[derive(Debug, Clone)]
pub enum Backend {
    /// The embedded reference model, loaded by the workers of this opener.
    Reference(Opener),
    /// An endpoint; the opener's workers hand out the images.
    OpenAi(Opener, Endpoint),
}

/// A machine reader.
#[derive(Debug)]
pub struct Reader {
    /// Its name in the leases.
    pub name: String,
    /// The queue.
    pub queue: Queue,
    /// The model.
    pub backend: Backend,
    /// Bounds of leasing.
    pub limits: Limits,
    /// Drafts leave as unsigned machine drafts.
    pub leave_unsigned: bool,
    /// The clock.
    pub clock: fn() -> Millis,
}

/// A draft and what it was made from.
struct Made {
    text: Text,
    model: Value,
    summary: Value,
}

impl Reader {
    /// Works until `stop` turns true. A case under way is given back then and costs no attempt.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut changes = self.queue.changes();
        while !*stop.borrow() {
            changes.mark_unchanged();
            let claimed = self.claim().await;
            match claimed {
                Ok(Some(claim)) => self.one(&claim, &mut stop).await,
                Ok(None) => {
                    tokio::select! {
                        _ = stop.changed() => {}
                        _ = changes.changed() => {}
                        () = tokio::time::sleep(LOOK_AGAIN) => {}
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "a reader could not ask the queue");
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
            made = self.make(claim.case) => Some(made),
            lost = self.keep_lease(claim) => Some(Err(Error::Queue(lost))),
            _ = stop.changed() => None,
        };
        let Some(made) = made else {
            let back = Released::Returned("the service was stopped".to_owned());
            let now = (self.clock)();
            self.log(claim, self.queue.let_go(claim.case, &claim.token, &back, &self.limits, now).await);
            return;
        };
        let ended = match made {
            Ok(made) => {
                let draft = Draft {
                    text: made.text.to_json(),
                    model: made.model.to_string(),
                    made_at: (self.clock)(),
                };
                let summary = made.summary.to_string();
                self.queue.store_draft(claim.case, &claim.token, &draft, &summary, self.leave_unsigned).await
            }
            Err(error) if error.retry() => {
                tracing::warn!(case = claim.case, attempt = claim.attempt, %error, "a draft failed");
                let failed = Released::Failed(error.to_string());
                let now = (self.clock)();
                self.queue.let_go(claim.case, &claim.token, &failed, &self.limits, now).await.map(|_| ())
            }
            Err(error) => {
                tracing::warn!(case = claim.case, %error, "a case was buried: no attempt can succeed");
                self.queue.bury(claim.case, "reader", &error.to_string(), (self.clock)()).await
            }
        };
        self.log(claim, ended);
    }

    fn log<T>(&self, claim: &Claim, ended: Result<T, queue::Error>) {
        if let Err(error) = ended {
            // Whoever holds the case now has it; nothing of this attempt stays.
            tracing::warn!(case = claim.case, %error, "a reader's result was not taken");
        }
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

    async fn make(&self, case: i64) -> Result<Made, Error> {
        match &self.backend {
            Backend::Reference(opener) => {
                let d = opener.draft(case).await?;
                Ok(Made { summary: summary(&d.manifest), text: d.text, model: d.model })
            }
            Backend::OpenAi(opener, endpoint) => {
                let opened = opener.images(case, IMAGES_MAX).await?;
                if opened.images.is_empty() {
                    let encoded = opened.manifest.plan == Plan::Embedding;
                    use super::job::Why;
                    return Err(Error::Refused(if encoded { Why::Encoder } else { Why::NoFrame }));
                }
                let (text, model) = endpoint.draft(&opened).await?;
                Ok(Made { summary: summary(&opened.manifest), text, model })
            }
        }
    }
}

/// What the queue keeps of `case.json` for the table: coded values and model output only, no free text, no age or sex.
fn summary(m: &CaseManifest) -> Value {
    let top = m.findings.iter().max_by(|a, b| a.score.total_cmp(&b.score));
    json!({
        "modality": m.modality,
        "body_part": m.body_part,
        "disposition": m.disposition,
        "plan": m.plan,
        "frames": m.frames.len(),
        "finding": top.map(|f| json!({"name": f.name, "score": f.score, "positive": f.positive})),
    })
}
