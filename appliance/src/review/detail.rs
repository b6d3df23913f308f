//! What the study view shows: result, reasons, what was removed, the way of the case, what may be decided now.

use serde::Serialize;

use super::result::{ResultView, result, unread};
use super::view::{Findings, RowView, row};
use super::{Backend, Error, words};
use deid::HoldReason;
use domain::case_state::CaseState;
use domain::job::RedactedArea;
use domain::note::check_state;
use ledger::{CaseRow, Collisions, EarlierCase, EventRow, StudyDetail};
use proto::case::{Priority, Transport};

/// One study as the page shows it.
#[derive(Debug, Serialize)]
pub(super) struct DetailView {
    row: RowView,
    now: i64,
    result: Option<ResultView>,
    case: Option<CaseView>,
    /// Cases of earlier revisions.
    earlier: Vec<EarlierView>,
    /// Other studies with the same UIDs, and what archives made of that.
    collisions: Collisions,
    report: Option<ReportView>,
    events: Vec<EventRow>,
    actions: Vec<Action>,
    /// Whom to call about a STAT study that is held.
    phone: Option<String>,
}

/// A case of an earlier revision, with what came of it.
#[derive(Debug, Serialize)]
struct EarlierView {
    revision: u32,
    state: CaseState,
    corrected_at: Option<i64>,
    report: Option<ReportView>,
}

#[derive(Debug, Serialize)]
struct CaseView {
    id: String,
    state: CaseState,
    priority: Priority,
    reason: String,
    #[serde(rename = "plan")]
    transport: Transport,
    sealed_bytes: i64,
    bytes_sent: i64,
    parts_sent: i64,
    parts_total: i64,
    searched: i64,
    attempts: i64,
    next_attempt: i64,
    fault: Option<String>,
    received_at: Option<i64>,
    answered_at: Option<i64>,
    /// What a person has blacked out.
    areas: Vec<RedactedArea>,
    /// What a technician wrote to the reader.
    note: Option<NoteView>,
    /// Why the note cannot be written now; `None`: it can.
    note_not: Option<String>,
}

/// The technician's note.
#[derive(Debug, Serialize)]
struct NoteView {
    text: String,
    by: Option<String>,
    at: Option<i64>,
}

#[derive(Debug, Serialize)]
struct ReportView {
    /// Every line as it must be shown; an unsigned draft says so in each.
    lines: Vec<String>,
    unsigned: bool,
    signed_by: Option<String>,
    origin: String,
    created: String,
}

/// A button of the study view.
#[derive(Debug, Serialize)]
pub(super) struct Action {
    /// The word that `decide` takes.
    pub(super) action: &'static str,
    label: &'static str,
    key: &'static str,
    /// Why it cannot be done now; `None`: it can.
    pub(super) not: Option<&'static str>,
    /// Whether a reason must be given.
    reason: bool,
    /// The reason that is recorded without asking.
    given: Option<&'static str>,
}

/// The view of a study.
///
/// # Errors
/// The ledger's; [`Error::Broken`] for a report no version of ours recorded.
pub(super) async fn detail<H: Backend>(backend: &H, who: &str, d: StudyDetail) -> Result<DetailView, Error> {
    let mut known = Findings::default();
    let areas = match &d.case {
        Some(case) => backend.ledger().areas(&case.id).await?,
        None => Vec::new(),
    };
    let actions = actions(&d, who, areas.len());
    let sampled = d.row.sampled;
    let physician = sampled && backend.ledger().is_physician(who).await?;
    let is_stat = d.row.priority == Priority::Stat;
    let actions = if sampled { reading(physician, is_stat, actions) } else { actions };
    let held = d.case.as_ref().is_some_and(|c| c.state == CaseState::Held);
    let stat = held && is_stat;
    Ok(DetailView {
        phone: stat.then(|| words::phone(&backend.config().reading_room)),
        row: row(backend, &mut known, &d.row).await?,
        now: backend.now(),
        report: d.report.map(report).transpose()?,
        result: d.disposition.map(|r| if sampled { unread(r) } else { result(r) }),
        case: d.case.map(|row| case(row, areas)),
        collisions: backend.ledger().collisions_of(&d.row.id).await?,
        earlier: d.earlier.into_iter().map(earlier).collect::<Result<_, _>>()?,
        events: d.events.into_iter().map(|e| if sampled { untold(e) } else { e }).collect(),
        actions,
    })
}

/// The answer stands in the timeline too: its line stays, so that whoever decides has seen as many lines as there are.
fn untold(mut event: EventRow) -> EventRow {
    if event.who == "appliance" && event.what.starts_with("revision ") && !event.what.contains("stable") {
        event.what = "answered".into();
    }
    event
}

/// The buttons of a study that was sampled: reading it comes first.
fn reading(physician: bool, stat: bool, mut rest: Vec<Action>) -> Vec<Action> {
    let not =
        (!physician).then_some("only a physician's read counts: ask your administrator to say who is one");
    let mut all = vec![
        button("read-finding", "Read: a finding", "F", not, false),
        button("read-nothing", "Read: none of the findings", "D", not, false),
    ];
    rest.retain(|a| a.action != "acknowledge" || stat);
    all.append(&mut rest);
    all
}

fn case(c: CaseRow, areas: Vec<RedactedArea>) -> CaseView {
    let note_not = check_state(c.state).err().map(|why| why.to_string());
    let note = (!c.note.is_empty()).then_some(NoteView { text: c.note, by: c.note_by, at: c.note_at });
    CaseView {
        areas,
        note,
        note_not,
        id: c.id,
        state: c.state,
        priority: c.priority,
        reason: c.reason,
        transport: c.transport,
        sealed_bytes: c.sealed_bytes,
        bytes_sent: c.bytes_sent,
        parts_sent: c.parts_sent,
        parts_total: c.parts_total,
        searched: c.searched,
        attempts: c.attempts,
        next_attempt: c.next_attempt,
        fault: c.fault,
        received_at: c.received_at,
        answered_at: c.answered_at,
    }
}

fn earlier(c: EarlierCase) -> Result<EarlierView, Error> {
    let report = c.report.map(report).transpose()?;
    Ok(EarlierView { revision: c.revision, state: c.state, corrected_at: c.corrected_at, report })
}

fn report(value: serde_json::Value) -> Result<ReportView, Error> {
    let content: proto::report::ReportContent = serde_json::from_value(value)?;
    let o = &content.origin;
    Ok(ReportView {
        lines: content.lines(),
        unsigned: content.is_unsigned(),
        signed_by: content.signed_by().map(str::to_owned),
        origin: format!("{} {} ({})", o.model, o.version, o.backend),
        created: content.created.clone(),
    })
}

/// Every button with whether it can be pressed. `decide` checks again: this only spares a person the refusal.
pub(super) fn actions(d: &StudyDetail, who: &str, areas: usize) -> Vec<Action> {
    let state = d.case.as_ref().map(|c| c.state);
    let gone = "the cloud has it already";
    let none = "there is no case: nothing of it leaves";
    let may = |to: CaseState, else_words: &'static str| match state {
        None => Some(none),
        Some(s) if s.person_may(to) => None,
        Some(s) if !s.before_handover() => Some(gone),
        Some(_) => Some(else_words),
    };
    let mut all = Vec::with_capacity(10);
    let held = d.disposition.as_ref().is_some_and(|r| !r.verdict.holds.is_empty());
    if state.is_some_and(|s| s.may_be_released(held)) {
        all.push(release(d));
    } else {
        all.push(button("send", "Send", "A", may(CaseState::Leaving, "it is on its way, or stopped"), false));
    }
    all.push(button("wait", "Wait", "H", may(CaseState::Waiting, "it does not leave by itself now"), false));
    all.push(button(
        "dont-send",
        "Don't send",
        "X",
        may(CaseState::NotSent, "it is being sealed or sent: P stops it"),
        true,
    ));
    all.push(button(
        "identity-visible",
        "Identity visible",
        "P",
        may(CaseState::Stopped, "it is stopped already"),
        false,
    ));
    if state.is_some_and(CaseState::may_be_retried) {
        all.push(button("retry", "Try again now", "R", None, false));
    }
    if state.is_some_and(CaseState::at_rest) {
        all.push(button("black-out", "Black an area out", "B", None, false));
        all.push(button(
            "uncover",
            "Take the last area back",
            "Z",
            (areas == 0).then_some("none is redacted"),
            false,
        ));
    }
    if state.is_none() {
        all.push(button("escalate", "Escalate", "E", escalate(d), true));
    }
    let acknowledged = d.row.acknowledged_by.as_deref();
    let not = match (acknowledged, d.disposition.is_some()) {
        (Some(_), _) => Some("acknowledged already"),
        (None, false) => Some("not answered yet"),
        (None, true) => None,
    };
    all.push(button("acknowledge", "Acknowledge", "C", not, false));
    if d.row.unchecked > 0 {
        all.push(button("archive-checked", "Archive checked", "V", None, false));
    }
    let stat = (d.row.priority == Priority::Stat).then_some("it is STAT");
    all.push(button("stat", "Raise to STAT", "S", stat, false));
    match (state.is_some_and(CaseState::undoable), acknowledged == Some(who)) {
        (true, _) => all.push(button("undo", "Undo", "U", None, false)),
        (false, true) => all.push(button("unacknowledge", "Undo acknowledgement", "U", None, false)),
        (false, false) => all.push(button("undo", "Undo", "U", Some("nothing to undo"), false)),
    }
    all
}

fn button(
    action: &'static str,
    label: &'static str,
    key: &'static str,
    not: Option<&'static str>,
    reason: bool,
) -> Action {
    Action { action, label, key, not, reason, given: None }
}

/// The button that lets a held case out. What is STAT and shows nothing but a face goes in one press.
fn release(d: &StudyDetail) -> Action {
    let given = only_a_face(d).then_some(words::STAT_RELEASE);
    Action { given, ..button("release", "Release and send", "A", None, given.is_none()) }
}

/// A STAT head study that nothing holds but that a face could be rendered from it.
fn only_a_face(d: &StudyDetail) -> bool {
    let face = HoldReason::FaceInVolume.to_string();
    let holds = d.disposition.as_ref().map(|r| r.verdict.holds.as_slice()).unwrap_or_default();
    d.row.priority == Priority::Stat && !holds.is_empty() && holds.iter().all(|hold| *hold == face)
}

fn escalate(d: &StudyDetail) -> Option<&'static str> {
    match &d.disposition {
        None => Some("not answered yet"),
        Some(r) if r.verdict.plan_digest.is_empty() => {
            Some("the images could not be read, so they cannot be sent")
        }
        Some(_) => None,
    }
}
