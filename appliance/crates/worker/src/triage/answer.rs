//! From a bundle's verdict to the study's disposition, in the words the page shows.

use models::{Bundle, Triage};
use proto::case::{Disposition, Finding, Priority};

use super::select::Pick;
use domain::verdict::{InputCheck, PlacedFinding, Verdict};

/// No bundle takes the study; it stays in the site's ordinary reading.
pub(crate) fn not_analysed(reason: String) -> Verdict {
    Verdict::without_model(Disposition::NotAnalysed, reason)
}

/// The pixels could not be read.
pub(crate) fn unreadable(reason: String) -> Verdict {
    Verdict::without_model(Disposition::Unreadable, reason)
}

/// What the headers leave open about an answer, in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reservations {
    /// The images that ran may not be what the bundle takes: neither a flag nor the lack of one counts.
    pub doubts: Vec<String>,
    /// Something else was not told or not seen: the lack of a flag does not count, a flag stands.
    pub open: Vec<String>,
}

/// Most reasons of one kind that are written out.
const REASONS: usize = 3;

/// The first reasons, and how many more there are.
fn listed(reasons: &[String]) -> String {
    let some = reasons.iter().take(REASONS).cloned().collect::<Vec<_>>().join(". ");
    match reasons.len().saturating_sub(REASONS) {
        0 => some,
        more => format!("{some}. And {more} more"),
    }
}

impl Reservations {
    /// What becomes of an answer of the model. Its priority stays: an urgent finding of an image in doubt is urgent.
    fn on(&self, (disposition, reason): (Disposition, String)) -> (Disposition, String) {
        let none = "The model raised no flag, which does not count here";
        if !self.doubts.is_empty() {
            let why = listed(&self.doubts.iter().chain(&self.open).cloned().collect::<Vec<_>>());
            let said = match disposition {
                Disposition::NoFlag => none.to_owned(),
                Disposition::Flag => format!("The model would flag it: {reason}"),
                _ => reason,
            };
            return (Disposition::Escalate, format!("{why}. {said}"));
        }
        match disposition {
            _ if self.open.is_empty() => (disposition, reason),
            Disposition::NoFlag => (Disposition::Escalate, format!("{}. {none}", listed(&self.open))),
            _ => (disposition, format!("{reason}. {}", listed(&self.open))),
        }
    }
}

/// The answer of `bundle`. `unread` of `wanted` frames could not be run: what was not seen cannot be without a flag.
pub(crate) fn verdict(
    bundle: &Bundle,
    triage: &Triage,
    (unread, wanted): (usize, usize),
    reservations: &Reservations,
) -> Verdict {
    let (name, version) = (bundle.name(), bundle.version());
    let (disposition, reason) = reservations.on(match triage.disposition {
        models::Disposition::NoFlag if unread > 0 => (
            Disposition::Escalate,
            format!("{unread} of {wanted} frames could not be read; the others raised no flag"),
        ),
        models::Disposition::NoFlag => {
            let words = "Not a normal result. Ordinary reading still applies.";
            (Disposition::NoFlag, format!("No flag raised by {name} {version}. {words}"))
        }
        models::Disposition::Flag => (Disposition::Flag, triage.reason.clone()),
        models::Disposition::Escalate => (Disposition::Escalate, triage.reason.clone()),
    });
    let findings = triage.findings.iter().map(|f| Finding {
        scheme: f.scheme.clone(),
        code: f.code.clone(),
        name: f.name.clone(),
        score: f.score as f32,
        threshold: f.threshold as f32,
        positive: f.positive,
    });
    Verdict {
        bundle: name.to_owned(),
        version: version.to_owned(),
        digest: bundle.digest().to_owned(),
        findings: findings.collect(),
        priority: triage.priority.map_or(Priority::Routine, priority),
        input_check: Some(input_check(&triage.input_check)),
        ..Verdict::without_model(disposition, reason)
    }
}

/// Where the findings were seen. `picks`: the frames that were run, in that order.
pub(crate) fn places(triage: &Triage, picks: &[Pick]) -> Vec<PlacedFinding> {
    let placed = triage.findings.iter().filter_map(|finding| {
        let place = finding.place.clone()?;
        let pick = picks.get(place.frame)?;
        let (instance, frame) = (pick.instance, pick.frame);
        Some(PlacedFinding { name: finding.name.clone(), instance, frame, rows: place.rows })
    });
    placed.collect()
}

fn priority(asked: models::manifest::Priority) -> Priority {
    match asked {
        models::manifest::Priority::Stat => Priority::Stat,
        models::manifest::Priority::Urgent => Priority::Urgent,
        models::manifest::Priority::Routine => Priority::Routine,
    }
}

/// The input check with the limit that the value broke, or is nearer to.
fn input_check(check: &models::InputCheck) -> InputCheck {
    let [low, high] = check.limit;
    // A distance has only one side.
    let lower = check.measure != "distance" && check.score - low < high - check.score;
    let limit = if lower { low } else { high };
    InputCheck { score: check.score, limit, passed: check.passed }
}
