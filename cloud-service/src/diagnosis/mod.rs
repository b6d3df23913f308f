//! Readers: lease a case, open it in a sandboxed worker, ask a model, store a draft; seal what was released.
//!
//! | file | what |
//! |---|---|
//! | `job` | what a worker is asked and answers |
//! | `worker` | the worker's side: opens one envelope in memory, runs the reference model or hands out its images |
//! | `opening` | the control side: descriptors and keys in, checked plain values out |
//! | `openai` | an OpenAI-compatible vision endpoint |
//! | `reader` | the loop of a machine reader |
//! | `sealer` | released texts sealed to their sites |
//!
//! The control process holds plain content of a case in memory only, for as long as a page or an endpoint needs it.

mod job;
mod openai;
mod opening;
mod reader;
mod sealer;
#[cfg(test)]
mod tests;
mod worker;

use crate::{objects, queue};

pub use openai::{Endpoint, Settings};
pub use opening::{Opened, Opener, program};
pub use reader::{Backend, Reader};
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
    /// The worker ended without an answer.
    #[error("{0}")]
    Worker(String),
    /// The worker looked and cannot do it.
    #[error("{0}")]
    Refused(job::Why),
    /// The worker's answer is not as agreed.
    #[error("the worker's answer is not as agreed")]
    Answer,
    /// The endpoint cannot be reached, or answered that it is busy or broken.
    #[error("the model's endpoint {0}")]
    Endpoint(&'static str),
    /// The endpoint's answer is not the draft it was asked for.
    #[error("the model's answer is not as asked: {0}")]
    Draft(&'static str),
    /// The operating system refused memory or random bytes.
    #[error("the operating system refused {0}")]
    System(&'static str),
}

impl Error {
    /// Whether another attempt may succeed. Without it the case is buried at once, visibly.
    pub fn retry(&self) -> bool {
        match self {
            Self::Refused(why) => why.retry(),
            Self::Keys => false,
            _ => true,
        }
    }
}

/// A fresh unguessable token for a lease.
fn lease_token() -> Result<String, Error> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|_| Error::System("random bytes"))?;
    Ok(hex::encode(bytes))
}
