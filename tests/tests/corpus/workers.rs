//! One file, one locked-down worker, as in the appliance: is it shown, and if not, why.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::time::Duration;

use appliance::job::{Answer, DeidOrder, InstanceRef, Job, TriageAnswer, TriageJob, check_answer};
use models::sandbox::{Pool, Program, Terms};
use tests::cast::binary;

use super::files::Entry;

/// What a job may take beside eight times its file, as in the appliance.
const JOB_BYTES: u64 = 256 << 20;

/// What a worker made of one file.
#[derive(Debug)]
pub enum Seen {
    /// There are pictures for the page.
    Shown,
    /// Nothing to show, with the reason in words.
    NotShown(String),
    /// The worker died: how.
    Died(String),
}

/// A file and what became of it.
#[derive(Debug)]
pub struct Looked {
    /// The file's name.
    pub name: String,
    /// What became of it.
    pub seen: Seen,
    /// From the job to the answer.
    pub took: Duration,
}

/// Gives every file to a worker of its own.
pub fn look(entries: &[Entry]) -> Vec<Looked> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let pool = Pool::new(Program::new(binary("appliance").unwrap(), ["worker"]), 2, 1);
        pool.ready().await.expect("a worker");
        let mut all = Vec::with_capacity(entries.len());
        for entry in entries {
            let begun = std::time::Instant::now();
            let seen = one(&pool, entry).await;
            all.push(Looked { name: entry.name.clone(), seen, took: begun.elapsed() });
        }
        all
    })
}

async fn one(pool: &Pool, entry: &Entry) -> Seen {
    let file = File::open(&entry.path).unwrap();
    let bytes = file.metadata().unwrap().len();
    let bag = tempfile::tempfile().unwrap();
    let files = vec![OwnedFd::from(bag.try_clone().unwrap()), OwnedFd::from(file)];
    let job = Job::Triage(TriageJob {
        instances: vec![InstanceRef { offset: None, transfer_syntax: String::new() }],
        deid: DeidOrder { policy: "strict".to_owned(), key: "07".repeat(32) },
        previews: true,
    });
    let terms = Terms { timeout: Duration::from_secs(120), data_bytes: Some(JOB_BYTES + 8 * bytes) };
    let answer = match pool.run(&job, files, terms).await {
        Ok(answer) => answer.parse::<Answer>().unwrap(),
        Err(death) => return Seen::Died(death.to_string()),
    };
    check_answer(&answer, 1, bag.metadata().unwrap().len()).unwrap();
    match answer {
        Answer::Triage(answer) => said(*answer),
        Answer::Failed(failure) => Seen::NotShown(failure.reason),
        _ => panic!("{}: another kind of answer", entry.name),
    }
}

fn said(answer: TriageAnswer) -> Seen {
    match (answer.previews.len(), answer.unreadable.into_iter().next()) {
        (0, Some((_, why))) => Seen::NotShown(why),
        (0, None) => Seen::NotShown(answer.reason),
        _ => Seen::Shown,
    }
}
