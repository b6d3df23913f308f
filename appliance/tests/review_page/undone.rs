//! Undo: after it everything is as it was before the decision, a hold and what it asks for included.

use std::sync::Arc;

use axum::http::StatusCode;
use domain::case_state::CaseState;
use ledger::Sealed;
use proto::case::{Disposition, Priority};
use proto::ids::{EnvelopeDigest, EnvelopeId};
use serde_json::{Value, json};

use super::backend::{Fake, backend, disposition};
use super::client::{Client, possible};

/// A case in a state: held before, or one that nothing held.
async fn a_case(backend: &Arc<Fake>, n: u32, state: CaseState, held: bool) -> String {
    let mut d = disposition(Disposition::Escalate, Priority::Urgent);
    d.verdict.holds = if held { vec!["burned-in annotation: YES".into()] } else { Vec::new() };
    backend.answered(n, d, Some(state)).await
}

/// Everything the page shows and offers of a study, without its timeline and the clock.
async fn shown(client: &mut Client, study: &str) -> Value {
    let mut seen = client.detail(study).await;
    for passing in ["events", "now"] {
        seen.as_object_mut().unwrap().remove(passing);
    }
    seen
}

/// Presses a button as the page would now.
async fn press(client: &mut Client, study: &str, action: &str, reason: Option<&str>) -> StatusCode {
    let seen = client.detail(study).await;
    client.press(&seen, action, reason).await.status
}

/// What packing made.
fn sealed() -> Sealed {
    Sealed {
        envelope: EnvelopeId::from_bytes([0xab; 16]),
        digest: EnvelopeDigest::from_bytes([0xcd; 32]),
        plain_bytes: 1,
        sealed_bytes: 1,
        image_bytes: 1,
        frame_bytes: 1,
        searched: 1,
    }
}

/// Reasons go where they are asked for.
fn reason(action: &str) -> Option<&'static str> {
    ["release", "dont-send", "bury", "escalate"].contains(&action).then_some("a reason")
}

#[tokio::test]
async fn each_decision_that_can_be_undone_leaves_everything_as_it_was() {
    use CaseState::{Failed, Held, NotSent, Review, Sealed, Sending, Waiting};
    let backend = backend().await;
    let mut client = Client::signed_in(&backend, "ada").await;
    let decisions = ["send", "release", "wait", "dont-send", "identity-visible", "bury", "retry"];
    let table: &[(CaseState, bool, &[&str])] = &[
        (Held, true, &["release", "dont-send", "identity-visible", "bury"]),
        (Review, false, &["send", "wait", "dont-send", "identity-visible", "bury"]),
        (Waiting, false, &["send", "dont-send", "identity-visible", "bury"]),
        (Waiting, true, &["release", "dont-send", "identity-visible", "bury"]),
        (NotSent, false, &["send", "identity-visible", "bury"]),
        (NotSent, true, &["release", "identity-visible", "bury"]),
        (Failed, false, &["send", "identity-visible", "bury", "retry"]),
        (Failed, true, &["release", "identity-visible", "bury", "retry"]),
        (Sealed, true, &["identity-visible", "bury"]),
        (Sending, true, &["identity-visible", "bury"]),
    ];
    let mut n = 0;
    for (state, held, permitted) in table {
        for decision in decisions {
            n += 1;
            let study = a_case(&backend, n, *state, *held).await;
            let case = client.detail(&study).await["case"]["id"].as_str().unwrap().to_owned();
            let before = shown(&mut client, &study).await;
            let status = press(&mut client, &study, decision, reason(decision)).await;
            let expected = if permitted.contains(&decision) { StatusCode::OK } else { StatusCode::CONFLICT };
            // Trying a sealed case again moves nothing: the link is asked.
            if decision == "retry" && matches!(state, Sealed | Sending) {
                continue;
            }
            assert_eq!(status, expected, "{state:?} held {held}: {decision}");
            if status == StatusCode::OK {
                assert!(
                    possible(&client.detail(&study).await).contains(&"undo".to_owned()),
                    "{state:?} {decision}"
                );
                assert_eq!(press(&mut client, &study, "undo", None).await, StatusCode::OK);
            }
            assert_eq!(shown(&mut client, &study).await, before, "{state:?} held {held}: {decision}");
            let withdrawn = backend.ledger.withdrawals().await.unwrap();
            assert!(
                withdrawn.iter().all(|(id, _)| id.to_string() != case),
                "the cloud is told nothing: {state:?} {decision}"
            );
        }
    }
}

#[tokio::test]
async fn a_held_case_never_leaves_by_a_bare_key_whatever_was_done_and_undone() {
    let backend = backend().await;
    let mut client = Client::signed_in(&backend, "ada").await;
    // What is done before; where it then waits.
    let ways: &[(&[&str], &str)] = &[
        (&[], "held"),
        (&["release", "undo"], "held"),
        (&["dont-send"], "not-sent"),
        (&["dont-send", "undo"], "held"),
        (&["release", "dont-send", "undo"], "held"),
        (&["release", "wait"], "waiting"),
        (&["release", "wait", "undo"], "held"),
        (&["release", "identity-visible", "undo"], "held"),
        (&["identity-visible", "undo"], "held"),
        (&["stat", "release", "undo"], "held"),
    ];
    for (n, (way, state)) in ways.iter().enumerate() {
        let study = a_case(&backend, n as u32, CaseState::Held, true).await;
        for action in *way {
            assert_eq!(
                press(&mut client, &study, action, reason(action)).await,
                StatusCode::OK,
                "{way:?} {action}"
            );
        }
        let seen = client.detail(&study).await;
        assert_eq!(seen["case"]["state"], *state, "{way:?}");
        assert_eq!(seen["result"]["holds"], json!(["burned-in annotation: YES"]));
        assert_eq!(seen["case"]["priority"], if way.contains(&"stat") { "STAT" } else { "URGENT" });
        let bare: Vec<&Value> =
            seen["actions"].as_array().unwrap().iter().filter(|a| a["key"] == "A").collect();
        assert_eq!(
            (bare.len(), &bare[0]["action"], &bare[0]["reason"]),
            (1, &json!("release"), &json!(true))
        );
        assert_eq!(press(&mut client, &study, "send", None).await, StatusCode::CONFLICT, "{way:?}");
        assert_eq!(press(&mut client, &study, "release", Some(" ")).await, StatusCode::CONFLICT, "{way:?}");
        assert_eq!(client.detail(&study).await["case"]["state"], *state, "{way:?}");
        assert_eq!(
            press(&mut client, &study, "release", Some("no text in it")).await,
            StatusCode::OK,
            "{way:?}"
        );
    }
}

#[tokio::test]
async fn decisions_are_taken_back_one_by_one_and_a_countdown_never_begins_again() {
    let backend = backend().await;
    let mut client = Client::signed_in(&backend, "ada").await;
    let study = a_case(&backend, 1, CaseState::Review, false).await;
    let first = shown(&mut client, &study).await;
    assert_eq!(press(&mut client, &study, "wait", None).await, StatusCode::OK);
    let second = shown(&mut client, &study).await;
    assert_eq!(press(&mut client, &study, "send", None).await, StatusCode::OK);
    assert_eq!(press(&mut client, &study, "undo", None).await, StatusCode::OK);
    assert_eq!(shown(&mut client, &study).await, second);
    assert_eq!(press(&mut client, &study, "undo", None).await, StatusCode::OK);
    assert_eq!(shown(&mut client, &study).await, first);
    assert_eq!(press(&mut client, &study, "undo", None).await, StatusCode::CONFLICT);
    // What a person stopped on its way is where it was decided on before.
    for stop in ["wait", "dont-send", "identity-visible"] {
        assert_eq!(press(&mut client, &study, "send", None).await, StatusCode::OK);
        assert_eq!(press(&mut client, &study, stop, reason(stop)).await, StatusCode::OK);
        assert_eq!(press(&mut client, &study, "undo", None).await, StatusCode::OK);
        assert_eq!(shown(&mut client, &study).await, first, "{stop}");
    }
    // A countdown that a machine began becomes a decision to be made.
    let study = a_case(&backend, 2, CaseState::Leaving, false).await;
    assert_eq!(press(&mut client, &study, "undo", None).await, StatusCode::OK);
    assert_eq!(client.detail(&study).await["case"]["state"], "review");
}

#[tokio::test]
async fn what_a_person_escalated_is_as_if_it_had_not_been() {
    let backend = backend().await;
    let mut client = Client::signed_in(&backend, "ada").await;
    let study = backend.answered(1, disposition(Disposition::Flag, Priority::Urgent), None).await;
    let before = shown(&mut client, &study).await;
    assert_eq!(press(&mut client, &study, "escalate", Some("please look")).await, StatusCode::OK);
    assert_eq!(press(&mut client, &study, "undo", None).await, StatusCode::OK);
    assert_eq!(shown(&mut client, &study).await, before);
    assert_eq!(press(&mut client, &study, "escalate", Some("please look")).await, StatusCode::OK);
    assert_eq!(client.detail(&study).await["case"]["state"], "leaving");
}

#[tokio::test]
async fn what_was_held_and_sealed_before_an_area_was_drawn_is_held_again() {
    let backend = backend().await;
    let mut client = Client::signed_in(&backend, "ada").await;
    let study = a_case(&backend, 1, CaseState::Held, true).await;
    assert_eq!(press(&mut client, &study, "release", Some("no text in it")).await, StatusCode::OK);
    let case = client.detail(&study).await["case"]["id"].as_str().unwrap().to_owned();
    assert!(backend.ledger.begin_packing(&case).await.unwrap());
    let sealed = sealed();
    backend.ledger.record_sealed(&case, &sealed).await.unwrap();
    assert_eq!(press(&mut client, &study, "identity-visible", None).await, StatusCode::OK);
    assert_eq!(
        backend.ledger.envelopes_in_use().await.unwrap(),
        [sealed.envelope.to_string()],
        "undo would send it"
    );
    let area = json!({ "instance": 0, "everywhere": true, "x0": 10, "y0": 20, "x1": 50, "y1": 40 });
    let seen = client.detail(&study).await;
    let redacted = client.decide(&seen, json!({ "action": "black-out", "case": case, "area": area })).await;
    assert_eq!(redacted.status, StatusCode::OK);
    assert_eq!(press(&mut client, &study, "undo", None).await, StatusCode::OK);
    let seen = client.detail(&study).await;
    assert_eq!((&seen["case"]["state"], &seen["case"]["areas"][0]["x1"]), (&json!("held"), &json!(50)));
}

#[tokio::test]
async fn an_envelope_stays_for_as_long_as_undo_leads_back_to_it() {
    let backend = backend().await;
    let mut client = Client::signed_in(&backend, "ada").await;
    let study = a_case(&backend, 1, CaseState::Packing, false).await;
    let case = client.detail(&study).await["case"]["id"].as_str().unwrap().to_owned();
    let sealed = sealed();
    backend.ledger.record_sealed(&case, &sealed).await.unwrap();
    for action in ["identity-visible", "bury", "send"] {
        assert_eq!(press(&mut client, &study, action, reason(action)).await, StatusCode::OK, "{action}");
        assert_eq!(
            backend.ledger.envelopes_in_use().await.unwrap(),
            [sealed.envelope.to_string()],
            "{action}"
        );
    }
    for state in ["not-sent", "stopped", "sealed"] {
        assert_eq!(press(&mut client, &study, "undo", None).await, StatusCode::OK);
        assert_eq!(client.detail(&study).await["case"]["state"], state);
    }
    assert_eq!(backend.ledger.case(&case).await.unwrap().envelope, Some(sealed.envelope));
}
