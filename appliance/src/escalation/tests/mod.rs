//! Behaviours of the courier against a cloud in this process, behind a link that can be cut at any byte.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cloud;
mod house;
mod link;

use std::sync::Arc;
use std::time::Duration;

use proto::case::Priority;
use proto::tls::CloudUrl;
use tokio_util::sync::CancellationToken;

use super::*;
use cloud::Cloud;
use house::House;
use link::CuttingLink;

/// One site with its courier's surroundings.
struct Site {
    _folder: tempfile::TempDir,
    identity: Arc<Identity>,
    house: Arc<House>,
}

async fn enrolled(cloud: &Cloud) -> Site {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("identity");
    let enrolment = enrol(&cloud.url(), &cloud.token(), &place).await.unwrap();
    let identity = Arc::new(Identity::load(&place).unwrap());
    assert_eq!(identity.site(), enrolment.site);
    let house = Arc::new(House::new(folder.path()));
    Site { _folder: folder, identity, house }
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
    let courier = Courier::new(&config(url), Arc::clone(&site.identity), Arc::clone(&site.house)).unwrap();
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
        site.house.add_case(&site.identity, Priority::Routine, size);
    }
    let running = start(&site, cloud.url());
    site.house.until(|house| house.confirmed.len() == sizes.len()).await;
    running.stop().await;
    cloud.assert_each_committed_once(&site.house);
    site.house.assert_each_answered_once();
    assert!(matches!(site.house.look(|house| house.links.last().copied()), Some(Link::Up { .. })));
}

#[tokio::test]
async fn cut_at_random_bytes_every_case_arrives_exactly_once() {
    let cloud = Cloud::start().await;
    let site = enrolled(&cloud).await;
    let mut total = 0;
    for size in [700 * KIB, 1, MIB, 2 * MIB + 17, 4 * MIB, 300 * KIB] {
        total += site.house.add_case(&site.identity, Priority::Routine, size);
    }
    let cuts = 40;
    let link = CuttingLink::start(cloud.port(), 20_261_121, cuts, 3 * MIB as u64).await;
    let running = start(&site, link.url());
    let cases = site.house.look(|house| house.cases.len());
    site.house.until(|house| house.confirmed.len() == cases).await;
    running.stop().await;
    cloud.assert_each_committed_once(&site.house);
    site.house.assert_each_answered_once();
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
        site.house.add_case(&site.identity, Priority::Urgent, size);
    }
    // Stops at the n-th write the house sees, so that every hand-over is interrupted once.
    for stop_at in 1..=40 {
        let running = start(&site, cloud.url());
        let seen = site.house.look(|house| house.writes);
        let done = site.house.until_or_done(seen + stop_at % 5).await;
        running.stop().await;
        if done {
            break;
        }
    }
    let running = start(&site, cloud.url());
    site.house.until(|house| house.confirmed.len() == house.cases.len()).await;
    running.stop().await;
    cloud.assert_each_committed_once(&site.house);
    site.house.assert_each_answered_once();
    assert_eq!(cloud.doubled_parts(), 0);
}

#[tokio::test]
async fn a_stat_case_overtakes_a_routine_one_on_its_way() {
    let cloud = Cloud::start().await;
    let site = enrolled(&cloud).await;
    site.house.add_case(&site.identity, Priority::Routine, 30 * MIB);
    let running = start(&site, cloud.url());
    site.house.until(|house| house.progress > 0).await;
    assert!(site.house.look(|house| house.received.is_empty()));
    site.house.add_case(&site.identity, Priority::Stat, MIB);
    running.wake.wake();
    site.house.until(|house| house.received.len() == 2).await;
    running.stop().await;
    let order = site.house.look(|house| house.received.clone());
    assert_eq!(site.house.priority_of(order[0]), Priority::Stat);
}

#[tokio::test]
async fn a_wake_sends_what_was_sealed_meanwhile() {
    let cloud = Cloud::start_with(|policy| policy.poll_seconds = 60).await;
    let site = enrolled(&cloud).await;
    let running = start(&site, cloud.url());
    site.house.until(|house| matches!(house.links.last(), Some(Link::Up { .. }))).await;
    site.house.add_case(&site.identity, Priority::Routine, KIB);
    running.wake.wake();
    site.house.until(|house| house.received.len() == 1).await;
    running.stop().await;
}

#[tokio::test]
async fn while_the_cloud_is_away_the_house_knows_since_when() {
    let cloud = Cloud::start().await;
    let site = enrolled(&cloud).await;
    let link = CuttingLink::start(cloud.port(), 1, u64::MAX, 0).await;
    site.house.add_case(&site.identity, Priority::Routine, KIB);
    let running = start(&site, link.url());
    link.until_cuts(5).await;
    let links = site.house.look(|house| house.links.clone());
    assert_eq!(links.len(), 1, "told once, not at every failure: {links:?}");
    assert!(matches!(links[0], Link::Away { why: Away::Unreachable, .. }));
    link.mend();
    site.house.until(|house| house.confirmed.len() == 1).await;
    assert!(matches!(site.house.look(|house| house.links.last().copied()), Some(Link::Up { .. })));
    running.stop().await;
}

#[tokio::test]
async fn a_site_the_cloud_revoked_is_told_so() {
    let cloud = Cloud::start().await;
    let site = enrolled(&cloud).await;
    cloud.forget_sites();
    site.house.add_case(&site.identity, Priority::Routine, KIB);
    let running = start(&site, cloud.url());
    site.house.until(|house| matches!(house.links.last(), Some(Link::Away { why: Away::Refused, .. }))).await;
    running.stop().await;
    assert!(site.house.look(|house| house.received.is_empty() && house.refused.is_empty()));
}

#[tokio::test]
async fn one_poisoned_case_does_not_stop_the_others() {
    let cloud = Cloud::start().await;
    let site = enrolled(&cloud).await;
    site.house.add_case(&site.identity, Priority::Stat, KIB);
    let poisoned = site.house.look(|house| *house.cases.keys().next().unwrap());
    cloud.poison(poisoned);
    for _ in 0..3 {
        site.house.add_case(&site.identity, Priority::Routine, KIB);
    }
    let running = start(&site, cloud.url());
    site.house.until(|house| house.confirmed.len() == 3 && house.postponed > 1).await;
    running.stop().await;
    assert!(!site.house.look(|house| house.received.contains(&poisoned)));
}

#[tokio::test]
async fn an_envelope_that_cannot_be_opened_does_not_stop_the_others() {
    let cloud = Cloud::start().await;
    let site = enrolled(&cloud).await;
    site.house.add_case(&site.identity, Priority::Stat, KIB);
    let missing = site.house.look(|house| *house.cases.keys().next().unwrap());
    std::fs::remove_file(site.house.path(missing)).unwrap();
    site.house.add_case(&site.identity, Priority::Routine, KIB);
    let running = start(&site, cloud.url());
    site.house.until(|house| house.confirmed.len() == 1 && house.postponed > 1).await;
    running.stop().await;
    assert_eq!(site.house.look(|house| house.links.len()), 1, "the link stayed up");
}

#[tokio::test]
async fn a_receipt_with_another_digest_is_not_believed() {
    let cloud = Cloud::start().await;
    let site = enrolled(&cloud).await;
    site.house.add_case(&site.identity, Priority::Routine, KIB);
    cloud.lie_in_receipts(true);
    let running = start(&site, cloud.url());
    site.house.until(|house| house.postponed > 2).await;
    assert!(site.house.look(|house| house.received.is_empty()));
    cloud.lie_in_receipts(false);
    site.house.until(|house| house.received.len() == 1).await;
    running.stop().await;
}

#[tokio::test]
async fn a_damaged_envelope_and_a_superseded_one_are_let_go() {
    let cloud = Cloud::start().await;
    let site = enrolled(&cloud).await;
    site.house.add_case(&site.identity, Priority::Routine, 2 * MIB);
    let damaged = site.house.look(|house| *house.cases.keys().next().unwrap());
    site.house.truncate(damaged);
    let running = start(&site, cloud.url());
    site.house.until(|house| house.refused == [(damaged, Refusal::Damaged)]).await;
    running.stop().await;
    site.house.add_case(&site.identity, Priority::Routine, KIB);
    let older = site.house.look(|house| *house.cases.keys().next().unwrap());
    cloud.supersede(older);
    let running = start(&site, cloud.url());
    site.house.until(|house| house.superseded == [(older, false)]).await;
    site.house.add_case(&site.identity, Priority::Routine, KIB);
    running.wake.wake();
    site.house.until(|house| house.confirmed.len() == 1).await;
    running.stop().await;
}

#[tokio::test]
async fn a_cloud_stopped_between_last_part_and_commit_is_asked_again() {
    let cloud = Cloud::start().await;
    let site = enrolled(&cloud).await;
    site.house.add_case(&site.identity, Priority::Routine, 2 * MIB);
    cloud.stop_before_commits(2);
    let running = start(&site, cloud.url());
    site.house.until(|house| house.confirmed.len() == 1).await;
    running.stop().await;
    cloud.assert_each_committed_once(&site.house);
}

#[tokio::test]
async fn a_report_of_a_stranger_or_an_unwanted_draft_stays_away() {
    let cloud = Cloud::start_with(|policy| policy.unsigned_drafts = false).await;
    let site = enrolled(&cloud).await;
    site.house.add_case(&site.identity, Priority::Routine, KIB);
    let running = start(&site, cloud.url());
    site.house.until(|house| house.reports_refused.len() == 1).await;
    running.stop().await;
    assert!(site.house.look(|house| house.reports.is_empty() && house.confirmed.is_empty()));

    let cloud = Cloud::start().await;
    cloud.answer_as_stranger();
    let site = enrolled(&cloud).await;
    site.house.add_case(&site.identity, Priority::Routine, KIB);
    let running = start(&site, cloud.url());
    site.house.until(|house| house.reports_refused.len() == 1).await;
    running.stop().await;
    assert!(site.house.look(|house| house.reports.is_empty() && house.confirmed.is_empty()));
    assert_eq!(cloud.confirmed(), 0);
}

#[tokio::test]
async fn a_case_taken_back_is_told_to_the_cloud() {
    let cloud = Cloud::start().await;
    let site = enrolled(&cloud).await;
    let case = proto::ids::CaseId::random().unwrap();
    site.house.withdraw(case);
    let running = start(&site, cloud.url());
    site.house.until(|house| house.withdrawals.is_empty()).await;
    running.stop().await;
    assert_eq!(cloud.withdrawn(), [case]);
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
