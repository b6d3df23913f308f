//! The technician's note: written, shown with who and when, bounded, kept out of the audit, and not changed once sealed.

use axum::http::StatusCode;
use domain::case_state::CaseState;
use ledger::Sealed;
use proto::case::{Disposition, Priority};
use serde_json::{Value, json};

use super::backend::{START, backend, disposition};
use super::client::{Answer, Client};

const MARKUP: &str = "<script>alert(1)</script>\n\"left\" & right";

async fn write(client: &mut Client, seen: &Value, text: &str) -> Answer {
    let decision = json!({ "action": "note", "case": seen["case"]["id"], "text": text });
    client.decide(seen, decision).await
}

#[tokio::test]
async fn a_note_is_shown_with_who_wrote_it_and_when_and_audited_without_its_text() {
    let backend = backend().await;
    let study = backend
        .answered(1, disposition(Disposition::Escalate, Priority::Urgent), Some(CaseState::Review))
        .await;
    let mut client = Client::signed_in(&backend, "ada").await;
    let seen = client.detail(&study).await;
    assert_eq!((&seen["case"]["note"], &seen["case"]["note_not"]), (&Value::Null, &Value::Null));
    assert_eq!(write(&mut client, &seen, MARKUP).await.status, StatusCode::OK);
    let seen = client.detail(&study).await;
    // As JSON, which the page shows as text: markup in it stays what somebody typed.
    assert_eq!(seen["case"]["note"], json!({ "text": MARKUP, "by": "ada", "at": START }));
    let last = seen["events"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last, json!({ "at": START, "who": "ada", "what": "wrote a note for the reader" }));
    let audit = backend.audit_text();
    assert!(audit.contains("wrote a note for the reader") && !audit.contains("alert(1)"), "{audit}");
    let case = backend.ledger.case(seen["case"]["id"].as_str().unwrap()).await.unwrap();
    assert_eq!((case.note.as_str(), case.state), (MARKUP, CaseState::Review));
    // Another one takes it away; who came first is told to who wrote at the same time.
    let mut bo = Client::signed_in(&backend, "bo").await;
    assert_eq!(write(&mut bo, &seen, "").await.status, StatusCode::OK);
    let second = write(&mut client, &seen, "again").await;
    assert_eq!(second.status, StatusCode::CONFLICT);
    assert!(second.error().starts_with("bo was first: took the note back."), "{}", second.text);
    assert_eq!(client.detail(&study).await["case"]["note"], Value::Null);
}

#[tokio::test]
async fn a_note_is_bounded_and_cannot_be_written_once_the_case_is_sealed_or_by_nobody() {
    let backend = backend().await;
    let study = backend
        .answered(1, disposition(Disposition::Escalate, Priority::Urgent), Some(CaseState::Leaving))
        .await;
    let mut client = Client::signed_in(&backend, "ada").await;
    let seen = client.detail(&study).await;
    for (text, said) in [
        ("x".repeat(2_001), "the note is too long: at most 2000 characters"),
        ("a\u{7}b".to_owned(), "the note holds characters that are no text"),
        (" \n".to_owned(), "there is no note to take back"),
    ] {
        let refused = write(&mut client, &seen, &text).await;
        assert_eq!((refused.status, refused.error().as_str()), (StatusCode::CONFLICT, said));
    }
    assert_eq!(write(&mut Client::new(&backend), &seen, "x").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(write(&mut client, &seen, &"ä".repeat(2_000)).await.status, StatusCode::OK);

    let case = seen["case"]["id"].as_str().unwrap().to_owned();
    assert!(backend.ledger.begin_packing(&case).await.unwrap());
    let sealed = Sealed {
        envelope: "ab".repeat(16).parse().unwrap(),
        digest: "cd".repeat(32).parse().unwrap(),
        plain_bytes: 1,
        sealed_bytes: 1,
        image_bytes: 1,
        frame_bytes: 1,
        searched: 1,
    };
    backend.ledger.record_sealed(&case, &sealed).await.unwrap();
    let seen = client.detail(&study).await;
    let not = seen["case"]["note_not"].as_str().unwrap().to_owned();
    assert!(not.contains("stop it first (P)"), "{not}");
    let refused = write(&mut client, &seen, "too late").await;
    assert_eq!((refused.status, refused.error()), (StatusCode::CONFLICT, not));
    assert_eq!(client.press(&seen, "identity-visible", None).await.status, StatusCode::OK);
    let seen = client.detail(&study).await;
    assert_eq!(write(&mut client, &seen, "in time").await.status, StatusCode::OK);
    // What was sealed without it must not leave: undo leads past that.
    let seen = client.detail(&study).await;
    assert_eq!(client.press(&seen, "undo", None).await.status, StatusCode::OK);
    assert_eq!(client.detail(&study).await["row"]["state"], "review");
}

#[tokio::test]
async fn of_two_who_write_in_the_same_moment_one_is_told_of_the_other() {
    let backend = backend().await;
    let study = backend
        .answered(1, disposition(Disposition::Escalate, Priority::Urgent), Some(CaseState::Review))
        .await;
    let mut ada = Client::signed_in(&backend, "ada").await;
    let mut bo = Client::signed_in(&backend, "bo").await;
    // The fakes build a page for each person: here both are at the same one.
    bo.page = ada.page.clone();
    let seen = ada.detail(&study).await;
    let (first, second) = tokio::join!(write(&mut ada, &seen, "of ada"), write(&mut bo, &seen, "of bo"));
    let mut told = [first.status, second.status];
    told.sort();
    assert_eq!(told, [StatusCode::OK, StatusCode::CONFLICT]);
    let kept = if first.status == StatusCode::OK { "of ada" } else { "of bo" };
    assert_eq!(ada.detail(&study).await["case"]["note"]["text"], kept);
}
