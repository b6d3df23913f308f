//! One job, from its descriptors to its answer.

use std::fs::File;

use crate::error::Error;
use crate::jobs;
use crate::tools::Tools;
use domain::job::{Answer, Failure, Job};

/// Does one job. `files`: the output, then the instances; `touching` is told each instance before it is read.
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
        Job::Pack(job) => jobs::pack::run(job, files, tools, &note).map(Answer::Pack),
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
