//! The running appliance as the page and the control socket see it.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

use super::control::{ControlHandler, Request, Response};
use super::open::Opened;
use super::status::Report;
use super::supervisor::Health;
use super::{Error, Settings};
use crate::arrivals::ArrivingRow;
use crate::escalation::Wake;
use crate::pipeline::Pipeline;
use domain::study::Arriving;
use ledger::{CODE_MS, Ledger, Outcomes};
use proto::clock::now;

/// The newest counts and when they were made.
pub(super) type Counted = tokio::sync::Mutex<Option<(Instant, Outcomes)>>;

/// The running appliance as the page and the control socket see it.
pub(super) struct Running {
    pub(super) opened: Opened,
    pub(super) pipeline: Pipeline,
    pub(super) settings: Settings,
    pub(super) arriving: Arc<Mutex<Arriving>>,
    pub(super) wake: Arc<Notify>,
    pub(super) courier: Option<Wake>,
    pub(super) metrics: Mutex<Option<Arc<intake::Metrics>>>,
    pub(super) transcripts: OnceLock<Arc<intake::Transcripts>>,
    pub(super) counted: Counted,
    pub(super) health: Arc<Health>,
}

impl Running {
    pub(super) fn ledger(&self) -> &Ledger {
        &self.opened.site.ledger
    }

    /// What the lights and `status` are made of.
    pub(super) async fn report(&self) -> Result<Report, Error> {
        let report = Report::of(&self.settings, &self.opened, true).await?;
        Ok(Report { work: self.health.light(now()), ..report })
    }

    /// Carries a person's decision out and sets the work going.
    pub(super) async fn decide(
        &self,
        who: &str,
        decision: &domain::decision::Decision,
    ) -> Result<(), crate::cases::Error> {
        let cases = crate::cases::CaseService {
            ledger: self.ledger(),
            audit: &self.opened.site.audit,
            countdown: self.settings.review.countdown,
            hidden_most: self.settings.oversight.hidden_most,
        };
        cases.decide(who, decision, now()).await?;
        self.wake.notify_one();
        if let Some(courier) = &self.courier {
            courier.wake();
        }
        Ok(())
    }

    /// Treats an arriving study as complete.
    pub(super) fn process(&self, study: &str) {
        self.arriving.lock().unwrap_or_else(PoisonError::into_inner).process_now(study);
        self.wake.notify_one();
    }

    async fn put_user(&self, name: &str, code_hash: &str, reset: bool) -> Result<(), String> {
        let until = now().saturating_add(CODE_MS);
        self.ledger().put_user(name, code_hash, until, reset, now()).await.map_err(|e| e.to_string())?;
        let what = if reset { "user reset" } else { "user add" };
        self.opened.site.audit.write(now(), "operator", what, name, "").map_err(|e| e.to_string())
    }
}

impl ControlHandler for Running {
    async fn answer(&self, request: Request) -> Response {
        let done = |r: Result<(), String>| match r {
            Ok(()) => Response::Done(serde_json::Value::Null),
            Err(words) => Response::Refused(words),
        };
        match request {
            Request::Decide { who, decision } => {
                done(self.decide(&who, &decision).await.map_err(|e| e.to_string()))
            }
            Request::ProcessNow { study } => {
                self.process(&study);
                Response::Done(serde_json::Value::Null)
            }
            Request::PutUser { name, code_hash, reset } => {
                done(self.put_user(&name, &code_hash, reset).await)
            }
            Request::Forward(order) => match order
                .carry_out(self.ledger(), &self.opened.site.audit, &self.opened.site.forwards)
                .await
            {
                Ok(count) => Response::Done(serde_json::json!({ "changed": count })),
                Err(error) => Response::Refused(error.to_string()),
            },
            Request::Vault(order) => match order.carry_out(self.ledger(), &self.opened.site.audit).await {
                Ok(gone) => Response::Done(gone.into()),
                Err(error) => Response::Refused(error.to_string()),
            },
            Request::Oversight(order) => {
                match order.carry_out(&self.settings.acceptance(), &self.opened.site).await {
                    Ok(done) => Response::Done(done),
                    Err(error) => Response::Refused(error.to_string()),
                }
            }
            Request::Backup { to } => {
                match super::backup(&self.settings, self.ledger(), || Ok(self.opened.site.audit.reach()), &to)
                    .await
                {
                    Ok(holds) => Response::Done(holds),
                    Err(error) => Response::Refused(error.to_string()),
                }
            }
            Request::AuditExported => done(
                self.opened
                    .site
                    .audit
                    .write(now(), "operator", "audit exported", "", "")
                    .map_err(|e| e.to_string()),
            ),
            Request::Associations => {
                let list = self.transcripts.get().map(|t| t.list()).unwrap_or_default();
                serde_json::to_value(list)
                    .map_or_else(|_| Response::Refused("no transcripts".into()), Response::Done)
            }
            Request::Status => match self.report().await {
                Ok(mut report) => {
                    report.outcomes = self.fresh_outcomes().await.ok();
                    let arriving = self.arriving.lock().unwrap_or_else(PoisonError::into_inner);
                    report.arriving = ArrivingRow::all(&arriving);
                    serde_json::to_value(report)
                        .map_or_else(|_| Response::Refused("no status".into()), Response::Done)
                }
                Err(error) => Response::Refused(error.to_string()),
            },
        }
    }
}
