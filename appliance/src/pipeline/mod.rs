//! The pipeline: the path of one study from stable to answered, and of one case from decided to sealed.
//!
//! Control side: it parses no data set. A worker gets descriptors and answers plain values, which are checked
//! like the wire. A crash anywhere repeats the work; the ledger's primary keys keep the result single.

mod answer;
mod error;
mod explain;
mod frame;
mod mode;
mod oversee;
mod pack;
mod scheduler;
mod triage;
mod workers;

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use proto::case::TriageMode;
use sandbox::{Death as WorkerDeath, Note, Pool, Terms};

use crate::escalation::Identity;
use domain::job::{Answer, DeidOrder, InstanceRef, Job, Sealed, Secret, memory_of};
use ledger::{InstanceRow, Ledger};
use store::{PendingFile, Store};

pub(crate) use answer::Outcome;
pub(crate) use error::Error;
pub(crate) use frame::FullFrame;
pub(crate) use pack::Packed;
pub(crate) use proto::clock::now;
pub(crate) use scheduler::{Failing, Scheduler};
pub(crate) use triage::Triaged;
pub(crate) use workers::NO_WORKER_WHY;

/// What the site decided about triage and about what may leave.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    /// Triage mode as configured; `settle` is in force only for bundles that a named person accepted.
    pub mode: TriageMode,
    /// A demonstration: `settle` is in force without an acceptance.
    pub demo: bool,
    /// How many studies a physician reads.
    pub oversight: domain::oversight::Config,
    /// `None`: a person decides on every case (`review.mode = "required"`); else the countdown of `"veto"`.
    pub veto: Option<Duration>,
    /// Modalities that go to the cloud although no bundle takes them.
    pub without_model: BTreeSet<String>,
    /// Modalities whose frames travel as the encoder's output.
    pub embed: BTreeSet<String>,
    /// Whether de-identified P10 files travel beside the frames.
    pub with_p10: bool,
}

/// Why the entries of a study could not be handed over.
#[derive(Debug)]
enum Unopened {
    /// This row's file is not in the store any more.
    Missing(String),
    /// The appliance's own fault.
    Store(Error),
}

/// Everything the path of a study needs.
#[derive(Clone)]
pub(crate) struct Pipeline {
    /// The ledger.
    pub ledger: Ledger,
    /// The store.
    pub store: Store,
    /// Warm workers.
    pub pool: Arc<Pool>,
    /// De-identification policy and key.
    pub deid: DeidOrder,
    /// The site's rules.
    pub rules: Arc<Rules>,
    /// Keys of the site and of the readers; `None` before enrolment.
    pub identity: Option<Arc<Identity>>,
    /// Whether the cloud answers, as the courier last heard.
    pub cloud_up: Arc<AtomicBool>,
    /// Whether the last job got no worker.
    pub no_worker: Arc<AtomicBool>,
}

impl std::fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pipeline")
    }
}

/// Longest time of one job on the wall clock.
const JOB_TIME: Duration = Duration::from_secs(120);

impl Pipeline {
    /// Opens the files that instances lie in for a worker, each once, with what it must know about each instance.
    fn hand_over(&self, rows: &[InstanceRow]) -> Result<(Vec<InstanceRef>, Vec<OwnedFd>), Unopened> {
        let inbox = self.store.inbox();
        let mut refs = Vec::with_capacity(rows.len());
        let mut files = Files::default();
        for row in rows {
            let id = row.id.parse().map_err(|_| Unopened::Store(Error::Store))?;
            let entry = inbox.hand_out(id).map_err(|error| match error {
                store::Error::Unknown => Unopened::Missing(row.id.clone()),
                other => Unopened::Store(other.into()),
            })?;
            refs.push(InstanceRef {
                file: Some(files.number(entry.file)?),
                offset: Some(entry.offset),
                transfer_syntax: row.transfer_syntax.clone(),
                sealed: entry.key.map(|key| Sealed {
                    id: row.id.clone(),
                    length: entry.length,
                    key: Secret::new(key.to_string()),
                }),
            });
        }
        Ok((refs, files.opened))
    }

    /// Gives a job about these instances to a worker with `output` to write to and returns its checked answer.
    async fn ask(
        &self,
        job: &Job,
        output: &PendingFile,
        opened: Vec<OwnedFd>,
        rows: &[InstanceRow],
    ) -> Result<Outcome, Error> {
        let (answered, touching) = self.run_job(job, output.file(), opened, rows).await?;
        answer::checked(answered, touching, rows.len(), output.content_length()?)
    }

    /// The same with any file as its output; the answer is not checked yet.
    async fn run_job(
        &self,
        job: &Job,
        output: &File,
        opened: Vec<OwnedFd>,
        rows: &[InstanceRow],
    ) -> Result<(Result<Answer, WorkerDeath>, Option<u32>), Error> {
        let mut files = vec![OwnedFd::from(output.try_clone().map_err(|_| Error::Store)?)];
        files.extend(opened);
        let terms =
            Terms { timeout: JOB_TIME, data_bytes: Some(memory_of(largest(rows))), apart: job.runs_apart() };
        let mut touching = None;
        let answered = self
            .pool
            .run_with(job, files, terms, |note| {
                if let Note::Touching(index) = note {
                    touching = Some(*index);
                }
            })
            .await;
        let nobody = answered.as_ref().err().filter(|d| !d.blames_data()).map(ToString::to_string);
        self.remember_workers(nobody.as_deref()).await?;
        Ok((answered.and_then(|a| a.parse::<Answer>()), touching))
    }
}

/// Files that are open for a job: each once, however many instances lie in it.
#[derive(Default)]
struct Files {
    opened: Vec<OwnedFd>,
    /// Device and number of each: while a file is open no other can have them.
    known: HashMap<(u64, u64), u32>,
}

impl Files {
    /// The number of this file among those opened.
    fn number(&mut self, file: File) -> Result<u32, Unopened> {
        let about = file.metadata().map_err(|_| Unopened::Store(Error::Store))?;
        let next = u32::try_from(self.opened.len()).map_err(|_| Unopened::Store(Error::Store))?;
        let number = *self.known.entry((about.dev(), about.ino())).or_insert(next);
        if number == next {
            self.opened.push(OwnedFd::from(file));
        }
        Ok(number)
    }
}

/// The largest of some instances, in bytes.
fn largest(rows: &[InstanceRow]) -> u64 {
    rows.iter().map(|r| u64::try_from(r.bytes).unwrap_or(0)).max().unwrap_or(0)
}
