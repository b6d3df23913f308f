//! When studies count as stable: each signal alone, and all of them in any order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

fn arriving() -> Arriving {
    Arriving::new(Config {
        quiet: Duration::from_secs(30),
        after_release: Duration::from_secs(5),
        in_progress: Duration::from_secs(600),
    })
}

/// One step that ended at `at` and lists these, of which `here` have come in the opening that lasts.
fn ended(end: StepEnd, at: i64, listed: &[&str], here: &[&str]) -> Expected {
    Expected {
        in_progress: 0,
        ended: Some((end, at)),
        listed: listed.len(),
        missing: listed.iter().filter(|uid| !here.contains(uid)).map(|uid| (*uid).to_owned()).collect(),
        fresh: !here.is_empty(),
    }
}

#[test]
fn release_of_the_last_carrier_closes_after_a_pause() {
    let mut a = arriving();
    a.arrived("s", "1", "i", 0);
    a.arrived("s", "2", "j", 1_000);
    a.released("1", 2_000);
    assert!(a.take_stable(20_000).is_empty(), "association 2 still carries it");
    a.released("2", 20_000);
    assert!(a.take_stable(24_999).is_empty());
    assert_eq!(a.take_stable(25_000), vec![("s".to_owned(), StableReason::Released)]);
    assert!(a.take_stable(i64::MAX).is_empty(), "a study is taken once");
}

#[test]
fn a_study_whose_revision_could_not_be_made_is_stable_still_unless_more_has_come() {
    let mut a = arriving();
    a.arrived("s", "1", "i", 0);
    a.released("1", 1_000);
    let taken = a.take_stable(10_000);
    assert_eq!(taken, vec![("s".to_owned(), StableReason::Released)]);
    a.give_back("s", taken[0].1, 10_000);
    assert_eq!(a.take_stable(10_000), taken, "it waits for nothing but the ledger");
    a.give_back("s", taken[0].1, 10_000);
    a.arrived("s", "2", "j", 11_000);
    assert!(a.take_stable(11_000).is_empty());
    a.take_stable(i64::MAX);
    a.arrived("s", "3", "k", 50_000);
    a.give_back("s", taken[0].1, 50_000);
    assert!(a.take_stable(50_000).is_empty(), "more of it is arriving");
}

#[test]
fn a_lost_association_waits_for_quiet_time() {
    let mut a = arriving();
    a.arrived("s", "1", "i", 0);
    assert!(a.take_stable(29_999).is_empty());
    assert_eq!(a.take_stable(30_000), vec![("s".to_owned(), StableReason::Quiet)]);
}

#[test]
fn a_new_arrival_takes_the_release_back() {
    let mut a = arriving();
    a.arrived("s", "1", "i", 0);
    a.released("1", 0);
    a.arrived("s", "2", "j", 4_000);
    assert!(a.take_stable(5_000).is_empty());
    assert_eq!(a.next_due(), Some(34_000));
}

#[test]
fn a_person_need_not_wait_and_a_recovered_study_closes_by_itself() {
    let mut a = arriving();
    a.arrived("s", "1", "i", 0);
    a.process_now("s");
    assert_eq!(a.take_stable(1), vec![("s".to_owned(), StableReason::Asked)]);
    a.recovered("t", 1_000);
    assert!(a.take_stable(5_999).is_empty());
    assert_eq!(a.take_stable(6_000), vec![("t".to_owned(), StableReason::Recovered)]);
}

#[test]
fn a_step_in_progress_keeps_a_study_open_through_releases_and_pauses() {
    let mut a = arriving();
    a.arrived("s", "1", "i", 0);
    a.expect("s", Expected { in_progress: 1, ..Expected::default() });
    a.released("1", 1_000);
    assert!(a.take_stable(599_999).is_empty());
    assert_eq!(a.take_stable(600_000), vec![("s".to_owned(), StableReason::Quiet)]);
}

#[test]
fn a_completed_step_closes_with_the_last_instance_it_lists_and_not_before() {
    let mut a = arriving();
    a.arrived("s", "1", "i", 0);
    a.expect("s", ended(StepEnd::Completed, 500, &["i", "j"], &["i"]));
    a.released("1", 1_000);
    assert_eq!(a.missing("s"), Some((1, 2)));
    assert!(a.take_stable(29_000).is_empty(), "the release says nothing while something is missing");
    a.arrived("s", "2", "j", 29_000);
    assert_eq!(a.take_stable(29_000), vec![("s".to_owned(), StableReason::Completed)]);
}

#[test]
fn what_a_step_lists_and_never_comes_is_waited_for_no_longer_than_quiet_time() {
    let mut a = arriving();
    a.arrived("s", "1", "i", 0);
    a.expect("s", ended(StepEnd::Completed, 10_000, &["i", "j"], &["i"]));
    assert!(a.take_stable(39_999).is_empty());
    assert_eq!(a.take_stable(40_000), vec![("s".to_owned(), StableReason::Short)]);
}

#[test]
fn a_discontinued_step_counts_with_its_own_reason_and_an_empty_list_decides_nothing() {
    let mut a = arriving();
    a.arrived("s", "1", "i", 0);
    a.expect("s", ended(StepEnd::Discontinued, 500, &["i"], &["i"]));
    assert_eq!(a.take_stable(500), vec![("s".to_owned(), StableReason::Discontinued)]);
    a.arrived("t", "2", "i", 0);
    a.expect("t", ended(StepEnd::Completed, 500, &[], &[]));
    a.released("2", 1_000);
    assert_eq!(a.take_stable(6_000), vec![("t".to_owned(), StableReason::Released)]);
}

#[test]
fn late_instances_that_no_step_lists_gather_until_release_or_quiet_time() {
    let mut a = arriving();
    a.arrived("s", "1", "late", 100_000);
    // Everything listed came in an earlier revision.
    a.expect(
        "s",
        Expected { fresh: false, missing: BTreeSet::new(), ..ended(StepEnd::Completed, 500, &["i"], &["i"]) },
    );
    assert!(a.take_stable(100_000).is_empty(), "each late instance would make a revision of its own");
    a.released("1", 101_000);
    assert_eq!(a.take_stable(106_000), vec![("s".to_owned(), StableReason::Released)]);
}

/// What happens to one study.
#[derive(Debug, Clone, Copy)]
enum Act {
    Arrive(usize),
    Release(usize),
    End,
}

/// Arrivals of up to six listed instances over up to three associations, their releases after them, and the end of
/// the step, shuffled.
fn acts() -> impl Strategy<Value = (usize, Vec<Act>)> {
    (1_usize..6).prop_flat_map(|count| {
        let mut all: Vec<Act> = (0..count).map(Act::Arrive).collect();
        all.push(Act::End);
        all.extend((0..3).map(Act::Release));
        (Just(count), Just(all).prop_shuffle())
    })
}

proptest! {
    #[test]
    fn in_any_order_a_study_is_taken_once_and_whole(order in acts(), gaps in proptest::collection::vec(0_i64..3_000, 16)) {
        let (count, acts) = order;
        let uids: Vec<String> = (0..count).map(|n| n.to_string()).collect();
        let mut a = arriving();
        let (mut now, mut here, mut over) = (0_i64, BTreeSet::new(), false);
        let mut taken = Vec::new();
        for (act, gap) in acts.iter().zip(&gaps) {
            // All gaps together are shorter than quiet time: silence alone never closes the study here.
            now += gap;
            taken.extend(a.take_stable(now));
            let fresh = !a.knows("s");
            match act {
                Act::Arrive(n) => {
                    a.arrived("s", &(n % 3).to_string(), &uids[*n], now);
                    here.insert(uids[*n].clone());
                }
                Act::Release(n) => a.released(&n.to_string(), now),
                Act::End => over = true,
            }
            if fresh && a.knows("s") || matches!(act, Act::End) {
                a.expect("s", if over {
                    Expected {
                        in_progress: 0,
                        ended: Some((StepEnd::Completed, now)),
                        listed: count,
                        missing: uids.iter().filter(|u| !here.contains(*u)).cloned().collect(),
                        fresh: !here.is_empty(),
                    }
                } else {
                    Expected { in_progress: 1, ..Expected::default() }
                });
            }
            if here.len() < count || !over {
                prop_assert!(taken.is_empty(), "taken before it was whole: {taken:?}");
            }
        }
        taken.extend(a.take_stable(now));
        prop_assert_eq!(taken, vec![("s".to_owned(), StableReason::Completed)]);
        prop_assert!(a.take_stable(i64::MAX).is_empty());
    }
}
