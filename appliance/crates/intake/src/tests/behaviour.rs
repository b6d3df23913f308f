//! What a sender experiences: C-ECHO, C-STORE and every status, however its bytes are cut.
use super::super::*;
use super::support::*;
use dicom::TRANSFER_SYNTAXES;
use store::Digest;
use store::faults::Failure;

#[tokio::test(flavor = "multi_thread")]
async fn an_echo_is_answered() {
    let server = Server::start().await;
    let mut scanner = Scanner::associate(&server, &Ask::usual(EXPLICIT)).await;
    for message in [1, 2, 0xFFFF] {
        scanner.send(&p_data(&[(3, 3, &echo(message))])).await;
        assert_eq!(scanner.response().await, (0x8030, message, 0));
    }
    scanner.release().await;
    assert_eq!(server.count("echoes"), 3);
    assert_eq!(server.count("released"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn success_means_on_disk_and_in_the_ledger_byte_for_byte() {
    let server = Server::start().await;
    let mut scanner = Scanner::associate(&server, &Ask::usual(EXPLICIT)).await;
    for (message, size) in [(1, 0), (2, 10), (3, 1 << 20), (4, 3_000_001)] {
        let sop = format!("1.2.3.{message}");
        let data = instance(&sop, "1.2.4", size);
        assert_eq!(scanner.store(message, &sop, &data).await, 0);
        let told = server.sink.stored.lock().unwrap().last().unwrap().clone();
        assert_eq!(server.data(told.id), data);
        assert_eq!((told.length, told.digest), (data.len() as u64, Digest::of(&data)));
        assert_eq!((told.sop_class.as_str(), told.sop_instance_uid.as_str()), (CT, sop.as_str()));
        assert_eq!((told.study_uid.as_str(), told.series_uid.as_str()), ("1.2.4", "1.2.9.1"));
        assert_eq!((told.modality.as_str(), told.transfer_syntax.as_str()), ("CT", EXPLICIT));
        assert_eq!((told.calling_ae.as_str(), told.called_ae.as_str()), ("CT1", "SCANSIDE"));
        assert_eq!(told.address, "127.0.0.1");
        assert!(told.prescan_ok && told.arrived > 1_700_000_000_000);
        assert_eq!(told.pixel_data.unwrap().length, size as u64);
    }
    scanner.release().await;
    let association = server.sink.stored.lock().unwrap()[0].association;
    assert_eq!(*server.sink.released.lock().unwrap(), [(association, vec!["1.2.4".to_owned()])]);
    assert_eq!(server.store.inbox().recover().unwrap().entries.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_understood_however_they_are_cut_into_pdus() {
    let server = Server::start().await;
    let data = instance("1.2.3", "1.2.4", 300);
    let command = store(9, CT, "1.2.3");
    for size in [1, 2, 7, 64, 1000] {
        let mut ask = Ask::usual(EXPLICIT);
        ask.peer_max = 20;
        let mut scanner = Scanner::associate(&server, &ask).await;
        let mut bytes = Vec::new();
        for (kind, whole) in [(1u8, &command), (0, &data)] {
            let count = whole.chunks(size).count();
            for (index, piece) in whole.chunks(size).enumerate() {
                let control = if index + 1 == count { kind | 2 } else { kind };
                bytes.extend(p_data(&[(1, control, piece)]));
            }
        }
        // Pieces of the network need not be pieces of the protocol.
        for piece in bytes.chunks(size * 3 + 5) {
            scanner.send(piece).await;
        }
        assert_eq!(scanner.response().await, (0x8001, 9, 0));
        scanner.release().await;
    }
    // Command and data set in one PDU, empty fragments between, and the next request already behind it.
    let mut scanner = Scanner::associate(&server, &Ask::usual(EXPLICIT)).await;
    let (half, rest) = data.split_at(101);
    let one = p_data(&[(1, 1, &[]), (1, 3, &command), (1, 0, half), (1, 0, &[]), (1, 0, rest), (1, 2, &[])]);
    let two = p_data(&[(1, 3, &store(10, CT, "1.2.3")), (1, 2, &data)]);
    scanner.send(&[one, pdu(4, &[]), two, p_data(&[(3, 3, &echo(11))])].concat()).await;
    assert_eq!(scanner.response().await, (0x8001, 9, 0));
    assert_eq!(scanner.response().await, (0x8001, 10, 0));
    assert_eq!(scanner.response().await, (0x8030, 11, 0));
    scanner.release().await;
    let stored = server.sink.stored.lock().unwrap().clone();
    assert_eq!(stored.len(), 7);
    for reception in stored {
        assert_eq!(server.data(reception.id), data);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_transfer_syntax_is_stored_as_sent() {
    let server = Server::start().await;
    let data = instance("1.2.3", "1.2.4", 20);
    for (syntax, _) in TRANSFER_SYNTAXES {
        let mut ask = Ask::new(&[]);
        ask.contexts = vec![(1, CT.to_owned(), vec![(*syntax).to_owned()])];
        let mut scanner = Scanner::associate(&server, &ask).await;
        let status = scanner.store(1, "1.2.3", &data).await;
        scanner.release().await;
        if syntax.ends_with(".99") || syntax.ends_with(".95") || syntax.ends_with(".205") {
            assert_eq!(status, 0xC000, "{syntax}: not deflated, no UIDs to be found");
            continue;
        }
        assert_eq!(status, 0, "{syntax}");
        let told = server.sink.stored.lock().unwrap().last().unwrap().clone();
        assert_eq!((told.transfer_syntax.as_str(), server.data(told.id)), (*syntax, data.clone()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_have_their_status_and_leave_nothing() {
    let server = Server::start().await;
    let mut scanner = Scanner::associate(&server, &Ask::usual(EXPLICIT)).await;
    let data = instance("1.2.3", "1.2.4", 50_000);
    // A900: the data set is another instance, or of another class.
    assert_eq!(scanner.store(1, "1.2.3.4", &data).await, 0xA900);
    let mut other = data.clone();
    let class = other.windows(25).position(|w| w == CT.as_bytes()).unwrap();
    other[class + 24] = b'4';
    assert_eq!(scanner.store(2, "1.2.3", &other).await, 0xA900);
    // C000: nothing to file it by.
    for (message, bytes) in [(3, Vec::new()), (4, vec![0xAB; 5000]), (5, data[..60].to_vec())] {
        assert_eq!(scanner.store(message, "1.2.3", &bytes).await, 0xC000);
    }
    let requests = [
        (store(6, "1.2.840.10008.5.1.4.1.1.4", "1.2.3"), true, (0x8001, 6, 0x0122)),
        (store(7, CT, ""), true, (0x8001, 7, 0x0120)),
        (replaced(store(8, CT, "1.2.3"), 0x0800, 0x0101), false, (0x8001, 8, 0xC000)),
        (replaced(echo(9), 0x0100, 0x0020), false, (0x8020, 9, 0x0211)),
        (replaced(store(10, CT, "1.2.3"), 0x0100, 0x0020), true, (0x8020, 10, 0x0211)),
    ];
    for (request, has_data, expected) in requests {
        scanner.send(&p_data(&[(1, 3, &request)])).await;
        if has_data {
            scanner.send(&p_data(&[(1, 0, &[1; 500]), (1, 2, &[2; 500])])).await;
        }
        assert_eq!(scanner.response().await, expected);
    }
    // The association has survived all of it.
    assert_eq!(scanner.store(11, "1.2.3", &data).await, 0);
    scanner.release().await;
    server.quiet().await;
    assert_eq!(server.entries(), 1);
    let counted = ["refused_mismatch", "refused_unreadable", "refused_other"].map(|name| server.count(name));
    assert_eq!(counted, [2, 4, 4]);
}

/// The same command with another Command Field (0x0100) or Data Set Type (0x0800).
fn replaced(mut command: Vec<u8>, element: u16, value: u16) -> Vec<u8> {
    let mut at = 0;
    while command[at + 2..at + 4] != element.to_le_bytes() {
        at += 8 + u32::from_le_bytes(command[at + 4..at + 8].try_into().unwrap()) as usize;
    }
    command[at + 8..at + 10].copy_from_slice(&value.to_le_bytes());
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn every_disk_failure_is_answered_a700_and_the_sender_can_go_on() {
    let data = instance("1.2.3", "1.2.4", 300_000);
    // The first two happen when a segment is begun, the others with every object.
    for operation in ["create", "sync_folder", "write", "header", "sync", "free"] {
        for failure in [Failure::NoSpace, Failure::InputOutput] {
            let server = Server::start().await;
            let mut scanner = Scanner::associate(&server, &Ask::usual(EXPLICIT)).await;
            if !["create", "sync_folder"].contains(&operation) {
                assert_eq!(scanner.store(1, "1.2.3", &data).await, 0);
            }
            server.disk.fail(operation, failure);
            assert_eq!(scanner.store(2, "1.2.3", &data).await, 0xA700, "{operation}");
            server.disk.heal();
            let after = if server.store.poisoned() { 0xA700 } else { 0 };
            assert_eq!(server.store.poisoned(), operation.starts_with("sync"), "{operation}");
            assert_eq!(scanner.store(3, "1.2.3", &data).await, after, "{operation}");
            scanner.release().await;
            server.quiet().await;
            let acknowledged = server.sink.stored.lock().unwrap().clone();
            assert_eq!(server.entries(), acknowledged.len(), "{operation}");
            for reception in acknowledged {
                server.store.inbox().verify(reception.id).unwrap();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn under_the_refuse_watermark_nothing_is_taken() {
    let server = Server::start().await;
    let mut scanner = Scanner::associate(&server, &Ask::usual(EXPLICIT)).await;
    let data = instance("1.2.3", "1.2.4", 10);
    server.disk.set_free(0);
    assert_eq!(scanner.store(1, "1.2.3", &data).await, 0xA700);
    server.disk.set_free(1 << 30);
    assert_eq!(scanner.store(2, "1.2.3", &data).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_ledger_says_decides() {
    let server = Server::start().await;
    let mut scanner = Scanner::associate(&server, &Ask::usual(EXPLICIT)).await;
    let data = instance("1.2.3", "1.2.4", 10);
    for (message, answer, status, entries) in [
        (1, Ok(()), 0, 1),
        (2, Err(SinkError::NotRecorded), 0xA700, 1),
        (3, Err(SinkError::Unknown), 0xA700, 2),
    ] {
        *server.sink.answer.lock().unwrap() = answer;
        assert_eq!(scanner.store(message, "1.2.3", &data).await, status);
        assert_eq!(server.entries(), entries, "{answer:?}");
    }
    scanner.release().await;
    assert_eq!(server.count("stored"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_associations_at_once_do_not_mix() {
    let server = std::sync::Arc::new(Server::start().await);
    let mut senders = tokio::task::JoinSet::new();
    for sender in 0..16u16 {
        let server = std::sync::Arc::clone(&server);
        senders.spawn(async move {
            let mut scanner = Scanner::associate(&server, &Ask::usual(EXPLICIT)).await;
            for number in 0..5u16 {
                let sop = format!("1.2.{sender}.{number}");
                let data = instance(&sop, &format!("1.2.{sender}"), 1000 * usize::from(sender));
                assert_eq!(scanner.store(number, &sop, &data).await, 0);
            }
            scanner.release().await;
        });
    }
    while let Some(done) = senders.join_next().await {
        done.unwrap();
    }
    let stored = server.sink.stored.lock().unwrap().clone();
    assert_eq!(stored.len(), 80);
    for told in stored {
        let parts: Vec<usize> = told.sop_instance_uid.split('.').map(|part| part.parse().unwrap()).collect();
        assert_eq!(told.study_uid, format!("1.2.{}", parts[2]));
        assert_eq!(server.data(told.id), instance(&told.sop_instance_uid, &told.study_uid, 1000 * parts[2]));
    }
    assert_eq!(server.sink.released.lock().unwrap().len(), 16);
}
