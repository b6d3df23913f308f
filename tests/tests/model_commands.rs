//! Behaviour: the command line shows what a bundle may answer and on which counts, and refuses one that is not whole.

use std::path::Path;

use scanside_tests::support::{Answer, Appliance, project, run};
use serde_json::Value;
use sha2::{Digest, Sha256};

fn model(words: &[&str]) -> Answer {
    run("appliance", &[&["model"], words].concat()).unwrap()
}

/// The chest bundle, with so many misses counted in the first row of its rule and the digest that belongs to that.
fn with_misses(folder: &Path, misses: u32) {
    let shipped = project().join("models/chest-xray");
    for entry in std::fs::read_dir(shipped).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, folder.join(path.file_name().unwrap())).unwrap();
    }
    let (manifest, rule) = (folder.join("bundle.toml"), folder.join("rule.toml"));
    let before = std::fs::read_to_string(&rule).unwrap();
    let after = before.replacen("misses = 1\n", &format!("misses = {misses}\n"), 1);
    std::fs::write(&rule, &after).unwrap();
    let digest = |text: &str| hex::encode(Sha256::digest(text.as_bytes()));
    let text = std::fs::read_to_string(&manifest).unwrap();
    assert!(text.contains(&digest(&before)));
    std::fs::write(&manifest, text.replace(&digest(&before), &digest(&after))).unwrap();
}

#[test]
fn the_shipped_bundles_are_shown_and_load_in_a_locked_worker() {
    // Too few bleeding patients for a promise: that is said.
    for (name, says) in [
        ("chest-xray", "at most 0.85 % of label-positive studies"),
        ("head-ct-haemorrhage", "no bound stands behind these limits"),
    ] {
        let folder = project().join("models").join(name).display().to_string();
        let shown = model(&["show", &folder]);
        assert_eq!(shown.code, 0, "{}", shown.stderr);
        assert!(
            shown.stdout.contains(says) && shown.stdout.contains("input check: up to"),
            "{}",
            shown.stdout
        );
        let held = model(&["verify", &folder, "--json"]);
        assert_eq!((held.code, held.first().unwrap()["holds"].as_bool()), (0, Some(true)), "{}", held.stderr);
    }
}

#[test]
fn a_rule_is_shown_with_its_counts_and_one_that_promises_more_never_loads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    // One miss of 555 positives: the exact upper bound at 95 % is 0.85 %.
    with_misses(folder.path(), 1);
    let shown = model(&["show", &path]);
    assert_eq!(shown.code, 0, "{}", shown.stderr);
    assert!(
        shown.stdout.contains("1 of 555 missed") && shown.stdout.contains("never flagged"),
        "{}",
        shown.stdout
    );
    let json: Value = model(&["show", &path, "--json"]).first().unwrap();
    assert_eq!(json["rule"]["population"][0]["finding"][0]["misses"], 1);
    with_misses(folder.path(), 3);
    let refused = model(&["show", &path]);
    assert_eq!((refused.code, refused.stdout.as_str()), (64, ""));
    for key in ["population[0].finding[0].miss_bound", "population[0].finding[0].no_flag_below"] {
        assert!(refused.stderr.contains(key), "{}", refused.stderr);
    }
}

#[test]
fn a_model_from_outside_is_added_looked_at_and_loads_in_a_locked_worker() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("lung").display().to_string();
    let file = project().join("models/tests/bundles/last-channel/model.onnx").display().to_string();
    let given = ["--modality", "DX", "--body-part", "CHEST", "--mean", "0.5", "--std", "0.25"];
    let wrong = model(&[&["add", &file, "--to", &to, "--labels", "one"], &given[..]].concat());
    assert_eq!(wrong.code, 64);
    assert!(wrong.stderr.contains("labels: 1 are given, but the model has 2 values"), "{}", wrong.stderr);
    assert!(!Path::new(&to).exists(), "a refusal writes nothing");
    let add = [&["add", &file, "--to", &to, "--labels", "Mean,Row", "--json"], &given[..]].concat();
    let added = model(&add);
    assert_eq!(added.code, 0, "{}", added.stderr);
    let report: Value = added.first().unwrap();
    assert_eq!((report["name"].as_str(), report["report"]["findings"].as_u64()), (Some("lung"), Some(2)));
    assert_eq!(report["report"]["input"]["layout"], "NHWC");
    let held = model(&["verify", &to, "--json"]);
    assert_eq!((held.code, held.first().unwrap()["holds"].as_bool()), (0, Some(true)), "{}", held.stderr);
    let looked = model(&["add", &to]);
    assert_eq!(looked.code, 0, "{}", looked.stderr);
    for words in ["to be filled in: line", "passes the input check", "bundles = [\""] {
        assert!(looked.stdout.contains(words), "{words}: {}", looked.stdout);
    }
    let again = model(&add);
    assert_eq!(again.code, 64);
    assert!(again.stderr.contains("is there already"), "{}", again.stderr);
}

#[test]
fn the_text_detector_is_listed_shown_and_verified_as_what_it_is() {
    let folder = project().join("models/burned-in-text").display().to_string();
    let shown = model(&["show", &folder]);
    assert_eq!(shown.code, 0, "{}", shown.stderr);
    assert!(shown.stdout.contains("a text detector: part of de-identification"), "{}", shown.stdout);
    let digest = hex::encode(Sha256::digest(std::fs::read(Path::new(&folder).join("bundle.toml")).unwrap()));
    let held = model(&["verify", &folder, "--json"]).first().unwrap();
    assert_eq!((held["holds"].as_bool(), held["digest"].as_str()), (Some(true), Some(digest.as_str())));

    let site = tempfile::tempdir().unwrap();
    let appliance = Appliance::init(&site.path().join("site"), &site.path().join("log")).unwrap();
    let config = appliance.config.display().to_string();
    let listed = model(&["list", "--json", "--config", &config]).lines().unwrap();
    let found = listed.iter().find(|line| line["kind"] == "text-detector").unwrap();
    assert_eq!(
        (found["name"].as_str(), found["digest"].as_str()),
        (Some("burned-in-text"), Some(digest.as_str()))
    );

    // It answers no study.
    let taken = run("appliance", &["triage", &folder, "--bundle", &folder]).unwrap();
    assert_eq!(taken.code, 64);
    assert!(taken.stderr.contains("is of kind \"text-detector\""), "{}", taken.stderr);
}
