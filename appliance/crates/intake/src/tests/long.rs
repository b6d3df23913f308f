//! Long objects: refused by what they say, before they take room; cut ones give it back; others go on meanwhile.
use super::support::*;
use store::faults::taken;

const MIB: u64 = 1 << 20;
/// What an idle lane may keep: its segment, set aside.
const LANE: u64 = 64 * MIB;

/// A data set up to and with the header of its Pixel Data, which says that so many bytes follow.
fn opening(sop: &str, claimed: u32) -> Vec<u8> {
    let whole = instance(sop, "1.2.4", 0);
    let mut bytes = whole[..whole.len() - 12].to_vec();
    bytes.extend_from_slice(&[
        0xE0,
        0x7F,
        0x10,
        0,
        b'O',
        if claimed == u32::MAX { b'B' } else { b'W' },
        0,
        0,
    ]);
    bytes.extend_from_slice(&claimed.to_le_bytes());
    bytes
}

/// The header of a fragment (PS3.5 A.4).
fn fragment(length: u32) -> Vec<u8> {
    [&[0xFE, 0xFF, 0, 0xE0][..], &length.to_le_bytes()].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_says_that_it_is_too_long_or_finds_no_room_takes_none_and_the_next_is_taken() {
    let server = Server::start().await;
    let root = server._root.path();
    let small = instance("1.2.3", "1.2.4", 50_000);
    let mut scanner = Scanner::associate(&server, &Ask::usual(EXPLICIT)).await;
    assert_eq!(scanner.store(1, "1.2.3", &small).await, 0);
    server.disk.set_budget(400 * MIB);
    let before = taken(root).unwrap();
    let encapsulated = |length| [opening("1.2.5", u32::MAX), fragment(0), fragment(length)].concat();
    let cases = [
        (2, opening("1.2.5", 0xFFFF_FFFE), 0xA701),
        (3, opening("1.2.5", 500 << 20), 0xA700),
        (4, encapsulated(0xFFFF_FFFE), 0xA701),
        (5, encapsulated(500 << 20), 0xA700),
    ];
    for (message, start, status) in cases {
        let data = [start, vec![7; 3 << 20]].concat();
        assert_eq!(scanner.store(message, "1.2.5", &data).await, status, "{message}");
        assert!(taken(root).unwrap() < before + MIB, "{message}: {}", taken(root).unwrap());
        assert_eq!(scanner.store(100 + message, "1.2.3", &small).await, 0, "{message}: there is room");
    }
    scanner.release().await;
    assert_eq!((server.count("refused_too_long"), server.count("refused_resources")), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_object_that_is_cut_gives_its_room_back_and_one_without_room_stops_nobody() {
    let server = Server::start().await;
    let root = server._root.path();
    server.disk.set_budget(250 * MIB);
    let small = instance("1.2.3", "1.2.4", 50_000);
    let piece = p_data(&[(1, 0, &[7; 100_000])]);
    let start = [opening("1.2.5", u32::MAX), fragment(0)].concat();
    // Aborted, closed, and left without a word in the middle.
    for end in [pdu(7, &[0; 4]), Vec::new()] {
        let mut scanner = Scanner::associate(&server, &Ask::usual(EXPLICIT)).await;
        scanner.send(&p_data(&[(1, 3, &store(1, CT, "1.2.5")), (1, 0, &start)])).await;
        for _ in 0..1000 {
            scanner.send(&p_data(&[(1, 0, &fragment(99_992)), (1, 0, &[7; 99_992])])).await;
        }
        until("most of it is on disk", || taken(root).unwrap() > 80 * MIB).await;
        let mut other = Scanner::associate(&server, &Ask::usual(EXPLICIT)).await;
        assert_eq!(other.store(1, "1.2.3", &small).await, 0);
        other.release().await;
        scanner.send(&end).await;
        drop(scanner);
        until("its room is back", || taken(root).unwrap() < 2 * MIB).await;
        server.quiet().await;
    }
    // One that never ends is refused; while its rest is read past, and after it, others are taken.
    let mut scanner = Scanner::associate(&server, &Ask::usual(EXPLICIT)).await;
    scanner.send(&p_data(&[(1, 3, &store(9, CT, "1.2.5")), (1, 0, &start), (1, 0, &fragment(0))])).await;
    for at in 0..4000 {
        scanner.send(&piece).await;
        if at % 500 == 0 {
            let mut other = Scanner::associate(&server, &Ask::usual(EXPLICIT)).await;
            assert_eq!(other.store(1, "1.2.3", &small).await, 0, "after {at} pieces");
            other.release().await;
        }
    }
    assert!(taken(root).unwrap() < LANE, "what was refused is gone while it still comes");
    scanner.send(&p_data(&[(1, 2, &[])])).await;
    assert_eq!(scanner.response().await, (0x8001, 9, 0xA700));
    assert_eq!(scanner.store(10, "1.2.3", &small).await, 0);
    scanner.release().await;
    server.quiet().await;
    let whole = server.store.space().unwrap();
    assert_eq!(whole.level, store::Level::Ample);
}
