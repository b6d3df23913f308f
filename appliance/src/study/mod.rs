//! When a study is stable: arrivals and a clock in, stable studies out. No disk, no runtime.
//!
//! DICOM has no end-of-study message; every signal here is a guess, and its reason is kept with the revision.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// `[study]` of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Quiet time after the last instance when no other signal came.
    #[serde(with = "proto::units::duration")]
    pub quiet: Duration,
    /// Quiet time after the last association that carried the study was released.
    #[serde(with = "proto::units::duration")]
    pub after_release: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self { quiet: Duration::from_secs(30), after_release: Duration::from_secs(5) }
    }
}

/// Why a study counts as stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StableReason {
    /// Every association that carried it was released.
    Released,
    /// Nothing came for the quiet time.
    Quiet,
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
            Self::Asked => "asked to process now",
            Self::Recovered => "found complete at start-up",
        }
    }
}

#[derive(Debug)]
struct Open {
    last_arrival: i64,
    carriers: BTreeSet<String>,
    released_at: Option<i64>,
    asked: bool,
    recovered: bool,
}

/// Studies that are still arriving. Times are ms since 1970 UTC.
#[derive(Debug)]
pub struct Arriving {
    config: Config,
    open: HashMap<String, Open>,
}

impl Arriving {
    /// Nothing arriving yet.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { config, open: HashMap::new() }
    }

    /// An instance of `study` came over `association`.
    pub fn arrived(&mut self, study: &str, association: &str, now: i64) {
        let entry = self.open.entry(study.to_owned()).or_insert_with(|| Open {
            last_arrival: now,
            carriers: BTreeSet::new(),
            released_at: None,
            asked: false,
            recovered: false,
        });
        entry.last_arrival = entry.last_arrival.max(now);
        entry.carriers.insert(association.to_owned());
        entry.released_at = None;
    }

    /// A study found at start-up: the associations that carried it are gone.
    pub fn recovered(&mut self, study: &str, last_arrival: i64) {
        self.open.insert(
            study.to_owned(),
            Open {
                last_arrival,
                carriers: BTreeSet::new(),
                released_at: None,
                asked: false,
                recovered: true,
            },
        );
    }

    /// An association ended in order. An aborted one is no signal: quiet time decides then.
    pub fn released(&mut self, association: &str, now: i64) {
        for open in self.open.values_mut() {
            if open.carriers.remove(association) && open.carriers.is_empty() {
                open.released_at = Some(now);
            }
        }
    }

    /// An association was lost; its studies wait for quiet time.
    pub fn lost(&mut self, association: &str) {
        for open in self.open.values_mut() {
            open.carriers.remove(association);
        }
    }

    /// A person asked to process a study now.
    pub fn process_now(&mut self, study: &str) {
        if let Some(open) = self.open.get_mut(study) {
            open.asked = true;
        }
    }

    /// Takes out the studies that are stable at `now`, in order of their names.
    pub fn take_stable(&mut self, now: i64) -> Vec<(String, StableReason)> {
        let mut stable: Vec<(String, StableReason)> = self
            .open
            .iter()
            .filter_map(|(name, open)| {
                let (due, reason) = self.due(open);
                (due <= now).then(|| (name.clone(), reason))
            })
            .collect();
        stable.sort_by(|a, b| a.0.cmp(&b.0));
        for (name, _) in &stable {
            self.open.remove(name);
        }
        stable
    }

    /// When [`Self::take_stable`] will next have something, ms.
    #[must_use]
    pub fn next_due(&self) -> Option<i64> {
        self.open.values().map(|o| self.due(o).0).min()
    }

    /// When a study will count as stable and why, for the page's countdown.
    #[must_use]
    pub fn expected(&self, study: &str) -> Option<(i64, StableReason)> {
        self.open.get(study).map(|o| self.due(o))
    }

    fn due(&self, open: &Open) -> (i64, StableReason) {
        let plus = |at: i64, d: Duration| at.saturating_add(i64::try_from(d.as_millis()).unwrap_or(i64::MAX));
        if open.asked {
            return (i64::MIN, StableReason::Asked);
        }
        let quiet = plus(open.last_arrival, self.config.quiet);
        if open.recovered && open.carriers.is_empty() {
            return (quiet.min(plus(open.last_arrival, self.config.after_release)), StableReason::Recovered);
        }
        match open.released_at {
            Some(at) => {
                let released = plus(at, self.config.after_release);
                if released <= quiet {
                    (released, StableReason::Released)
                } else {
                    (quiet, StableReason::Quiet)
                }
            }
            None => (quiet, StableReason::Quiet),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn arriving() -> Arriving {
        Arriving::new(Config { quiet: Duration::from_secs(30), after_release: Duration::from_secs(5) })
    }

    #[test]
    fn release_of_the_last_carrier_closes_after_a_pause() {
        let mut a = arriving();
        a.arrived("s", "1", 0);
        a.arrived("s", "2", 1_000);
        a.released("1", 2_000);
        assert!(a.take_stable(20_000).is_empty(), "association 2 still carries it");
        a.released("2", 20_000);
        assert!(a.take_stable(24_999).is_empty());
        assert_eq!(a.take_stable(25_000), vec![("s".to_owned(), StableReason::Released)]);
        assert!(a.take_stable(i64::MAX).is_empty(), "a study is taken once");
    }

    #[test]
    fn a_lost_association_waits_for_quiet_time() {
        let mut a = arriving();
        a.arrived("s", "1", 0);
        a.lost("1");
        assert!(a.take_stable(29_999).is_empty());
        assert_eq!(a.take_stable(30_000), vec![("s".to_owned(), StableReason::Quiet)]);
    }

    #[test]
    fn a_new_arrival_takes_the_release_back() {
        let mut a = arriving();
        a.arrived("s", "1", 0);
        a.released("1", 0);
        a.arrived("s", "2", 4_000);
        assert!(a.take_stable(5_000).is_empty());
        assert_eq!(a.next_due(), Some(34_000));
    }

    #[test]
    fn a_person_need_not_wait_and_a_recovered_study_closes_by_itself() {
        let mut a = arriving();
        a.arrived("s", "1", 0);
        a.process_now("s");
        assert_eq!(a.take_stable(1), vec![("s".to_owned(), StableReason::Asked)]);
        a.recovered("t", 1_000);
        assert!(a.take_stable(5_999).is_empty());
        assert_eq!(a.take_stable(6_000), vec![("t".to_owned(), StableReason::Recovered)]);
    }
}
