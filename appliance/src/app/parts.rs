//! The parts of the running appliance that can be started again, and how each is made.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use futures::FutureExt as _;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::control::{self, socket_path};
use super::open::{Opened, bundles};
use super::running::Running;
use super::supervisor::{Part, Supervisor, again};
use super::{Error, Settings, auditing};
use crate::commitment::Engine;
use crate::escalation::{CaseQueue, Courier};
use crate::oversight::{self, PagingTerms};
use crate::retention::Evictor;
use audit::Collector;
use proto::clock::now;

/// What the parts are made of.
pub(super) struct Parts<'a> {
    pub(super) supervisor: &'a Supervisor,
    pub(super) s: &'a Settings,
    pub(super) opened: &'a Opened,
    pub(super) stop: &'a CancellationToken,
}

impl Parts<'_> {
    /// Calls about open flags.
    ///
    /// # Errors
    /// When TLS for calls cannot be set up.
    pub(super) fn paging(&self) -> Result<JoinHandle<()>, Error> {
        let (s, site, stop) = (self.s.clone(), self.opened.site.clone(), self.stop.clone());
        let make = move || {
            let (config, name) = (s.alarm.clone(), s.site.name.clone());
            let terms = PagingTerms { config, name, mode: s.mode_in_force(), bundles: bundles(&s) };
            oversight::start(terms, &site, stop.clone())
        };
        let first = make()?.boxed();
        let more = move || Some(make().ok()?.boxed());
        Ok(self.supervisor.keep(Part::Paging, self.stop, again(first, more)))
    }

    pub(super) fn courier(&self, first: Courier, running: &Running) -> JoinHandle<()> {
        let (s, opened, stop, wake) = (self.s.clone(), self.opened.clone(), self.stop.clone(), first.waker());
        let cloud_up = Arc::clone(&running.pipeline.cloud_up);
        let more = {
            let stop = stop.clone();
            move || {
                let (config, identity) = (s.escalation.as_ref()?, opened.identity.clone()?);
                let queue = CaseQueue { site: opened.site.clone(), cloud_up: Arc::clone(&cloud_up) };
                let courier = Courier::new(config, identity, queue).ok()?;
                Some(courier.woken_by(&wake).run(stop.clone()))
            }
        };
        self.supervisor.keep(Part::Courier, self.stop, again(first.run(stop), more))
    }

    pub(super) fn forwards(&self) -> JoinHandle<()> {
        let (site, stop) = (self.opened.site.clone(), self.stop.clone());
        self.supervisor.keep(Part::Forwards, self.stop, move || {
            let forwards = site.forwards.clone();
            Some(forwards.run(site.ledger.clone(), site.store.inbox(), stop.clone()))
        })
    }

    pub(super) fn evictor(&self) -> JoinHandle<()> {
        let (store, site, stop) = (self.s.store.clone(), self.opened.site.clone(), self.stop.clone());
        let evictor = move || Some(Evictor::new(&store, site.clone()).run(stop.clone()));
        self.supervisor.keep(Part::Eviction, self.stop, evictor)
    }

    pub(super) fn engine(&self, engine: Arc<Engine>) -> JoinHandle<()> {
        let stop = self.stop.clone();
        let engine = move || Some(Arc::clone(&engine).run(stop.clone()));
        self.supervisor.keep(Part::Commitment, self.stop, engine)
    }

    /// The audit's way to its collector until `halt`, where one is configured.
    ///
    /// # Errors
    /// The configuration's, or the audit's files'.
    pub(super) fn collector(&self, halt: &CancellationToken) -> Result<Option<JoinHandle<()>>, Error> {
        let (s, audit, until) = (self.s.clone(), Arc::clone(&self.opened.site.audit), halt.clone());
        let make = move || {
            let made = Collector::new(Arc::clone(&audit), &s.audit, auditing::source(&s))?;
            Ok::<_, audit::Error>(made.map(|collector| collector.run(until.clone())))
        };
        let Some(first) = make()? else { return Ok(None) };
        Ok(Some(self.supervisor.keep(Part::Collector, halt, again(first, move || make().ok().flatten()))))
    }

    /// Serves the command line; an appliance without its socket still receives.
    pub(super) fn control_socket(&self, running: &Arc<Running>) -> Option<JoinHandle<()>> {
        let path = socket_path(self.s);
        let listener = match control::bind(&path) {
            Ok(listener) => listener,
            Err(error) => {
                tracing::warn!(kind = %error.kind(), "no control socket: commands cannot reach this appliance while it runs");
                return None;
            }
        };
        let (handler, until) = (Arc::clone(running), self.stop.clone());
        let mut listener = Some(listener);
        let serve = move || {
            let listener = listener.take().or_else(|| control::bind(&path).ok())?;
            let (path, handler, until) = (path.clone(), Arc::clone(&handler), until.clone());
            Some(async move { control::serve(listener, &path, handler, until).await })
        };
        Some(self.supervisor.keep(Part::Control, self.stop, serve))
    }
}

/// The courier, where the site is enrolled with a cloud.
///
/// # Errors
/// The ledger's refusal.
pub(super) async fn courier(
    s: &Settings,
    opened: &Opened,
    cloud_up: &Arc<AtomicBool>,
) -> Result<Option<Courier>, Error> {
    let (Some(config), Some(identity)) = (&s.escalation, &opened.identity) else { return Ok(None) };
    if config.cloud.is_none() {
        return Ok(None);
    }
    let ledger = &opened.site.ledger;
    // Until the first answer the cloud counts as away: a page may only claim what it heard.
    if ledger.cloud_away_since().await?.is_none() {
        ledger.set_fact("cloud_away_since", Some(&now().to_string())).await?;
    }
    let queue = CaseQueue { site: opened.site.clone(), cloud_up: Arc::clone(cloud_up) };
    Ok(Some(Courier::new(config, Arc::clone(identity), queue)?))
}
