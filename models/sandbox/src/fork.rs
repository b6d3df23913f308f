//! The zygote's side: everything is loaded once, then each worker is a fork that locks itself down further and takes one job.
//!
//! A zygote sees no job and no data: a worker's channel passes through it as a descriptor, and is closed here. Forks share
//! the layout of their memory, so the parent gives up a zygote after an abnormal death and after so many forks.

use std::os::fd::OwnedFd;

use rustix::process::{Pid, Signal, WaitOptions, getpid, getppid, set_parent_process_death_signal, waitpid};
use serde::Serialize;

use super::calls::Calls;
use super::channel::{Blocking, Bounds, Kind};
use super::error::LockDownError;
use super::limits::{lock_down_with, set_cpu};
use super::worker::{EXIT_CHANNEL, EXIT_LOCK_DOWN, exit, quiet_panics, refuse, send, serve_one};
use super::{Job, Limits, Notes, seccomp};

/// What a zygote takes from its parent in one frame: a number, or a worker's channel and standard error.
const BOUNDS: Bounds = Bounds { bytes: 64, files: 2 };

/// Lock this process down as a zygote, say ready on standard input, and fork a worker whenever the parent asks for one.
/// Call it from the main thread, with everything loaded and no other thread running.
/// Zygote and workers end with the parent: each is killed when the process that started it dies.
pub fn serve_forks<A: Serialize>(limits: &Limits, mut work: impl FnMut(Job, &Notes<'_>) -> A) -> ! {
    quiet_panics();
    let Ok(channel) = Blocking::on_stdin() else { exit(EXIT_CHANNEL) };
    if set_parent_process_death_signal(Some(Signal::KILL)).is_err() {
        exit(EXIT_LOCK_DOWN);
    }
    let applied = match one_thread().and_then(|()| lock_down_with(limits, Calls::Zygote)) {
        Ok(applied) => applied,
        Err(error) => refuse(&error),
    };
    if send(&channel, Kind::Ready, &applied).is_err() {
        exit(EXIT_CHANNEL);
    }
    let own = getpid();
    loop {
        let Ok(frame) = channel.receive(BOUNDS) else { exit(EXIT_CHANNEL) };
        let said = match frame.kind {
            Kind::Fork => {
                let Ok([socket, stderr]) = <[OwnedFd; 2]>::try_from(frame.files) else { exit(EXIT_CHANNEL) };
                match fork() {
                    Forked::Child => {
                        drop(channel);
                        let socket = set_apart(own, socket, &stderr);
                        drop(stderr);
                        lock_further(limits);
                        serve_one(&Blocking::new(socket), &applied, &mut work)
                    }
                    Forked::Parent(pid) => {
                        send(&channel, Kind::Forked, &pid.map(|pid| pid.as_raw_nonzero().get()))
                    }
                }
            }
            Kind::Collect => send(&channel, Kind::Collected, &collect(&frame.body)),
            _ => exit(EXIT_CHANNEL),
        };
        if said.is_err() {
            exit(EXIT_CHANNEL);
        }
    }
}

enum Forked {
    Child,
    /// Of the child; `None`: the system refused.
    Parent(Option<Pid>),
}

#[expect(unsafe_code, reason = "the standard library has no fork")]
fn fork() -> Forked {
    // SAFETY: this process has one thread (`one_thread`), so the child may do whatever the parent may.
    match unsafe { libc::fork() } {
        0 => Forked::Child,
        pid => Forked::Parent(Pid::from_raw(pid).filter(|_| pid > 0)),
    }
}

/// A fork of a process with several threads holds locks that nobody opens again.
fn one_thread() -> Result<(), LockDownError> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let alone = status.lines().any(|line| line.split_whitespace().eq(["Threads:", "1"]));
    if alone { Ok(()) } else { Err(LockDownError { step: "a single thread" }) }
}

/// Gives the child its own channel and standard error, and lets it die with its zygote.
fn set_apart(zygote: Pid, socket: OwnedFd, stderr: &OwnedFd) -> OwnedFd {
    let put = rustix::stdio::dup2_stdin(&socket).and_then(|()| rustix::stdio::dup2_stderr(stderr));
    let bound = put.and_then(|()| set_parent_process_death_signal(Some(Signal::KILL)));
    // A zygote that died before the signal was asked for will not send it.
    if bound.is_err() || getppid() != Some(zygote) {
        exit(EXIT_LOCK_DOWN);
    }
    socket
}

/// Puts the worker's own limit of processor time and list of system calls in force; the rest is inherited.
fn lock_further(limits: &Limits) {
    let locked = set_cpu(limits).and_then(|()| seccomp::apply(Calls::Worker, limits.explain_calls));
    if let Err(error) = locked {
        refuse(&error);
    }
}

/// The status of a child that has ended; `None` when it is no child of this process.
fn collect(body: &[u8]) -> Option<i32> {
    let pid = serde_json::from_slice(body).ok().and_then(Pid::from_raw);
    let ended = waitpid(Some(pid?), WaitOptions::empty()).ok().flatten();
    ended.map(|(_, status)| status.as_raw())
}
