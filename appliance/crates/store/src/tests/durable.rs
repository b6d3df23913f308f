//! Durable or absent, never half; every fault at every step.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
use super::*;

#[test]
fn what_is_committed_is_found_by_the_next_start_byte_for_byte() {
    let root = tempfile::tempdir().unwrap();
    let sizes = [0, 1, 6_999, 65_536, 131_072, 300_001, (64 << 20) + 5, 70_000];
    let stored: Vec<(Id, Vec<u8>)> = {
        let store = Store::open(&config(root.path())).unwrap();
        let unfinished = store.inbox().begin().unwrap();
        let made = store.outbox().begin().unwrap();
        std::mem::drop(made);
        let stored =
            sizes.iter().map(|size| (put(&store, &noise(*size)).unwrap().id, noise(*size))).collect();
        // A crash runs no destructors: what was being written stays.
        std::fs::write(root.path().join(TMP).join("left"), b"half an object").unwrap();
        drop(unfinished);
        stored
    };
    let store = Store::open(&config(root.path())).unwrap();
    let recovered = store.inbox().recover().unwrap();
    // The segment of the object that was never finished went with an orderly end.
    assert_eq!(recovered.removed, 1);
    assert!(recovered.damaged.is_empty());
    assert_eq!(recovered.entries.len(), sizes.len());
    for (id, bytes) in &stored {
        let entry = recovered.entries.iter().find(|entry| entry.id == *id).unwrap();
        assert_eq!(entry.study_uid, "1.2.3");
        assert_eq!((entry.length, entry.digest), (bytes.len() as u64, Digest::of(bytes)));
        assert!(data_of(&store, *id) == *bytes);
        store.inbox().verify(*id).unwrap();
    }
    // What was reserved and not used has been given back: no more than a page and the tags for each entry.
    let held: u64 = SystemDisk.list(&root.path().join(INBOX)).unwrap().iter().map(|item| item.length).sum();
    let sent: usize = sizes.iter().sum();
    assert!(held < sent as u64 + (64 << 10) + sizes.len() as u64 * 8192, "{held}");
}

#[test]
fn an_uncommitted_instance_leaves_nothing() {
    let (_root, _disk, store) = faulty();
    let mut incoming = store.inbox().begin().unwrap();
    incoming.write(&[1; 500_000]).unwrap();
    assert_eq!(store.arriving(), 1);
    drop(incoming);
    assert_eq!(store.arriving(), 0);
    assert!(store.inbox().all().unwrap().is_empty());
    // The next one takes its place_of, and what the first left behind it is no entry.
    let short = put(&store, b"short").unwrap();
    assert_eq!(store.inbox().all().unwrap(), [short.id]);
    assert_eq!(names(&store.inbox().recover().unwrap().entries), [short.id]);
}

#[test]
fn every_failure_at_every_step_leaves_nothing_and_only_a_failed_sync_stops_the_store() {
    for (operation, fresh) in [
        ("create", true),
        ("sync_folder", true),
        ("write", false),
        ("header", false),
        ("sync", false),
        ("free", false),
    ] {
        for failure in [Failure::NoSpace, Failure::InputOutput, Failure::NoProgress] {
            let fails_so = failure != Failure::NoProgress || matches!(operation, "write" | "header");
            if !fails_so {
                continue;
            }
            let (root, disk, store) = faulty();
            let before = put(&store, b"acknowledged earlier").unwrap();
            // The one lane is taken, so that the next object begins a segment.
            let taken = fresh.then(|| store.inbox().begin().unwrap());
            disk.fail(operation, failure);
            let error = put(&store, &[9; 300_000]).expect_err(operation);
            match failure {
                Failure::NoSpace => assert!(matches!(error, Error::Full), "{operation} {error:?}"),
                _ => assert!(matches!(error, Error::Disk { .. }), "{operation} {error:?}"),
            }
            disk.heal();
            assert_eq!(store.inbox().all().unwrap(), [before.id], "{operation} {failure:?}");
            let fatal = matches!(operation, "sync" | "sync_folder");
            assert_eq!(store.poisoned(), fatal, "{operation}");
            let next = match put(&store, b"next") {
                Err(Error::Poisoned) if fatal => None,
                Ok(next) if !fatal => Some(next.id),
                other => panic!("{operation}: {other:?}"),
            };
            assert_eq!(data_of(&store, before.id), b"acknowledged earlier");
            drop((taken, store));
            // The next start finds what was acknowledged and nothing else.
            let store = Store::open(&config(root.path())).unwrap();
            let found = store.inbox().recover().unwrap();
            assert!(found.damaged.is_empty(), "{operation} {failure:?}");
            let mut acknowledged: Vec<Id> = [Some(before.id), next].into_iter().flatten().collect();
            let mut entries = names(&found.entries);
            acknowledged.sort();
            entries.sort();
            assert_eq!(entries, acknowledged, "{operation} {failure:?}");
        }
    }
}

/// A power failure keeps any of the pages written since the last sync and loses the others.
#[test]
fn a_power_failure_at_any_page_of_an_object_leaves_what_was_acknowledged_and_no_half_entry() {
    let (root, _disk, store) = faulty();
    let before = put(&store, &noise(100_000)).unwrap();
    let segment = root.path().join(INBOX).join(entry_name::place_of(before.id).0.to_string());
    let mut synced = std::fs::read(&segment).unwrap();
    synced.resize(8 << 20, 0);
    let late = put(&store, &noise(150_000)).unwrap();
    drop(store);
    // Cut after the last entry by the orderly end.
    let written = std::fs::read(&segment).unwrap();
    let (start, end) =
        (entry_name::place_of(late.id).1, entry_name::end_of(entry_name::place_of(late.id).1, late.length));
    assert_eq!(written.len() as u64, end);
    let pages = (end - start).div_ceil(4096);
    for lost in 0..pages {
        let mut disk = written.clone();
        let at = (start + lost * 4096) as usize;
        disk[at..at + 4096].copy_from_slice(&synced[at..at + 4096]);
        std::fs::write(&segment, &disk).unwrap();
        let store = Store::open(&config(root.path())).unwrap();
        let found = store.inbox().recover().unwrap();
        assert_eq!(names(&found.entries), [before.id], "page {lost}");
        // Without its header it was never there; with it, it is told as damaged and never as an entry.
        assert_eq!(found.damaged, if lost == 0 { vec![] } else { vec![late.id] }, "page {lost}");
        assert!(data_of(&store, before.id) == noise(100_000));
    }
    std::fs::write(&segment, &written).unwrap();
    let store = Store::open(&config(root.path())).unwrap();
    assert_eq!(store.inbox().recover().unwrap().entries.len(), 2);
}

#[test]
fn a_poisoned_store_works_again_after_a_restart() {
    let (root, disk, store) = faulty();
    disk.fail("sync", Failure::InputOutput);
    put(&store, b"x").unwrap_err();
    disk.heal();
    assert!(matches!(store.outbox().put(Id::default(), b"x"), Err(Error::Poisoned)));
    drop(store);
    let store = Store::open(&config(root.path())).unwrap();
    put(&store, b"x").unwrap();
}

#[test]
fn a_commit_begun_before_a_failed_sync_elsewhere_is_refused() {
    let (_root, disk, store) = faulty();
    let mut early = store.inbox().begin().unwrap();
    early.write(b"early").unwrap();
    disk.fail("sync", Failure::InputOutput);
    put(&store, b"x").unwrap_err();
    disk.heal();
    assert!(matches!(early.commit(reception("1")), Err(Error::Poisoned)));
}

#[test]
fn a_disk_that_cannot_set_room_aside_is_used_without() {
    let (_root, disk, store) = faulty();
    for failure in [Failure::NoSpace, Failure::InputOutput] {
        disk.fail("reserve", failure);
        let lane = store.inbox().begin().unwrap();
        let id = put(&store, &noise(70_000)).unwrap().id;
        drop(lane);
        disk.heal();
        store.inbox().verify(id).unwrap();
    }
}

#[test]
fn short_writes_are_continued() {
    let (_root, disk, store) = faulty();
    disk.fail("write", Failure::ShortWrite);
    let bytes: Vec<u8> = (0..3000).map(|i| (i % 253) as u8).collect();
    let id = put(&store, &bytes).unwrap().id;
    assert_eq!(data_of(&store, id), bytes);
    store.inbox().verify(id).unwrap();
}

#[test]
fn nothing_is_taken_under_the_refuse_watermark_and_a_long_object_stops_there() {
    let (_root, disk, store) = faulty();
    disk.set_free(1500);
    assert_eq!(store.space().unwrap(), Space { free: 1500, level: Level::Low });
    let mut incoming = store.inbox().begin().unwrap();
    disk.set_free(999);
    assert!(matches!(store.inbox().begin(), Err(Error::Full)));
    assert!(matches!(store.outbox().begin(), Err(Error::Full)));
    let piece = vec![0; 1 << 20];
    let outcome = (0..20).try_for_each(|_| incoming.write(&piece));
    assert!(matches!(outcome, Err(Error::Full)), "{outcome:?}");
    drop(incoming);
    assert!(store.inbox().all().unwrap().is_empty());
    disk.set_free(2000);
    assert_eq!(store.space().unwrap().level, Level::Ample);
    put(&store, b"room again").unwrap();
}

#[test]
fn settling_moves_full_segments_out_of_the_start_up_scan_and_removing_gives_their_room_back() {
    let (root, _disk, store) = faulty();
    let sizes = [30 << 20, 33 << 20, 5_000, 6_000];
    let ids: Vec<Id> = sizes.iter().map(|size| put(&store, &noise(*size)).unwrap().id).collect();
    let (first, second) = (entry_name::place_of(ids[0]).0, entry_name::place_of(ids[2]).0);
    assert!(first == entry_name::place_of(ids[1]).0 && first != second);
    ids.iter().for_each(|id| store.inbox().settle(*id).unwrap());
    ids.iter().for_each(|id| store.inbox().settle(*id).unwrap());
    let mut expected = [format!("{INBOX}/{second}"), format!("{SEGMENTS}/{first}")];
    expected.sort();
    assert_eq!(files(root.path()), expected);
    for (id, size) in ids.iter().zip(sizes) {
        assert!(data_of(&store, *id) == noise(size));
    }
    let held = || {
        use std::os::unix::fs::MetadataExt;
        std::fs::metadata(root.path().join(SEGMENTS).join(first.to_string())).unwrap().blocks() * 512
    };
    let before = held();
    store.inbox().remove(ids[0]).unwrap();
    store.inbox().remove(ids[0]).unwrap();
    assert!(matches!(store.inbox().open(ids[0]), Err(Error::Unknown)));
    assert!(matches!(store.inbox().settle(ids[0]), Err(Error::Unknown)));
    assert!(held() + (30 << 20) <= before, "{before} {}", held());
    assert_eq!(data_of(&store, ids[1]).len(), sizes[1]);
    store.inbox().remove(ids[1]).unwrap();
    assert_eq!(files(root.path()), [format!("{INBOX}/{second}")]);
    // The segment that is being filled goes on.
    store.inbox().remove(ids[2]).unwrap();
    let more = put(&store, b"more").unwrap().id;
    assert!(entry_name::place_of(more).0 == second);
    let mut left = vec![ids[3], more];
    left.sort();
    assert_eq!(store.inbox().all().unwrap(), left);
    drop(store);
    let store = Store::open(&config(root.path())).unwrap();
    assert_eq!(store.inbox().recover().unwrap().entries.len(), 2);
    left.iter().for_each(|id| store.inbox().settle(*id).unwrap());
    assert_eq!(files(root.path()), [format!("{SEGMENTS}/{second}")]);
}

#[test]
fn objects_that_arrive_together_do_not_mix() {
    let (_root, _disk, store) = faulty();
    let stored = std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..8)
            .map(|lane: usize| {
                let store = store.clone();
                scope.spawn(move || {
                    let sizes = (0..20).map(|n| lane * 10_000 + n * 1_000);
                    sizes.map(|size| (put(&store, &noise(size)).unwrap().id, size)).collect::<Vec<_>>()
                })
            })
            .collect();
        lanes.into_iter().flat_map(|lane| lane.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(store.inbox().all().unwrap().len(), 160);
    for (id, size) in stored {
        assert!(data_of(&store, id) == noise(size));
    }
}

#[test]
fn one_process_holds_the_store() {
    let (root, _disk, store) = faulty();
    assert!(matches!(Store::open(&config(root.path())), Err(Error::Locked)));
    drop(store);
    Store::open(&config(root.path())).unwrap();
}

#[test]
fn a_store_of_an_earlier_version_opens_with_its_folder_of_reports_untouched() {
    let root = tempfile::tempdir().unwrap();
    let report = root.path().join("reports").join(Id::default().to_string());
    std::fs::create_dir(root.path().join("reports")).unwrap();
    std::fs::write(&report, b"of an earlier version").unwrap();
    let store = Store::open(&config(root.path())).unwrap();
    assert_eq!(store.inbox().recover().unwrap().removed, 0);
    put(&store, b"an object").unwrap();
    assert_eq!(std::fs::read(&report).unwrap(), b"of an earlier version");
}
