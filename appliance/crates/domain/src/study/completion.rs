//! Studies that are still arriving: arrivals and a clock in, stable studies out. No disk, no runtime.
//!
//! DICOM has no end-of-study message; every signal here is a guess, and its reason is kept with the revision.

use std::collections::{BTreeSet, HashMap};

use super::config::Config;
use super::stable_reason::{StableReason, after};
use super::steps::Expected;

#[derive(Debug, Default)]
struct Open {
    last_arrival: i64,
    carriers: BTreeSet<String>,
    released_at: Option<i64>,
    asked: bool,
    recovered: bool,
    expected: Expected,
    /// Was taken as stable for this reason, and its revision could not be made.
    stable: Option<StableReason>,
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

    /// Whether a study is arriving.
    #[must_use]
    pub fn knows(&self, study: &str) -> bool {
        self.open.contains_key(study)
    }

    /// `instance` (SOP Instance UID) of `study` came over `association`.
    pub fn arrived(&mut self, study: &str, association: &str, instance: &str, now: i64) {
        let entry = self
            .open
            .entry(study.to_owned())
            .or_insert_with(|| Open { last_arrival: now, ..Open::default() });
        entry.last_arrival = entry.last_arrival.max(now);
        entry.carriers.insert(association.to_owned());
        entry.released_at = None;
        entry.stable = None;
        entry.expected.arrived(instance);
    }

    /// What performed procedure steps say of a study, with all arrivals counted that were told before. A study that
    /// is not arriving is left alone: it is asked for again with its next arrival.
    pub fn expect(&mut self, study: &str, expected: Expected) {
        if let Some(open) = self.open.get_mut(study) {
            open.expected = expected;
        }
    }

    /// Instances that performed steps list and that have not come, and how many they list; `None` without a list.
    #[must_use]
    pub fn missing(&self, study: &str) -> Option<(usize, usize)> {
        self.open.get(study).and_then(|o| o.expected.count())
    }

    /// Names of all studies that are arriving, in no order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.open.keys().map(String::as_str)
    }

    /// A study found at start-up: the associations that carried it are gone.
    pub fn recovered(&mut self, study: &str, last_arrival: i64) {
        self.open.insert(study.to_owned(), Open { last_arrival, recovered: true, ..Open::default() });
    }

    /// An association ended in order. One that was aborted or lost is no signal: quiet time decides then.
    pub fn released(&mut self, association: &str, now: i64) {
        for open in self.open.values_mut() {
            if open.carriers.remove(association) && open.carriers.is_empty() {
                open.released_at = Some(now);
            }
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

    /// Gives a study back that was taken as stable and could not be made a revision: it is stable still, unless more of
    /// it has arrived meanwhile.
    pub fn give_back(&mut self, study: &str, reason: StableReason, now: i64) {
        self.open.entry(study.to_owned()).or_insert_with(|| Open {
            last_arrival: now,
            stable: Some(reason),
            ..Open::default()
        });
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
        if let Some(reason) = open.stable {
            return (i64::MIN, reason);
        }
        if open.asked {
            return (i64::MIN, StableReason::Asked);
        }
        let quiet = after(open.last_arrival, self.config.quiet);
        if let Some(due) = open.expected.due(open.last_arrival, &self.config) {
            return due;
        }
        if open.recovered && open.carriers.is_empty() {
            return (quiet.min(after(open.last_arrival, self.config.after_release)), StableReason::Recovered);
        }
        match open.released_at {
            Some(at) => {
                let released = after(at, self.config.after_release);
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
