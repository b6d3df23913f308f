//! The live table: one line a study; redrawn in place on a terminal, printed when it changes elsewhere.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;

use serde_json::Value;

use super::schedule::{Planned, Schedule};
use super::screen::say;
use crate::support::Row;

/// What was shown last.
#[derive(Debug, Default)]
pub(super) struct Table {
    shown: BTreeMap<usize, String>,
    /// Lines that stand on the terminal right above the cursor.
    drawn: usize,
}

const HEAD: &str = "  #  study                modality  disposition   ms     case      sent                              reason / report";
const WORDS: usize = 60;

impl Table {
    /// An act begins below what stands on the terminal.
    pub(super) fn begin(&mut self) {
        self.drawn = 0;
        say(HEAD);
    }

    /// Shows how the studies stand.
    pub(super) fn show(&mut self, schedule: &Schedule, rows: &[Row], acts: &[u8]) {
        let mut lines = BTreeMap::new();
        for study in schedule.studies.iter().filter(|study| acts.contains(&study.act)) {
            if let Some(row) = rows.iter().find(|row| row.uid == study.uid) {
                lines.insert(study.number, line(study, row));
            }
        }
        if std::io::stdout().is_terminal() {
            self.redraw(lines);
        } else {
            // A log gets a line when there is an answer, and again when what stands in it changed.
            for (number, line) in lines {
                let told = rows
                    .iter()
                    .any(|r| schedule.by_uid(&r.uid).is_some_and(|p| p.number == number) && r.answered());
                if told && self.shown.get(&number) != Some(&line) {
                    say(&line);
                    self.shown.insert(number, line);
                }
            }
        }
    }

    fn redraw(&mut self, lines: BTreeMap<usize, String>) {
        if lines == self.shown && self.drawn > 0 {
            return;
        }
        let up = if self.drawn > 0 { format!("\u{1b}[{}A", self.drawn) } else { String::new() };
        let text: Vec<String> = lines.values().map(|line| format!("\u{1b}[2K{line}")).collect();
        say(&format!("{up}{}", text.join("\n")));
        self.drawn = lines.len();
        self.shown = lines;
    }
}

fn line(study: &Planned, row: &Row) -> String {
    let ms = row.milliseconds().map_or_else(String::new, |ms| format!("{ms:.0}"));
    let disposition = row.disposition.as_deref().unwrap_or("…");
    let case = row.state.as_deref().unwrap_or("");
    let words = report(row).unwrap_or_else(|| row.reason.clone().unwrap_or_default());
    format!(
        "{:>3}  {:<20} {:<9} {:<12} {:>5}  {:<9} {:<33} {}",
        study.number,
        cut(&study.what, 20),
        row.modality,
        disposition,
        ms,
        case,
        sent(row),
        cut(&words, WORDS)
    )
}

/// Bytes that left; for an embedding, what the image would have taken.
fn sent(row: &Row) -> String {
    let bytes = row.bytes_sent.unwrap_or(0);
    match (row.plan.as_deref(), row.frame_bytes, row.image_bytes) {
        (Some("embedding"), Some(frame), Some(image)) if bytes > 0 => {
            format!("{} (embedding {}, image {})", size(bytes), size(frame), size(image))
        }
        _ if bytes > 0 => format!("{} of {}", size(bytes), size(row.bytes)),
        _ => String::new(),
    }
}

fn report(row: &Row) -> Option<String> {
    let report: Value = serde_json::from_str(row.report.as_deref()?).ok()?;
    let impression = report.pointer("/sections/impression")?.as_str()?;
    let who = if row.unsigned == Some(1) { "UNSIGNED MACHINE DRAFT" } else { "signed" };
    Some(format!("{who}: {}", impression.lines().next().unwrap_or_default()))
}

/// Bytes in the unit that reads best.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.0} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}
