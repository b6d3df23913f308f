//! Behaviour: an appliance whose workers cannot start receives, says it once and in `status`, and goes on when it is mended.

use fixtures::study::{StudyKind, StudySpec};
use scanside_tests::cast::{Appliance, LIMIT, Settings, Terms, project, run, until};

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
