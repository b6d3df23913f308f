//! What performed procedure steps (PS3.4 annex F) say about when a study is whole.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::config::Config;
use super::stable_reason::{StableReason, after};

/// How a performed procedure step ended (0040,0252).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepEnd {
    /// `COMPLETED`.
    Completed,
    /// `DISCONTINUED`.
    Discontinued,
}

/// State of a performed procedure step (0040,0252), as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepState {
    /// `IN PROGRESS`.
    InProgress,
    /// `COMPLETED`.
    Completed,
    /// `DISCONTINUED`.
    Discontinued,
}

impl StepState {
    /// How it ended; `None`: it goes on.
    #[must_use]
    pub fn end(self) -> Option<StepEnd> {
        match self {
            Self::InProgress => None,
            Self::Completed => Some(StepEnd::Completed),
            Self::Discontinued => Some(StepEnd::Discontinued),
        }
    }
}

impl From<StepEnd> for StepState {
    fn from(end: StepEnd) -> Self {
        match end {
            StepEnd::Completed => Self::Completed,
            StepEnd::Discontinued => Self::Discontinued,
        }
    }
}

/// What the performed steps of one study say. The default says nothing: no step is known.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Expected {
    /// Steps that are in progress.
    pub in_progress: usize,
    /// How the last step ended, and when, ms.
    pub ended: Option<(StepEnd, i64)>,
    /// How many instances the ended steps list.
    pub listed: usize,
    /// What they list that has not come, each by its key in the ledger.
    pub missing: BTreeSet<String>,
    /// A listed instance belongs to no revision yet. Without one the list is old news: what comes late is not on it.
    pub fresh: bool,
}

impl std::fmt::Debug for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Expected")
            .field("in_progress", &self.in_progress)
            .field("missing", &self.missing.len())
            .finish_non_exhaustive()
    }
}

impl Expected {
    pub(super) fn arrived(&mut self, instance: &str) {
        self.fresh |= self.missing.remove(instance);
    }

    pub(super) fn count(&self) -> Option<(usize, usize)> {
        (self.listed > 0).then_some((self.missing.len(), self.listed))
    }

    /// When the study counts as stable by what the steps say; `None` where they decide nothing.
    pub(super) fn due(&self, last_arrival: i64, config: &Config) -> Option<(i64, StableReason)> {
        if self.in_progress > 0 {
            // Longer silence between two series is ordinary work, and a release between them says nothing.
            return Some((after(last_arrival, config.in_progress.max(config.quiet)), StableReason::Quiet));
        }
        let (end, at) = self.ended?;
        let last = last_arrival.max(at);
        match (self.listed > 0 && self.fresh, self.missing.is_empty()) {
            (true, true) => Some((last, Self::reason(end))),
            (true, false) => Some((after(last, config.quiet), StableReason::Short)),
            (false, _) => None,
        }
    }

    fn reason(end: StepEnd) -> StableReason {
        match end {
            StepEnd::Completed => StableReason::Completed,
            StepEnd::Discontinued => StableReason::Discontinued,
        }
    }
}
