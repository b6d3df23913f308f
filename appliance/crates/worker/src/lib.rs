//! A worker: one job about one study, then the process ends (`appliance worker`).
//!
//! It loads ONNX Runtime and the sessions of all bundles, locks itself down, says ready, takes one job with its
//! descriptors, names each instance before touching it, answers and exits. It opens nothing by itself.

mod bag;
mod black;
mod jobs;
mod open;
mod packed;
mod pixel_text;
mod prepared;
mod previews;
mod start;
mod survey;
mod text_detector;
mod triage;

use std::fs::File;

use models::{Classifier, Encoder};

use domain::job::{Answer, Failure, Job, MAX_PSEUDONYMS};

pub use start::main;
pub use text_detector::TextDetector;

/// What a worker has loaded before it locked itself down.
pub struct Tools {
    /// What finds text in pixels.
    pub text_detector: TextDetector,
    /// One per classifier bundle, in the order configured.
    pub classifiers: Vec<Classifier>,
    /// One per report bundle, in the order configured.
    pub encoders: Vec<Encoder>,
}

impl std::fmt::Debug for Tools {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tools({} classifiers, {} encoders)", self.classifiers.len(), self.encoders.len())
    }
}

/// Why a job could not be done as a whole. Ours, unless a variant says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Fewer or more descriptors than the job names.
    #[error("the job and its descriptors do not fit each other")]
    Descriptors,
    /// Policy or pseudonym key.
    #[error("de-identification could not begin: {0}")]
    Deid(#[from] deid::Error),
    /// De-identification gives another plan than the one recorded, of this digest: nothing of it may leave unseen.
    #[error("de-identification gave another plan than the one recorded with the disposition")]
    OtherPlan(String),
    /// More pseudonyms than the vault takes of one case: without a way back nothing leaves.
    #[error(
        "the study names more UIDs than the vault takes of one case ({MAX_PSEUDONYMS}); nothing was sealed"
    )]
    TooManyPseudonyms,
    /// The bundle could not run.
    #[error("the bundle could not run")]
    Model(#[from] models::Error),
    /// Nothing to send: the frames could not be read, or no bundle encodes them. The sender's doing.
    #[error("{0}")]
    NoFrames(String),
    /// A removed value was found in the bytes about to be sealed; nothing was sealed.
    #[error("a removed value was found {0} times in the content; nothing was sealed")]
    IdentityFound(usize),
    /// The manifest is outside its bounds.
    #[error("the case manifest is out of bounds: {0}")]
    Manifest(#[from] proto::case::Error),
    /// Keys that cannot be read.
    #[error("the keys could not be read")]
    Keys,
    /// Sealing failed.
    #[error("the case could not be sealed: {0}")]
    Seal(#[from] proto::envelope::Error),
    /// The frame of a frame job. The sender's doing.
    #[error(transparent)]
    Pixels(#[from] pixels::Error),
    /// The instance of a frame job. The sender's doing.
    #[error("the instance cannot be read: {0}")]
    Dicom(#[from] dicom::Error),
    /// The output descriptor failed.
    #[error("the output could not be written: {0:?}")]
    Output(std::io::ErrorKind),
}

impl Error {
    /// Whether the same job may succeed later: only where reading or writing failed.
    pub fn may_retry(&self) -> bool {
        match self {
            Self::Output(_) | Self::Pixels(pixels::Error::Read) => true,
            Self::Seal(error) => error.retry(),
            Self::Dicom(error) => error.may_retry(),
            Self::Deid(error) => error.may_retry(),
            _ => false,
        }
    }
}

/// Does one job. `files`: the bag, then the instances; `touching` is told each instance before it is read.
pub fn work(job: &Job, files: &[File], tools: &mut Tools, touching: &dyn Fn(u32)) -> Answer {
    let last = std::cell::Cell::new(None);
    let note = |index: u32| {
        last.set(Some(index));
        touching(index);
    };
    let answer = match job {
        Job::Triage(job) | Job::Try(job) => {
            jobs::triage::run(job, files, tools, &note).map(|answer| Answer::Triage(Box::new(answer)))
        }
        Job::Seal(job) => jobs::pack::run(job, files, tools, &note).map(Answer::Seal),
        Job::Deid(job) => {
            jobs::deid::run(job, files, tools, &note).map(|answer| Answer::Deid(Box::new(answer)))
        }
        Job::Explain(job) => jobs::explain::run(job, files, &note).map(Answer::Explained),
        Job::Pseudonyms(job) => jobs::restore::look(job, files, &note).map(Answer::Pseudonyms),
        Job::Restore(job) => jobs::restore::run(job, files, &note).map(Answer::Restored),
        Job::Frame(job) => jobs::frame::run(job, files, &note).map(Answer::Frame),
    };
    answer.unwrap_or_else(|error| {
        let (reason, retry) = (error.to_string(), error.may_retry());
        let replanned = if let Error::OtherPlan(digest) = error { Some(digest) } else { None };
        Answer::Failed(Failure { reason, instance: last.get(), retry, replanned })
    })
}

#[cfg(test)]
mod drawn_tests;
#[cfg(test)]
mod sealed_tests;
#[cfg(test)]
mod tests;
