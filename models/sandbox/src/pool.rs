//! Warm workers: so many are always ready, each job gets a fresh one.

use std::os::fd::OwnedFd;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::{Mutex, Semaphore, mpsc, watch};
use tokio::task::JoinHandle;

use super::start::Program;
use super::worker_handle::{Answer, Terms, WorkerHandle};
#[cfg(target_os = "linux")]
use super::zygote::Zygote;
use super::{Death, DeathKind, LockDown, Note};

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A pool of warm workers. Dropping it kills the warm ones; running jobs belong to their futures.
#[derive(Debug)]
pub struct Pool {
    warm: Mutex<mpsc::Receiver<WorkerHandle>>,
    last: watch::Receiver<Start>,
    at_once: Semaphore,
    keeper: JoinHandle<()>,
    program: Program,
}

/// How the last start of a worker went.
#[derive(Debug)]
enum Start {
    NotYet,
    Warm(LockDown),
    Failed(Death),
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl Pool {
    /// Keep `spares` workers warm (at least one) and let `at_once` jobs run at the same time (at least one).
    /// To be called inside a tokio runtime.
    #[must_use]
    pub fn new(program: Program, spares: usize, at_once: usize) -> Self {
        Self::with(Source::Starts, program, spares, at_once)
    }

    /// The same with workers that are forks of a zygote where the system has what that needs (Linux 5.3): they are ready
    /// in milliseconds instead of loading everything anew. The program must understand
    /// [`ZYGOTE_ARGUMENT`](super::ZYGOTE_ARGUMENT).
    #[must_use]
    pub fn forking(program: Program, spares: usize, at_once: usize) -> Self {
        #[cfg(target_os = "linux")]
        let source = if super::forked::can_be_held() { Source::Forks(None) } else { Source::Starts };
        #[cfg(not(target_os = "linux"))]
        let source = Source::Starts;
        Self::with(source, program, spares, at_once)
    }

    fn with(source: Source, program: Program, spares: usize, at_once: usize) -> Self {
        let (send, warm) = mpsc::channel(spares.max(1));
        let (say, last) = watch::channel(Start::NotYet);
        let keeper = tokio::spawn(keep_warm(source, program.clone(), send, say));
        Self { warm: Mutex::new(warm), last, at_once: Semaphore::new(at_once.max(1)), keeper, program }
    }

    /// Wait until a worker is warm; what it has applied to itself.
    ///
    /// # Errors
    /// [`DeathKind::NotStarted`] when the last attempt to start one failed.
    pub async fn ready(&self) -> Result<LockDown, Death> {
        let mut last = self.last.clone();
        let state = last.wait_for(|state| !matches!(state, Start::NotYet)).await.map_err(|_| closed())?;
        match &*state {
            Start::Warm(lock_down) => Ok(lock_down.clone()),
            Start::Failed(death) => Err(death.clone()),
            Start::NotYet => Err(closed()),
        }
    }

    /// Wait until a worker cannot be started; why.
    pub async fn failing(&self) -> Death {
        let mut last = self.last.clone();
        match last.wait_for(|state| matches!(state, Start::Failed(_))).await.as_deref() {
            Ok(Start::Failed(death)) => death.clone(),
            _ => closed(),
        }
    }

    /// Wait until one has started; `false`: the pool has ended, and none ever will.
    pub async fn started(&self) -> bool {
        self.last.clone().wait_for(|state| matches!(state, Start::Warm(_))).await.is_ok()
    }

    /// Give a job to a warm worker and wait for its answer. The time of `terms` begins when the worker gets the job.
    ///
    /// # Errors
    /// How the worker ended without an answer, or [`DeathKind::NotStarted`] when none can be started.
    pub async fn run(
        &self,
        job: &impl Serialize,
        files: Vec<OwnedFd>,
        terms: Terms,
    ) -> Result<Answer, Death> {
        self.run_with(job, files, terms, |_| ()).await
    }

    /// [`Pool::run`], with the notes as they come.
    ///
    /// # Errors
    /// As [`Pool::run`].
    pub async fn run_with(
        &self,
        job: &impl Serialize,
        files: Vec<OwnedFd>,
        terms: Terms,
        on_note: impl FnMut(&Note),
    ) -> Result<Answer, Death> {
        let _place = self.at_once.acquire().await.map_err(|_| closed())?;
        let worker =
            if terms.apart { WorkerHandle::start(&self.program).await? } else { self.take().await? };
        worker.run(job, files, terms, on_note).await
    }

    /// The next warm worker that is still alive, for a job beside the pool's count of those that run at once.
    ///
    /// # Errors
    /// [`DeathKind::NotStarted`] when none can be started.
    pub async fn take(&self) -> Result<WorkerHandle, Death> {
        let mut warm = self.warm.lock().await;
        let mut last = self.last.clone();
        loop {
            tokio::select! {
                biased;
                worker = warm.recv() => {
                    let mut worker = worker.ok_or_else(closed)?;
                    if worker.is_alive() {
                        return Ok(worker);
                    }
                }
                state = last.wait_for(|state| matches!(state, Start::Failed(_))) => {
                    return Err(match state.as_deref() {
                        Ok(Start::Failed(death)) => death.clone(),
                        _ => closed(),
                    });
                }
            }
        }
    }
}

fn closed() -> Death {
    Death { detail: Some("the pool is closed".to_owned()), ..Death::of(DeathKind::NotStarted) }
}

/// Where workers come from.
enum Source {
    /// Each is started by itself.
    Starts,
    /// Each is a fork of the zygote of the moment.
    #[cfg(target_os = "linux")]
    Forks(Option<Zygote>),
}

impl Source {
    async fn next(&mut self, program: &Program) -> Result<WorkerHandle, Death> {
        match self {
            Self::Starts => WorkerHandle::start(program).await,
            #[cfg(target_os = "linux")]
            Self::Forks(kept) => {
                // One that is kept may have ended since: that is no reason to say that no worker can be had.
                if let Some(mut zygote) = kept.take().filter(Zygote::is_usable)
                    && let Ok(worker) = WorkerHandle::fork(program, &mut zygote).await
                {
                    *kept = Some(zygote);
                    return Ok(worker);
                }
                let zygote = Zygote::start(program).await?;
                WorkerHandle::fork(program, kept.insert(zygote)).await
            }
        }
    }
}

async fn keep_warm(
    mut source: Source,
    program: Program,
    warm: mpsc::Sender<WorkerHandle>,
    say: watch::Sender<Start>,
) {
    let mut pause = FIRST_PAUSE;
    // A place is taken before the start, so that no more are warm than asked for.
    while let Ok(place) = warm.reserve().await {
        match source.next(&program).await {
            Ok(worker) => {
                say.send_replace(Start::Warm(worker.lock_down().clone()));
                place.send(worker);
                pause = FIRST_PAUSE;
            }
            Err(death) => {
                // Whoever owns the pool says it, once: here it would be a line for each try.
                say.send_replace(Start::Failed(death));
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_pool_that_has_ended_says_so() {
        let pool = Pool::new(Program::new("/nowhere", ["worker"]), 1, 1);
        pool.keeper.abort();
        assert!(!pool.started().await);
        assert_eq!(pool.failing().await.kind, DeathKind::NotStarted);
    }
}
