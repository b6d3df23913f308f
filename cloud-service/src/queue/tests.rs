//! Promises of the queue, each by its behaviour, on a real SQLite file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};

use super::*;

pub(super) const LIMITS: Limits = Limits { lease: 1_000, attempts: 3, longest_wait: 60_000, backoff: 10 };
pub(super) const SITE: &str = "00000000000000000000000000000001";

pub(super) struct TestQueue {
    pub(super) queue: Queue,
    dir: tempfile::TempDir,
}

impl TestQueue {
    async fn new() -> Self {
        Self::within(tempfile::tempdir().unwrap()).await
    }

    pub(super) async fn within(dir: tempfile::TempDir) -> Self {
        let queue = Queue::open(&url(&dir), true).await.unwrap();
        let i = Invitation { id: SITE, name: "north-1", token_hash: [7; 32], until: 1_000 };
        queue.invite_site(&i, 0).await.unwrap();
        queue.enrol_site(&[7; 32], b"keys", b"certificate", 1, 1).await.unwrap();
        Self { queue, dir }
    }

    pub(super) async fn ready(&self, case: &str, priority: u8, now: Millis) -> i64 {
        let a = announced(&format!("e-{case}"), case, priority, 1);
        assert_eq!(self.queue.begin_envelope(&a, now).await.unwrap(), Begun::Have(vec![]));
        self.queue.note_part(SITE, &a.id, 0, 10, b"d", now).await.unwrap();
        self.queue.commit_envelope(SITE, &a.id, now).await.unwrap();
        self.queue.case_key(SITE, case, 1).await.unwrap()
    }
}

fn url(dir: &tempfile::TempDir) -> String {
    format!("sqlite://{}", dir.path().join("q.sqlite").display())
}

pub(super) fn announced(id: &str, case: &str, priority: u8, parts: u32) -> Announced {
    Announced {
        id: id.into(),
        site: SITE.into(),
        case_id: case.into(),
        revision: 1,
        priority,
        modality: "DX".into(),
        header: b"header".to_vec(),
        seal: b"seal".to_vec(),
        digest: id.as_bytes().to_vec(),
        parts,
        bytes: 10,
    }
}

fn text(findings: &str) -> Text {
    Text { findings: findings.into(), ..Text::default() }
}

pub(super) fn draft(now: Millis) -> Draft {
    Draft { text: Text::default(), model: "{}".into(), made_at: now }
}

#[tokio::test]
async fn a_missing_database_is_reported_not_recreated() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(Queue::open(&url(&dir), false).await, Err(Error::Open(_))));
    assert!(!dir.path().join("q.sqlite").exists());
    assert!(matches!(Queue::open("postgres://x/y", true).await, Err(Error::Open(_))));
}

#[tokio::test]
async fn a_token_enrols_one_pair_of_keys_only() {
    let h = TestQueue::new().await;
    h.queue.enrol_site(&[7; 32], b"keys", b"renewed", 2, 2).await.unwrap();
    assert_eq!(h.queue.site(SITE).await.unwrap().certificate.unwrap(), b"renewed");
    assert_eq!(h.queue.enrol_site(&[7; 32], b"thief", b"other", 2, 2).await, Err(Error::BadToken));
    assert_eq!(h.queue.enrol_site(&[8; 32], b"keys", b"other", 2, 2).await, Err(Error::BadToken));
    assert_eq!(h.queue.enrol_site(&[7; 32], b"keys", b"other", 1_000, 1_000).await, Err(Error::BadToken));
    h.queue.revoke_site("north-1", 3).await.unwrap();
    assert_eq!(h.queue.enrolled_site(SITE).await.unwrap_err(), Error::RevokedSite);
    assert_eq!(h.queue.enrolled_site("ff").await.unwrap_err(), Error::UnknownSite);
}

#[tokio::test]
async fn receipts_survive_a_kill_and_never_come_before_the_last_part() {
    let h = TestQueue::new().await;
    let a = announced("e1", "c1", 2, 3);
    h.queue.begin_envelope(&a, 5).await.unwrap();
    h.queue.note_part(SITE, "e1", 2, 10, b"two", 5).await.unwrap();
    h.queue.note_part(SITE, "e1", 0, 10, b"zero", 5).await.unwrap();
    assert_eq!(h.queue.commit_envelope(SITE, "e1", 6).await, Err(Error::PartsMissing(1)));
    // A new process on the same files, as after kill -9: nothing was closed.
    let after = Queue::open(&url(&h.dir), false).await.unwrap();
    assert_eq!(after.begin_envelope(&a, 7).await.unwrap(), Begun::Have(vec![0, 2]));
    after.note_part(SITE, "e1", 0, 10, b"zero", 7).await.unwrap();
    assert_eq!(after.note_part(SITE, "e1", 0, 10, b"else", 7).await, Err(Error::PartDiffers(0)));
    assert_eq!(after.note_part(SITE, "e1", 3, 10, b"three", 7).await, Err(Error::PartDiffers(3)));
    after.note_part(SITE, "e1", 1, 10, b"one", 7).await.unwrap();
    let receipt = after.commit_envelope(SITE, "e1", 8).await.unwrap();
    let again = Queue::open(&url(&h.dir), false).await.unwrap();
    assert_eq!(again.commit_envelope(SITE, "e1", 9).await.unwrap(), receipt);
    assert_eq!(again.begin_envelope(&a, 9).await.unwrap(), Begun::Committed(receipt.clone()));
    // Another envelope of the same case and revision is answered by the one that is here.
    let b = announced("e2", "c1", 2, 1);
    assert_eq!(again.begin_envelope(&b, 10).await.unwrap(), Begun::Committed(receipt));
}

#[tokio::test]
async fn a_newer_envelope_drops_the_unfinished_older() {
    let h = TestQueue::new().await;
    h.queue.begin_envelope(&announced("old", "c1", 2, 2), 5).await.unwrap();
    h.queue.note_part(SITE, "old", 0, 10, b"x", 5).await.unwrap();
    assert_eq!(h.queue.begin_envelope(&announced("new", "c1", 0, 1), 6).await.unwrap(), Begun::Have(vec![]));
    assert_eq!(h.queue.note_part(SITE, "old", 1, 10, b"y", 7).await, Err(Error::Superseded));
    assert_eq!(h.queue.begin_envelope(&announced("old", "c1", 2, 2), 8).await, Err(Error::Superseded));
    assert_eq!(h.queue.doomed().await.unwrap(), ["envelopes/old"]);
    assert!(!h.queue.folder_in_use("envelopes/old").await.unwrap());
    assert!(h.queue.folder_in_use("envelopes/new").await.unwrap());
    let cases = h.queue.cases(&CaseFilter::default()).await.unwrap();
    assert_eq!((cases.len(), cases[0].priority, cases[0].parts), (1, 0, (0, 1, 10)));
}

#[tokio::test]
async fn the_most_urgent_comes_first_but_nothing_sinks() {
    let h = TestQueue::new().await;
    let routine_old = h.ready("r-old", 2, 0).await;
    let routine = h.ready("r", 2, 50_000).await;
    let urgent = h.ready("u", 1, 55_000).await;
    let stat = h.ready("s", 0, 60_000).await;
    let mut order = Vec::new();
    while let Some(c) = h.queue.claim_next("m", &format!("t{}", order.len()), &LIMITS, 60_500).await.unwrap()
    {
        order.push(c.case);
    }
    // The routine case beyond 60 s counts as STAT and is the oldest of them.
    assert_eq!(order, [routine_old, stat, urgent, routine]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_claims_give_each_case_to_exactly_one_holder() {
    let h = TestQueue::new().await;
    for n in 0..40 {
        h.ready(&format!("c{n}"), u8::try_from(n % 3).unwrap(), i64::from(n)).await;
    }
    // Two processes' worth of pools on one file, four claimants each.
    let other = Queue::open(&url(&h.dir), false).await.unwrap();
    let mut tasks = Vec::new();
    for who in 0..8 {
        let queue = if who % 2 == 0 { h.queue.clone() } else { other.clone() };
        tasks.push(tokio::spawn(async move {
            let mut mine = Vec::new();
            while let Some(c) = queue
                .claim_next(&format!("m{who}"), &format!("t{who}-{}", mine.len()), &LIMITS, 100)
                .await
                .unwrap()
            {
                queue.store_draft(c.case, &c.token, &draft(101), "{}", false).await.unwrap();
                mine.push(c.case);
            }
            mine
        }));
    }
    let mut all = Vec::new();
    for t in tasks {
        all.extend(t.await.unwrap());
    }
    assert_eq!(all.len(), 40);
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 40);
}

#[tokio::test]
async fn an_expired_lease_returns_and_its_holder_may_not_answer() {
    let h = TestQueue::new().await;
    let case = h.ready("c", 2, 0).await;
    let first = h.queue.claim_next("m1", "t1", &LIMITS, 10).await.unwrap().unwrap();
    assert_eq!(h.queue.claim_next("m2", "t2", &LIMITS, 1_009).await.unwrap(), None);
    assert_eq!(h.queue.renew(case, "t1", &LIMITS, 1_000).await.unwrap(), 2_000);
    assert_eq!(h.queue.expire_leases(&LIMITS, 2_000).await.unwrap(), 1);
    assert_eq!(h.queue.renew(case, "t1", &LIMITS, 2_001).await, Err(Error::LeaseLost));
    // The next attempt waits for its backoff.
    assert_eq!(h.queue.claim_next("m2", "t2", &LIMITS, 2_005).await.unwrap(), None);
    let second = h.queue.claim_next("m2", "t2", &LIMITS, 2_010).await.unwrap().unwrap();
    assert_eq!((first.attempt, second.attempt), (1, 1), "a silent reader costs the case nothing");
    assert_eq!(h.queue.store_draft(case, "t1", &draft(2_011), "{}", false).await, Err(Error::LeaseLost));
    h.queue.store_draft(case, "t2", &draft(2_011), "{}", false).await.unwrap();
}

#[tokio::test]
async fn the_attempt_after_the_last_buries_visibly_and_tells_the_site_once() {
    let h = TestQueue::new().await;
    let case = h.ready("c", 2, 0).await;
    let mut now = 10;
    for n in 1..=3 {
        let c = h.queue.claim_next("m", &format!("t{n}"), &LIMITS, now).await.unwrap().unwrap();
        let why = Released::Failed("the reader's model failed".into());
        assert_eq!(h.queue.let_go(case, &c.token, &why, &LIMITS, now).await.unwrap(), n == 3);
        now += 100;
    }
    assert_eq!(h.queue.claim_next("m", "t4", &LIMITS, now + 10_000).await.unwrap(), None);
    let shown = h.queue.case(case).await.unwrap();
    assert_eq!(shown.state, CaseState::Buried);
    assert!(shown.reason.contains("the reader's model failed"));
    let told = h.queue.places(SITE, None, 10, now).await.unwrap();
    assert_eq!((told.len(), told[0].state, told[0].attempts), (1, CaseState::Buried, 3));
    let audit = h.queue.timeline(case).await.unwrap();
    assert_eq!(audit.iter().filter(|a| a.action == "burial-told").count(), 1);
    h.queue.places(SITE, None, 10, now).await.unwrap();
    assert_eq!(h.queue.timeline(case).await.unwrap().len(), audit.len());
    // An operator brings it back with all its attempts.
    h.queue.retry(case, "operator", now).await.unwrap();
    assert_eq!(h.queue.claim_next("m", "t5", &LIMITS, now).await.unwrap().unwrap().attempt, 1);
}

#[tokio::test]
async fn shutting_down_costs_no_attempt() {
    let h = TestQueue::new().await;
    let case = h.ready("c", 2, 0).await;
    for n in 0..5 {
        let c = h.queue.claim_next("m", &format!("t{n}"), &LIMITS, 10).await.unwrap().unwrap();
        assert_eq!(c.attempt, 1);
        h.queue
            .let_go(case, &c.token, &Released::Returned("shutting down".into()), &LIMITS, 11)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_killed_service_gives_its_cases_back_at_no_cost() {
    let h = TestQueue::new().await;
    let (one, two) = (h.ready("c1", 2, 0).await, h.ready("c2", 2, 1).await);
    h.queue.claim_next("gone-1", "t1", &LIMITS, 10).await.unwrap().unwrap();
    h.queue.claim_next("here-1", "t2", &LIMITS, 10).await.unwrap().unwrap();
    assert_eq!(h.queue.give_back_of_gone(|who| who.starts_with("gone"), 11).await.unwrap(), 1);
    assert_eq!(h.queue.case(two).await.unwrap().state, CaseState::Leased);
    let again = h.queue.claim_next("here-1", "t3", &LIMITS, 12).await.unwrap().unwrap();
    assert_eq!((again.case, again.attempt), (one, 1));
}

#[tokio::test]
async fn a_person_signs_only_with_lease_and_opened_images() {
    let h = TestQueue::new().await;
    let case = h.ready("c", 2, 0).await;
    let m = h.queue.claim_next("m", "tm", &LIMITS, 10).await.unwrap().unwrap();
    assert_eq!(h.queue.claim_case(case, "ada", "ta", true, &LIMITS, 11).await, Err(Error::LeaseLost));
    h.queue.store_draft(case, &m.token, &draft(12), "{}", false).await.unwrap();
    h.queue.claim_case(case, "ada", "ta", false, &LIMITS, 13).await.unwrap();
    assert_eq!(h.queue.claim_case(case, "bob", "tb", false, &LIMITS, 14).await, Err(Error::LeaseLost));
    assert!(matches!(h.queue.sign(case, "ta", "ada", &text("x"), 15).await, Err(Error::Rule(_))));
    h.queue.images_opened(case, "ada", 15).await.unwrap();
    assert!(!h.queue.has_opened(case, "bob").await.unwrap());
    h.queue.claim_case(case, "bob", "tb", true, &LIMITS, 16).await.unwrap();
    assert_eq!(h.queue.sign(case, "ta", "ada", &text("x"), 17).await, Err(Error::LeaseLost));
    h.queue.claim_case(case, "ada", "ta2", true, &LIMITS, 18).await.unwrap();
    h.queue.sign(case, "ta2", "ada", &text("x"), 19).await.unwrap();
    let release = h.queue.to_seal(10).await.unwrap().remove(0);
    assert_eq!((release.signed_by.as_deref(), release.text), (Some("ada"), text("x")));
    assert_eq!(h.queue.sign(case, "ta2", "ada", &text("x"), 20).await, Err(Error::LeaseLost));
}

fn sealed(id: &str, case: i64) -> SealedReport {
    let bytes = id.as_bytes().to_vec();
    SealedReport { id: id.into(), case, header: vec![1], seal: vec![2], digest: bytes, parts: 1, bytes: 9 }
}

#[tokio::test]
async fn only_the_confirmation_lets_the_cloud_forget() {
    let h = TestQueue::new().await;
    let case = h.ready("c", 2, 0).await;
    let m = h.queue.claim_next("m", "tm", &LIMITS, 10).await.unwrap().unwrap();
    h.queue.store_draft(case, &m.token, &draft(12), "{}", true).await.unwrap();
    h.queue.store_report(&sealed("r1", case), 13).await.unwrap();
    assert_eq!(h.queue.store_report(&sealed("r2", case), 13).await, Err(Error::Taken));
    assert_eq!(h.queue.doomed().await.unwrap(), ["reports/r2"]);
    assert!(matches!(h.queue.bury(case, "ada", "no", 14).await, Err(Error::WrongState { .. })));
    h.queue.collect_report(SITE, "r1", 14).await.unwrap();
    assert_eq!(h.queue.collect_report("other", "r1", 14).await.unwrap_err(), Error::Missing("report"));
    assert_eq!(h.queue.confirm_report(SITE, "r1", b"xx", 15).await, Err(Error::PartDiffers(0)));
    assert!(h.queue.committed_envelope(case).await.is_ok());
    assert_eq!(h.queue.reports_to_collect(SITE, 9).await.unwrap().len(), 1);
    assert_eq!(h.queue.confirm_report(SITE, "r1", b"r1", 16).await.unwrap(), 16);
    assert_eq!(h.queue.confirm_report(SITE, "r1", b"r1", 17).await.unwrap(), 16);
    assert_eq!(h.queue.draft(case).await.unwrap().map(|d| d.text), None);
    assert_eq!(h.queue.committed_envelope(case).await.unwrap_err(), Error::Missing("case content"));
    assert_eq!(h.queue.doomed().await.unwrap(), ["reports/r2", "envelopes/e-c", "reports/r1"]);
    assert!(h.queue.reports_to_collect(SITE, 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_timeline_of_a_long_story_keeps_its_end() {
    let h = TestQueue::new().await;
    let case = h.ready("c", 2, 0).await;
    for n in 0..210 {
        h.queue.note(n, "ada", "looked", Some(case), &n.to_string()).await.unwrap();
    }
    let told = h.queue.timeline(case).await.unwrap();
    assert_eq!((told.len(), told[0].detail.as_str(), told[199].detail.as_str()), (200, "10", "209"));
}

#[tokio::test]
async fn a_withdrawn_case_is_forgotten_whoever_holds_it() {
    let h = TestQueue::new().await;
    let case = h.ready("c", 2, 0).await;
    h.queue.claim_next("m", "tm", &LIMITS, 10).await.unwrap().unwrap();
    assert_eq!(h.queue.withdraw(SITE, "c", 0, 11).await.unwrap(), 1);
    assert_eq!(h.queue.withdraw(SITE, "c", 0, 12).await.unwrap(), 0);
    assert_eq!(h.queue.store_draft(case, "tm", &draft(13), "{}", true).await, Err(Error::LeaseLost));
    assert_eq!(h.queue.case(case).await.unwrap().state, CaseState::Withdrawn);
    assert_eq!(h.queue.doomed().await.unwrap(), ["envelopes/e-c"]);
}

#[tokio::test]
async fn accounts_have_no_default_and_codes_work_once() {
    let h = TestQueue::new().await;
    assert!(h.queue.users().await.unwrap().is_empty());
    h.queue.add_user("ada", "code", false, 100, 1).await.unwrap();
    assert_eq!(h.queue.add_user("ada", "code2", false, 100, 1).await, Err(Error::Taken));
    assert_eq!(h.queue.user_of_code("code", 2).await.unwrap(), ("ada".into(), false));
    assert_eq!(h.queue.use_code("code", None, 2, 2).await, Err(Error::BadLogin));
    assert_eq!(h.queue.use_code("code", Some("$phc"), 100, 100).await, Err(Error::BadLogin));
    // The wall alone judges its age; the rig may be of another time.
    assert_eq!(h.queue.use_code("code", Some("$phc"), 2, 200).await.unwrap(), "ada");
    assert_eq!(h.queue.use_code("code", Some("$other"), 3, 3).await, Err(Error::BadLogin));
    h.queue.open_session("ada", "token", "csrf", 50, 4).await.unwrap();
    assert!(h.queue.session("token", 49).await.unwrap().is_some());
    assert!(h.queue.session("token", 50).await.unwrap().is_none());
    h.queue.reset_user("ada", "new", 100, 5).await.unwrap();
    assert!(h.queue.session("token", 6).await.unwrap().is_none());
    assert_eq!(h.queue.account("ada").await.unwrap().and_then(|account| account.password), None);
}

mod clocks;
mod priority;
mod properties;

#[tokio::test]
async fn an_envelope_that_is_never_finished_gives_its_room_back_and_may_begin_anew() {
    let h = TestQueue::new().await;
    let (old, slow) = (announced("e-1", "c-1", 2, 3), announced("e-2", "c-2", 2, 3));
    for a in [&old, &slow] {
        h.queue.begin_envelope(a, 10).await.unwrap();
        h.queue.note_part(SITE, &a.id, 0, 10, b"d", 20).await.unwrap();
    }
    h.queue.note_part(SITE, "e-2", 1, 10, b"d", 900).await.unwrap();
    let done = h.ready("c-3", 2, 10).await;
    assert_eq!(h.queue.forget_unfinished(20, 1_000).await.unwrap(), 0, "something came since");
    assert_eq!(h.queue.forget_unfinished(500, 1_000).await.unwrap(), 1);
    assert_eq!(h.queue.doomed().await.unwrap(), ["envelopes/e-1"]);
    assert!(!h.queue.folder_in_use("envelopes/e-1").await.unwrap());
    // Not before its old parts are gone: they would go with the new ones.
    assert_eq!(h.queue.begin_envelope(&old, 1_001).await, Err(Error::Busy));
    assert_eq!(h.queue.note_part(SITE, "e-1", 1, 10, b"d", 1_001).await, Err(Error::Missing("envelope")));
    h.queue.folder_gone("envelopes/e-1").await.unwrap();
    assert_eq!(h.queue.begin_envelope(&old, 1_002).await.unwrap(), Begun::Have(vec![]));
    assert_eq!(h.queue.begin_envelope(&slow, 1_002).await.unwrap(), Begun::Have(vec![0, 1]));
    h.queue.committed_envelope(done).await.unwrap();
}

#[tokio::test]
async fn a_sweep_that_finds_nothing_wakes_nobody() {
    let h = TestQueue::new().await;
    h.queue.begin_envelope(&announced("e-1", "c-1", 2, 3), 10).await.unwrap();
    let readers = Readers { process: "reader-1".into(), away_since: Some(1), why: String::new() };
    h.queue.say_readers(&readers).await.unwrap();
    let mut changes = h.queue.changes();
    changes.mark_unchanged();
    assert_eq!(h.queue.expire_leases(&LIMITS, 20).await.unwrap(), 0);
    assert_eq!(h.queue.forget_unfinished(10, 20).await.unwrap(), 0);
    h.queue.forget_readers(|_| false).await.unwrap();
    assert!(!changes.has_changed().unwrap());
    h.queue.forget_readers(|p| p == "reader-1").await.unwrap();
    assert!(changes.has_changed().unwrap(), "the page hears that its word is gone");
    changes.mark_unchanged();
    assert_eq!(h.queue.forget_unfinished(11, 20).await.unwrap(), 1);
    assert!(changes.has_changed().unwrap());
}
