//! Parts that end by themselves.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

fn supervisor() -> (Supervisor, CancellationToken) {
    let stop = CancellationToken::new();
    (Supervisor::new(Arc::default(), stop.clone()), stop)
}

#[test]
fn every_part_has_one_row() {
    let parts: std::collections::BTreeSet<Part> = TABLE.iter().map(|(part, ..)| *part).collect();
    assert_eq!(parts.len(), TABLE.len());
    assert!(parts.contains(&Part::Control), "the last one named");
}

#[tokio::test]
async fn a_part_that_cannot_be_made_again_stops_the_appliance_with_its_name() {
    for panics in [false, true] {
        let (supervisor, stop) = supervisor();
        let until = stop.clone();
        let recorder = supervisor.keep(
            Part::Recorder,
            &until,
            once(async move {
                assert!(!panics, "as a fault of the program would");
            }),
        );
        stop.cancelled().await;
        recorder.await.unwrap();
        let said = supervisor.verdict().unwrap_err().to_string();
        assert!(said.contains("the recorder of arrivals") && said.contains("started anew"), "{said}");
    }
}

#[tokio::test]
async fn a_part_that_panics_is_started_again_and_the_light_says_so() {
    let (supervisor, stop) = supervisor();
    let starts = Arc::new(AtomicUsize::new(0));
    let (count, halt) = (Arc::clone(&starts), stop.clone());
    let second = Arc::new(tokio::sync::Notify::new());
    let told = Arc::clone(&second);
    let work = supervisor.keep(Part::Work, &stop, move || {
        let (n, halt, told) = (count.fetch_add(1, Ordering::Relaxed), halt.clone(), Arc::clone(&told));
        Some(async move {
            assert!(n > 0, "the first one breaks");
            told.notify_one();
            halt.cancelled().await;
        })
    });
    second.notified().await;
    assert!(!stop.is_cancelled(), "the rest goes on");
    let said = supervisor.health.light(now());
    assert_eq!(said.state, "warn");
    assert!(
        said.words.contains("the work on studies and cases met a fault of this program at 20"),
        "{}",
        said.words
    );
    assert!(said.words.contains("started again, once"), "{}", said.words);
    stop.cancel();
    work.await.unwrap();
    assert_eq!(starts.load(Ordering::Relaxed), 2);
    supervisor.verdict().unwrap();
}

#[test]
fn restarts_are_bounded_and_their_pauses_grow() {
    let health = Health::default();
    let pauses: Vec<u64> =
        (0..10).map(|n| health.fell(Part::Courier, End::Panicked, n).unwrap().as_secs()).collect();
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
    assert_eq!(health.fell(Part::Courier, End::Panicked, 11), None, "enough within an hour");
    assert!(health.fell(Part::Paging, End::Returned, 11).is_some(), "each part for itself");
    let later = 2 * SPAN_MS;
    assert_eq!(health.fell(Part::Courier, End::Returned, later), Some(PAUSE), "counted anew");
    assert_eq!(health.light(later + TOLD_MS).state, "ok", "an old fall is not told any more");
}

#[tokio::test]
async fn a_part_that_ends_after_it_was_told_to_is_no_fault() {
    let (supervisor, stop) = supervisor();
    let halt = stop.clone();
    let page = supervisor.keep(Part::Page, &stop, once(async move { halt.cancelled().await }));
    stop.cancel();
    page.await.unwrap();
    supervisor.verdict().unwrap();
    assert_eq!(supervisor.health.light(now()).state, "ok");
    supervisor.drain(async {}).await;
}

#[test]
fn work_that_keeps_failing_is_said() {
    let health = Health::default();
    *health.failing.lock().unwrap() =
        Failing { count: 2, times: 3, why: "the ledger could not be written or read".into() };
    let said = health.light(now());
    assert_eq!(said.state, "warn");
    assert!(
        said.words.starts_with("2 studies or cases wait for another try after 3 failures"),
        "{}",
        said.words
    );
}
