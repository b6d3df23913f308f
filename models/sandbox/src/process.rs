//! A worker's process, however it came to be: started by itself, or forked from a zygote.

use std::process::ExitStatus;

use tokio::process::Child;

#[cfg(target_os = "linux")]
use super::forked::Forked;

/// Dropping it kills the process.
#[derive(Debug)]
pub(super) enum Process {
    /// A program that was started for one job.
    Started(Child),
    /// A fork of a zygote, for one job.
    #[cfg(target_os = "linux")]
    Forked(Forked),
}

impl Process {
    /// Its number, while nobody has collected it.
    pub(super) fn id(&self) -> Option<u32> {
        match self {
            Self::Started(child) => child.id(),
            #[cfg(target_os = "linux")]
            Self::Forked(forked) => forked.id(),
        }
    }

    /// Whether it may still be given a job.
    pub(super) fn is_alive(&mut self) -> bool {
        match self {
            Self::Started(child) => matches!(child.try_wait(), Ok(None)),
            #[cfg(target_os = "linux")]
            Self::Forked(forked) => forked.is_alive(),
        }
    }

    /// Its status once it has ended; `None` when the system does not say.
    pub(super) async fn wait(&mut self) -> Option<ExitStatus> {
        match self {
            Self::Started(child) => child.wait().await.ok(),
            #[cfg(target_os = "linux")]
            Self::Forked(forked) => Some(forked.wait().await),
        }
    }

    pub(super) fn start_kill(&mut self) {
        match self {
            Self::Started(child) => drop(child.start_kill()),
            #[cfg(target_os = "linux")]
            Self::Forked(forked) => forked.kill(),
        }
    }

    /// It ended without an answer: nothing that shares its memory's layout is to be used any more.
    pub(super) fn ended_badly(&self) {
        #[cfg(target_os = "linux")]
        if let Self::Forked(forked) = self {
            forked.spoil_zygote();
        }
    }
}
