//! What every error answers besides its words: whose fault it is and whether to try again.

/// Whose fault an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The system that talks to us sent something wrong.
    Peer,
    /// Our own side: disk, memory, configuration.
    Us,
    /// A system we talk to (a destination, the cloud).
    FarEnd,
}

/// Whether the same call may succeed when tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The answer will not change.
    Never,
    /// At once is fine.
    Now,
    /// After something has changed (space, a restart, a person's help).
    Later,
}
