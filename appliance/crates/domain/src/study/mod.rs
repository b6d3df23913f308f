//! When a study is stable, and what a rejection note takes back of it.

mod completion;
mod config;
mod rejection;
mod stable_reason;
mod steps;
#[cfg(test)]
mod tests;

pub use completion::Arriving;
pub use config::Config;
pub use rejection::{
    KEY_OBJECT_SELECTION, NOTE_MAX, RejectionNote, Unreadable, read_rejection, rejection_words,
};
pub use stable_reason::StableReason;
pub use steps::{Expected, StepEnd, StepState};
