//! The worker's side: lock down, say ready, take one job, answer, exit.

use std::fs::File;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::channel::{Blocking, Bounds, Error, Kind};
use super::{Limits, LockDown, LockDownError, Note, lock_down};

/// The process ended as it should.
pub(crate) const EXIT_ANSWERED: i32 = 0;
/// The channel broke, or the job could not be read.
pub(crate) const EXIT_CHANNEL: i32 = 71;
/// The lock-down failed; no job was taken.
pub(crate) const EXIT_LOCK_DOWN: i32 = 72;

/// One job as it came from the parent.
#[derive(Debug)]
pub struct Job {
    /// JSON.
    pub message: Vec<u8>,
    /// The files handed over, in the parent's order.
    pub files: Vec<File>,
}

impl Job {
    /// The message as a type.
    ///
    /// # Errors
    /// When it is not that type's JSON.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.message)
    }
}

/// For saying something to the parent before the answer.
#[derive(Debug)]
pub struct Notes<'a> {
    channel: &'a Blocking,
}

impl Notes<'_> {
    /// Say which instance is about to be touched, so that a death is blamed on it.
    pub fn touching(&self, index: u32) {
        self.say(&Note::Touching(index));
    }

    /// Say how far the job is.
    pub fn progress(&self, done: u32, total: u32) {
        self.say(&Note::Progress { done, total });
    }

    fn say(&self, note: &Note) {
        // Without a parent there is nobody to answer.
        if send(self.channel, Kind::Note, note).is_err() {
            exit(EXIT_CHANNEL);
        }
    }
}

/// Lock this process down, say ready, take one job from the channel on standard input, answer it and exit.
/// Call it from the main thread, with everything loaded and no other thread running.
/// The process ends with the parent: when the parent dies it is killed, when the channel closes it exits.
pub fn serve<A: Serialize>(limits: &Limits, work: impl FnOnce(Job, &Notes<'_>) -> A) -> ! {
    quiet_panics();
    let Ok(channel) = Blocking::on_stdin() else { exit(EXIT_CHANNEL) };
    #[cfg(target_os = "linux")]
    if rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL)).is_err() {
        exit(EXIT_LOCK_DOWN);
    }
    match lock_down(limits) {
        Ok(applied) => serve_one(&channel, &applied, work),
        Err(error) => refuse(&error),
    }
}

/// Say ready on `channel`, take one job from it, answer it and exit.
pub(crate) fn serve_one<A: Serialize>(
    channel: &Blocking,
    applied: &LockDown,
    work: impl FnOnce(Job, &Notes<'_>) -> A,
) -> ! {
    let result = send(channel, Kind::Ready, applied)
        .and_then(|()| channel.receive(Bounds { bytes: u32::MAX >> 4, files: u16::MAX }))
        .and_then(|frame| match frame.kind {
            Kind::Job => {
                Ok(Job { message: frame.body, files: frame.files.into_iter().map(File::from).collect() })
            }
            _ => Err(Error::Frame("a job was expected")),
        })
        .and_then(|job| send(channel, Kind::Answer, &work(job, &Notes { channel })));
    exit(if result.is_ok() { EXIT_ANSWERED } else { EXIT_CHANNEL })
}

/// Say which step of the lock-down failed, and exit.
pub(crate) fn refuse(error: &LockDownError) -> ! {
    say_on_stderr(&error.to_string());
    exit(EXIT_LOCK_DOWN)
}

pub(crate) fn send(channel: &Blocking, kind: Kind, message: &impl Serialize) -> Result<(), Error> {
    let body = serde_json::to_vec(message).map_err(|_| Error::Frame("the message has no JSON"))?;
    // The parent's own bound decides; this one only keeps the length in its field.
    channel.send(kind, &body, Bounds { bytes: u32::MAX >> 4, files: 0 })
}

/// The standard hook prints the message, which may hold values; ours prints the place in our source only.
pub(crate) fn quiet_panics() {
    std::panic::set_hook(Box::new(|info| {
        if let Some(place) = info.location() {
            say_on_stderr(&format!("the worker stopped at {}:{}", place.file(), place.line()));
        }
    }));
}

fn say_on_stderr(text: &str) {
    use std::io::Write as _;
    // Nothing is left to be done when even this fails.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Leave at once: destructors of the libraries make calls that are no longer allowed.
#[expect(unsafe_code, reason = "the standard library has no exit without exit handlers")]
pub(crate) fn exit(code: i32) -> ! {
    // SAFETY: _exit takes any number and does not return.
    unsafe { libc::_exit(code) }
}
