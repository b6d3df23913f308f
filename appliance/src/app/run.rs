//! Runs the appliance: opens the rooms, mends what a crash left, serves, and drains from the top down.

use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::auditing;
use super::descriptors;
use super::open::{Opened, deid_order, pool, rules};
use super::parts::{Parts, courier};
use super::running::{Counted, Running};
use super::supervisor::{Health, Part, Supervisor, once};
use super::time;
use super::{Error, Settings};
use crate::arrivals::{Listener, ServiceHandler, event_queue, recover};
use crate::commitment::Engine;
use crate::escalation::Courier;
use crate::pipeline::Scheduler;
use crate::pipeline::{NO_WORKER_WHY, Pipeline};
use crate::retention;
use crate::review::Page;
use domain::study::Arriving;
use intake::{Commitment, Intake, IntakeConfig};

/// How long the audit's collector may take for the last messages.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Where a running appliance listens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addresses {
    /// DICOM.
    pub intake: SocketAddr,
    /// DICOM over TLS, where configured.
    pub tls: Option<SocketAddr>,
    /// The page.
    pub review: SocketAddr,
}

/// Runs until `stop`; `ready` is told the addresses once everything listens.
///
/// # Errors
/// Each room's own, with what to do.
pub(crate) async fn run(
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
    let health = Arc::new(Health::default());
    let supervisor = Supervisor::new(Arc::clone(&health), stop.clone());
    let workers = supervisor.keep(Part::Workers, &stop, {
        let (pipeline, stop) = (pipeline.clone(), stop.clone());
        move || Some(pipeline.clone().watch_workers(stop.clone()))
    });
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
        counted: Counted::default(),
        health,
    });
    let keeper = supervisor.keep(Part::Clock, &stop, {
        let (opened, stop) = (opened.clone(), stop.clone());
        move || Some(time::keep(opened.clone(), stop.clone()))
    });
    let served = serve(settings, &supervisor, pipeline, running, courier, stop, ready).await;
    workers.abort();
    keeper.abort();
    served.and_then(|()| supervisor.verdict())
}

/// Reception as configured, offering of storage commitment what `[commitment]` and `[[forward]]` say.
fn reception(s: &Settings) -> IntakeConfig {
    let user = s.forward.iter().any(|rule| rule.commit);
    IntakeConfig { commitment: Commitment { provide: s.commitment.provide, user }, ..s.intake.clone() }
}

async fn serve(
    s: Settings,
    supervisor: &Supervisor,
    pipeline: Pipeline,
    running: Arc<Running>,
    courier: Option<Courier>,
    stop: CancellationToken,
    ready: impl FnOnce(Addresses) + Send,
) -> Result<(), Error> {
    let opened = running.opened.clone();
    let (arriving, wake) = (Arc::clone(&running.arriving), Arc::clone(&running.wake));
    let (arrivals, recorder) = event_queue(opened.site.clone(), arriving, wake, stop.clone());
    let engine = Arc::new(Engine::new(opened.site.clone(), s.commitment.clone(), s.intake.ae_title.clone()));
    let queue = arrivals.clone();
    let services = ServiceHandler { site: opened.site.clone(), queue, engine: Arc::clone(&engine) };
    let listener = Arc::new(Listener { queue: arrivals, services });
    let intake = Intake::bind(reception(&s), s.site.demo, &opened.site.store, listener, stop.clone()).await?;
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
        failing: Arc::clone(&running.health.failing),
    };
    let (halt_audit, halt_work) = (CancellationToken::new(), CancellationToken::new());
    let parts = Parts { supervisor, s: &s, opened: &opened, stop: &stop };
    let collector = parts.collector(&halt_audit)?;
    let paging = parts.paging()?;
    let recorder = supervisor.keep(Part::Recorder, &stop, once(recorder.run()));
    let halt = halt_work.clone();
    let worker = supervisor.keep(Part::Work, &halt_work, move || Some(work.clone().run(halt.clone())));
    let courier = courier.map(|c| parts.courier(c, &running));
    let (forwards, evictor, engine) = (parts.forwards(), parts.evictor(), parts.engine(engine));
    let control = parts.control_socket(&running);
    let page = page.run(descriptors::of_page(&s), stop.clone());
    let page = supervisor.keep(Part::Page, &stop, once(page));
    ready(addresses);
    let intake = supervisor.keep(Part::Reception, &stop, once(intake.run()));
    // Drained from the top down: reception first, then its recorder, then the work, the page last.
    let drained = async {
        let _ = intake.await;
        let _ = recorder.await;
        let _ = engine.await;
        halt_work.cancel();
        let _ = worker.await;
        let rest = [courier, Some(forwards), Some(paging), control, Some(page), Some(evictor)];
        for part in rest.into_iter().flatten() {
            let _ = part.await;
        }
    };
    supervisor.drain(drained).await;
    auditing::end(&opened);
    halt_audit.cancel();
    if let Some(collector) = collector {
        // What the collector does not take now waits in the file for the next start.
        let _ = tokio::time::timeout(LAST_WORDS, collector).await;
    }
    opened.site.ledger.close().await;
    Ok(())
}

async fn page(s: &Settings, running: &Arc<Running>) -> Result<Page<Running>, Error> {
    Page::bind(s.review.clone(), Arc::clone(running))
        .await
        .map_err(|kind| Error::file("the page's address", kind, "choose another one in review.listen"))
}
