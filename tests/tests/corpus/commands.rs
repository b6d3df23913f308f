//! Behaviour: `deid`, `try` and `triage` take or refuse every malformed file, within their time and memory, and no
//! planted name shows in anything they write.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::files::{Entry, malformed, root};
use super::peak::{Ran, appliance};
use super::table::{self, counts, mib};

/// Processor time of a file with everything around it: start, worker, answer.
const PROCESSOR: Duration = Duration::from_secs(1);
/// On the wall clock, where other work shares the machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// What a worker may hold beside its start and eight times its file.
const WORKER: u64 = 256 << 20;

fn holds_canary(bytes: &[u8]) -> bool {
    bytes.windows(6).any(|window| window.eq_ignore_ascii_case(b"CANARY"))
}

fn word(line: &Value, key: &str) -> String {
    line.get(key).and_then(Value::as_str).unwrap_or("nothing said").to_owned()
}

/// Faults of one run over one file.
fn faults(entry: &Entry, ran: &Ran, base: u64) -> Vec<String> {
    let name = &entry.name;
    let most = base + WORKER + 8 * std::fs::metadata(&entry.path).unwrap().len();
    let mut faults = Vec::new();
    // What cannot be read is said in a line, and by the exit code.
    let refused = ran
        .lines
        .first()
        .is_some_and(|line| word(line, "status") == "refused" || word(line, "disposition") == "unreadable");
    if ran.code != i32::from(refused) || ran.lines.len() != 1 {
        faults.push(format!("{name}: code {}, {} lines: {}", ran.code, ran.lines.len(), ran.said));
    }
    if ran.processor > PROCESSOR || ran.wall > PATIENCE {
        faults.push(format!("{name}: {:?} of processor time, {:?}", ran.processor, ran.wall));
    }
    if ran.peak > most {
        faults.push(format!("{name}: {} resident", mib(ran.peak)));
    }
    if ran.said.contains("worker ended") || holds_canary(ran.said.as_bytes()) {
        faults.push(format!("{name}: {}", ran.said));
    }
    faults
}

fn print(title: &str, base: u64, all: &[(Entry, Ran)], key: &str) {
    let mut rows = Vec::new();
    for group in ["accept", "contain"] {
        let these: Vec<&(Entry, Ran)> = all.iter().filter(|(entry, _)| entry.group == group).collect();
        let words = these.iter().map(|(_, ran)| ran.lines.first().map_or("?".to_owned(), |l| word(l, key)));
        let said: Vec<String> = counts(words).into_iter().map(|(word, n)| format!("{n} {word}")).collect();
        let slowest = these.iter().map(|(_, ran)| ran.processor).max().unwrap_or_default();
        let peak = these.iter().map(|(_, ran)| ran.peak).max().unwrap_or(0);
        rows.push(vec![
            group.to_owned(),
            these.len().to_string(),
            said.join(", "),
            format!("{:.2} s", slowest.as_secs_f64()),
            mib(peak),
        ]);
    }
    let heads = ["manifest says", "files", "answers", "most processor time", "most resident"];
    table::print(&format!("{title} (an empty file: {})", mib(base)), &heads, &rows);
}

/// One run a file.
fn each(folder: &Path, words: impl Fn(&str) -> Vec<String>) -> (u64, Vec<(Entry, Ran)>) {
    let run = |path: &Path| {
        let words = words(&path.display().to_string());
        appliance(folder, &words.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let empty = folder.join("empty.dcm");
    std::fs::write(&empty, b"").unwrap();
    let base = run(&empty).peak;
    let all = malformed().into_iter().map(|entry| {
        let ran = run(&entry.path);
        (entry, ran)
    });
    (base, all.collect())
}

#[test]
fn every_malformed_file_is_de_identified_held_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    for policy in ["strict", "shifted-dates"] {
        let out = folder.path().join(policy);
        let into = out.display().to_string();
        let (base, all) = each(folder.path(), |path| {
            ["deid", path, &into, "--policy", policy, "--json"].map(str::to_owned).to_vec()
        });
        print(&format!("appliance deid --policy {policy}"), base, &all, "status");
        let mut wrong: Vec<String> = all.iter().flat_map(|(entry, ran)| faults(entry, ran, base)).collect();
        for (entry, ran) in &all {
            let status = ran.lines.first().map(|line| word(line, "status")).unwrap_or_default();
            if entry.group == "accept" && status == "refused" {
                wrong.push(format!("{}: refused although legal", entry.name));
            }
            let reason = ran.lines.first().map(|line| word(line, "reason")).unwrap_or_default();
            if status != "done" && reason.is_empty() {
                wrong.push(format!("{}: {status} without a reason", entry.name));
            }
            let Some(output) = ran.lines.first().and_then(|line| line.get("output")?.as_str()) else {
                continue;
            };
            if holds_canary(&std::fs::read(output).unwrap()) {
                wrong.push(format!("{}: the planted name is in the output", entry.name));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

#[test]
fn every_malformed_file_is_tried() {
    let folder = tempfile::tempdir().unwrap();
    let (base, all) = each(folder.path(), |path| ["try", path, "--json"].map(str::to_owned).to_vec());
    print("appliance try", base, &all, "disposition");
    let mut wrong: Vec<String> = all.iter().flat_map(|(entry, ran)| faults(entry, ran, base)).collect();
    for (entry, ran) in &all {
        if entry.group == "accept" && ran.lines.iter().any(|line| word(line, "disposition") == "unreadable") {
            wrong.push(format!("{}: unreadable although legal", entry.name));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_folder_of_malformed_files_is_triaged_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = root().join("malformed").display().to_string();
    let ran = appliance(folder.path(), &["triage", &path, "--json"]);
    let named: BTreeMap<String, usize> = counts(ran.lines.iter().map(|line| word(line, "disposition")));
    let rows: Vec<Vec<String>> = named.iter().map(|(word, n)| vec![word.clone(), n.to_string()]).collect();
    table::print("appliance triage malformed/", &["disposition", "studies"], &rows);
    let paths: usize = ran.lines.iter().filter_map(|line| Some(line.get("paths")?.as_array()?.len())).sum();
    // The manifest lies beside the files and is no image either.
    assert_eq!((ran.code, paths), (0, malformed().len() + 1), "{}", ran.said);
    assert!(!ran.said.contains("worker ended") && !holds_canary(ran.said.as_bytes()), "{}", ran.said);
}
