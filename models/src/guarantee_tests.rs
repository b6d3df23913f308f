//! The rule with a guarantee: bounds are exact, limits of several populations the strictest, promises must be shown.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;

fn bound(finding: &str, positives: u32, misses: u32, no_flag_below: f64) -> Bound {
    Bound {
        finding: finding.into(),
        studies: 2_000,
        positives,
        alpha: 0.01,
        delta_joint: 0.05,
        delta: 0.05,
        misses,
        miss_bound: upper(misses, positives, 0.05),
        no_flag_below: Some(no_flag_below),
        no_flag_reason: None,
        persons: None,
        persons_missed: None,
        person_miss_bound: None,
        precision_floor: 0.9,
        flagged: 400,
        flagged_wrong: 10,
        precision_bound: lower(390, 400, 0.05),
        flag_at: Some(0.8),
        flag_reason: None,
    }
}

fn without(finding: &str) -> Bound {
    Bound {
        no_flag_below: None,
        no_flag_reason: Some("60 label-positive studies; 561 with no miss are needed".into()),
        flag_at: None,
        flag_reason: Some("not shown".into()),
        ..bound(finding, 60, 0, 0.1)
    }
}

fn rule() -> Guarantee {
    let population = |name: &str, finding| Population { name: name.into(), finding };
    Guarantee {
        format: 1,
        model_sha256: "m".into(),
        gate_sha256: "g".into(),
        calibration_set: "c".into(),
        method: "m".into(),
        population: vec![
            population("children", vec![bound(ANY, 555, 1, 0.04)]),
            population("adults", vec![bound(ANY, 894, 3, 0.13), without("mass")]),
        ],
    }
}

fn read(rule: &Guarantee) -> Result<Guarantee, Vec<String>> {
    let text = toml::to_string(rule).unwrap();
    Guarantee::read("rule.toml", text.as_bytes(), "m", &[ANY, "mass"])
        .map_err(|faults| faults.into_iter().map(|f| f.key).collect())
}

#[test]
fn bounds_are_the_ones_of_the_exact_binomial() {
    // (1 - p)^n = delta without a miss; 299, 473 and 628 positives show 1 % with none, one and two (numbers known).
    for (misses, enough) in [(0, 299), (1, 473), (2, 628)] {
        assert!(upper(misses, enough, 0.05) <= 0.01, "{misses} of {enough}");
        assert!(upper(misses, enough - 1, 0.05) > 0.01, "{misses} of {}", enough - 1);
    }
    assert!((upper(0, 100, 0.05) - (1.0 - 0.05_f64.powf(0.01))).abs() < 1e-9);
    assert!((lower(100, 100, 0.05) - 0.05_f64.powf(0.01)).abs() < 1e-9);
    assert_eq!((upper(5, 5, 0.05), lower(0, 0, 0.05)), (1.0, 0.0));
    // Jointly for 14 findings 561 are needed.
    assert!(upper(0, 561, 0.05 / 14.0) <= 0.01 && upper(0, 560, 0.05 / 14.0) > 0.01);
}

#[test]
fn the_population_is_the_patient_s_and_every_one_without_an_age() {
    let rule = rule();
    let names = |age| rule.populations(age).iter().map(|p| p.name.clone()).collect::<Vec<_>>();
    assert_eq!((names(Some(17)), names(Some(18))), (vec!["children".into()], vec!["adults".into()]));
    assert_eq!(names(None), ["children", "adults"]);
    let any = |age| Guarantee::limits(&rule.populations(age), ANY).unwrap().no_flag_below;
    assert_eq!((any(Some(5)), any(Some(50)), any(None)), (Some(0.04), Some(0.13), Some(0.04)));
    let mass = |age| Guarantee::limits(&rule.populations(age), "mass");
    assert_eq!(mass(Some(5)), None, "no row of children speaks of it");
    assert_eq!(mass(Some(50)).unwrap().flag_at, None);
    assert!(mass(None).unwrap().no_flag_reason.unwrap().contains("561"));
}

#[test]
fn a_promise_that_the_counts_do_not_show_is_refused_with_its_key() {
    assert_eq!(read(&rule()).unwrap(), rule());
    let with = |change: &dyn Fn(&mut Bound)| {
        let mut rule = rule();
        change(&mut rule.population[1].finding[0]);
        read(&rule).unwrap_err()
    };
    let key = |name: &str| vec![format!("population[1].finding[0].{name}")];
    assert_eq!(with(&|b| b.miss_bound = 0.005), key("miss_bound"));
    assert_eq!(with(&|b| b.precision_bound = 0.99), key("precision_bound"));
    assert_eq!(with(&|b| b.precision_floor = 0.99), key("flag_at"));
    assert_eq!(
        with(&|b| *b = Bound { no_flag_below: Some(0.1), ..bound(ANY, 200, 0, 0.1) }),
        key("no_flag_below")
    );
    assert_eq!(with(&|b| b.no_flag_below = None), key("no_flag_reason"));
    assert_eq!(with(&|b| b.no_flag_below = Some(0.9)), key("flag_at"));
    assert_eq!(with(&|b| b.finding = "other".into()).len(), 2, "no such finding, and no row about any");
    assert_eq!(read(&Guarantee { model_sha256: "x".into(), ..rule() }).unwrap_err(), ["model_sha256"]);
    assert_eq!(read(&Guarantee { population: Vec::new(), ..rule() }).unwrap_err(), ["population"]);
}
