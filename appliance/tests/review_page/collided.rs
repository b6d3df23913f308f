//! Two studies with one SOP Instance UID: shown on both, until somebody has looked at the archive.

use axum::http::StatusCode;
use ledger::{Arrival, ForwardOutcome, Onward};
use proto::case::{Disposition, Priority};
use serde_json::json;

use super::backend::{START, backend, disposition};
use super::client::{Client, possible};

#[tokio::test]
async fn a_collision_is_shown_on_both_studies_until_somebody_has_looked_at_the_archive() {
    let backend = backend().await;
    let mut client = Client::signed_in(&backend, "ada").await;
    let one = backend.answered(1, disposition(Disposition::NoFlag, Priority::Routine), None).await;
    let mut second = backend.arrival(2, "DX");
    second.sop_instance_uid = backend.arrival(1, "DX").sop_instance_uid;
    let to = |_: &Arrival| vec![Onward { destination: "pacs".into(), commit: false }];
    backend.ledger.record_arrivals_to(&[backend.arrival(1, "DX")], to).await.unwrap();
    let two = backend.ledger.record_arrivals_to(&[second], to).await.unwrap().remove(0).study;
    for (study, other) in [(&one, &two), (&two, &one)] {
        let seen = client.detail(study).await;
        assert_eq!(
            (&seen["row"]["collisions"], &seen["collisions"]["studies"]),
            (&json!(1), &json!([other]))
        );
        assert!(
            seen["row"]["open"].as_bool().unwrap() && possible(&seen).contains(&"archive-checked".to_owned())
        );
    }
    let early = client.detail(&one).await;
    assert!(client.press(&early, "archive-checked", None).await.error().contains("still wait"));
    assert!(!backend.audit_text().contains("checked at the archive"), "what was refused was not done");
    for row in backend.ledger.forwards("pacs", &[], 9).await.unwrap() {
        let status = if row.study == one { 0 } else { 0xB000 };
        let note =
            (status != 0).then(|| "delivered; the destination changed elements of its copy".to_owned());
        let outcome = ForwardOutcome::Delivered { status, note };
        backend.ledger.record_forwards("pacs", &[(row.instance, outcome)], START).await.unwrap();
    }
    let list = client.get("/api/list").await.json();
    assert!(
        list["head"]["line"]["words"].as_str().unwrap().contains("look at the archive"),
        "{}",
        list["head"]["line"]
    );
    let seen = client.detail(&two).await;
    let answer = &seen["collisions"]["answers"][0];
    assert_eq!(
        (&answer["answer"], &answer["status"], &answer["unchecked"]),
        (&json!("coerced"), &json!(0xB000), &json!(1))
    );
    assert_eq!(client.press(&seen, "archive-checked", None).await.status, StatusCode::OK);
    for study in [&one, &two] {
        let seen = client.detail(study).await;
        assert_eq!(
            (&seen["row"]["collisions"], &seen["collisions"]["answers"][0]["checked_by"]),
            (&json!(1), &json!("ada"))
        );
        assert!(!possible(&seen).contains(&"archive-checked".to_owned()));
    }
    assert!(backend.audit_text().contains("checked at the archive"));
}
