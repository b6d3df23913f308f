//! A worker that a zygote forked: held by a handle of its process, collected by the zygote when asked.

use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, getpid, pidfd_open, pidfd_send_signal};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::{mpsc, oneshot};

/// What a zygote is asked for.
#[derive(Debug)]
pub(super) enum Request {
    Fork { socket: OwnedFd, stderr: OwnedFd, done: oneshot::Sender<i32> },
    Collect { pid: i32, done: Option<oneshot::Sender<i32>> },
}

/// How a zygote is reached by whoever holds one of its workers; the last of these ends it.
#[derive(Debug, Clone)]
pub(super) struct Reach {
    pub(super) requests: mpsc::UnboundedSender<Request>,
    /// Something went wrong that makes all of its workers doubtful.
    pub(super) spoiled: Arc<AtomicBool>,
}

impl Reach {
    pub(super) fn spoil(&self) {
        self.spoiled.store(true, Ordering::Relaxed);
    }

    /// Whether its workers may be given jobs.
    pub(super) fn is_sound(&self) -> bool {
        !self.spoiled.load(Ordering::Relaxed) && !self.requests.is_closed()
    }
}

/// Whether this system gives handles of processes: older kernels and some containers do not.
pub(super) fn can_be_held() -> bool {
    pidfd_open(getpid(), PidfdFlags::empty()).is_ok()
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
    zygote: Reach,
    /// Whether the zygote was asked to collect it: from then on the number may be another's.
    asked: bool,
}

impl Forked {
    /// The zygote collects it only when asked, so the number is still its own here.
    pub(super) fn new(pid: i32, zygote: Reach) -> Option<Self> {
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
        self.zygote.is_sound() && matches!(poll(&mut ended, Some(&now)), Ok(0))
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
