//! One worker process as its parent sees it: started, warm, given one job, answered or dead.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::channel::{Async, Bounds, Error, Frame, Kind};
use super::process::Process;
#[cfg(target_os = "linux")]
use super::zygote::Zygote;
use super::{Death, DeathKind, LockDown, Note};
use models::runtime::{LIBRARY_VARIABLE, TELEMETRY_VARIABLE};

/// How long an exited worker may take to be collected before it is killed.
pub(super) const GRACE: Duration = Duration::from_secs(5);
/// Most notes of a job.
const MOST_NOTES: u32 = 200_000;
const STDERR_KEPT: usize = 8 * 1024;

/// How workers are started.
#[derive(Debug, Clone)]
pub struct Program {
    /// The executable, usually `std::env::current_exe()`.
    pub path: PathBuf,
    /// Its arguments, such as `worker`.
    pub args: Vec<OsString>,
    /// ONNX Runtime's library as found by [`models::runtime::find`]; `None` when the workers need none.
    pub library: Option<PathBuf>,
    /// How long it may take to load and lock down.
    pub start_time: Duration,
    /// What is taken from a worker and given to it.
    pub bounds: Bounds,
}

impl Program {
    /// A program with 30 seconds to start and the usual bounds.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        Self {
            path: path.into(),
            args: args.into_iter().map(Into::into).collect(),
            library: None,
            start_time: Duration::from_secs(30),
            bounds: Bounds::default(),
        }
    }
}

/// What one job is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Time on the wall clock.
    pub timeout: Duration,
    /// Bytes of memory above the worker's base, instead of its own limit; at most what the worker allows.
    pub data_bytes: Option<u64>,
}

impl Terms {
    /// A job with this time and the worker's own memory limit.
    #[must_use]
    pub fn within(timeout: Duration) -> Self {
        Self { timeout, data_bytes: None }
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

/// A process that has said ready.
pub(super) struct Ready {
    pub(super) child: Child,
    pub(super) channel: Async,
    pub(super) lock_down: LockDown,
    stderr: Stderr,
}

/// Start a program with an empty environment (but for ONNX Runtime's two variables and `LANG=C`) and wait until it says
/// ready.
pub(super) async fn start_process(program: &Program) -> Result<Ready, Death> {
    let system = |e: std::io::Error| {
        Death::not_started(format!("{} cannot be started ({})", program.path.display(), e.kind()))
    };
    let (stream, theirs) = pair().map_err(system)?;
    let mut child = spawn(program, theirs).await.map_err(system)?;
    let stderr = Stderr::follow(child.stderr.take());
    let mut channel = Async::new(stream);
    if let Some(lock_down) = ready(&mut channel, program).await {
        return Ok(Ready { child, channel, lock_down, stderr });
    }
    let death = end(&mut Process::Started(child), stderr).await;
    Err(Death::not_started(death.1.trim().to_owned()))
}

/// A connected pair: ours, and the one for the other process.
fn pair() -> std::io::Result<(tokio::net::UnixStream, OwnedFd)> {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    Ok((tokio::net::UnixStream::from_std(ours)?, theirs.into()))
}

/// What a process has applied to itself, once it says that it is ready; `None` when it does not in time.
async fn ready(channel: &mut Async, program: &Program) -> Option<LockDown> {
    match timeout(program.start_time, channel.receive(program.bounds)).await {
        Ok(Ok(Frame { kind: Kind::Ready, body, .. })) => serde_json::from_slice(&body).ok(),
        _ => None,
    }
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
    pub(super) async fn fork(program: &Program, zygote: &Zygote) -> Result<Self, Death> {
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

/// Collect a worker that is ending (or kill it after a grace) and read its death and what it wrote.
async fn end(process: &mut Process, stderr: Stderr) -> (Death, String) {
    let status = match timeout(GRACE, process.wait()).await {
        Ok(status) => status,
        Err(_) => {
            process.start_kill();
            process.wait().await;
            None
        }
    };
    let text = stderr.finish().await;
    match status {
        Some(status) => (Death::read(status, &text), text),
        None => (Death::protocol("the worker closed its channel and went on"), text),
    }
}

/// The last part of what a worker writes; it is searched for fixed words and never logged.
#[derive(Debug)]
struct Stderr {
    kept: Arc<Mutex<Vec<u8>>>,
    task: JoinHandle<()>,
}

impl Stderr {
    fn follow(pipe: Option<impl AsyncRead + Unpin + Send + 'static>) -> Self {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let task = tokio::spawn(keep(pipe, Arc::clone(&kept)));
        Self { kept, task }
    }

    async fn finish(self) -> String {
        // The pipe ends with the process; the time is for a descendant that should not exist.
        let _ = timeout(GRACE, self.task).await;
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&kept).into_owned()
    }
}

async fn keep(pipe: Option<impl AsyncRead + Unpin>, kept: Arc<Mutex<Vec<u8>>>) {
    let Some(mut pipe) = pipe else { return };
    let mut piece = vec![0; 1024];
    while let Ok(got) = pipe.read(&mut piece).await {
        if got == 0 {
            return;
        }
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(piece.iter().take(got));
        let over = kept.len().saturating_sub(STDERR_KEPT);
        kept.drain(..over);
    }
}

type Started = std::io::Result<Child>;
type Start = (Command, tokio::runtime::Handle, oneshot::Sender<Started>);

/// Start the process on a thread that lives as long as this process does: a worker asks to be killed when its parent
/// dies, and for that the kernel means the thread that started it.
async fn spawn(program: &Program, socket: OwnedFd) -> Started {
    static STARTER: OnceLock<mpsc::Sender<Start>> = OnceLock::new();
    let starter = STARTER.get_or_init(|| {
        let (send, receive) = mpsc::channel::<Start>();
        std::thread::spawn(move || {
            for (mut command, runtime, done) in receive {
                let _inside = runtime.enter();
                // Nobody waiting any more: the child is dropped and so killed.
                let _ = done.send(command.spawn());
            }
        });
        send
    });
    let mut command = Command::new(&program.path);
    command.args(&program.args).env_clear().env(TELEMETRY_VARIABLE, "1").env("LANG", "C");
    if let Some(library) = &program.library {
        command.env(LIBRARY_VARIABLE, library);
    }
    command.stdin(Stdio::from(socket)).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let (done, wait) = oneshot::channel();
    let gone = || std::io::Error::from(std::io::ErrorKind::BrokenPipe);
    starter.send((command, tokio::runtime::Handle::current(), done)).map_err(|_| gone())?;
    wait.await.map_err(|_| gone())?
}
