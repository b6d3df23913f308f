//! Behaviour: a site's files are its owner's alone, and what is gone or damaged is said, never taken for new.

use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use fixtures::study::{Study, StudyKind, StudySpec};
use scanside_tests::support::{Appliance, LIMIT, Settings, run, until};

fn below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            below(&path, found);
        }
        found.push(path);
    }
}

fn send(appliance: &Appliance, study: &Study) {
    let outcomes = appliance.scanner().send(&study.instances).unwrap();
    assert!(outcomes.iter().all(|outcome| outcome.status == 0), "{outcomes:?}");
}

fn stable_after(appliance: &Appliance, span: &str) {
    let settings = Settings::read(&appliance.config).unwrap();
    settings.with("study", "after_release", span).with("study", "quiet", span).write().unwrap();
}

fn site(folder: &Path) -> Appliance {
    Appliance::init(&folder.join("site"), &folder.join("log")).unwrap()
}

#[test]
fn nobody_else_on_the_machine_may_read_a_site() {
    let folder = tempfile::tempdir().unwrap();
    let mut appliance = site(folder.path());
    appliance.start().unwrap();
    send(&appliance, &StudySpec::new(StudyKind::Cr, 21).with_size(440, 535).build().unwrap());
    appliance.stop().unwrap();
    let mut found = vec![appliance.folder.clone()];
    below(&appliance.folder, &mut found);
    // The configuration has passed through this test's own hands.
    found.retain(|path| *path != appliance.config);
    assert!(found.iter().any(|path| path.ends_with("ledger.db")), "{found:?}");
    for path in found {
        let mode = std::fs::symlink_metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} has mode {mode:o}", path.display());
    }
}

#[test]
fn an_empty_or_damaged_ledger_is_never_taken_for_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let appliance = site(folder.path());
    let (ledger, config) = (appliance.ledger_path().unwrap(), appliance.config.display().to_string());
    let good = std::fs::read(&ledger).unwrap();
    let refused = |what: &str| {
        for command in ["run", "check"] {
            let said = run("appliance", &[command, "--config", &config]).unwrap();
            assert_ne!(said.code, 0, "{command} with {what}");
            assert!(said.stderr.contains("restore"), "{command} with {what}: {}", said.stderr);
        }
    };
    std::fs::write(&ledger, b"").unwrap();
    refused("an empty ledger");
    std::fs::write(&ledger, &good).unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(&ledger).unwrap();
    file.write_all_at(&vec![0x5A; good.len() - 4096], 4096).unwrap();
    refused("a damaged ledger");
    std::fs::remove_file(&ledger).unwrap();
    refused("no ledger");
    std::fs::write(&ledger, &good).unwrap();
    assert_eq!(run("appliance", &["check", "--config", &config]).unwrap().code, 0);
}

#[test]
fn a_study_whose_file_is_gone_is_said_to_be_and_keeps_no_other_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let mut appliance = site(folder.path());
    stable_after(&appliance, "1h");
    let film = |seed| StudySpec::new(StudyKind::Cr, seed).with_size(440, 535).build().unwrap();
    let lost: Vec<_> = (31..35).map(film).collect();
    let sound = film(41);
    appliance.start().unwrap();
    for study in &lost {
        send(&appliance, study);
    }
    appliance.stop().unwrap();
    let mut entries = Vec::new();
    for place in ["inbox", "segments", "instances"] {
        below(&appliance.store_path().unwrap().join(place), &mut entries);
    }
    entries.iter().filter(|path| path.is_file()).for_each(|path| std::fs::remove_file(path).unwrap());

    stable_after(&appliance, "1s");
    appliance.start().unwrap();
    send(&appliance, &sound);
    let mut ledger = appliance.ledger().unwrap();
    let rows = until("all five are answered", LIMIT, || {
        let rows = ledger.rows()?;
        Ok((rows.len() == 5 && rows.iter().all(|row| row.answered())).then_some(rows))
    })
    .unwrap();
    for row in &rows {
        let readable = row.disposition.as_deref() != Some("unreadable");
        assert_eq!(readable, row.uid == sound.study_uid, "{row:?}");
    }
    appliance.stop().unwrap();
}
