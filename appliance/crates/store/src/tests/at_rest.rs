//! Encrypted and verified: flipped bits, lost keys, planted identity, what older versions wrote.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
use std::io::{Read, Write};
use std::os::unix::fs::FileExt;

use super::*;

#[test]
fn a_thousand_flipped_bits_are_all_found_before_use() {
    let (root, _disk, store) = faulty();
    let stored: Vec<Id> = (0..4).map(|n| put(&store, &noise(40_000 * n + 700)).unwrap().id).collect();
    let path = root.path().join(INBOX).join(entry_name::place_of(stored[0]).0.to_string());
    let good = std::fs::read(&path).unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    // A linear congruential walk over all bits of all entries: always the same thousand.
    let mut random = 20_261_121_u64;
    for flip in 0..1000 {
        let id = stored[flip % stored.len()];
        let reception = store.inbox().read(id).unwrap();
        let length = 4096 + encryption::sealed_length(reception.length);
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let at = entry_name::place_of(id).1 + (random >> 16) % length;
        file.write_all_at(&[good[at as usize] ^ (1 << (random >> 61))], at).unwrap();
        let outcome = store.inbox().verify(id);
        assert!(matches!(outcome, Err(Error::Damaged(_) | Error::Unknown)), "byte {at}: {outcome:?}");
        let mut read = Vec::new();
        let used = store.inbox().open(id).map(|mut entry| entry.read_to_end(&mut read));
        assert!(!matches!(used, Ok(Ok(_))), "byte {at} was read");
        // It is not lost from view either: the scan of the whole segment, which takes its time, still names it.
        if flip % 50 == 0 {
            assert_eq!(store.inbox().all().unwrap().len(), stored.len(), "byte {at}");
        }
        file.write_all_at(&good[at as usize..=at as usize], at).unwrap();
        store.inbox().verify(id).unwrap();
    }
}

#[test]
fn a_damaged_entry_stays_for_a_person_and_hides_no_other() {
    let (root, _disk, store) = faulty();
    let stored: Vec<Id> = (0..3).map(|_| put(&store, &noise(9_000)).unwrap().id).collect();
    drop(store);
    let path = root.path().join(INBOX).join(entry_name::place_of(stored[0]).0.to_string());
    for (at, damaged) in [(0, 0), (100, 0), (5_000, 2), (4_095, 1)] {
        let good = std::fs::read(&path).unwrap();
        let mut bad = good.clone();
        bad[entry_name::place_of(stored[damaged]).1 as usize + at] ^= 1;
        std::fs::write(&path, &bad).unwrap();
        let store = Store::open(&config(root.path())).unwrap();
        let found = store.inbox().recover().unwrap();
        assert_eq!(found.entries.len(), 2, "{at}");
        assert_eq!(entry_name::place_of(found.damaged[0]), entry_name::place_of(stored[damaged]), "{at}");
        found.entries.iter().for_each(|entry| store.inbox().settle(entry.id).unwrap());
        assert!(path.exists());
        drop(store);
        std::fs::write(&path, &good).unwrap();
    }
}

/// `fixtures/entry-1.bin` was received and stored by the version that wrote plain entries.
#[test]
fn a_plain_entry_of_format_1_still_opens_and_leaves_when_told() {
    let root = tempfile::tempdir().unwrap();
    let old = include_bytes!("../fixtures/entry-1.bin");
    let name = "4fc1e57ab6f42783923b8722eec08283";
    let id: Id = name.parse().unwrap();
    for folder in [INBOX.to_owned(), format!("{INSTANCES}/{}", &name[..2])] {
        std::fs::create_dir_all(root.path().join(&folder)).unwrap();
        std::fs::write(root.path().join(&folder).join(name), old).unwrap();
        let store = Store::open(&config(root.path())).unwrap();
        let found = store.inbox().recover().unwrap();
        assert_eq!(names(&found.entries), if folder == INBOX { vec![id] } else { vec![] });
        let reception = store.inbox().verify(id).unwrap();
        assert_eq!(reception.sop_class, "1.2.840.10008.5.1.4.1.1.7");
        assert_eq!(data_of(&store, id), old[4096..]);
        let mut original = Vec::new();
        store.inbox().original(id).unwrap().read_to_end(&mut original).unwrap();
        assert_eq!(original, old[4096..]);
        assert!(store.inbox().hand_out(id).unwrap().key.is_none());
        store.inbox().settle(id).unwrap();
        assert_eq!(data_of(&store, id), old[4096..]);
        assert_eq!(store.inbox().all().unwrap(), [id]);
        store.inbox().remove(id).unwrap();
        assert!(matches!(store.inbox().open(id), Err(Error::Unknown)));
    }
    let mut bad = old.to_vec();
    bad[4100] ^= 1;
    std::fs::write(root.path().join(INBOX).join(name), &bad).unwrap();
    let store = Store::open(&config(root.path())).unwrap();
    assert!(matches!(store.inbox().verify(id), Err(Error::Damaged(_))));
    // Nothing but the digest can tell: the stream keeps its last bytes back.
    let mut given = Vec::new();
    let error = store.inbox().original(id).unwrap().read_to_end(&mut given).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    assert!(given.len() < bad.len() - 4096, "{}", given.len());
}

#[test]
fn an_original_streams_as_received_in_pieces_of_any_size() {
    let (_root, _disk, store) = faulty();
    for length in [0, 1, 65_536, 200_001] {
        let id = put(&store, &noise(length)).unwrap().id;
        for size in [1 << 10, 65_536, 1 << 20] {
            let (mut original, mut given, mut piece) =
                (store.inbox().original(id).unwrap(), Vec::new(), vec![0; size]);
            assert_eq!(original.reception().length, length as u64);
            while let count @ 1.. = original.read(&mut piece).unwrap() {
                given.extend_from_slice(&piece[..count]);
            }
            assert!(given == noise(length), "{length} in pieces of {size}");
        }
    }
}

#[test]
fn nothing_that_identifies_is_readable_on_the_disk() {
    let (root, _disk, store) = faulty();
    let planted = [b"QUILLFEATHER^BARTHOLOMEW".as_slice(), b"1.2.826.0.1.99.7.7.7", b"PLANTEDTITLE"];
    let content = planted.concat().repeat(9_000);
    let mut incoming = store.inbox().begin().unwrap();
    incoming.write(&content).unwrap();
    let about = Reception {
        study_uid: "1.2.826.0.1.99.7.7.7".into(),
        calling_ae: "PLANTEDTITLE".into(),
        ..Reception::default()
    };
    let id = incoming.commit(about).unwrap().reception.id;
    store.derived().put(Id::default(), &content).unwrap();
    // One that never ends leaves bytes too.
    let mut unfinished = store.inbox().begin().unwrap();
    unfinished.write(&content).unwrap();
    drop((unfinished, store.inbox().open(id).unwrap()));
    let mut searched = 0;
    let mut pending = vec![root.path().to_owned()];
    while let Some(folder) = pending.pop() {
        for item in std::fs::read_dir(folder).unwrap() {
            let path = item.unwrap().path();
            if path.is_dir() {
                pending.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            searched += bytes.len();
            for value in planted {
                assert!(!bytes.windows(value.len()).any(|window| window == value), "{}", path.display());
            }
        }
    }
    assert!(searched > 3 * content.len());
    assert!(data_of(&store, id) == content);
}

#[test]
fn a_lost_exchanged_or_exposed_key_is_told_and_nothing_is_made_up() {
    use std::os::unix::fs::PermissionsExt;
    let root = tempfile::tempdir().unwrap();
    let config = config(root.path());
    assert!(matches!(check_key(&config), Ok(None)));
    let store = Store::open(&config).unwrap();
    let id = put(&store, b"data").unwrap().id;
    drop(store);
    let kept = std::fs::read(&config.key).unwrap();
    std::fs::remove_file(&config.key).unwrap();
    assert!(matches!(Store::open(&config).err(), Some(Error::KeyMissing)));
    assert!(!config.key.exists());
    StoreKey::create(&config.key).unwrap();
    assert!(matches!(Store::open(&config).err(), Some(Error::KeyWrong)));
    std::fs::write(&config.key, &kept).unwrap();
    std::fs::set_permissions(&config.key, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(Store::open(&config).err(), Some(Error::KeyExposed)));
    assert!(matches!(Store::look(&config).err(), Some(Error::KeyExposed)));
    std::fs::set_permissions(&config.key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let store = Store::open(&config).unwrap();
    assert_eq!(data_of(&store, id), b"data");
    assert_eq!(data_of(&Store::look(&config).unwrap(), id), b"data");
}

#[test]
fn what_a_worker_seals_for_a_file_store_is_read_back_in_ranges_and_every_flip_is_found() {
    let (root, _disk, store) = faulty();
    let (files, id) = (store.derived(), Id::random().unwrap());
    let mut pending = files.begin_sealed(id).unwrap();
    assert!(pending.append(b"two writers").is_err());
    let (name, key) = pending.key().unwrap();
    let mut sealer = Sealer::new(EntryKey::from_hex(&key.reveal()).unwrap(), name, Vec::new());
    let (content, file) = (noise(200_000), pending.file().try_clone().unwrap());
    let mut at = FILE_HEADER;
    let mut write = |bytes: &[u8]| {
        file.write_all_at(bytes, at).unwrap();
        at += bytes.len() as u64;
        Ok(())
    };
    sealer.push(&content, &mut write).unwrap();
    sealer.finish(&mut write).unwrap();
    assert_eq!(pending.content_length().unwrap(), 200_000);
    pending.adopt(id).unwrap();
    assert_eq!(files.read_range(id, 0, 300_000).unwrap(), content);
    assert_eq!(files.read_range(id, 65_530, 20).unwrap(), content[65_530..65_550]);
    assert!(files.read_range(id, 200_000, 1).unwrap().is_empty());
    let path = root.path().join(DERIVED).join(id.to_string());
    let good = std::fs::read(&path).unwrap();
    for flip in (16..good.len()).step_by(3_001) {
        let mut bad = good.clone();
        bad[flip] ^= 16;
        std::fs::write(&path, &bad).unwrap();
        assert!(matches!(files.read_range(id, 0, 300_000), Err(Error::Damaged(_))), "byte {flip}");
    }
    // From before there was a key: plain.
    std::fs::write(&path, b"an old output").unwrap();
    assert_eq!(files.read_range(id, 3, 3).unwrap(), b"old");
}

#[test]
fn a_file_store_keeps_whole_files_and_adopts_what_a_worker_made() {
    let (root, disk, store) = faulty();
    let outbox = store.outbox();
    let (one, two) = (Id::random().unwrap(), Id::random().unwrap());
    let mut pending = outbox.begin().unwrap();
    pending.write_all(b"sealed").unwrap();
    pending.adopt(one).unwrap();
    let filled = outbox.begin().unwrap();
    filled.file().write_all(b"from a worker").unwrap();
    filled.adopt(two).unwrap();
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
