//! `[oversight]`: how many studies a physician reads, and what reads must show.

use serde::{Deserialize, Serialize};

/// `[oversight]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Share of `no-flag` studies that a physician reads, sampled at random; at least one of each day.
    pub share: f64,
    /// Share of all studies that a bundle took, whatever was answered: for a local set before a bundle is accepted.
    pub trial: f64,
    /// Largest share of `no-flag` studies that may hide a finding; when reads show more, `no-flag` is withdrawn.
    pub hidden_most: f64,
    /// Largest share of studies with a finding that may be given `no-flag`, as the local set must show it.
    pub alpha: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self { share: 0.05, trial: 0.0, hidden_most: 0.02, alpha: 0.01 }
    }
}

impl Config {
    /// What is wrong with the values, as key, what is wrong, what to write.
    #[must_use]
    pub fn faults(&self) -> Vec<(&'static str, &'static str, &'static str)> {
        let mut faults = Vec::new();
        if !(0.01..=1.0).contains(&self.share) {
            faults.push((
                "share",
                "leaves the studies given no-flag unread",
                "write 0.01 to 1, such as 0.05",
            ));
        }
        if !(0.0..=1.0).contains(&self.trial) {
            faults.push(("trial", "is no share", "write 0 to 1"));
        }
        if !(0.001..=0.2).contains(&self.hidden_most) {
            faults.push((
                "hidden_most",
                "is no limit that reads could show",
                "write 0.001 to 0.2, such as 0.02",
            ));
        }
        if !(0.001..=0.05).contains(&self.alpha) {
            faults.push(("alpha", "is no limit that reads could show", "write 0.001 to 0.05, such as 0.01"));
        }
        faults
    }
}
