//! A server on a free port, a sink that remembers, and a scanner that speaks in raw bytes.
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::super::*;
use crate::store::faults::FaultyDisk;
use crate::store::units::{Size, Span};
use crate::store::{Id, Inbox, Store, StoreConfig};

pub(super) const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
pub(super) const IMPLICIT: &str = "1.2.840.10008.1.2";
pub(super) const EXPLICIT: &str = "1.2.840.10008.1.2.1";
pub(super) const BIG: &str = "1.2.840.10008.1.2.2";
pub(super) const DEFLATED: &str = "1.2.840.10008.1.2.1.99";
const PATIENCE: Duration = Duration::from_secs(20);

/// Remembers what it was told, and looks at the disk when it is told.
pub(super) struct TestSink {
    inbox: Mutex<Option<Inbox>>,
    pub(super) stored: Mutex<Vec<Reception>>,
    pub(super) released: Mutex<Vec<(u64, Vec<String>)>>,
    pub(super) refused: Mutex<Vec<RefusedCaller>>,
    pub(super) answer: Mutex<Result<Acceptance, SinkError>>,
}

impl Sink for TestSink {
    fn stored<'a>(&'a self, reception: &'a Reception) -> BoxFuture<'a, Result<Acceptance, SinkError>> {
        Box::pin(async move {
            // The promise: what the ledger hears of is whole on disk already.
            let inbox = self.inbox.lock().unwrap().clone().unwrap();
            assert_eq!(inbox.verify(reception.id).unwrap(), *reception);
            let answer = *self.answer.lock().unwrap();
            if answer.is_ok() {
                self.stored.lock().unwrap().push(reception.clone());
            }
            answer
        })
    }

    fn released(&self, association: u64, studies: &[String]) {
        self.released.lock().unwrap().push((association, studies.to_vec()));
    }

    fn refused(&self, caller: RefusedCaller) {
        self.refused.lock().unwrap().push(caller);
    }
}

pub(super) struct Server {
    pub(super) _root: tempfile::TempDir,
    pub(super) disk: FaultyDisk,
    pub(super) store: Store,
    pub(super) sink: Arc<TestSink>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) transcripts: Arc<Transcripts>,
    pub(super) address: SocketAddr,
    pub(super) stop: CancellationToken,
    pub(super) task: tokio::task::JoinHandle<()>,
}

pub(super) fn span(millis: u64) -> Span {
    Span(Duration::from_millis(millis))
}

/// Everybody from loopback under the title CT1.
pub(super) fn config() -> IntakeConfig {
    let callers = vec![Caller::new("CT1", "127.0.0.1")];
    IntakeConfig { listen: ([127, 0, 0, 1], 0).into(), callers, ..IntakeConfig::default() }
}

impl Server {
    pub(super) async fn start() -> Server {
        Server::with(config()).await
    }

    pub(super) async fn with(config: IntakeConfig) -> Server {
        let root = tempfile::tempdir().unwrap();
        let disk = FaultyDisk::default();
        let store = StoreConfig { warn_free: Size(2), refuse_free: Size(1), ..StoreConfig::at(root.path()) };
        let store = Store::open_on(&store, Arc::new(disk.clone())).unwrap();
        let sink = Arc::new(TestSink {
            inbox: Mutex::new(Some(store.inbox())),
            stored: Mutex::default(),
            released: Mutex::default(),
            refused: Mutex::default(),
            answer: Mutex::new(Ok(Acceptance::New)),
        });
        let stop = CancellationToken::new();
        let intake = Intake::bind(config, false, &store, sink.clone(), stop.clone()).await.unwrap();
        let (metrics, transcripts) = (intake.metrics(), intake.transcripts());
        let address = intake.local_addr().unwrap();
        let task = tokio::spawn(intake.run());
        Server { transcripts, _root: root, disk, store, sink, metrics, address, stop, task }
    }

    /// Entries in the store.
    pub(super) fn entries(&self) -> usize {
        self.store.inbox().all().unwrap().len()
    }

    /// Wait until nothing is in the making any more.
    pub(super) async fn quiet(&self) {
        until("nothing in the making", || {
            self.store.arriving() == 0
                && self.metrics.associations_open.load(std::sync::atomic::Ordering::Relaxed) == 0
        })
        .await;
    }

    pub(super) fn data(&self, id: Id) -> Vec<u8> {
        let mut data = Vec::new();
        std::io::Read::read_to_end(&mut self.store.inbox().open(id).unwrap(), &mut data).unwrap();
        data
    }

    pub(super) fn count(&self, name: &str) -> u64 {
        self.metrics.values().into_iter().find(|(known, _)| *known == name).unwrap().1
    }
}

/// Look again until it is so; fail when it never is.
pub(super) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !is_so() {
        assert!(tokio::time::Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

pub(super) fn item(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind, 0];
    bytes.extend_from_slice(&(body.len() as u16).to_be_bytes());
    bytes.extend_from_slice(body);
    bytes
}

pub(super) fn pdu(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind, 0];
    bytes.extend_from_slice(&(body.len() as u32).to_be_bytes());
    bytes.extend_from_slice(body);
    bytes
}

/// An association request to be changed at will.
#[derive(Clone)]
pub(super) struct Ask {
    pub(super) version: u16,
    pub(super) calling: Vec<u8>,
    pub(super) called: Vec<u8>,
    pub(super) application: &'static str,
    pub(super) contexts: Vec<(u8, String, Vec<String>)>,
    pub(super) peer_max: u32,
    /// More user information sub-items.
    pub(super) user: Vec<u8>,
    /// More top-level items.
    pub(super) items: Vec<u8>,
}

impl Ask {
    pub(super) fn new(contexts: &[(u8, &str, &[&str])]) -> Ask {
        Ask {
            version: 1,
            calling: b"CT1".to_vec(),
            called: b"SCANSIDE".to_vec(),
            application: "1.2.840.10008.3.1.1.1",
            contexts: contexts
                .iter()
                .map(|(id, class, syntaxes)| {
                    (*id, (*class).to_owned(), syntaxes.iter().map(|uid| (*uid).to_owned()).collect())
                })
                .collect(),
            peer_max: 16384,
            user: Vec::new(),
            items: Vec::new(),
        }
    }

    /// CT and Verification, each in one transfer syntax.
    pub(super) fn usual(syntax: &str) -> Ask {
        Ask::new(&[(1, CT, &[syntax]), (3, VERIFICATION, &[IMPLICIT])])
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let title = |text: &[u8]| {
            let mut title = text.to_vec();
            title.resize(16, b' ');
            title
        };
        let mut body = self.version.to_be_bytes().to_vec();
        body.extend_from_slice(&[0, 0]);
        body.extend(title(&self.called));
        body.extend(title(&self.calling));
        body.extend_from_slice(&[0; 32]);
        body.extend(item(0x10, self.application.as_bytes()));
        for (id, class, syntaxes) in &self.contexts {
            let mut context = vec![*id, 0, 0, 0];
            context.extend(item(0x30, class.as_bytes()));
            syntaxes.iter().for_each(|uid| context.extend(item(0x40, uid.as_bytes())));
            body.extend(item(0x20, &context));
        }
        body.extend_from_slice(&self.items);
        let mut user = item(0x51, &self.peer_max.to_be_bytes());
        user.extend(item(0x52, b"1.2.3.4"));
        user.extend_from_slice(&self.user);
        body.extend(item(0x50, &user));
        pdu(1, &body)
    }
}

/// Presentation data values (context, control, bytes) as one P-DATA-TF.
pub(super) fn p_data(values: &[(u8, u8, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (context, control, bytes) in values {
        body.extend_from_slice(&(bytes.len() as u32 + 2).to_be_bytes());
        body.extend_from_slice(&[*context, *control]);
        body.extend_from_slice(bytes);
    }
    pdu(4, &body)
}

pub(super) fn command(elements: &[(u16, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (element, value) in elements {
        let mut value = value.to_vec();
        if value.len() % 2 == 1 {
            value.push(0);
        }
        bytes.extend_from_slice(&[0, 0]);
        bytes.extend_from_slice(&element.to_le_bytes());
        bytes.extend_from_slice(&(value.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&value);
    }
    bytes
}

pub(super) fn echo(message: u16) -> Vec<u8> {
    command(&[
        (0x0002, VERIFICATION.as_bytes()),
        (0x0100, &0x0030u16.to_le_bytes()),
        (0x0110, &message.to_le_bytes()),
        (0x0800, &0x0101u16.to_le_bytes()),
    ])
}

pub(super) fn store(message: u16, class: &str, instance: &str) -> Vec<u8> {
    command(&[
        (0x0002, class.as_bytes()),
        (0x0100, &0x0001u16.to_le_bytes()),
        (0x0110, &message.to_le_bytes()),
        (0x0700, &0u16.to_le_bytes()),
        (0x0800, &0x0001u16.to_le_bytes()),
        (0x1000, instance.as_bytes()),
    ])
}

/// One element in explicit little endian.
pub(super) fn explicit(tag: u32, vr: &[u8; 2], value: &[u8]) -> Vec<u8> {
    let mut bytes = ((tag >> 16) as u16).to_le_bytes().to_vec();
    bytes.extend_from_slice(&(tag as u16).to_le_bytes());
    bytes.extend_from_slice(vr);
    if matches!(vr, b"OB" | b"OW" | b"SQ" | b"UN" | b"UT") {
        bytes.extend_from_slice(&[0, 0]);
        bytes.extend_from_slice(&(value.len() as u32).to_le_bytes());
    } else {
        bytes.extend_from_slice(&(value.len() as u16).to_le_bytes());
    }
    bytes.extend_from_slice(value);
    bytes
}

pub(super) fn padded(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    if bytes.len() % 2 == 1 {
        bytes.push(0);
    }
    bytes
}

/// A small CT instance in explicit little endian with this many bytes of pixels.
pub(super) fn instance(sop: &str, study: &str, pixels: usize) -> Vec<u8> {
    let mut bytes = explicit(0x0008_0016, b"UI", &padded(CT));
    bytes.extend(explicit(0x0008_0018, b"UI", &padded(sop)));
    bytes.extend(explicit(0x0008_0060, b"CS", b"CT"));
    bytes.extend(explicit(0x0010_0010, b"PN", b"Phantom^Planted "));
    bytes.extend(explicit(0x0020_000D, b"UI", &padded(study)));
    bytes.extend(explicit(0x0020_000E, b"UI", &padded("1.2.9.1")));
    let pixels: Vec<u8> = (0..pixels).map(|i| (i % 251) as u8).collect();
    bytes.extend(explicit(0x7FE0_0010, b"OW", &pixels));
    bytes
}

pub(super) struct Scanner {
    stream: TcpStream,
}

impl Scanner {
    pub(super) async fn connect(server: &Server) -> Scanner {
        let stream = TcpStream::connect(server.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Scanner { stream }
    }

    /// Connect and agree on an association.
    pub(super) async fn associate(server: &Server, ask: &Ask) -> Scanner {
        let mut scanner = Scanner::connect(server).await;
        scanner.send(&ask.bytes()).await;
        assert_eq!(scanner.receive().await.0, 2, "accepted");
        scanner
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// Send what the other side may no longer want to read.
    pub(super) async fn push(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    /// Say that no more will come, but keep listening.
    pub(super) async fn end_sending(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// The next PDU as (type, body); (0, empty) at the end of the connection.
    pub(super) async fn receive(&mut self) -> (u8, Vec<u8>) {
        tokio::time::timeout(PATIENCE, async {
            let mut head = [0; 6];
            if self.stream.read_exact(&mut head).await.is_err() {
                return (0, Vec::new());
            }
            let mut body = vec![0; u32::from_be_bytes(head[2..6].try_into().unwrap()) as usize];
            self.stream.read_exact(&mut body).await.unwrap();
            (head[0], body)
        })
        .await
        .expect("an answer in time")
    }

    /// The next response as (command field, message id responded to, status).
    pub(super) async fn response(&mut self) -> (u16, u16, u16) {
        let mut bytes = Vec::new();
        loop {
            let (kind, body) = self.receive().await;
            assert_eq!(kind, 4, "a response, not {kind:02x} {body:?}");
            bytes.extend_from_slice(&body[6..]);
            if body[5] & 2 == 2 {
                break;
            }
        }
        let (mut rest, mut found) = (bytes.as_slice(), (0, 0, 0xFFFF));
        while !rest.is_empty() {
            let length = u32::from_le_bytes(rest[4..8].try_into().unwrap()) as usize;
            let number = || u16::from_le_bytes(rest[8..10].try_into().unwrap());
            match u16::from_le_bytes(rest[2..4].try_into().unwrap()) {
                0x0100 => found.0 = number(),
                0x0120 => found.1 = number(),
                0x0900 => found.2 = number(),
                _ => {}
            }
            rest = &rest[8 + length..];
        }
        found
    }

    /// Store one instance on context 1 and give the status.
    pub(super) async fn store(&mut self, message: u16, sop: &str, data: &[u8]) -> u16 {
        self.send(&p_data(&[(1, 3, &store(message, CT, sop))])).await;
        for piece in data.chunks(100_000) {
            self.send(&p_data(&[(1, 0, piece)])).await;
        }
        self.send(&p_data(&[(1, 2, &[])])).await;
        let (field, responded, status) = self.response().await;
        assert_eq!((field, responded), (0x8001, message));
        status
    }

    pub(super) async fn release(&mut self) {
        self.send(&pdu(5, &[0; 4])).await;
        assert_eq!(self.receive().await, (6, vec![0; 4]));
        assert_eq!(self.receive().await.0, 0, "closed");
    }

    /// The abort we expect: source provider and this reason.
    pub(super) async fn aborted(&mut self, reason: u8) {
        let (kind, body) = self.receive().await;
        assert_eq!((kind, &body[2..]), (7, &[2, reason][..]));
        assert_eq!(self.receive().await.0, 0, "closed");
    }
}
