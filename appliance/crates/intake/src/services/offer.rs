//! Which N-services are offered: by class, by operation, by configuration.

use crate::config::IntakeConfig;
use crate::request::Request;
use dicom::commitment::STORAGE_COMMITMENT;
use dicom::sop_classes::MODALITY_PERFORMED_PROCEDURE_STEP;
use dicom::transfer_syntaxes::{EXPLICIT_LE, IMPLICIT_LE};
use dimse::command::{N_ACTION_RQ, N_CREATE_RQ, N_EVENT_REPORT_RQ, N_SET_RQ};

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
