//! A clock that is set, forward or back, buries no case and keeps none for good.
use super::*;

const DAY: Millis = 86_400_000;

#[tokio::test]
async fn a_clock_set_forward_ends_leases_and_costs_nothing() {
    let h = House::new().await;
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
    let h = House::new().await;
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
