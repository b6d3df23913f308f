//! A server on a free port, a sink that remembers, and a scanner that speaks in raw bytes.
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::super::*;
pub(crate) use super::bytes::*;
use dicom::sop_classes::VERIFICATION;
use store::faults::FaultyDisk;
use store::units::{Size, Span};
use store::{Id, Inbox, Reception, Store, StoreConfig};

pub(crate) const IMPLICIT: &str = "1.2.840.10008.1.2";
pub(crate) const EXPLICIT: &str = "1.2.840.10008.1.2.1";
pub(crate) const BIG: &str = "1.2.840.10008.1.2.2";
pub(crate) const DEFLATED: &str = "1.2.840.10008.1.2.1.99";
const PATIENCE: Duration = Duration::from_secs(20);

/// Remembers what it was told, and looks at the disk when it is told.
pub(crate) struct TestSink {
    inbox: Mutex<Option<Inbox>>,
    pub(crate) stored: Mutex<Vec<Reception>>,
    pub(crate) released: Mutex<Vec<(u64, Vec<String>)>>,
    pub(crate) refused: Mutex<Vec<RefusedCaller>>,
    pub(crate) answer: Mutex<Result<(), SinkError>>,
    pub(crate) services: OnceLock<Arc<dyn Services>>,
}

impl Sink for TestSink {
    fn stored<'a>(&'a self, reception: &'a Reception) -> BoxFuture<'a, Result<(), SinkError>> {
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

    fn services(&self) -> Option<&dyn Services> {
        self.services.get().map(|services| &**services)
    }
}

pub(crate) struct Server {
    pub(crate) _root: tempfile::TempDir,
    pub(crate) disk: FaultyDisk,
    pub(crate) store: Store,
    pub(crate) sink: Arc<TestSink>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) transcripts: Arc<Transcripts>,
    pub(crate) address: SocketAddr,
    pub(crate) stop: CancellationToken,
    pub(crate) task: tokio::task::JoinHandle<()>,
}

pub(crate) fn span(millis: u64) -> Span {
    Span(Duration::from_millis(millis))
}

/// Everybody from loopback under the title CT1.
pub(crate) fn config() -> IntakeConfig {
    let callers = vec![Caller::new("CT1", "127.0.0.1")];
    IntakeConfig { listen: ([127, 0, 0, 1], 0).into(), callers, ..IntakeConfig::default() }
}

impl Server {
    pub(crate) async fn start() -> Server {
        Server::with(config()).await
    }

    pub(crate) async fn with(config: IntakeConfig) -> Server {
        let root = tempfile::tempdir().unwrap();
        let disk = FaultyDisk::default();
        let store = StoreConfig { warn_free: Size(2), refuse_free: Size(1), ..StoreConfig::at(root.path()) };
        let store = Store::open_on(&store, Arc::new(disk.clone())).unwrap();
        let sink = Arc::new(TestSink {
            inbox: Mutex::new(Some(store.inbox())),
            stored: Mutex::default(),
            released: Mutex::default(),
            refused: Mutex::default(),
            answer: Mutex::new(Ok(())),
            services: OnceLock::new(),
        });
        let stop = CancellationToken::new();
        let intake = Intake::bind(config, false, &store, sink.clone(), stop.clone()).await.unwrap();
        let (metrics, transcripts) = (intake.metrics(), intake.transcripts());
        let address = intake.local_addr().unwrap();
        let task = tokio::spawn(intake.run());
        Server { transcripts, _root: root, disk, store, sink, metrics, address, stop, task }
    }

    /// Entries in the store.
    pub(crate) fn entries(&self) -> usize {
        self.store.inbox().all().unwrap().len()
    }

    /// Wait until nothing is in the making any more.
    pub(crate) async fn quiet(&self) {
        until("nothing in the making", || {
            self.store.arriving() == 0
                && self.metrics.associations_open.load(std::sync::atomic::Ordering::Relaxed) == 0
        })
        .await;
    }

    pub(crate) fn data(&self, id: Id) -> Vec<u8> {
        let mut data = Vec::new();
        std::io::Read::read_to_end(&mut self.store.inbox().open(id).unwrap(), &mut data).unwrap();
        data
    }

    pub(crate) fn count(&self, name: &str) -> u64 {
        self.metrics.values().into_iter().find(|(known, _)| *known == name).unwrap().1
    }
}

/// Look again until it is so; fail when it never is.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !is_so() {
        assert!(tokio::time::Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// An association request to be changed at will.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) version: u16,
    pub(crate) calling: Vec<u8>,
    pub(crate) called: Vec<u8>,
    pub(crate) application: &'static str,
    pub(crate) contexts: Vec<(u8, String, Vec<String>)>,
    pub(crate) peer_max: u32,
    /// More user information sub-items.
    pub(crate) user: Vec<u8>,
    /// More top-level items.
    pub(crate) items: Vec<u8>,
}

impl Ask {
    pub(crate) fn new(contexts: &[(u8, &str, &[&str])]) -> Ask {
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
    pub(crate) fn usual(syntax: &str) -> Ask {
        Ask::new(&[(1, CT, &[syntax]), (3, VERIFICATION, &[IMPLICIT])])
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
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

pub(crate) struct Scanner {
    stream: TcpStream,
}

impl Scanner {
    pub(crate) async fn connect(server: &Server) -> Scanner {
        let stream = TcpStream::connect(server.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Scanner { stream }
    }

    /// Connect and agree on an association.
    pub(crate) async fn associate(server: &Server, ask: &Ask) -> Scanner {
        let mut scanner = Scanner::connect(server).await;
        scanner.send(&ask.bytes()).await;
        assert_eq!(scanner.receive().await.0, 2, "accepted");
        scanner
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// Send what the other side may no longer want to read.
    pub(crate) async fn push(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    /// Say that no more will come, but keep listening.
    pub(crate) async fn end_sending(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// The next PDU as (type, body); (0, empty) at the end of the connection.
    pub(crate) async fn receive(&mut self) -> (u8, Vec<u8>) {
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
    pub(crate) async fn response(&mut self) -> (u16, u16, u16) {
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
    pub(crate) async fn store(&mut self, message: u16, sop: &str, data: &[u8]) -> u16 {
        self.send(&p_data(&[(1, 3, &store(message, CT, sop))])).await;
        for piece in data.chunks(100_000) {
            self.send(&p_data(&[(1, 0, piece)])).await;
        }
        self.send(&p_data(&[(1, 2, &[])])).await;
        let (field, responded, status) = self.response().await;
        assert_eq!((field, responded), (0x8001, message));
        status
    }

    pub(crate) async fn release(&mut self) {
        self.send(&pdu(5, &[0; 4])).await;
        assert_eq!(self.receive().await, (6, vec![0; 4]));
        assert_eq!(self.receive().await.0, 0, "closed");
    }

    /// The abort we expect: source provider and this reason.
    pub(crate) async fn aborted(&mut self, reason: u8) {
        let (kind, body) = self.receive().await;
        assert_eq!((kind, &body[2..]), (7, &[2, reason][..]));
        assert_eq!(self.receive().await.0, 0, "closed");
    }
}
