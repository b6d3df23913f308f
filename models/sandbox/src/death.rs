//! How a worker ended without an answer.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// What ended a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeathKind {
    /// By a signal that has no kind of its own here.
    Killed(i32),
    /// It asked for more memory than its limit, or the system ran out.
    OutOfMemory,
    /// The job's time was over, on the wall clock or of the processor.
    TimedOut,
    /// It made a system call that no worker makes.
    Seccomp,
    /// It recursed without end.
    StackOverflow,
    /// It, or the parent, said something that the channel does not allow.
    Protocol,
    /// It ended by itself with this code and without an answer (101 is a panic).
    Exit(i32),
    /// It never became ready; [`Death::detail`] holds what it wrote.
    NotStarted,
}

/// A worker that ended without an answer. Nothing in it comes from the data of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Death {
    /// What ended it.
    pub kind: DeathKind,
    /// The instance it had said it would touch.
    pub touching: Option<u32>,
    /// Number of the forbidden system call, where the limits let it be named.
    pub call: Option<u32>,
    /// For [`DeathKind::NotStarted`] what the worker wrote before it had a job; for [`DeathKind::Protocol`] what was wrong.
    pub detail: Option<String>,
}

impl Death {
    pub(crate) fn of(kind: DeathKind) -> Self {
        Self { kind, touching: None, call: None, detail: None }
    }

    pub(crate) fn not_started(detail: String) -> Self {
        Self { detail: Some(detail), ..Self::of(DeathKind::NotStarted) }
    }

    pub(crate) fn protocol(what: &str) -> Self {
        Self { detail: Some(what.to_owned()), ..Self::of(DeathKind::Protocol) }
    }

    /// Whether the job's data may be to blame: its second such death sets the instance aside.
    /// A worker that never started, or was killed from outside, is the fault of no instance.
    #[must_use]
    pub fn blames_data(&self) -> bool {
        !matches!(self.kind, DeathKind::NotStarted | DeathKind::Killed(9 | 15))
    }

    /// Read the end of a worker from its status and from what the Rust and C++ run-times write in their own fixed words.
    pub(crate) fn read(status: ExitStatus, stderr: &str) -> Self {
        let call =
            stderr.split_once(FORBIDDEN_CALL).and_then(|(_, rest)| rest.lines().next()?.trim().parse().ok());
        let kind = match (status.signal(), status.code()) {
            (Some(libc::SIGSYS), _) => DeathKind::Seccomp,
            (Some(libc::SIGXCPU), _) => DeathKind::TimedOut,
            (Some(libc::SIGABRT | libc::SIGSEGV | libc::SIGBUS), _)
                if stderr.contains("has overflowed its stack") =>
            {
                DeathKind::StackOverflow
            }
            (Some(libc::SIGABRT), _) if OUT_OF_MEMORY.iter().any(|words| stderr.contains(words)) => {
                DeathKind::OutOfMemory
            }
            (Some(signal), _) => DeathKind::Killed(signal),
            (None, code) => DeathKind::Exit(code.unwrap_or(-1)),
        };
        Self { call, ..Self::of(kind) }
    }
}

/// What the worker's own handler writes before the number.
pub(crate) const FORBIDDEN_CALL: &str = "forbidden system call ";
const OUT_OF_MEMORY: [&str; 2] = ["memory allocation of ", "std::bad_alloc"];

impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            DeathKind::Killed(signal) => write!(f, "the worker was ended by signal {signal}")?,
            DeathKind::OutOfMemory => f.write_str("the worker asked for more memory than its limit")?,
            DeathKind::TimedOut => f.write_str("the worker took longer than its limit")?,
            DeathKind::Seccomp => f.write_str("the worker made a forbidden system call")?,
            DeathKind::StackOverflow => f.write_str("the worker recursed without end")?,
            DeathKind::Protocol => f.write_str("the worker broke the protocol")?,
            DeathKind::Exit(code) => write!(f, "the worker ended with code {code} and without an answer")?,
            DeathKind::NotStarted => f.write_str("the worker did not start")?,
        }
        if let Some(call) = self.call {
            write!(f, " (number {call})")?;
        }
        if let Some(index) = self.touching {
            write!(f, ", at instance {index}")?;
        }
        if let Some(detail) = &self.detail {
            write!(f, ": {detail}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Death {}
