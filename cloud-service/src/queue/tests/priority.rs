//! A priority falls by a person's act with a reason, and by nothing else.
use proto::case::Priority::{self, Routine, Stat, Urgent};

use super::*;

/// A case of this rank, held by ada with its images open, for which a machine drafted this suggestion.
async fn held(h: &TestQueue, rank: u8, suggested: Option<Priority>) -> i64 {
    let case = h.ready("c", rank, 0).await;
    let m = h.queue.claim_next("m", "tm", &LIMITS, 10).await.unwrap().unwrap();
    let draft = Draft { text: Text { priority: suggested, ..text("x") }, ..draft(11) };
    h.queue.store_draft(case, &m.token, &draft, "{}", false).await.unwrap();
    h.queue.claim_case(case, "ada", "ta", false, &LIMITS, 12).await.unwrap();
    h.queue.images_opened(case, "ada", 13).await.unwrap();
    case
}

async fn released(h: &TestQueue) -> (Option<Priority>, bool) {
    let release = h.queue.to_seal(9).await.unwrap().remove(0);
    (release.text.priority, release.text.closes_flag)
}

#[tokio::test]
async fn a_signature_raises_a_priority_and_lowers_none() {
    for (rank, now) in [(0, Stat), (1, Urgent), (2, Routine)] {
        for wanted in [Stat, Urgent, Routine] {
            let h = TestQueue::new().await;
            let case = held(&h, rank, Some(Routine)).await;
            let signed = Text { priority: Some(wanted), ..text("x") };
            let done = h.queue.sign(case, "ta", "ada", &signed, 14).await;
            assert_eq!(done.is_ok(), wanted >= now, "{wanted:?} of {now:?}");
            if done.is_ok() {
                assert_eq!(released(&h).await.0, Some(wanted));
            } else {
                assert!(matches!(done, Err(Error::Rule(_))));
                assert_eq!(h.queue.case(case).await.unwrap().state, CaseState::Leased, "nothing was lost");
                h.queue.sign(case, "ta", "ada", &text("x"), 15).await.unwrap();
                assert_eq!(released(&h).await.0, None, "unchanged at the site");
            }
        }
    }
}

#[tokio::test]
async fn a_person_lowers_a_priority_with_a_reason_and_it_goes_home_with_the_signature() {
    let h = TestQueue::new().await;
    let case = held(&h, 0, None).await;
    let lower = |token: &'static str, who: &'static str, to: Priority, why: &'static str| {
        let queue = h.queue.clone();
        async move { queue.lower_priority(case, token, who, to, why, 14).await }
    };
    for why in ["", "  "] {
        assert!(matches!(lower("ta", "ada", Urgent, why).await, Err(Error::Rule(_))));
    }
    assert!(matches!(lower("ta", "ada", Stat, "why").await, Err(Error::Rule(_))), "no lower one");
    assert_eq!(lower("tb", "bob", Urgent, "why").await, Err(Error::LeaseLost));
    assert_eq!(h.queue.case(case).await.unwrap().priority, 0);
    lower("ta", "ada", Urgent, "an old fracture").await.unwrap();
    lower("ta", "ada", Routine, "seen before").await.unwrap();
    assert_eq!(h.queue.case(case).await.unwrap().priority, 2);
    let audit = h.queue.timeline(case).await.unwrap();
    let lowered: Vec<_> = audit.iter().filter(|a| a.action == "priority-lowered").collect();
    assert_eq!(
        lowered.iter().map(|a| (a.actor.as_str(), a.detail.as_str())).collect::<Vec<_>>(),
        [("ada", "STAT to URGENT: an old fracture"), ("ada", "URGENT to ROUTINE: seen before")]
    );
    h.queue.sign(case, "ta", "ada", &text("x"), 15).await.unwrap();
    assert_eq!(released(&h).await.0, Some(Routine));
}

#[tokio::test]
async fn nobody_lowers_a_case_whose_images_they_have_not_opened() {
    let h = TestQueue::new().await;
    let case = h.ready("c", 0, 0).await;
    h.queue.claim_case(case, "ada", "ta", false, &LIMITS, 12).await.unwrap();
    let done = h.queue.lower_priority(case, "ta", "ada", Routine, "why", 13).await;
    assert!(matches!(done, Err(Error::Rule(_))));
}

#[tokio::test]
async fn a_draft_that_leaves_unsigned_lowers_nothing_even_after_a_person_did() {
    for (suggested, leaves) in [(Some(Stat), Some(Stat)), (Some(Urgent), None), (Some(Routine), None)] {
        let h = TestQueue::new().await;
        let case = held(&h, 0, None).await;
        h.queue.lower_priority(case, "ta", "ada", Urgent, "why", 14).await.unwrap();
        let back = Released::Returned("ada: not mine".into());
        h.queue.let_go(case, "ta", &back, &LIMITS, 15).await.unwrap();
        // Its draft is taken back and written anew, by a machine whose drafts leave unsigned.
        h.queue.bury(case, "operator", "again", 16).await.unwrap();
        sqlx::query("DELETE FROM drafts").execute(&h.queue.write).await.unwrap();
        h.queue.retry(case, "operator", 17).await.unwrap();
        let m = h.queue.claim_next("m", "tm2", &LIMITS, 18).await.unwrap().unwrap();
        let text = Text { priority: suggested, closes_flag: true, ..text("x") };
        h.queue.store_draft(case, &m.token, &Draft { text, ..draft(19) }, "{}", true).await.unwrap();
        assert_eq!(released(&h).await, (leaves, false));
        assert_eq!(h.queue.to_seal(9).await.unwrap()[0].priority, 0, "as the site sent it");
    }
}

#[tokio::test]
async fn a_case_that_comes_again_has_the_priority_its_site_sends() {
    let h = TestQueue::new().await;
    let case = held(&h, 0, None).await;
    h.queue.lower_priority(case, "ta", "ada", Routine, "why", 14).await.unwrap();
    h.queue.withdraw(SITE, "c", 0, 15).await.unwrap();
    let again = announced("e-again", "c", 1, 1);
    h.queue.begin_envelope(&again, 16).await.unwrap();
    h.queue.note_part(SITE, &again.id, 0, 10, b"d", 16).await.unwrap();
    h.queue.commit_envelope(SITE, &again.id, 16).await.unwrap();
    h.queue.claim_case(case, "ada", "tb", false, &LIMITS, 17).await.unwrap();
    h.queue.sign(case, "tb", "ada", &text("x"), 18).await.unwrap();
    assert_eq!(released(&h).await.0, None, "nothing of the lowering stayed");
}
