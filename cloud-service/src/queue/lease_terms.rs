//! The terms of a lease: who may want one, for how long, and how it is given back.

use super::Millis;

/// Bounds of leasing.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long a reader holds a case without renewing, in milliseconds.
    pub lease: Millis,
    /// Attempts of machine readers before the case is buried.
    pub attempts: u32,
    /// A case that waited longer than this is served as STAT, so that nothing sinks.
    pub longest_wait: Millis,
    /// Wait before the next attempt, doubled with each one.
    pub backoff: Millis,
}

/// Who wants a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claimant {
    /// A machine reader.
    Machine,
    /// A signed-in person.
    Person,
}

/// A granted lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The case.
    pub case: i64,
    /// Proof of holding it; unguessable, given by the caller.
    pub token: String,
    /// When it ends unless renewed.
    pub until: Millis,
    /// Which attempt this is, from 1; 0 for a person.
    pub attempt: u32,
}

/// How a holder lets go without a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Released {
    /// The attempt failed; the reason is ours and carries nothing from the case.
    Failed(String),
    /// Not tried (shutting down, or a person returns it with a reason); costs no attempt.
    Returned(String),
    /// Not to be had now, through no fault of the case; costs no attempt.
    Waits {
        /// Words of ours.
        reason: String,
        /// Not offered again before so many milliseconds have passed.
        wait: Millis,
    },
}

impl Limits {
    /// The wait after so many failures in a row, in milliseconds.
    pub(crate) fn wait_after(&self, failures: u32) -> Millis {
        self.backoff.saturating_mul(1 << failures.saturating_sub(1).min(10))
    }

    /// The longest wait there is. One that lasts longer was reckoned by a clock that has been set back since.
    pub(super) fn longest_pause(&self) -> Millis {
        self.wait_after(u32::MAX)
    }
}
