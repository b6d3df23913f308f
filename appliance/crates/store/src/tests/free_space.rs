//! Free space: what is refused or dropped gives its own back at once, and takes nobody else's.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
use super::super::faults::taken;
use super::*;
use crate::units::Size;

const MIB: u64 = 1 << 20;
const WARN: u64 = 30 * MIB;
const REFUSE: u64 = 20 * MIB;
/// What an idle lane may keep: its segment, set aside.
const LANE: u64 = 64 * MIB;

/// A store on a disk of so many bytes.
fn small(bytes: u64) -> (tempfile::TempDir, FaultyDisk, Store) {
    let root = tempfile::tempdir().unwrap();
    let disk = FaultyDisk::default();
    disk.set_budget(bytes);
    let config = StoreConfig { warn_free: Size(WARN), refuse_free: Size(REFUSE), ..config(root.path()) };
    let store = Store::open_on(&config, Arc::new(disk.clone())).unwrap();
    (root, disk, store)
}

/// Write until it is refused, at most so many bytes.
fn push(incoming: &mut Incoming, bytes: u64) -> Result<(), Error> {
    let piece = noise(MIB as usize);
    (0..bytes / MIB).try_for_each(|_| incoming.write(&piece))
}

#[test]
fn a_long_object_that_finds_no_room_is_refused_alone() {
    let (root, _disk, store) = small(220 * MIB);
    let before = put(&store, &noise(100_000)).unwrap();
    let free = store.space().unwrap().free;
    for _ in 0..2 {
        let mut long = store.inbox().begin().unwrap();
        assert!(matches!(push(&mut long, 1500 * MIB), Err(Error::Full)));
        assert!(long.length() > 100 * MIB, "{}", long.length());
        // While what it took is still there, the others have room.
        let beside = put(&store, &noise(3_000_000)).unwrap();
        assert_ne!(store.space().unwrap().level, Level::Refusing);
        store.inbox().remove(beside.id).unwrap();
        drop(long);
        assert!(store.space().unwrap().free + 2 * MIB > free, "{} of {free}", store.space().unwrap().free);
        assert_eq!(store.space().unwrap().level, Level::Ample);
    }
    // What fits is taken at once, in the same lane.
    let mut next = store.inbox().begin().unwrap();
    push(&mut next, 90 * MIB).unwrap();
    let next = next.commit(reception("1")).unwrap().reception;
    store.inbox().verify(next.id).unwrap();
    assert_eq!(data_of(&store, before.id), noise(100_000));
    assert!(taken(root.path()).unwrap() > 90 * MIB);
}

/// A way in which an unfinished object ends.
type End = fn(Incoming, &FaultyDisk);

#[test]
fn every_end_of_an_unfinished_object_gives_its_room_back() {
    let ends: [(&str, End); 5] = [
        ("dropped", |incoming, _| drop(incoming)),
        ("a write fails", |mut incoming, disk| {
            disk.fail("write", Failure::NoSpace);
            push(&mut incoming, MIB).unwrap_err();
        }),
        ("its last write fails", |incoming, disk| {
            disk.fail("header", Failure::InputOutput);
            incoming.commit(reception("1")).unwrap_err();
        }),
        ("its header would not fit", |incoming, _| {
            incoming.commit(reception(&"x".repeat(65))).unwrap_err();
        }),
        ("its sync fails", |incoming, disk| {
            disk.fail("sync", Failure::InputOutput);
            incoming.commit(reception("1")).unwrap_err();
        }),
    ];
    for (what, end) in ends {
        let (root, disk, store) = small(4096 * MIB);
        put(&store, b"acknowledged").unwrap();
        let mut incoming = store.inbox().begin().unwrap();
        push(&mut incoming, 100 * MIB).unwrap();
        assert!(taken(root.path()).unwrap() > 98 * MIB);
        end(incoming, &disk);
        disk.heal();
        assert!(taken(root.path()).unwrap() < LANE + MIB, "{what}: {}", taken(root.path()).unwrap());
        assert!(!store.short().unwrap() && store.arriving() == 0, "{what}");
    }
}

#[test]
fn a_crash_in_the_middle_of_a_long_object_gives_its_room_back_at_the_next_start() {
    let (root, _disk, store) = small(4096 * MIB);
    let kept = put(&store, &noise(200_000)).unwrap();
    let mut incoming = store.inbox().begin().unwrap();
    push(&mut incoming, 80 * MIB).unwrap();
    // What a killed process leaves.
    let image = tempfile::tempdir().unwrap();
    for item in std::fs::read_dir(root.path()).unwrap() {
        let item = item.unwrap();
        let to = image.path().join(item.file_name());
        if item.path().is_dir() {
            std::fs::create_dir(&to).unwrap();
            for file in std::fs::read_dir(item.path()).unwrap() {
                let file = file.unwrap();
                std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
            }
        } else {
            std::fs::copy(item.path(), to).unwrap();
        }
    }
    drop(incoming);
    assert!(taken(image.path()).unwrap() > 78 * MIB);
    let next = Store::open(&config(image.path())).unwrap();
    assert_eq!(names(&next.inbox().recover().unwrap().entries), [kept.id]);
    assert!(taken(image.path()).unwrap() < MIB, "{}", taken(image.path()).unwrap());
    next.inbox().verify(kept.id).unwrap();
}

#[test]
fn what_lies_behind_a_last_entry_that_is_damaged_goes_with_the_next_start() {
    let (root, _disk, store) = small(4096 * MIB);
    let torn = put(&store, &noise(200_000)).unwrap();
    super::damage(&store.inbox(), torn.id, 10);
    let (name, at) = entry_name::place_of(torn.id);
    let path = root.path().join(INBOX).join(name.to_string());
    drop(store);
    let mut bytes = std::fs::read(&path).unwrap();
    assert_eq!(bytes.len() as u64, entry_name::end_of(at, torn.length));
    bytes.extend(noise(3 << 20));
    std::fs::write(&path, &bytes).unwrap();
    let store = Store::open(&config(root.path())).unwrap();
    assert_eq!(store.inbox().recover().unwrap().damaged, [torn.id]);
    let left = std::fs::metadata(&path).unwrap().len();
    assert_eq!(left, entry_name::end_of(at, torn.length), "it stays for a person, and nothing else does");
}

#[test]
fn objects_that_say_how_long_they_are_are_counted_together_and_refused_before_they_take_room() {
    let (root, _disk, store) = small(250 * MIB);
    let mut first = store.inbox().begin().unwrap();
    first.expect(120 * MIB).unwrap();
    push(&mut first, 10 * MIB).unwrap();
    let before = taken(root.path()).unwrap();
    let mut second = store.inbox().begin().unwrap();
    assert!(matches!(second.expect(120 * MIB), Err(Error::Full)), "the first one's room is promised");
    drop(second);
    assert_eq!(taken(root.path()).unwrap(), before, "nothing of it reached the disk");
    // Others go on, and the promise to the first one holds to its end.
    put(&store, &noise(5_000_000)).unwrap();
    push(&mut first, 110 * MIB).unwrap();
    let first = first.commit(reception("1")).unwrap().reception;
    store.inbox().remove(first.id).unwrap();
    // Its room is free again, and so is its promise.
    let mut third = store.inbox().begin().unwrap();
    third.expect(120 * MIB).unwrap();
    drop(third);
    assert_eq!(store.space().unwrap().level, Level::Ample);
}

#[test]
fn what_is_promised_to_a_long_object_is_not_given_to_others() {
    let (_root, _disk, store) = small(220 * MIB);
    let mut long = store.inbox().begin().unwrap();
    long.expect(130 * MIB).unwrap();
    // The headroom it leaves is for the others, no more than that.
    let mut sizes = (0..200).map(|_| put(&store, &noise(2_000_000)));
    let taken = sizes.by_ref().take_while(Result::is_ok).count() as u64 * 2_000_000;
    assert!((70 * MIB..85 * MIB).contains(&taken), "{taken}");
    push(&mut long, 130 * MIB).unwrap();
    long.commit(reception("1")).unwrap();
    // The watermark itself lends each object its first 8 MiB.
    assert!(store.space().unwrap().free + 12 * MIB > REFUSE, "nothing ran into the watermark");
}

#[test]
fn an_object_over_the_longest_is_refused_by_what_it_says_or_by_what_comes() {
    let root = tempfile::tempdir().unwrap();
    let longest = StoreConfig { max_object: Size(12 * MIB), ..config(root.path()) };
    let store = Store::open(&longest).unwrap();
    let mut said = store.inbox().begin().unwrap();
    assert!(matches!(said.expect(12 * MIB + 1), Err(Error::TooLong)));
    let mut came = store.inbox().begin().unwrap();
    push(&mut came, 12 * MIB).unwrap();
    assert!(matches!(came.write(&[0]), Err(Error::TooLong)));
    drop((said, came));
    put(&store, &noise(12 << 20)).unwrap();
}

#[test]
fn what_idle_lanes_set_aside_goes_before_anybody_is_refused() {
    let (root, disk, store) = small(8192 * MIB);
    let lanes: Vec<Incoming> = (0..4).map(|_| store.inbox().begin().unwrap()).collect();
    drop(lanes);
    if taken(root.path()).unwrap() < 4 * LANE {
        // A file system that sets nothing aside has nothing to give back.
        return;
    }
    disk.set_budget(taken(root.path()).unwrap() + REFUSE - MIB);
    assert_eq!(store.space().unwrap().level, Level::Refusing);
    put(&store, b"there is room").unwrap();
    assert!(taken(root.path()).unwrap() < MIB);
    assert_eq!(store.space().unwrap().level, Level::Ample);
}

#[test]
fn nothing_has_to_go_for_what_may_yet_be_refused() {
    let (_root, _disk, store) = small(92 * MIB);
    let mut incoming = store.inbox().begin().unwrap();
    incoming.expect(63 * MIB).unwrap();
    push(&mut incoming, 63 * MIB).unwrap();
    assert_eq!(store.space().unwrap().level, Level::Low, "it shows");
    assert!(!store.short().unwrap(), "and nothing goes for it");
    incoming.commit(reception("1")).unwrap();
    assert!(store.short().unwrap(), "until it is here to stay");
}

#[test]
fn what_may_go_goes_for_a_long_object_that_found_no_room_and_only_for_it() {
    let (_root, _disk, store) = small(220 * MIB);
    let inbox = store.inbox();
    let stored: Vec<Id> = (0..3).map(|_| put(&store, &noise(30 << 20)).unwrap().id).collect();
    // Too long for this site, or long with room enough: nothing goes.
    assert!(matches!(inbox.begin().unwrap().expect(u64::MAX), Err(Error::TooLong)));
    assert!(!store.short().unwrap());
    let refused = || inbox.begin().unwrap().expect(100 * MIB);
    assert!(matches!(refused(), Err(Error::Full)));
    assert_ne!(store.space().unwrap().level, Level::Refusing);
    assert!(store.short().unwrap(), "far above the warn watermark");
    let mut gone = stored.into_iter();
    while store.short().unwrap() {
        inbox.remove(gone.next().unwrap()).unwrap();
    }
    store.made_room();
    refused().unwrap();
    assert!(!store.short().unwrap(), "and no more goes for it");
    // Where nothing more may go it is over as well.
    assert!(matches!(inbox.begin().unwrap().expect(1024 * MIB), Err(Error::Full)));
    assert!(store.short().unwrap());
    store.made_room();
    assert!(!store.short().unwrap());
}
