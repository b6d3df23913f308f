//! Studies that are still arriving, as `status` shows them.

use domain::study::Arriving;
use serde::Serialize;

/// A study that is still arriving, with what ends the wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ArrivingRow {
    /// Local id.
    pub study: String,
    /// When it counts as complete unless something comes, ms.
    pub complete_at: i64,
    /// Why then.
    pub reason: &'static str,
    /// Instances that performed steps list and that have not come, and how many they list.
    pub missing: Option<(usize, usize)>,
}

impl ArrivingRow {
    /// All that are arriving, the next to be complete first.
    pub(crate) fn all(arriving: &Arriving) -> Vec<Self> {
        let mut rows: Vec<Self> = arriving
            .names()
            .filter_map(|study| {
                let (complete_at, reason) = arriving.expected(study)?;
                Some(Self {
                    study: study.to_owned(),
                    complete_at,
                    reason: reason.as_str(),
                    missing: arriving.missing(study),
                })
            })
            .collect();
        rows.sort_by(|a, b| (a.complete_at, &a.study).cmp(&(b.complete_at, &b.study)));
        rows
    }
}
