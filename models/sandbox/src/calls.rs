//! The two lists of system calls.

/// Which list of system calls is put in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Calls {
    /// What a worker with a job needs.
    Worker,
    /// The same, and what a zygote needs to fork workers, which lock themselves down further.
    Zygote,
}
