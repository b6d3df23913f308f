//! One file, one locked-down worker, as in the appliance: is it shown, and if not, why.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use deid::Profile;
use domain::job::{Answer, DeidOrder, InstanceRef, Job, Secret, TriageAnswer, TriageJob, check_answer};
use sandbox::{Pool, Program, Terms};

use super::command::binary;
use crate::{Error, Result};

/// What a job may take beside eight times its file, as in the appliance.
const JOB_BYTES: u64 = 256 << 20;
/// Longest time of one job, as in the appliance.
const JOB_TIME: Duration = Duration::from_secs(120);

/// What a worker made of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// There are pictures for the page.
    Shown,
    /// Nothing to show, with the reason in words.
    NotShown(String),
    /// The worker died: how.
    Died(String),
}

/// A file and what became of it.
#[derive(Debug, Clone)]
pub struct Looked {
    /// The file.
    pub path: PathBuf,
    /// What became of it.
    pub seen: Seen,
    /// From the job to the answer.
    pub took: Duration,
}

/// Gives every file to a worker of its own.
///
/// # Errors
/// When no worker starts, a file cannot be opened, or an answer breaks its bounds.
pub fn look(paths: &[PathBuf]) -> Result<Vec<Looked>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Error::io("a runtime"))?;
    runtime.block_on(async {
        let pool = Pool::new(Program::new(binary("appliance")?, ["worker"]), 2, 1);
        pool.ready().await.map_err(|death| Error::other(death.to_string()))?;
        let mut all = Vec::with_capacity(paths.len());
        for path in paths {
            let begun = Instant::now();
            let seen = one(&pool, path).await?;
            all.push(Looked { path: path.clone(), seen, took: begun.elapsed() });
        }
        Ok(all)
    })
}

async fn one(pool: &Pool, path: &Path) -> Result<Seen> {
    let file = File::open(path).map_err(Error::io(path.display().to_string()))?;
    let bytes = file.metadata().map_err(Error::io("a file"))?.len();
    let output = tempfile::tempfile().map_err(Error::io("a worker's output"))?;
    let files =
        vec![OwnedFd::from(output.try_clone().map_err(Error::io("a worker's output"))?), OwnedFd::from(file)];
    let job = Job::Triage(TriageJob {
        instances: vec![InstanceRef::p10()],
        deid: DeidOrder::new(Profile::named("strict"), Secret::new("07".repeat(32))),
        previews: true,
        output: None,
    });
    let terms = Terms { timeout: JOB_TIME, data_bytes: Some(JOB_BYTES + 8 * bytes), apart: false };
    let answer = match pool.run(&job, files, terms).await.and_then(|answer| answer.parse::<Answer>()) {
        Ok(answer) => answer,
        Err(death) => return Ok(Seen::Died(death.to_string())),
    };
    let length = output.metadata().map_err(Error::io("a worker's output"))?.len();
    check_answer(&answer, 1, length).map_err(|fault| Error::other(fault.to_string()))?;
    match answer {
        Answer::Triage(answer) => Ok(said(*answer)),
        Answer::Failed(failure) => Ok(Seen::NotShown(failure.reason)),
        _ => Err(Error::other("the worker answered another job")),
    }
}

fn said(answer: TriageAnswer) -> Seen {
    match (answer.verdict.previews.len(), answer.unreadable.into_iter().next()) {
        (0, Some((_, why))) => Seen::NotShown(why),
        (0, None) => Seen::NotShown(answer.verdict.reason),
        _ => Seen::Shown,
    }
}
