//! Behaviours of the store: durable or absent, never half; every fault at every step.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use super::faults::{Failure, FaultyDisk};
use super::*;

fn config(root: &Path) -> StoreConfig {
    StoreConfig { warn_free: units::Size(2000), refuse_free: units::Size(1000), ..StoreConfig::at(root) }
}

fn faulty() -> (tempfile::TempDir, FaultyDisk, Store) {
    let root = tempfile::tempdir().unwrap();
    let disk = FaultyDisk::default();
    let store = Store::open_on(&config(root.path()), Arc::new(disk.clone())).unwrap();
    (root, disk, store)
}

fn reception(study: &str) -> Reception {
    Reception { study_uid: study.into(), arrived: 7, ..Reception::default() }
}

fn put(store: &Store, bytes: &[u8]) -> Result<Reception, Error> {
    let mut incoming = store.inbox().begin()?;
    for piece in bytes.chunks(7_000) {
        incoming.write(piece)?;
    }
    incoming.commit(reception("1.2.3")).map(|stored| stored.reception)
}

fn files(root: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for folder in [TMP, INBOX, INSTANCES, OUTBOX, DERIVED, REPORTS] {
        for item in SystemDisk.list(&root.join(folder)).unwrap() {
            names.push(format!("{folder}/{}", item.name));
        }
    }
    names
}

fn data_of(store: &Store, id: Id) -> Vec<u8> {
    let mut file = store.inbox().open(id).unwrap();
    file.seek(SeekFrom::Start(Inbox::data_offset())).unwrap();
    let mut data = Vec::new();
    file.read_to_end(&mut data).unwrap();
    data
}

#[test]
fn what_is_committed_is_found_by_the_next_start_byte_for_byte() {
    let root = tempfile::tempdir().unwrap();
    let sizes = [0, 1, 6_999, 65_536, 131_072, 300_001];
    let stored: Vec<(Id, Vec<u8>)> = {
        let store = Store::open(&config(root.path())).unwrap();
        let unfinished = store.inbox().begin().unwrap();
        std::mem::drop(store.scratch().unwrap());
        let stored = sizes
            .iter()
            .map(|size| {
                let bytes: Vec<u8> = (0..*size).map(|i| (i % 251) as u8).collect();
                (put(&store, &bytes).unwrap().id, bytes)
            })
            .collect();
        // A crash runs no destructors: what was being written stays.
        std::fs::write(root.path().join(TMP).join("left"), b"half an object").unwrap();
        drop(unfinished);
        stored
    };
    let store = Store::open(&config(root.path())).unwrap();
    let recovered = store.inbox().recover().unwrap();
    assert_eq!(recovered.removed, 1);
    assert!(recovered.damaged.is_empty());
    assert_eq!(recovered.entries.len(), sizes.len());
    for (id, bytes) in stored {
        let entry = recovered.entries.iter().find(|entry| entry.id == id).unwrap();
        assert_eq!(entry.study_uid, "1.2.3");
        assert_eq!((entry.length, entry.digest), (bytes.len() as u64, Digest::of(&bytes)));
        assert_eq!(data_of(&store, id), bytes);
        store.inbox().verify(id).unwrap();
    }
}

#[test]
fn an_uncommitted_instance_leaves_nothing() {
    let (root, _disk, store) = faulty();
    let mut incoming = store.inbox().begin().unwrap();
    incoming.write(&[1; 500_000]).unwrap();
    assert_eq!(files(root.path()).len(), 1);
    drop(incoming);
    assert!(files(root.path()).is_empty());
}

#[test]
fn every_failure_at_every_step_leaves_nothing_and_only_a_failed_sync_stops_the_store() {
    for operation in ["create", "write", "header", "sync", "rename", "sync_folder", "free"] {
        for failure in [Failure::NoSpace, Failure::InputOutput, Failure::NoProgress] {
            let fails_so = failure != Failure::NoProgress || matches!(operation, "write" | "header");
            if !fails_so {
                continue;
            }
            let (root, disk, store) = faulty();
            let before = put(&store, b"acknowledged earlier").unwrap();
            disk.fail(operation, failure);
            let error = put(&store, &[9; 200_000]).expect_err(operation);
            match failure {
                Failure::NoSpace => assert!(matches!(error, Error::Full), "{operation} {error:?}"),
                _ => assert!(matches!(error, Error::Disk { .. }), "{operation} {error:?}"),
            }
            disk.heal();
            let left = files(root.path());
            assert_eq!(left, [format!("{INBOX}/{}", before.id)], "{operation} {failure:?}");
            let fatal = matches!(operation, "sync" | "sync_folder");
            assert_eq!(store.poisoned(), fatal, "{operation}");
            match put(&store, b"next") {
                Err(Error::Poisoned) => assert!(fatal, "{operation}"),
                Ok(_) => assert!(!fatal, "{operation}"),
                Err(other) => panic!("{operation}: {other:?}"),
            }
            assert_eq!(data_of(&store, before.id), b"acknowledged earlier");
        }
    }
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
    let (root, disk, store) = faulty();
    disk.set_free(1500);
    assert_eq!(store.space().unwrap(), Space { free: 1500, level: Level::Low });
    let mut incoming = store.inbox().begin().unwrap();
    disk.set_free(999);
    assert!(matches!(store.inbox().begin(), Err(Error::Full)));
    assert!(matches!(store.scratch(), Err(Error::Full)));
    let piece = vec![0; 1 << 20];
    let outcome = (0..20).try_for_each(|_| incoming.write(&piece));
    assert!(matches!(outcome, Err(Error::Full)), "{outcome:?}");
    drop(incoming);
    assert!(files(root.path()).is_empty());
    disk.set_free(2000);
    assert_eq!(store.space().unwrap().level, Level::Ample);
    put(&store, b"room again").unwrap();
}

#[test]
fn every_flipped_bit_is_found_before_use() {
    let (root, _disk, store) = faulty();
    let id = put(&store, &[5; 700]).unwrap().id;
    let path = root.path().join(INBOX).join(id.to_string());
    let good = std::fs::read(&path).unwrap();
    for at in (0..good.len()).step_by(11) {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        std::fs::write(&path, &bad).unwrap();
        assert!(matches!(store.inbox().verify(id), Err(Error::Damaged(_))), "byte {at}");
    }
    std::fs::write(&path, &good[..good.len() - 1]).unwrap();
    assert!(matches!(store.inbox().read(id), Err(Error::Damaged(_))));
    assert_eq!(store.inbox().recover().unwrap().damaged, [id]);
}

#[test]
fn settling_moves_an_entry_out_of_the_start_up_scan_and_keeps_it_readable() {
    let (_root, _disk, store) = faulty();
    let id = put(&store, b"data").unwrap().id;
    store.inbox().settle(id).unwrap();
    store.inbox().settle(id).unwrap();
    assert!(store.inbox().recover().unwrap().entries.is_empty());
    assert_eq!(store.inbox().settled().unwrap(), [id]);
    assert_eq!(data_of(&store, id), b"data");
    store.inbox().verify(id).unwrap();
    store.inbox().remove(id).unwrap();
    store.inbox().remove(id).unwrap();
    assert!(matches!(store.inbox().open(id), Err(Error::Unknown)));
    assert!(matches!(store.inbox().settle(id), Err(Error::Unknown)));
}

#[test]
fn a_shelf_keeps_whole_files_and_adopts_what_a_worker_made() {
    let (root, disk, store) = faulty();
    let outbox = store.outbox();
    let (one, two) = (Id::random().unwrap(), Id::random().unwrap());
    let mut draft = outbox.begin().unwrap();
    draft.write_all(b"sealed").unwrap();
    draft.adopt(one).unwrap();
    let scratch = store.scratch().unwrap();
    std::fs::write(scratch.path().join("envelope"), b"from a worker").unwrap();
    outbox.adopt_from(&scratch, "envelope", two).unwrap();
    for name in ["../lock", "", ".", "missing"] {
        assert!(matches!(outbox.adopt_from(&scratch, name, two), Err(Error::Unknown)), "{name}");
    }
    std::os::unix::fs::symlink(root.path().join("lock"), scratch.path().join("link")).unwrap();
    assert!(outbox.adopt_from(&scratch, "link", two).is_err());
    drop(scratch);
    let mut listed = vec![(one, 6), (two, 13)];
    listed.sort();
    assert_eq!(outbox.list().unwrap(), listed);
    assert_eq!(outbox.read_range(two, 5, 4).unwrap(), b"a wo");
    assert_eq!(outbox.read_range(two, 9, 100).unwrap(), b"rker");
    assert!(outbox.read_range(two, 99, 1).unwrap().is_empty());
    disk.fail("write", Failure::NoSpace);
    disk.fail("header", Failure::NoSpace);
    assert!(outbox.put(one, b"never").is_err());
    disk.heal();
    let mut first = [0; 6];
    outbox.open(one).unwrap().read_exact_at(&mut first, 0).unwrap();
    assert_eq!(&first, b"sealed");
    outbox.remove(one).unwrap();
    outbox.remove(two).unwrap();
    assert!(files(root.path()).is_empty());
}

#[test]
fn one_process_holds_the_store() {
    let (root, _disk, store) = faulty();
    assert!(matches!(Store::open(&config(root.path())), Err(Error::Locked)));
    drop(store);
    Store::open(&config(root.path())).unwrap();
}
