//! The page's strings that the server writes: one table, ready for other languages.
//!
//! Dispositions are shown as the vocabulary has them. A study without a flag is never given a word that could be
//! read as a result of the examination.

use proto::case::{Disposition, Priority, TriageMode};

use domain::case_state::CaseState;
use domain::verdict::Verdict;
use ledger::StudyRow;

/// The sentence for a disposition, in full.
pub(super) fn result(verdict: &Verdict) -> String {
    let Verdict { disposition, bundle, version, reason, .. } = verdict;
    match disposition {
        Disposition::NoFlag => {
            format!(
                "No flag raised by {bundle} {version}. Not a normal result. Ordinary reading still applies."
            )
        }
        Disposition::Flag => format!("Flag raised by {bundle} {version}: {reason}"),
        Disposition::Escalate if bundle.is_empty() => format!("Escalated: {reason}"),
        Disposition::Escalate => format!("Escalated by {bundle} {version}: {reason}"),
        Disposition::NotAnalysed => format!("Not analysed: {reason}"),
        Disposition::Unreadable => format!("Not analysed, the images could not be read: {reason}"),
    }
}

/// What a triage mode means for the person who looks.
pub(super) fn mode(mode: TriageMode) -> &'static str {
    match mode {
        TriageMode::Shadow => "Shadow: counted and shown, changes nothing.",
        TriageMode::Assist => "Assist: a flag raises priority, nothing lowers it.",
        TriageMode::Settle => "Settle: no-flag counts as triage's answer.",
    }
}

/// What a person sees of a study's state: a word for filters and stripes, and a line. `{leaves}` stands for the
/// seconds that are left.
pub(super) fn state(row: &StudyRow) -> (&'static str, String) {
    let case = row.case_state;
    if row.arriving > 0 {
        return ("arriving", format!("arriving, {}", count(i64::from(row.arriving), "instance")));
    }
    if row.sampled && case.is_none() && !asks(row) {
        return ("sampled", "sampled for a physician's read".into());
    }
    if row.disposition.is_none() {
        return ("analysing", "removing identity, analysing".into());
    }
    match case {
        Some(case) => (case.as_str(), case_line(case, row)),
        None => answered(row),
    }
}

fn answered(row: &StudyRow) -> (&'static str, String) {
    match (&row.acknowledged_by, asks(row)) {
        (Some(by), _) => ("acknowledged", format!("acknowledged by {by}")),
        (None, true) => ("open", "to be acknowledged".into()),
        (None, false)
            if matches!(row.disposition, Some(Disposition::NotAnalysed | Disposition::Unreadable)) =>
        {
            ("here", "left to ordinary reading".into())
        }
        (None, false) => ("here", "answered here".into()),
    }
}

/// In the place of the answer to a study that was sampled for a read and has had none: who reads must not know it.
pub(super) const SAMPLED: &str =
    "Sampled by chance for a physician's read. Triage's answer is shown once it was read.";

/// Whether a study stays open until a named person acknowledges it.
pub(super) fn asks(row: &StudyRow) -> bool {
    row.acknowledged_by.is_none()
        && (row.priority == Priority::Stat || (!row.sampled && row.disposition == Some(Disposition::Flag)))
}

fn case_line(case: CaseState, row: &StudyRow) -> String {
    match case {
        CaseState::Held => "held for a person".into(),
        CaseState::Review => "needs a decision: send, wait or don't send".into(),
        CaseState::Waiting => "waits, as a person asked".into(),
        CaseState::Leaving => "leaves in {leaves} s, U to undo".into(),
        CaseState::Packing => "is being sealed".into(),
        CaseState::Sealed => "sealed, waits for the link".into(),
        CaseState::Sending => {
            format!("sending part {} of {}", row.parts_sent.unwrap_or(0), row.parts_total.unwrap_or(0))
        }
        CaseState::Received => "received by the cloud".into(),
        CaseState::Answered if row.unsigned == Some(true) => "unsigned machine draft is home".into(),
        CaseState::Answered => "report is home".into(),
        CaseState::NotSent => "not sent: a person decided".into(),
        CaseState::Stopped => "stopped: identity visible".into(),
        CaseState::Buried => "set aside by the cloud".into(),
        CaseState::Failed => "could not be sent".into(),
    }
}

/// What to do about a STAT study that is held: nothing passes by time-out, so somebody must be called.
pub(super) fn phone(reading_room: &str) -> String {
    if reading_room.is_empty() {
        "STAT, and held: nothing of it leaves by itself. Phone the reading room.".to_owned()
    } else {
        format!("STAT, and held: nothing of it leaves by itself. Phone the reading room: {reading_room}.")
    }
}

/// Recorded with a STAT study that is released as it is, in one press.
pub(super) const STAT_RELEASE: &str = "STAT: released as it is, the face can be rendered";

/// What a de-identification action code of PS3.15 Table E.1-1a means.
pub(super) fn action(code: &str) -> &'static str {
    match code {
        "D" => "replaced by a stand-in",
        "Z" => "emptied or replaced",
        "X" => "removed",
        "K" => "kept",
        "C" => "cleaned",
        "U" => "UID replaced",
        _ => "other",
    }
}

/// `1 instance`, `2 instances`.
pub(super) fn count(n: i64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// Refusals and answers of the page itself.
pub(super) mod say {
    pub(in super::super) const SESSION_ENDED: &str = "The session has ended. Sign in again; nothing is lost.";
    pub(in super::super) const FOREIGN: &str = "The request did not come from this page.";
    pub(in super::super) const BAD_LOGIN: &str = "Name or password do not match.";
    pub(in super::super) const TOO_MANY: &str =
        "Too many attempts. Wait a quarter of an hour, or ask for a reset.";
    pub(in super::super) const BAD_CODE: &str =
        "This link was used or is over. Ask for a new one: appliance user reset NAME.";
    pub(in super::super) const SHORT: &str = "Choose a password of at least 12 characters.";
    pub(in super::super) const LONG: &str = "Choose a password of at most 256 characters.";
    pub(in super::super) const UNKNOWN: &str = "There is no such page.";
    pub(in super::super) const BUSY: &str =
        "Too many pages are open here: this one asks every few seconds instead.";
    pub(in super::super) const FRAMES: &str =
        "Other images are being decoded at full resolution: ask again in a moment.";
    pub(in super::super) const BROKEN: &str = "The request cannot be understood: load the page again.";
    pub(in super::super) const NO_RANDOM: &str = "The system gives no randomness: nothing was done.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_study_without_a_flag_gets_the_whole_sentence_and_nothing_else() {
        let verdict = Verdict {
            bundle: "chest-xray".into(),
            version: "1.2".into(),
            ..Verdict::without_model(Disposition::NoFlag, "whatever the worker wrote".into())
        };
        assert_eq!(
            result(&verdict),
            "No flag raised by chest-xray 1.2. Not a normal result. Ordinary reading still applies."
        );
    }
}
