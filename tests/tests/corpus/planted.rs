//! Behaviour: of what is planted, no direct identifier leaves under either policy, and what the profile keeps stays.

use std::collections::BTreeMap;
use std::path::Path;

use deid::{Keys, Policy, StudyContext, plan};
use dicom::{self, Limits, Parsed, tags};
use scanside_tests::support::run;
use serde_json::Value;

use super::files::{planted, root};
use super::score::{Answer, File, Judge, Output, Verdict, answers, left_in_bytes};
use super::table::{self, percent};

/// The site key of these tests, in hex.
const KEY: &str = "5ca45d1e5ca45d1e5ca45d1e5ca45d1e5ca45d1e5ca45d1e5ca45d1e5ca45d1e";

/// What became of the set under one policy.
struct Outcome {
    /// What `appliance deid` let out.
    done: BTreeMap<String, Output>,
    /// What it would let out of everything if a person released it.
    released: BTreeMap<String, Output>,
}

/// De-identifies the set in this process, without holds: what a release lets out.
fn release(policy: &Policy) -> BTreeMap<String, Output> {
    let keys = Keys::from_bytes(&hex_bytes(KEY)).unwrap();
    let read = |entry: super::files::Entry| {
        let bytes = std::fs::read(&entry.path).unwrap();
        let parsed = dicom::read(&bytes[..], &Limits::default()).unwrap();
        (entry.name.trim_start_matches("phi/").to_owned(), bytes, parsed)
    };
    let files: Vec<(String, Vec<u8>, Parsed)> = planted().into_iter().map(read).collect();
    let study = |parsed: &Parsed| parsed.data.uid(tags::STUDY_INSTANCE_UID).unwrap_or_default();
    let mut contexts: BTreeMap<String, StudyContext> = BTreeMap::new();
    for (_, _, parsed) in &files {
        contexts.entry(study(parsed)).or_default().add(&parsed.meta, &parsed.data);
    }
    let one = |(name, before, parsed): (String, Vec<u8>, Parsed)| {
        let made = plan(&parsed.meta, &parsed.data, &contexts[&study(&parsed)], policy, &keys);
        let mut after = Vec::new();
        made.write(parsed.bulk(&before), &mut after).unwrap();
        (name, Output { after: File::read(after), before })
    };
    files.into_iter().map(one).collect()
}

fn hex_bytes(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// De-identifies the set with the command; what it blackens takes the place of what a release would let out.
fn outcome(folder: &Path, policy: &str, pixel_text: &str) -> Outcome {
    let mut released = release(&Policy::from_name(policy).unwrap());
    let key = folder.join("key");
    std::fs::write(&key, KEY).unwrap();
    let path = |path: &Path| path.display().to_string();
    let (input, output) = (path(&root().join("phi")), path(&folder.join(policy)));
    let args = [
        "deid",
        &input,
        &output,
        "--policy",
        policy,
        "--json",
        "--key",
        &path(&key),
        "--pixel-text",
        pixel_text,
    ];
    let said = run("appliance", &args).unwrap();
    // The answers lie in the folder and are no DICOM: the one file that may be refused.
    assert!(said.code == 1 && said.stderr.contains("1 of 79 files were refused"), "{}", said.stderr);
    let lines = said.lines().unwrap();
    let mut done = BTreeMap::new();
    for line in &lines {
        let name =
            Path::new(line["input"].as_str().unwrap()).file_name().unwrap().to_string_lossy().into_owned();
        let Some(output) = line.get("output").and_then(Value::as_str) else { continue };
        let bytes = std::fs::read(output).unwrap();
        let before = released[&name].before.clone();
        if pixel_text == "hold" {
            let planned = &released[&name].after.bytes;
            assert!(bytes == *planned, "{name}: the command wrote something else than the plan");
        } else {
            released
                .insert(name.clone(), Output { before: before.clone(), after: File::read(bytes.clone()) });
        }
        done.insert(name, Output { before, after: File::read(bytes) });
    }
    assert!(lines.len() > released.len() - 1 && !done.is_empty());
    Outcome { done, released }
}

/// Counts of one kind of action.
#[derive(Default, Clone, Copy)]
struct Count {
    promised: usize,
    right: usize,
    wrong: usize,
    held: usize,
    released_right: usize,
}

/// The lines of the table in `numbers.md`, and the rest of the ten kinds.
fn kind(answer: &Answer) -> &'static str {
    match (answer.action.as_str(), answer.class.as_str()) {
        ("text_removed", _) => "text removed",
        ("uid_changed", _) => "UIDs changed",
        ("uid_consistent", _) => "UIDs consistent",
        ("patid_consistent" | "text_notnull", _) => "patient pseudonym",
        ("date_shifted", _) => "dates shifted",
        ("pixels_hidden", _) => "pixel boxes hidden",
        ("pixels_retained", _) => "pixels retained",
        ("text_retained", _) => "harmless text kept",
        ("tag_retained", "private safe") => "safe private kept",
        _ => "attributes retained",
    }
}

fn score(policy: &str, outcome: &Outcome, answers: &[Answer]) -> BTreeMap<&'static str, Count> {
    let keeps = policy.starts_with("shifted-dates");
    let (done, released) =
        (Judge::new(&outcome.done, answers, keeps), Judge::new(&outcome.released, answers, keeps));
    let mut counts: BTreeMap<&'static str, Count> = BTreeMap::new();
    let mut missed: BTreeMap<(String, String, &str), usize> = BTreeMap::new();
    for answer in answers {
        let of_all = released.verdict(answer).unwrap();
        if of_all == Verdict::NotPromised {
            continue;
        }
        let count = counts.entry(kind(answer)).or_default();
        count.promised += 1;
        count.released_right += usize::from(of_all == Verdict::Right);
        match done.verdict(answer) {
            Some(Verdict::Right) => count.right += 1,
            Some(_) => count.wrong += 1,
            None => count.held += 1,
        }
        if of_all != Verdict::Right {
            let gone = if outcome.done.contains_key(&answer.file) { "left" } else { "held" };
            *missed.entry((answer.action.clone(), answer.path.clone(), gone)).or_default() += 1;
        }
    }
    print(policy, outcome, &counts);
    for ((action, path, gone), count) in missed {
        table::line(format!("  missed {count:>4} x {action:<16} {path} ({gone})"));
    }
    counts
}

fn print(policy: &str, outcome: &Outcome, counts: &BTreeMap<&'static str, Count>) {
    let sum = counts.values().fold(Count::default(), |sum, count| Count {
        promised: sum.promised + count.promised,
        right: sum.right + count.right,
        wrong: sum.wrong + count.wrong,
        held: sum.held + count.held,
        released_right: sum.released_right + count.released_right,
    });
    let rows: Vec<Vec<String>> = counts
        .iter()
        .chain([(&"all", &sum)])
        .map(|(kind, count)| {
            vec![
                (*kind).to_owned(),
                count.promised.to_string(),
                percent(count.right, count.right + count.wrong),
                count.wrong.to_string(),
                count.held.to_string(),
                percent(count.released_right, count.promised),
            ]
        })
        .collect();
    let title = format!(
        "De-identification under {policy}: {} of {} files left, the others wait for a person",
        outcome.done.len(),
        outcome.released.len()
    );
    let heads = ["required", "actions", "right in what left", "wrong", "held", "right if all were released"];
    table::print(&title, &heads, &rows);
}

/// Identity of a file's own key that stands anywhere in the bytes of its output.
fn left(outputs: &BTreeMap<String, Output>, answers: &[Answer]) -> Vec<String> {
    let searched = answers.iter().filter(|answer| answer.action == "text_removed");
    let texts = searched.flat_map(|answer| answer.phi.iter().map(move |phi| (answer, phi)));
    // An age is no text to look for among bytes; graphics are looked for where they were.
    let texts = texts.filter(|(answer, phi)| !phi.starts_with('@') && !answer.class.starts_with("age"));
    texts
        .filter(|(answer, phi)| {
            outputs.get(&answer.file).is_some_and(|output| left_in_bytes(&output.after.bytes, phi))
        })
        .map(|(answer, _)| format!("{} of {}, planted at {}", answer.class, answer.file, answer.path))
        .collect()
}

fn share(counts: &BTreeMap<&'static str, Count>, kind: &str) -> f64 {
    let count = counts[kind];
    count.released_right as f64 / count.promised as f64
}

#[test]
fn no_planted_identifier_leaves_under_strict() {
    let folder = tempfile::tempdir().unwrap();
    let answers = answers(&root().join("phi/answers.jsonl"));
    let outcome = outcome(folder.path(), "strict", "hold");
    let counts = score("strict", &outcome, &answers);
    let left = left(&outcome.done, &answers);
    assert!(left.is_empty(), "{left:#?}");
    let wrong: Vec<_> = counts.iter().filter(|(_, count)| count.wrong > 0).map(|(kind, _)| kind).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(share(&counts, "text removed") >= 1.0 && share(&counts, "UIDs changed") >= 1.0);
}

#[test]
fn shifted_dates_keeps_what_its_profile_keeps_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let answers = answers(&root().join("phi/answers.jsonl"));
    let outcome = outcome(folder.path(), "shifted-dates", "hold");
    let counts = score("shifted-dates", &outcome, &answers);
    let left = left(&outcome.done, &answers);
    assert!(left.is_empty(), "{left:#?}");
    let wrong: Vec<_> = counts.iter().filter(|(_, count)| count.wrong > 0).map(|(kind, _)| kind).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    // Reached; nothing may fall below it. Boxes of pixels are nobody's work yet but a person's: all of them are held.
    for kind in counts.keys().filter(|kind| **kind != "pixel boxes hidden") {
        assert!(share(&counts, kind) >= 1.0, "{kind}: {}", share(&counts, kind));
    }
}

#[test]
fn text_in_pixels_is_blacked_out_where_the_site_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let answers = answers(&root().join("phi/answers.jsonl"));
    let outcome = outcome(folder.path(), "shifted-dates", "black-out");
    let counts = score("shifted-dates, pixel text blacked out", &outcome, &answers);
    let left = left(&outcome.done, &answers);
    assert!(left.is_empty(), "{left:#?}");
    // Reached; nothing may fall below it.
    for kind in counts.keys() {
        let floor = if *kind == "pixels retained" { 62.0 / 64.0 } else { 1.0 };
        assert!(share(&counts, kind) >= floor, "{kind}: {}", share(&counts, kind));
    }
}

#[test]
fn the_scorer_finds_out_a_copy_of_the_input() {
    let answers = answers(&root().join("phi/answers.jsonl"));
    let copy = |entry: super::files::Entry| {
        let before = std::fs::read(&entry.path).unwrap();
        let name = entry.name.trim_start_matches("phi/").to_owned();
        (name, Output { after: File::read(before.clone()), before })
    };
    let copies: BTreeMap<String, Output> = planted().into_iter().map(copy).collect();
    let judge = Judge::new(&copies, &answers, true);
    let kept = ["tag_retained", "text_retained", "pixels_retained", "text_notnull"];
    let fooled: Vec<String> = answers
        .iter()
        .filter(|answer| {
            let right = judge.verdict(answer) == Some(Verdict::Right);
            right != kept.contains(&answer.action.as_str())
        })
        .map(|answer| format!("{} of {} at {} ({})", answer.action, answer.file, answer.path, answer.class))
        .collect();
    assert!(fooled.is_empty(), "{} of {}: {fooled:#?}", fooled.len(), answers.len());
    assert!(left(&copies, &answers).len() > 1_000);
}
