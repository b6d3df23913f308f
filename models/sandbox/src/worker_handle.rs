//! One worker as its parent sees it: warm, given one job, answered or dead.

use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::channel::{Async, Bounds, Error, Kind};
use super::process::Process;
use super::start::{GRACE, Program, Ready, Stderr, end, pair, ready, start_process};
#[cfg(target_os = "linux")]
use super::zygote::Zygote;
use super::{Death, DeathKind, LockDown, Note};

/// Most notes of a job.
const MOST_NOTES: u32 = 200_000;

/// What one job is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Time on the wall clock.
    pub timeout: Duration,
    /// Bytes of memory above the worker's base, instead of its own limit; at most what the worker allows.
    pub data_bytes: Option<u64>,
    /// The job gets a process that is started for it and shares its memory's layout with no other.
    pub apart: bool,
}

impl Terms {
    /// A job with this time and the worker's own memory limit.
    #[must_use]
    pub fn within(timeout: Duration) -> Self {
        Self { timeout, data_bytes: None, apart: false }
    }
}

/// What a worker answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// JSON, not yet checked.
    pub message: Vec<u8>,
    /// What the worker had applied to itself.
    pub lock_down: LockDown,
    /// From handing over the job to the answer.
    pub elapsed: Duration,
}

impl Answer {
    /// The message as a type.
    ///
    /// # Errors
    /// [`DeathKind::Protocol`] when it is not that type's JSON.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Death> {
        serde_json::from_slice(&self.message).map_err(|_| Death::protocol("the answer is not as agreed"))
    }
}

/// A warm worker: it has loaded everything, is locked down and waits for its one job. Dropping it kills it.
#[derive(Debug)]
pub struct WorkerHandle {
    process: Process,
    channel: Async,
    lock_down: LockDown,
    bounds: Bounds,
    stderr: Stderr,
}

impl WorkerHandle {
    /// Start a worker in a process of its own and wait until it is ready.
    ///
    /// # Errors
    /// [`DeathKind::NotStarted`] with what it wrote.
    pub async fn start(program: &Program) -> Result<Self, Death> {
        let Ready { child, channel, lock_down, stderr } = start_process(program).await?;
        Ok(Self { process: Process::Started(child), channel, lock_down, bounds: program.bounds, stderr })
    }

    /// Have a zygote fork a worker and wait until it is ready.
    ///
    /// # Errors
    /// [`DeathKind::NotStarted`].
    #[cfg(target_os = "linux")]
    pub(super) async fn fork(program: &Program, zygote: &mut Zygote) -> Result<Self, Death> {
        let system =
            |e: std::io::Error| Death::not_started(format!("no worker can be forked ({})", e.kind()));
        let (stream, theirs) = pair().map_err(system)?;
        let (read, write) =
            rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).map_err(|e| system(e.into()))?;
        let read = tokio::net::unix::pipe::Receiver::from_owned_fd(read).map_err(system)?;
        let mut process = Process::Forked(zygote.fork(theirs, write).await?);
        let stderr = Stderr::follow(Some(read));
        let mut channel = Async::new(stream);
        if let Some(lock_down) = ready(&mut channel, program).await {
            return Ok(Self { process, channel, lock_down, bounds: program.bounds, stderr });
        }
        process.ended_badly();
        let death = end(&mut process, stderr).await;
        Err(Death::not_started(death.1.trim().to_owned()))
    }

    /// What it has applied to itself.
    #[must_use]
    pub fn lock_down(&self) -> &LockDown {
        &self.lock_down
    }

    /// Its process number, while it has not been collected.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.process.id()
    }

    /// Whether it still waits.
    pub fn is_alive(&mut self) -> bool {
        self.process.is_alive()
    }

    /// Give it its job and wait for the answer. `files` are handed over in order and closed here.
    ///
    /// # Errors
    /// How it ended without an answer.
    pub async fn run(
        mut self,
        job: &impl Serialize,
        files: Vec<OwnedFd>,
        terms: Terms,
        mut on_note: impl FnMut(&Note),
    ) -> Result<Answer, Death> {
        let began = Instant::now();
        let body = serde_json::to_vec(job).map_err(|_| Death::protocol("the job has no JSON"))?;
        self.raise(terms.data_bytes)?;
        let mut touching = None;
        let talk = async {
            self.channel.send(Kind::Job, &body, &files, self.bounds).await?;
            drop(files);
            let mut notes = 0_u32;
            loop {
                let frame = self.channel.receive(self.bounds).await?;
                match frame.kind {
                    Kind::Answer => return Ok(frame.body),
                    Kind::Note if notes < MOST_NOTES => {
                        notes += 1;
                        let note = serde_json::from_slice(&frame.body)
                            .map_err(|_| Error::Frame("a note is none"))?;
                        if let Note::Touching(index) = note {
                            touching = Some(index);
                        }
                        on_note(&note);
                    }
                    _ => return Err(Error::Frame("an answer was expected")),
                }
            }
        };
        let ended = timeout(terms.timeout, talk).await;
        let elapsed = began.elapsed();
        let mut death = match ended {
            Ok(Ok(message)) => {
                let (lock_down, mut process) = (self.lock_down, self.process);
                // It is on its way out; nobody need wait for that. Dropping the process kills what is left.
                tokio::spawn(async move { timeout(GRACE, process.wait()).await });
                return Ok(Answer { message, lock_down, elapsed });
            }
            // Gone: its status says why.
            Ok(Err(Error::Closed)) => end(&mut self.process, self.stderr).await.0,
            Ok(Err(Error::Frame(what))) => Death::protocol(what),
            Ok(Err(Error::System(kind))) => Death::protocol(&format!("the channel failed ({kind})")),
            Err(_) => Death::of(DeathKind::TimedOut),
        };
        death.touching = touching;
        // For the cases where it may still be running.
        self.process.ended_badly();
        self.process.start_kill();
        let _ = timeout(GRACE, self.process.wait()).await;
        Err(death)
    }

    #[cfg(target_os = "linux")]
    fn raise(&self, data_bytes: Option<u64>) -> Result<(), Death> {
        use rustix::process::{Pid, Resource, Rlimit, prlimit};
        let (Some(bytes), Some(pid)) =
            (data_bytes, self.process.id().and_then(|id| Pid::from_raw(id.cast_signed())))
        else {
            return Ok(());
        };
        // The process is not collected before `child` is dropped, so the number is still its own.
        let current = Some(self.lock_down.data_base.saturating_add(bytes));
        let limit = Rlimit { current, maximum: Some(self.lock_down.data_most) };
        match prlimit(Some(pid), Resource::Data, limit) {
            // Dead already: sending the job will tell how.
            Ok(_) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(_) => Err(Death::protocol("the memory limit of the job is above what the worker allows")),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn raise(&self, _data_bytes: Option<u64>) -> Result<(), Death> {
        Ok(())
    }
}
