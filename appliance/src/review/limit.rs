//! A limit on failed sign-ins by name and by address, so that passwords cannot be tried in bulk.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Failures of one name within the span after which it must wait.
const NAME_MAX: usize = 8;
/// Failures of one address within the span after which it must wait.
const ADDRESS_MAX: usize = 40;
/// The span, ms.
const SPAN_MS: i64 = 15 * 60_000;
/// Names and addresses remembered at most.
const KEYS_MAX: usize = 4_096;

/// Whose attempts are counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Name(String),
    Address(std::net::IpAddr),
}

impl Key {
    fn limit(&self) -> usize {
        match self {
            Self::Name(_) => NAME_MAX,
            Self::Address(_) => ADDRESS_MAX,
        }
    }
}

/// Attempts by key.
#[derive(Debug, Default)]
pub(super) struct Limit(Mutex<HashMap<Key, Vec<i64>>>);

impl Limit {
    /// Counts an attempt before it is made, so that many at once gain nothing; `false`: not now.
    pub(super) fn begin(&self, keys: &[Key], now: i64) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() + keys.len() > KEYS_MAX {
            all.retain(|_, times| times.last().is_some_and(|t| now - t < SPAN_MS));
        }
        // Full of recent failures: whoever does that is not to be helped by forgetting them.
        if all.len() + keys.len() > KEYS_MAX && keys.iter().any(|k| !all.contains_key(k)) {
            return false;
        }
        let mut free = true;
        for key in keys {
            let times = all.entry(key.clone()).or_default();
            times.retain(|t| now - t < SPAN_MS);
            free &= times.len() < key.limit();
        }
        if free {
            for key in keys {
                all.entry(key.clone()).or_default().push(now);
            }
        }
        free
    }

    /// Forgets the attempts of keys that turned out to be right.
    pub(super) fn right(&self, keys: &[Key]) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys {
            all.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ninth_failure_of_a_name_waits_and_the_span_ends() {
        let (limit, ada) = (Limit::default(), [Key::Name("ada".into())]);
        for n in 0..8 {
            assert!(limit.begin(&ada, n), "attempt {n}");
        }
        assert!(!limit.begin(&ada, 9));
        assert!(limit.begin(&[Key::Name("bo".into())], 9), "another name is not held up");
        assert!(limit.begin(&ada, SPAN_MS + 9));
    }

    #[test]
    fn a_right_password_forgets_failures() {
        let (limit, ada) = (Limit::default(), [Key::Name("ada".into())]);
        for n in 0..7 {
            assert!(limit.begin(&ada, n));
        }
        limit.right(&ada);
        assert!(limit.begin(&ada, 8));
    }

    #[test]
    fn memory_is_bounded() {
        let limit = Limit::default();
        for n in 0..(KEYS_MAX + 100) {
            limit.begin(&[Key::Name(n.to_string())], 1);
        }
        assert!(limit.0.lock().unwrap_or_else(PoisonError::into_inner).len() <= KEYS_MAX);
    }
}
