//! A zygote as its parent sees it: started once, it forks workers until it is given up.

use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde::de::DeserializeOwned;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::process::Child;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::channel::{Async, Bounds, Error, Kind};
use super::spawn::{GRACE, start_process};
use super::{Death, Program};

/// The argument that makes a worker's program a zygote.
pub const ZYGOTE_ARGUMENT: &str = "--zygote";
/// Forks of one zygote: they share the layout of their memory, which whoever breaks one must not learn for long.
const MOST_FORKS: u32 = 200;
const BOUNDS: Bounds = Bounds { bytes: 1024, files: 2 };

/// A running zygote; the last of its clones and of its workers ends it.
#[derive(Debug, Clone)]
pub(super) struct Zygote {
    requests: mpsc::UnboundedSender<Request>,
    forks: Arc<AtomicU32>,
    spoiled: Arc<AtomicBool>,
}

#[derive(Debug)]
enum Request {
    Fork { socket: OwnedFd, stderr: OwnedFd, done: oneshot::Sender<i32> },
    Collect { pid: i32, done: Option<oneshot::Sender<i32>> },
}

impl Zygote {
    /// Start one and wait until it has loaded everything.
    ///
    /// # Errors
    /// [`super::DeathKind::NotStarted`] with what it wrote.
    pub(super) async fn start(program: &Program) -> Result<Self, Death> {
        let mut zygote = program.clone();
        zygote.args.push(ZYGOTE_ARGUMENT.into());
        let started = start_process(&zygote).await?;
        let (requests, receive) = mpsc::unbounded_channel();
        tokio::spawn(attend(started.child, started.channel, receive));
        Ok(Self { requests, forks: Arc::new(AtomicU32::new(0)), spoiled: Arc::new(AtomicBool::new(false)) })
    }

    /// Fork a worker with this channel and this standard error.
    ///
    /// # Errors
    /// [`super::DeathKind::NotStarted`] when the zygote is gone or the system refuses.
    pub(super) async fn fork(&self, socket: OwnedFd, stderr: OwnedFd) -> Result<Forked, Death> {
        self.forks.fetch_add(1, Ordering::Relaxed);
        let (done, answer) = oneshot::channel();
        let _ = self.requests.send(Request::Fork { socket, stderr, done });
        let pid = answer.await.map_err(|_| self.unusable("it is gone"))?;
        match Forked::new(pid, self.clone()) {
            Some(forked) => Ok(forked),
            None => Err(self.unusable("no handle of its worker was to be had")),
        }
    }

    /// Whether it may fork another worker.
    pub(super) fn is_usable(&self) -> bool {
        !self.spoiled.load(Ordering::Relaxed)
            && self.forks.load(Ordering::Relaxed) < MOST_FORKS
            && !self.requests.is_closed()
    }

    fn unusable(&self, why: &str) -> Death {
        self.spoil();
        Death::not_started(format!("the zygote could not fork a worker: {why}"))
    }

    fn spoil(&self) {
        self.spoiled.store(true, Ordering::Relaxed);
    }
}

/// Carries requests to the zygote, one at a time; ends with it, and ends it when nobody can send any more.
async fn attend(mut child: Child, mut channel: Async, mut requests: mpsc::UnboundedReceiver<Request>) {
    loop {
        let request = tokio::select! {
            request = requests.recv() => request,
            _ = child.wait() => None,
        };
        let Some(request) = request else { break };
        let carried = match request {
            Request::Fork { socket, stderr, done } => {
                let files = [socket, stderr];
                ask::<Option<i32>>(&mut channel, (Kind::Fork, Kind::Forked), b"null", &files)
                    .await
                    .map(|pid| pid.map(|pid| done.send(pid)).is_some())
            }
            Request::Collect { pid, done } => {
                let body = pid.to_string();
                ask::<Option<i32>>(&mut channel, (Kind::Collect, Kind::Collected), body.as_bytes(), &[])
                    .await
                    .map(|status| status.zip(done).map(|(status, done)| done.send(status)).is_some())
            }
        };
        // A channel that broke, or went out of step, is of no use any more.
        if carried.is_err() {
            break;
        }
    }
    let _ = child.start_kill();
    let _ = timeout(GRACE, child.wait()).await;
}

async fn ask<T: DeserializeOwned>(
    channel: &mut Async,
    (asked, answered): (Kind, Kind),
    body: &[u8],
    files: &[OwnedFd],
) -> Result<T, Error> {
    channel.send(asked, body, files, BOUNDS).await?;
    let frame = channel.receive(BOUNDS).await?;
    let answer = (frame.kind == answered).then(|| serde_json::from_slice(&frame.body).ok()).flatten();
    answer.ok_or(Error::Frame("the zygote's answer is not as agreed"))
}

#[expect(unsafe_code, reason = "tokio has no safe form for a handle of a process")]
fn watch(handle: OwnedFd) -> Option<AsyncFd<OwnedFd>> {
    // SAFETY: the descriptor is open, and is neither replaced nor closed before what is returned here.
    unsafe { AsyncFd::register_with_interest(handle, Interest::READABLE) }.ok()
}

/// A worker that a zygote forked. Dropping it kills it and has it collected.
#[derive(Debug)]
pub(super) struct Forked {
    pid: i32,
    handle: AsyncFd<OwnedFd>,
    zygote: Zygote,
    /// Whether the zygote was asked to collect it: from then on the number may be another's.
    asked: bool,
}

impl Forked {
    /// The zygote collects it only when asked, so the number is still its own here.
    fn new(pid: i32, zygote: Zygote) -> Option<Self> {
        let handle = pidfd_open(Pid::from_raw(pid)?, PidfdFlags::NONBLOCK).ok()?;
        Some(Self { pid, handle: watch(handle)?, zygote, asked: false })
    }

    pub(super) fn id(&self) -> Option<u32> {
        (!self.asked).then(|| self.pid.cast_unsigned())
    }

    /// Whether it has not ended, and nothing has gone wrong that would make its zygote's other workers doubtful.
    pub(super) fn is_alive(&self) -> bool {
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        let mut ended = [PollFd::from_borrowed_fd(self.handle.as_fd(), PollFlags::IN)];
        let zygote = &self.zygote;
        let sound = !zygote.spoiled.load(Ordering::Relaxed) && !zygote.requests.is_closed();
        sound && matches!(poll(&mut ended, Some(&now)), Ok(0))
    }

    pub(super) fn kill(&self) {
        // It may have ended by itself.
        let _ = pidfd_send_signal(self.handle.get_ref(), Signal::KILL);
    }

    /// Its status once it has ended. A zygote that died took its workers along, as by a kill from outside.
    pub(super) async fn wait(&mut self) -> ExitStatus {
        let killed = ExitStatus::from_raw(libc::SIGKILL);
        if self.asked || self.handle.readable().await.is_err() {
            return killed;
        }
        self.asked = true;
        let (done, answer) = oneshot::channel();
        let _ = self.zygote.requests.send(Request::Collect { pid: self.pid, done: Some(done) });
        answer.await.map_or(killed, ExitStatus::from_raw)
    }

    /// Say that it ended as no worker should: its zygote forks no more, and its spares get no job.
    pub(super) fn spoil_zygote(&self) {
        self.zygote.spoil();
    }
}

impl Drop for Forked {
    fn drop(&mut self) {
        if !self.asked {
            self.kill();
            let _ = self.zygote.requests.send(Request::Collect { pid: self.pid, done: None });
        }
    }
}
