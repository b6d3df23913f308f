//! Why a study counts as stable.

use std::time::Duration;

/// Why a study counts as stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StableReason {
    /// Every association that carried it was released.
    Released,
    /// Nothing came for the quiet time.
    Quiet,
    /// Every performed step is completed and everything it lists is here.
    Completed,
    /// The last performed step was discontinued and everything it lists is here.
    Discontinued,
    /// Nothing came for the quiet time after the performed steps ended, and not all they list is here.
    Short,
    /// A person asked for it.
    Asked,
    /// Found at start-up with arrivals that belong to no revision.
    Recovered,
}

impl StableReason {
    /// In words, for the timeline.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Released => "association released",
            Self::Quiet => "quiet time over",
            Self::Completed => "performed step completed, all it lists is here",
            Self::Discontinued => "performed step discontinued, all it lists is here",
            Self::Short => "quiet time over; instances that the performed step lists have not come",
            Self::Asked => "asked to process now",
            Self::Recovered => "found complete at start-up",
        }
    }
}

/// `at` and the time `d`, ms.
pub(super) fn after(at: i64, d: Duration) -> i64 {
    at.saturating_add(i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
}
