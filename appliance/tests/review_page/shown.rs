//! What is shown and how it is said: names on request, vocabulary words, drafts as drafts, the fixed line, images, the stream.

use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use domain::case_state::CaseState;
use ledger::NewDisposition;
use proto::case::{Disposition, Priority};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::backend::{START, backend, disposition, preview};
use super::client::Client;

#[tokio::test]
async fn the_name_is_shown_on_request_audited_and_nowhere_else() {
    let backend = backend().await;
    let study = backend
        .answered(1, disposition(Disposition::Escalate, Priority::Urgent), Some(CaseState::Review))
        .await;
    let mut client = Client::signed_in(&backend, "ada").await;
    let mut pages = vec![];
    for path in ["/".to_owned(), format!("/study/{study}"), "/api/list".into(), format!("/api/study/{study}")]
    {
        let answer = client.get(&path).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(!answer.headers.iter().any(|(_, v)| v.to_str().is_ok_and(|v| v.contains("PLANTED"))));
        pages.push(answer.text);
    }
    pages.push(client.post("/api/find", &json!({ "find": "room 2" })).await.text);
    for text in &pages {
        assert!(!text.contains("PLANTED") && !text.contains("1.2.999"), "identity in {text}");
    }
    assert!(pages[0].contains("<title>Studies - Scanside</title>"));
    assert!(pages[0].contains("North &lt;1&gt;"), "the site's name is escaped");
    assert!(!pages[0].contains("{{"), "every mark is filled in");
    assert!(!backend.audit_text().contains("looked"));
    let name = client.post(&format!("/api/study/{study}/name"), &json!({})).await;
    assert_eq!(name.json(), json!({ "name": "PLANTED NAME" }));
    let audit = backend.audit_text();
    assert!(audit.contains("looked at the name") && audit.contains(&study) && !audit.contains("PLANTED"));
}

#[tokio::test]
async fn results_are_said_in_the_words_of_the_vocabulary_and_never_as_an_all_clear() {
    let backend = backend().await;
    let all = [
        Disposition::NoFlag,
        Disposition::Flag,
        Disposition::Escalate,
        Disposition::NotAnalysed,
        Disposition::Unreadable,
    ];
    let mut client = Client::signed_in(&backend, "ada").await;
    let mut texts = vec![];
    for (n, d) in (1..).zip(all) {
        let study = backend.answered(n, disposition(d, Priority::Routine), None).await;
        let detail = client.detail(&study).await;
        assert_eq!(detail["result"]["disposition"], d.as_str());
        texts.push(detail["result"]["words"].as_str().unwrap().to_owned());
    }
    assert_eq!(
        texts[0],
        "No flag raised by chest-xray 1.2. Not a normal result. Ordinary reading still applies."
    );
    assert!(texts[3].starts_with("Not analysed: no bundle takes MR"));
    let list = client.get("/api/list").await.json();
    texts.extend(
        list["rows"].as_array().unwrap().iter().map(|r| format!("{} {}", r["line"], r["state_words"])),
    );
    for text in texts {
        let said = text.replace("Not a normal result.", "").to_lowercase();
        for banned in ["clear", "normal", "negative", "ruled out", "\u{2713}", "\u{2714}"] {
            assert!(!said.contains(banned), "{banned} in {said}");
        }
    }
    let flagged =
        list["rows"].as_array().unwrap().iter().find(|r| r["disposition"] == "flag").unwrap().clone();
    assert_eq!(flagged["line"], "pneumothorax 0.91 (flag from 0.50)");
    assert_eq!(flagged["state_words"], "to be acknowledged");
}

#[tokio::test]
async fn an_unsigned_draft_says_so_in_every_line() {
    let backend = backend().await;
    let study = backend
        .answered(1, disposition(Disposition::Escalate, Priority::Urgent), Some(CaseState::Review))
        .await;
    let case = backend.ledger.case_of(&study, 1).await.unwrap().unwrap();
    let content = json!({
        "format": "scanside-report/1", "case": case.id, "revision": 1,
        "origin": { "backend": "reference", "model": "reference", "version": "0.1" },
        "authority": { "kind": "unsigned" },
        "sections": { "findings": "Opacity in the right base.\nNo effusion seen.", "impression": "Likely consolidation." },
        "created": "2026-11-21T10:00:00Z"
    });
    backend.ledger.record_report(&case.id, ("e", "d"), &content.to_string(), true, START).await.unwrap();
    let mut client = Client::signed_in(&backend, "ada").await;
    let detail = client.detail(&study).await;
    let lines = detail["report"]["lines"].as_array().unwrap();
    assert!(lines.len() >= 5);
    for line in lines {
        assert!(line.as_str().unwrap().starts_with("UNSIGNED MACHINE DRAFT"), "{line}");
    }
    assert_eq!(detail["row"]["state_words"], "unsigned machine draft is home");
    assert_eq!(detail["row"]["case_state"], "answered");
}

#[tokio::test]
async fn the_fixed_line_says_the_worst_true_thing_and_refused_callers_what_to_add() {
    let backend = backend().await;
    let mut client = Client::signed_in(&backend, "ada").await;
    let line = |list: &Value| list["head"]["line"]["words"].as_str().unwrap().to_owned();
    assert_eq!(
        line(&client.get("/api/list").await.json()),
        "Nothing received yet. New studies appear by themselves."
    );
    let first = client.get("/api/list").await.json();
    assert_eq!(first["head"]["destination"], json!(["SCANSIDE", 11112]), "what to type into a scanner");
    *backend.away.lock().unwrap() = Some(START - 60_000);
    let refused = ledger::NewRefusal {
        ae_title: "CT\"9".into(),
        address: "10.0.0.9".into(),
        reason: "not on the list of callers".into(),
        config: "[[intake.callers]]\nae_title = 'CT\"9'\naddress = \"10.0.0.9\"\n".into(),
        times: 3,
    };
    backend.ledger.note_refused(&[refused], START).await.unwrap();
    // A second page looks afresh: the first one gathers its head every few seconds.
    let mut other = Client::signed_in(&backend, "bo").await;
    let list = other.get("/api/list").await.json();
    assert_eq!(
        line(&list),
        "Cloud away since {since}; 2 cases wait sealed here. Triage goes on. For STAT, phone the reading room: 2345."
    );
    assert_eq!(list["head"]["line"]["since"], START - 60_000);
    let config = list["head"]["refused"][0]["config"].as_str().unwrap();
    let parsed: toml::Value = toml::from_str(config).unwrap();
    assert_eq!(parsed["intake"]["callers"][0]["ae_title"].as_str(), Some("CT\"9"));
}

#[tokio::test]
async fn image_values_come_as_stored_and_arriving_studies_say_when() {
    let backend = backend().await;
    let mut d = disposition(Disposition::Flag, Priority::Routine);
    d.verdict.previews = vec![preview(0, 2, 2)];
    let study = backend.answered(1, d, None).await;
    backend.frames.lock().unwrap().insert(study.clone(), vec![b"abcdefgh".to_vec()]);
    let arriving = backend.arrive(2, "CT").await;
    let mut client = Client::signed_in(&backend, "ada").await;
    let frame = client.get(&format!("/api/study/{study}/frame/0")).await;
    assert_eq!(
        (frame.text.as_str(), &frame.headers["content-type"]),
        ("abcdefgh", &"application/octet-stream".parse().unwrap())
    );
    assert_eq!(client.get(&format!("/api/study/{study}/frame/1")).await.status, StatusCode::NOT_FOUND);
    let preview = &client.detail(&study).await["result"]["previews"][0];
    assert!(preview.get("piece").is_none(), "where it lies is the appliance's business");
    let detail = client.detail(&arriving).await;
    assert_eq!(detail["row"]["state_words"], "arriving, 1 instance");
    assert_eq!(detail["row"]["expected"], json!([START + 20_000, "quiet time"]));
    assert_eq!(
        client.post(&format!("/api/study/{arriving}/process"), &json!({})).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn the_stream_sends_a_snapshot_and_then_what_changed() {
    use futures::StreamExt;
    let backend = backend().await;
    let study = backend.answered(1, disposition(Disposition::Flag, Priority::Urgent), None).await;
    let client = Client::signed_in(&backend, "ada").await;
    let request = client.request("GET", "/api/live").body(Body::empty()).unwrap();
    let answer = client.page.clone().oneshot(request).await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut events = answer.into_body().into_data_stream();
    let mut next = async || {
        let piece = tokio::time::timeout(Duration::from_secs(10), events.next()).await.unwrap();
        piece.map(|p| String::from_utf8(p.unwrap().to_vec()).unwrap())
    };
    let first = next().await.unwrap();
    assert!(first.starts_with("event: snapshot") && first.contains(&study));
    let other = backend.arrive(2, "CT").await;
    let second = next().await.unwrap();
    assert!(second.starts_with("event: changes") && second.contains(&other), "{second}");
    let data: Value = serde_json::from_str(second.split_once("data: ").unwrap().1.trim()).unwrap();
    assert_eq!(data["rows"].as_array().unwrap().len(), 1, "only what changed: {data}");
    client.stop.cancel();
    while next().await.is_some() {}
}

#[tokio::test]
async fn attributes_are_shown_after_and_before_only_to_a_named_person_who_holds() {
    let backend = backend().await;
    let study = backend
        .answered(1, disposition(Disposition::Escalate, Priority::Urgent), Some(CaseState::Review))
        .await;
    let mut client = Client::signed_in(&backend, "ada").await;
    let path = format!("/api/study/{study}/attributes");
    let after = client.post(&path, &json!({ "instance": 0, "before": false })).await;
    assert_eq!(after.json()["attributes"][0]["after"], "P0");
    assert!(!after.text.contains("PLANTED") && !backend.audit_text().contains("looked at attributes"));
    let before = client.post(&path, &json!({ "instance": 0, "before": true })).await;
    assert_eq!(before.json()["attributes"][0]["before"], "PLANTED^NAME");
    let audit = backend.audit_text();
    assert!(audit.contains("looked at attributes") && !audit.contains("PLANTED"));
    let wrong = client.post(&path, &json!({ "instance": "x" })).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    assert_eq!(client.get(&path).await.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_drawn_study_shows_its_answer_to_nobody_until_a_physician_has_read_it() {
    let backend = backend().await;
    let sampled =
        NewDisposition { sample: Some("share"), ..disposition(Disposition::NoFlag, Priority::Routine) };
    let study = backend.answered(1, sampled, None).await;
    let mut tech = Client::signed_in(&backend, "ada").await;
    let mut doctor = Client::signed_in(&backend, "dr").await;
    backend.ledger.set_physician("dr", true).await.unwrap();
    for client in [&mut tech, &mut doctor] {
        for path in [format!("/api/study/{study}"), "/api/list".to_owned()] {
            let text = client.get(&path).await.text;
            for told in ["no-flag\"", "No flag raised", "pneumothorax", "0.91"] {
                assert!(!text.contains(told), "{told} in {text}");
            }
            assert!(text.contains("Sampled by chance for a physician's read"));
        }
    }
    let not = |detail: &Value| {
        detail["actions"].as_array().unwrap().iter().find(|a| a["action"] == "read-nothing").unwrap()["not"]
            .clone()
    };
    assert!(not(&tech.detail(&study).await).as_str().unwrap().contains("only a physician's read counts"));
    assert_eq!(not(&doctor.detail(&study).await), Value::Null);
    let asked = |detail: &Value| {
        json!({ "decision": { "action": "read-nothing", "study": study }, "study": study,
        "revision": 1, "events": detail["events"].as_array().unwrap().len() })
    };
    let seen = asked(&tech.detail(&study).await);
    let refused = tech.post("/api/decide", &seen).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.text);
    let seen = asked(&doctor.detail(&study).await);
    let done = doctor.post("/api/decide", &seen).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    let after = tech.detail(&study).await;
    assert_eq!(after["result"]["disposition"], "no-flag");
    assert!(backend.audit_text().contains("physician's read: none of the findings"));
}
