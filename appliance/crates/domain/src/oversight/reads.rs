//! What physicians' reads say about the studies that were given `no-flag`: a test that may be looked at after every
//! read, and the exact bound that acceptance asks for.

use models::guarantee::{lower, upper};

/// Error of both statements.
const DELTA: f64 = 0.05;
/// Evidence is not counted beyond this: a number that can be written down.
const CERTAIN: f64 = 1e12;
/// Points over which the alternatives are averaged.
const GRID: u32 = 96;

/// What reads of studies given `no-flag` alone say.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct NoFlagReads {
    /// Studies given `no-flag` that a physician read.
    pub reads: u32,
    /// Of these with a finding.
    pub hidden: u32,
    /// Exact one-sided 95 % bounds of the share that hides a finding, of this many reads (not of every look at them).
    pub between: (f64, f64),
    /// Largest share that the site allows.
    pub limit: f64,
    /// Evidence that the share is above `limit`: an e-value, at most 1 on average as long as it is not.
    pub evidence: f64,
}

impl NoFlagReads {
    /// Whether the evidence suffices to withdraw `no-flag`. As long as the share is at most the limit this ever happens
    /// with a probability of at most 5 %, however often one looks (Ville's inequality).
    #[must_use]
    pub fn crossed(&self) -> bool {
        self.evidence >= 1.0 / DELTA
    }
}

/// Weighs `reads` of studies given `no-flag`, `hidden` of them with a finding, against the share `limit` (0 to 1, exclusive).
#[must_use]
pub fn no_flag_reads(reads: u32, hidden: u32, limit: f64) -> NoFlagReads {
    let hidden = hidden.min(reads);
    let between = (lower(hidden, reads, DELTA), upper(hidden, reads, DELTA));
    NoFlagReads { reads, hidden, between, limit, evidence: evidence(reads, hidden, limit) }
}

/// The likelihood of shares above the limit against the limit itself, averaged: a non-negative supermartingale in the
/// number of reads for every share up to the limit (Ramdas et al., Statistical Science 2023, section 3).
fn evidence(reads: u32, hidden: u32, limit: f64) -> f64 {
    let (found, rest) = (f64::from(hidden), f64::from(reads - hidden));
    let ratio =
        |share: f64| (found * (share / limit).ln() + rest * ((1.0 - share) / (1.0 - limit)).ln()).exp();
    // Denser near the limit: a promise is more often broken by a little than by much.
    let share = |i: u32| limit + (1.0 - limit) * ((f64::from(i) + 0.5) / f64::from(GRID)).powi(2);
    ((0..GRID).map(|i| ratio(share(i))).sum::<f64>() / f64::from(GRID)).min(CERTAIN)
}

/// The likelihood of shares below the limit against the limit itself, averaged: the same the other way round. It may be
/// looked at after every read.
fn evidence_below(reads: u32, missed: u32, limit: f64) -> f64 {
    let (found, rest) = (f64::from(missed), f64::from(reads - missed.min(reads)));
    let ratio =
        |share: f64| (found * (share / limit).ln() + rest * ((1.0 - share) / (1.0 - limit)).ln()).exp();
    // Denser near none: what is worth accepting misses far less than it may.
    let share = |i: u32| limit * ((f64::from(i) + 0.5) / f64::from(GRID)).powi(2);
    ((0..GRID).map(|i| ratio(share(i))).sum::<f64>() / f64::from(GRID)).min(CERTAIN)
}

/// What a site's own reads say about a bundle, as acceptance asks it.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Local {
    /// Studies that a physician read.
    pub reads: u32,
    /// Of these with a finding.
    pub positives: u32,
    /// Of the positives given `no-flag`.
    pub missed: u32,
    /// Exact upper bound of the share missed, with 95 % confidence, for this many reads.
    pub bound: f64,
    /// Largest share that may be missed.
    pub alpha: f64,
    /// Evidence that less than `alpha` is missed: an e-value, at most 1 on average as long as that is not so.
    pub evidence: f64,
}

impl Local {
    /// Whether the reads show that at most `alpha` of the studies with a finding are given `no-flag`. One may try after
    /// every read: a bundle that misses `alpha` or more is ever accepted with a probability of at most 5 %.
    #[must_use]
    pub fn meets(&self) -> bool {
        self.bound <= self.alpha && self.evidence >= 1.0 / DELTA
    }

    /// What is missing, in words.
    #[must_use]
    pub fn words(&self) -> String {
        let Self { reads, positives, missed, bound, alpha, evidence } = self;
        format!(
            "{reads} reads, {positives} with a finding, {missed} of these given no-flag; at most {:.2} % missed is asked, the bound of these reads is {:.2} %, evidence {evidence:.1} of 20",
            alpha * 100.0,
            bound * 100.0
        )
    }
}

/// Weighs a site's reads.
#[must_use]
pub fn local(reads: u32, positives: u32, missed: u32, alpha: f64) -> Local {
    let (bound, evidence) = (upper(missed, positives, DELTA), evidence_below(positives, missed, alpha));
    Local { reads, positives, missed, bound, alpha, evidence }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_grows_with_what_was_hidden_and_is_one_before_anything_was_read() {
        assert!((no_flag_reads(0, 0, 0.02).evidence - 1.0).abs() < 1e-9);
        assert!(!no_flag_reads(200, 4, 0.02).crossed(), "just the share that is allowed");
        assert!(no_flag_reads(50, 8, 0.02).crossed());
        assert!(no_flag_reads(400, 0, 0.02).evidence < 1.0, "reads without a finding speak for it");
    }

    #[test]
    fn at_the_limit_it_crosses_in_no_more_than_one_of_twenty_runs_however_often_one_looks() {
        let (mut seed, mut crossed, runs, limit) = (7_u64, 0, 400, 0.05);
        for _ in 0..runs {
            let mut hidden = 0;
            let ever = (1..=300).any(|reads| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                hidden += u32::from(((seed >> 11) as f64) / ((1_u64 << 53) as f64) < limit);
                evidence(reads, hidden, limit) >= 1.0 / DELTA
            });
            crossed += u32::from(ever);
        }
        // 20 are expected at most; 36 would be four deviations above.
        assert!(crossed <= 36, "{crossed} of {runs}");
        assert!(crossed > 0, "a test that never crosses would watch nothing");
    }

    #[test]
    fn a_local_set_needs_more_findings_than_one_look_would_since_it_may_be_looked_at_always() {
        let least = |missed| (1..3_000).find(|n| local(5_000, *n, missed, 0.01).meets()).unwrap_or(0);
        let needed = [0, 1, 2].map(least);
        assert!(
            needed[0] >= 299 && needed[1] >= 473 && needed[2] >= 628,
            "never fewer than one look needs: {needed:?}"
        );
        assert_eq!(needed, [377, 663, 883], "as OVERSIGHT.md says");
        assert!(!local(0, 0, 0, 0.01).meets());
        assert!(local(0, 0, 0, 0.01).words().contains("100.00 %"));
    }

    #[test]
    fn a_bundle_that_misses_just_too_much_is_accepted_in_no_more_than_one_of_twenty_trials() {
        let (mut seed, mut accepted, runs, alpha) = (11_u64, 0, 300, 0.01);
        for _ in 0..runs {
            let mut missed = 0;
            let ever = (1..=2_000).any(|positives| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                missed += u32::from(((seed >> 11) as f64) / ((1_u64 << 53) as f64) < alpha);
                positives % 20 == 0 && evidence_below(positives, missed, alpha) >= 1.0 / DELTA
            });
            accepted += u32::from(ever);
        }
        // 15 are expected at most; 30 would be four deviations above.
        assert!(accepted <= 30, "{accepted} of {runs}");
    }
}
