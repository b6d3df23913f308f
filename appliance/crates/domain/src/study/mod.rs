//! When a study is stable, and what a rejection note takes back of it.

mod arriving;
mod config;
mod rejection;
mod stable;
mod steps;
#[cfg(test)]
mod tests;

pub use arriving::Arriving;
pub use config::Config;
pub use rejection::{
    KEY_OBJECT_SELECTION, NOTE_MAX, RejectionNote, Unreadable, read_rejection, rejection_words,
};
pub use stable::StableReason;
pub use steps::{Expected, StepEnd, StepState};
