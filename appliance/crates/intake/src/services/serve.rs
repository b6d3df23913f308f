//! A request of an N-service whose data set is complete: read within bounds, handed on, answered.

use super::answer::Answer;
use super::backend::{Asker, Services};
use super::steps;
use crate::error::Failure;
use crate::request::Request;
use dicom::commitment::{self, ACTION_REQUEST, STORAGE_COMMITMENT, WELL_KNOWN_INSTANCE};
use dimse::command::{N_ACTION_RQ, N_CREATE_RQ, N_SET_RQ};

/// Longest data set of an N-service: 20,000 instances of a transaction or a step fit.
pub(crate) const LIMIT: usize = 4 << 20;

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
