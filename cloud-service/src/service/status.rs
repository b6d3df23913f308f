//! The one table from our errors to gRPC: whose fault, whether to retry, and our words only.

use tonic::{Code, Status};

use crate::{objects, queue};

/// An error of the queue.
pub(super) fn queue(e: queue::Error) -> Status {
    use queue::Error as E;
    let code = match &e {
        E::Busy | E::Database { .. } | E::Closed => Code::Unavailable,
        E::Full => Code::ResourceExhausted,
        E::Open(_) | E::Row(_) => Code::Internal,
        E::UnknownSite | E::RevokedSite => Code::PermissionDenied,
        E::BadToken | E::BadLogin => Code::Unauthenticated,
        E::Taken => Code::AlreadyExists,
        E::Missing(_) => Code::NotFound,
        E::WrongState { .. } | E::LeaseLost | E::PartsMissing(_) => Code::FailedPrecondition,
        // Aborted: the client drops this envelope; a retry of the same bytes never helps.
        E::Superseded => Code::Aborted,
        E::PartDiffers(_) | E::HeaderDiffers | E::Rule(_) => Code::InvalidArgument,
    };
    if e.fault() == queue::Fault::Us {
        tracing::error!(error = %e, "the queue refused a call");
    }
    Status::new(code, e.to_string())
}

/// An error of the object store.
pub(super) fn objects(e: objects::Error) -> Status {
    tracing::error!(error = %e, "the object store refused a call");
    let code = match e {
        objects::Error::Full => Code::ResourceExhausted,
        objects::Error::Missing => Code::DataLoss,
        _ if e.retry() => Code::Unavailable,
        _ => Code::Internal,
    };
    Status::new(code, e.to_string())
}

/// An envelope that is refused before anything of it is stored.
pub(super) fn envelope(e: proto::envelope::Error) -> Status {
    use proto::envelope::Error as E;
    let code = match e {
        E::TooLarge => Code::OutOfRange,
        E::Unsigned => Code::PermissionDenied,
        E::Recipient => Code::FailedPrecondition,
        E::Io | E::NoEntropy => Code::Unavailable,
        E::Malformed | E::Damaged | E::Content => Code::InvalidArgument,
    };
    Status::new(code, e.to_string())
}

/// A message that does not read.
pub(super) fn message(_: impl std::error::Error) -> Status {
    Status::invalid_argument("an id, digest or key is not as agreed")
}

/// A certificate that could not be issued.
pub(super) fn pki(e: proto::pki::Error) -> Status {
    match e {
        proto::pki::Error::Malformed | proto::pki::Error::NoSite => Status::invalid_argument(e.to_string()),
        _ => Status::internal(e.to_string()),
    }
}

pub(super) fn wire_version() -> Status {
    Status::failed_precondition(format!(
        "this service speaks version {} of the contract",
        proto::WIRE_VERSION
    ))
}

pub(super) fn site_without_keys() -> Status {
    Status::internal("the site's keys do not read; enrol it again")
}

pub(super) fn of_another_site() -> Status {
    Status::permission_denied("the envelope is of another site")
}

pub(super) fn not_a_case() -> Status {
    Status::invalid_argument("only cases are taken here")
}

/// Sealed to a key that no reader has: the site asks for the readers' keys again and packs anew.
pub(super) fn unknown_reader() -> Status {
    Status::failed_precondition("sealed to a key that no reader here has; say hello again")
}

pub(super) fn whole_digest_differs() -> Status {
    Status::invalid_argument("the whole envelope differs from its announced digest")
}

pub(super) fn no_parts() -> Status {
    Status::invalid_argument("no part came")
}

pub(super) fn one_envelope_a_stream() -> Status {
    Status::invalid_argument("a stream carries the parts of one envelope")
}
