//! One SOP Instance UID in two studies or about two patients: what counts, what goes on, what proves nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;

use crate::connect::pool;
use crate::corrections::tests::{Site, arrival, note};
use crate::upgrade::MIGRATIONS;
use crate::{
    Arrival, Arrived, Error, ForwardOutcome, ForwardRow, NewDisposition, NewStep, Onward, Proof, StepChange,
    Which,
};
use deid::{PatientEntry, ReidentificationMap};
use domain::case_state::CaseState;
use domain::forward_state::ForwardState;
use domain::study::StepEnd;

/// The UID that everything here has.
const UID: &str = "1.2.77.1";

async fn receive(site: &Site, study: u32, content: u8, who: &str) -> Arrived {
    site.take(&arrival(study, UID, content, who)).await
}

/// The forward row of the one instance of a study that counts.
async fn forward(site: &Site, study: &str) -> ForwardRow {
    let rows = site.ledger.forwards("", &[], 99).await.unwrap();
    rows.into_iter().find(|r| r.study == study && r.state != ForwardState::Replaced).unwrap()
}

async fn answer(site: &Site, study: &str, outcome: ForwardOutcome) {
    let instance = forward(site, study).await.instance;
    site.ledger.record_forwards("pacs", &[(instance, outcome)], 40).await.unwrap();
}

fn accepted() -> ForwardOutcome {
    ForwardOutcome::Delivered { status: 0, note: None }
}

fn refused() -> ForwardOutcome {
    ForwardOutcome::Dead { status: Some(0x0111), fault: "another instance".into(), attempts: 1 }
}

/// One of study 1 in a series of this UID.
fn in_series(series: &str, content: u8, who: &str) -> Arrival {
    Arrival { series_uid: series.into(), ..arrival(1, UID, content, who) }
}

async fn unchecked(site: &Site, study: &str) -> u32 {
    site.ledger.detail(study).await.unwrap().row.unchecked
}

fn of(study: &str) -> Which<'_> {
    Which { study: Some(study), ..Which::default() }
}

#[tokio::test]
async fn whoever_they_are_about_both_count_both_go_on_and_both_studies_say_so() {
    for (first, second) in [("ann", "bob"), ("ann", "ann"), ("", "bob"), ("ann", ""), ("", "")] {
        let site = Site::new().await;
        let one = receive(&site, 1, 1, first).await.study;
        let made = receive(&site, 2, 2, second).await;
        let both = BTreeSet::from([one.clone(), made.study.clone()]);
        assert_eq!(
            (made.conflict, made.corrects, made.repeated, &made.collides),
            (false, false, false, &both)
        );
        for (study, content) in [(&one, "1"), (&made.study, "2")] {
            site.ledger.make_revision(study, "quiet", 30).await.unwrap();
            assert_eq!(site.counting(study, 1).await, [content], "{first} {second}");
            let row = site.ledger.detail(study).await.unwrap().row;
            assert_eq!((row.collisions, row.unchecked, row.beside, row.corrected), (1, 1, 0, 0));
            let onward = forward(&site, study).await;
            assert_eq!((onward.state.as_str(), onward.collision), ("waiting", true), "{first} {second}");
            let told = site.lines(study).await;
            assert!(told.contains("collision: 1 instance has") && !told.contains(UID), "{told}");
        }
        assert_eq!(site.ledger.collisions_of(&one).await.unwrap().studies, [made.study]);
        assert_eq!(site.ledger.counts().await.unwrap().collisions, 1);
    }
}

#[tokio::test]
async fn a_correction_takes_the_place_of_what_is_in_its_own_study_alone() {
    let site = Site::new().await;
    let one = receive(&site, 1, 1, "ann").await.study;
    let two = receive(&site, 2, 2, "bob").await.study;
    let case = site.answered(&one, CaseState::Review).await;
    assert!(receive(&site, 2, 3, "carl").await.corrects);
    site.ledger.make_revision(&two, "quiet", 30).await.unwrap();
    assert_eq!(
        (site.counting(&one, 1).await, site.counting(&two, 1).await),
        (vec!["1".into()], vec!["3".into()])
    );
    assert_eq!(forward(&site, &one).await.state, ForwardState::Waiting);
    assert_eq!(
        site.ledger.case(&case).await.unwrap().state,
        CaseState::Review,
        "nothing of it was corrected"
    );
    // A note takes back what is of its own study.
    site.take(&arrival(2, "1.2.77.note", 9, "carl")).await;
    let unread = site.ledger.unread_notes().await.unwrap();
    site.ledger.apply_note(&unread[0], &Ok(Some(note("113001", &[UID]))), 40).await.unwrap();
    assert_eq!((site.counting(&one, 1).await, site.counting(&two, 1).await.len()), (vec!["1".into()], 0));
}

#[tokio::test]
async fn within_a_study_another_series_about_another_patient_is_no_correction_and_stops_what_would_leave() {
    let site = Site::new().await;
    let study = receive(&site, 1, 1, "ann").await.study;
    let case = site.answered(&study, CaseState::Review).await;
    let other = |content, who| in_series("1.2.10", content, who);
    let made = site.take(&other(2, "bob")).await;
    assert_eq!((made.corrects, made.conflict, made.collides.len()), (false, false, 1));
    assert_eq!(site.ledger.case(&case).await.unwrap().state, CaseState::Stopped);
    site.ledger.make_revision(&study, "quiet", 30).await.unwrap();
    assert_eq!(site.counting(&study, 2).await.len(), 2);
    let waiting = site.ledger.forwards("pacs", &["waiting"], 9).await.unwrap();
    assert_eq!(waiting.iter().filter(|r| r.collision).count(), 2);
    // Each is corrected in its own series.
    assert!(site.take(&other(3, "carl")).await.corrects);
    site.ledger.make_revision(&study, "quiet", 40).await.unwrap();
    assert_eq!(site.counting(&study, 3).await, ["1", "3"]);
    // About the same patient it is kept beside, whatever its series.
    site.take(&arrival(2, "1.2.77.2", 4, "eve")).await;
    let beside = Arrival { series_uid: "1.2.11".into(), ..arrival(2, "1.2.77.2", 5, "eve") };
    let made = site.take(&beside).await;
    assert!(made.conflict && made.collides.is_empty());
}

#[tokio::test]
async fn a_correction_to_a_patient_who_is_in_another_series_already_takes_its_place_in_its_own() {
    let site = Site::new().await;
    let study = receive(&site, 1, 1, "ann").await.study;
    site.take(&in_series("1.2.10", 2, "bob")).await;
    let case = site.answered(&study, CaseState::Review).await;
    let made = site.take(&in_series("1.2.10", 3, "ann")).await;
    assert_eq!((made.corrects, made.conflict, made.collides.len()), (true, false, 1));
    assert_eq!(site.ledger.case(&case).await.unwrap().state, CaseState::Stopped);
    site.ledger.make_revision(&study, "quiet", 30).await.unwrap();
    assert_eq!(site.counting(&study, 2).await, ["1", "3"]);
    let waiting = site.ledger.forwards("pacs", &["waiting"], 9).await.unwrap();
    assert_eq!(waiting.iter().filter(|r| r.collision).count(), 2, "the archive may keep one of the two");
    // Other bytes about the patient of each series are kept beside.
    for (series, content) in [("1.2.9", 4), ("1.2.10", 5), ("1.2.11", 6)] {
        assert!(site.take(&in_series(series, content, "ann")).await.conflict, "{series}");
    }
    // What was replaced is in nobody's way, nor is what triage could not read.
    let unreadable = in_series("1.2.12", 7, "bob");
    let made = site.take(&unreadable).await;
    assert!(!made.conflict && !made.corrects);
    site.ledger.set_aside(&unreadable.id, "damaged").await.unwrap();
    let again = site.take(&in_series("1.2.12", 8, "bob")).await;
    assert!(!again.conflict && !again.corrects);
    site.ledger.make_revision(&study, "quiet", 40).await.unwrap();
    assert_eq!(site.counting(&study, 3).await, ["1", "3", "8"]);
}

#[tokio::test]
async fn a_series_that_does_not_open_is_another_one_and_stops_no_reception() {
    let site = Site::new().await;
    receive(&site, 1, 1, "ann").await;
    let damage = sqlx::query("UPDATE instances SET series_uid = 'damaged'");
    damage.execute(&site.ledger.pool).await.unwrap();
    let made = receive(&site, 1, 2, "bob").await;
    assert_eq!((made.corrects, made.conflict, made.collides.len()), (false, false, 1));
}

#[tokio::test]
async fn a_study_that_collides_within_itself_is_told_of_the_second_study_once() {
    let site = Site::new().await;
    let one = receive(&site, 1, 1, "ann").await.study;
    site.take(&in_series("1.2.10", 2, "bob")).await;
    let made = receive(&site, 2, 3, "carl").await;
    assert_eq!(made.collides, BTreeSet::from([one, made.study.clone()]));
    let again = receive(&site, 2, 4, "carl").await;
    assert_eq!(again.collides, BTreeSet::from([made.study]));
}

#[tokio::test]
async fn each_answer_is_kept_and_proves_nothing_until_a_person_has_looked_at_the_archive() {
    let coerced = ForwardOutcome::Delivered { status: 0xB000, note: Some("changed".into()) };
    for (second, state, said) in [
        (accepted(), "delivered", "accepted"),
        (coerced, "delivered", "coerced"),
        (refused(), "dead", "refused"),
    ] {
        let site = Site::new().await;
        let one = receive(&site, 1, 1, "ann").await.study;
        answer(&site, &one, accepted()).await;
        let two = receive(&site, 2, 2, "bob").await.study;
        let refusal = site.ledger.check_collisions(&of(&one), "eva", 50).await.unwrap_err();
        assert!(refusal.to_string().contains("still wait"), "{refusal}");
        for study in [&one, &two] {
            site.ledger.make_revision(study, "quiet", 30).await.unwrap();
            let quiet = NewDisposition::no_flag(None);
            site.ledger.record_disposition(study, 1, &quiet, None, 30).await.unwrap();
        }
        answer(&site, &two, second).await;
        let row = forward(&site, &two).await;
        assert_eq!((row.state.as_str(), row.answer.as_deref()), (state, Some(said)));
        let listed = site.ledger.forwards("pacs", &["waiting", "dead", "collision"], 9).await.unwrap();
        assert_eq!(listed.len(), 2, "listed whatever the archive said");
        let seen = site.ledger.collisions_of(&two).await.unwrap();
        assert_eq!((seen.answers[0].answer.as_deref(), seen.answers[0].unchecked), (Some(said), 1));
        for proof in [Proof::Forwarded, Proof::Answered] {
            assert!(site.ledger.evictable(i64::MAX, proof, 9).await.unwrap().is_empty(), "{said}");
        }
        // Looked at in one study: it is the same UID at the same archive.
        assert_eq!(site.ledger.check_collisions(&of(&one), "eva", 50).await.unwrap(), 1);
        assert_eq!((unchecked(&site, &one).await, unchecked(&site, &two).await), (0, 0));
        assert_eq!(forward(&site, &two).await.checked_by.as_deref(), Some("eva"));
        let left = site.ledger.evictable(i64::MAX, Proof::Forwarded, 9).await.unwrap();
        assert_eq!(
            left.len(),
            if state == "dead" { 1 } else { 2 },
            "{said}: what was refused is nowhere else"
        );
        assert!(matches!(site.ledger.check_collisions(&of(&one), "eva", 51).await, Err(Error::Refused(_))));
        // Tried again and answered again: somebody must look again, and the answer of before stays until then.
        site.ledger.retry_forwards("pacs", None).await.unwrap();
        if state == "dead" {
            let waits =
                ForwardOutcome::Postponed { status: None, fault: "f".into(), attempts: 1, next_attempt: 0 };
            answer(&site, &two, waits).await;
            assert_eq!(forward(&site, &two).await.answer.as_deref(), Some("refused"));
            answer(&site, &two, accepted()).await;
            assert_eq!((unchecked(&site, &one).await, unchecked(&site, &two).await), (1, 1));
        }
    }
}

#[tokio::test]
async fn another_instance_opens_what_was_checked_and_the_same_again_does_not() {
    let site = Site::new().await;
    let one = receive(&site, 1, 1, "ann").await.study;
    let second = arrival(2, UID, 2, "bob");
    let two = site.take(&second).await.study;
    answer(&site, &one, accepted()).await;
    answer(&site, &two, accepted()).await;
    site.ledger.check_collisions(&of(&one), "eva", 50).await.unwrap();
    let lines = site.lines(&one).await;
    // The entry of a start after a crash, and the same bytes from a sender that repeats itself.
    let again = site.take(&second).await;
    assert!(!again.repeated && again.collides.contains(&two), "a start after a crash audits it again");
    assert!(receive(&site, 2, 2, "bob").await.repeated);
    assert_eq!((unchecked(&site, &one).await, site.lines(&one).await), (0, lines));
    let third = receive(&site, 3, 3, "carl").await;
    assert_eq!(third.collides, BTreeSet::from([third.study.clone()]), "the others were told before");
    assert_eq!((unchecked(&site, &one).await, unchecked(&site, &two).await), (1, 1));
}

#[tokio::test]
async fn one_that_left_this_disk_and_another_destination_count_as_what_they_are() {
    let site = Site::new().await;
    let one = receive(&site, 1, 1, "ann").await.study;
    answer(&site, &one, accepted()).await;
    site.ledger.make_revision(&one, "quiet", 30).await.unwrap();
    site.ledger.record_disposition(&one, 1, &NewDisposition::no_flag(None), None, 30).await.unwrap();
    site.ledger.evict(&one, i64::MAX, Proof::Forwarded, 35).await.unwrap();
    let made = receive(&site, 2, 2, "bob").await;
    assert!(!made.conflict && made.collides.len() == 2);
    assert_eq!(unchecked(&site, &one).await, 1, "the archive may have kept the second in its place");
    // Another archive is given one of them alone.
    let site = Site::new().await;
    receive(&site, 1, 1, "ann").await;
    let elsewhere = |_: &Arrival| vec![Onward { destination: "other".into(), commit: false }];
    let made =
        site.ledger.record_arrivals_to(&[arrival(2, UID, 2, "bob")], elsewhere).await.unwrap().remove(0);
    let row = site.ledger.detail(&made.study).await.unwrap().row;
    assert_eq!((row.collisions, row.unchecked, forward(&site, &made.study).await.collision), (1, 0, false));
}

#[tokio::test]
async fn an_archive_is_not_asked_to_commit_before_somebody_looked_and_then_once_for_the_uid() {
    let site = Site::new().await;
    let commit = |_: &Arrival| vec![Onward { destination: "pacs".into(), commit: true }];
    let mut studies = Vec::new();
    for (study, who) in [(1, "ann"), (2, "bob")] {
        let one = arrival(study, UID, study as u8, who);
        studies.push(site.ledger.record_arrivals_to(&[one], commit).await.unwrap().remove(0).study);
    }
    for study in &studies {
        answer(&site, study, accepted()).await;
    }
    let due = async || site.ledger.uncommitted("pacs", i64::MAX, 0).await.unwrap();
    assert!(due().await.is_empty(), "its word could mean either");
    site.ledger.check_collisions(&of(&studies[0]), "eva", 50).await.unwrap();
    let instances = due().await;
    assert_eq!(instances.len(), 2);
    site.ledger.make_upstream("pacs", "2.25.1", &instances, 60).await.unwrap();
    let request = site.ledger.due_upstream(i64::MAX).await.unwrap().remove(0);
    assert_eq!(site.ledger.upstream_transaction(&request).await.unwrap().references.len(), 1);
}

#[tokio::test]
async fn a_listed_instance_that_came_in_another_study_is_still_to_come() {
    let site = Site::new().await;
    receive(&site, 1, 1, "ann").await;
    let two = site.take(&arrival(2, "1.2.77.2", 2, "bob")).await.study;
    let step = NewStep { uid: "1.2.5".into(), studies: vec!["1.2.2".into()] };
    site.ledger.create_step(&step, 20).await.unwrap();
    let listed = BTreeSet::from([UID.to_owned(), "1.2.77.2".to_owned()]);
    let change = StepChange { end: Some((StepEnd::Completed, String::new())), instances: Some(listed) };
    site.ledger.change_step("1.2.5", &change, 21).await.unwrap();
    assert_eq!(site.ledger.expected_of(&two).await.unwrap().missing.len(), 1);
    receive(&site, 2, 3, "bob").await;
    assert!(site.ledger.expected_of(&two).await.unwrap().missing.is_empty());
}

#[tokio::test]
async fn a_replaced_uid_of_two_patients_leads_to_both_and_forgetting_one_leaves_the_other() {
    let site = Site::new().await;
    let mut way = ReidentificationMap::default();
    for (pseudonym, name) in [("PANN", "Ann"), ("PBOB", "Bob")] {
        let mut patient = PatientEntry::default();
        patient.attributes.insert("PatientName".into(), name.into());
        patient.uids.insert("2.25.7".into(), UID.into());
        way.0.insert(pseudonym.into(), patient);
    }
    assert_eq!(site.ledger.keep_reidentification_map(&way, "key", |_| false, 1).await.unwrap(), None);
    let back = site.ledger.reidentification_map(&["2.25.7".to_owned()]).await.unwrap();
    assert!(back == way);
    site.ledger.forget_patients(&["PANN".to_owned()]).await.unwrap();
    let back = site.ledger.reidentification_map(&["2.25.7".to_owned()]).await.unwrap();
    assert_eq!(back.0.keys().collect::<Vec<_>>(), ["PBOB"]);
    assert_eq!(back.0["PBOB"].uids["2.25.7"], UID);
}

/// What a ledger of the version before holds of a collision: study 1 waits for nothing, study 2 counts nothing, study 4
/// lost one of two.
const BEFORE: &str = "
    INSERT INTO studies (id, uid, uid_index, revision, first_arrival, last_arrival) VALUES
        ('s1', 'x1', 'u1', 1, 1, 1), ('s2', 'x2', 'u2', 1, 2, 2), ('s3', 'x3', 'u3', 1, 3, 3), ('s4', 'x4', 'u4', 1, 6, 7);
    INSERT INTO instances (id, study, sop_instance_uid, series_uid, sop_class, transfer_syntax, modality, calling_ae, address,
        association, arrived, bytes, blake3, revision, conflict, sop_instance_index, replaced_at) VALUES
        ('a', 's1', 'x', 'x', 'c', 't', 'CT', 'x', 'x', '1', 1, 1, 'da', 1, 0, 'i1', 9),
        ('b', 's2', 'x', 'x', 'c', 't', 'CT', 'x', 'x', '1', 2, 1, 'db', 1, 1, 'i1', NULL),
        ('c', 's3', 'x', 'x', 'c', 't', 'CT', 'x', 'x', '1', 3, 1, 'dc', 1, 0, 'i2', 9),
        ('d', 's3', 'x', 'x', 'c', 't', 'CT', 'x', 'x', '1', 4, 1, 'dd', 1, 0, 'i2', NULL),
        ('e', 's3', 'x', 'x', 'c', 't', 'CT', 'x', 'x', '1', 5, 1, 'de', 1, 1, 'i2', NULL),
        ('f', 's4', 'x', 'x', 'c', 't', 'CT', 'x', 'x', '1', 6, 1, 'df', 1, 0, 'i3', NULL),
        ('g', 's4', 'x', 'x', 'c', 't', 'CT', 'x', 'x', '1', 7, 1, 'dg', 1, 1, 'i1', NULL);
    INSERT INTO forwards (instance, destination, study, state, queued_at) VALUES
        ('a', 'pacs', 's1', 'replaced', 1), ('b', 'pacs', 's2', 'delivered', 2), ('c', 'pacs', 's3', 'replaced', 3);
    INSERT INTO revisions (study, revision, stable_at, stable_reason) SELECT id, 1, 5, 'quiet' FROM studies;
    INSERT INTO dispositions (study, revision, disposition, reason, bundle, version, mode, findings, priority, holds, actions,
        plan_digest, previews, ms, decided_at, cloud_up)
        SELECT id, 1, 'not-analysed', CASE id WHEN 's2' THEN 'key object selections only' ELSE 'r' END, '', '', 'shadow', '[]',
        'ROUTINE', '[\"text\"]', '{}', '', '[]', '{}', 6, 1 FROM studies;
    INSERT INTO cases (id, study, revision, state, before, priority, reason, plan, leaves_at, created_at) VALUES
        ('k1', 's1', 1, 'leaving', 'held', 'ROUTINE', 'x', 'image', 99, 7),
        ('k2', 's2', 1, 'leaving', 'review', 'ROUTINE', 'x', 'image', 99, 7),
        ('k3', 's3', 1, 'review', 'leaving', 'ROUTINE', 'x', 'image', NULL, 7);
";

#[tokio::test]
async fn an_upgrade_brings_back_what_another_study_had_displaced_and_a_hold_that_undo_had_lost() {
    let folder = tempfile::tempdir().unwrap();
    let old = pool(&folder.path().join("l.db"), true, 1).await.unwrap();
    for migration in MIGRATIONS.iter().filter(|m| m.version < 14) {
        sqlx::raw_sql(migration.sql.clone()).execute(&old).await.unwrap();
    }
    sqlx::raw_sql(BEFORE).execute(&old).await.unwrap();
    let this = MIGRATIONS.iter().find(|m| m.version == 14).unwrap();
    sqlx::raw_sql(this.sql.clone()).execute(&old).await.unwrap();
    let texts = async |sql: &'static str| {
        let rows: Vec<(String,)> = sqlx::query_as(sql).fetch_all(&old).await.unwrap();
        rows.into_iter().map(|r| r.0).collect::<Vec<_>>().join(" ")
    };
    let counting = "SELECT id FROM instances WHERE conflict = 0 AND replaced_at IS NULL ORDER BY id";
    assert_eq!(texts(counting).await, "a b d f g", "a correction within a study stays one");
    assert_eq!(texts("SELECT id FROM instances WHERE collides = 1 ORDER BY id").await, "a b g");
    let anew = "SELECT id FROM instances WHERE revision = 0 ORDER BY id";
    assert_eq!(texts(anew).await, "a b g", "their studies are answered anew, whatever else was seen of them");
    let sent = "SELECT instance || '=' || state FROM forwards ORDER BY instance";
    assert_eq!(texts(sent).await, "a=waiting b=delivered c=replaced");
    assert_eq!(texts("SELECT sop_instance_index || '=' || destination FROM collisions").await, "i1=pacs");
    assert_eq!(
        texts("SELECT id || '=' || state FROM cases ORDER BY id").await,
        "k1=leaving k2=held k3=held",
        "released with a reason, or not"
    );
    old.close().await;
}
