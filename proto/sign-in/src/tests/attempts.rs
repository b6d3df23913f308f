//! How often somebody may fail.

use super::*;
use crate::attempts::{Attempts, FAILURES_MAX, KEYS_MAX, Key, SPAN_MS};

fn name(text: &str) -> Vec<Key> {
    vec![Key::Name(text.to_owned())]
}

/// An attempt that fails; whether it was let through.
fn fails(attempts: &Attempts, keys: Vec<Key>, now: i64) -> bool {
    attempts.begin(keys, now).is_some()
}

#[test]
fn the_sixth_failure_of_a_name_waits_and_the_span_ends() {
    let attempts = Attempts::default();
    for n in 0..5 {
        assert!(fails(&attempts, name("ada"), n), "attempt {n}");
    }
    assert!(!fails(&attempts, name("ada"), 6));
    assert!(fails(&attempts, name("bo"), 6), "another name is not held up");
    assert!(!fails(&attempts, name("ada"), SPAN_MS - 1));
    assert!(fails(&attempts, name("ada"), SPAN_MS + 4));
}

#[test]
fn the_failures_of_an_address_count_whatever_the_name() {
    let attempts = Attempts::default();
    let from = |n: usize| vec![Key::Name(n.to_string()), Key::Address(HOME)];
    for n in 0..FAILURES_MAX {
        assert!(fails(&attempts, from(n), 1));
    }
    assert!(!fails(&attempts, from(99), 2));
    assert!(fails(&attempts, vec![Key::Codes(HOME)], 2), "codes are counted apart");
}

#[test]
fn attempts_under_way_count_so_that_many_at_once_gain_nothing() {
    let attempts = Attempts::default();
    let under_way: Vec<_> = (0..9).filter_map(|_| attempts.begin(name("ada"), 1)).collect();
    assert_eq!(under_way.len(), 5);
    under_way.into_iter().for_each(|a| a.take_back());
    assert_eq!(attempts.remembered(), 0, "none of them failed");
}

#[test]
fn a_right_password_takes_back_its_own_attempt_and_no_failure() {
    let attempts = Attempts::default();
    for n in 0..4 {
        assert!(fails(&attempts, name("ada"), n));
    }
    for _ in 0..3 {
        attempts.begin(name("ada"), 9).unwrap().take_back();
    }
    assert!(fails(&attempts, name("ada"), 10));
    assert!(!fails(&attempts, name("ada"), 11));
}

#[test]
fn a_full_memory_refuses_new_names_and_forgets_none() {
    let attempts = Attempts::default();
    for _ in 0..5 {
        assert!(fails(&attempts, name("ada"), 0));
    }
    for n in 0..KEYS_MAX + 100 {
        fails(&attempts, name(&n.to_string()), 1);
    }
    assert_eq!(attempts.remembered(), KEYS_MAX);
    assert!(!fails(&attempts, name("new"), 2));
    assert!(!fails(&attempts, name("ada"), 2), "what was counted stays counted");
    assert!(fails(&attempts, name("0"), 2), "who is remembered may go on to fail");
    assert!(fails(&attempts, name("new"), SPAN_MS + 1), "room comes with time");
}
