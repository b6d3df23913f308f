//! Behaviour: every file is shown or the worker says why not; no worker dies of one.

use std::path::PathBuf;
use std::time::Duration;

use scanside_tests::support::{Looked, Seen, look};

use super::files::{Entry, malformed, real, root};
use super::table::{self, counts};

/// On the wall clock, where other work shares the machine; a file that hangs takes the job's 120 s.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a report, a waveform, a plan or a directory comes to.
const NO_IMAGE: &str = "The study holds no image.";

fn shown(entries: &[Entry], title: &str) -> Vec<Looked> {
    let paths: Vec<PathBuf> = entries.iter().map(|entry| entry.path.clone()).collect();
    let looked = look(&paths).unwrap();
    let words = looked.iter().map(|file| match &file.seen {
        Seen::Shown => "shown".to_owned(),
        Seen::NotShown(why) => why.clone(),
        Seen::Died(how) => format!("DIED: {how}"),
    });
    let rows: Vec<Vec<String>> =
        counts(words).into_iter().map(|(why, count)| vec![why, count.to_string()]).collect();
    table::print(title, &["what the worker said", "files"], &rows);
    let odd = |seen: &Seen| matches!(seen, Seen::NotShown(why) if why != NO_IMAGE);
    for file in looked.iter().filter(|file| odd(&file.seen)) {
        table::line(format!("  {:<50} {:?}", short(&file.path), file.seen));
    }
    let slowest = looked.iter().max_by_key(|file| file.took).unwrap();
    table::line(format!("slowest: {} in {:.2} s", short(&slowest.path), slowest.took.as_secs_f64()));
    looked
}

fn short(path: &std::path::Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

fn none_died(looked: &[Looked]) {
    let died: Vec<&Looked> = looked.iter().filter(|file| matches!(file.seen, Seen::Died(_))).collect();
    assert!(died.is_empty(), "{died:#?}");
    let slow: Vec<&Looked> = looked.iter().filter(|file| file.took > PATIENCE).collect();
    assert!(slow.is_empty(), "{slow:#?}");
    let mute: Vec<&Looked> =
        looked.iter().filter(|file| matches!(&file.seen, Seen::NotShown(why) if why.is_empty())).collect();
    assert!(mute.is_empty(), "no reason: {mute:#?}");
}

#[test]
fn every_real_file_is_shown_or_says_why_not() {
    let looked = shown(&real(), "Previews of real files");
    none_died(&looked);
}

#[test]
fn every_malformed_file_is_shown_or_says_why_not() {
    let looked = shown(&malformed(), "Previews of malformed files");
    none_died(&looked);
}
