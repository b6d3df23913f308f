//! The rule with a guarantee (`rule.toml`): per population and finding a limit below which a finding does not speak
//! against `no-flag`, and one from which on it is flagged, each with the counts and exact bounds behind it.
//!
//! A bound says: of all studies like the calibration set's that carry the label, at most `alpha` fall below
//! `no_flag_below`, with confidence 1 - `delta` (Angelopoulos et al., Learn then Test, 2021; exact binomial). Where
//! positives were too few there is no limit but the reason.

use serde::{Deserialize, Serialize};

use crate::error::ManifestFault;
use crate::faults::{fault, made_for, place, syntax};

/// Name of the row about any finding at all.
pub const ANY: &str = "any";
/// Age in years from which on a patient is an adult.
pub const ADULT: u8 = 18;

/// The whole file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guarantee {
    /// 1.
    pub format: u32,
    /// SHA-256 of the model that was calibrated.
    pub model_sha256: String,
    /// SHA-256 of the input check (`gate.json`) that belongs to it.
    pub gate_sha256: String,
    /// Which studies it was calibrated on.
    pub calibration_set: String,
    /// How the limits were chosen.
    pub method: String,
    /// Children and adults apart.
    pub population: Vec<Population>,
}

/// The limits of one population.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Population {
    /// `children`, `adults`, or `all ages`.
    pub name: String,
    /// One row a finding.
    pub finding: Vec<Bound>,
}

/// The limits of one finding, with what was counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bound {
    /// Key of the finding.
    pub finding: String,
    /// Studies of the calibration set with a known label.
    pub studies: u32,
    /// Of these with the label.
    pub positives: u32,
    /// Largest share of label-positive studies that may fall below `no_flag_below`.
    pub alpha: f64,
    /// Error of the whole family of findings that hold jointly.
    pub delta_joint: f64,
    /// Error of this finding.
    pub delta: f64,
    /// Label-positive studies of the calibration set below `no_flag_below`.
    pub misses: u32,
    /// Exact upper bound of the share missed.
    pub miss_bound: f64,
    /// Below it the finding does not speak against `no-flag`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_flag_below: Option<f64>,
    /// Why there is no such limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_flag_reason: Option<String>,
    /// Label-positive persons of the calibration set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persons: Option<u32>,
    /// Of these missed in one of their studies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persons_missed: Option<u32>,
    /// Exact upper bound of the share of persons missed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person_miss_bound: Option<f64>,
    /// Least share of flagged studies that must carry the label.
    pub precision_floor: f64,
    /// Flagged studies of the calibration set.
    pub flagged: u32,
    /// Of these without the label.
    pub flagged_wrong: u32,
    /// Exact lower bound of the precision at the calibration set's prevalence.
    pub precision_bound: f64,
    /// From it on the study is flagged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flag_at: Option<f64>,
    /// Why there is no such limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flag_reason: Option<String>,
}

/// The limits that hold for one finding of one study.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Limits {
    /// Below it the finding does not speak against `no-flag`; without one nothing below does.
    pub no_flag_below: Option<f64>,
    /// Why not.
    pub no_flag_reason: Option<String>,
    /// From it on the study is flagged; without one nothing is.
    pub flag_at: Option<f64>,
}

impl Guarantee {
    /// Reads the file.
    ///
    /// # Errors
    /// Every fault, with what to write.
    pub(crate) fn read(
        file: &str,
        bytes: &[u8],
        model: &str,
        keys: &[&str],
    ) -> Result<Self, Vec<ManifestFault>> {
        let text = std::str::from_utf8(bytes)
            .map_err(|_| vec![fault(file, "", "is not UTF-8 text", "let the recipe write it again")])?;
        let rule: Self = toml::from_str(text)
            .map_err(|e| vec![syntax(file, text, &e, "write it as models/README.md says")])?;
        let remedy = "calibrate this model: the limits of another say nothing about it";
        let mut faults = made_for(file, (rule.format, &rule.model_sha256), model, remedy);
        let mut unless = |ok: bool, key: &str, problem: &str, remedy: &str| {
            if !ok {
                faults.push(fault(file, key, problem, remedy));
            }
        };
        for (p, population) in rule.population.iter().enumerate() {
            for (at, bound) in population.finding.iter().enumerate() {
                let key = |name: &str| format!("population[{p}].finding[{at}].{name}");
                unless(
                    keys.contains(&bound.finding.as_str()),
                    &key("finding"),
                    "is no finding of the bundle",
                    "write the key of a [[finding]]",
                );
                bound.check(&mut |ok, name, problem, remedy| unless(ok, &key(name), problem, remedy));
            }
        }
        let any = |p: &Population| p.finding.iter().any(|b| b.finding == ANY);
        unless(
            !rule.population.is_empty() && rule.population.iter().all(any),
            "population",
            "has no row about any finding",
            "give every population a finding \"any\": it alone decides about no-flag",
        );
        place(file, text, &mut faults);
        if faults.is_empty() { Ok(rule) } else { Err(faults) }
    }

    /// The populations that a patient of this age may belong to: every one when the age is not known.
    pub(crate) fn populations(&self, age_years: Option<u8>) -> Vec<&Population> {
        let wanted = age_years.map(|years| if years < ADULT { "children" } else { "adults" });
        let of = |p: &&Population| p.name == "all ages" || wanted.is_none_or(|name| p.name == name);
        self.population.iter().filter(of).collect()
    }

    /// The limits of a finding in these populations: the strictest of each. A population without a row about it
    /// neither flags nor clears it; `None` when no row speaks of it at all.
    pub fn limits(populations: &[&Population], key: &str) -> Option<Limits> {
        let rows: Vec<Option<&Bound>> =
            populations.iter().map(|p| p.finding.iter().find(|b| b.finding == key)).collect();
        rows.iter().any(Option::is_some).then(|| {
            let all = |of: fn(&Bound) -> Option<f64>| {
                rows.iter().map(|row| row.and_then(of)).collect::<Option<Vec<f64>>>()
            };
            let lowest = |values: Vec<f64>| values.into_iter().fold(f64::INFINITY, f64::min);
            let highest = |values: Vec<f64>| values.into_iter().fold(0.0, f64::max);
            Limits {
                no_flag_below: all(|b| b.no_flag_below).map(lowest),
                no_flag_reason: rows.iter().flatten().find_map(|b| b.no_flag_reason.clone()),
                flag_at: all(|b| b.flag_at).map(highest),
            }
        })
    }
}

impl Bound {
    /// Ranges, and that the stored bounds are what the counts give: a number that was typed over is found.
    fn check(&self, unless: &mut dyn FnMut(bool, &str, &str, &str)) {
        let share = |v: f64| (0.0..=1.0).contains(&v);
        let ranges = share(self.alpha)
            && self.delta > 0.0
            && self.delta <= self.delta_joint
            && share(self.delta_joint);
        unless(
            ranges,
            "alpha",
            "is no share, or delta is not below delta_joint",
            "let the recipe write it again",
        );
        let counted = self.positives <= self.studies
            && self.misses <= self.positives
            && self.flagged_wrong <= self.flagged
            && self.flagged <= self.studies;
        unless(counted, "studies", "the counts do not fit each other", "let the recipe write it again");
        let bound = upper(self.misses, self.positives, self.delta);
        unless(
            (bound - self.miss_bound).abs() < 2e-4,
            "miss_bound",
            "is not what the counts give",
            "let the recipe write it again: the bound is exact binomial",
        );
        unless(
            self.no_flag_below.is_none_or(|v| v > 0.0 && share(v) && bound <= self.alpha),
            "no_flag_below",
            "promises more than the counts show",
            "give no_flag_reason instead: the bound is above alpha",
        );
        unless(
            self.no_flag_below.is_some() || self.no_flag_reason.is_some(),
            "no_flag_reason",
            "is missing",
            "say why there is no no_flag_below",
        );
        let right = self.flagged.saturating_sub(self.flagged_wrong);
        let precise = lower(right, self.flagged, self.delta);
        unless(
            (precise - self.precision_bound).abs() < 2e-4,
            "precision_bound",
            "is not what the counts give",
            "let the recipe write it again: the bound is exact binomial",
        );
        unless(
            self.flag_at.is_none_or(|v| share(v) && precise >= self.precision_floor),
            "flag_at",
            "promises more than the counts show",
            "give flag_reason instead: the precision is not shown",
        );
        let order = self.no_flag_below.zip(self.flag_at).is_none_or(|(low, high)| low <= high);
        unless(order, "flag_at", "lies below no_flag_below", "write no_flag_below <= flag_at");
    }
}

/// Exact upper bound (Clopper and Pearson, one-sided) of a share of which `hits` of `all` were seen, with confidence
/// 1 - `delta`; 1 when nothing was seen.
#[must_use]
pub fn upper(hits: u32, all: u32, delta: f64) -> f64 {
    if hits >= all {
        return 1.0;
    }
    let (mut low, mut high) = (f64::from(hits) / f64::from(all), 1.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if at_most(hits, all, middle) > delta { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// Exact lower bound, likewise.
#[must_use]
pub fn lower(hits: u32, all: u32, delta: f64) -> f64 {
    if all == 0 { 0.0 } else { 1.0 - upper(all - hits.min(all), all, delta) }
}

/// Probability of at most `hits` of `all` when each has the probability `p`, summed in logarithms.
fn at_most(hits: u32, all: u32, p: f64) -> f64 {
    let (yes, no, n) = (p.ln(), (1.0 - p).ln(), f64::from(all));
    let (mut choose, mut sum) = (0.0, 0.0);
    for k in 0..=hits {
        let k = f64::from(k);
        if k > 0.0 {
            choose += ((n - k + 1.0) / k).ln();
        }
        sum += (choose + k * yes + (n - k) * no).exp();
    }
    sum
}

#[cfg(test)]
#[path = "guarantee_tests.rs"]
mod tests;
