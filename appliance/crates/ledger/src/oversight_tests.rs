//! What physicians' reads, drift, acceptance and waiting do to a bundle's standing and to the list.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use proto::case::{Disposition, Priority, Transport, TriageMode};

use super::*;
use domain::case_state::CaseState;
use domain::decision::Override;
use domain::oversight::{Level, Seen};

const DAY: i64 = 24 * 3_600_000;
const NOW: i64 = 20_000 * DAY + DAY / 2;

struct Site {
    ledger: Ledger,
    made: std::cell::Cell<u32>,
    _folder: tempfile::TempDir,
}

/// What triage is to answer about a study.
struct Answer {
    given: Disposition,
    mode: TriageMode,
    priority: Priority,
    sample: Option<&'static str>,
    at: i64,
}

impl Default for Answer {
    fn default() -> Self {
        let (given, mode, priority) = (Disposition::NoFlag, TriageMode::Assist, Priority::Routine);
        Self { given, mode, priority, sample: None, at: NOW }
    }
}

impl Site {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::create(&folder.path().join("ledger.db"), &[7; 32]).await.unwrap();
        for name in ["dr", "tech"] {
            ledger.put_user(name, "00", NOW, false, NOW).await.unwrap();
        }
        ledger.set_physician("dr", true).await.unwrap();
        Self { ledger, made: std::cell::Cell::new(0), _folder: folder }
    }

    /// A study that was answered so; its id.
    async fn study(&self, a: Answer) -> String {
        let n = self.made.get() + 1;
        self.made.set(n);
        self.answer(n, 1, a).await
    }

    /// The last study made, with one image more, answered so.
    async fn later(&self, a: Answer) -> String {
        self.answer(self.made.get(), 2, a).await
    }

    async fn answer(&self, n: u32, revision: u32, a: Answer) -> String {
        let arrival = Arrival {
            id: format!("{revision:016x}{n:016x}"),
            study_uid: format!("1.2.3.{n}"),
            sop_instance_uid: format!("1.2.4.{n}.{revision}"),
            series_uid: format!("1.2.5.{n}"),
            sop_class: "1.2.840.10008.5.1.4.1.1.1".into(),
            transfer_syntax: "1.2.840.10008.1.2.1".into(),
            modality: "CR".into(),
            calling_ae: "CR1".into(),
            address: "192.0.2.1".into(),
            association: "1".into(),
            arrived: a.at,
            bytes: 5,
            blake3: format!("{n:064x}"),
            identity: String::new(),
        };
        let study = self.ledger.record_arrivals(&[arrival]).await.unwrap().remove(0).study;
        self.ledger.make_revision(&study, "quiet", a.at).await.unwrap();
        let no_flag = a.given == Disposition::NoFlag;
        let seen = Seen { score: 0.1, distance: 1.0, flag: !no_flag, no_flag, tie: 0.5 };
        let mut record = NewDisposition {
            mode: a.mode,
            sample: a.sample,
            seen: Some(seen),
            ..NewDisposition::no_flag(Some("output".into()))
        };
        record.verdict.disposition = a.given;
        record.verdict.priority = a.priority;
        let case = NewCase {
            study: study.clone(),
            revision,
            state: CaseState::Review,
            priority: a.priority,
            reason: "reason".into(),
            transport: Transport::Image,
            leaves_at: None,
        };
        let case = (a.given == Disposition::Escalate).then_some(&case);
        assert!(self.ledger.record_disposition(&study, revision, &record, case, a.at).await.unwrap());
        study
    }

    async fn read(&self, study: &str, finding: bool) -> Result<domain::oversight::NoFlagReads> {
        self.ledger.record_read((study, 1), "dr", finding, 0.02, NOW + 1).await
    }

    async fn level(&self) -> Level {
        self.ledger.reliance("d").await.unwrap().level
    }
}

fn sampled(why: &'static str) -> Answer {
    Answer { sample: Some(why), ..Answer::default() }
}

#[tokio::test]
async fn only_a_physician_reads_only_what_was_drawn_and_only_once() {
    let site = Site::new().await;
    let (study, other) = (site.study(sampled("share")).await, site.study(Answer::default()).await);
    let said = |r: Result<domain::oversight::NoFlagReads>| r.unwrap_err().to_string();
    let tech = site.ledger.record_read((&study, 1), "tech", true, 0.02, NOW).await;
    assert!(said(tech).contains("only a physician's read counts"));
    assert!(said(site.read(&other, true).await).contains("was not sampled"));
    let q = site.read(&study, false).await.unwrap();
    assert_eq!((q.reads, q.hidden), (1, 0));
    assert!(said(site.read(&study, true).await).contains("somebody has read it"));
}

#[tokio::test]
async fn findings_in_silent_studies_withdraw_no_flag_and_a_person_restores_it() {
    let site = Site::new().await;
    for n in 0..12 {
        let study = site.study(sampled("share")).await;
        site.read(&study, n % 2 == 0).await.unwrap();
    }
    assert_eq!(site.level().await, Level::Withdrawn);
    let reliance = site.ledger.reliance("d").await.unwrap();
    assert!(reliance.why.contains("physicians found something"), "{}", reliance.why);
    let levels = site.ledger.new_levels().await.unwrap();
    assert_eq!(levels.len(), 1, "said once, not with every further read: {levels:?}");
    site.ledger.restore("b", false, "officer", NOW + 5).await.unwrap();
    assert_eq!(site.level().await, Level::Steady);
    assert_eq!(site.ledger.no_flag_reads("d", 0.02).await.unwrap().reads, 0, "what led to it is dealt with");
    let levels: Vec<Level> = site.ledger.new_levels().await.unwrap().into_iter().map(|l| l.level).collect();
    assert_eq!(levels, [Level::Withdrawn, Level::Steady], "both stand in the audit");
}

#[tokio::test]
async fn a_watch_that_cannot_be_read_is_not_relied_upon_and_studies_are_still_answered() {
    let site = Site::new().await;
    site.study(Answer::default()).await;
    sqlx::query("UPDATE watches SET state = 'null'").execute(&site.ledger.pool).await.unwrap();
    assert_eq!(site.level().await, Level::Withdrawn);
    site.study(Answer::default()).await;
    assert_eq!(site.ledger.watches(0.02).await.unwrap()[0].level, Level::Withdrawn);
    site.ledger.restore("b", true, "officer", NOW).await.unwrap();
    assert_eq!(site.level().await, Level::Steady);
}

#[tokio::test]
async fn the_local_set_is_what_was_drawn_whatever_was_answered_and_counts_what_the_bundle_gave() {
    let site = Site::new().await;
    let shadow = |given| Answer { given, mode: TriageMode::Shadow, ..sampled("trial") };
    for given in [Disposition::NoFlag, Disposition::Flag, Disposition::Escalate] {
        let study = site.study(shadow(given)).await;
        site.read(&study, true).await.unwrap();
    }
    let share = site.study(sampled("share")).await;
    site.read(&share, true).await.unwrap();
    let unread = site.study(shadow(Disposition::Flag)).await;
    let local = site.ledger.local_reads("d", 0.01).await.unwrap();
    assert_eq!((local.reads, local.positives, local.missed), (3, 3, 1));
    assert!(!local.meets());
    assert_eq!(site.ledger.unread_trial("d", NOW + 1).await.unwrap(), 1, "{unread}");
    // Withheld by oversight, but the bundle itself would have been silent: it is a miss all the same.
    sqlx::query("UPDATE dispositions SET disposition = 'escalate'").execute(&site.ledger.pool).await.unwrap();
    assert_eq!(site.ledger.local_reads("d", 0.01).await.unwrap().missed, 1);
}

#[tokio::test]
async fn another_edition_of_a_bundle_ends_its_acceptance_and_one_that_cannot_be_opened_does_not() {
    let site = Site::new().await;
    let row = AcceptanceRow {
        bundle: "b".into(),
        version: "1".into(),
        digest: "d".into(),
        who: "officer".into(),
        accepted_at: NOW,
        report: "r".into(),
        reads: 900,
        positives: 500,
        missed: 0,
        bound: 0.006,
        withdrawn_at: None,
        withdrawn_why: None,
    };
    site.ledger.accept(&row).await.unwrap();
    assert!(site.ledger.reliance("d").await.unwrap().accepted);
    assert!(
        !site.ledger.reliance("other").await.unwrap().accepted,
        "a changed bundle is another one at once"
    );
    let named = |digest: &str| vec![("b".to_owned(), digest.to_owned())];
    assert_eq!(site.ledger.foreign_acceptances(&named("d")).await.unwrap(), Vec::<String>::new());
    assert_eq!(site.ledger.foreign_acceptances(&[]).await.unwrap(), Vec::<String>::new());
    assert_eq!(site.ledger.foreign_acceptances(&named("e")).await.unwrap(), ["b"]);
    assert!(site.ledger.withdraw_acceptance("b", "changed", NOW).await.unwrap());
    assert!(!site.ledger.reliance("d").await.unwrap().accepted);
    assert_eq!(site.ledger.acceptances().await.unwrap()[0].withdrawn_why.as_deref(), Some("changed"));
}

#[tokio::test]
async fn each_day_that_is_over_has_one_silent_study_drawn_that_nobody_had_opened() {
    let site = Site::new().await;
    let on = |at| Answer { at, ..Answer::default() };
    let opened = site.study(on(NOW - DAY)).await;
    site.ledger.note_opened(&opened, NOW).await.unwrap();
    assert_eq!(site.ledger.sample_of_days(7, NOW).await.unwrap(), 0, "who opened it saw the answer");
    let fresh = site.study(on(NOW - DAY)).await;
    site.study(on(NOW)).await;
    assert_eq!(site.ledger.sample_of_days(7, NOW).await.unwrap(), 1);
    assert_eq!(site.ledger.sample_of_days(7, NOW).await.unwrap(), 0, "one a day");
    let rows = site.ledger.list(&ListQuery { limit: 9, ..ListQuery::default() }).await.unwrap();
    assert_eq!(rows.iter().filter(|row| row.sampled).map(|row| &row.id).collect::<Vec<_>>(), [&fresh]);
}

#[tokio::test]
async fn a_drawn_study_tells_nothing_of_its_answer_until_it_was_read() {
    let site = Site::new().await;
    let study = site.study(sampled("share")).await;
    let row = || async {
        site.ledger.list(&ListQuery { limit: 9, ..ListQuery::default() }).await.unwrap().remove(0)
    };
    assert!(row().await.sampled);
    let by = |filter: &str| {
        let query = ListQuery { filter: filter.into(), limit: 9, ..ListQuery::default() };
        let ledger = site.ledger.clone();
        async move { ledger.list(&query).await.unwrap().len() }
    };
    assert_eq!((by("no-flag").await, by("sampled").await), (0, 1));
    assert!(site.ledger.counts().await.unwrap().dispositions.is_empty());
    site.read(&study, false).await.unwrap();
    assert!(!row().await.sampled);
    assert_eq!((by("no-flag").await, by("sampled").await), (1, 0));
    assert_eq!(site.ledger.counts().await.unwrap().dispositions["no-flag"], 1);
}

#[tokio::test]
async fn nothing_sinks_and_nothing_old_pushes_a_stat_study_down() {
    let site = Site::new().await;
    let flag = |priority, at| Answer { given: Disposition::Flag, priority, at, ..Answer::default() };
    let old = site.study(flag(Priority::Routine, NOW - 6 * 3_600_000)).await;
    let older = site.study(flag(Priority::Routine, NOW - 7 * 3_600_000)).await;
    let urgent = site.study(flag(Priority::Urgent, NOW - 60_000)).await;
    let stat = site.study(flag(Priority::Stat, NOW - 1_000)).await;
    let silent = site.study(Answer::default()).await;
    let shadow =
        site.study(Answer { mode: TriageMode::Shadow, ..flag(Priority::Routine, NOW - 9 * 3_600_000) }).await;
    let query = ListQuery { limit: 9, waited_since: NOW - 4 * 3_600_000, ..ListQuery::default() };
    let order: Vec<String> = site.ledger.list(&query).await.unwrap().into_iter().map(|r| r.id).collect();
    assert_eq!(order, [&stat, &older, &old, &urgent, &silent, &shadow].map(Clone::clone));
    site.ledger.acknowledge(&older, "tech", NOW).await.unwrap();
    let order: Vec<String> = site.ledger.list(&query).await.unwrap().into_iter().map(|r| r.id).collect();
    assert_eq!(order[..2], [stat, old]);
}

#[tokio::test]
async fn open_flags_are_called_about_until_acknowledged_and_failed_calls_do_not_count_as_made() {
    let site = Site::new().await;
    let flag = |mode| Answer { given: Disposition::Flag, mode, ..Answer::default() };
    let study = site.study(flag(TriageMode::Assist)).await;
    site.study(flag(TriageMode::Shadow)).await;
    let open = || async { site.ledger.open_flags(0, false).await.unwrap() };
    assert_eq!(open().await.iter().map(|f| &f.study).collect::<Vec<_>>(), [&study], "shadow calls nobody");
    let call = |n: u32, fault| {
        let (ledger, study) = (site.ledger.clone(), study.clone());
        async move { ledger.record_call((&study, 1), (n, "duty"), fault, NOW + i64::from(n)).await.unwrap() }
    };
    assert!(call(0, None).await);
    assert!(!call(0, None).await, "the same call again changes nothing");
    assert!(call(1, Some("no answer")).await && call(2, Some("no answer")).await);
    let flag = open().await.remove(0);
    assert_eq!((flag.tried, flag.failed, flag.last), (3, 2, Some(NOW + 2)));
    // After a start with a clock that was set back.
    site.ledger.record_call((&study, 1), (3, "duty"), None, NOW - 3_600_000).await.unwrap();
    let flag = open().await.remove(0);
    assert_eq!(
        (flag.tried, flag.failed, flag.last),
        (4, 0, Some(NOW - 3_600_000)),
        "the last, not the latest"
    );
    assert!(
        site.ledger.open_flags(NOW + 1, false).await.unwrap().is_empty(),
        "what lay here before is not called about"
    );
    assert!(site.ledger.open_flags(0, true).await.unwrap().is_empty(), "nor what triage said, now in shadow");
    site.ledger.acknowledge(&study, "tech", NOW).await.unwrap();
    assert!(open().await.is_empty());
    assert_eq!(site.ledger.outcomes().await.unwrap().calls, (2, 2));
}

#[tokio::test]
async fn a_stat_that_a_person_raised_is_called_about_in_shadow_mode_too_from_then_on() {
    let site = Site::new().await;
    let study = site.study(Answer { mode: TriageMode::Shadow, ..Answer::default() }).await;
    let open = |since| {
        let ledger = site.ledger.clone();
        async move { ledger.open_flags(since, true).await.unwrap() }
    };
    assert!(open(0).await.is_empty());
    site.ledger.raise_to_stat(&study, "tech", NOW + 5_000).await.unwrap();
    site.ledger.raise_to_stat(&study, "tech", NOW + 9_000).await.unwrap();
    let flag = open(NOW + 1_000).await.remove(0);
    assert_eq!((flag.study, flag.priority.as_str(), flag.since), (study, "STAT", NOW + 5_000));
}

#[tokio::test]
async fn a_persons_stat_outlives_what_triage_says_of_a_later_image() {
    let site = Site::new().await;
    let quietly = || Answer { given: Disposition::Escalate, mode: TriageMode::Shadow, ..Answer::default() };
    let study = site.study(quietly()).await;
    site.ledger.raise_to_stat(&study, "tech", NOW).await.unwrap();
    assert_eq!(site.later(quietly()).await, study);
    let detail = site.ledger.detail(&study).await.unwrap();
    assert_eq!((detail.row.revision, detail.row.priority.as_str()), (2, "STAT"));
    assert_eq!(detail.case.unwrap().priority, Priority::Stat);
    assert_eq!(site.ledger.open_flags(0, true).await.unwrap().len(), 1);
}

#[tokio::test]
async fn raising_a_flag_to_stat_does_not_start_its_clock_anew() {
    let site = Site::new().await;
    let flag = Answer { given: Disposition::Flag, ..Answer::default() };
    let study = site.study(Answer { mode: TriageMode::Assist, ..flag }).await;
    site.ledger.raise_to_stat(&study, "tech", NOW + 5_000).await.unwrap();
    let open = site.ledger.open_flags(0, false).await.unwrap().remove(0);
    assert_eq!((open.priority.as_str(), open.since), ("STAT", NOW));
}

#[tokio::test]
async fn outcomes_count_answers_reads_and_overrides() {
    let site = Site::new().await;
    let given = |given| Answer { given, ..Answer::default() };
    let study = site.study(sampled("share")).await;
    site.study(given(Disposition::Flag)).await;
    site.study(given(Disposition::Escalate)).await;
    site.read(&study, true).await.unwrap();
    site.ledger.count_override(&study, 1, "tech", Override::Escalated, NOW).await.unwrap();
    let o = site.ledger.outcomes().await.unwrap();
    assert_eq!((o.answered, o.no_flag, o.flag, o.escalated_between), (3, 1, 1, 1));
    assert_eq!((o.reads, o.reads_against, o.unread, o.overrides["escalated"]), (1, 1, 0, 1));
    assert!((o.local_share.unwrap() - 2.0 / 3.0).abs() < 1e-9);
    assert_eq!((o.to_verdict.count, o.to_open.count), (3, 0));
    site.ledger.note_opened(&study, NOW + 5_000).await.unwrap();
    assert_eq!(site.ledger.outcomes().await.unwrap().to_open.p50, 5_000);
}
