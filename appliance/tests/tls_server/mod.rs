//! A server with a plain and a TLS listener, its throwaway certificates, and clients of several kinds.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fixtures::pki::Authority;
use futures::future::BoxFuture;
use intake::{Caller, Intake, IntakeConfig, Metrics, RefusedCaller, Sink, SinkError, TlsConfig, Transcripts};
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use store::units::{Size, Span};
use store::{Inbox, Reception, Store, StoreConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::sync::CancellationToken;

pub(crate) const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
pub(crate) const EXPLICIT: &str = "1.2.840.10008.1.2.1";
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Default)]
pub(crate) struct Remember {
    pub stored: Mutex<Vec<Reception>>,
    pub refused: Mutex<Vec<RefusedCaller>>,
}

impl Sink for Remember {
    fn stored<'a>(&'a self, reception: &'a Reception) -> BoxFuture<'a, Result<(), SinkError>> {
        self.stored.lock().unwrap().push(reception.clone());
        Box::pin(async { Ok(()) })
    }

    fn released(&self, _: u64, _: &[String]) {}

    fn refused(&self, caller: RefusedCaller) {
        self.refused.lock().unwrap().push(caller);
    }
}

/// What is logged on this thread.
#[derive(Clone, Default)]
pub(crate) struct Told(Arc<Mutex<Vec<u8>>>);

impl Told {
    /// Hears until what it gives is dropped.
    pub(crate) fn hear(&self) -> tracing::subscriber::DefaultGuard {
        let told = self.clone();
        let log = tracing_subscriber::fmt().with_writer(move || told.clone()).finish();
        tracing::subscriber::set_default(log)
    }

    pub(crate) fn has(&self, words: &str) -> bool {
        String::from_utf8_lossy(&self.0.lock().unwrap()).contains(words)
    }
}

impl std::io::Write for Told {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        std::io::Write::write(&mut *self.0.lock().unwrap(), bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A server with both listeners, its authority, and a folder for everything.
pub(crate) struct Server {
    pub root: tempfile::TempDir,
    pub authority: Authority,
    pub sink: Arc<Remember>,
    pub inbox: Inbox,
    pub plain: SocketAddr,
    pub secured: SocketAddr,
    pub metrics: Arc<Metrics>,
    pub transcripts: Arc<Transcripts>,
    pub stop: CancellationToken,
    pub task: tokio::task::JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(change: impl FnOnce(&mut IntakeConfig, &Path)) -> Server {
        let root = tempfile::tempdir().unwrap();
        let authority = Authority::new("receiver's authority").unwrap();
        let (certificate, key) = (root.path().join("certificate.pem"), root.path().join("key.pem"));
        write_leaf(&authority, 1, &certificate, &key);
        std::fs::write(root.path().join("authority.pem"), authority.certificate_pem()).unwrap();
        let store = StoreConfig {
            warn_free: Size(2),
            refuse_free: Size(1),
            ..StoreConfig::at(root.path().join("store"))
        };
        let store = Store::open(&store).unwrap();
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut config = IntakeConfig {
            listen: loopback,
            callers: vec![Caller::new("STORESCU", "127.0.0.0/8")],
            tls: Some(TlsConfig {
                listen: loopback,
                reload: Span(Duration::from_millis(100)),
                ..TlsConfig::new(certificate, key)
            }),
            ..IntakeConfig::default()
        };
        change(&mut config, root.path());
        let (sink, stop) = (Arc::new(Remember::default()), CancellationToken::new());
        let intake = Intake::bind(config, false, &store, sink.clone(), stop.clone()).await.unwrap();
        let (plain, secured) = (intake.local_addr().unwrap(), intake.tls_addr().unwrap());
        let (metrics, transcripts) = (intake.metrics(), intake.transcripts());
        let task = tokio::spawn(intake.run());
        Server {
            root,
            authority,
            sink,
            inbox: store.inbox(),
            plain,
            secured,
            metrics,
            transcripts,
            stop,
            task,
        }
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.root.path().join(name).display().to_string()
    }

    pub(crate) async fn dcmtk(
        &self,
        program: &str,
        to: SocketAddr,
        arguments: &[&str],
        files: &[PathBuf],
    ) -> Output {
        let mut command = Command::new(program);
        command.args(["-aec", "SCANSIDE", "-aet", "STORESCU"]).args(arguments);
        command.arg("127.0.0.1").arg(to.port().to_string()).args(files);
        tokio::task::spawn_blocking(move || command.output().expect("DCMTK is installed")).await.unwrap()
    }

    /// `echoscu` to the TLS port; whether it succeeded.
    pub(crate) async fn echo(&self, arguments: &[&str]) -> bool {
        self.dcmtk("echoscu", self.secured, arguments, &[]).await.status.success()
    }

    pub(crate) async fn next_refused(&self) -> RefusedCaller {
        until("a refusal is told", || !self.sink.refused.lock().unwrap().is_empty()).await;
        self.sink.refused.lock().unwrap().remove(0)
    }

    pub(crate) fn count(&self, name: &str) -> u64 {
        self.metrics.values().into_iter().find(|(known, _)| *known == name).unwrap().1
    }

    /// A client's file pair of some authority; gives key and certificate as DCMTK wants them.
    pub(crate) fn client(&self, authority: &Authority, name: &str) -> (String, String) {
        let (certificate, key) = (self.path(&format!("{name}.pem")), self.path(&format!("{name}.key")));
        write_leaf(authority, 77, Path::new(&certificate), Path::new(&key));
        (key, certificate)
    }

    pub(crate) async fn end(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

pub(crate) fn write_leaf(authority: &Authority, serial: u64, certificate: &Path, key: &Path) {
    let leaf = authority.leaf("localhost", serial).unwrap();
    std::fs::write(key, &leaf.key_pem).unwrap();
    std::fs::write(certificate, &leaf.certificate_pem).unwrap();
}

pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !is_so() {
        assert!(tokio::time::Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A client that trusts this authority and speaks this version only.
pub(crate) async fn connect(
    to: SocketAddr,
    authority: &Authority,
    version: &'static SupportedProtocolVersion,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate_der().to_vec().into()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(to).await?;
    TlsConnector::from(Arc::new(config)).connect("localhost".try_into().unwrap(), stream).await
}

pub(crate) fn item(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind, 0][..], &(body.len() as u16).to_be_bytes(), body].concat()
}

pub(crate) fn pdu(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind, 0][..], &(body.len() as u32).to_be_bytes(), body].concat()
}

/// An association request for Verification.
pub(crate) fn request() -> Vec<u8> {
    let mut body = vec![0, 1, 0, 0];
    body.extend_from_slice(b"SCANSIDE        STORESCU        ");
    body.extend_from_slice(&[0; 32]);
    body.extend(item(0x10, b"1.2.840.10008.3.1.1.1"));
    let context = [&[1, 0, 0, 0][..], &item(0x30, b"1.2.840.10008.1.1"), &item(0x40, b"1.2.840.10008.1.2")];
    body.extend(item(0x20, &context.concat()));
    body.extend(item(0x50, &item(0x51, &16384u32.to_be_bytes())));
    pdu(1, &body)
}

pub(crate) async fn receive(stream: &mut TlsStream<TcpStream>) -> u8 {
    let reading = async {
        let mut head = [0; 6];
        stream.read_exact(&mut head).await.unwrap();
        let mut body = vec![0; u32::from_be_bytes(head[2..].try_into().unwrap()) as usize];
        stream.read_exact(&mut body).await.unwrap();
        head[0]
    };
    tokio::time::timeout(PATIENCE, reading).await.expect("an answer in time")
}

/// A C-ECHO on context 1; whether it was answered.
pub(crate) async fn echo(stream: &mut TlsStream<TcpStream>) {
    let mut command = Vec::new();
    for (element, value) in
        [(0x0002u16, &b"1.2.840.10008.1.1\0"[..]), (0x0100, &[0x30, 0]), (0x0110, &[1, 0]), (0x0800, &[1, 1])]
    {
        command.extend_from_slice(&[0, 0]);
        command.extend_from_slice(&element.to_le_bytes());
        command.extend_from_slice(&(value.len() as u32).to_le_bytes());
        command.extend_from_slice(value);
    }
    let value = [&(command.len() as u32 + 2).to_be_bytes()[..], &[1, 3], &command].concat();
    stream.write_all(&pdu(4, &value)).await.unwrap();
    stream.flush().await.unwrap();
    assert_eq!(receive(stream).await, 4);
}

pub(crate) fn element(tag: u32, vr: &str, value: &[u8]) -> Vec<u8> {
    let mut value = value.to_vec();
    if value.len() % 2 == 1 {
        value.push(if vr == "UI" || vr == "OB" { 0 } else { b' ' });
    }
    let mut bytes = ((tag >> 16) as u16).to_le_bytes().to_vec();
    bytes.extend_from_slice(&(tag as u16).to_le_bytes());
    bytes.extend_from_slice(vr.as_bytes());
    if matches!(vr, "OB" | "OW") {
        bytes.extend_from_slice(&[0, 0]);
        bytes.extend_from_slice(&(value.len() as u32).to_le_bytes());
    } else {
        bytes.extend_from_slice(&(value.len() as u16).to_le_bytes());
    }
    bytes.extend_from_slice(&value);
    bytes
}

/// A P10 file of a CT of nobody, and its data set.
pub(crate) fn file(folder: &Path, index: usize, side: u16) -> (PathBuf, Vec<u8>) {
    let sop = format!("1.2.826.0.1.3680043.2.7.{index}");
    let mut data = element(0x0008_0016, "UI", CT.as_bytes());
    data.extend(element(0x0008_0018, "UI", sop.as_bytes()));
    data.extend(element(0x0008_0060, "CS", b"CT"));
    data.extend(element(0x0010_0010, "PN", b"Phantom^Nobody"));
    data.extend(element(0x0020_000D, "UI", b"1.2.826.0.1.3680043.2.7"));
    data.extend(element(0x0020_000E, "UI", b"1.2.826.0.1.3680043.2.7.9"));
    for (tag, value) in [(0x0028_0010, side), (0x0028_0011, side), (0x0028_0100, 16), (0x0028_0101, 16)] {
        data.extend(element(tag, "US", &value.to_le_bytes()));
    }
    let pixels: Vec<u8> = (0..u32::from(side) * u32::from(side) * 2).map(|i| (i * 31 % 251) as u8).collect();
    data.extend(element(0x7FE0_0010, "OW", &pixels));
    let mut meta = element(0x0002_0001, "OB", &[0, 1]);
    meta.extend(element(0x0002_0002, "UI", CT.as_bytes()));
    meta.extend(element(0x0002_0003, "UI", sop.as_bytes()));
    meta.extend(element(0x0002_0010, "UI", EXPLICIT.as_bytes()));
    meta.extend(element(0x0002_0012, "UI", b"1.2.3.4"));
    let mut bytes = vec![0; 128];
    bytes.extend_from_slice(b"DICM");
    bytes.extend(element(0x0002_0000, "UL", &(meta.len() as u32).to_le_bytes()));
    bytes.extend(meta);
    bytes.extend_from_slice(&data);
    let path = folder.join(format!("{index}.dcm"));
    std::fs::write(&path, bytes).unwrap();
    (path, data)
}
