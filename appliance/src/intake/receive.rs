//! One thread per association that scans and stores what arrives, so that disk work never holds up the reactor.
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::element::Found;
use super::prescan::Prescan;
use super::status::Status;
use super::transfer_syntaxes::coding;
use crate::store::{Inbox, Incoming, Reception};

/// Batches on their way to the thread; with the size of a batch this bounds an association's memory.
const QUEUE: usize = 4;

/// What is known of an instance before its data set.
pub(crate) struct Announced {
    pub(crate) sop_class: String,
    pub(crate) sop_instance: String,
    pub(crate) transfer_syntax: String,
    pub(crate) calling: String,
    pub(crate) called: String,
    pub(crate) address: String,
    pub(crate) association: u64,
}

enum Step {
    Begin(Box<Announced>),
    Pieces(Vec<Bytes>),
    Finish(oneshot::Sender<Result<Reception, Status>>),
}

/// The thread is gone, which it never should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gone;

/// The association's end of the thread. Dropping it in mid-object removes the object.
pub(crate) struct Receiver {
    steps: mpsc::Sender<Step>,
}

impl Receiver {
    /// Start the thread.
    pub(crate) fn start(inbox: Inbox) -> Receiver {
        let (steps, queue) = mpsc::channel(QUEUE);
        tokio::task::spawn_blocking(move || run(&inbox, queue));
        Receiver { steps }
    }

    pub(crate) async fn begin(&self, announced: Announced) -> Result<(), Gone> {
        self.steps.send(Step::Begin(Box::new(announced))).await.map_err(|_| Gone)
    }

    /// Waits while the disk is behind: the sender is then slowed down by TCP.
    pub(crate) async fn pieces(&self, pieces: Vec<Bytes>) -> Result<(), Gone> {
        self.steps.send(Step::Pieces(pieces)).await.map_err(|_| Gone)
    }

    /// The data set is complete: durable when this returns `Ok(Ok(_))`.
    pub(crate) async fn finish(&self) -> Result<Result<Reception, Status>, Gone> {
        let (answer, outcome) = oneshot::channel();
        self.steps.send(Step::Finish(answer)).await.map_err(|_| Gone)?;
        outcome.await.map_err(|_| Gone)
    }
}

/// An instance that is arriving, or the reason why the rest of it is only read past.
struct Current {
    announced: Box<Announced>,
    prescan: Prescan,
    incoming: Result<Incoming, Status>,
}

fn run(inbox: &Inbox, mut queue: mpsc::Receiver<Step>) {
    let mut current: Option<Current> = None;
    while let Some(step) = queue.blocking_recv() {
        match step {
            Step::Begin(announced) => current = Some(begin(inbox, announced)),
            Step::Pieces(pieces) => {
                if let Some(current) = &mut current {
                    pieces.iter().for_each(|piece| take(current, piece));
                }
            }
            Step::Finish(answer) => {
                let outcome = current.take().map_or(Err(Status::OUT_OF_RESOURCES), finish);
                // The association may have ended meanwhile: the entry is durable but was never acknowledged,
                // which the next start or the sender's next try settles.
                let _ = answer.send(outcome);
            }
        }
    }
}

fn begin(inbox: &Inbox, announced: Box<Announced>) -> Current {
    let prescan = Prescan::new(coding(&announced.transfer_syntax));
    Current { announced, prescan, incoming: inbox.begin().map_err(|error| refuse(&error)) }
}

fn refuse(error: &crate::store::Error) -> Status {
    tracing::warn!(%error, "an instance could not be stored");
    Status::of(error)
}

fn take(current: &mut Current, piece: &[u8]) {
    let Ok(incoming) = &mut current.incoming else { return };
    current.prescan.feed(piece);
    if let Err(error) = incoming.write(piece) {
        // Dropping the incoming entry removes it at once.
        current.incoming = Err(refuse(&error));
    }
}

fn finish(current: Current) -> Result<Reception, Status> {
    let incoming = current.incoming?;
    let announced = *current.announced;
    let found = current.prescan.finish();
    let pixel_data = found.pixel_data;
    let prescan_ok = found.ok;
    let uids = agree(&announced, found)?;
    let reception = Reception {
        sop_class: announced.sop_class,
        sop_instance_uid: announced.sop_instance,
        study_uid: uids.study,
        series_uid: uids.series,
        modality: uids.modality,
        transfer_syntax: announced.transfer_syntax,
        calling_ae: announced.calling,
        called_ae: announced.called,
        address: announced.address,
        association: announced.association,
        arrived: now(),
        prescan_ok,
        pixel_data,
        ..Reception::default()
    };
    incoming.commit(reception).map(|stored| stored.reception).map_err(|error| refuse(&error))
}

struct Filed {
    study: String,
    series: String,
    modality: String,
}

/// Command and data set must name the same instance, and the data set must say where it belongs.
fn agree(announced: &Announced, found: Found) -> Result<Filed, Status> {
    let differs = |found: &Option<String>, said: &str| found.as_deref().is_some_and(|found| found != said);
    if differs(&found.sop_class, &announced.sop_class)
        || differs(&found.sop_instance, &announced.sop_instance)
    {
        return Err(Status::MISMATCH);
    }
    match (found.study, found.series, found.sop_instance) {
        (Some(study), Some(series), Some(_)) => {
            Ok(Filed { study, series, modality: found.modality.unwrap_or_default() })
        }
        _ => Err(Status::CANNOT_UNDERSTAND),
    }
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
