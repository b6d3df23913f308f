//! Behaviours of the courier against a cloud in this process, behind a link that can be cut at any byte.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cloud;
mod home;
mod link;

use std::sync::Arc;
use std::time::Duration;

use domain::case_state::CaseState;
use proto::case::Priority;
use proto::tls::CloudUrl;
use tokio_util::sync::CancellationToken;

use super::*;
use cloud::Cloud;
use home::Home;
use link::CuttingLink;

/// One site with its courier's surroundings.
struct Site {
    _folder: tempfile::TempDir,
    identity: Arc<Identity>,
    home: Home,
}

async fn enrolled(cloud: &Cloud) -> Site {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("identity");
    let enrolment = enrol(&cloud.url(), &cloud.token(), &place).await.unwrap();
    let identity = Arc::new(Identity::load(&place).unwrap());
    assert_eq!(identity.site(), enrolment.site);
    let home = Home::new(folder.path()).await;
    Site { _folder: folder, identity, home }
}

/// Who an enrolled site is, for tests of other rooms.
pub(crate) async fn identity() -> Arc<Identity> {
    enrolled(&Cloud::start().await).await.identity
}

fn config(url: CloudUrl) -> Config {
    Config {
        cloud: Some(url),
        without_model: vec![],
        identity: "unused".into(),
        retry_first: Duration::from_millis(2),
        retry_max: Duration::from_millis(20),
    }
}

/// A courier that runs until the guard is dropped.
struct Running {
    stop: CancellationToken,
    wake: Wake,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(Duration::from_secs(2), self.task).await.expect("stops at once").unwrap();
    }
}

fn start(site: &Site, url: CloudUrl) -> Running {
    let courier = Courier::new(&config(url), Arc::clone(&site.identity), site.home.queue.clone()).unwrap();
    let (stop, wake) = (CancellationToken::new(), courier.waker());
    let task = tokio::spawn(courier.run(stop.clone()));
    Running { stop, wake, task }
}

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

#[tokio::test]
async fn cases_go_out_and_reports_come_home() {
    let cloud = Cloud::start().await;
    let site = enrolled(&cloud).await;
    let sizes = [1, 100 * KIB, 3 * MIB];
    for size in sizes {
        site.home.add_case(&site.identity, Priority::Routine, size).await;
    }
    let running = start(&site, cloud.url());
    site.home.until(async || site.home.confirmed().await == sizes.len()).await;
    running.stop().await;
    cloud.assert_each_committed_once(&site.home);
    site.home.assert_each_answered_once().await;
    assert!(site.home.cloud_is_up());
}

#[tokio::test]
async fn cut_at_random_bytes_every_case_arrives_exactly_once() {
    let cloud = Cloud::start().await;
    let site = enrolled(&cloud).await;
    let mut total = 0;
    for size in [700 * KIB, 1, MIB, 2 * MIB + 17, 4 * MIB, 300 * KIB] {
        let envelope = site.home.add_case(&site.identity, Priority::Routine, size).await;
        total += site.home.made()[&envelope].bytes.len() as u64;
    }
    let cuts = 40;
    let link = CuttingLink::start(cloud.port(), 20_261_121, cuts, 3 * MIB as u64).await;
    let running = start(&site, link.url());
    let cases = site.home.made().len();
    site.home.until(async || site.home.confirmed().await == cases).await;
    running.stop().await;
    cloud.assert_each_committed_once(&site.home);
    site.home.assert_each_answered_once().await;
    assert!(link.cuts() > 5, "the link was cut {} times only", link.cuts());
    assert_eq!(cloud.doubled_parts(), 0, "no part was sent that the cloud had");
    // Each cut may cost one part under way, and a handshake with the questions.
    let allowed = total + link.cuts() * (MIB as u64 + 64 * KIB as u64) + 256 * KIB as u64;
    assert!(link.bytes_up() <= allowed, "{} bytes over {allowed}", link.bytes_up());
}

#[tokio::test]
async fn stopped_anywhere_and_started_again_every_case_arrives_exactly_once() {
    let cloud = Cloud::start().await;
    let site = enrolled(&cloud).await;
    for size in [MIB, 3 * MIB, 10 * KIB, 5 * MIB] {
        site.home.add_case(&site.identity, Priority::Urgent, size).await;
    }
    // Stops at the n-th write the ledger sees, so that every hand-over is interrupted once.
    for stop_at in 1..=40 {
        let running = start(&site, cloud.url());
        let seen = site.home.writes().await;
        let done = site.home.until_or_done(seen + stop_at % 5).await;
        running.stop().await;
        if done {
            break;
        }
    }
    let running = start(&site, cloud.url());
    site.home.until(async || site.home.confirmed().await == site.home.made().len()).await;
    running.stop().await;
    cloud.assert_each_committed_once(&site.home);
    site.home.assert_each_answered_once().await;
    assert_eq!(cloud.doubled_parts(), 0);
}

#[tokio::test]
async fn a_stat_case_overtakes_a_routine_one_on_its_way() {
    let cloud = Cloud::start().await;
    let site = enrolled(&cloud).await;
    let routine = site.home.add_case(&site.identity, Priority::Routine, 30 * MIB).await;
    let running = start(&site, cloud.url());
    site.home.until(async || site.home.row(routine).await.parts_sent > 0).await;
    assert_eq!(site.home.received().await, 0);
    let stat = site.home.add_case(&site.identity, Priority::Stat, MIB).await;
    running.wake.wake();
    site.home.until(async || site.home.received().await == 2).await;
    running.stop().await;
    assert_eq!(cloud.commits(), [stat, routine].map(|envelope| site.home.made()[&envelope].case));
}

#[tokio::test]
async fn a_wake_sends_what_was_sealed_meanwhile() {
    let cloud = Cloud::start_with(|policy| policy.poll_seconds = 60).await;
    let site = enrolled(&cloud).await;
    let running = start(&site, cloud.url());
    site.home.until(async || site.home.cloud_is_up()).await;
    site.home.add_case(&site.identity, Priority::Routine, KIB).await;
    running.wake.wake();
    site.home.until(async || site.home.received().await == 1).await;
    running.stop().await;
}

#[tokio::test]
async fn while_the_cloud_is_away_the_site_knows_since_when() {
    let cloud = Cloud::start().await;
    let site = enrolled(&cloud).await;
    let link = CuttingLink::start(cloud.port(), 1, u64::MAX, 0).await;
    site.home.add_case(&site.identity, Priority::Routine, KIB).await;
    let running = start(&site, link.url());
    // The last of what is written about an absence.
    let why = async || site.home.fact("cloud_away_why").await;
    site.home.until(async || why().await.as_deref() == Some("no connection")).await;
    assert!(site.home.fact("cloud_away_since").await.is_some());
    site.home.ledger().set_fact("cloud_away_why", None).await.unwrap();
    link.until_cuts(5).await;
    assert_eq!(site.home.fact("cloud_away_why").await, None, "told once, not at every failure");
    link.mend();
    site.home.until(async || site.home.confirmed().await == 1).await;
    assert_eq!(site.home.fact("cloud_away_since").await, None);
    assert!(site.home.cloud_is_up());
    running.stop().await;
}

#[tokio::test]
async fn a_site_the_cloud_revoked_is_told_so() {
    let cloud = Cloud::start().await;
    let site = enrolled(&cloud).await;
    cloud.forget_sites();
    site.home.add_case(&site.identity, Priority::Routine, KIB).await;
    let running = start(&site, cloud.url());
    let why = async || site.home.fact("cloud_away_why").await;
    site.home.until(async || why().await.as_deref() == Some("the cloud refuses this site")).await;
    running.stop().await;
    assert_eq!(site.home.received().await, 0);
    assert_eq!(site.home.rows().await[0].state, CaseState::Sealed, "it waits: nothing is wrong with it");
}

#[tokio::test]
async fn one_poisoned_case_does_not_stop_the_others() {
    let cloud = Cloud::start().await;
    let site = enrolled(&cloud).await;
    let poisoned = site.home.add_case(&site.identity, Priority::Stat, KIB).await;
    cloud.poison(poisoned);
    for _ in 0..3 {
        site.home.add_case(&site.identity, Priority::Routine, KIB).await;
    }
    let running = start(&site, cloud.url());
    let tried = async || site.home.row(poisoned).await.attempts > 1;
    site.home.until(async || site.home.confirmed().await == 3 && tried().await).await;
    running.stop().await;
    assert_eq!(site.home.row(poisoned).await.received_at, None);
}

#[tokio::test]
async fn an_envelope_that_cannot_be_opened_does_not_stop_the_others() {
    let cloud = Cloud::start().await;
    let site = enrolled(&cloud).await;
    let missing = site.home.add_case(&site.identity, Priority::Stat, KIB).await;
    std::fs::remove_file(site.home.path(missing)).unwrap();
    site.home.add_case(&site.identity, Priority::Routine, KIB).await;
    let running = start(&site, cloud.url());
    let tried = async || site.home.row(missing).await.attempts > 1;
    site.home.until(async || site.home.confirmed().await == 1 && tried().await).await;
    running.stop().await;
    assert!(
        site.home.cloud_is_up() && site.home.fact("cloud_away_since").await.is_none(),
        "the link stayed up"
    );
}

#[tokio::test]
async fn a_receipt_with_another_digest_is_not_believed() {
    let cloud = Cloud::start().await;
    let site = enrolled(&cloud).await;
    let case = site.home.add_case(&site.identity, Priority::Routine, KIB).await;
    cloud.lie_in_receipts(true);
    let running = start(&site, cloud.url());
    site.home.until(async || site.home.row(case).await.next_attempt > 0).await;
    // A report may come home all the same; what was sealed stays until a receipt can be believed.
    assert!(site.home.path(case).exists());
    cloud.lie_in_receipts(false);
    site.home.until(async || site.home.received().await == 1).await;
    running.stop().await;
}

#[tokio::test]
async fn a_damaged_envelope_and_a_superseded_one_are_let_go() {
    let cloud = Cloud::start().await;
    let site = enrolled(&cloud).await;
    let damaged = site.home.add_case(&site.identity, Priority::Routine, 2 * MIB).await;
    site.home.truncate(damaged);
    let running = start(&site, cloud.url());
    site.home.until(async || site.home.row(damaged).await.state == CaseState::Failed).await;
    let fault = site.home.row(damaged).await.fault;
    assert_eq!(fault.as_deref(), Some("the envelope on disk is not what was sealed"));
    running.stop().await;
    let older = site.home.add_case(&site.identity, Priority::Routine, KIB).await;
    cloud.supersede(older);
    let running = start(&site, cloud.url());
    site.home.until(async || site.home.row(older).await.state == CaseState::Leaving).await;
    assert!(!site.home.path(older).exists(), "the one on disk is let go");
    site.home.add_case(&site.identity, Priority::Routine, KIB).await;
    running.wake.wake();
    site.home.until(async || site.home.confirmed().await == 1).await;
    running.stop().await;
}

#[tokio::test]
async fn a_cloud_stopped_between_last_part_and_commit_is_asked_again() {
    let cloud = Cloud::start().await;
    let site = enrolled(&cloud).await;
    site.home.add_case(&site.identity, Priority::Routine, 2 * MIB).await;
    cloud.stop_before_commits(2);
    let running = start(&site, cloud.url());
    site.home.until(async || site.home.confirmed().await == 1).await;
    running.stop().await;
    cloud.assert_each_committed_once(&site.home);
}

#[tokio::test]
async fn a_report_of_a_stranger_or_an_unwanted_draft_stays_away() {
    let cloud = Cloud::start_with(|policy| policy.unsigned_drafts = false).await;
    let site = enrolled(&cloud).await;
    site.home.add_case(&site.identity, Priority::Routine, KIB).await;
    let running = start(&site, cloud.url());
    site.home.until(async || site.home.rows().await[0].fault.is_some()).await;
    running.stop().await;
    assert_eq!(site.home.rows().await[0].state, CaseState::Received, "no report was taken");

    let cloud = Cloud::start().await;
    cloud.answer_as_stranger();
    let site = enrolled(&cloud).await;
    site.home.add_case(&site.identity, Priority::Routine, KIB).await;
    let running = start(&site, cloud.url());
    site.home.until(async || site.home.rows().await[0].fault.is_some()).await;
    running.stop().await;
    assert_eq!(site.home.rows().await[0].state, CaseState::Received, "no report was taken");
    assert_eq!(cloud.confirmed(), 0);
}

#[tokio::test]
async fn a_case_taken_back_is_told_to_the_cloud() {
    let cloud = Cloud::start().await;
    let site = enrolled(&cloud).await;
    let envelope = site.home.add_case(&site.identity, Priority::Routine, KIB).await;
    // Half of it is at the cloud when somebody stops it.
    site.home.ledger().record_progress(&envelope.to_string(), 0, 1, 0).await.unwrap();
    let case = site.home.row(envelope).await;
    site.home.ledger().move_case(&case.id, &[CaseState::Sending], CaseState::Stopped, None).await.unwrap();
    let running = start(&site, cloud.url());
    site.home.until(async || site.home.ledger().withdrawals().await.unwrap().is_empty()).await;
    running.stop().await;
    assert_eq!(cloud.withdrawn(), [site.home.made()[&envelope].case]);
}

#[tokio::test]
async fn enrolment_needs_the_right_token_once_and_overwrites_nothing() {
    use std::os::unix::fs::PermissionsExt as _;
    let cloud = Cloud::start().await;
    let other = Cloud::start().await;
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("identity");
    let token = cloud.token();
    // Another authority: refused before anything is sent.
    let wrong = enrol(&cloud.url(), &other.token(), &place).await.unwrap_err();
    assert!(matches!(wrong, Error::Transport(proto::tls::Error::Handshake)), "{wrong:?}");
    assert!(!place.exists());
    enrol(&cloud.url(), &token, &place).await.unwrap();
    for file in std::fs::read_dir(&place).unwrap() {
        assert_eq!(file.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    let keys = std::fs::read(place.join("keys.pem")).unwrap();
    assert_eq!(enrol(&cloud.url(), &cloud.token(), &place).await.unwrap_err(), Error::Enrolled);
    assert_eq!(std::fs::read(place.join("keys.pem")).unwrap(), keys);
    let again = enrol(&cloud.url(), &token, &folder.path().join("other")).await;
    assert_eq!(again.unwrap_err(), Error::Token);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no half-made folder stays behind");
}
