//! Behaviour: `deid` and `try` take odd files and say why they hold or refuse hostile ones; no worker dies of one.

use std::path::PathBuf;

use fixtures::malformed;
use scanside_tests::support::{Looked, Seen, look, run};
use serde_json::Value;

/// Every case as a file, in the order of the cases.
fn files(folder: &std::path::Path) -> Vec<(malformed::Case, PathBuf)> {
    let cases = malformed::files().into_iter().enumerate();
    cases
        .map(|(number, case)| {
            let path = folder.join(format!("{number:03}.dcm"));
            std::fs::write(&path, &case.bytes).unwrap();
            (case, path)
        })
        .collect()
}

fn word<'a>(line: &'a Value, key: &str) -> &'a str {
    line.get(key).and_then(Value::as_str).unwrap_or_default()
}

#[test]
fn odd_files_are_held_for_what_they_show_and_hostile_ones_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out").display().to_string();
    for (case, path) in files(folder.path()) {
        let answer = run("appliance", &["deid", &path.display().to_string(), &out, "--json"]).unwrap();
        let line = answer.first().unwrap();
        // All are secondary captures, which wait for a person; a file that is none is refused.
        let (status, reason) = (word(&line, "status"), word(&line, "reason"));
        assert!(!reason.is_empty() && !reason.contains("worker ended"), "{}: {line}", case.name);
        assert!(status == "held" || (status == "refused" && !case.acceptable), "{}: {line}", case.name);
        assert_eq!(answer.code, i32::from(status == "refused"), "{}: {line}", case.name);
        assert_eq!(std::fs::read_dir(&out).map_or(0, Iterator::count), 0, "{}", case.name);
    }
}

#[test]
fn every_file_is_tried_and_answered() {
    let folder = tempfile::tempdir().unwrap();
    for (case, path) in files(folder.path()) {
        let answer = run("appliance", &["try", &path.display().to_string(), "--json"]).unwrap();
        let disposition = answer.lines().unwrap().first().map(|line| word(line, "disposition").to_owned());
        let said = disposition.as_deref();
        assert!(matches!(said, Some("not-analysed" | "unreadable")), "{}: {answer:?}", case.name);
        assert!(!case.acceptable || said == Some("not-analysed"), "{}: {answer:?}", case.name);
    }
}

#[test]
fn every_file_is_shown_or_the_worker_says_why_not() {
    let folder = tempfile::tempdir().unwrap();
    let files = files(folder.path());
    let paths: Vec<PathBuf> = files.iter().map(|(_, path)| path.clone()).collect();
    for ((case, _), Looked { seen, .. }) in files.iter().zip(look(&paths).unwrap()) {
        match seen {
            Seen::Shown => {}
            Seen::NotShown(why) => assert!(!why.is_empty() && !case.acceptable, "{}: {why}", case.name),
            Seen::Died(how) => panic!("{}: {how}", case.name),
        }
    }
}
