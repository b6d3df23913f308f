//! What requests of the N-services are answered with.

use crate::error::Failure;
use dimse::Status;

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

pub(crate) const DUPLICATE: Answer = Answer::new(0x0111, "There is an instance of this UID");
pub(crate) const NO_SUCH_INSTANCE: Answer = Answer::new(0x0112, "There is no instance of this UID");
pub(crate) const FINAL: Answer = Answer {
    error_id: Some(NO_LONGER_UPDATED),
    ..Answer::new(0x0110, "The performed procedure step has ended")
};
pub(crate) const LATER: Answer = Answer::new(0x0213, "Cannot be recorded now; try again later");

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

/// Longer than what is taken.
pub(crate) const TOO_LONG: Answer = Answer::new(0x0213, "The data set is too long");
