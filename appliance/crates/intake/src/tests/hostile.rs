//! Hostile associations: a clear abort or status, bounded memory, nothing of theirs in any log.
use std::sync::{Arc, Mutex};

use super::support::*;

/// Resident memory at its highest, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

#[tokio::test(flavor = "multi_thread")]
async fn breaches_of_the_protocol_are_aborted_with_their_reason() {
    let server = Server::start().await;
    let store_command = store(1, CT, "1.2.3");
    let mut long = vec![4u8, 0];
    long.extend_from_slice(&u32::MAX.to_be_bytes());
    let pdv = |length: u32, rest: &[u8]| {
        let body = [&length.to_be_bytes()[..], rest].concat();
        pdu(4, &body)
    };
    let cases: Vec<(&str, Vec<u8>, u8)> = vec![
        ("an unknown PDU", pdu(0x42, &[1, 2, 3]), 1),
        ("a PDU of type 0", pdu(0, &[]), 1),
        ("a second request", Ask::usual(EXPLICIT).bytes(), 2),
        ("an accept", pdu(2, &[0; 68]), 2),
        ("a release response", pdu(6, &[0; 4]), 2),
        ("a P-DATA of 4 GiB", long, 6),
        ("a release of 100 MB", [&[5, 0][..], &100_000_000u32.to_be_bytes()].concat(), 6),
        ("a PDV too short to be one", pdu(4, &[0, 0, 0]), 6),
        ("a PDV of length 0", pdv(0, &[1, 3]), 6),
        ("a PDV of length 1", pdv(1, &[1, 3]), 6),
        ("a PDV beyond its PDU", pdv(1000, &[1, 3, 0]), 6),
        ("a PDV of 4 GiB", pdv(u32::MAX, &[1, 3, 0]), 6),
        ("a context not accepted", p_data(&[(77, 3, &echo(1))]), 6),
        ("data without a command", p_data(&[(1, 2, &[1; 10])]), 2),
        ("a command inside a data set", p_data(&[(1, 3, &store_command), (1, 0, &[1]), (1, 3, &echo(1))]), 2),
        ("another context in mid-message", p_data(&[(1, 3, &store_command), (3, 0, &[1])]), 6),
        ("another context in mid-command", p_data(&[(1, 1, &[0; 8]), (3, 1, &[0; 8])]), 6),
        ("a command that is none", p_data(&[(1, 3, &[0xAB; 40])]), 6),
        ("an empty command", p_data(&[(1, 3, &[])]), 6),
        ("a command that claims 3 GB", p_data(&[(1, 3, &[0, 0, 2, 0, 0, 0, 0, 0xC0, 1, 2, 3])]), 6),
        ("a response", p_data(&[(1, 3, &replace_field(echo(1), 0x8030))]), 2),
    ];
    let expected = cases.len() as u64;
    for (what, bytes, reason) in cases {
        let mut scanner = Scanner::associate(&server, &Ask::usual(EXPLICIT)).await;
        scanner.push(&bytes).await;
        let (kind, body) = scanner.receive().await;
        assert_eq!((kind, body.as_slice()), (7, &[0, 0, 2, reason][..]), "{what}");
    }
    server.quiet().await;
    assert_eq!(server.count("aborted_by_us"), expected);
    assert_eq!(server.entries(), 0);
    Scanner::associate(&server, &Ask::usual(EXPLICIT)).await.release().await;
}

fn replace_field(mut command: Vec<u8>, field: u16) -> Vec<u8> {
    let at = command.windows(4).position(|w| w == [0, 0, 0, 1]).unwrap() + 8;
    command[at..at + 2].copy_from_slice(&field.to_le_bytes());
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_command_is_aborted_at_64_kib() {
    let server = Server::start().await;
    let mut scanner = Scanner::associate(&server, &Ask::usual(EXPLICIT)).await;
    for _ in 0..3 {
        scanner.push(&p_data(&[(1, 1, &[0; 30_000])])).await;
    }
    scanner.aborted(6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_stays_bounded_whatever_lengths_are_claimed_and_however_much_arrives() {
    let server = Server::start().await;
    Scanner::associate(&server, &Ask::usual(EXPLICIT)).await.release().await;
    let before = peak();
    let mut sent = 0;
    // Requests that claim much and send little, all open at the same time.
    let mut open = Vec::new();
    for claimed in [1 << 20, 0xFFFF_FFFFu32, 0x7FFF_FFFF] {
        let mut scanner = Scanner::connect(&server).await;
        scanner.push(&[&[1, 0][..], &claimed.to_be_bytes(), &[0; 1000]].concat()).await;
        sent += 1006;
        open.push(scanner);
    }
    // Data sets whose every element claims 4 GiB, and a nest 50,000 deep.
    let claims = explicit(0x0009_1001, b"UN", &[]);
    let claims = [&claims[..8], &[0xF0, 0xFF, 0xFF, 0xFF]].concat();
    let nest =
        [&claims[..8], &[0xFF; 4], &[0xFE, 0xFF, 0, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF]].concat().repeat(50_000);
    let mut scanner = Scanner::associate(&server, &Ask::usual(EXPLICIT)).await;
    let header = instance("1.2.3", "1.2.4", 0);
    for (message, tail) in [(1, claims), (2, nest)] {
        let data = [&header[..header.len() - 12], &tail].concat();
        sent += data.len();
        assert_eq!(scanner.store(message, "1.2.3", &data).await, 0);
        assert!(!server.sink.stored.lock().unwrap().last().unwrap().prescan_ok);
    }
    // 200 MB in one object.
    scanner.send(&p_data(&[(1, 3, &store(3, CT, "1.2.3")), (1, 0, &header[..header.len() - 12])])).await;
    scanner.send(&p_data(&[(1, 0, &[0xE0, 0x7F, 0x10, 0, b'O', b'W', 0, 0, 0, 0, 0, 0x0C])])).await;
    let piece = p_data(&[(1, 0, &[7; 120_000])]);
    for _ in 0..1677 {
        scanner.send(&piece).await;
    }
    let left = 0x0C00_0000 - 1677 * 120_000;
    scanner.send(&p_data(&[(1, 2, &vec![7; left])])).await;
    assert_eq!(scanner.response().await, (0x8001, 3, 0));
    assert!(server.sink.stored.lock().unwrap().last().unwrap().prescan_ok);
    let grown = peak() - before;
    assert!(grown < (32 << 20) + 4 * sent as u64, "{} MiB more", grown >> 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deflate_bomb_is_stored_as_it_came_and_not_followed() {
    use std::io::Write;
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&instance("1.2.3", "1.2.4", 0)[..]).unwrap();
    for _ in 0..100 {
        encoder.write_all(&vec![0; 1 << 20]).unwrap();
    }
    let data = encoder.finish().unwrap();
    let server = Server::start().await;
    let mut scanner = Scanner::associate(&server, &Ask::usual(DEFLATED)).await;
    assert_eq!(scanner.store(1, "1.2.3", &data).await, 0);
    let told = server.sink.stored.lock().unwrap().pop().unwrap();
    assert!(!told.prescan_ok);
    assert_eq!(server.data(told.id), data);
}

/// Everything any target writes, at every level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_from_the_wire_reaches_the_log_at_any_level() {
    let log = Log::default();
    let to = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || to.clone())
        .try_init()
        .unwrap();
    let server = Server::start().await;
    let planted = ["PLANTED", "Planted", "6.6.6", "70.76.65"];
    let usual = Ask::usual(EXPLICIT);
    // Titles, contexts and sub-items of requests that fail.
    let mut requests = vec![
        Ask { calling: b"PLANTED^A".to_vec(), ..usual.clone() },
        Ask { called: b"PLANTED^B".to_vec(), ..usual.clone() },
        Ask { application: "6.6.6.PLANTED", ..usual.clone() },
        Ask { user: item(0x58, b"\x09\x01\x00\x07PLANTED\x00\x00"), ..usual.clone() },
        Ask { user: item(0x54, b"\x00\x07PLANTED"), ..usual.clone() },
        Ask { items: item(0x20, b"PLANTED"), ..usual.clone() },
    ];
    requests.push(Ask::new(&[(1, "6.6.6.PLANTED", &["6.6.6.PLANTED"])]));
    let mut broken = usual.bytes();
    broken.truncate(90);
    broken.extend_from_slice(b"PLANTED");
    broken[2..6].copy_from_slice(&91u32.to_be_bytes());
    let requests: Vec<Vec<u8>> =
        requests.iter().map(Ask::bytes).chain([broken, pdu(0x33, b"PLANTED")]).collect();
    for bytes in requests {
        let mut scanner = Scanner::connect(&server).await;
        scanner.send(&bytes).await;
        let (kind, _) = scanner.receive().await;
        assert!(matches!(kind, 2 | 3 | 7), "{kind}");
    }
    // Commands and data sets that are stored, refused, or end the association.
    let data = instance("6.6.6.1", "6.6.6.2", 100);
    let mut scanner = Scanner::associate(&server, &usual).await;
    assert_eq!(scanner.store(1, "6.6.6.1", &data).await, 0);
    assert_eq!(scanner.store(2, "6.6.6.9", &data).await, 0xA900);
    assert_eq!(scanner.store(3, "6.6.6.1", b"PLANTED^NAME").await, 0xC000);
    server.disk.set_free(0);
    assert_eq!(scanner.store(4, "6.6.6.1", &data).await, 0xA700);
    server.disk.set_free(1 << 30);
    *server.sink.answer.lock().unwrap() = Err(super::super::SinkError::Unknown);
    assert_eq!(scanner.store(5, "6.6.6.1", &data).await, 0xA700);
    scanner.send(&p_data(&[(1, 3, &store(6, "6.6.6.PLANTED", "6.6.6.1")), (1, 2, &data)])).await;
    assert_eq!(scanner.response().await.2, 0x0122);
    scanner.send(&p_data(&[(1, 3, b"PLANTED command set")])).await;
    scanner.aborted(6).await;
    server.quiet().await;
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for said in ["association accepted", "association rejected", "request refused", "A700", "127.0.0.1"] {
        assert!(text.contains(said), "the log says nothing of: {said}\n{text}");
    }
    for word in planted {
        assert!(!text.contains(word), "{word} in the log:\n{text}");
    }
}
