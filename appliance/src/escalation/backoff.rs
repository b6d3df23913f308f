//! How long to wait after the n-th failure: doubling, bounded, with jitter so that sites do not return in step.

use std::time::Duration;

/// Pause bounds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Backoff {
    pub first: Duration,
    pub max: Duration,
}

impl Backoff {
    /// Pause after `failures` failures in a row (from 1): between half and all of `first * 2^(failures-1)`, at most
    /// `max`. `jitter` is a uniform random number.
    pub(super) fn pause(self, failures: u32, jitter: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(20);
        let full = self.first.saturating_mul(1 << doublings).min(self.max);
        full.mul_f64(0.5 + 0.5 * f64::from(jitter) / f64::from(u32::MAX))
    }

    /// As [`Self::pause`], with jitter from the operating system; without random bytes, no jitter.
    pub(crate) fn pause_now(self, failures: u32) -> Duration {
        self.pause(failures, getrandom::u32().unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_pause_is_within_its_bounds(failures in 1u32.., jitter: u32) {
            let backoff = Backoff { first: Duration::from_millis(100), max: Duration::from_secs(30) };
            let pause = backoff.pause(failures, jitter);
            prop_assert!(pause >= Duration::from_millis(50) && pause <= backoff.max);
            prop_assert!(backoff.pause(failures.saturating_add(1), jitter) >= pause);
        }
    }

    #[test]
    fn jitter_spreads_over_half_the_pause() {
        let backoff = Backoff { first: Duration::from_secs(2), max: Duration::from_secs(60) };
        assert_eq!(backoff.pause(3, 0), Duration::from_secs(4));
        assert_eq!(backoff.pause(3, u32::MAX), Duration::from_secs(8));
    }
}
