//! What the next start makes of each stored deadline, whichever way the clock was set before it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use proto::case::{Priority, Transport};

use super::*;
use crate::{Arrival, Error, ForwardOutcome, NewCase, NewDisposition, Onward, Session};
use domain::case_state::CaseState;

const NOW: i64 = 1_800_000_000_000;
const HOUR: i64 = 3_600_000;
const MINUTE: i64 = 60_000;
const PACS: &str = "pacs";

struct Site {
    ledger: Ledger,
    study: String,
    case: String,
    _folder: tempfile::TempDir,
}

impl Site {
    /// An instance whose delivery is put off, a case that leaves at `leaves_at`, a session and a one-time code of an
    /// hour.
    async fn new(leaves_at: i64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::create(&folder.path().join("l.db"), &[7; 32]).await.unwrap();
        let arrival = Arrival {
            id: "0a".into(),
            study_uid: "1.2.1".into(),
            sop_instance_uid: "1.2.2".into(),
            series_uid: "1.2.3".into(),
            sop_class: "1.2.840.10008.5.1.4.1.1.2".into(),
            transfer_syntax: "1.2.840.10008.1.2".into(),
            modality: "CT".into(),
            calling_ae: "CT1".into(),
            address: "127.0.0.1".into(),
            association: "1".into(),
            arrived: NOW,
            bytes: 10,
            blake3: "0b".into(),
            identity: "ann".into(),
        };
        let to = |_: &Arrival| vec![Onward { destination: PACS.into(), commit: false }];
        let study = ledger.record_arrivals_to(&[arrival], to).await.unwrap().remove(0).study;
        let off = ForwardOutcome::Postponed {
            status: None,
            fault: "away".into(),
            attempts: 0,
            next_attempt: NOW + MINUTE,
        };
        ledger.record_forwards(PACS, &[("0a".into(), off)], NOW).await.unwrap();
        ledger.make_revision(&study, "quiet", NOW).await.unwrap();
        let case = NewCase {
            study: study.clone(),
            revision: 1,
            state: CaseState::Leaving,
            priority: Priority::Routine,
            reason: "r".into(),
            transport: Transport::Image,
            leaves_at: Some(leaves_at),
        };
        ledger.record_disposition(&study, 1, &NewDisposition::no_flag(None), Some(&case), NOW).await.unwrap();
        let case = ledger.case_of(&study, 1).await.unwrap().unwrap().id;
        ledger.put_user("ada", "code", NOW + HOUR, false, NOW).await.unwrap();
        let session = Session { user: "ada".into(), csrf: "c".into(), opened: NOW, until: NOW + HOUR };
        ledger.put_session("token", &session, NOW).await.unwrap();
        Self { ledger, study, case, _folder: folder }
    }

    /// A start at `now`, for which the last run would have said `now - moved`.
    async fn start(&self, now: i64, moved: Option<i64>) {
        let start = Start { now, moved, countdown: 10 * MINUTE };
        self.ledger.start_time(&start, &[("clock", format!("{now}"))]).await.unwrap();
        assert_eq!(self.ledger.fact("clock").await.unwrap(), Some(now.to_string()));
    }

    async fn leaves_at(&self) -> Option<i64> {
        self.ledger.case(&self.case).await.unwrap().leaves_at
    }
}

#[tokio::test]
async fn what_was_put_off_is_tried_at_once() {
    for moved in [Some(-HOUR), Some(HOUR), None] {
        let site = Site::new(NOW + MINUTE).await;
        let now = NOW + moved.unwrap_or(-HOUR);
        assert_eq!(site.ledger.due_forward_study(PACS, now - HOUR, &[]).await.unwrap(), None);
        site.start(now, moved).await;
        assert_eq!(site.ledger.due_forward_study(PACS, now, &[]).await.unwrap(), Some(site.study));
    }
}

#[tokio::test]
async fn a_countdown_a_session_and_a_code_keep_what_was_left_of_them() {
    for moved in [-HOUR, 0, HOUR, 26 * 365 * 24 * HOUR] {
        let site = Site::new(NOW + 2 * MINUTE).await;
        let now = NOW + MINUTE + moved;
        site.start(now, Some(moved)).await;
        assert_eq!(site.leaves_at().await, Some(now + MINUTE));
        let session = |at| site.ledger.session("token", at);
        let open = session(now + HOUR - MINUTE - 1).await.unwrap().unwrap();
        assert_eq!(open.until - open.opened, HOUR, "its last end moves with it");
        assert!(session(now + HOUR - MINUTE).await.unwrap().is_none(), "its life is no longer for it");
        let late = site.ledger.use_code("code", None, now + HOUR - MINUTE).await;
        assert!(matches!(late, Err(Error::Unknown(_))));
        assert_eq!(site.ledger.use_code("code", None, now + HOUR - MINUTE - 1).await.unwrap(), "ada");
    }
}

#[tokio::test]
async fn when_nobody_knows_people_get_the_whole_countdown_and_sign_in_again() {
    for now in [NOW - HOUR, NOW + HOUR] {
        let site = Site::new(NOW + 2 * MINUTE).await;
        site.start(now, None).await;
        assert_eq!(site.leaves_at().await, Some(now + 10 * MINUTE));
        assert!(site.ledger.session("token", now).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn when_nobody_knows_no_code_is_good_for_longer_than_a_new_one() {
    let site = Site::new(0).await;
    let now = NOW - 26 * 365 * 24 * HOUR;
    site.start(now, None).await;
    let late = site.ledger.use_code("code", None, now + CODE_MS).await;
    assert!(matches!(late, Err(Error::Unknown(_))));
    assert_eq!(site.ledger.use_code("code", None, now + CODE_MS - 1).await.unwrap(), "ada");
}

#[tokio::test]
async fn what_leaves_at_once_still_does() {
    for moved in [Some(-HOUR), None] {
        let site = Site::new(0).await;
        site.start(NOW - HOUR, moved).await;
        assert_eq!(site.leaves_at().await, Some(0));
    }
}

#[tokio::test]
async fn a_restored_ledger_forgets_the_run_it_was_copied_in() {
    let site = Site::new(NOW + MINUTE).await;
    site.start(NOW, Some(0)).await;
    site.ledger.forget_run("clock").await.unwrap();
    // Without the mark of its time the next start gives the whole countdown.
    assert_eq!(site.ledger.fact("clock").await.unwrap(), None);
    assert!(site.ledger.session("token", NOW).await.unwrap().is_none());
    let used = site.ledger.use_code("code", None, NOW).await;
    assert!(matches!(used, Err(Error::Unknown(_))), "a link may have been used since");
    assert_eq!(site.ledger.user("ada").await.unwrap().unwrap().code_until, None);
}
