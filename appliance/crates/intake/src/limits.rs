//! What one caller has open and has used: permits, requests a minute, bytes a day.
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

use crate::caller_config::Caller;
use crate::caller_refusal::Refusal;

const DAY_MS: i64 = 86_400_000;

/// One `[[intake.callers]]` with what it has used.
pub(crate) struct Account {
    pub(crate) rules: Caller,
    open: AtomicUsize,
    requests: Mutex<Bucket>,
    day: Mutex<Day>,
}

/// Requests it may still make, refilled over the minute.
struct Bucket {
    left: f64,
    at: Option<Instant>,
}

#[derive(Default)]
struct Day {
    number: u64,
    bytes: u64,
}

/// A permit for one association of an account; dropping it gives it back.
pub(crate) struct Permit(Arc<Account>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Account {
    pub(crate) fn new(rules: Caller) -> Arc<Account> {
        Arc::new(Account {
            rules,
            open: AtomicUsize::new(0),
            requests: Mutex::new(Bucket { left: 0.0, at: None }),
            day: Mutex::default(),
        })
    }

    /// A permit for one more association.
    pub(crate) fn permit(self: &Arc<Self>) -> Result<Permit, Refusal> {
        if !self.may_ask(Instant::now()) {
            return Err(Refusal::TooOften);
        }
        if self.spent(today()) {
            return Err(Refusal::QuotaSpent);
        }
        let most = self.rules.max_associations.unwrap_or(usize::MAX);
        let taken = self
            .open
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |open| (open < most).then_some(open + 1));
        taken.map(|_| Permit(Arc::clone(self))).map_err(|_| Refusal::CallerBusy)
    }

    fn may_ask(&self, now: Instant) -> bool {
        let Some(most) = self.rules.associations_per_minute.map(f64::from) else { return true };
        let mut bucket = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let since = bucket.at.map_or(60.0, |at| now.saturating_duration_since(at).as_secs_f64());
        bucket.left = (bucket.left + since * most / 60.0).min(most);
        bucket.at = Some(now);
        let may = bucket.left >= 1.0;
        if may {
            bucket.left -= 1.0;
        }
        may
    }

    fn spent(&self, today: u64) -> bool {
        let Some(most) = self.rules.bytes_per_day else { return false };
        let day = self.day.lock().unwrap_or_else(PoisonError::into_inner);
        day.number == today && day.bytes >= most.0
    }

    fn count(&self, today: u64, bytes: u64) {
        let mut day = self.day.lock().unwrap_or_else(PoisonError::into_inner);
        if day.number != today {
            *day = Day { number: today, bytes: 0 };
        }
        day.bytes = day.bytes.saturating_add(bytes);
    }
}

impl Permit {
    pub(crate) fn rules(&self) -> &Caller {
        &self.0.rules
    }

    /// Whether the caller has sent as much today as it may; an object that has begun is still taken.
    pub(crate) fn spent(&self) -> bool {
        self.0.rules.bytes_per_day.is_some() && self.0.spent(today())
    }

    /// Count what was stored.
    pub(crate) fn count(&self, bytes: u64) {
        if self.0.rules.bytes_per_day.is_some() {
            self.0.count(today(), bytes);
        }
    }
}

/// Days since 1970 UTC.
fn today() -> u64 {
    u64::try_from(proto::clock::now() / DAY_MS).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops where something is not as it must be")]
    use super::*;
    use std::time::Duration;
    use store::units::Size;

    fn account(change: impl FnOnce(&mut Caller)) -> Arc<Account> {
        let mut rules = Caller::new("CT1", "10.0.0.7");
        change(&mut rules);
        Account::new(rules)
    }

    #[tokio::test]
    async fn permits_are_given_back() {
        let account = account(|rules| rules.max_associations = Some(1));
        let permit = account.permit().ok();
        assert!(permit.is_some());
        assert_eq!(account.permit().err(), Some(Refusal::CallerBusy));
        drop(permit);
        assert!(account.permit().is_ok());
    }

    #[tokio::test]
    async fn requests_are_refilled_over_the_minute() {
        let account = account(|rules| rules.associations_per_minute = Some(2));
        let start = Instant::now();
        let ask = |seconds: u64| account.may_ask(start + Duration::from_secs(seconds));
        assert_eq!([ask(0), ask(0), ask(0)], [true, true, false]);
        assert_eq!([ask(29), ask(31), ask(31)], [false, true, false]);
        assert_eq!([ask(600), ask(600), ask(600)], [true, true, false]);
    }

    #[test]
    fn a_day_has_its_bytes_and_the_next_one_its_own() {
        let account = account(|rules| rules.bytes_per_day = Some(Size(100)));
        account.count(7, 99);
        assert!(!account.spent(7));
        account.count(7, 1);
        assert!(account.spent(7) && !account.spent(8));
        account.count(8, 1);
        assert!(!account.spent(8));
    }
}
