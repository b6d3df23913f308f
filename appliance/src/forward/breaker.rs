//! The circuit breaker of one destination: closed, open until a time, then one association that tries.

use std::time::Duration;

/// Whether an association may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    /// Now.
    Open,
    /// Not before this time, ms.
    NotBefore(i64),
    /// Not while the one that tries is under way.
    Busy,
}

/// Times are ms since 1970 UTC and come from the caller, as does the jitter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Breaker {
    first: Duration,
    max: Duration,
    failures: u32,
    until: i64,
}

impl Breaker {
    pub(super) fn new(first: Duration, max: Duration) -> Self {
        Self { first, max, failures: 0, until: 0 }
    }

    /// Whether one more association may begin beside `active` ones.
    pub(super) fn admission(&self, now: i64, active: usize) -> Admission {
        match self.failures {
            0 => Admission::Open,
            _ if active > 0 => Admission::Busy,
            _ if now >= self.until => Admission::Open,
            _ => Admission::NotBefore(self.until),
        }
    }

    /// The destination answered as it should.
    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
        self.until = 0;
    }

    /// It did not: nothing goes there before the time returned.
    pub(super) fn failed(&mut self, now: i64, jitter: u32) -> i64 {
        self.failures = self.failures.saturating_add(1);
        self.until = now.saturating_add(pause(self.first, self.max, self.failures, jitter));
        self.until
    }

    /// A person asks for an attempt now.
    pub(super) fn urge(&mut self) {
        self.until = 0;
    }

    /// Failures in a row.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }
}

/// Pause in ms after `failures` in a row (from 1): between half and all of `first * 2^(failures-1)`, at most `max`.
/// `jitter` is a uniform random number, so that many queues do not return in step.
pub(super) fn pause(first: Duration, max: Duration, failures: u32, jitter: u32) -> i64 {
    let full = first.saturating_mul(1 << failures.saturating_sub(1).min(20)).min(max);
    let pause = full.mul_f64(0.5 + 0.5 * f64::from(jitter) / f64::from(u32::MAX));
    i64::try_from(pause.as_millis()).unwrap_or(i64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FIRST: Duration = Duration::from_secs(4);
    const MAX: Duration = Duration::from_secs(60);

    #[test]
    fn it_opens_at_the_first_failure_lets_one_try_and_closes_at_a_success() {
        let mut breaker = Breaker::new(FIRST, MAX);
        assert_eq!(breaker.admission(0, 3), Admission::Open);
        assert_eq!(breaker.failed(1_000, u32::MAX), 5_000);
        assert_eq!(breaker.admission(4_999, 0), Admission::NotBefore(5_000));
        assert_eq!(breaker.admission(5_000, 1), Admission::Busy);
        assert_eq!(breaker.admission(5_000, 0), Admission::Open);
        assert_eq!(breaker.failed(5_000, 0), 9_000);
        breaker.urge();
        assert_eq!(breaker.admission(5_001, 0), Admission::Open);
        assert_eq!(breaker.failures(), 2);
        breaker.succeeded();
        assert_eq!(breaker.admission(5_001, 9), Admission::Open);
    }

    proptest! {
        #[test]
        fn every_pause_is_within_its_bounds(failures in 1u32.., jitter: u32) {
            let ms = pause(FIRST, MAX, failures, jitter);
            prop_assert!((2_000..=60_000).contains(&ms));
            prop_assert!(pause(FIRST, MAX, failures.saturating_add(1), jitter) >= ms);
        }
    }
}
