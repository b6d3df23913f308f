//! What can go wrong while a worker locks itself down.

/// Which step of the lock-down failed; the process must not take a job then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the worker could not lock itself down: {step} failed")]
pub struct LockDownError {
    /// The step.
    pub step: &'static str,
}
