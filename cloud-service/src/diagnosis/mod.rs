//! Readers: lease a case, open it in a sandboxed worker, ask a model, store a draft; seal what was released.
//!
//! | file | what |
//! |---|---|
//! | `job` | what a worker is asked and answers |
//! | `worker` | the worker's side: opens one envelope in memory, runs the reference model or hands out its images |
//! | `opening` | the control side: descriptors and keys in, checked plain values out |
//! | `openai` | an OpenAI-compatible vision endpoint |
//! | `backend` | the models a reader may ask |
//! | `reader` | the loop of a machine reader |
//! | `breaker` | whether a case can be drafted now: no case is leased, and none pays, while the model is away |
//! | `sealer` | released texts sealed to their sites |
//!
//! The control process holds plain content of a case in memory only, for as long as a page or an endpoint needs it.

mod backend;
mod breaker;
mod job;
mod openai;
mod opening;
mod reader;
mod sealer;
#[cfg(test)]
mod tests;
mod worker;

use std::time::Duration;

use sandbox::Death;

use crate::{objects, queue};

pub use backend::{Backend, Made, Model};
pub use breaker::{Breaker, Drafting, Pauses};
pub use openai::{Endpoint, Settings};
pub use opening::{Opened, Opener, program};
pub use reader::Reader;
pub use sealer::Sealer;
pub use worker::{Arguments as WorkerArguments, main as worker_main};

/// Why a case was not opened or drafted. The words are ours: nothing of a case or of an endpoint's answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The queue refused.
    #[error(transparent)]
    Queue(#[from] queue::Error),
    /// The sealed parts cannot be read.
    #[error(transparent)]
    Objects(#[from] objects::Error),
    /// The site's or the reader's keys do not read.
    #[error("the keys of the site or of the reader do not read")]
    Keys,
    /// The worker ended without an answer, or did not start.
    #[error("{0}")]
    Worker(Death),
    /// The worker looked and cannot do it.
    #[error("{0}")]
    Refused(job::Why),
    /// The worker's answer is not as agreed.
    #[error("the worker's answer is not as agreed")]
    Answer,
    /// The endpoint is away, busy or broken, or not set up for us.
    #[error("the model's endpoint {what}")]
    Endpoint {
        /// What it did.
        what: &'static str,
        /// How long it asked to be left alone.
        pause: Option<Duration>,
    },
    /// The endpoint takes questions, but not this one.
    #[error("the model's endpoint refused the question")]
    Question,
    /// The endpoint's answer is not the draft it was asked for.
    #[error("the model's answer is not as asked: {0}")]
    Draft(&'static str),
    /// The operating system refused memory or random bytes.
    #[error("the operating system refused {0}")]
    System(&'static str),
}

/// Who is to blame that a case was not drafted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The model, what leads to it, or this machine: every case would fare alike.
    Service,
    /// This case, perhaps: others may be drafted.
    Case,
    /// This case, for certain: no attempt can succeed.
    Hopeless,
}

impl Error {
    /// Who is to blame.
    pub(crate) fn blame(&self) -> Blame {
        match self {
            Self::Queue(_) | Self::Endpoint { .. } | Self::System(_) => Blame::Service,
            Self::Objects(objects::Error::Missing | objects::Error::TooLarge) => Blame::Case,
            Self::Objects(_) => Blame::Service,
            Self::Worker(death) if !death.blames_data() => Blame::Service,
            Self::Refused(why) if !why.retry() => Blame::Hopeless,
            Self::Keys => Blame::Hopeless,
            Self::Worker(_) | Self::Refused(_) | Self::Answer | Self::Question | Self::Draft(_) => {
                Blame::Case
            }
        }
    }

    /// What a person can do about trouble that is nobody's case.
    fn remedy(&self) -> &'static str {
        match self {
            Self::Endpoint { .. } => {
                "look after the endpoint, and at base_url, model and api_key_file under [diagnosis]; readers go on by themselves"
            }
            Self::Objects(_) => "look after the disk that [objects] names; readers go on by themselves",
            _ => "run `cloud-service check` and mend what it says; readers go on by themselves",
        }
    }

    /// How long an endpoint asked to be left alone.
    fn asked_pause(&self) -> Option<Duration> {
        if let Self::Endpoint { pause, .. } = self { *pause } else { None }
    }
}

/// A fresh unguessable token for a lease.
fn lease_token() -> Result<String, Error> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|_| Error::System("random bytes"))?;
    Ok(hex::encode(bytes))
}
