//! Runs the appliance: opens the rooms, mends what a crash left, serves, and drains from the top down.

use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::auditing;
use super::control::{self, ControlHandler, Request, Response, socket_path};
use super::descriptors;
use super::open::{Opened, bundles, deid_order, pool, rules};
use super::status::Report;
use super::time;
use super::{Error, Settings};
use crate::arrivals::{ArrivingRow, Listener, ServiceHandler, event_queue, recover};
use crate::commitment::Engine;
use crate::escalation::{CaseQueue, Courier, Wake};
use crate::oversight::{self, PagingTerms, Terms};
use crate::pipeline::Scheduler;
use crate::pipeline::{NO_WORKER_WHY, Pipeline};
use crate::retention::{self, Evictor};
use crate::review::Page;
use audit::Collector;
use domain::study::Arriving;
use intake::{Commitment, Intake, IntakeConfig};
use ledger::{CODE_MS, Ledger};
use proto::clock::now;

/// How long the audit's collector may take for the last messages.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Where a running appliance listens.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    /// DICOM.
    pub intake: SocketAddr,
    /// DICOM over TLS, where configured.
    pub tls: Option<SocketAddr>,
    /// The page.
    pub review: SocketAddr,
}

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
    pub(super) counted: super::metrics::Counted,
}

/// Runs until `stop`; `ready` is told the addresses once everything listens.
///
/// # Errors
/// Each room's own, with what to do.
pub async fn run(
    settings: Settings,
    stop: CancellationToken,
    ready: impl FnOnce(Addresses) + Send,
) -> Result<(), Error> {
    let opened = Opened::open(&settings).await?;
    auditing::begin(&settings, &opened).await?;
    time::begin(&settings, &opened).await?;
    let arriving = Arc::new(Mutex::new(Arriving::new(settings.study)));
    recover(&opened.site, &arriving).await?;
    let left = retention::sweep(&opened.site).await?;
    if left > 0 {
        tracing::info!(files = left, "files that a crash or a former ledger had left were removed");
    }
    let cloud_up = Arc::new(AtomicBool::new(false));
    let pipeline = Pipeline {
        ledger: opened.site.ledger.clone(),
        store: opened.site.store.clone(),
        pool: Arc::new(pool(&settings)?),
        deid: deid_order(&settings)?,
        rules: Arc::new(rules(&settings)),
        identity: opened.identity.clone(),
        cloud_up: Arc::clone(&cloud_up),
        no_worker: Arc::default(),
    };
    opened.site.ledger.set_fact(NO_WORKER_WHY, None).await?;
    let workers = tokio::spawn(pipeline.clone().watch_workers(stop.clone()));
    pipeline.tidy_outbox().await?;
    let wake = Arc::new(Notify::new());
    let courier = courier(&settings, &opened, &cloud_up).await?;
    let running = Arc::new(Running {
        opened: opened.clone(),
        pipeline: pipeline.clone(),
        settings: settings.clone(),
        arriving: Arc::clone(&arriving),
        wake: Arc::clone(&wake),
        courier: courier.as_ref().map(Courier::waker),
        metrics: Mutex::new(None),
        transcripts: OnceLock::new(),
        counted: super::metrics::Counted::default(),
    });
    let keeper = tokio::spawn(time::keep(opened.clone(), stop.clone()));
    let served = serve(settings, opened, pipeline, running, courier, stop, ready).await;
    workers.abort();
    keeper.abort();
    served
}

async fn courier(
    s: &Settings,
    opened: &Opened,
    cloud_up: &Arc<AtomicBool>,
) -> Result<Option<Courier>, Error> {
    let (Some(config), Some(identity)) = (&s.escalation, &opened.identity) else { return Ok(None) };
    if config.cloud.is_none() {
        return Ok(None);
    }
    // Until the first answer the cloud counts as away: a page may only claim what it heard.
    if opened.site.ledger.cloud_away_since().await?.is_none() {
        opened.site.ledger.set_fact("cloud_away_since", Some(&now().to_string())).await?;
    }
    let queue = CaseQueue { site: opened.site.clone(), cloud_up: Arc::clone(cloud_up) };
    Ok(Some(Courier::new(config, Arc::clone(identity), queue)?))
}

/// Reception as configured, offering of storage commitment what `[commitment]` and `[[forward]]` say.
fn reception(s: &Settings) -> IntakeConfig {
    let user = s.forward.iter().any(|rule| rule.commit);
    IntakeConfig { commitment: Commitment { provide: s.commitment.provide, user }, ..s.intake.clone() }
}

async fn serve(
    s: Settings,
    opened: Opened,
    pipeline: Pipeline,
    running: Arc<Running>,
    courier: Option<Courier>,
    stop: CancellationToken,
    ready: impl FnOnce(Addresses) + Send,
) -> Result<(), Error> {
    let (arriving, wake) = (Arc::clone(&running.arriving), Arc::clone(&running.wake));
    let (arrivals, recorder) = event_queue(opened.site.clone(), arriving, wake, stop.clone());
    let engine = Arc::new(Engine::new(opened.site.clone(), s.commitment.clone(), s.intake.ae_title.clone()));
    let queue = arrivals.clone();
    let services = ServiceHandler { site: opened.site.clone(), queue, engine: Arc::clone(&engine) };
    let front = Arc::new(Listener { queue: arrivals, services });
    let intake = Intake::bind(reception(&s), s.site.demo, &opened.site.store, front, stop.clone()).await?;
    let page = page(&s, &running).await?;
    let addresses =
        Addresses { intake: intake.local_addr()?, tls: intake.tls_addr(), review: page.local_addr() };
    let _ = running.transcripts.set(intake.transcripts());
    *running.metrics.lock().unwrap_or_else(PoisonError::into_inner) = Some(intake.metrics());
    let work = Scheduler {
        pipeline,
        arriving: Arc::clone(&running.arriving),
        wake: Arc::clone(&running.wake),
        courier: running.courier.clone(),
        at_once: s.triage.workers,
    };
    let paging = oversight::start(paging(&s), &opened.site, stop.clone())?;
    let (halt_audit, halt_work) = (CancellationToken::new(), CancellationToken::new());
    let collector = Collector::new(Arc::clone(&opened.site.audit), &s.audit, auditing::source(&s))?;
    let collector = collector.map(|c| tokio::spawn(c.run(halt_audit.clone())));
    // Drained from the top down: the door first, then its recorder, then the work, the page last.
    let recorder = tokio::spawn(recorder.run());
    let worker = tokio::spawn(work.run(halt_work.clone()));
    let courier = courier.map(|c| tokio::spawn(c.run(stop.clone())));
    let forwards =
        opened.site.forwards.clone().run(opened.site.ledger.clone(), opened.site.store.inbox(), stop.clone());
    let forwards = tokio::spawn(forwards);
    let control = control_socket(&s, &running, &stop);
    let evictor = tokio::spawn(Evictor::new(&s.store, opened.site.clone()).run(stop.clone()));
    let page = tokio::spawn(page.run(descriptors::of_page(&s), stop.clone()));
    let engine = tokio::spawn(engine.run(stop.clone()));
    ready(addresses);
    intake.run().await;
    let _ = recorder.await;
    let _ = engine.await;
    halt_work.cancel();
    let _ = worker.await;
    if let Some(courier) = courier {
        let _ = courier.await;
    }
    let _ = forwards.await;
    let _ = paging.await;
    if let Some(control) = control {
        let _ = control.await;
    }
    let _ = page.await;
    let _ = evictor.await;
    auditing::end(&opened);
    halt_audit.cancel();
    if let Some(collector) = collector {
        // What the collector does not take now waits in the file for the next start.
        let _ = tokio::time::timeout(LAST_WORDS, collector).await;
    }
    opened.site.ledger.close().await;
    Ok(())
}

/// What an acceptance of a bundle is measured by.
pub(super) fn terms(s: &Settings) -> Terms<'_> {
    Terms { bundles: &s.triage.bundles, alpha: s.oversight.alpha }
}

/// Whom to call about what.
fn paging(s: &Settings) -> PagingTerms {
    let (config, name) = (s.alarm.clone(), s.site.name.clone());
    PagingTerms { config, name, mode: s.mode_in_force(), bundles: bundles(s) }
}

async fn page(s: &Settings, running: &Arc<Running>) -> Result<Page<Running>, Error> {
    Page::bind(s.review.clone(), Arc::clone(running))
        .await
        .map_err(|kind| Error::file("the page's address", kind, "choose another one in review.listen"))
}

/// Serves the command line; an appliance without its socket still receives.
fn control_socket(s: &Settings, running: &Arc<Running>, stop: &CancellationToken) -> Option<JoinHandle<()>> {
    let path = socket_path(s);
    match control::bind(&path) {
        Ok(listener) => {
            let (handler, stop) = (Arc::clone(running), stop.clone());
            Some(tokio::spawn(async move { control::serve(listener, &path, handler, stop).await }))
        }
        Err(error) => {
            tracing::warn!(kind = %error.kind(), "no control socket: commands cannot reach this appliance while it runs");
            None
        }
    }
}

impl Running {
    pub(super) fn ledger(&self) -> &Ledger {
        &self.opened.site.ledger
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
                match order.carry_out(&terms(&self.settings), &self.opened.site).await {
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
            Request::Status => match Report::of(&self.settings, &self.opened, true).await {
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
