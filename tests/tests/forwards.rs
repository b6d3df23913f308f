//! Behaviour: originals go on to real archives byte for byte, in each topology, whoever dies in the middle.

use std::net::TcpListener;
use std::path::Path;

use fixtures::scanner::{Outgoing, Scanner};
use fixtures::study::{Encoding, StudyKind, StudySpec};
use scanside_tests::support::{
    Appliance, DataSets, LIMIT, ORTHANC, Orthanc, STORESCP, Settings, Storescp, run, until,
};

/// Small studies in every encoding that both archives take: DCMTK ends the association at a last fragment of odd
/// length, which our deflated data sets may have.
fn objects(seed: u64, slices: usize) -> Vec<Outgoing> {
    let ct = StudySpec::new(StudyKind::HeadCt, seed).with_size(64, 64).with_slices(slices);
    let mut specs = vec![ct];
    let taken = Encoding::ALL.into_iter().filter(|e| *e != Encoding::Deflated);
    for (n, encoding) in taken.enumerate() {
        let cr = StudySpec::new(StudyKind::Cr, seed + 1 + n as u64).with_size(96, 80);
        specs.push(cr.with_encoding(encoding));
    }
    let built = specs.iter().flat_map(|spec| spec.build().unwrap().instances);
    built.map(|instance| Outgoing::from(&instance)).collect()
}

fn data_sets(objects: &[Outgoing]) -> DataSets {
    objects.iter().map(|o| (o.sop_instance_uid.clone(), o.data_set().unwrap())).collect()
}

fn rule(name: &str, port: u16, title: &str) -> toml::Table {
    let text = format!(
        "name = \"{name}\"\naddress = \"localhost:{port}\"\ncalled_ae_title = \"{title}\"\n\
         retry_first = \"50ms\"\nretry_max = \"1s\"\ntimeout = \"20s\"\n"
    );
    text.parse().unwrap()
}

/// An appliance that only receives and sends on.
fn appliance(folder: &Path, rules: &[toml::Table]) -> Appliance {
    let appliance = Appliance::init(&folder.join("site"), &folder.join("log")).unwrap();
    let mut settings = Settings::read(&appliance.config)
        .unwrap()
        .with("triage", "bundles", Vec::<toml::Value>::new())
        .with("triage", "embed", Vec::<toml::Value>::new())
        .with("store", "warn_free", "200MiB")
        .with("store", "refuse_free", "100MiB");
    for rule in rules {
        settings = settings.with_one_more("forward", rule.clone());
    }
    settings.write().unwrap();
    appliance
}

fn send(scanner: &Scanner, objects: &[Outgoing]) {
    let outcomes = scanner.send_watched(objects, |_| Ok(())).complete().unwrap();
    assert_eq!(outcomes.iter().filter(|o| o.acknowledged()).count(), objects.len());
}

/// What an Orthanc keeps of these objects when the scanner sends them to it directly: it writes sequences with
/// explicit lengths, so its files are compared with its own files.
fn kept_by_orthanc(folder: &Path, objects: &[Outgoing]) -> DataSets {
    let mut direct = Orthanc::prepare(&folder.join("direct"), &[]).unwrap();
    direct.start().unwrap();
    send(&Scanner::new(format!("127.0.0.1:{}", direct.dicom), ORTHANC, "CT1"), objects);
    let kept = direct.data_sets().unwrap();
    assert_eq!(kept.len(), objects.len());
    kept
}

fn assert_same(there: &DataSets, expected: &DataSets) {
    let missing = expected.keys().filter(|uid| !there.contains_key(*uid)).count();
    let other = expected.iter().filter(|(uid, data)| there.get(*uid).is_some_and(|d| d != *data)).count();
    assert_eq!((missing, other, there.len()), (0, 0, expected.len()), "missing, different, all");
}

fn until_delivered(appliance: &Appliance, name: &str) {
    until("everything is delivered", LIMIT, || {
        Ok((appliance.destination(name)?["waiting"] == 0).then_some(()))
    })
    .unwrap();
}

#[test]
fn the_scanner_sends_to_us_and_everything_reaches_an_orthanc_that_was_down_and_is_killed_midway() {
    let folder = tempfile::tempdir().unwrap();
    let objects = objects(4_000, 120);
    let expected = kept_by_orthanc(folder.path(), &objects);
    let mut orthanc = Orthanc::prepare(&folder.path().join("pacs"), &[]).unwrap();
    let mut appliance = appliance(folder.path(), &[rule("pacs", orthanc.dicom, ORTHANC)]);
    appliance.start().unwrap();
    send(&appliance.scanner(), &objects);
    let row = until("the destination is away", LIMIT, || {
        let row = appliance.destination("pacs")?;
        Ok((row["state"] == "warn" && row["waiting"] == objects.len()).then_some(row))
    })
    .unwrap();
    assert!(row["words"].as_str().unwrap().contains("no connection"), "{row}");
    assert!(row["oldest"].as_i64().is_some() && row["dead"] == 0, "{row}");

    orthanc.start().unwrap();
    until("a part is there", LIMIT, || Ok((orthanc.count()? >= 20).then_some(()))).unwrap();
    let had = orthanc.count().unwrap();
    orthanc.kill();
    assert!(had < objects.len() as u64, "killed too late for a test");
    orthanc.start().unwrap();
    until_delivered(&appliance, "pacs");
    assert_same(&orthanc.data_sets().unwrap(), &expected);
    let every = appliance.forward(&["list", "pacs", "--state", "delivered"]).unwrap();
    assert_eq!(every.len(), objects.len());
    appliance.stop().unwrap();
}

#[test]
fn whatever_was_acknowledged_reaches_the_archive_although_the_appliance_is_killed_again_and_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Storescp::prepare(&folder.path().join("archive")).unwrap();
    archive.start().unwrap();
    let mut appliance = appliance(folder.path(), &[rule("archive", archive.port, STORESCP)]);
    let mut acknowledged = DataSets::new();
    for round in 0..6_usize {
        appliance.start().unwrap();
        let objects = objects(5_000 + 100 * round as u64, 40);
        let all = data_sets(&objects);
        let scanner = appliance.scanner();
        // Killed inside the send in every other round, and while the rest goes on in the others.
        let most = if round.is_multiple_of(2) { 10 + 5 * round } else { objects.len() };
        let mut count = 0;
        let sent = scanner.send_watched(&objects, |outcome| {
            assert!(outcome.acknowledged());
            acknowledged.insert(outcome.sop_instance_uid.clone(), all[&outcome.sop_instance_uid].clone());
            count += 1;
            if count == most {
                appliance.kill();
            }
            Ok(())
        });
        assert!(sent.ended.is_some() || count == objects.len());
    }
    appliance.start().unwrap();
    until("everything is delivered", LIMIT, || {
        let row = appliance.destination("archive")?;
        Ok((row["waiting"] == 0 && archive.data_sets()?.len() >= acknowledged.len()).then_some(()))
    })
    .unwrap();
    let there = archive.data_sets().unwrap();
    for (uid, data) in &acknowledged {
        assert!(there.get(uid) == Some(data), "an acknowledged object is missing or altered");
    }
    assert!(appliance.forward(&["list"]).unwrap().is_empty());
    appliance.stop().unwrap();
}

#[test]
fn one_of_two_destinations_is_dead_and_the_other_gets_everything_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Storescp::prepare(&folder.path().join("archive")).unwrap();
    archive.start().unwrap();
    // Takes connections and never says a word: worse than one that refuses them.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut dead = rule("dead", silent.local_addr().unwrap().port(), "NOBODY");
    dead.insert("timeout".into(), "1s".into());
    let mut ct_only = rule("ct-only", archive.port, STORESCP);
    ct_only.insert("modalities".into(), vec![toml::Value::from("MR")].into());
    let rules = [dead, rule("archive", archive.port, STORESCP), ct_only];
    let mut appliance = appliance(folder.path(), &rules);
    appliance.start().unwrap();
    let objects = objects(6_000, 30);
    send(&appliance.scanner(), &objects);
    until("the archive has everything", LIMIT, || {
        Ok((appliance.destination("archive")?["delivered"] == objects.len()).then_some(()))
    })
    .unwrap();
    assert_same(&archive.data_sets().unwrap(), &data_sets(&objects));
    let row = until("the dead one is seen", LIMIT, || {
        let row = appliance.destination("dead")?;
        Ok((row["state"] == "warn").then_some(row))
    })
    .unwrap();
    assert_eq!((&row["waiting"], &row["dead"]), (&objects.len().into(), &0.into()), "{row}");
    // The filter lets nothing of these modalities through.
    assert_eq!(appliance.destination("ct-only").unwrap()["waiting"], 0);
    assert!(appliance.forward(&["list", "ct-only", "--state", "delivered"]).unwrap().is_empty());

    let words = ["give-up", "dead", "--waiting", "--by", "anna", "--reason", "taken out of service"];
    assert_eq!(appliance.forward(&words).unwrap()[0]["changed"], objects.len());
    assert!(appliance.forward(&["list", "dead"]).unwrap().is_empty());
    let audit = std::fs::read_to_string(appliance.folder.join("audit.jsonl")).unwrap();
    assert!(audit.contains("forward give-up") && audit.contains("anna"));
    appliance.stop().unwrap();
    let log = std::fs::read_to_string(&appliance.log).unwrap();
    assert!(log.contains("the destination is away"), "{log}");
    for secret in ["NOBODY", STORESCP, "localhost"] {
        assert!(!log.contains(secret), "the log names {secret}");
    }
}

#[test]
fn a_router_sends_us_a_copy_and_the_scanner_sends_to_both() {
    let folder = tempfile::tempdir().unwrap();
    let mut appliance = appliance(folder.path(), &[]);
    appliance.start().unwrap();
    let peers = [("triage", "SCANSIDE", appliance.intake.port())];
    let mut orthanc = Orthanc::prepare(&folder.path().join("pacs"), &peers).unwrap();
    orthanc.start().unwrap();
    let scanner = Scanner::new(format!("127.0.0.1:{}", orthanc.dicom), ORTHANC, "CT1");
    // The archive first, which sends us a copy.
    let copied = objects(7_000, 20);
    send(&scanner, &copied);
    orthanc.send_all("triage").unwrap();
    // The scanner to both.
    let both = objects(7_500, 20);
    send(&appliance.scanner(), &both);
    send(&scanner, &both);
    let held = orthanc.data_sets().unwrap();
    assert_eq!(held.len(), copied.len() + both.len());
    let mut expected: Vec<Vec<u8>> = copied.iter().map(|o| held[&o.sop_instance_uid].clone()).collect();
    expected.extend(both.iter().map(|o| o.data_set().unwrap()));
    let mut ledger = appliance.ledger().unwrap();
    until("every instance has its row", LIMIT, || {
        Ok((ledger.instances()?.len() == expected.len()).then_some(()))
    })
    .unwrap();
    let there: Vec<String> = ledger.query("SELECT json_quote(blake3) FROM instances").unwrap();
    for data in &expected {
        let digest = store::Digest::of(data).to_string();
        assert!(there.contains(&digest), "an object is not here as it was sent");
    }
    assert_eq!(appliance.status().unwrap()["destinations"], serde_json::json!([]));
    appliance.stop().unwrap();
}

#[test]
fn rules_are_checked_with_their_lines_and_a_destination_answers_to_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Storescp::prepare(&folder.path().join("archive")).unwrap();
    archive.start().unwrap();
    let appliance = appliance(folder.path(), &[rule("archive", archive.port, STORESCP)]);
    let config = appliance.config.display().to_string();
    let good = run("appliance", &["check", "--config", &config]).unwrap();
    assert_eq!(good.code, 0, "{}", good.stderr);
    let echo = run("appliance", &["echo", "archive", "--config", &config]).unwrap();
    assert_eq!(echo.code, 0, "{}", echo.stderr);
    let other = run("appliance", &["echo", "archives", "--config", &config]).unwrap();
    assert!(other.code == 64 && other.stderr.contains("archive"), "{}", other.stderr);
    drop(archive);
    let gone = run("appliance", &["echo", "archive", "--config", &config]).unwrap();
    assert_eq!(gone.code, 69, "{}", gone.stderr);

    let mut bad = rule("archive", 104, "A TITLE THAT IS TOO LONG");
    bad.insert("transfer_syntax".into(), "explicit".into());
    bad.insert("max_association".into(), 1.into());
    Settings::read(&appliance.config).unwrap().with_one_more("forward", bad).write().unwrap();
    let said = run("appliance", &["check", "--json", "--config", &config]).unwrap();
    assert_eq!(said.code, 64);
    let faults: Vec<serde_json::Value> =
        said.stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let text = std::fs::read_to_string(&appliance.config).unwrap();
    let second = 1 + text.lines().enumerate().filter(|(_, l)| *l == "[[forward]]").nth(1).unwrap().0 as u64;
    for key in ["name", "called_ae_title", "transfer_syntax", "max_association"] {
        let fault = faults.iter().find(|f| f["key"].as_str().unwrap().ends_with(&format!(".{key}")));
        let fault = fault.unwrap_or_else(|| panic!("{key} is not reported: {}", said.stdout));
        assert!(fault["line"].as_u64().unwrap() > second, "{fault}");
    }
}
