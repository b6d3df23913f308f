//! Behaviour: an appliance whose workers cannot start receives, says it once and in `status`, and goes on when it is mended.

use std::path::{Path, PathBuf};
use std::process::Command;

use fixtures::study::{StudyKind, StudySpec};
use scanside_tests::support::{Appliance, LIMIT, Settings, Terms, binary, project, run, until};

#[test]
fn a_bundle_that_cannot_be_loaded_keeps_nothing_from_being_received_and_is_said_once() {
    let folder = tempfile::tempdir().unwrap();
    let (here, away) = (folder.path().join("bundle"), folder.path().join("away"));
    std::fs::create_dir(&away).unwrap();
    for file in std::fs::read_dir(project().join("models/chest-xray")).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), away.join(file.file_name())).unwrap();
    }
    let log = folder.path().join("log");
    let mut appliance = Appliance::init(&folder.path().join("site"), &log).unwrap();
    Terms::default().shape(&appliance).unwrap();
    let bundles = vec![toml::Value::from(here.display().to_string())];
    Settings::read(&appliance.config).unwrap().with("triage", "bundles", bundles).write().unwrap();
    appliance.start().unwrap();
    let light = |appliance: &Appliance| appliance.status().map(|s| s["models"].clone());
    until("status says so before any study came", LIMIT, || {
        Ok((light(&appliance)?["state"] == "bad").then_some(()))
    })
    .unwrap();
    let words = light(&appliance).unwrap()["words"].as_str().unwrap().to_owned();
    assert!(words.contains("bundle") && words.contains("appliance check"), "{words}");
    let film = StudySpec::new(StudyKind::Cr, 61).with_size(880, 1070).build().unwrap();
    let sent = appliance.scanner().send(&film.instances).unwrap();
    assert!(sent.iter().all(|outcome| outcome.acknowledged()));
    // Asked for by the study, which waits, and by several starts that fail alike.
    for _ in 0..20 {
        assert_eq!(light(&appliance).unwrap()["state"], "bad");
    }
    std::fs::rename(&away, &here).unwrap();
    until("the study is answered", LIMIT, || {
        Ok(appliance.ledger()?.rows()?.into_iter().find(|row| row.answered()))
    })
    .unwrap();
    until("status says so", LIMIT, || Ok((light(&appliance)?["state"] != "bad").then_some(()))).unwrap();
    appliance.stop().unwrap();
    let log = std::fs::read_to_string(&log).unwrap();
    assert_eq!(log.matches("no worker can be had").count(), 1, "{log}");
}

#[test]
fn init_of_either_product_refuses_a_bundle_that_is_not_there_and_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["appliance", "cloud-service"] {
        let site = folder.path().join(name);
        let refused = run(name, &["init", site.to_str().unwrap(), "--bundle", "no-such-bundle"]).unwrap();
        assert_eq!(refused.code, 64, "{}", refused.stderr);
        assert!(refused.stderr.contains("share/scanside/models/no-such-bundle"), "{}", refused.stderr);
        assert!(!site.exists());
        // By its name a bundle that comes with the product is found, wherever one stands.
        let made = run(name, &["init", site.to_str().unwrap(), "--bundle", "reference", "--json"]).unwrap();
        assert_eq!(made.code, 0, "{}", made.stderr);
    }
}

/// A copy of the detector that comes with the product.
fn detector(folder: &Path) -> PathBuf {
    let to = folder.join("detector");
    std::fs::create_dir(&to).unwrap();
    for file in std::fs::read_dir(project().join("models/burned-in-text")).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
    to
}

#[test]
fn with_an_altered_text_detector_no_worker_starts_until_it_is_mended_and_check_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let detector = detector(folder.path());
    let (trees, log) = (detector.join("trees.bin"), folder.path().join("log"));
    let whole = std::fs::read(&trees).unwrap();
    let mut appliance = Appliance::init(&folder.path().join("site"), &log).unwrap();
    Terms::default().shape(&appliance).unwrap();
    let named = detector.display().to_string();
    Settings::read(&appliance.config).unwrap().with("deid", "text_detector", named).write().unwrap();
    let config = appliance.config.display().to_string();
    let check = || run("appliance", &["check", "--json", "--config", &config]).unwrap();
    assert_eq!(check().code, 0, "{}", check().stderr);

    let mut altered = whole.clone();
    altered[9000] ^= 1;
    std::fs::write(&trees, altered).unwrap();
    let bad = check();
    assert_eq!(bad.code, 64, "{}", bad.stderr);
    let fault = bad.first().unwrap();
    assert_eq!(fault["key"], "deid.text_detector");
    assert!(fault["wrong"].as_str().unwrap().contains("trees.bin: its SHA-256 is"), "{fault}");

    appliance.start().unwrap();
    let light = |appliance: &Appliance| appliance.status().map(|s| s["models"].clone());
    until("status says so before any study came", LIMIT, || {
        Ok((light(&appliance)?["state"] == "bad").then_some(()))
    })
    .unwrap();
    let words = light(&appliance).unwrap()["words"].as_str().unwrap().to_owned();
    assert!(words.contains("detector") && words.contains("appliance check"), "{words}");
    let film = StudySpec::new(StudyKind::Cr, 62).with_size(880, 1070).build().unwrap();
    let sent = appliance.scanner().send(&film.instances).unwrap();
    assert!(sent.iter().all(|outcome| outcome.acknowledged()));
    assert_eq!(light(&appliance).unwrap()["state"], "bad");
    assert!(!appliance.ledger().unwrap().rows().unwrap().iter().any(|row| row.answered()));

    std::fs::write(&trees, whole).unwrap();
    until("the study is answered", LIMIT, || {
        Ok(appliance.ledger()?.rows()?.into_iter().find(|row| row.answered()))
    })
    .unwrap();
    appliance.stop().unwrap();
}

#[test]
fn a_program_without_the_text_detector_de_identifies_nothing_and_says_where_it_looked() {
    let folder = tempfile::tempdir().unwrap();
    let alone = folder.path().join("bin/appliance");
    std::fs::create_dir(folder.path().join("bin")).unwrap();
    std::fs::copy(binary("appliance").unwrap(), &alone).unwrap();
    let film = StudySpec::new(StudyKind::Cr, 63).build().unwrap().instances.remove(0).file;
    std::fs::write(folder.path().join("in.dcm"), film).unwrap();
    let deid = || {
        let mut command = Command::new(&alone);
        command.current_dir(folder.path()).args(["deid", "in.dcm", "out", "--json"]).output().unwrap()
    };
    let refused = deid();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && refused.stdout.is_empty(), "{said}");
    for words in
        ["the text detector burned-in-text was found nowhere", "share/scanside/models/burned-in-text"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    let left = std::fs::read_dir(folder.path().join("out")).map_or(0, Iterator::count);
    assert_eq!(left, 0);
    // Where the product's bundles are put it is found.
    let share = folder.path().join("share/scanside/models");
    std::fs::create_dir_all(&share).unwrap();
    std::fs::rename(detector(folder.path()), share.join("burned-in-text")).unwrap();
    let done = deid();
    assert!(done.status.success(), "{}", String::from_utf8(done.stderr).unwrap());
}
