//! Behaviour: every file sent by C-STORE is stored as it is or refused with a status; reception stays small and quick.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use fixtures::Error;
use scanside_tests::support::{Appliance, Terms, until};

use super::files::{Entry, malformed, outgoing, planted, real};
use super::table::{self, counts, mib};

/// What the control process may hold at its peak beside four times the bytes of the file.
const RESIDENT: u64 = 64 << 20;
/// Processor time of the control process for one file.
const PROCESSOR: Duration = Duration::from_secs(1);
/// On the wall clock, where other work shares the machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// Everything answered.
const ANSWERED: Duration = Duration::from_secs(900);
/// Clock ticks a second in `/proc/PID/stat`, the same on every Linux.
const TICKS: u64 = 100;

/// What the sender says when the peer takes none of what it offers.
const NONE_ACCEPTED: &str = "no presentation context accepted";
const UNSPEAKABLE: &str = "cannot be offered";
/// Refusals before the object or with a status that says why: the class or syntax is not taken, the UIDs of command and
/// data set differ, the study is not named, the command lacks a UID.
const CLEAN: [&str; 6] = ["no context", "A900", "C000", "0120", "0122", UNSPEAKABLE];

/// How one file fared.
struct Sent {
    entry: Entry,
    uid: String,
    data: Vec<u8>,
    word: String,
    wall: Duration,
    processor: Duration,
    peak: u64,
}

fn site(folder: &Path) -> Appliance {
    let mut appliance = Appliance::init(&folder.join("site"), &folder.join("log")).unwrap();
    Terms { without_model: Vec::new(), log: "trace", ..Terms::default() }.shape(&appliance).unwrap();
    appliance.start().unwrap();
    appliance
}

/// Processor time of a process so far (`/proc/PID/stat`, fields 14 and 15).
fn processor(id: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    let after = stat.rsplit_once(')').unwrap().1;
    let ticks: u64 = after.split_whitespace().skip(11).take(2).map(|n| n.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 1000 / TICKS)
}

/// Forgets the peak of resident memory so far.
fn forget_peak(id: u32) {
    std::fs::write(format!("/proc/{id}/clear_refs"), "5").unwrap();
}

fn send(appliance: &Appliance, entry: Entry) -> Sent {
    let process = appliance.process().unwrap();
    let item = outgoing(&entry);
    let data = item.data_set().unwrap();
    forget_peak(process.id());
    let (before, begun) = (processor(process.id()), Instant::now());
    let result = appliance.scanner().send_watched(std::slice::from_ref(&item), |_| Ok(()));
    let wall = begun.elapsed();
    let word = match (result.outcomes.first(), &result.ended) {
        (Some(outcome), _) => format!("{:04X}", outcome.status),
        // The sender's library writes no UID outside ASCII, so such a file cannot even be offered.
        (None, Some(_)) if !item.transfer_syntax_uid.is_ascii() => UNSPEAKABLE.to_owned(),
        (None, Some(Error::Association(NONE_ACCEPTED))) | (None, None) => "no context".to_owned(),
        (None, Some(error)) => error.to_string(),
    };
    Sent {
        entry,
        uid: item.sop_instance_uid.clone(),
        data,
        word,
        wall,
        processor: processor(process.id()).saturating_sub(before),
        peak: process.resident().unwrap(),
    }
}

fn print(all: &[Sent]) {
    let mut rows = Vec::new();
    for group in ["accept", "contain", "real", "phi"] {
        let these: Vec<&Sent> = all.iter().filter(|sent| sent.entry.group == group).collect();
        let words = counts(these.iter().map(|sent| sent.word.clone()));
        let said: Vec<String> = words.into_iter().map(|(word, n)| format!("{n} x {word}")).collect();
        let slowest = these.iter().map(|sent| sent.wall).max().unwrap_or_default();
        let peak = these.iter().map(|sent| sent.peak).max().unwrap_or(0);
        rows.push(vec![
            group.to_owned(),
            these.len().to_string(),
            said.join(", "),
            format!("{:.3} s", slowest.as_secs_f64()),
            mib(peak),
        ]);
    }
    let heads = ["group", "files", "answers", "slowest", "control process at most"];
    table::print("C-STORE of every file to a running appliance", &heads, &rows);
    for sent in all.iter().filter(|sent| sent.word != "0000") {
        table::line(format!("  {:<50} {:<24} {}", sent.entry.name, sent.word, sent.entry.note));
    }
}

fn faults(all: &[Sent]) -> Vec<String> {
    let mut faults = Vec::new();
    for sent in all {
        let name = &sent.entry.name;
        let taken = sent.word == "0000";
        if sent.entry.group == "accept" && !taken {
            faults.push(format!("{name}: {} although legal", sent.word));
        }
        if !taken && !CLEAN.contains(&&*sent.word) {
            faults.push(format!("{name}: no clean status but {}", sent.word));
        }
        if sent.wall > PATIENCE || sent.processor > PROCESSOR {
            faults.push(format!("{name}: {:?}, {:?} of processor time", sent.wall, sent.processor));
        }
        if sent.peak > RESIDENT + 4 * sent.data.len() as u64 {
            faults.push(format!("{name}: {} resident after {} bytes", mib(sent.peak), sent.data.len()));
        }
    }
    faults
}

/// Acknowledged objects whose bytes are not in the store, as it reads and verifies its entries itself.
fn lost(appliance: &Appliance, all: &[Sent]) -> Vec<String> {
    let stored = appliance.stored().unwrap();
    let mut kept: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (uid, id) in appliance.ledger().unwrap().instances().unwrap() {
        kept.entry(uid).or_default().extend(stored.get(&id).cloned());
    }
    let taken = all.iter().filter(|sent| sent.word == "0000");
    taken
        .filter(|sent| {
            let digest = blake3::hash(&sent.data).to_hex().to_string();
            !kept.get(&sent.uid).is_some_and(|digests| digests.contains(&digest))
        })
        .map(|sent| sent.entry.name.clone())
        .collect()
}

/// Files that the site wrote, by their paths.
fn written(folder: &Path) -> Vec<String> {
    let files = walkdir::WalkDir::new(folder).into_iter().map(|entry| entry.unwrap());
    files.map(|entry| entry.path().strip_prefix(folder).unwrap().display().to_string()).collect()
}

#[test]
fn every_file_is_stored_as_it_is_or_refused_with_a_status() {
    let folder = tempfile::tempdir().unwrap();
    let mut appliance = site(folder.path());
    assert_eq!(appliance.scanner().echo().unwrap(), 0);
    let entries: Vec<Entry> = malformed().into_iter().chain(real()).chain(planted()).collect();
    let mut all = Vec::with_capacity(entries.len());
    for entry in entries {
        let name = entry.name.clone();
        all.push(send(&appliance, entry));
        assert_eq!(appliance.scanner().echo().unwrap(), 0, "after {name}");
        assert!(appliance.running(), "after {name}");
    }
    print(&all);
    let mut wrong = faults(&all);

    let mut ledger = appliance.ledger().unwrap();
    let rows = until("everything that was taken is answered", ANSWERED, || {
        let rows = ledger.rows()?;
        Ok(rows.iter().all(|row| row.answered()).then_some(rows))
    })
    .unwrap();
    let words = counts(rows.iter().map(|row| row.disposition.clone().unwrap_or_default()));
    let table: Vec<Vec<String>> = words.into_iter().map(|(word, n)| vec![word, n.to_string()]).collect();
    table::print("Dispositions of what was taken", &["disposition", "studies"], &table);
    let ended =
        rows.iter().filter(|row| row.reason.as_deref().is_some_and(|r| r.contains("ended the worker")));
    wrong.extend(ended.map(|row| format!("a worker died three times: {:?}", row.reason)));
    let aside = ledger.count("SELECT count(*) FROM instances WHERE set_aside IS NOT NULL").unwrap();
    if aside > 0 {
        wrong.push(format!("{aside} instances were set aside because workers died of them"));
    }
    let taken: Vec<&Sent> = all.iter().filter(|sent| sent.word == "0000").collect();
    let paths = written(folder.path());
    for sent in taken.iter().filter(|sent| sent.uid.len() > 5) {
        wrong.extend(
            paths
                .iter()
                .filter(|p| p.contains(&sent.uid))
                .map(|_| format!("{}: a UID from the wire became a path", sent.entry.name)),
        );
    }
    appliance.stop().unwrap();
    wrong.extend(lost(&appliance, &all).iter().map(|name| format!("{name}: acknowledged, not in the store")));
    for log in ["log", "site/audit.jsonl"] {
        let bytes = std::fs::read(folder.path().join(log)).unwrap_or_default();
        let leaks = bytes.windows(6).filter(|w| w.eq_ignore_ascii_case(b"CANARY")).count();
        if leaks > 0 || (log == "log" && bytes.len() < 1000) {
            wrong.push(format!("{log}: {leaks} planted names in {} bytes", bytes.len()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
