//! Storage commitment between real peers: an Orthanc asks as a scanner does, an Orthanc commits as the archive.

use std::path::Path;

use fixtures::scanner::Outgoing;
use fixtures::study::{StudyKind, StudySpec};
use scanside_tests::support::{Appliance, LIMIT, Orthanc, Settings, free_port, until};

fn rule(port: u16) -> toml::Table {
    let text = format!(
        "name = \"pacs\"\naddress = \"127.0.0.1:{port}\"\ncalled_ae_title = \"PACS\"\ncommit = true\n\
         retry_first = \"50ms\"\nretry_max = \"500ms\"\ntimeout = \"20s\"\n"
    );
    text.parse().unwrap()
}

/// An appliance between a scanner and an archive that commits; none of them started.
fn programs(folder: &Path) -> (Appliance, Orthanc, Orthanc) {
    let appliance = Appliance::init(&folder.join("site"), &folder.join("log")).unwrap();
    let us = ("triage", "SCANSIDE", appliance.intake.port());
    let pacs = Orthanc::prepare_as("PACS", &folder.join("pacs"), &[us]).unwrap();
    let scanner = Orthanc::prepare_as("CT1", &folder.join("scanner"), &[us]).unwrap();
    let reply: toml::Table =
        format!("ae_title = \"CT1\"\naddress = \"127.0.0.1:{}\"\n", scanner.dicom).parse().unwrap();
    Settings::read(&appliance.config)
        .unwrap()
        .with("triage", "bundles", Vec::<toml::Value>::new())
        .with("triage", "embed", Vec::<toml::Value>::new())
        .with("store", "warn_free", "200MiB")
        .with("store", "refuse_free", "100MiB")
        .with("commitment", "provide", true)
        .with("commitment", "retry", "100ms")
        .with("commitment", "replies", vec![toml::Value::from(reply)])
        .with_one_more("forward", rule(pacs.dicom))
        .write()
        .unwrap();
    (appliance, pacs, scanner)
}

/// What the scanner hears of a transaction.
fn heard(scanner: &Orthanc, transaction: &str) -> serde_json::Value {
    until("the scanner hears", LIMIT, || {
        let said = scanner.commitment(transaction)?;
        Ok((said["Status"] != "Pending").then_some(said))
    })
    .unwrap()
}

#[test]
fn a_scanner_hears_success_only_after_the_archive_has_committed_although_everyone_was_away() {
    let folder = tempfile::tempdir().unwrap();
    let (mut appliance, mut pacs, mut scanner) = programs(folder.path());
    appliance.start().unwrap();
    scanner.start().unwrap();
    let study = StudySpec::new(StudyKind::HeadCt, 8_100).with_size(64, 64).with_slices(5).build().unwrap();
    let objects: Vec<Outgoing> = study.instances.iter().map(Outgoing::from).collect();
    assert!(scanner.scanner().send_watched(&objects, |_| Ok(())).complete().is_ok());
    scanner.send_all("triage").unwrap();

    // The archive is away: the request is taken, and nothing is promised.
    let transaction = scanner.ask_commitment("triage").unwrap();
    until("the request is on record", LIMIT, || {
        Ok((appliance.status()?["commitment"]["open"] == 1).then_some(()))
    })
    .unwrap();
    assert_eq!(scanner.commitment(&transaction).unwrap()["Status"], "Pending");
    appliance.kill();
    scanner.kill();
    appliance.start().unwrap();
    pacs.start().unwrap();
    until("the archive has committed, and the scanner cannot be told", LIMIT, || {
        let c = appliance.status()?["commitment"].clone();
        Ok((c["untold"] == 1 && c["fault"].is_string()).then_some(()))
    })
    .unwrap();
    assert_eq!(pacs.count().unwrap(), 5);
    let rows = appliance.forward(&["list", "pacs", "--state", "delivered"]).unwrap();
    assert_eq!(rows.iter().filter(|r| r["committed_at"].is_i64()).count(), 5, "{rows:?}");

    // An Orthanc forgets its transactions when it ends: the scanner asks again when it is back.
    scanner.start().unwrap();
    let transaction = scanner.ask_commitment("triage").unwrap();
    let said = heard(&scanner, &transaction);
    assert_eq!(said["Status"], "Success", "{said}");
    assert_eq!(said["Success"].as_array().map(Vec::len), Some(5), "{said}");

    // One that we never had is listed by itself.
    let other = StudySpec::new(StudyKind::Cr, 8_200).with_size(64, 64).build().unwrap();
    let other: Vec<Outgoing> = other.instances.iter().map(Outgoing::from).collect();
    scanner.scanner().send_watched(&other, |_| Ok(())).complete().unwrap();
    let transaction = scanner.ask_commitment("triage").unwrap();
    let said = heard(&scanner, &transaction);
    assert_eq!(said["Status"], "Failure", "{said}");
    assert_eq!(said["Success"].as_array().map(Vec::len), Some(5), "{said}");
    assert_eq!(said["Failures"][0]["SOPInstanceUID"], other[0].sop_instance_uid, "{said}");
    appliance.stop().unwrap();
    let log = std::fs::read_to_string(&appliance.log).unwrap();
    for secret in [&transaction, &objects[0].sop_instance_uid, "CT1"] {
        assert!(!log.contains(secret), "the log names {secret}");
    }
}

#[test]
fn providing_without_an_archive_that_commits_is_refused_with_what_to_write() {
    let folder = tempfile::tempdir().unwrap();
    let appliance = Appliance::init(&folder.path().join("site"), &folder.path().join("log")).unwrap();
    let port = free_port().unwrap();
    let mut plain = rule(port);
    plain.remove("commit");
    let settings = Settings::read(&appliance.config).unwrap();
    settings.with("commitment", "provide", true).with_one_more("forward", plain).write().unwrap();
    let config = appliance.config.display().to_string();
    let said = scanside_tests::support::run("appliance", &["check", "--config", &config]).unwrap();
    assert_ne!(said.code, 0);
    let words = format!("{}{}", said.stdout, said.stderr);
    assert!(words.contains("commitment.provide") && words.contains("commit = true"), "{words}");
}
