//! A zygote as its parent sees it: started once, it forks workers until it is given up.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde::de::DeserializeOwned;
use tokio::process::Child;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::Death;
use super::channel::{Async, Bounds, Error, Kind};
use super::forked::{Forked, Reach, Request};
use super::start::{GRACE, Program, start_process};

/// The argument that makes a worker's program a zygote.
pub const ZYGOTE_ARGUMENT: &str = "--zygote";
/// Forks of one zygote: they share the layout of their memory, which whoever breaks one must not learn for long.
const MOST_FORKS: u32 = 200;
const BOUNDS: Bounds = Bounds { bytes: 1024, files: 2 };

/// A running zygote; it ends with this and the last of its workers.
#[derive(Debug)]
pub(super) struct Zygote {
    reach: Reach,
    forks: u32,
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
        let reach = Reach { requests, spoiled: Arc::new(AtomicBool::new(false)) };
        Ok(Self { reach, forks: 0 })
    }

    /// Fork a worker with this channel and this standard error.
    ///
    /// # Errors
    /// [`super::DeathKind::NotStarted`] when the zygote is gone or the system refuses.
    pub(super) async fn fork(&mut self, socket: OwnedFd, stderr: OwnedFd) -> Result<Forked, Death> {
        self.forks += 1;
        let (done, answer) = oneshot::channel();
        let _ = self.reach.requests.send(Request::Fork { socket, stderr, done });
        let pid = answer.await.map_err(|_| self.unusable("it is gone"))?;
        match Forked::new(pid, self.reach.clone()) {
            Some(forked) => Ok(forked),
            None => Err(self.unusable("no handle of its worker was to be had")),
        }
    }

    /// Whether it may fork another worker.
    pub(super) fn is_usable(&self) -> bool {
        self.reach.is_sound() && self.forks < MOST_FORKS
    }

    fn unusable(&self, why: &str) -> Death {
        self.reach.spoil();
        Death::not_started(format!("the zygote could not fork a worker: {why}"))
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
