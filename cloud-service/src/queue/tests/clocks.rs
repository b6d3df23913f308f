//! A clock that is set, forward or back, buries no case and keeps none for good.
use proto::clock::SteadyClock;

use super::*;

const START: Millis = 1_800_000_000_000;
const HOUR: Millis = 3_600_000;
const DAY: Millis = 24 * HOUR;

#[tokio::test]
async fn a_clock_set_forward_ends_leases_and_costs_nothing() {
    let h = TestQueue::new().await;
    let case = h.ready("c", 0, 0).await;
    for n in 1..=5 {
        let now = n * DAY;
        let c = h.queue.claim_next("m", &format!("t{n}"), &LIMITS, now).await.unwrap().unwrap();
        assert_eq!(c.attempt, 1);
        assert_eq!(h.queue.expire_leases(&LIMITS, now + DAY / 2).await.unwrap(), 1);
    }
    assert_eq!(h.queue.case(case).await.unwrap().state, CaseState::Ready);
}

#[tokio::test]
async fn a_clock_set_back_keeps_no_case_and_no_lease_for_good() {
    let h = TestQueue::new().await;
    let (first, second) = (h.ready("c1", 2, 0).await, h.ready("c2", 2, 1).await);
    let one = h.queue.claim_next("m", "t1", &LIMITS, DAY).await.unwrap().unwrap();
    let two = h.queue.claim_next("m", "t2", &LIMITS, DAY).await.unwrap().unwrap();
    assert_eq!((one.case, two.case), (first, second));
    let why = Released::Failed("the reader's model failed".into());
    h.queue.let_go(first, "t1", &why, &LIMITS, DAY).await.unwrap();
    // A day back. The failed case does not wait for a tomorrow that was none, the other's silent holder has lost it.
    assert_eq!(h.queue.claim_next("m", "t3", &LIMITS, 100).await.unwrap().unwrap().case, first);
    assert_eq!(h.queue.renew(second, "t2", &LIMITS, 100).await, Err(Error::LeaseLost));
    assert_eq!(h.queue.claim_next("m", "t4", &LIMITS, 200).await.unwrap().unwrap().case, second);
    // A step of less than a lease, as time servers make them, ends nothing.
    assert_eq!(h.queue.expire_leases(&LIMITS, 0).await.unwrap(), 0);
    assert!(h.queue.renew(second, "t4", &LIMITS, 0).await.is_ok());
}

#[tokio::test]
async fn whichever_way_the_clock_is_set_a_lease_lasts_as_long_as_it_should() {
    for by in [-HOUR, HOUR, 26 * 365 * 24 * HOUR] {
        let h = TestQueue::new().await;
        let case = h.ready("c1", 2, START).await;
        let mut time = SteadyClock::begin(START, 0);
        h.queue.claim_next("r", "t", &LIMITS, START).await.unwrap().unwrap();
        // Set right after the claim: the holder renews in its time, ten times, and is still the holder.
        let mut passed = 0;
        for _ in 0..10 {
            passed += LIMITS.lease / 3;
            let now = time.read(START + by + passed, passed);
            assert_eq!(h.queue.expire_leases(&LIMITS, now).await.unwrap(), 0, "{by}");
            h.queue.renew(case, "t", &LIMITS, now).await.unwrap();
        }
        // It dies: the lease ends once, in its time.
        passed += LIMITS.lease * 11 / 10;
        let now = time.read(START + by + passed, passed);
        assert_eq!(h.queue.expire_leases(&LIMITS, now).await.unwrap(), 1, "{by}");
    }
}

#[tokio::test]
async fn a_start_after_the_clock_was_set_back_keeps_nobody_waiting_and_no_session_longer() {
    let h = TestQueue::new().await;
    h.queue.add_user("ada", "code", false, 9_000, 1_000).await.unwrap();
    let failed = h.ready("c1", 2, 5_000_000).await;
    h.queue.claim_next("r", "t", &LIMITS, 5_000_000).await.unwrap().unwrap();
    h.queue.let_go(failed, "t", &Released::Failed("x".into()), &LIMITS, 5_000_000).await.unwrap();
    let held = h.ready("c2", 2, 5_000_000).await;
    h.queue.claim_case(held, "ada", "t", false, &LIMITS, 5_000_000).await.unwrap();
    h.queue.open_session("ada", "old", "c", 20_000_000, 100_000).await.unwrap();
    h.queue.open_session("ada", "ahead", "c", 20_000_000, 5_000_000).await.unwrap();

    let now = 1_400_000;
    h.queue.start_time(LIMITS.lease, now).await.unwrap();
    let again = h.queue.claim_next("r", "t", &LIMITS, now).await.unwrap();
    assert_eq!(again.map(|c| c.case), Some(failed), "its pause is over");
    assert_eq!(h.queue.expire_leases(&LIMITS, now + LIMITS.lease - 1).await.unwrap(), 0);
    assert_eq!(h.queue.expire_leases(&LIMITS, now + LIMITS.lease).await.unwrap(), 2, "no longer than any");
    assert!(h.queue.session("old", now).await.unwrap().is_some());
    assert!(h.queue.session("ahead", now).await.unwrap().is_none(), "nobody knows what is left of it");
}

#[tokio::test]
async fn after_a_clock_that_was_a_year_ahead_nothing_that_waits_sinks() {
    let h = TestQueue::new().await;
    let year = 365 * DAY;
    let early = h.ready("c0", 2, START - HOUR).await;
    let old = h.ready("c1", 2, START + year).await;
    let unfinished = announced("e-2", "c2", 2, 3);
    h.queue.begin_envelope(&unfinished, START + year).await.unwrap();
    h.queue.note_part(SITE, "e-2", 0, 10, b"d", START + year).await.unwrap();

    h.queue.start_time(LIMITS.lease, START).await.unwrap();
    assert_eq!(h.queue.case(early).await.unwrap().queued_at, Some(START - HOUR));
    assert_eq!(h.queue.case(old).await.unwrap().queued_at, Some(START));
    let new = h.ready("c3", 2, START + 1).await;
    for (n, case) in [early, old, new].into_iter().enumerate() {
        let claim = h.queue.claim_next("m", &format!("t{n}"), &LIMITS, START + 2).await.unwrap();
        assert_eq!(claim.map(|c| c.case), Some(case));
    }
    assert_eq!(h.queue.forget_unfinished(START, START + DAY).await.unwrap(), 0);
    assert_eq!(h.queue.forget_unfinished(START + 1, START + DAY).await.unwrap(), 1);
}
