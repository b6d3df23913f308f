//! Behaviours of the store: what its tests share.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::disk::SystemDisk;
use super::faults::{Failure, FaultyDisk, damage};
use super::folder::{DERIVED, INBOX, INSTANCES, OUTBOX, SEGMENTS, TMP};
use super::*;

mod at_rest;
mod durable;
mod free_space;

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

/// Whole files, and segments.
fn files(root: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for folder in [TMP, INBOX, SEGMENTS, INSTANCES, OUTBOX, DERIVED] {
        for item in SystemDisk.list(&root.join(folder)).unwrap() {
            names.push(format!("{folder}/{}", item.name));
        }
    }
    names
}

fn names(receptions: &[Reception]) -> Vec<Id> {
    receptions.iter().map(|reception| reception.id).collect()
}

fn data_of(store: &Store, id: Id) -> Vec<u8> {
    let mut data = Vec::new();
    store.inbox().open(id).unwrap().read_to_end(&mut data).unwrap();
    data
}

fn noise(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i % 251) as u8).collect()
}
