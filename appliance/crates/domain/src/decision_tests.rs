//! Every decision from every state, as sentences.
#![allow(clippy::unwrap_used)]

use proto::case::{Priority, Transport};

use crate::case_state::CaseState;
use crate::decision::{Decision, Role, Subject, WORDS_MAX, check_named, check_read, check_who, escalation};
use crate::job::RedactedArea;
use crate::note::NoteText;
use crate::refusal::Refusal;

fn area(x1: u32) -> RedactedArea {
    RedactedArea { instance: 0, everywhere: false, x0: 1, y0: 1, x1, y1: 9 }
}

/// Every decision, each with a reason where it takes one.
fn all() -> Vec<Decision> {
    let (case, study, reason) = (|| "c".to_owned(), || "s".to_owned(), || "why".to_owned());
    vec![
        Decision::Send { case: case() },
        Decision::Wait { case: case() },
        Decision::DontSend { case: case(), reason: reason() },
        Decision::IdentityVisible { case: case() },
        Decision::Undo { case: case() },
        Decision::Release { case: case(), reason: reason() },
        Decision::BlackOut { case: case(), area: area(9) },
        Decision::Uncover { case: case() },
        Decision::Note { case: case(), text: NoteText::new("left side") },
        Decision::Retry { case: case() },
        Decision::Bury { case: case(), reason: reason() },
        Decision::Escalate { study: study(), reason: reason() },
        Decision::Acknowledge { study: study() },
        Decision::Unacknowledge { study: study() },
        Decision::ArchiveChecked { study: study() },
        Decision::Stat { study: study() },
        Decision::ReadFinding { study: study() },
        Decision::ReadNothing { study: study() },
    ]
}

/// The states from which a decision about a case may be taken.
fn from(decision: &Decision, held: bool) -> String {
    let states = CaseState::ALL.into_iter().filter(|s| decision.permit(*s, held).is_ok());
    states.map(CaseState::as_str).collect::<Vec<_>>().join(" ")
}

/// The name a decision has on the wire.
fn action(decision: &Decision) -> String {
    serde_json::to_value(decision).unwrap()["action"].as_str().unwrap().to_owned()
}

const EVERY: &str =
    "held review waiting leaving packing sealed sending received answered not-sent stopped buried failed";

#[test]
fn every_decision_is_permitted_from_the_states_of_the_table_and_from_no_other() {
    // The decision, from where when nothing is held, and from where when de-identification holds what the case is made of.
    let table = [
        ("send", "review waiting not-sent failed", ""),
        ("wait", "review leaving", "review leaving"),
        ("dont-send", "held review waiting leaving", "held review waiting leaving"),
        (
            "identity-visible",
            "held review waiting leaving packing sealed sending not-sent failed",
            "held review waiting leaving packing sealed sending not-sent failed",
        ),
        ("undo", EVERY, EVERY),
        ("release", "held", "held review waiting not-sent failed"),
        ("black-out", "held review waiting not-sent stopped", "held review waiting not-sent stopped"),
        ("uncover", "held review waiting not-sent stopped", "held review waiting not-sent stopped"),
        (
            "note",
            "held review waiting leaving not-sent stopped failed",
            "held review waiting leaving not-sent stopped failed",
        ),
        ("retry", "sealed sending failed", "sealed sending failed"),
        (
            "bury",
            "held review waiting leaving packing sealed sending not-sent stopped failed",
            "held review waiting leaving packing sealed sending not-sent stopped failed",
        ),
    ];
    let about_cases: Vec<Decision> =
        all().into_iter().filter(|d| matches!(d.subject(), Subject::Case(_))).collect();
    assert_eq!(about_cases.len(), table.len());
    for (decision, (name, free, held)) in about_cases.iter().zip(table) {
        assert_eq!(action(decision), name);
        assert_eq!((from(decision, false).as_str(), from(decision, true).as_str()), (free, held), "{name}");
    }
}

#[test]
fn a_decision_about_a_study_moves_no_case_and_no_state_of_one_refuses_it() {
    for decision in all().iter().filter(|d| matches!(d.subject(), Subject::Study(_))) {
        assert_eq!((decision.target(), from(decision, false).as_str()), (None, EVERY), "{decision:?}");
    }
}

#[test]
fn what_de_identification_holds_leaves_by_a_release_alone() {
    let send = Decision::Send { case: "c".into() };
    assert_eq!(send.permit(CaseState::Held, false), Err(Refusal::ByReleaseOnly));
    for state in [CaseState::Review, CaseState::Waiting, CaseState::NotSent, CaseState::Failed] {
        assert_eq!(send.permit(state, true), Err(Refusal::ByReleaseOnly), "{state}");
    }
    assert_eq!(send.permit(CaseState::Stopped, true), Err(Refusal::Moved(CaseState::Stopped)));
}

#[test]
fn every_refusal_says_what_is_in_the_way() {
    let of = |decision: Decision, state| decision.permit(state, false).unwrap_err().to_string();
    let case = || "c".to_owned();
    let sent = of(Decision::Wait { case: case() }, CaseState::Sealed);
    assert_eq!(sent, "the case is sealed by now: that cannot be done any more");
    let empty = Decision::BlackOut { case: case(), area: area(1) };
    assert_eq!(empty.permit(CaseState::Held, false), Err(Refusal::EmptyArea));
    assert_eq!(empty.permit(CaseState::Leaving, false), Err(Refusal::NotAtRest));
    assert_eq!(of(Decision::Retry { case: case() }, CaseState::Held), Refusal::NotRetryable.to_string());
    let bury = Decision::Bury { case: case(), reason: "r".into() };
    assert_eq!(bury.permit(CaseState::Received, false), Err(Refusal::HandedOver));
    assert!(Refusal::LongReason.to_string().contains(&WORDS_MAX.to_string()));
    assert!(Refusal::Unnamed.to_string().contains(&WORDS_MAX.to_string()));
}

#[test]
fn a_reason_is_asked_for_where_a_person_goes_against_what_was_found() {
    let asked: Vec<String> = all().iter().filter(|d| d.reason().is_some()).map(action).collect();
    assert_eq!(asked, ["dont-send", "release", "bury", "escalate"]);
    let of = |reason: &str| Decision::Bury { case: "c".into(), reason: reason.into() }.check_reason();
    assert_eq!(of(" "), Err(Refusal::NoReason));
    assert_eq!(of("two\nlines"), Err(Refusal::LongReason));
    assert_eq!(of(&"x".repeat(WORDS_MAX + 1)), Err(Refusal::LongReason));
    assert_eq!(of(&"ä".repeat(WORDS_MAX)), Ok(()));
}

#[test]
fn a_physician_alone_reads_and_any_named_person_decides_the_rest() {
    let physicians: Vec<String> = all().iter().filter(|d| d.role() == Role::Physician).map(action).collect();
    assert_eq!(physicians, ["read-finding", "read-nothing"]);
    assert_eq!(check_read(true, true, false), Ok(()));
    for sampled in [false, true] {
        assert_eq!(check_read(false, sampled, false), Err(Refusal::NotPhysician));
    }
    assert_eq!(check_read(true, false, false), Err(Refusal::NotSampled));
    assert_eq!(check_read(true, true, true), Err(Refusal::ReadAlready));
}

#[test]
fn an_order_names_who_gives_it_and_why_each_on_one_line() {
    assert_eq!(check_named("Dr. A", "moved"), Ok(()));
    for (who, why) in [("", "moved"), ("Dr. A", " "), ("Dr.\nA", "moved"), ("Dr. A", "a\u{7}")] {
        assert_eq!(check_named(who, why), Err(Refusal::Unnamed), "{who:?} {why:?}");
    }
}

#[test]
fn a_decision_without_a_name_is_refused() {
    assert_eq!(check_who("Dr. A"), Ok(()));
    for who in ["", " ", "Dr.\nA"] {
        assert_eq!(check_who(who), Err(Refusal::NoName), "{who:?}");
    }
}

#[test]
fn a_person_escalates_what_could_be_read_and_never_below_urgent() {
    let of = |priority| escalation("d", priority, "a second look").unwrap();
    assert_eq!(of(Priority::Stat).priority, Priority::Stat);
    let case = of(Priority::Routine);
    assert_eq!((case.priority, case.transport), (Priority::Urgent, Transport::Image));
    assert_eq!(case.reason, "raised by a technician: a second look");
    assert_eq!(escalation("", Priority::Stat, "r"), Err(Refusal::NotReadable));
}

#[test]
fn escalating_keeping_and_raising_count_as_done_against_triage() {
    let counted: Vec<String> = all().iter().filter(|d| d.overrides().is_some()).map(action).collect();
    assert_eq!(counted, ["dont-send", "escalate", "stat"]);
}

#[test]
fn stopping_and_raising_are_safe_whatever_happened_meanwhile() {
    let safe: Vec<String> = all().iter().filter(|d| d.is_always_safe()).map(action).collect();
    assert_eq!(safe, ["identity-visible", "stat"]);
}
