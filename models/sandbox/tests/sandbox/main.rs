//! The sandbox with real processes: this binary is the test, its workers, and their parents.
//!
//! It has a main of its own because a worker serves from its main thread; it understands as much of the usual test
//! arguments as `cargo test` and nextest use.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cases;
mod forks;
mod jobs;
mod quiet;

use std::io::Write as _;
use std::panic::{RefUnwindSafe, UnwindSafe};

use cases::Kind;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.first().map(String::as_str) {
        Some("worker") => jobs::worker(&args[1..]),
        Some("parent") => cases::parent_of_an_endless_job(&args[1]),
        Some("without-handles") => forks::without_handles(),
        Some("quiet") => quiet::child(&args[1..]),
        _ => std::process::exit(if tests(&args) { 0 } else { 101 }),
    }
}

type Run = Box<dyn Fn() + UnwindSafe + RefUnwindSafe>;

fn tests(args: &[String]) -> bool {
    let has = |flag: &str| args.iter().any(|a| a == flag);
    let mut cases: Vec<(String, Run)> = Vec::new();
    for (name, case) in cases::CASES {
        for kind in [Kind::Started, Kind::Forked] {
            cases.push((format!("{}::{name}", kind.word()), Box::new(move || case(kind))));
        }
    }
    for (name, case) in forks::CASES.iter().chain(quiet::CASES) {
        cases.push(((*name).to_owned(), Box::new(case)));
    }
    if has("--list") {
        // None is ignored, so the list of those is empty.
        for (name, _) in cases.iter().filter(|_| !has("--ignored")) {
            say(&format!("{name}: test"));
        }
        return true;
    }
    let filters: Vec<_> = args.iter().filter(|a| !a.starts_with("--")).collect();
    let wanted = |name: &str| {
        filters.is_empty()
            || filters.iter().any(|f| if has("--exact") { *f == name } else { name.contains(f.as_str()) })
    };
    let mut passed = true;
    for (name, case) in cases.into_iter().filter(|(name, _)| wanted(name)) {
        let ok = std::panic::catch_unwind(case).is_ok();
        say(&format!("test {name} ... {}", if ok { "ok" } else { "FAILED" }));
        passed &= ok;
    }
    passed
}

/// A line for whoever runs the tests.
pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).unwrap();
}
