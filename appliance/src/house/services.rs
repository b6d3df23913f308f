//! What the house does with the N-services of reception: performed steps go to ledger and `study`, commitments to
//! their engine; and the one face that reception sees, of these and of arrivals.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::mpsc;

use super::commitment::Engine;
use super::open::Opened;
use super::sink::Door;
use crate::conveyor::now;
use dicom::commitment::{Report, Transaction};
use intake::{Asker, Event, Failure, RefusedCaller, Services, Sink, SinkError, StepCreate, StepSet};
use ledger::{Error, NewStep, StepChange, StepChanged, StepMade};
use store::Reception;

/// Behind the door: what N-services ask for.
#[derive(Clone)]
pub(super) struct Counter {
    pub(super) opened: Opened,
    pub(super) door: Door,
    pub(super) engine: Arc<Engine>,
}

fn later(error: Error) -> Failure {
    tracing::warn!(%error, "the ledger did not take a request of a scanner");
    Failure::Later
}

impl Counter {
    async fn make(&self, step: StepCreate) -> Result<(), Failure> {
        let new = NewStep { uid: step.uid.clone(), studies: step.studies };
        let studies = match self.opened.ledger.create_step(&new, now()).await.map_err(later)? {
            StepMade::New(studies) => studies,
            StepMade::Duplicate => return Err(Failure::Duplicate),
            StepMade::TooMany => return Err(Failure::Later),
        };
        if step.instances.is_some() {
            let change = StepChange { end: None, instances: step.instances };
            self.opened.ledger.change_step(&step.uid, &change, now()).await.map_err(later)?;
        }
        self.tell(studies).await;
        Ok(())
    }

    async fn change(&self, step: StepSet) -> Result<(), Failure> {
        let change = StepChange { end: step.end, instances: step.instances };
        match self.opened.ledger.change_step(&step.uid, &change, now()).await.map_err(later)? {
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
            self.door.step(study).await;
        }
    }
}

impl Services for Counter {
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

/// The whole face that reception sees: arrivals through the door, N-services at the counter.
pub(super) struct Front {
    pub(super) door: Door,
    pub(super) counter: Counter,
}

impl Sink for Front {
    fn takes(&self) -> bool {
        self.door.takes()
    }

    fn stored<'a>(&'a self, reception: &'a Reception) -> BoxFuture<'a, Result<(), SinkError>> {
        self.door.stored(reception)
    }

    fn released(&self, association: u64, studies: &[String]) {
        self.door.released(association, studies);
    }

    fn refused(&self, caller: RefusedCaller) {
        self.door.refused(caller);
    }

    fn services(&self) -> Option<&dyn Services> {
        Some(&self.counter)
    }
}
