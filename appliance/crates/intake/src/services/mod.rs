//! The N-services of reception: performed procedure steps (PS3.4 annex F) and storage commitment (annex J).
//!
//! Their data sets are small and gathered in memory within a bound; our own reader in `dicom` reads them. What they
//! mean is decided by the house, behind [`Services`].

mod desk;
mod steps;
#[cfg(test)]
mod tests;

use futures::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

pub(crate) use desk::{Desk, event_request};
pub(crate) use steps::STEPS_ANSWERED;
pub use steps::{StepCreate, StepSet};

use super::command::Request;
use super::config::IntakeConfig;
use super::status::Status;
use dicom::commitment::{self, ACTION_REQUEST, Report, STORAGE_COMMITMENT, Transaction, WELL_KNOWN_INSTANCE};
use dicom::sop_classes::MODALITY_PERFORMED_PROCEDURE_STEP;
use dicom::transfer_syntaxes::{EXPLICIT_LE, IMPLICIT_LE};

/// Longest data set of an N-service: 20,000 instances of a transaction or a step fit.
pub(crate) const LIMIT: usize = 4 << 20;

pub(crate) const N_EVENT_REPORT_RQ: u16 = 0x0100;
pub(crate) const N_EVENT_REPORT_RSP: u16 = 0x8100;
const N_SET_RQ: u16 = 0x0120;
const N_ACTION_RQ: u16 = 0x0130;
const N_CREATE_RQ: u16 = 0x0140;

/// Which parts of storage commitment are offered; the house says it before reception is bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Commitment {
    /// Scanners may ask us (we are the provider).
    pub provide: bool,
    /// Archives may report to us on associations of their own (we are the user).
    pub user: bool,
}

/// Who sent a request. Identifying.
#[derive(Clone)]
pub struct Asker {
    /// Calling AE title.
    pub calling: String,
    /// Number of the association.
    pub association: u64,
}

/// Why the house does not do what a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// There is one of that UID (0111).
    Duplicate,
    /// There is no such instance (0112).
    NoSuchInstance,
    /// The step has ended and may no longer be updated (0110 with error id A710).
    Final,
    /// The ledger refused or there is no room (0213): try again later.
    Later,
    /// No answer to anything we asked (0110).
    Unknown,
}

/// A report that is to be sent on an association, and who waits to hear whether it was taken.
pub struct Event {
    /// The report.
    pub report: Report,
    /// The status of the peer's response; dropped when the association ends first.
    pub answered: oneshot::Sender<u16>,
}

/// What the house does with the requests of the N-services.
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

/// Whether a class is one of the N-services: nothing is stored over it.
pub(crate) fn is_service(class: &str) -> bool {
    matches!(class, MODALITY_PERFORMED_PROCEDURE_STEP | STORAGE_COMMITMENT)
}

/// The transfer syntax for a class of the N-services; `None` for a class that is none of them. `Some(None)`: the
/// class is offered, and none of the syntaxes; `Some(Err)`: the class is not offered here.
pub(crate) fn choose<'a>(
    class: &str,
    syntaxes: &'a [String],
    config: &IntakeConfig,
) -> Option<Result<Option<&'a str>, ()>> {
    let offered = match class {
        MODALITY_PERFORMED_PROCEDURE_STEP => config.mpps,
        STORAGE_COMMITMENT => config.commitment.provide || config.commitment.user,
        _ => return None,
    };
    if !offered {
        return Some(Err(()));
    }
    let has = |uid: &str| syntaxes.iter().map(String::as_str).find(|s| *s == uid);
    Some(Ok(has(EXPLICIT_LE).or_else(|| has(IMPLICIT_LE))))
}

/// Whether the requestor may be the provider of a class (PS3.7 D.3.3.4): an archive that reports to us.
pub(crate) fn peer_may_provide(class: &str, config: &IntakeConfig) -> bool {
    class == STORAGE_COMMITMENT && config.commitment.user
}

/// Whether this request belongs to a class of the N-services and is one of its operations.
pub(crate) fn takes(request: &Request, class: &str, config: &IntakeConfig) -> bool {
    match (class, request.field) {
        (MODALITY_PERFORMED_PROCEDURE_STEP, N_CREATE_RQ | N_SET_RQ) => config.mpps,
        (STORAGE_COMMITMENT, N_ACTION_RQ) => config.commitment.provide,
        (STORAGE_COMMITMENT, N_EVENT_REPORT_RQ) => config.commitment.user,
        _ => false,
    }
}

/// What is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: Status,
    pub(crate) comment: Option<&'static str>,
    /// Error ID (0000,0903).
    pub(crate) error_id: Option<u16>,
}

impl Answer {
    pub(crate) const SUCCESS: Answer = Answer { status: Status::SUCCESS, comment: None, error_id: None };

    pub(crate) const fn new(status: u16, comment: &'static str) -> Answer {
        Answer { status: Status(status), comment: Some(comment), error_id: None }
    }
}

/// Error ID of PS3.4 F.7.2.2.3: the performed procedure step may no longer be updated.
const NO_LONGER_UPDATED: u16 = 0xA710;

const DUPLICATE: Answer = Answer::new(0x0111, "There is an instance of this UID");
const NO_SUCH_INSTANCE: Answer = Answer::new(0x0112, "There is no instance of this UID");
const FINAL: Answer = Answer {
    error_id: Some(NO_LONGER_UPDATED),
    ..Answer::new(0x0110, "The performed procedure step has ended")
};
const LATER: Answer = Answer::new(0x0213, "Cannot be recorded now; try again later");

impl From<Failure> for Answer {
    fn from(failure: Failure) -> Answer {
        match failure {
            Failure::Duplicate => DUPLICATE,
            Failure::NoSuchInstance => NO_SUCH_INSTANCE,
            Failure::Final => FINAL,
            Failure::Later => LATER,
            Failure::Unknown => Answer::new(0x0110, "No such transaction was asked for"),
        }
    }
}

/// Longer than [`LIMIT`].
pub(crate) const TOO_LONG: Answer = Answer::new(0x0213, "The data set is too long");

/// Carries out a request whose data set is complete.
pub(crate) async fn serve(
    services: &dyn Services,
    who: Asker,
    request: &Request,
    syntax: &str,
    data: &[u8],
) -> Answer {
    let done = match request.field {
        N_CREATE_RQ => match steps::read_create(request, syntax, data) {
            Ok(step) => services.create_step(who, step).await,
            Err(answer) => return answer,
        },
        N_SET_RQ => match steps::read_set(request, syntax, data) {
            Ok(step) => services.set_step(step).await,
            Err(answer) => return answer,
        },
        _ if request.sop_class.as_deref() != Some(STORAGE_COMMITMENT) => {
            return Answer::new(0x0118, "SOP class is not the one of this presentation context");
        }
        _ if request.sop_instance.as_deref() != Some(WELL_KNOWN_INSTANCE) => {
            return Failure::NoSuchInstance.into();
        }
        N_ACTION_RQ if request.kind != Some(ACTION_REQUEST) => {
            return Answer::new(0x0123, "Only action type 1 is offered");
        }
        N_ACTION_RQ => match commitment::decode_request(data, syntax) {
            Ok(transaction) => services.commit(who, transaction).await,
            Err(fault) => return unreadable(fault),
        },
        _ if !matches!(request.kind, Some(1 | 2)) => {
            return Answer::new(0x0113, "Only event types 1 and 2 are known");
        }
        _ => match commitment::decode_report(data, syntax) {
            Ok(report) => services.reported(report).await,
            Err(fault) => return unreadable(fault),
        },
    };
    done.map_or_else(Answer::from, |()| Answer::SUCCESS)
}

fn unreadable(fault: commitment::Fault) -> Answer {
    match fault {
        commitment::Fault::Unreadable => Answer::new(0x0110, "The data set cannot be read"),
        commitment::Fault::Missing => Answer::new(0x0115, "Transaction UID or an instance is missing"),
        commitment::Fault::TooMany => Answer::new(0x0213, "At most 20000 instances in one transaction"),
    }
}
