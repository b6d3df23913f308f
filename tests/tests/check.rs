//! Behaviour: `check` reports all faults of a configuration at once, with exit code 64, and binds nothing.

use std::net::TcpListener;

use scanside_tests::support::{Appliance, Cloud, Settings, run};

fn lines(stdout: &str) -> Vec<serde_json::Value> {
    stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[test]
fn the_appliance_reports_every_fault_with_its_key_and_what_to_write() {
    let folder = tempfile::tempdir().unwrap();
    let appliance = Appliance::init(&folder.path().join("site"), &folder.path().join("log")).unwrap();
    let config = appliance.config.display().to_string();
    let good = run("appliance", &["check", "--json", "--config", &config]).unwrap();
    assert_eq!(good.code, 0, "{}", good.stderr);

    Settings::read(&appliance.config)
        .unwrap()
        .with("intake", "ae_title", "A TITLE THAT IS TOO LONG")
        .with("intake", "max_associations", 0)
        .with("deid", "policy", "lenient")
        .with("deid", "placeholder_ids", vec![toml::Value::from("a\\b")])
        .with("deid", "real_ids", vec![toml::Value::from("4711")])
        .with("triage", "workers", 0)
        .with("review", "countdown", "2h")
        .with("log", "level", "loud")
        .with("escalation", "retry_first", "2m")
        .write()
        .unwrap();
    // A listener of somebody else's on the very port: `check` binds nothing, so it does not mind.
    let _taken = TcpListener::bind(appliance.intake).unwrap();
    let bad = run("appliance", &["check", "--json", "--config", &config]).unwrap();
    assert_eq!(bad.code, 64, "{}", bad.stderr);
    let faults = lines(&bad.stdout);
    for key in [
        "intake.ae_title",
        "intake.max_associations",
        "deid.policy",
        "deid.placeholder_ids",
        "deid.real_ids",
        "triage.workers",
        "review.countdown",
        "log.level",
        "escalation.retry_first",
    ] {
        let fault = faults.iter().find(|fault| fault["key"] == key);
        let fault = fault.unwrap_or_else(|| panic!("{key} is not reported: {}", bad.stdout));
        assert!(fault["line"].as_u64().unwrap() > 0, "{fault}");
        assert!(fault["file"].as_str().unwrap().ends_with("appliance.toml"), "{fault}");
    }
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_known_one() {
    let folder = tempfile::tempdir().unwrap();
    let appliance = Appliance::init(&folder.path().join("site"), &folder.path().join("log")).unwrap();
    let config = appliance.config.display().to_string();
    Settings::read(&appliance.config).unwrap().with("intake", "ae_titel", "BOX").write().unwrap();
    let bad = run("appliance", &["check", "--config", &config]).unwrap();
    assert_eq!(bad.code, 64);
    assert!(bad.stderr.contains("ae_titel") && bad.stderr.contains("ae_title"), "{}", bad.stderr);
}

#[test]
fn the_cloud_reports_every_fault_with_its_key_and_what_to_write() {
    let folder = tempfile::tempdir().unwrap();
    let cloud = Cloud::init(&folder.path().join("cloud"), &folder.path().join("log")).unwrap();
    let config = cloud.config.display().to_string();
    let good = run("cloud-service", &["check", "--json", "--config", &config]).unwrap();
    assert_eq!(good.code, 0, "{}{}", good.stdout, good.stderr);

    Settings::read(&cloud.config)
        .unwrap()
        .with("service", "listen", "nowhere")
        .with("queue", "lease", "2 parsecs")
        .with("diagnosis", "readers", 900)
        .with("page", "listen", "0.0.0.0:80")
        .write()
        .unwrap();
    let bad = run("cloud-service", &["check", "--json", "--config", &config]).unwrap();
    assert_eq!(bad.code, 64, "{}", bad.stderr);
    let faults = lines(&bad.stdout);
    for key in ["service.listen", "queue.lease", "diagnosis.readers", "page.listen"] {
        assert!(faults.iter().any(|fault| fault["key"] == key), "{key} is not reported: {}", bad.stdout);
    }
}

#[test]
fn the_faults_of_a_profile_are_told_with_its_own_file_and_lines() {
    let folder = tempfile::tempdir().unwrap();
    let appliance = Appliance::init(&folder.path().join("site"), &folder.path().join("log")).unwrap();
    let config = appliance.config.display().to_string();
    Settings::read(&appliance.config).unwrap().with("deid", "policy", "audit.toml").write().unwrap();
    let profile = folder.path().join("site/audit.toml");
    let check = || run("appliance", &["check", "--json", "--config", &config]).unwrap();
    assert_eq!(check().code, 64, "the file is not there");
    let head = "[profile]\nname = \"audit\"\n[options]\n";
    std::fs::write(&profile, format!("{head}retain-uids = \"the registry joins on them\"\n")).unwrap();
    let good = check();
    assert_eq!(good.code, 0, "{}{}", good.stdout, good.stderr);
    std::fs::write(&profile, format!("{head}retain-all = \"we like it so\"\n[[attribute]]\ntag = \"PatientName\"\naction = \"K\"\nreason = \"we know them\"\n")).unwrap();
    let bad = check();
    assert_eq!(bad.code, 64);
    let faults = lines(&bad.stdout);
    for (key, line) in [("options.retain-all", 4), ("attribute[0].action", 7)] {
        let fault = faults.iter().find(|fault| fault["key"] == key);
        let fault = fault.unwrap_or_else(|| panic!("{key} is not reported: {}", bad.stdout));
        assert_eq!(fault["line"], line, "{fault}");
        assert!(fault["file"].as_str().unwrap().ends_with("audit.toml"), "{fault}");
    }
}
