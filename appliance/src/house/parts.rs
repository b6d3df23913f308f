//! The parts of the running appliance that can be started again, and how each is made.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use futures::FutureExt as _;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::commitment::Engine;
use super::control::{self, socket_path};
use super::evict::Evictor;
use super::open::{Opened, bundles};
use super::outbox::HouseOutbox;
use super::run::Running;
use super::supervisor::{Part, Supervisor, again};
use super::{Error, Settings, auditing, warden};
use crate::conveyor::now;
use crate::escalation::Courier;
use audit::Collector;

/// What the parts that can be started again are made of.
pub(super) struct Parts<'a> {
    pub(super) supervisor: &'a Supervisor,
    pub(super) s: &'a Settings,
    pub(super) opened: &'a Opened,
    pub(super) stop: &'a CancellationToken,
}

impl Parts<'_> {
    pub(super) fn warden(&self, first: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        let (s, opened, stop) = (self.s.clone(), self.opened.clone(), self.stop.clone());
        let more = move || Some(warden::start(&s, &opened, bundles(&s), stop.clone()).ok()?.boxed());
        self.supervisor.keep(Part::Paging, self.stop, again(first.boxed(), more))
    }

    pub(super) fn courier(&self, first: Courier<HouseOutbox>, running: &Running) -> JoinHandle<()> {
        let (s, opened, stop, wake) = (self.s.clone(), self.opened.clone(), self.stop.clone(), first.waker());
        let cloud_up = Arc::clone(&running.conveyor.cloud_up);
        let more = {
            let stop = stop.clone();
            move || {
                let (config, identity) = (s.escalation.as_ref()?, opened.identity.clone()?);
                let outbox = HouseOutbox { opened: opened.clone(), cloud_up: Arc::clone(&cloud_up) };
                let courier = Courier::new(config, identity, Arc::new(outbox)).ok()?;
                Some(courier.woken_by(&wake).run(stop.clone()))
            }
        };
        self.supervisor.keep(Part::Courier, self.stop, again(first.run(stop), more))
    }

    pub(super) fn forwards(&self) -> JoinHandle<()> {
        let (opened, stop) = (self.opened.clone(), self.stop.clone());
        self.supervisor.keep(Part::Forwards, self.stop, move || {
            let forwards = opened.forwards.clone();
            Some(forwards.run(opened.ledger.clone(), opened.store.inbox(), stop.clone()))
        })
    }

    pub(super) fn evictor(&self) -> JoinHandle<()> {
        let (store, opened, stop) = (self.s.store.clone(), self.opened.clone(), self.stop.clone());
        let evictor = move || Some(Evictor::new(&store, opened.clone()).run(stop.clone()));
        self.supervisor.keep(Part::Eviction, self.stop, evictor)
    }

    pub(super) fn engine(&self, engine: Arc<Engine>) -> JoinHandle<()> {
        let stop = self.stop.clone();
        self.supervisor.keep(Part::Commitment, self.stop, move || Some(Arc::clone(&engine).run(stop.clone())))
    }
}

/// The audit's way to its collector, where one is configured.
///
/// # Errors
/// The configuration's, or the audit's files'.
pub(super) fn collector(
    s: &Settings,
    opened: &Opened,
    supervisor: &Supervisor,
    halt: &CancellationToken,
) -> Result<Option<JoinHandle<()>>, Error> {
    let (s, audit, until) = (s.clone(), Arc::clone(&opened.audit), halt.clone());
    let make = move || {
        let made = Collector::new(Arc::clone(&audit), &s.audit, auditing::source(&s))?;
        Ok::<_, audit::Error>(made.map(|collector| collector.run(until.clone())))
    };
    let Some(first) = make()? else { return Ok(None) };
    Ok(Some(supervisor.keep(Part::Collector, halt, again(first, move || make().ok().flatten()))))
}

/// The courier, where the site is enrolled with a cloud.
///
/// # Errors
/// The ledger's refusal.
pub(super) async fn courier(
    s: &Settings,
    opened: &Opened,
    cloud_up: &Arc<AtomicBool>,
) -> Result<Option<Courier<HouseOutbox>>, Error> {
    let (Some(config), Some(identity)) = (&s.escalation, &opened.identity) else { return Ok(None) };
    if config.cloud.is_none() {
        return Ok(None);
    }
    // Until the first answer the cloud counts as away: a page may only claim what it heard.
    if opened.ledger.cloud_away_since().await?.is_none() {
        opened.ledger.set_fact("cloud_away_since", Some(&now().to_string())).await?;
    }
    let outbox = Arc::new(HouseOutbox { opened: opened.clone(), cloud_up: Arc::clone(cloud_up) });
    Ok(Some(Courier::new(config, Arc::clone(identity), outbox)?))
}

/// Serves the command line; an appliance without its socket still receives.
pub(super) fn control_socket(
    s: &Settings,
    supervisor: &Supervisor,
    running: &Arc<Running>,
    stop: &CancellationToken,
) -> Option<JoinHandle<()>> {
    let path = socket_path(s);
    match control::bind(&path) {
        Ok(listener) => {
            let (clerk, until) = (Arc::clone(running), stop.clone());
            let mut listener = Some(listener);
            let serve = move || {
                let listener = listener.take().or_else(|| control::bind(&path).ok())?;
                let (path, clerk, until) = (path.clone(), Arc::clone(&clerk), until.clone());
                Some(async move { control::serve(listener, &path, clerk, until).await })
            };
            Some(supervisor.keep(Part::Control, stop, serve))
        }
        Err(error) => {
            tracing::warn!(kind = %error.kind(), "no control socket: commands cannot reach this appliance while it runs");
            None
        }
    }
}
