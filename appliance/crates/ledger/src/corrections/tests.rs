//! What a correction does to each case, to what is to be sent on, and to what counts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;

use proto::case::{Priority, Transport};

use crate::{Arrival, Arrived, ForwardOutcome, Ledger, NewCase, NewDisposition, Onward, Proof};
use deid::PatientDigests;
use dicom::{DataSet, Vr, tags};
use domain::case_state::CaseState;
use domain::forward_state::ForwardState;
use domain::study::{KEY_OBJECT_SELECTION, RejectionNote, Unreadable};

/// What reception says of an instance about the patient of this name.
fn said(who: &str) -> String {
    let mut data = DataSet::new();
    data.put_text(tags::PATIENT_NAME, Vr::PN, who);
    PatientDigests::of(&data).map(|whose| whose.to_text()).unwrap_or_default()
}

/// A ledger alone, with one destination.
pub(crate) struct Site {
    pub(crate) ledger: Ledger,
    _folder: tempfile::TempDir,
}

impl Site {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { ledger: Ledger::create(&folder.path().join("l.db"), &[7; 32]).await.unwrap(), _folder: folder }
    }

    /// One instance; `content` stands for its bytes, `who` for the patient it names.
    async fn receive(&self, study: u32, uid: &str, content: u8, who: &str) -> Arrived {
        self.take(&arrival(study, &format!("1.2.{study}.{uid}"), content, who)).await
    }

    /// Records an arrival that goes to `pacs`.
    pub(crate) async fn take(&self, arrival: &Arrival) -> Arrived {
        let to = |_: &Arrival| vec![Onward { destination: "pacs".into(), commit: false }];
        self.ledger.record_arrivals_to(std::slice::from_ref(arrival), to).await.unwrap().remove(0)
    }

    /// Revision 1, answered, with a case in this state.
    pub(crate) async fn answered(&self, study: &str, state: CaseState) -> String {
        self.ledger.make_revision(study, "quiet", 20).await.unwrap();
        let case = NewCase {
            study: study.into(),
            revision: 1,
            state: CaseState::Review,
            priority: Priority::Routine,
            reason: "r".into(),
            transport: Transport::Image,
            leaves_at: None,
        };
        self.ledger
            .record_disposition(study, 1, &NewDisposition::no_flag(None), Some(&case), 20)
            .await
            .unwrap();
        let id = self.ledger.case_of(study, 1).await.unwrap().unwrap().id;
        self.ledger.move_case(&id, &[CaseState::Review], state, None).await.unwrap();
        id
    }

    /// The contents that count in a revision, sorted.
    pub(crate) async fn counting(&self, study: &str, revision: u32) -> Vec<String> {
        let rows = self.ledger.instances(study, revision).await.unwrap();
        let counting = rows.into_iter().filter(|r| r.counts());
        let mut contents: Vec<_> = counting.map(|r| r.blake3.trim_start_matches('0').to_owned()).collect();
        contents.sort();
        contents
    }

    pub(crate) async fn lines(&self, study: &str) -> String {
        let events = self.ledger.detail(study).await.unwrap().events;
        events.into_iter().map(|e| e.what).collect::<Vec<_>>().join("\n")
    }
}

/// One instance; `content` stands for its bytes, `who` for the patient it names.
pub(crate) fn arrival(study: u32, uid: &str, content: u8, who: &str) -> Arrival {
    let class = if uid.contains("note") { KEY_OBJECT_SELECTION } else { "1.2.840.10008.5.1.4.1.1.2" };
    Arrival {
        id: super::super::new_id().unwrap(),
        study_uid: format!("1.2.{study}"),
        sop_instance_uid: uid.into(),
        series_uid: "1.2.9".into(),
        sop_class: class.into(),
        transfer_syntax: "1.2.840.10008.1.2".into(),
        modality: "CT".into(),
        calling_ae: "CT1".into(),
        address: "127.0.0.1".into(),
        association: "1".into(),
        arrived: 10,
        bytes: 10,
        blake3: format!("{content:064x}"),
        identity: said(who),
    }
}

pub(crate) fn note(code: &'static str, uids: &[&str]) -> RejectionNote {
    RejectionNote { code, instances: uids.iter().map(|uid| (*uid).to_owned()).collect::<BTreeSet<_>>() }
}

#[tokio::test]
async fn a_correction_stops_what_has_not_left_and_marks_what_has() {
    use CaseState::*;
    for state in CaseState::ALL {
        let site = Site::new().await;
        let study = site.receive(1, "1", 1, "ann").await.study;
        let case = site.answered(&study, state).await;
        let made = site.receive(1, "1", 2, "bob").await;
        assert!(made.corrects && !made.conflict && !made.repeated);
        let now = site.ledger.case(&case).await.unwrap();
        let withdrawn = !site.ledger.withdrawals().await.unwrap().is_empty();
        let marked = site.ledger.earlier_cases(&study, 2).await.unwrap()[0].corrected_at.is_some();
        let expected = match state {
            Held | Review | Waiting | Leaving | Packing | Sealed | Failed => ("stopped", false, false),
            // Parts of it are there already.
            Sending => ("stopped", true, false),
            // The cloud holds it and has not answered: it forgets it.
            Received => ("received", true, true),
            Answered | Buried => (state.as_str(), false, true),
            NotSent | Stopped => (state.as_str(), false, false),
        };
        assert_eq!((now.state.as_str(), withdrawn, marked), expected, "{state:?}");
        if expected.0 == "stopped" && state != Stopped {
            assert!(now.fault.unwrap().contains("corrected before"), "{state:?}");
            assert!(site.ledger.undo_case(&case).await.is_err(), "{state:?}: nobody brings it back");
        }
        if state == Received {
            site.ledger.record_withdrawn(&case).await.unwrap();
            assert_eq!(site.ledger.case(&case).await.unwrap().state, CaseState::Stopped);
        }
        assert_eq!(site.ledger.make_revision(&study, "quiet", 30).await.unwrap(), Some(2));
        assert_eq!(site.counting(&study, 2).await, ["2"], "the corrected one alone");
        assert!(site.lines(&study).await.contains("corrected: 1 instances came again about another patient"));
    }
}

#[tokio::test]
async fn the_same_patient_or_nobody_known_is_kept_beside_and_stops_nothing() {
    let site = Site::new().await;
    for (study, first, second) in [(1, "ann", "ann"), (2, "", "bob"), (3, "ann", "")] {
        let id = site.receive(study, "1", 1, first).await.study;
        let case = site.answered(&id, CaseState::Review).await;
        let made = site.receive(study, "1", 2, second).await;
        assert!(made.conflict && !made.corrects, "{first} {second}");
        assert_eq!(site.ledger.case(&case).await.unwrap().state, CaseState::Review);
        site.ledger.make_revision(&id, "quiet", 30).await.unwrap();
        assert_eq!(site.counting(&id, 2).await, ["1"]);
    }
}

#[tokio::test]
async fn what_an_earlier_version_recorded_is_looked_at_anew_before_it_is_compared() {
    for (before, corrects) in [("ANN^^", false), ("bob", true), ("", false)] {
        let site = Site::new().await;
        let study = site.receive(1, "1", 1, "ann").await.study;
        let old = "0123456789abcdef0123456789abcdef";
        sqlx::query("UPDATE instances SET identity_index = ?")
            .bind(old)
            .execute(&site.ledger.pool)
            .await
            .unwrap();
        let mut again = arrival(1, "1.2.1.1", 2, "ann");
        let stale = site.ledger.old_identities(std::slice::from_ref(&again)).await.unwrap();
        assert_eq!(stale.len(), 1);
        site.ledger
            .renew_identity(&stale[0].id, PatientDigests::from_text(&said(before)).as_ref())
            .await
            .unwrap();
        let made = site.ledger.record_arrivals(&[again.clone()]).await.unwrap().remove(0);
        assert_eq!((made.corrects, made.conflict), (corrects, !corrects), "{before:?}");
        // Where the file is gone nothing is known: no correction is made up.
        sqlx::query("UPDATE instances SET identity_index = ?")
            .bind(old)
            .execute(&site.ledger.pool)
            .await
            .unwrap();
        (again.blake3, again.id) = (format!("{:064x}", 3), super::super::new_id().unwrap());
        let made = site.ledger.record_arrivals(&[again]).await.unwrap().remove(0);
        assert!(!made.corrects && made.conflict && made.study == study);
    }
}

#[tokio::test]
async fn what_cannot_be_compared_since_it_left_this_disk_is_said() {
    for (old, said) in [("0123456789abcdef0123456789abcdef", true), ("", false)] {
        let site = Site::new().await;
        let study = site.receive(1, "1", 1, "ann").await.study;
        sqlx::query(
            "UPDATE instances SET evicted_at = 20, identity_index = coalesce(nullif(?, ''), identity_index)",
        )
        .bind(old)
        .execute(&site.ledger.pool)
        .await
        .unwrap();
        let made = site.receive(1, "1", 2, "bob").await;
        assert_eq!((made.conflict, made.corrects), (said, !said));
        assert_eq!(site.lines(&study).await.contains("could not be compared with what has left"), said);
    }
}

#[tokio::test]
async fn a_case_that_was_stopped_while_it_was_packed_is_not_held() {
    let site = Site::new().await;
    let study = site.receive(1, "1", 1, "ann").await.study;
    let id = site.answered(&study, CaseState::Packing).await;
    let case = site.ledger.case(&id).await.unwrap();
    let (digest, holds) = ("ab".repeat(32), async || site.ledger.is_held(&id).await.unwrap());
    site.ledger.move_case(&id, &[CaseState::Packing], CaseState::Stopped, None).await.unwrap();
    assert!(!site.ledger.hold_packing(&case, Some(&digest), "look again").await.unwrap());
    assert!(!holds().await);
    let kept = site.ledger.disposition(&study, 1).await.unwrap().unwrap().verdict.plan_digest;
    assert_eq!((site.ledger.case(&id).await.unwrap().state.as_str(), kept.as_str()), ("stopped", ""));
    site.ledger.move_case(&id, &[CaseState::Stopped], CaseState::Packing, None).await.unwrap();
    assert!(site.ledger.hold_packing(&case, Some(&digest), "look again").await.unwrap() && holds().await);
}

#[tokio::test]
async fn equal_facts_of_two_instances_do_not_look_equal_in_the_file() {
    let site = Site::new().await;
    site.receive(1, "1", 1, "ann").await;
    site.receive(1, "2", 2, "ann").await;
    let kept: Vec<(String,)> =
        sqlx::query_as("SELECT identity_index FROM instances").fetch_all(&site.ledger.pool).await.unwrap();
    assert!(kept.len() == 2 && kept[0] != kept[1], "{kept:?}");
    assert!(!kept.iter().any(|(index,)| said("ann").contains(index.trim_matches(['2', '.']))));
}

#[tokio::test]
async fn the_old_bytes_do_not_come_back_and_a_second_correction_counts() {
    let site = Site::new().await;
    let study = site.receive(1, "1", 1, "ann").await.study;
    site.receive(1, "1", 2, "bob").await;
    assert!(site.receive(1, "1", 1, "ann").await.repeated, "an old router sends it again");
    site.receive(1, "1", 3, "carl").await;
    site.ledger.make_revision(&study, "quiet", 30).await.unwrap();
    assert_eq!(site.counting(&study, 1).await, ["3"]);
}

#[tokio::test]
async fn what_was_replaced_is_not_sent_on_and_what_replaced_it_is() {
    let site = Site::new().await;
    let study = site.receive(1, "1", 1, "ann").await.study;
    let first = site.ledger.forwards("pacs", &[], 9).await.unwrap()[0].instance.clone();
    site.receive(1, "1", 2, "bob").await;
    let rows = site.ledger.forwards("pacs", &[], 9).await.unwrap();
    let state = |r: &crate::ForwardRow| (r.instance == first, r.state);
    let mut states: Vec<_> = rows.iter().map(state).collect();
    states.sort();
    assert_eq!(states, [(false, ForwardState::Waiting), (true, ForwardState::Replaced)]);
    // Once the corrected one is there, the study may leave this disk.
    site.ledger.make_revision(&study, "quiet", 30).await.unwrap();
    site.ledger.record_disposition(&study, 1, &NewDisposition::no_flag(None), None, 30).await.unwrap();
    assert!(site.ledger.evictable(i64::MAX, Proof::Forwarded, 1).await.unwrap().is_empty());
    let second = rows.iter().find(|r| r.instance != first).unwrap().instance.clone();
    let delivered = ForwardOutcome::Delivered { status: 0, note: None };
    site.ledger.record_forwards("pacs", &[(second, delivered)], 40).await.unwrap();
    assert_eq!(site.ledger.evictable(i64::MAX, Proof::Forwarded, 1).await.unwrap(), [study]);
}

#[tokio::test]
async fn a_note_takes_back_what_is_here_and_what_comes_later_of_its_own_study_only() {
    let site = Site::new().await;
    let study = site.receive(1, "1", 1, "ann").await.study;
    let other = site.receive(2, "1", 5, "eve").await.study;
    let case = site.answered(&study, CaseState::Sealed).await;
    site.receive(1, "note", 9, "ann").await;
    let unread = site.ledger.unread_notes().await.unwrap();
    assert_eq!(unread.len(), 1);
    let said = note("113038", &["1.2.1.1", "1.2.1.2", "1.2.2.1"]);
    site.ledger.apply_note(&unread[0], &Ok(Some(said)), 30).await.unwrap();
    assert!(site.ledger.unread_notes().await.unwrap().is_empty());
    assert_eq!(site.ledger.case(&case).await.unwrap().state, CaseState::Stopped);
    assert!(site.lines(&study).await.contains("1 instances rejected for an incorrect worklist entry"));
    assert_eq!(site.ledger.make_revision(&study, "quiet", 40).await.unwrap(), Some(2), "the note itself");
    assert!(site.counting(&study, 2).await.is_empty());

    // It names one that comes after it, and one of another study, which is not its to take back.
    site.receive(1, "2", 2, "ann").await;
    site.ledger.make_revision(&study, "quiet", 50).await.unwrap();
    assert!(site.counting(&study, 3).await.is_empty());
    site.ledger.make_revision(&other, "quiet", 50).await.unwrap();
    assert_eq!(site.counting(&other, 1).await, ["5"]);
    // What comes in the place of what was taken back counts, whoever it is about.
    site.receive(1, "1", 3, "ann").await;
    site.ledger.make_revision(&study, "quiet", 60).await.unwrap();
    assert_eq!(site.counting(&study, 4).await, ["3"]);
}

#[tokio::test]
async fn a_note_that_cannot_be_read_is_told_and_another_title_does_nothing() {
    let site = Site::new().await;
    let study = site.receive(1, "1", 1, "ann").await.study;
    site.receive(1, "note1", 8, "ann").await;
    site.receive(1, "note2", 9, "ann").await;
    let unread = site.ledger.unread_notes().await.unwrap();
    site.ledger.apply_note(&unread[0], &Err(Unreadable), 30).await.unwrap();
    site.ledger.apply_note(&unread[1], &Ok(None), 30).await.unwrap();
    assert!(site.lines(&study).await.contains("could not be read"));
    site.ledger.make_revision(&study, "quiet", 40).await.unwrap();
    assert_eq!(site.counting(&study, 1).await, ["1"], "notes are no pictures");
}
