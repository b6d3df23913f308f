//! Any sequence of operations leaves every case in one state, with at most one lease, and no case lost.
use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Arrive(u8),
    Claim,
    Fail,
    Draft(bool),
    Pass(u16),
    Bury(u8),
    Seal,
    Confirm,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..3_u8).prop_map(Step::Arrive),
        Just(Step::Claim),
        Just(Step::Claim),
        Just(Step::Fail),
        any::<bool>().prop_map(Step::Draft),
        (0..3_000_u16).prop_map(Step::Pass),
        (0..8_u8).prop_map(Step::Bury),
        Just(Step::Seal),
        Just(Step::Confirm),
    ]
}

async fn play(steps: &[Step]) {
    let h = TestQueue::new().await;
    let (mut now, mut made, mut claims) = (0_i64, 0_usize, Vec::<Claim>::new());
    for (n, s) in steps.iter().enumerate() {
        match s {
            Step::Arrive(p) => {
                h.ready(&format!("c{made}"), *p, now).await;
                made += 1;
            }
            Step::Claim => {
                let c = h.queue.claim_next("m", &format!("t{n}"), &LIMITS, now).await.unwrap();
                if let Some(c) = c {
                    assert!(!claims.iter().any(|o| o.case == c.case && o.until > now), "two live leases");
                    assert!(c.attempt <= LIMITS.attempts);
                    claims.push(c);
                }
            }
            Step::Fail => {
                if let Some(c) = claims.pop() {
                    let _ =
                        h.queue.let_go(c.case, &c.token, &Released::Failed("x".into()), &LIMITS, now).await;
                }
            }
            Step::Draft(leave) => {
                if let Some(c) = claims.pop() {
                    let done = h.queue.store_draft(c.case, &c.token, &draft(now), "{}", *leave).await;
                    // A lease that ended (or was taken by a burial) never brings a draft.
                    assert!(done.is_ok() || done == Err(Error::LeaseLost));
                    assert!(done.is_err() || c.until > now);
                }
            }
            Step::Pass(ms) => now += i64::from(*ms),
            Step::Bury(n) => {
                let _ = h.queue.bury(i64::from(*n), "ada", "why", now).await;
            }
            Step::Seal => {
                for r in h.queue.to_seal(9).await.unwrap() {
                    h.queue.store_report(&sealed(&format!("r{}", r.case), r.case), now).await.unwrap();
                }
            }
            Step::Confirm => {
                for r in h.queue.reports_to_collect(SITE, 9).await.unwrap() {
                    h.queue.confirm_report(SITE, &r.id, &r.digest, now).await.unwrap();
                }
            }
        }
    }
    let all = h.queue.cases(&CaseFilter { finished: true, ..CaseFilter::default() }).await.unwrap();
    assert_eq!(all.len(), made, "no case is lost or doubled");
    let counted: BTreeMap<&str, u64> =
        h.queue.counts().await.unwrap().into_iter().map(|(s, n)| (s.word(), n)).collect();
    for c in &all {
        assert_eq!(c.lease.is_some(), c.state == CaseState::Leased);
        assert!(c.state != CaseState::Buried || !c.reason.is_empty(), "a burial has a reason");
        assert!(counted[c.state.word()] > 0);
    }
    assert_eq!(counted.values().sum::<u64>(), u64::try_from(made).unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_sequence_loses_or_doubles_a_case(steps in proptest::collection::vec(step(), 1..60)) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(play(&steps));
    }
}
