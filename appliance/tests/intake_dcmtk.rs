//! Reception with DCMTK as the scanner: what `echoscu` and `storescu` send is on disk when they say so.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use intake::{Caller, Intake, IntakeConfig, Refusal, RefusedCaller, Sink, SinkError};
use store::units::Size;
use store::{Inbox, Reception, Store, StoreConfig};
use tokio_util::sync::CancellationToken;

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const EXPLICIT: &str = "1.2.840.10008.1.2.1";

#[derive(Default)]
struct Remember {
    stored: Mutex<Vec<Reception>>,
    released: Mutex<Vec<Vec<String>>>,
    refused: Mutex<Vec<RefusedCaller>>,
}

impl Sink for Remember {
    fn stored<'a>(&'a self, reception: &'a Reception) -> BoxFuture<'a, Result<(), SinkError>> {
        self.stored.lock().unwrap().push(reception.clone());
        Box::pin(async { Ok(()) })
    }

    fn released(&self, _association: u64, studies: &[String]) {
        self.released.lock().unwrap().push(studies.to_vec());
    }

    fn refused(&self, caller: RefusedCaller) {
        self.refused.lock().unwrap().push(caller);
    }
}

struct Server {
    root: tempfile::TempDir,
    inbox: Inbox,
    sink: Arc<Remember>,
    port: String,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    async fn start() -> Server {
        let root = tempfile::tempdir().unwrap();
        let config = StoreConfig {
            warn_free: Size(2),
            refuse_free: Size(1),
            ..StoreConfig::at(root.path().join("store"))
        };
        let store = Store::open(&config).unwrap();
        let sink = Arc::new(Remember::default());
        let stop = CancellationToken::new();
        let config = IntakeConfig {
            listen: ([127, 0, 0, 1], 0).into(),
            callers: vec![Caller::new("STORESCU", "127.0.0.0/8")],
            ..IntakeConfig::default()
        };
        let intake = Intake::bind(config, false, &store, sink.clone(), stop.clone()).await.unwrap();
        let port = intake.local_addr().unwrap().port().to_string();
        let task = tokio::spawn(intake.run());
        Server { root, inbox: store.inbox(), sink, port, stop, task }
    }

    async fn run(&self, program: &str, arguments: &[&str], files: &[PathBuf]) -> Output {
        let mut command = Command::new(program);
        command.args(["-aec", "SCANSIDE", "-aet", "STORESCU"]).args(arguments);
        command.arg("127.0.0.1").arg(&self.port).args(files);
        tokio::task::spawn_blocking(move || command.output().expect("DCMTK is installed")).await.unwrap()
    }

    async fn send(&self, arguments: &[&str], files: &[PathBuf]) {
        let output = self.run("storescu", arguments, files).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn data(&self, reception: &Reception) -> Vec<u8> {
        let mut data = Vec::new();
        self.inbox.open(reception.id).unwrap().read_to_end(&mut data).unwrap();
        data
    }

    async fn end(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

fn element(tag: u32, vr: &str, value: &[u8]) -> Vec<u8> {
    let mut value = value.to_vec();
    if value.len() % 2 == 1 {
        value.push(if vr == "UI" || vr == "OB" { 0 } else { b' ' });
    }
    let mut bytes = ((tag >> 16) as u16).to_le_bytes().to_vec();
    bytes.extend_from_slice(&(tag as u16).to_le_bytes());
    bytes.extend_from_slice(vr.as_bytes());
    if matches!(vr, "OB" | "OW" | "SQ") {
        bytes.extend_from_slice(&[0, 0]);
        bytes.extend_from_slice(&(value.len() as u32).to_le_bytes());
    } else {
        bytes.extend_from_slice(&(value.len() as u16).to_le_bytes());
    }
    bytes.extend_from_slice(&value);
    bytes
}

/// A CT data set of `side` x `side` pixels in explicit little endian; the name is of nobody.
fn data_set(sop: &str, study: &str, side: u16) -> Vec<u8> {
    let mut bytes = element(0x0008_0016, "UI", CT.as_bytes());
    bytes.extend(element(0x0008_0018, "UI", sop.as_bytes()));
    bytes.extend(element(0x0008_0060, "CS", b"CT"));
    let code = element(0x0008_0100, "SH", b"113014");
    let item = [&[0xFE, 0xFF, 0, 0xE0][..], &(code.len() as u32).to_le_bytes(), &code].concat();
    bytes.extend(element(0x0008_1032, "SQ", &item));
    bytes.extend(element(0x0010_0010, "PN", b"Phantom^Nobody"));
    bytes.extend(element(0x0020_000D, "UI", study.as_bytes()));
    bytes.extend(element(0x0020_000E, "UI", format!("{study}.1").as_bytes()));
    for (tag, value) in [
        (0x0028_0002u32, 1u16),
        (0x0028_0010, side),
        (0x0028_0011, side),
        (0x0028_0100, 16),
        (0x0028_0101, 12),
        (0x0028_0102, 11),
        (0x0028_0103, 0),
    ] {
        if tag == 0x0028_0010 {
            bytes.extend(element(0x0028_0004, "CS", b"MONOCHROME2"));
        }
        bytes.extend(element(tag, "US", &value.to_le_bytes()));
    }
    let pixels: Vec<u8> =
        (0..u32::from(side) * u32::from(side)).flat_map(|i| ((i * 7 % 4096) as u16).to_le_bytes()).collect();
    bytes.extend(element(0x7FE0_0010, "OW", &pixels));
    bytes
}

/// Write a P10 file around a data set.
fn p10(folder: &Path, name: &str, sop: &str, data: &[u8]) -> PathBuf {
    let mut meta = element(0x0002_0001, "OB", &[0, 1]);
    meta.extend(element(0x0002_0002, "UI", CT.as_bytes()));
    meta.extend(element(0x0002_0003, "UI", sop.as_bytes()));
    meta.extend(element(0x0002_0010, "UI", EXPLICIT.as_bytes()));
    meta.extend(element(0x0002_0012, "UI", b"1.2.3.4"));
    let mut file = vec![0; 128];
    file.extend_from_slice(b"DICM");
    file.extend(element(0x0002_0000, "UL", &(meta.len() as u32).to_le_bytes()));
    file.extend(meta);
    file.extend_from_slice(data);
    let path = folder.join(name);
    std::fs::write(&path, file).unwrap();
    path
}

fn files(server: &Server, count: usize, side: u16) -> Vec<(PathBuf, Vec<u8>)> {
    let make = |index: usize| {
        let sop = format!("1.2.826.0.1.3680043.2.1.{index}");
        let data = data_set(&sop, &format!("1.2.826.0.1.3680043.2.{}", index % 2), side);
        (p10(server.root.path(), &format!("{index}.dcm"), &sop, &data), data)
    };
    (0..count).map(make).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn echoscu_is_answered() {
    let server = Server::start().await;
    let output = server.run("echoscu", &["--repeat", "5"], &[]).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_storescu_sends_is_stored_byte_for_byte_and_the_release_is_told() {
    let server = Server::start().await;
    let files = files(&server, 12, 128);
    let paths: Vec<PathBuf> = files.iter().map(|(path, _)| path.clone()).collect();
    server.send(&[], &paths).await;
    let stored = server.sink.stored.lock().unwrap().clone();
    assert_eq!(stored.len(), files.len());
    for (told, (_, data)) in stored.iter().zip(&files) {
        assert!(server.data(told) == *data, "bytes of a data set differ");
        assert!(told.prescan_ok);
        assert_eq!(told.pixel_data.unwrap().length, 128 * 128 * 2);
        assert_eq!((told.modality.as_str(), told.calling_ae.as_str()), ("CT", "STORESCU"));
    }
    let mut studies = server.sink.released.lock().unwrap()[0].clone();
    studies.sort();
    assert_eq!(studies, ["1.2.826.0.1.3680043.2.0", "1.2.826.0.1.3680043.2.1"]);
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tiny_pdus_and_every_uncompressed_coding_arrive() {
    let server = Server::start().await;
    let files = files(&server, 2, 64);
    let paths: Vec<PathBuf> = files.iter().map(|(path, _)| path.clone()).collect();
    let options: [(&[&str], &str); 5] = [
        (&["--max-pdu", "4096"], EXPLICIT),
        (&["--max-send-pdu", "4096"], EXPLICIT),
        (&["--propose-implicit"], "1.2.840.10008.1.2"),
        (&["--propose-big"], EXPLICIT),
        (&["--propose-deflated"], "1.2.840.10008.1.2.1.99"),
    ];
    for (arguments, syntax) in options {
        server.sink.stored.lock().unwrap().clear();
        server.send(arguments, &paths).await;
        let stored = server.sink.stored.lock().unwrap().clone();
        assert_eq!(stored.len(), 2, "{arguments:?}");
        for told in stored {
            assert!(told.prescan_ok, "{arguments:?}");
            assert_eq!(told.pixel_data.unwrap().length, 64 * 64 * 2, "{arguments:?}");
            if arguments[0].starts_with("--propose") {
                assert_eq!(told.transfer_syntax, syntax);
            }
        }
    }
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_refused_and_shown() {
    let server = Server::start().await;
    let output = server.run("echoscu", &["-aet", "STRANGER"], &[]).await;
    assert!(!output.status.success());
    let refused = server.sink.refused.lock().unwrap().clone();
    assert_eq!(refused.len(), 1);
    assert_eq!((refused[0].ae_title.as_str(), refused[0].reason), ("STRANGER", Refusal::UnknownTitle));
    assert!(refused[0].config_lines.contains("ae_title = \"STRANGER\""));
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_untuned_sender_does_not_stall() {
    // A sender with Nagle's algorithm against a receiver that delays its acknowledgements needs 40 ms an object:
    // 100 objects in 4 s at least. The bound is half of that.
    let server = Server::start().await;
    let files = files(&server, 100, 64);
    let paths: Vec<PathBuf> = files.iter().map(|(path, _)| path.clone()).collect();
    let begin = std::time::Instant::now();
    server.send(&[], &paths).await;
    let took = begin.elapsed();
    assert_eq!(server.sink.stored.lock().unwrap().len(), 100);
    assert!(took.as_millis() < 2000, "{took:?}");
    server.end().await;
}
