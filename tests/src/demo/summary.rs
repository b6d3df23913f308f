//! What came of it: the counts of `summary.json`, every fault in words, and the last lines on the screen.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use fixtures::scanner::Outcome;
use serde::Serialize;

use super::both_sides::BothSides;
use super::came_home::Home;
use super::schedule::Schedule;
use super::screen::say;
use super::table::size;
use crate::support::Row;
use crate::{Error, Result};

/// `summary.json`. Each study counts in exactly one of the six kinds.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Summary {
    /// Studies received.
    pub studies: usize,
    /// Answered by the appliance: `no-flag` and `flag`, without a case.
    pub answered_locally: usize,
    /// Of those, decided while the cloud was away.
    pub answered_offline: usize,
    /// Studies that left as a case.
    pub escalated: usize,
    /// Of those, with their report home.
    pub reports_returned: usize,
    /// In the site's ordinary reading, no bundle takes them.
    pub not_analysed: usize,
    /// Held for a person.
    pub held: usize,
    /// Could not be read.
    pub unreadable: usize,
    /// Objects the scanner recorded as acknowledged.
    pub acknowledged: usize,
    /// Of those, not in the store byte for byte.
    pub lost: usize,
    /// Objects, dispositions or cases that are there twice.
    pub doubled: u64,
    /// Identifiers searched for.
    pub identifiers_planted: usize,
    /// Places where one was found.
    pub identifiers_found: usize,
    /// Bytes of the originals.
    pub bytes_received: u64,
    /// Bytes put on the link.
    pub bytes_sent: u64,
    /// From start to end.
    pub seconds: f64,
}

/// The one kind a study counts as.
fn kind(row: &Row) -> &'static str {
    match (row.state.as_deref(), row.disposition.as_deref()) {
        (Some("held"), _) => "held",
        (Some(_), _) => "escalated",
        (None, Some("no-flag" | "flag")) => "answered",
        (None, Some("unreadable")) => "unreadable",
        (None, Some("not-analysed")) => "not analysed",
        // An uncertain study that nobody sends, as in `--from` with another configuration.
        (None, Some(_)) => "escalated",
        (None, None) => "unanswered",
    }
}

impl Summary {
    /// Counts it.
    ///
    /// # Errors
    /// When ledger or store cannot be read.
    pub(super) fn of(
        sides: &mut BothSides,
        schedule: &Schedule,
        record: &[Outcome],
        home: &Home,
        took: Duration,
    ) -> Result<Self> {
        let rows = sides.rows()?;
        let count = |what: &str| rows.iter().filter(|row| kind(row) == what).count();
        let acknowledged: BTreeSet<&str> = record
            .iter()
            .filter(|outcome| outcome.acknowledged())
            .map(|outcome| outcome.sop_instance_uid.as_str())
            .collect();
        let present = present(sides, schedule, &acknowledged)?;
        let offline = rows.iter().filter(|row| kind(row) == "answered" && row.cloud_up == Some(0)).count();
        Ok(Self {
            studies: rows.len(),
            answered_locally: count("answered"),
            answered_offline: offline,
            escalated: count("escalated"),
            reports_returned: rows.iter().filter(|row| row.report.is_some()).count(),
            not_analysed: count("not analysed"),
            held: count("held"),
            unreadable: count("unreadable"),
            acknowledged: acknowledged.len(),
            lost: acknowledged.len() - present,
            doubled: sides.ledger()?.doubled()?,
            identifiers_planted: home.planted,
            identifiers_found: home.found.len(),
            bytes_received: rows.iter().map(|row| row.bytes).sum(),
            bytes_sent: rows.iter().filter_map(|row| row.bytes_sent).sum(),
            seconds: (took.as_secs_f64() * 10.0).round() / 10.0,
        })
    }

    /// Everything that is not as it must be; empty when the demonstration came out.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub(super) fn faults(
        &self,
        sides: &mut BothSides,
        schedule: &Schedule,
        home: &Home,
    ) -> Result<Vec<String>> {
        let rows = sides.rows()?;
        let mut faults = Vec::new();
        let mut fault = |is: bool, words: String| {
            if is {
                faults.push(words);
            }
        };
        fault(self.lost > 0, format!("{} acknowledged objects are lost", self.lost));
        fault(self.doubled > 0, format!("{} things are there twice", self.doubled));
        fault(self.identifiers_found > 0, format!("identifiers were found: {}", home.found.join("; ")));
        for study in &schedule.studies {
            let row = rows.iter().find(|row| row.uid == study.uid);
            let wrong = match row {
                None if schedule.own => None,
                None => Some("never arrived".to_owned()),
                Some(row) => wrong(row, study.must_hold, schedule.own),
            };
            fault(
                wrong.is_some(),
                format!("study {} ({}): {}", study.number, study.what, wrong.unwrap_or_default()),
            );
        }
        for row in rows.iter().filter(|row| row.bytes_sent.unwrap_or(0) > 0) {
            let kept = row.envelope.as_ref().is_some_and(|id| home.envelopes.contains(id));
            fault(!kept, "an envelope left of which no copy was kept: it was not searched".to_owned());
        }
        if !schedule.own {
            fault(self.acknowledged != objects(schedule), format!("{} objects were sent", objects(schedule)));
            let embedded =
                rows.iter().any(|row| row.plan.as_deref() == Some("embedding") && row.report.is_some());
            fault(!embedded, "no case came home that travelled as an embedding".to_owned());
        }
        Ok(faults)
    }

    /// Writes `summary.json`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn write(&self, path: &Path) -> Result<()> {
        std::fs::write(path, serde_json::to_string_pretty(self)? + "\n").map_err(Error::io("summary.json"))
    }

    /// The last lines.
    pub(crate) fn last_lines(&self, home: &Home, faults: &[String]) {
        let once = self.answered_locally + self.escalated + self.not_analysed + self.held + self.unreadable;
        for fault in faults {
            say(&format!("NOT AS IT MUST BE: {fault}"));
        }
        say(&format!(
            "\n{} studies: {} answered here ({} while the cloud was away), {} escalated with {} reports home, {} not analysed, \
             {} held, {} unreadable; {:.0} s\n\
             acknowledged {}, found {}, answered once {once} of {} studies\n\
             {} planted identifiers searched in {:.1} MB that left, {} found (look: .demo/arrived/ beside .demo/left/)\n\
             sent {} of {}\n\
             phantoms, mix and models are ours: these shares say nothing about your clinic",
            self.studies,
            self.answered_locally,
            self.answered_offline,
            self.escalated,
            self.reports_returned,
            self.not_analysed,
            self.held,
            self.unreadable,
            self.seconds,
            self.acknowledged,
            self.acknowledged - self.lost,
            self.studies,
            self.identifiers_planted,
            home.plain_bytes as f64 / 1e6,
            self.identifiers_found,
            size(self.bytes_sent),
            size(self.bytes_received),
        ));
    }
}

fn objects(schedule: &Schedule) -> usize {
    schedule.studies.iter().map(|study| study.outgoing.len()).sum()
}

/// How many acknowledged objects are in the store with exactly the bytes that were sent.
fn present(sides: &mut BothSides, schedule: &Schedule, acknowledged: &BTreeSet<&str>) -> Result<usize> {
    let digests = sides.appliance.stored()?;
    let stored = sides.ledger()?.instances()?;
    // A folder of the user's own may hold one UID in several files.
    let mut present = BTreeSet::new();
    for item in schedule.studies.iter().flat_map(|study| &study.outgoing) {
        let uid = item.sop_instance_uid.as_str();
        if !acknowledged.contains(uid) || present.contains(uid) {
            continue;
        }
        let sent = blake3::hash(&item.data_set()?).to_hex();
        let kept = stored
            .iter()
            .filter(|(known, _)| known == uid)
            .any(|(_, id)| digests.get(id).is_some_and(|digest| digest == sent.as_str()));
        if kept {
            present.insert(uid);
        }
    }
    Ok(present.len())
}

/// What is wrong with one study.
fn wrong(row: &Row, must_hold: bool, own: bool) -> Option<String> {
    let state = row.state.as_deref();
    let held = state == Some("held");
    let words = match kind(row) {
        "unanswered" => "has no disposition".to_owned(),
        "unreadable" if !own => format!("is unreadable: {}", row.reason.as_deref().unwrap_or_default()),
        "escalated" if must_hold => "left although it must be held".to_owned(),
        "escalated" if row.report.is_none() && !(own && state.is_none()) => {
            format!(
                "is stuck: {} ({})",
                state.unwrap_or("no case"),
                row.fault.as_deref().unwrap_or("no fault")
            )
        }
        // Of the user's own files nobody here knows whether one that must be held has any reason to leave.
        _ if must_hold && !held && !own => "must be held and is not".to_owned(),
        _ if held && !must_hold => {
            format!("is held and must not be: {}", row.holds.as_deref().unwrap_or_default())
        }
        _ => return None,
    };
    Some(words)
}
