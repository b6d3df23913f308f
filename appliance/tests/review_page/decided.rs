//! What a person decides: sent, stopped, taken back, released, acknowledged, and who was first.

use axum::http::StatusCode;
use domain::case_state::CaseState;
use proto::case::{Disposition, Priority};
use proto::ids::{EnvelopeDigest, EnvelopeId};
use serde_json::{Value, json};

use super::backend::{START, backend, disposition};
use super::client::{Client, possible};

#[tokio::test]
async fn a_case_is_sent_stopped_and_taken_back_through_the_page() {
    let backend = backend().await;
    let study = backend
        .answered(1, disposition(Disposition::Escalate, Priority::Urgent), Some(CaseState::Review))
        .await;
    let mut client = Client::signed_in(&backend, "ada").await;
    let seen = client.detail(&study).await;
    assert_eq!(
        possible(&seen),
        ["send", "wait", "dont-send", "identity-visible", "black-out", "acknowledge", "stat"]
    );
    assert_eq!(client.press(&seen, "send", None).await.status, StatusCode::OK);
    let seen = client.detail(&study).await;
    assert_eq!(seen["row"]["state"], "leaving");
    assert_eq!(seen["row"]["state_words"], "leaves in {leaves} s, U to undo");
    assert_eq!(seen["row"]["leaves_at"], START + 8_000);
    assert!(possible(&seen).contains(&"undo".to_owned()));
    assert_eq!(client.press(&seen, "undo", None).await.status, StatusCode::OK);
    assert_eq!(client.detail(&study).await["row"]["state"], "review");
    let seen = client.detail(&study).await;
    let without = client.press(&seen, "dont-send", Some(" ")).await;
    assert_eq!((without.status, without.error().as_str()), (StatusCode::CONFLICT, "give a reason"));
    assert_eq!(client.press(&seen, "dont-send", Some("motion")).await.status, StatusCode::OK);
    let seen = client.detail(&study).await;
    assert_eq!(seen["row"]["state_words"], "not sent: a person decided");
    assert!(
        seen["events"]
            .as_array()
            .unwrap()
            .iter()
            .any(|e| e["what"] == "do not send: motion" && e["who"] == "ada")
    );
    assert_eq!(client.press(&seen, "identity-visible", None).await.status, StatusCode::OK);
    assert_eq!(client.detail(&study).await["row"]["state"], "stopped");
    assert!(backend.audit_text().contains("identity visible"));
}

#[tokio::test]
async fn what_is_held_leaves_only_by_a_named_release_with_a_reason() {
    let backend = backend().await;
    let mut held = disposition(Disposition::Escalate, Priority::Urgent);
    held.verdict.holds = vec!["burned-in annotation: YES".into()];
    let study = backend.answered(1, held, Some(CaseState::Held)).await;
    let mut client = Client::signed_in(&backend, "ada").await;
    let seen = client.detail(&study).await;
    assert_eq!(seen["result"]["holds"], json!(["burned-in annotation: YES"]));
    assert!(!possible(&seen).contains(&"send".to_owned()) && possible(&seen).contains(&"release".to_owned()));
    assert_eq!(client.press(&seen, "send", None).await.status, StatusCode::CONFLICT);
    assert_eq!(client.press(&seen, "release", Some("")).await.status, StatusCode::CONFLICT);
    assert_eq!(client.press(&seen, "release", Some("no text in the image")).await.status, StatusCode::OK);
    assert_eq!(client.detail(&study).await["row"]["state"], "leaving");
}

#[tokio::test]
async fn whoever_comes_second_is_told_who_was_first() {
    let backend = backend().await;
    let study = backend
        .answered(1, disposition(Disposition::Escalate, Priority::Urgent), Some(CaseState::Review))
        .await;
    let (mut ada, mut bo) =
        (Client::signed_in(&backend, "ada").await, Client::signed_in(&backend, "bo").await);
    let seen = ada.detail(&study).await;
    assert_eq!(bo.press(&seen, "wait", None).await.status, StatusCode::OK);
    let second = ada.press(&seen, "dont-send", Some("motion")).await;
    assert_eq!(
        (second.status, second.error().as_str()),
        (StatusCode::CONFLICT, "bo was first: wait. Nothing was changed by you.")
    );
    assert_eq!(ada.detail(&study).await["row"]["state"], "waiting");
    // Seeing identity stops it whoever was first.
    assert_eq!(ada.press(&seen, "identity-visible", None).await.status, StatusCode::OK);
    let mut old = ada.detail(&study).await;
    old["row"]["revision"] = 7.into();
    assert!(ada.press(&old, "undo", None).await.error().starts_with("New images"));
}

#[tokio::test]
async fn a_flag_is_open_until_a_named_person_acknowledges_it() {
    let backend = backend().await;
    let study = backend.answered(1, disposition(Disposition::Flag, Priority::Stat), None).await;
    let mut client = Client::signed_in(&backend, "ada").await;
    let list = client.get("/api/list").await.json();
    assert_eq!((&list["head"]["stat"], &list["rows"][0]["open"]), (&json!(1), &json!(true)));
    let seen = client.detail(&study).await;
    assert_eq!(client.press(&seen, "acknowledge", None).await.status, StatusCode::OK);
    let seen = client.detail(&study).await;
    assert_eq!(seen["row"]["state_words"], "acknowledged by ada");
    assert_eq!(client.press(&seen, "unacknowledge", None).await.status, StatusCode::OK);
    let seen = client.detail(&study).await;
    assert_eq!(client.press(&seen, "escalate", Some("please look")).await.status, StatusCode::OK);
    assert_eq!(client.detail(&study).await["case"]["reason"], "raised by a technician: please look");
}

#[tokio::test]
async fn an_area_is_blacked_out_only_while_the_case_waits_and_what_was_sealed_before_never_leaves_without_it()
{
    let backend = backend().await;
    let study = backend
        .answered(1, disposition(Disposition::Escalate, Priority::Urgent), Some(CaseState::Review))
        .await;
    let mut client = Client::signed_in(&backend, "ada").await;
    let seen = client.detail(&study).await;
    let case = seen["case"]["id"].as_str().unwrap().to_owned();
    let draw = |x1: u32| {
        let area = json!({ "instance": 0, "everywhere": true, "x0": 10, "y0": 20, "x1": x1, "y1": 40 });
        json!({ "action": "black-out", "case": case, "area": area })
    };
    assert_eq!(client.decide(&seen, draw(10)).await.status, StatusCode::CONFLICT, "an empty area");
    assert_eq!(client.decide(&seen, draw(50)).await.status, StatusCode::OK);
    let seen = client.detail(&study).await;
    assert_eq!(seen["case"]["areas"][0]["x1"], 50);
    assert!(backend.audit_text().contains("blacked an area out"));
    assert_eq!(client.press(&seen, "uncover", None).await.status, StatusCode::OK);
    let seen = client.detail(&study).await;
    assert_eq!(seen["case"]["areas"], json!([]));
    assert_eq!(client.press(&seen, "uncover", None).await.status, StatusCode::CONFLICT);

    // Sealed without the area, stopped, blacked out, taken back: it must be sealed anew.
    for to in [CaseState::Leaving, CaseState::Packing] {
        let from = backend.ledger.case(&case).await.unwrap().state;
        backend.ledger.move_case(&case, &[from], to, Some(START)).await.unwrap();
    }
    let seen = client.detail(&study).await;
    assert_eq!(client.decide(&seen, draw(50)).await.status, StatusCode::CONFLICT, "it is being packed");
    let sealed = ledger::Sealed {
        envelope: EnvelopeId::from_bytes([0xab; 16]),
        digest: EnvelopeDigest::from_bytes([0xcd; 32]),
        plain_bytes: 1,
        sealed_bytes: 1,
        image_bytes: 1,
        frame_bytes: 1,
        searched: 1,
    };
    backend.ledger.record_sealed(&case, &sealed).await.unwrap();
    let seen = client.detail(&study).await;
    assert_eq!(client.press(&seen, "identity-visible", None).await.status, StatusCode::OK);
    let seen = client.detail(&study).await;
    assert_eq!(client.decide(&seen, draw(50)).await.status, StatusCode::OK);
    let seen = client.detail(&study).await;
    assert_eq!(client.press(&seen, "undo", None).await.status, StatusCode::OK);
    assert_eq!(client.detail(&study).await["row"]["state"], "review");
}

#[tokio::test]
async fn a_held_stat_study_says_whom_to_phone_and_a_face_alone_is_released_in_one_press() {
    let backend = backend().await;
    let mut client = Client::signed_in(&backend, "ada").await;
    let held = |holds: &[String], priority| {
        let mut d = disposition(Disposition::Escalate, priority);
        d.verdict.holds = holds.to_vec();
        d
    };
    let face = deid::HoldReason::FaceInVolume.to_string();
    let text = deid::HoldReason::TextInPixels.to_string();
    let release = |seen: &Value| {
        let actions = seen["actions"].as_array().unwrap();
        actions.iter().find(|a| a["action"] == "release").cloned().unwrap()
    };
    for (n, holds, priority, phone, one_press) in [
        (1, vec![face.clone()], Priority::Stat, true, true),
        (2, vec![face.clone(), text], Priority::Stat, true, false),
        (3, vec![face.clone()], Priority::Urgent, false, false),
    ] {
        let study = backend.answered(n, held(&holds, priority), Some(CaseState::Held)).await;
        let seen = client.detail(&study).await;
        let said = seen["phone"].as_str().unwrap_or_default();
        assert_eq!(said.contains("Phone the reading room: 2345."), phone, "{n}: {said}");
        let release = release(&seen);
        assert_eq!(
            (release["reason"].as_bool(), release["given"].is_string()),
            (Some(!one_press), one_press)
        );
        if one_press {
            let answer = client.press(&seen, "release", release["given"].as_str()).await;
            assert_eq!(answer.status, StatusCode::OK);
            let after = client.detail(&study).await;
            assert_eq!((after["row"]["state"].as_str(), &after["phone"]), (Some("leaving"), &Value::Null));
            assert!(backend.audit_text().contains("STAT: released as it is"));
        }
    }
}
