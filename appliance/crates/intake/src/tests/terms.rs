//! What is agreed with whom: every class and syntax, user identity, extended negotiation, limits, quirks, transcripts.
use super::super::*;
use super::negotiation::{ask, parts};
use super::support::*;
use dicom::sop_classes::VERIFICATION;
use dicom::{STORAGE_SOP_CLASSES, TRANSFER_SYNTAXES};
use store::units::Size;

#[tokio::test(flavor = "multi_thread")]
async fn every_storage_class_and_every_transfer_syntax_is_accepted() {
    let server = Server::start().await;
    for classes in STORAGE_SOP_CLASSES.chunks(128) {
        let contexts: Vec<(u8, &str, &[&str])> = classes
            .iter()
            .zip(0u8..)
            .map(|((uid, _), i)| (i.wrapping_mul(2) | 1, *uid, &[EXPLICIT][..]))
            .collect();
        let (kind, body) = ask(&server, &Ask::new(&contexts)).await;
        let (answers, _) = parts(&body);
        assert_eq!((kind, answers.len()), (2, classes.len()));
        assert!(answers.iter().all(|(_, result, syntax)| *result == 0 && syntax == EXPLICIT));
    }
    for (uid, name) in TRANSFER_SYNTAXES {
        let (_, body) = ask(&server, &Ask::usual(uid)).await;
        let (answers, _) = parts(&body);
        assert_eq!((answers[0].1, answers[0].2.as_str()), (0, *uid), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn extended_negotiation_is_answered_and_a_specialised_class_is_taken() {
    let server = Server::start().await;
    let mut request =
        Ask::new(&[(1, CT, &[EXPLICIT]), (3, "1.2.3.4.5", &[EXPLICIT]), (5, "1.2.3.4.6", &[EXPLICIT])]);
    let field = |text: &str| [&(text.len() as u16).to_be_bytes()[..], text.as_bytes()].concat();
    let common = |class: &str, service: &str| {
        item(0x57, &[field(class), field(service), field(std::str::from_utf8(&field(CT)).unwrap())].concat())
    };
    request.user = [
        item(0x56, &[field(CT), vec![3, 0, 0, 0, 2, 0]].concat()),
        item(0x56, &[field("1.2.840.10008.1.1"), vec![1]].concat()),
        common("1.2.3.4.5", "1.2.840.10008.4.2"),
        common("1.2.3.4.6", "1.2.840.10008.4.9"),
    ]
    .concat();
    let (kind, body) = ask(&server, &request).await;
    let (contexts, user) = parts(&body);
    assert_eq!(kind, 2);
    assert_eq!(contexts.iter().map(|(_, result, _)| *result).collect::<Vec<_>>(), [0, 0, 3]);
    let extended: Vec<_> = user.into_iter().filter(|(kind, _)| *kind == 0x56).map(|(_, body)| body).collect();
    assert_eq!(extended, [[field(CT), vec![2, 0, 3, 0, 0, 0]].concat()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checked_identity_decides_and_is_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("code");
    std::fs::write(&path, "pw\n").unwrap();
    let mut config = config();
    config.identity = IdentityConfig {
        mode: IdentityMode::Check,
        users: vec![IdentityUser { name: "user".into(), passcode: Some(path) }],
    };
    let server = Server::with(config).await;
    let identity = |kind: u8, name: &[u8], code: &[u8]| {
        let field = |bytes: &[u8]| [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat();
        Ask { user: item(0x58, &[vec![kind, 1], field(name), field(code)].concat()), ..Ask::usual(EXPLICIT) }
    };
    let (kind, body) = ask(&server, &identity(2, b"user", b"pw")).await;
    assert_eq!(kind, 2);
    assert!(parts(&body).1.contains(&(0x59, vec![0, 0])));
    for (request, reason) in [
        (identity(2, b"user", b"no"), Refusal::IdentityWrong),
        (identity(1, b"user", b""), Refusal::IdentityWrong),
        (identity(5, b"user", b""), Refusal::IdentityMissing),
        (Ask::usual(EXPLICIT), Refusal::IdentityMissing),
    ] {
        let (kind, body) = ask(&server, &request).await;
        assert_eq!((kind, &body[1..]), (3, &[1, 1, 1][..]), "{reason:?}");
        assert_eq!(server.sink.refused.lock().unwrap().pop().unwrap().reason, reason);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_has_its_own_limits() {
    let mut config = config();
    config.callers[0].max_associations = Some(1);
    config.callers[0].max_pdu = Some(Size(16384));
    config.callers[0].bytes_per_day = Some(Size(1));
    let server = Server::with(config).await;
    let mut first = Scanner::connect(&server).await;
    first.send(&Ask::usual(EXPLICIT).bytes()).await;
    let (kind, body) = first.receive().await;
    assert_eq!((kind, parts(&body).1[0].clone()), (2, (0x51, 16384u32.to_be_bytes().to_vec())));
    let (kind, body) = ask(&server, &Ask::usual(EXPLICIT)).await;
    assert_eq!((kind, &body[1..]), (3, &[2, 3, 2][..]));
    assert_eq!(server.sink.refused.lock().unwrap().pop().unwrap().reason, Refusal::CallerBusy);
    // What has begun is taken; what comes after the day's last byte is not, and the scanner keeps it.
    let data = instance("1.2.5.1", "1.2.5", 100);
    first.send(&p_data(&[(1, 3, &store(1, CT, "1.2.5.1")), (1, 2, &data)])).await;
    assert_eq!(first.response().await.2, 0);
    first.send(&p_data(&[(1, 3, &store(2, CT, "1.2.5.1")), (1, 2, &data)])).await;
    assert_eq!(first.response().await.2, 0xA700);
    first.send(&p_data(&[(1, 0, &[0; 20_000])])).await;
    first.aborted(6).await;
    server.quiet().await;
    let (kind, body) = ask(&server, &Ask::usual(EXPLICIT)).await;
    assert_eq!((kind, &body[1..]), (3, &[2, 3, 2][..]));
    assert_eq!(server.sink.refused.lock().unwrap().pop().unwrap().reason, Refusal::QuotaSpent);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_in_a_row_are_slowed_down() {
    let mut config = config();
    config.callers[0].associations_per_minute = Some(2);
    let server = Server::with(config).await;
    for expected in [2, 2, 3] {
        assert_eq!(ask(&server, &Ask::usual(EXPLICIT)).await.0, expected);
    }
    assert_eq!(server.sink.refused.lock().unwrap().pop().unwrap().reason, Refusal::TooOften);
}

#[tokio::test(flavor = "multi_thread")]
async fn quirks_are_forgiven_to_those_who_have_them_only() {
    let mut config = config();
    config.callers[0].quirks =
        vec![Quirk::AnyCalledTitle, Quirk::PreferImplicit, Quirk::NoWindow, Quirk::AbortIsRelease];
    config.callers.push(Caller::new("MR1", "127.0.0.1"));
    let server = Server::with(config).await;
    let usual = Ask { user: item(0x53, &[0, 0, 0, 0]), ..Ask::new(&[(1, CT, &[EXPLICIT, IMPLICIT])]) };
    for (calling, called, implicit, window) in [("CT1", "ANYBODY", true, 0), ("MR1", "SCANSIDE", false, 1)] {
        let request = Ask { calling: calling.into(), called: called.into(), ..usual.clone() };
        let (kind, body) = ask(&server, &request).await;
        let (contexts, user) = parts(&body);
        assert_eq!((kind, contexts[0].2 == IMPLICIT), (2, implicit), "{calling}");
        assert_eq!(user.iter().filter(|(kind, _)| *kind == 0x53).count(), window, "{calling}");
    }
    for (calling, released) in [("CT1", 1), ("MR1", 0)] {
        server.sink.released.lock().unwrap().clear();
        let request = Ask { calling: calling.into(), ..Ask::usual(EXPLICIT) };
        let mut scanner = Scanner::associate(&server, &request).await;
        assert_eq!(scanner.store(1, "1.2.6.1", &instance("1.2.6.1", "1.2.6", 10)).await, 0);
        scanner.send(&pdu(7, &[0; 4])).await;
        server.quiet().await;
        until("it has ended", || server.transcripts.list()[0].lasted.is_some()).await;
        let told = server.sink.released.lock().unwrap().iter().filter(|(_, s)| !s.is_empty()).count();
        assert_eq!(told, released, "{calling}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_association_leaves_a_transcript_without_identity() {
    let server = Server::start().await;
    let request = Ask::new(&[
        (1, CT, &[EXPLICIT, "1.2.3.4"]),
        (3, VERIFICATION, &[IMPLICIT]),
        (5, "1.2.840.10008.5.1.4.1.2.2.1", &[IMPLICIT]),
    ]);
    let mut scanner = Scanner::associate(&server, &request).await;
    assert_eq!(scanner.store(1, "1.2.7.1", &instance("1.2.7.1", "1.2.7", 10)).await, 0);
    assert_eq!(scanner.store(2, "1.2.7.9", &instance("1.2.7.1", "1.2.7", 10)).await, 0xA900);
    scanner.send(&p_data(&[(3, 3, &echo(3))])).await;
    assert_eq!(scanner.response().await.2, 0);
    assert_eq!(server.transcripts.list()[0].outcome, "open");
    scanner.release().await;
    server.quiet().await;
    ask(&server, &Ask { calling: b"PLANTED".to_vec(), ..Ask::usual(EXPLICIT) }).await;
    until("both are written", || server.transcripts.list().len() == 2).await;
    let list = server.transcripts.list();
    assert_eq!(list[0].outcome, "rejected: its AE title is not in the list of callers");
    let found = &list[1];
    assert_eq!(
        (found.outcome.as_str(), found.caller.as_deref(), found.tls.as_ref()),
        ("released", Some("CT1"), None)
    );
    let contexts: Vec<(&str, &str)> =
        found.contexts.iter().map(|c| (c.sop_class.as_str(), c.result.as_str())).collect();
    assert_eq!(
        contexts,
        [
            ("CT Image Storage", "accepted: Explicit VR Little Endian"),
            ("Verification SOP Class", "accepted: Implicit VR Little Endian"),
            ("Study Root Query/Retrieve Information Model - FIND", "refused: this SOP class is not taken"),
        ]
    );
    assert_eq!(found.contexts[0].proposed, ["Explicit VR Little Endian", "1.2.3.4"]);
    let messages: Vec<(&str, &str)> =
        found.messages.iter().map(|m| (m.what.as_str(), m.status.as_str())).collect();
    assert_eq!(messages, [("C-STORE", "0000"), ("C-STORE", "A900"), ("C-ECHO", "0000")]);
    assert_eq!(found.messages[0].bytes, instance("1.2.7.1", "1.2.7", 10).len() as u64);
    let text = serde_json::to_string(&list).unwrap();
    for planted in ["PLANTED", "Planted", "1.2.7.1", "1.2.7\""] {
        assert!(!text.contains(planted), "{planted}");
    }
}
