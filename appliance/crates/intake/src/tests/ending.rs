//! How associations end: aborts, cuts at every byte, time-outs, a stop. Never with half an object.
use std::time::Duration;

use super::support::*;

fn session() -> (Vec<u8>, usize) {
    let data = instance("1.2.3", "1.2.4", 60);
    let mut bytes = Ask::usual(EXPLICIT).bytes();
    bytes.extend(p_data(&[(3, 3, &echo(1))]));
    bytes.extend(p_data(&[(1, 3, &store(2, CT, "1.2.3"))]));
    bytes.extend(p_data(&[(1, 0, &data[..100])]));
    bytes.extend(p_data(&[(1, 2, &data[100..])]));
    let complete = bytes.len();
    bytes.extend(pdu(5, &[0; 4]));
    (bytes, complete)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_ended_at_any_byte_leaves_whole_objects_or_none() {
    let server = Server::start().await;
    let (bytes, complete) = session();
    let mut whole = 0;
    for at in 0..=bytes.len() {
        let mut scanner = Scanner::connect(&server).await;
        scanner.send(&bytes[..at]).await;
        scanner.end_sending().await;
        while scanner.receive().await.0 != 0 {}
        whole += usize::from(at >= complete);
        assert_eq!(server.entries(), whole, "ended at {at}");
    }
    server.quiet().await;
    let found = server.store.inbox().recover().unwrap();
    assert_eq!((found.damaged.len(), found.removed, found.entries.len()), (0, 0, whole));
    for entry in found.entries {
        server.store.inbox().verify(entry.id).unwrap();
    }
    assert_eq!(server.count("stored"), whole as u64);
    assert_eq!(server.count("aborted_by_peer"), bytes.len() as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_torn_at_any_byte_leaves_whole_objects_or_none() {
    let mut config = config();
    config.max_associations = 1000;
    let server = Server::with(config).await;
    let (bytes, complete) = session();
    for at in 0..=bytes.len() {
        let mut scanner = Scanner::connect(&server).await;
        scanner.send(&bytes[..at]).await;
        drop(scanner);
    }
    let over = || server.count("released") + server.count("aborted_by_peer");
    until("all connections over", || over() == bytes.len() as u64 + 1).await;
    server.quiet().await;
    // A reset may overtake what was sent, so there may be fewer, but never a part of one.
    let found = server.store.inbox().recover().unwrap();
    assert_eq!((found.damaged.len(), found.removed), (0, 0));
    assert!(found.entries.len() <= bytes.len() + 1 - complete);
    for entry in found.entries {
        server.store.inbox().verify(entry.id).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abort_in_mid_object_leaves_nothing() {
    let server = Server::start().await;
    let data = instance("1.2.3", "1.2.4", 2_000_000);
    for ending in [pdu(7, &[0, 0, 0, 0]), pdu(7, &[0, 0, 2, 9]), pdu(5, &[0; 4])] {
        let mut scanner = Scanner::associate(&server, &Ask::usual(EXPLICIT)).await;
        assert_eq!(scanner.store(1, "1.2.3", &data).await, 0);
        scanner.send(&p_data(&[(1, 3, &store(2, CT, "1.2.3"))])).await;
        for piece in data.chunks(50_000).take(30) {
            scanner.send(&p_data(&[(1, 0, piece)])).await;
        }
        until("something in the making", || server.store.arriving() > 0).await;
        scanner.send(&ending).await;
        let expected = if ending[0] == 5 { 6 } else { 0 };
        assert_eq!(scanner.receive().await.0, expected);
        server.quiet().await;
    }
    assert_eq!(server.entries(), 3);
    assert_eq!(server.count("aborted_by_peer"), 2);
    assert_eq!(server.sink.released.lock().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_ended_by_the_time_out_that_fits() {
    let mut config = config();
    config.artim_timeout = span(150);
    config.read_timeout = span(200);
    config.idle_timeout = span(400);
    let server = Server::with(config).await;
    let begin = tokio::time::Instant::now();
    let mut silent = Scanner::connect(&server).await;
    silent.aborted(0).await;
    assert!(begin.elapsed() >= Duration::from_millis(150));

    let mut idle = Scanner::associate(&server, &Ask::usual(EXPLICIT)).await;
    let begin = tokio::time::Instant::now();
    idle.aborted(0).await;
    assert!(begin.elapsed() >= Duration::from_millis(390));

    let mut half = Scanner::associate(&server, &Ask::usual(EXPLICIT)).await;
    half.send(&p_data(&[(1, 3, &store(1, CT, "1.2.3")), (1, 0, &[1; 100])])).await;
    half.aborted(0).await;
    server.quiet().await;
    assert_eq!(server.entries(), 0);
    assert_eq!(server.count("timed_out"), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_drip_does_not_hold_a_place_for_ever() {
    let mut config = config();
    config.artim_timeout = span(200);
    config.read_timeout = span(200);
    let server = Server::with(config).await;
    // One byte every 20 ms: each arrives in time, the PDU as a whole does not.
    let mut before = Scanner::connect(&server).await;
    let mut inside = Scanner::associate(&server, &Ask::usual(EXPLICIT)).await;
    let (request, message) = (Ask::usual(EXPLICIT).bytes(), p_data(&[(3, 3, &echo(1))]));
    for at in 0..30 {
        before.push(&request[at..=at]).await;
        inside.push(&message[at..=at]).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    server.quiet().await;
    assert_eq!(server.count("timed_out"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_lets_an_object_in_progress_finish_and_ends_the_idle() {
    let server = Server::start().await;
    let data = instance("1.2.3", "1.2.4", 1000);
    let mut idle = Scanner::associate(&server, &Ask::usual(EXPLICIT)).await;
    let mut busy = Scanner::associate(&server, &Ask::usual(EXPLICIT)).await;
    let mut early = Scanner::connect(&server).await;
    busy.send(&p_data(&[(1, 3, &store(1, CT, "1.2.3")), (1, 0, &data[..500])])).await;
    until("the object in progress", || server.store.arriving() > 0).await;
    server.stop.cancel();
    idle.aborted(0).await;
    early.aborted(0).await;
    assert!(!server.task.is_finished());
    busy.send(&p_data(&[(1, 2, &data[500..])])).await;
    assert_eq!(busy.response().await, (0x8001, 1, 0));
    busy.aborted(0).await;
    server.task.await.unwrap();
    assert_eq!(server.store.inbox().all().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_does_not_wait_for_ever() {
    let mut config = config();
    config.drain_timeout = span(100);
    let server = Server::with(config).await;
    let mut busy = Scanner::associate(&server, &Ask::usual(EXPLICIT)).await;
    busy.send(&p_data(&[(1, 3, &store(1, CT, "1.2.3")), (1, 0, &[1; 100])])).await;
    until("the object in progress", || server.store.arriving() > 0).await;
    server.stop.cancel();
    server.task.await.unwrap();
    until("nothing left", || server.store.arriving() == 0).await;
}
