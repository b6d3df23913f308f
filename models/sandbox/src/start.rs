//! Starting a program and waiting until it says ready; its standard error; how it ended.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::channel::{Async, Bounds, Frame, Kind};
use super::process::Process;
use super::{Death, LockDown};
use models::runtime::{LIBRARY_VARIABLE, TELEMETRY_VARIABLE};

/// How long an exited worker may take to be collected before it is killed.
pub(super) const GRACE: Duration = Duration::from_secs(5);
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

/// A process that has said ready.
pub(super) struct Ready {
    pub(super) child: Child,
    pub(super) channel: Async,
    pub(super) lock_down: LockDown,
    pub(super) stderr: Stderr,
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
pub(super) fn pair() -> std::io::Result<(tokio::net::UnixStream, OwnedFd)> {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    Ok((tokio::net::UnixStream::from_std(ours)?, theirs.into()))
}

/// What a process has applied to itself, once it says that it is ready; `None` when it does not in time.
pub(super) async fn ready(channel: &mut Async, program: &Program) -> Option<LockDown> {
    match timeout(program.start_time, channel.receive(program.bounds)).await {
        Ok(Ok(Frame { kind: Kind::Ready, body, .. })) => serde_json::from_slice(&body).ok(),
        _ => None,
    }
}

/// Collect a worker that is ending (or kill it after a grace) and read its death and what it wrote.
pub(super) async fn end(process: &mut Process, stderr: Stderr) -> (Death, String) {
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
pub(super) struct Stderr {
    kept: Arc<Mutex<Vec<u8>>>,
    task: JoinHandle<()>,
}

impl Stderr {
    pub(super) fn follow(pipe: Option<impl AsyncRead + Unpin + Send + 'static>) -> Self {
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
