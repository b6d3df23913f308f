//! How often somebody may fail, by name and by address, so that passwords cannot be tried in bulk.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Failures within the span after which a name or an address must wait.
pub(crate) const FAILURES_MAX: usize = 5;
/// The span, ms.
pub(crate) const SPAN_MS: i64 = 15 * 60_000;
/// Names and addresses remembered at most.
pub(crate) const KEYS_MAX: usize = 4_096;

/// Whose attempts are counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// Passwords for a name.
    Name(String),
    /// Passwords from an address.
    Address(IpAddr),
    /// One-time codes from an address.
    Codes(IpAddr),
}

/// When who failed, ms.
#[derive(Debug, Default)]
pub(crate) struct Attempts(Mutex<HashMap<Key, Vec<i64>>>);

/// An attempt that is under way. It counts as failed unless it is taken back.
#[derive(Debug)]
#[must_use]
pub(crate) struct Attempt<'a> {
    attempts: &'a Attempts,
    keys: Vec<Key>,
    at: i64,
}

fn recent(times: &[i64], now: i64) -> usize {
    times.iter().filter(|t| now.saturating_sub(**t) < SPAN_MS).count()
}

impl Attempts {
    fn all(&self) -> MutexGuard<'_, HashMap<Key, Vec<i64>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts an attempt before it is made, so that many at once gain nothing; `None`: not now.
    pub(crate) fn begin(&self, keys: Vec<Key>, now: i64) -> Option<Attempt<'_>> {
        let mut all = self.all();
        let new = keys.iter().filter(|k| !all.contains_key(*k)).count();
        if new > 0 && all.len() + new > KEYS_MAX {
            all.retain(|_, times| recent(times, now) > 0);
        }
        let new = keys.iter().filter(|k| !all.contains_key(*k)).count();
        // Full of recent failures: whoever does that is not to be helped by forgetting them.
        if new > 0 && all.len() + new > KEYS_MAX {
            return None;
        }
        if keys.iter().any(|k| all.get(k).is_some_and(|times| recent(times, now) >= FAILURES_MAX)) {
            return None;
        }
        for key in &keys {
            let times = all.entry(key.clone()).or_default();
            times.retain(|t| now.saturating_sub(*t) < SPAN_MS);
            times.push(now);
        }
        Some(Attempt { attempts: self, keys, at: now })
    }

    #[cfg(test)]
    pub(crate) fn remembered(&self) -> usize {
        self.all().len()
    }
}

impl Attempt<'_> {
    /// It did not fail. What failed before stays counted.
    pub(crate) fn take_back(self) {
        let mut all = self.attempts.all();
        for key in &self.keys {
            let Some(times) = all.get_mut(key) else { continue };
            if let Some(at) = times.iter().position(|t| *t == self.at) {
                times.remove(at);
            }
            if times.is_empty() {
                all.remove(key);
            }
        }
    }
}
