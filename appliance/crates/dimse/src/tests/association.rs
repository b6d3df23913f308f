//! One association against a scripted peer: fragments, statuses, breaks, bounded memory.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::TcpListener;

use crate::test_support::{Act, Provider, Script};
use crate::{Association, Error, Object, Peer, Proposal, Rejection, Violation, echo, store};

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const EXPLICIT_LE: &str = "1.2.840.10008.1.2.1";

fn object(bytes: usize) -> Object {
    Object {
        sop_class: CT.into(),
        sop_instance: "1.2.3.4".into(),
        transfer_syntax: EXPLICIT_LE.into(),
        data_set: (0..bytes).map(|n| (n * 31 % 251) as u8).collect(),
    }
}

#[tokio::test]
async fn an_object_arrives_byte_for_byte_whatever_pdu_the_peer_takes() {
    for (max_pdu, most) in [(0, 131_072), (8, 8), (4_096, 4_096), (16_383, 16_383), (1 << 20, 131_072)] {
        let provider = Provider::start(Script { max_pdu, ..Script::default() }).await;
        for size in [0, 1, 16_378, 300_000] {
            let size = if max_pdu == 8 { size.min(20_000) } else { size };
            let expected = object(size).data_set;
            store(&provider.peer(), object(size)).await.unwrap();
            assert!(provider.got.lock().unwrap().last().unwrap().data == expected, "{max_pdu} {size}");
        }
        let last = provider.got.lock().unwrap().last().unwrap().clone();
        assert_eq!((last.instance.as_str(), last.association), ("1.2.3.4", 4));
        assert_eq!(*provider.associations.lock().unwrap(), 4);
        let longest = *provider.longest.lock().unwrap();
        assert!(longest <= most && longest + 2 >= most.min(16_380), "{max_pdu}: {longest}");
    }
}

#[tokio::test]
async fn an_echo_is_answered_and_a_status_is_told() {
    let provider = Provider::start(Script::default()).await;
    echo(&provider.peer()).await.unwrap();
    for (status, outcome) in [
        (0, Ok(())),
        (0xB000, Ok(())),
        (0xA700, Err(Error::Status(0xA700))),
        (0xC001, Err(Error::Status(0xC001))),
    ] {
        let script = Script { act: Arc::new(move |_, _| Act::Status(status)), ..Script::default() };
        let provider = Provider::start(script).await;
        assert_eq!(store(&provider.peer(), object(10)).await, outcome);
    }
}

#[tokio::test]
async fn what_the_peer_does_wrong_is_an_error_with_its_own_name() {
    for (act, error) in
        [(Act::Abort, Error::Aborted), (Act::WrongId, Error::Protocol(Violation::OtherRequest))]
    {
        let provider = Provider::start(Script { act: Arc::new(move |_, _| act), ..Script::default() }).await;
        assert_eq!(store(&provider.peer(), object(100_000)).await, Err(error));
    }
    // Closed or reset, as the system has it.
    let provider = Provider::start(Script { act: Arc::new(|_, _| Act::Hang), ..Script::default() }).await;
    let outcome = store(&provider.peer(), object(100_000)).await;
    assert!(matches!(outcome, Err(Error::Closed | Error::Broken(_))), "{outcome:?}");
    let provider = Provider::start(Script { reject: 1, ..Script::default() }).await;
    let rejection = Rejection { result: 2, origin: 3, reason: 1 };
    assert_eq!(echo(&provider.peer()).await, Err(Error::Rejected(rejection)));
    let picky = Script { syntaxes: vec!["1.2.840.10008.1.2".into()], ..Script::default() };
    let provider = Provider::start(picky).await;
    assert_eq!(store(&provider.peer(), object(1)).await, Err(Error::NotAccepted));
}

#[tokio::test]
async fn a_peer_that_is_not_there_or_silent_costs_no_more_than_patience() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peer = |address: String| Peer {
        address,
        called: "ARCHIVE".into(),
        calling: "BOX".into(),
        patience: Duration::from_millis(200),
        tls: None,
    };
    let silent = peer(listener.local_addr().unwrap().to_string());
    assert_eq!(echo(&silent).await, Err(Error::TimedOut("association")));
    drop(listener);
    let refused = Err(Error::Unreachable(std::io::ErrorKind::ConnectionRefused));
    assert_eq!(echo(&silent).await, refused);
    assert_eq!(echo(&peer("no-such-host.invalid:104".into())).await, Err(Error::NotResolved));
    let long = Peer { called: "A TITLE LONGER THAN SIXTEEN".into(), ..silent.clone() };
    assert_eq!(echo(&long).await, Err(Error::Unencodable));
    assert!(!format!("{long:?}").contains("TITLE"));
}

/// Counts what has been read of it; fails at its end when it promised more than it has.
struct Source {
    left: u64,
    read: Arc<AtomicU64>,
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = buffer.len().min(usize::try_from(self.left).unwrap());
        buffer[..count].fill(7);
        self.left -= count as u64;
        self.read.fetch_add(count as u64, Ordering::SeqCst);
        Ok(count)
    }
}

async fn open(provider: &Provider) -> Association {
    Association::open(&provider.peer(), &[Proposal::new(CT, EXPLICIT_LE)]).await.unwrap()
}

#[tokio::test]
async fn a_source_that_ends_early_is_told_and_the_object_is_never_complete() {
    let provider = Provider::start(Script::default()).await;
    let mut association = open(&provider).await;
    let context = association.context(CT, EXPLICIT_LE).unwrap();
    let source = Source { left: 400_000, read: Arc::default() };
    let outcome = association.store(context, CT, "1.2.3", 400_001, source).await;
    assert_eq!(outcome, Err(Error::Source));
    association.abort().await;
    assert!(provider.got.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_peer_that_does_not_read_keeps_all_but_a_few_pieces_on_disk() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let read = Arc::new(AtomicU64::new(0));
    let (counted, total) = (Arc::clone(&read), 1_u64 << 30);
    let patience = Duration::from_secs(2);
    let peer = Peer { address, called: "A".into(), calling: "B".into(), patience, tls: None };
    let accepting = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut header = [0; 6];
        stream.read_exact(&mut header).await.unwrap();
        let length = u32::from_be_bytes([header[2], header[3], header[4], header[5]]) as usize;
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        // One context accepted in Explicit VR Little Endian, no maximum length; then not another byte is read.
        let mut answer = body[..68].to_vec();
        answer.extend_from_slice(&[0x21, 0, 0, 27, 1, 0, 0, 0, 0x40, 0, 0, 19]);
        answer.extend_from_slice(EXPLICIT_LE.as_bytes());
        let mut pdu = vec![2, 0];
        pdu.extend_from_slice(&(answer.len() as u32).to_be_bytes());
        pdu.extend_from_slice(&answer);
        stream.write_all(&pdu).await.unwrap();
        stream
    });
    let mut association = Association::open(&peer, &[Proposal::new(CT, EXPLICIT_LE)]).await.unwrap();
    let _held = accepting.await.unwrap();
    let context = association.context(CT, EXPLICIT_LE).unwrap();
    let source = Source { left: total, read: counted };
    let outcome = association.store(context, CT, "1.2.3", total, source).await;
    assert_eq!(outcome, Err(Error::TimedOut("taking data")));
    // What the system's socket buffers took, and at most 1 MiB of ours.
    assert!(read.load(Ordering::SeqCst) < 32 << 20, "{}", read.load(Ordering::SeqCst));
}
