//! Association requests: what is accepted, what is refused and why, and how a person is told.
use super::super::*;
use super::support::*;
use dicom::sop_classes::VERIFICATION;
use dicom::{IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME};
use dimse::pdu::MAX_PDU;

pub(super) type Items = Vec<(u8, Vec<u8>)>;

/// The results of the presentation contexts in an A-ASSOCIATE-AC as (id, result, transfer syntax), and its
/// user information sub-items.
pub(super) fn parts(body: &[u8]) -> (Vec<(u8, u8, String)>, Items) {
    fn items(mut bytes: &[u8]) -> Items {
        let mut found = Vec::new();
        while !bytes.is_empty() {
            let length = usize::from(u16::from_be_bytes([bytes[2], bytes[3]]));
            found.push((bytes[0], bytes[4..4 + length].to_vec()));
            bytes = &bytes[4 + length..];
        }
        found
    }
    let (mut contexts, mut user) = (Vec::new(), Vec::new());
    for (kind, body) in items(&body[68..]) {
        match kind {
            0x21 => {
                let syntax = items(&body[4..]).remove(0).1;
                contexts.push((body[0], body[2], String::from_utf8(syntax).unwrap()));
            }
            0x50 => user = items(&body),
            _ => {}
        }
    }
    (contexts, user)
}

pub(super) async fn ask(server: &Server, ask: &Ask) -> (u8, Vec<u8>) {
    let mut scanner = Scanner::connect(server).await;
    scanner.send(&ask.bytes()).await;
    scanner.receive().await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_context_gets_its_own_answer() {
    let mut config = config();
    config.private_sop_classes = vec!["1.3.12.2.1107.".into()];
    let server = Server::with(config).await;
    let request = Ask::new(&[
        (1, CT, &[IMPLICIT, EXPLICIT]),
        (3, VERIFICATION, &[IMPLICIT]),
        (5, "1.2.840.10008.5.1.4.1.2.2.1", &[IMPLICIT]),
        (7, CT, &["1.2.3.4"]),
        (9, "1.3.12.2.1107.5.9.1", &[EXPLICIT]),
        (9, "1.2.840.10008.5.1.4.1.1.4", &[EXPLICIT]),
        (11, CT, &[]),
        (255, "1.2.840.10008.5.1.4.1.1.88.67\0", &["1.2.840.10008.1.2.1 "]),
    ]);
    let (kind, body) = ask(&server, &request).await;
    assert_eq!(kind, 2);
    let (contexts, user) = parts(&body);
    let expected = [
        (1, 0, EXPLICIT),
        (3, 0, IMPLICIT),
        (5, 3, ""),
        (7, 4, ""),
        (9, 0, EXPLICIT),
        (11, 4, ""),
        (255, 0, EXPLICIT),
    ];
    assert_eq!(contexts.len(), expected.len());
    for ((id, result, syntax), expected) in contexts.iter().zip(expected) {
        assert_eq!((*id, *result), (expected.0, expected.1));
        assert!(*result != 0 || syntax == expected.2, "{id}");
    }
    assert_eq!(user[0], (0x51, MAX_PDU.to_be_bytes().to_vec()));
    assert_eq!(user[1], (0x52, IMPLEMENTATION_CLASS_UID.as_bytes().to_vec()));
    assert_eq!(user[2], (0x55, IMPLEMENTATION_VERSION_NAME.as_bytes().to_vec()));
    assert!(IMPLEMENTATION_VERSION_NAME.len() <= 16 && IMPLEMENTATION_CLASS_UID.len() <= 64);
    assert_eq!(user.len(), 3);
    // Titles come back as they were sent.
    assert_eq!(&body[4..36], &request.bytes()[10..42]);
}

#[tokio::test(flavor = "multi_thread")]
async fn window_role_and_identity_are_answered_and_strangers_ignored() {
    let server = Server::start().await;
    let mut request = Ask::usual(EXPLICIT);
    let role = [&(CT.len() as u16).to_be_bytes()[..], CT.as_bytes(), &[1, 1]].concat();
    let identity =
        |kind: u8, wanted: u8| item(0x58, &[&[kind, wanted, 0, 4][..], b"user", &[0, 2], b"pw"].concat());
    request.user = [
        item(0x53, &[0, 0, 0, 0]),
        item(0x54, &role),
        item(0x55, b"VERSION"),
        identity(2, 1),
        identity(3, 1),
        identity(1, 0),
        item(0x56, &[0, 3, b'1', b'.', b'2', 9, 9]),
        item(0x57, &[0; 8]),
        item(0x7E, b"never heard of"),
        // Sub-items that lie about their insides.
        item(0x54, &[0xFF, 0xFF, 1]),
        item(0x58, &[1, 1, 0xFF, 0xFF]),
        item(0x53, &[1]),
        item(0x51, &[]),
    ]
    .concat();
    request.items = item(0x99, b"an item of the future");
    let (kind, body) = ask(&server, &request).await;
    assert_eq!(kind, 2);
    let (_, user) = parts(&body);
    let answers: Vec<(u8, Vec<u8>)> =
        user.into_iter().filter(|(kind, _)| !matches!(kind, 0x51 | 0x52 | 0x55)).collect();
    let our_role = [&role[..role.len() - 2], &[1, 0]].concat();
    assert_eq!(answers, [(0x53, vec![0, 16, 0, 1]), (0x54, our_role), (0x59, vec![0, 0])]);
    request.user = item(0x53, &[0, 3, 0, 9]);
    let (_, user) = parts(&ask(&server, &request).await.1);
    assert!(user.contains(&(0x53, vec![0, 3, 0, 1])));
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_carry_the_standard_reason_and_are_explained_to_people() {
    let mut config = config();
    config.callers.push(Caller::new("MR1", "10.9.9.9"));
    let server = Server::with(config).await;
    let usual = Ask::usual(EXPLICIT);
    for (request, expected, reason) in [
        (Ask { calling: b"STRANGER".to_vec(), ..usual.clone() }, [1, 1, 3], Refusal::UnknownTitle),
        (Ask { calling: b"ct1".to_vec(), ..usual.clone() }, [1, 1, 3], Refusal::UnknownTitle),
        (Ask { calling: b"".to_vec(), ..usual.clone() }, [1, 1, 3], Refusal::UnknownTitle),
        (Ask { calling: vec![0xC3, 0xA9, 0], ..usual.clone() }, [1, 1, 3], Refusal::UnknownTitle),
        (Ask { calling: b"MR1".to_vec(), ..usual.clone() }, [1, 1, 3], Refusal::WrongAddress),
        (Ask { called: b"PACS".to_vec(), ..usual.clone() }, [1, 1, 7], Refusal::WrongCalledTitle),
        (
            Ask { application: "1.2.840.10008.3.1.1.2", ..usual.clone() },
            [1, 1, 2],
            Refusal::ApplicationContext,
        ),
        (Ask { version: 2, ..usual.clone() }, [1, 2, 2], Refusal::ProtocolVersion),
    ] {
        let (kind, body) = ask(&server, &request).await;
        assert_eq!((kind, &body[1..]), (3, &expected[..]), "{reason:?}");
        let told = server.sink.refused.lock().unwrap().pop().unwrap();
        assert_eq!((told.reason, told.address.to_string().as_str()), (reason, "127.0.0.1"));
        let can_be_named = request.calling.iter().any(u8::is_ascii_alphanumeric);
        let block = expected == [1, 1, 3] && can_be_named;
        assert_eq!(told.config_lines.contains("[[intake.callers]]"), block, "{reason:?}");
    }
    assert!(server.sink.refused.lock().unwrap().is_empty());
    // Leading and trailing spaces and zeros of a title are not significant.
    for calling in [&b" CT1"[..], b"CT1\0\0"] {
        let (kind, _) = ask(&server, &Ask { calling: calling.to_vec(), ..usual.clone() }).await;
        assert_eq!(kind, 2);
    }
    // Counted by each connection's own thread, after its answer.
    until("all eight are counted", || server.count("rejected") == 8).await;
    server.quiet().await;
    assert_eq!(server.count("rejected"), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_association_too_many_is_refused_for_now_only() {
    let mut config = config();
    config.max_associations = 2;
    let server = Server::with(config).await;
    let mut first = Scanner::associate(&server, &Ask::usual(EXPLICIT)).await;
    let _second = Scanner::associate(&server, &Ask::usual(EXPLICIT)).await;
    let (kind, body) = ask(&server, &Ask::usual(EXPLICIT)).await;
    assert_eq!((kind, &body[1..]), (3, &[2, 3, 2][..]));
    assert_eq!(server.sink.refused.lock().unwrap().pop().unwrap().reason, Refusal::Busy);
    first.release().await;
    until("a free place", || server.count("associations_open") == 1).await;
    Scanner::associate(&server, &Ask::usual(EXPLICIT)).await.release().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_do_not_parse_are_aborted() {
    let server = Server::start().await;
    let good = Ask::usual(EXPLICIT).bytes();
    let body = &good[6..];
    let mut overrun = body.to_vec();
    let last = overrun.len() - 12;
    overrun[last + 3] = 0xFF;
    let mut many = Ask::new(&[]);
    many.contexts = (0..129).map(|id| (id, CT.to_owned(), vec![EXPLICIT.to_owned()])).collect();
    let mut nameless = body[..68].to_vec();
    nameless.extend(item(0x10, b"1.2.840.10008.3.1.1.1"));
    nameless.extend(item(0x20, &[1, 0, 0, 0]));
    for bytes in [pdu(1, &body[..67]), pdu(1, &overrun), many.bytes(), pdu(1, &nameless), pdu(1, &[])] {
        let mut scanner = Scanner::connect(&server).await;
        scanner.send(&bytes).await;
        scanner.aborted(6).await;
    }
    server.quiet().await;
    assert_eq!((server.count("aborted_by_us"), server.count("associations")), (5, 0));
}
