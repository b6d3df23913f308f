//! The sandbox of the workers of both products: lock-down, the channel to the parent, and the parent's warm pool.
//!
//! Worker side: load everything, then [`serve`]; it locks the process down, says `ready`, takes one job and exits. Or
//! [`serve_forks`]: the process is a zygote, and each worker is a fork of it that locks itself down further.
//! Parent side: [`Pool`]; every job gets a fresh process, and a process that dies says why as a [`Death`].

mod calls;
pub mod channel;
mod death;
mod error;
#[cfg(target_os = "linux")]
mod fork;
#[cfg(target_os = "linux")]
mod forked;
mod limits;
mod pool;
mod process;
#[cfg(target_os = "linux")]
mod seccomp;
mod start;
mod worker;
mod worker_handle;
#[cfg(target_os = "linux")]
mod zygote;

pub use death::{Death, DeathKind};
pub use error::LockDownError;
#[cfg(target_os = "linux")]
pub use fork::serve_forks;
pub use limits::{Landlock, Limits, LockDown, lock_down};
pub use pool::Pool;
pub use start::Program;
pub use worker::{Job, Notes, serve};
pub use worker_handle::{Answer, Terms, WorkerHandle};
#[cfg(target_os = "linux")]
pub use zygote::ZYGOTE_ARGUMENT;

use serde::{Deserialize, Serialize};

/// What a worker says between `ready` and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Note {
    /// The instance (its place in the job) that is about to be touched; a death is blamed on it.
    Touching(u32),
    /// So many of so many steps are done.
    Progress {
        /// Done.
        done: u32,
        /// Of all.
        total: u32,
    },
}
