//! Properties of the calibrated rule.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::*;
use crate::manifest::{Calibration, Code, GateLimits, Output, Policy};

struct Model {
    output: Output,
    gate: GateLimits,
    findings: Vec<Finding>,
    policy: Policy,
}

impl Model {
    fn parts(&self) -> ClassifierParts<'_> {
        ClassifierParts {
            output: &self.output,
            gate: &self.gate,
            findings: &self.findings,
            policy: &self.policy,
            rule: None,
            novelty: None,
        }
    }
}

fn finding(index: usize, no_flag_below: f64, flag_at: f64, priority: Priority) -> Finding {
    let code = Code { scheme: "SCT".into(), value: format!("{index}"), meaning: format!("Meaning {index}") };
    let calibration = Calibration { slope: 1.0, intercept: 0.0 };
    Finding {
        index,
        key: None,
        code,
        name: format!("Finding {index}"),
        calibration,
        no_flag_below,
        flag_at,
        priority,
    }
}

fn model(aggregate: Aggregate, limits: &[(f64, f64)]) -> Model {
    let priorities = [Priority::Routine, Priority::Stat, Priority::Urgent];
    Model {
        output: Output { tensor: "logits".into(), maps: None, activation: Activation::Sigmoid, aggregate },
        gate: GateLimits { grey_mean: [0.1, 0.9], grey_std: [0.05, 0.5] },
        findings: limits
            .iter()
            .enumerate()
            .map(|(i, (low, high))| finding(i, *low, *high, priorities[i % 3]))
            .collect(),
        policy: Policy { no_flag: true, no_flag_reason: String::new() },
    }
}

fn frame(outputs: &[f32]) -> FrameValues {
    FrameValues {
        outputs: outputs.to_vec(),
        features: Vec::new(),
        maps: Maps::default(),
        grey_mean: 0.5,
        grey_std: 0.2,
    }
}

fn limits() -> impl Strategy<Value = Vec<(f64, f64)>> {
    prop::collection::vec(
        (0.01_f64..0.99, 0.0_f64..1.0).prop_map(|(low, part)| (low, low + (1.0 - low) * part)),
        1..4,
    )
}

fn rank(disposition: Disposition) -> u8 {
    match disposition {
        Disposition::NoFlag => 0,
        Disposition::Escalate => 1,
        Disposition::Flag => 2,
    }
}

#[test]
fn the_three_answers_say_why() {
    let model = model(Aggregate::Max, &[(0.2, 0.8), (0.2, 0.8)]);
    let flag = decide(model.parts(), Subject::default(), &[frame(&[-5.0, 2.0]), frame(&[3.0, -5.0])]);
    assert_eq!(flag.disposition, Disposition::Flag);
    assert_eq!(
        flag.reason,
        "Finding 0: score 0.953, flagged from 0.800 on; Finding 1: score 0.881, flagged from 0.800 on"
    );
    assert_eq!(flag.priority, Some(Priority::Stat));
    let between = decide(model.parts(), Subject::default(), &[frame(&[-5.0, 0.0])]);
    assert_eq!(between.disposition, Disposition::Escalate);
    assert_eq!(between.reason, "Finding 1: score 0.500, between 0.200 and 0.800");
    let none = decide(model.parts(), Subject::default(), &[frame(&[-5.0, -3.0])]);
    assert_eq!(none.disposition, Disposition::NoFlag);
    assert_eq!(none.reason, "Every score is below its limit; the highest is Finding 1 with 0.047");
    assert_eq!(none.priority, None);
}

#[test]
fn a_bundle_that_may_not_say_no_flag_escalates_with_its_sentence() {
    let mut model = model(Aggregate::Max, &[(0.2, 0.8)]);
    model.policy = Policy { no_flag: false, no_flag_reason: "Too few patients were measured".into() };
    let answer = decide(model.parts(), Subject::default(), &[frame(&[-5.0])]);
    assert_eq!(
        (answer.disposition, answer.reason.as_str()),
        (Disposition::Escalate, "Too few patients were measured")
    );
}

#[test]
fn an_image_outside_the_gate_escalates_with_the_measured_value() {
    let model = model(Aggregate::Max, &[(0.2, 0.8)]);
    for (mean, std, words, measure) in
        [(0.97, 0.2, "brightness is 0.970", "grey_mean"), (0.5, 0.01, "contrast is 0.010", "grey_std")]
    {
        let values = FrameValues {
            outputs: vec![9.0],
            features: Vec::new(),
            maps: Maps::default(),
            grey_mean: mean,
            grey_std: std,
        };
        let answer = decide(model.parts(), Subject::default(), &[values]);
        assert_eq!(answer.disposition, Disposition::Escalate);
        assert!(answer.reason.contains(words), "{}", answer.reason);
        assert_eq!((answer.input_check.measure.as_str(), answer.input_check.passed), (measure, false));
    }
}

#[test]
fn three_highest_logits_are_averaged_before_the_calibration() {
    let model = model(Aggregate::MeanTop3, &[(0.2, 0.8)]);
    let many = decide(
        model.parts(),
        Subject::default(),
        &[frame(&[1.0]), frame(&[4.0]), frame(&[-9.0]), frame(&[1.0])],
    );
    assert!((many.findings[0].logit - 2.0).abs() < 1e-9);
    let few = decide(model.parts(), Subject::default(), &[frame(&[1.0]), frame(&[4.0])]);
    assert!((few.findings[0].logit - 2.5).abs() < 1e-9);
}

#[test]
fn probabilities_and_logits_give_the_same_score() {
    let mut model = model(Aggregate::Max, &[(0.2, 0.8)]);
    let logit = decide(model.parts(), Subject::default(), &[frame(&[1.5])]).findings[0].score;
    model.output.activation = Activation::None;
    let probability =
        decide(model.parts(), Subject::default(), &[frame(&[sigmoid(1.5) as f32])]).findings[0].score;
    assert!((logit - probability).abs() < 1e-6);
    for edge in [0.0, 1.0] {
        assert!(decide(model.parts(), Subject::default(), &[frame(&[edge])]).findings[0].score.is_finite());
    }
}

#[test]
fn without_a_frame_nothing_is_settled() {
    let model = model(Aggregate::Max, &[(0.2, 0.8)]);
    assert_eq!(decide(model.parts(), Subject::default(), &[]).disposition, Disposition::Escalate);
}

proptest! {
    #[test]
    fn the_answer_follows_from_the_scores(
        limits in limits(), mean3 in any::<bool>(), no_flag in any::<bool>(),
        rows in prop::collection::vec([-8.0_f32..8.0, -8.0..8.0, -8.0..8.0], 1..6),
    ) {
        let mut model = model(if mean3 { Aggregate::MeanTop3 } else { Aggregate::Max }, &limits);
        model.policy.no_flag = no_flag;
        let frames: Vec<_> = rows.iter().map(|r| frame(&r[..limits.len()])).collect();
        let answer = decide(model.parts(), Subject::default(), &frames);
        let any_at = answer.findings.iter().any(|f| f.score >= f.threshold);
        let all_below = answer.findings.iter().all(|f| f.score < f.no_flag_below);
        prop_assert_eq!(answer.disposition == Disposition::Flag, any_at);
        prop_assert_eq!(answer.disposition == Disposition::NoFlag, all_below && no_flag);
        prop_assert!(answer.findings.iter().all(|f| (0.0..=1.0).contains(&f.score) && f.positive == (f.score >= f.threshold)));
        prop_assert_eq!(answer.priority.is_some(), any_at);
        for banned in ["clear", "normal", "negative", "ruled out"] {
            prop_assert!(!answer.reason.to_lowercase().contains(banned));
        }
    }

    #[test]
    fn a_higher_output_never_lowers_the_answer(
        limits in limits(), rows in prop::collection::vec([-8.0_f32..8.0, -8.0..8.0, -8.0..8.0], 1..6),
        place in any::<prop::sample::Index>(), column in any::<prop::sample::Index>(), more in 0.0_f32..6.0,
    ) {
        let model = model(Aggregate::MeanTop3, &limits);
        let mut frames: Vec<_> = rows.iter().map(|r| frame(&r[..limits.len()])).collect();
        let before = rank(decide(model.parts(), Subject::default(), &frames).disposition);
        let (row, column) = (place.index(frames.len()), column.index(limits.len()));
        frames[row].outputs[column] += more;
        prop_assert!(rank(decide(model.parts(), Subject::default(), &frames).disposition) >= before);
    }

    #[test]
    fn the_order_of_the_frames_does_not_matter(rows in prop::collection::vec([-8.0_f32..8.0, -8.0..8.0], 1..6)) {
        let model = model(Aggregate::MeanTop3, &[(0.1, 0.6), (0.3, 0.9)]);
        let mut frames: Vec<_> = rows.iter().map(|r| frame(r)).collect();
        let forward = decide(model.parts(), Subject::default(), &frames);
        frames.reverse();
        prop_assert_eq!(forward.disposition, decide(model.parts(), Subject::default(), &frames).disposition);
    }

    #[test]
    fn outside_the_gate_nothing_is_settled(logit in -8.0_f32..8.0, mean in 0.0_f64..1.0, std in 0.0_f64..0.6) {
        let model = model(Aggregate::Max, &[(0.2, 0.8)]);
        let answer = decide(model.parts(), Subject::default(), &[FrameValues { outputs: vec![logit], features: Vec::new(), maps: Maps::default(), grey_mean: mean, grey_std: std }]);
        let inside = |v: f64, [low, high]: [f32; 2]| v >= f64::from(low) && v <= f64::from(high);
        let passed = inside(mean, model.gate.grey_mean) && inside(std, model.gate.grey_std);
        prop_assert_eq!(answer.input_check.passed, passed);
        prop_assert!(passed || answer.disposition == Disposition::Escalate);
    }
}

/// A model with a rule: finding 0 is any finding, finding 1 has limits for adults alone.
fn guaranteed() -> (Model, Guarantee) {
    use crate::guarantee::{Bound, Population};
    let bound = |finding: &str, low: Option<f64>, high: Option<f64>| Bound {
        finding: finding.into(),
        studies: 2_000,
        positives: 900,
        alpha: 0.01,
        delta_joint: 0.05,
        delta: 0.05,
        misses: 0,
        miss_bound: 0.0,
        no_flag_below: low,
        no_flag_reason: low.is_none().then(|| "too few positives".to_owned()),
        persons: None,
        persons_missed: None,
        person_miss_bound: None,
        precision_floor: 0.9,
        flagged: 400,
        flagged_wrong: 0,
        precision_bound: 0.0,
        flag_at: high,
        flag_reason: None,
    };
    let population = |name: &str, finding| Population { name: name.into(), finding };
    let rule = Guarantee {
        format: 1,
        model_sha256: String::new(),
        gate_sha256: String::new(),
        calibration_set: String::new(),
        method: String::new(),
        population: vec![
            population("children", vec![bound(ANY, Some(0.3), Some(0.9))]),
            population("adults", vec![bound(ANY, None, None), bound("mass", None, Some(0.7))]),
        ],
    };
    let mut model = model(Aggregate::Max, &[(0.5, 0.6), (0.5, 0.6)]);
    for (finding, key) in model.findings.iter_mut().zip([ANY, "mass"]) {
        finding.key = Some(key.to_owned());
    }
    (model, rule)
}

#[test]
fn under_a_guarantee_the_limits_are_those_of_the_patient_s_population() {
    let (model, rule) = guaranteed();
    let parts = || ClassifierParts { rule: Some(&rule), ..model.parts() };
    let logit = |p: f32| (p / (1.0 - p)).ln();
    let said = |age_years, any: f32, mass: f32| {
        let answer = decide(parts(), Subject { age_years }, &[frame(&[logit(any), logit(mass)])]);
        (answer.disposition, answer.reason)
    };
    assert_eq!(said(Some(4), 0.2, 0.95).0, Disposition::NoFlag, "no row of children speaks of a mass");
    assert_eq!(said(Some(4), 0.4, 0.1).0, Disposition::Escalate);
    assert_eq!(said(Some(4), 0.92, 0.1).0, Disposition::Flag);
    let (disposition, reason) = said(Some(60), 0.01, 0.01);
    assert_eq!(
        (disposition, reason.contains("too few positives")),
        (Disposition::Escalate, true),
        "{reason}"
    );
    assert_eq!(said(Some(60), 0.01, 0.75).0, Disposition::Flag);
    // Without an age the strictest of both: no flag of a mass, no `no-flag` at all.
    assert_eq!(said(None, 0.01, 0.75).0, Disposition::Escalate);
    assert_eq!(said(None, 0.01, 0.01).0, Disposition::Escalate);
}

#[test]
fn what_lies_far_from_the_calibration_set_is_escalated_whatever_the_scores_say() {
    let model = model(Aggregate::Max, &[(0.5, 0.6)]);
    let novelty = Novelty {
        format: 1,
        tensor: "features".into(),
        model_sha256: String::new(),
        dimension: 1,
        groups: vec!["a".into()],
        limit: 2.0,
        quantile: 0.995,
        calibrated_on: 1,
        centres: vec![vec![0.0]],
        whiten: vec![vec![1.0]],
    };
    let parts = || ClassifierParts { novelty: Some(&novelty), ..model.parts() };
    let at = |features: &[&[f32]]| {
        let frames: Vec<_> =
            features.iter().map(|f| FrameValues { features: f.to_vec(), ..frame(&[-9.0]) }).collect();
        decide(parts(), Subject::default(), &frames)
    };
    assert_eq!(at(&[&[1.9]]).disposition, Disposition::NoFlag);
    let far = at(&[&[2.1]]);
    assert_eq!(
        (far.disposition, far.input_check.passed, far.input_check.measure.as_str()),
        (Disposition::Escalate, false, DISTANCE)
    );
    assert!(far.reason.contains("calibrated on"), "{}", far.reason);
    assert_eq!(at(&[&[3.5], &[-3.5]]).disposition, Disposition::NoFlag, "the study's mean counts");
    assert_eq!(at(&[&[]]).disposition, Disposition::Escalate, "what cannot be measured does not pass");
}
