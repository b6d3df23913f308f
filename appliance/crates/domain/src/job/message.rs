//! What can be asked of a worker, what it may answer, and the bounds of both.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::deid::{DeidAnswer, DeidJob};
use super::explain::{ExplainJob, Explained};
use super::frame::FrameJob;
use super::pack::{PackAnswer, PackJob};
use super::restore::{RestoreJob, RestoredLine};
use super::triage::{TriageAnswer, TriageJob};
use crate::picture::Preview;

/// Most instances of one study that are handed to a worker in one job.
pub const MAX_INSTANCES: usize = 2_000;

/// Bytes a job may use beside a stated multiple of its largest instance; 64 MiB of them for frames it keeps, 48 MiB for
/// headers.
const JOB_BYTES: u64 = 368 << 20;
/// Multiple of the largest instance that a job may use beside [`JOB_BYTES`]: stored values, grey, levels.
const JOB_FRAMES: u64 = 8;

/// Bytes of memory that a job may use, of whose instances the largest has so many bytes.
#[must_use]
pub fn memory_of(largest: u64) -> u64 {
    JOB_BYTES.saturating_add(largest.saturating_mul(JOB_FRAMES))
}

/// One job: one study, then the worker exits.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Job {
    /// De-identify in memory, decode, run the bundle that takes the study, make previews.
    Triage(TriageJob),
    /// De-identify again, search the bytes, seal; the output becomes the envelope.
    Pack(Box<PackJob>),
    /// De-identify to P10 files, one piece of the output per instance (`appliance deid`).
    Deid(DeidJob),
    /// What de-identification does to every attribute of one instance.
    Explain(ExplainJob),
    /// Which pseudonyms of this site stand in the instances.
    Pseudonyms(RestoreJob),
    /// Put back what the pseudonyms replaced, one piece of the output per instance (`appliance reidentify`).
    Restore(RestoreJob),
    /// Decode one frame of one instance to 16-bit values in the output.
    Frame(FrameJob),
    /// What `appliance try` shows: what de-identification changes and which bundle would run.
    Try(TriageJob),
}

impl Job {
    /// Whether it signs, seals or puts identity back. Its worker then gets a process that was started for it alone and
    /// shares the layout of its memory with no other.
    #[must_use]
    pub fn runs_apart(&self) -> bool {
        match self {
            Self::Pack(_) | Self::Pseudonyms(_) | Self::Restore(_) => true,
            Self::Triage(_) | Self::Try(_) | Self::Deid(_) | Self::Explain(_) | Self::Frame(_) => false,
        }
    }
}

/// What came of a job.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Answer {
    /// To [`Job::Triage`] and [`Job::Try`].
    Triage(Box<TriageAnswer>),
    /// To [`Job::Pack`].
    Pack(PackAnswer),
    /// To [`Job::Deid`].
    Deid(Box<DeidAnswer>),
    /// To [`Job::Explain`].
    Explained(Vec<Explained>),
    /// To [`Job::Pseudonyms`].
    Pseudonyms(BTreeSet<String>),
    /// To [`Job::Restore`].
    Restored(Vec<RestoredLine>),
    /// To [`Job::Frame`].
    Frame(Preview),
    /// The job could not be done; nothing in the output counts.
    Failed(Failure),
}

/// Why a job could not be done.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// In words, without identity.
    pub reason: String,
    /// The instance that was being worked on.
    pub instance: Option<u32>,
    /// The same job may succeed later: the disk was full or failed.
    pub retry: bool,
    /// To a pack job: the digest of the plan that de-identification makes now, where it is not the recorded one.
    #[serde(default)]
    pub replanned: Option<String>,
}
