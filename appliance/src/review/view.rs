//! What the list shows: one view a row, and the head that stands over all of them. Nothing here identifies
//! beyond time, room, body part and the last four of the accession number.

use std::collections::HashMap;

use proto::case::{Disposition, Priority, TriageMode};
use serde::Serialize;

use super::{Backend, DestinationRow, Error, Lights, words};
use domain::case_state::CaseState;
use domain::verdict::Verdict;
use ledger::{Counts, Outcomes, RefusedRow, StudyRow, WatchRow};

/// Rows the page holds at most.
pub(super) const ROWS_MAX: u32 = 200;
/// Lines that are remembered.
const LINES_MAX: usize = 5_000;
const DAY_MS: i64 = 24 * 3_600_000;

/// One row of the list.
#[derive(Debug, Serialize)]
pub(super) struct RowView {
    pub(super) id: String,
    revision: u32,
    priority: Priority,
    /// Modality, body part, view.
    study: String,
    room: String,
    /// Last four of the accession number.
    tail: String,
    instances: u32,
    arrived: i64,
    state: &'static str,
    state_words: String,
    leaves_at: Option<i64>,
    /// When an arriving study counts as complete, and why then.
    expected: Option<(i64, &'static str)>,
    /// Listed instances of an arriving study that have not come, of how many.
    missing: Option<(usize, usize)>,
    /// Instances that came again with other bytes.
    beside: u32,
    /// Instances that a corrected one replaced, or a note took back.
    corrected: u32,
    /// Instances whose UID is in another study, or about another patient, too.
    collisions: u32,
    /// Empty while analysing, and while a read is to come.
    disposition: &'static str,
    /// The finding and why, or the reason.
    line: String,
    shadow: bool,
    /// Whether anything or anybody still has to do something with it.
    open: bool,
    case_state: Option<CaseState>,
    acknowledged_by: Option<String>,
}

/// Findings of decided revisions: they never change once recorded.
#[derive(Debug, Default)]
pub(super) struct Findings(HashMap<(String, u32), String>);

impl Findings {
    /// The list's line of a decided revision, remembered.
    async fn line<H: Backend>(&mut self, backend: &H, row: &StudyRow) -> Result<String, Error> {
        let key = (row.id.clone(), row.revision);
        if let Some(line) = self.0.get(&key) {
            return Ok(line.clone());
        }
        let decided = backend.ledger().disposition(&row.id, row.revision).await?;
        let line = decided.as_ref().map_or_else(String::new, |row| list_line(&row.verdict));
        if self.0.len() >= LINES_MAX {
            self.0.clear();
        }
        self.0.insert(key, line.clone());
        Ok(line)
    }
}

fn list_line(v: &Verdict) -> String {
    let over: Vec<String> = v
        .findings
        .iter()
        .filter(|f| f.positive)
        .map(|f| format!("{} {:.2} (flag from {:.2})", f.name, f.score, f.threshold))
        .collect();
    if over.is_empty() { words::result(v) } else { over.join(", ") }
}

/// The view of one ledger row.
pub(super) async fn row<H: Backend>(
    backend: &H,
    known: &mut Findings,
    row: &StudyRow,
) -> Result<RowView, Error> {
    let (state, state_words) = words::state(row);
    let line = match (row.sampled, row.disposition.is_none()) {
        (true, _) => words::SAMPLED.to_owned(),
        (false, true) => String::new(),
        (false, false) => known.line(backend, row).await?,
    };
    let study = [&row.modality, &row.body_part, &row.view].map(|w| w.trim());
    let done = matches!(state, "here" | "acknowledged" | "answered" | "not-sent");
    Ok(RowView {
        id: row.id.clone(),
        revision: row.revision,
        priority: if row.sampled && row.priority != Priority::Stat {
            Priority::Routine
        } else {
            row.priority
        },
        study: study.into_iter().filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" "),
        room: row.station.clone(),
        tail: row.accession_tail.clone(),
        instances: row.instances,
        arrived: row.first_arrival,
        state,
        state_words,
        leaves_at: row.leaves_at.filter(|_| state == "leaving"),
        expected: (row.arriving > 0).then(|| backend.expected(&row.id)).flatten(),
        missing: (row.arriving > 0).then(|| backend.missing(&row.id)).flatten(),
        beside: row.beside,
        corrected: row.corrected,
        collisions: row.collisions,
        disposition: row.disposition.filter(|_| !row.sampled).map_or("", Disposition::as_str),
        line,
        shadow: row.mode == Some(TriageMode::Shadow),
        open: !done || words::asks(row) || row.unchecked > 0,
        case_state: row.case_state,
        acknowledged_by: row.acknowledged_by.clone(),
    })
}

/// What stands over the list.
#[derive(Debug, Serialize)]
pub(super) struct Head {
    lights: Lights,
    destinations: Vec<DestinationRow>,
    /// What came of triage.
    outcomes: Outcomes,
    /// How far each bundle's no-flag may be relied upon.
    watches: Vec<WatchRow>,
    counts: Counts,
    /// The worst true thing, or the ordinary line.
    line: Line,
    refused: Vec<RefusedRow>,
    reading_room: String,
    /// AE title and port to type into a scanner.
    destination: Option<(String, u16)>,
    /// Studies with priority STAT that nobody has acknowledged.
    stat: i64,
}

/// The one fixed line; `{since}` stands for the time `since`.
#[derive(Debug, Serialize)]
struct Line {
    level: &'static str,
    words: String,
    since: Option<i64>,
}

/// Numbers of the last 24 hours.
struct Day {
    studies: i64,
    sent: i64,
}

/// Gathers the head.
pub(super) async fn head<H: Backend>(backend: &H) -> Result<Head, Error> {
    let ledger = backend.ledger();
    let (lights, counts) = (backend.lights().await?, ledger.counts().await?);
    let since = backend.now().saturating_sub(DAY_MS);
    let (studies, sent, stat) = ledger.day(since).await?;
    let day = Day { studies, sent };
    let refused = ledger.refused().await?.into_iter().take(50);
    let reading_room = backend.config().reading_room.clone();
    Ok(Head {
        line: line(&lights, &counts, &day, &reading_room),
        stat,
        outcomes: backend.outcomes().await?,
        watches: backend.watches().await?,
        destinations: backend.destinations().await?,
        refused: refused.collect(),
        lights,
        counts,
        reading_room,
        destination: backend.destination(),
    })
}

fn line(lights: &Lights, counts: &Counts, day: &Day, reading_room: &str) -> Line {
    let of = |state: CaseState| counts.cases.get(state.as_str()).copied().unwrap_or(0);
    let warn = |words: String, since| Line { level: "warn", words, since };
    if let Some(bad) = lights.lights.iter().find(|l| l.state == "bad") {
        return Line { level: "bad", words: format!("{}: {}", bad.name, bad.words), since: None };
    }
    if of(CaseState::Failed) > 0 {
        return warn(
            format!("{} could not be sent: open it to see why.", words::count(of(CaseState::Failed), "case")),
            None,
        );
    }
    if let Some(since) = lights.cloud_away_since {
        let waits = words::count(lights.waiting_sealed, "case");
        let wait = if lights.waiting_sealed == 1 { "waits" } else { "wait" };
        let phone = if reading_room.is_empty() {
            "For STAT, phone the reading room.".to_owned()
        } else {
            format!("For STAT, phone the reading room: {reading_room}.")
        };
        return warn(
            format!("Cloud away since {{since}}; {waits} {wait} sealed here. Triage goes on. {phone}"),
            Some(since),
        );
    }
    if of(CaseState::Held) + of(CaseState::Stopped) > 0 {
        let held = of(CaseState::Held) + of(CaseState::Stopped);
        let is = if held == 1 { "is" } else { "are" };
        return warn(format!("{} {is} held for a person.", words::count(held, "case")), None);
    }
    if counts.collisions > 0 {
        let (uids, n) = (words::count(counts.collisions, "SOP Instance UID"), counts.collisions);
        let came = if n == 1 { "names" } else { "name" };
        return warn(format!("{uids} {came} instances of several studies: look at the archive."), None);
    }
    match counts.last_arrival {
        None => Line {
            level: "plain",
            words: "Nothing received yet. New studies appear by themselves.".into(),
            since: None,
        },
        Some(last) => Line {
            level: "plain",
            words: format!(
                "Last study received {{since}}. In 24 hours: {} received, {} sent. {} held.",
                day.studies,
                day.sent,
                of(CaseState::Held)
            ),
            since: Some(last),
        },
    }
}
