//! What the appliance does with the N-services of reception: performed steps go to ledger and `study`, commitments to
//! their engine; and the one face that reception sees, of these and of arrivals.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::mpsc;

use super::recorder::EventQueue;
use crate::commitment::Engine;
use crate::site::Site;
use dicom::commitment::{Report, Transaction};
use intake::{Asker, Event, Failure, RefusedCaller, Services, Sink, SinkError, StepCreate, StepSet};
use ledger::{Error, NewStep, StepChange, StepChanged, StepMade};
use proto::clock::now;
use store::Reception;

/// What N-services ask for.
#[derive(Clone)]
pub(crate) struct ServiceHandler {
    pub(crate) site: Site,
    pub(crate) queue: EventQueue,
    pub(crate) engine: Arc<Engine>,
}

fn later(error: Error) -> Failure {
    tracing::warn!(%error, "the ledger did not take a request of a scanner");
    Failure::Later
}

impl ServiceHandler {
    async fn make(&self, step: StepCreate) -> Result<(), Failure> {
        let new = NewStep { uid: step.uid.clone(), studies: step.studies };
        let studies = match self.site.ledger.create_step(&new, now()).await.map_err(later)? {
            StepMade::New(studies) => studies,
            StepMade::Duplicate => return Err(Failure::Duplicate),
            StepMade::TooMany => return Err(Failure::Later),
        };
        if step.instances.is_some() {
            let change = StepChange { end: None, instances: step.instances };
            self.site.ledger.change_step(&step.uid, &change, now()).await.map_err(later)?;
        }
        self.tell(studies).await;
        Ok(())
    }

    async fn change(&self, step: StepSet) -> Result<(), Failure> {
        let change = StepChange { end: step.end, instances: step.instances };
        match self.site.ledger.change_step(&step.uid, &change, now()).await.map_err(later)? {
            StepChanged::Done(studies) => {
                self.tell(studies).await;
                Ok(())
            }
            StepChanged::Unknown => Err(Failure::NoSuchInstance),
            StepChanged::Final => Err(Failure::Final),
        }
    }

    async fn tell(&self, studies: Vec<String>) {
        for study in studies {
            self.queue.step(study).await;
        }
    }
}

impl Services for ServiceHandler {
    fn create_step(&self, _: Asker, step: StepCreate) -> BoxFuture<'_, Result<(), Failure>> {
        self.make(step).boxed()
    }

    fn set_step(&self, step: StepSet) -> BoxFuture<'_, Result<(), Failure>> {
        self.change(step).boxed()
    }

    fn commit(&self, who: Asker, transaction: Transaction) -> BoxFuture<'_, Result<(), Failure>> {
        self.engine.ask(who, transaction).boxed()
    }

    fn reported(&self, report: Report) -> BoxFuture<'_, Result<(), Failure>> {
        self.engine.reported(report).boxed()
    }

    fn events(&self, association: u64) -> mpsc::Receiver<Event> {
        self.engine.events(association)
    }
}

/// The whole face that reception sees: arrivals and N-services.
pub(crate) struct Listener {
    pub(crate) queue: EventQueue,
    pub(crate) services: ServiceHandler,
}

impl Sink for Listener {
    fn takes(&self) -> bool {
        self.queue.takes()
    }

    fn stored<'a>(&'a self, reception: &'a Reception) -> BoxFuture<'a, Result<(), SinkError>> {
        self.queue.stored(reception)
    }

    fn released(&self, association: u64, studies: &[String]) {
        self.queue.released(association, studies);
    }

    fn refused(&self, caller: RefusedCaller) {
        self.queue.refused(caller);
    }

    fn services(&self) -> Option<&dyn Services> {
        Some(&self.services)
    }
}
