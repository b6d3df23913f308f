//! What carries the N-services out: what they mean is decided behind this trait.

use futures::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use super::steps::{StepCreate, StepSet};
use crate::error::Failure;
use dicom::commitment::{Report, Transaction};

/// Who sent a request. Identifying.
#[derive(Clone)]
pub struct Asker {
    /// Calling AE title.
    pub calling: String,
    /// Number of the association.
    pub association: u64,
}

/// A report that is to be sent on an association, and who waits to hear whether it was taken.
pub struct Event {
    /// The report.
    pub report: Report,
    /// The status of the peer's response; dropped when the association ends first.
    pub answered: oneshot::Sender<u16>,
}

/// What the appliance does with the requests of the N-services.
pub trait Services: Send + Sync + 'static {
    /// N-CREATE of a performed procedure step. Durable when it returns.
    fn create_step(&self, who: Asker, step: StepCreate) -> BoxFuture<'_, Result<(), Failure>>;
    /// N-SET of a performed procedure step. Durable when it returns.
    fn set_step(&self, step: StepSet) -> BoxFuture<'_, Result<(), Failure>>;
    /// N-ACTION "request storage commitment". Durable when it returns.
    fn commit(&self, who: Asker, transaction: Transaction) -> BoxFuture<'_, Result<(), Failure>>;
    /// An archive's N-EVENT-REPORT. Durable when it returns.
    fn reported(&self, report: Report) -> BoxFuture<'_, Result<(), Failure>>;
    /// Reports to send on this association from now on, while it lasts.
    fn events(&self, association: u64) -> mpsc::Receiver<Event>;
}
