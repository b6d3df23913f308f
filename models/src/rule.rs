//! The calibrated rule: numbers of a model in, disposition with its reason in words out. Pure.

use serde::{Deserialize, Serialize};

use crate::finding_place::{Maps, Place};
use crate::guarantee::{ANY, Guarantee, Limits};
use crate::manifest::{Activation, Aggregate, Finding, GateLimits, Output, Policy, Priority};
use crate::novelty::Novelty;

/// The tables that only a classifier has.
#[derive(Debug, Clone, Copy)]
pub struct ClassifierParts<'a> {
    /// The output tensor.
    pub output: &'a Output,
    /// Image sanity limits.
    pub gate: &'a GateLimits,
    /// The findings, in the order of the manifest.
    pub findings: &'a [Finding],
    /// What it may answer.
    pub policy: &'a Policy,
    /// The rule with a guarantee.
    pub rule: Option<&'a Guarantee>,
    /// The input check by distance.
    pub novelty: Option<&'a Novelty>,
}

/// What triage answers about a study that a bundle could run.
/// (`not-analysed` and `unreadable` are answered before a bundle runs.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disposition {
    /// Every score is below its limit.
    NoFlag,
    /// At least one score reaches its limit.
    Flag,
    /// Neither: triage cannot answer it.
    Escalate,
}

impl Disposition {
    /// As written on the page and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoFlag => "no-flag",
            Self::Flag => "flag",
            Self::Escalate => "escalate",
        }
    }
}

/// One finding with its score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FindingScore {
    /// Code Value.
    pub code: String,
    /// Coding Scheme Designator.
    pub scheme: String,
    /// Code Meaning.
    pub meaning: String,
    /// Words for a page.
    pub name: String,
    /// Over all frames, before calibration.
    pub logit: f64,
    /// 0..1, calibrated.
    pub score: f64,
    /// `flag_at`.
    pub threshold: f64,
    /// `no_flag_below`.
    pub no_flag_below: f64,
    /// Whether the score reaches the threshold.
    pub positive: bool,
    /// Priority of a flag.
    pub priority: Priority,
    /// Where it was seen, of a finding that raised a flag or, without one, of the highest; only of a model with maps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// The input check of a study: the measure that failed, else the last that was taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InputCheck {
    /// `grey_mean`, `grey_std` or `distance`.
    pub measure: String,
    /// The value: of the 0..1 input images averaged over the frames, or the distance of the mean features.
    pub score: f64,
    /// Lowest and highest value that passes.
    pub limit: [f64; 2],
    /// Whether both measures are inside.
    pub passed: bool,
}

/// The answer of one bundle about one study.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Triage {
    /// What is answered.
    pub disposition: Disposition,
    /// Why, in words.
    pub reason: String,
    /// All findings, in the order of the manifest.
    pub findings: Vec<FindingScore>,
    /// Image sanity.
    pub input_check: InputCheck,
    /// The most urgent priority among the flagged findings; `None` unless the disposition is `flag`.
    pub priority: Option<Priority>,
}

/// What is known of the patient that decides which limits hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Subject {
    /// Age in whole years; without it the strictest limits of every age hold.
    pub age_years: Option<u8>,
}

/// What one frame gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FrameValues {
    /// One value per output of the model, as the tensor holds them.
    pub outputs: Vec<f32>,
    /// Pooled features, where the bundle has an input check by distance.
    #[serde(default)]
    pub features: Vec<f32>,
    /// Where each finding was seen, of a model with maps.
    #[serde(skip)]
    pub maps: Maps,
    /// Mean of the 0..1 input image.
    pub grey_mean: f64,
    /// Standard deviation of the 0..1 input image.
    pub grey_std: f64,
}

/// Decide about a study from its frames. `frames` holds at least one frame, each with one finite output per finding;
/// the caller ([`crate::Classifier`]) has checked both. Without a frame the answer is `escalate`.
#[must_use]
pub fn decide(parts: ClassifierParts<'_>, subject: Subject, frames: &[FrameValues]) -> Triage {
    let input_check = input_check(parts, frames);
    let populations = parts.rule.map(|rule| rule.populations(subject.age_years));
    let limits = |f: &Finding| match (&populations, &f.key) {
        // A finding that no row of the population speaks of neither flags nor clears.
        (Some(populations), Some(key)) => Guarantee::limits(populations, key).unwrap_or_default(),
        _ => Limits { no_flag_below: Some(f.no_flag_below), no_flag_reason: None, flag_at: Some(f.flag_at) },
    };
    let scored = |f| {
        let limits = limits(f);
        let score = score(parts, f, &limits, frames);
        (score, limits)
    };
    let (findings, limits): (Vec<_>, Vec<_>) = parts.findings.iter().map(scored).unzip();
    let (disposition, reason) = match refused(&input_check) {
        Some(reason) => (Disposition::Escalate, reason),
        None => dispose(parts, &findings, &limits),
    };
    let priority = match disposition {
        Disposition::Flag => findings.iter().filter(|f| f.positive).map(|f| f.priority).max(),
        Disposition::NoFlag | Disposition::Escalate => None,
    };
    Triage { disposition, reason, findings, input_check, priority }
}

/// Why the input check keeps the study from being answered.
fn refused(check: &InputCheck) -> Option<String> {
    let [low, high] = check.limit;
    let what = match check.measure.as_str() {
        _ if check.passed => return None,
        DISTANCE => {
            let from = format!("The image lies {:.1} from what the model was calibrated on", check.score);
            return Some(format!("{from}, more than {high:.1}: it was not made for such images"));
        }
        "grey_std" => "contrast",
        _ => "brightness",
    };
    Some(format!(
        "The image {what} is {:.3}, outside {low:.3} to {high:.3}: the model was not made for such images",
        check.score
    ))
}

fn dispose(
    parts: ClassifierParts<'_>,
    findings: &[FindingScore],
    limits: &[Limits],
) -> (Disposition, String) {
    let flagged: Vec<_> = findings
        .iter()
        .filter(|f| f.positive)
        .map(|f| format!("{}: score {}, flagged from {} on", f.name, number(f.score), number(f.threshold)))
        .collect();
    if !flagged.is_empty() {
        return (Disposition::Flag, flagged.join("; "));
    }
    if parts.rule.is_some() {
        return by_any(parts, findings, limits);
    }
    let between: Vec<_> = findings
        .iter()
        // Written so that a score that is no number stays on the side of caution.
        .filter(|f| !matches!(f.score.partial_cmp(&f.no_flag_below), Some(std::cmp::Ordering::Less)))
        .map(|f| {
            format!(
                "{}: score {}, between {} and {}",
                f.name,
                number(f.score),
                number(f.no_flag_below),
                number(f.threshold)
            )
        })
        .collect();
    if !between.is_empty() {
        return (Disposition::Escalate, between.join("; "));
    }
    let Some(highest) = findings.iter().max_by(|a, b| a.score.total_cmp(&b.score)) else {
        return (Disposition::Escalate, "The model reports no finding".to_owned());
    };
    if parts.policy.no_flag {
        let reason = format!(
            "Every score is below its limit; the highest is {} with {}",
            highest.name,
            number(highest.score)
        );
        (Disposition::NoFlag, reason)
    } else {
        (Disposition::Escalate, parts.policy.no_flag_reason.clone())
    }
}

/// Under a guarantee the row about any finding at all decides alone: it is what was calibrated.
fn by_any(parts: ClassifierParts<'_>, findings: &[FindingScore], limits: &[Limits]) -> (Disposition, String) {
    let any =
        parts.findings.iter().zip(findings).zip(limits).find(|((f, _), _)| f.key.as_deref() == Some(ANY));
    let Some(((_, score), limits)) = any else {
        return (Disposition::Escalate, "The rule does not speak of any finding at all".to_owned());
    };
    match limits.no_flag_below {
        None => {
            let why =
                limits.no_flag_reason.as_deref().unwrap_or("the bundle was calibrated on no such patients");
            (Disposition::Escalate, format!("No limit for `no-flag`: {why}"))
        }
        Some(limit) if score.score < limit && parts.policy.no_flag => {
            let reason = format!("{}: score {}, below {}", score.name, number(score.score), number(limit));
            (Disposition::NoFlag, reason)
        }
        Some(limit) if score.score < limit => (Disposition::Escalate, parts.policy.no_flag_reason.clone()),
        Some(limit) => {
            let reason =
                format!("{}: score {}, not below {}", score.name, number(score.score), number(limit));
            (Disposition::Escalate, reason)
        }
    }
}

/// Three places, and more for small numbers, so that a score never reads like the limit it differs from by much.
fn number(value: f64) -> String {
    if value != 0.0 && value.abs() < 0.01 { format!("{value:.5}") } else { format!("{value:.3}") }
}

fn input_check(parts: ClassifierParts<'_>, frames: &[FrameValues]) -> InputCheck {
    let mean_of =
        |value: fn(&FrameValues) -> f64| frames.iter().map(value).sum::<f64>() / frames.len() as f64;
    let one = |measure: &str, score: f64, [low, high]: [f32; 2]| {
        let limit = [f64::from(low), f64::from(high)];
        // A comparison with a value that is no number is false: without a frame nothing passes.
        InputCheck {
            measure: measure.to_owned(),
            score,
            limit,
            passed: score >= limit[0] && score <= limit[1],
        }
    };
    let brightness = one("grey_mean", mean_of(|f| f.grey_mean), parts.gate.grey_mean);
    let contrast = one("grey_std", mean_of(|f| f.grey_std), parts.gate.grey_std);
    if !brightness.passed {
        return brightness;
    }
    match parts.novelty {
        Some(novelty) if contrast.passed => distance(novelty, frames),
        _ if !contrast.passed => contrast,
        _ => brightness,
    }
}

/// Measure of the input check by distance.
const DISTANCE: &str = "distance";

/// Of the mean of the study's features.
fn distance(novelty: &Novelty, frames: &[FrameValues]) -> InputCheck {
    let mut mean = vec![0.0; novelty.dimension];
    for frame in frames {
        let share = frames.len() as f64;
        mean.iter_mut().zip(&frame.features).for_each(|(sum, v)| *sum += f64::from(*v) / share);
    }
    let whole = frames.iter().all(|frame| frame.features.len() == novelty.dimension);
    let score = if whole { novelty.distance(&mean) } else { f64::INFINITY };
    // What could not be measured is far, and a number that can be written down.
    let score = score.min(f64::from(f32::MAX));
    InputCheck {
        measure: DISTANCE.to_owned(),
        score,
        limit: [0.0, novelty.limit],
        passed: score <= novelty.limit,
    }
}

fn score(
    parts: ClassifierParts<'_>,
    finding: &Finding,
    limits: &Limits,
    frames: &[FrameValues],
) -> FindingScore {
    let values = frames.iter().filter_map(|f| f.outputs.get(finding.index)).map(|v| f64::from(*v));
    let logits: Vec<f64> = match parts.output.activation {
        Activation::Sigmoid => values.collect(),
        Activation::None => values.map(logit_of).collect(),
    };
    let logit = aggregate(parts.output.aggregate, logits);
    let score = sigmoid(finding.calibration.slope * logit + finding.calibration.intercept);
    FindingScore {
        code: finding.code.value.clone(),
        scheme: finding.code.scheme.clone(),
        meaning: finding.code.meaning.clone(),
        name: finding.name.clone(),
        logit,
        score,
        // Without a limit no score is enough, and none is low enough.
        threshold: limits.flag_at.unwrap_or(1.0),
        no_flag_below: limits.no_flag_below.unwrap_or(0.0),
        // No logit gives 1; what is rounded up to it is not there.
        positive: limits.flag_at.is_some_and(|at| score >= at && at < 1.0),
        priority: finding.priority,
        place: None,
    }
}

/// Over the frames, on the logits: calibration was fitted to the aggregated logit.
fn aggregate(how: Aggregate, mut logits: Vec<f64>) -> f64 {
    logits.sort_by(|a, b| b.total_cmp(a));
    let count = match how {
        Aggregate::Max => 1,
        Aggregate::MeanTop3 => 3,
    };
    logits.truncate(count);
    logits.iter().sum::<f64>() / logits.len() as f64
}

/// The logit of a probability, kept finite at 0 and 1 (about +-16).
fn logit_of(probability: f64) -> f64 {
    let p = probability.clamp(1e-7, 1.0 - 1e-7);
    (p / (1.0 - p)).ln()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
#[path = "rule_tests.rs"]
mod tests;
