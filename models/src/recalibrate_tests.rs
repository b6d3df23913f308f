//! The line finds what was wrong with the scores, and a bundle written anew decides as before.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;

/// Reads whose true share is the score under a known line.
fn reads(truth: Line, count: usize) -> Vec<(f64, bool)> {
    let mut seed = 5_u64;
    let mut even = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..count)
        .map(|_| {
            let score = even();
            (score, even() < truth.apply(score))
        })
        .collect()
}

#[test]
fn the_line_that_scores_were_off_by_is_found_and_helps_on_reads_it_has_not_seen() {
    let truth = Line { slope: 0.6, intercept: -1.2 };
    let pairs = reads(truth, 4_000);
    let line = fit(&pairs).unwrap();
    assert!(
        (line.slope - truth.slope).abs() < 0.08 && (line.intercept - truth.intercept).abs() < 0.12,
        "{line:?}"
    );
    let (before, after) = (agreement(&pairs).unwrap(), tried(&pairs).unwrap());
    assert!(after.log_loss < before.log_loss - 0.05 && after.brier < before.brier, "{before:?} {after:?}");
}

#[test]
fn too_few_reads_of_a_kind_or_scores_that_run_against_them_give_no_line() {
    let few: Vec<(f64, bool)> = (0..50).map(|n| (0.5, n < 9)).collect();
    assert_eq!(fit(&few), None);
    let against: Vec<(f64, bool)> = (1..100).map(|n| (f64::from(n) / 100.0, n < 50)).collect();
    assert_eq!(fit(&against), None);
    assert_eq!(agreement(&[]), None);
}

#[test]
fn a_bundle_written_anew_has_other_scores_and_the_same_decisions() {
    let shipped = Bundle::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("chest-xray")).unwrap();
    let Some(key) = shipped.manifest().findings.iter().find_map(|f| f.key.clone()) else {
        // A bundle without keys has nothing to name: that is refused.
        let folder = tempfile::tempdir().unwrap();
        assert!(
            write(&shipped, "any", Line { slope: 1.0, intercept: 0.0 }, &folder.path().join("b")).is_err()
        );
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let line = Line { slope: 0.7, intercept: -0.4 };
    let to = folder.path().join("anew");
    let anew = write(&shipped, &key, line, &to).unwrap();
    assert!(anew.digest() != shipped.digest() && anew.version() != shipped.version());
    let of =
        |b: &Bundle| b.manifest().findings.iter().find(|f| f.key.as_ref() == Some(&key)).cloned().unwrap();
    let (old, new) = (of(&shipped), of(&anew));
    for logit in [-8.0, -3.0, -1.0, -0.2, 0.0, 0.4, 1.5, 5.0] {
        let score = |f: &crate::manifest::Finding| {
            1.0 / (1.0 + (-(f.calibration.slope * logit + f.calibration.intercept)).exp())
        };
        assert!((score(&new) - line.apply(score(&old))).abs() < 1e-9);
        assert_eq!(score(&old) >= old.flag_at, score(&new) >= new.flag_at);
        assert_eq!(score(&old) < old.no_flag_below, score(&new) < new.no_flag_below);
    }
    let limits = |b: &Bundle| {
        let rows = b.rule().unwrap().population.iter().flat_map(|p| p.finding.clone());
        rows.filter(|r| r.finding == key).map(|r| (r.no_flag_below, r.flag_at)).collect::<Vec<_>>()
    };
    for ((low, high), (new_low, new_high)) in limits(&shipped).into_iter().zip(limits(&anew)) {
        for (at, moved) in [(low, new_low), (high, new_high)] {
            assert_eq!(at.map(|v| (line.apply(v) * 1e9).round()), moved.map(|v| (v * 1e9).round()));
        }
    }
    assert!(write(&shipped, &key, line, &to).is_err(), "nothing is written over");
    assert!(write(&shipped, "no such finding", line, &folder.path().join("c")).is_err());
}
