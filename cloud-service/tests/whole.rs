//! The real binary: made, run, killed and run again; one case over the wire to a model's endpoint and home.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use proto::case::{CaseFormat, CaseManifest, Disposition, FrameEntry, FrameKind, Plan};
use proto::content::Leaf;
use proto::envelope::{Address, Header, Kind, Leaves, Sealed, Sealer};
use proto::ids::{CaseId, SiteId, StatementDigest};
use proto::keys::PrivateKeys;
use proto::token::EnrolToken;
use proto::wire::intake_client::IntakeClient;
use proto::wire::report_piece::Piece;
use proto::wire::*;
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_cloud-service");
const PATIENCE: Duration = Duration::from_secs(60);

fn command(args: &[&str]) -> Output {
    Command::new(BINARY).args(args).output().unwrap()
}

fn said(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A running service; killed when dropped.
struct Running {
    child: Child,
    service: String,
}

impl Running {
    fn start(config: &str) -> Self {
        let mut child = Command::new(BINARY)
            .args(["run", "--config", config])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).expect("no ready line");
        let port = ready["service"].as_str().unwrap().rsplit(':').next().unwrap().to_owned();
        Self { child, service: format!("https://localhost:{port}") }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An endpoint that answers every question with the same draft.
fn endpoint() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut line, mut length) = (String::new(), 0);
            while reader.read_line(&mut line).unwrap() > 2 {
                if let Some(n) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = n.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let draft = r#"{"findings":"A ramp of grey.","impression":"A phantom.","priority":null}"#;
            let choice = serde_json::json!({"finish_reason": "stop", "message": {"content": draft}});
            let answer = serde_json::json!({"choices": [choice]}).to_string();
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", answer.len());
            stream.write_all((head + &answer).as_bytes()).unwrap();
        }
    });
    url
}

/// A ramp as a PNG of 8 x 8 pixels, wrapped as a case.
struct Phantom {
    manifest: Vec<u8>,
    png: Vec<u8>,
}

impl Leaves for Phantom {
    const KIND: Kind = Kind::Case;
    fn leaves(&self) -> Vec<Leaf<'_>> {
        vec![
            Leaf { name: proto::case::CASE_JSON, bytes: &self.manifest },
            Leaf { name: "frame-0000.png", bytes: &self.png },
        ]
    }
}

fn phantom(id: CaseId) -> Phantom {
    let pixels: Vec<u8> = (0..64).map(|i| i * 4).collect();
    let mut png = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut png);
    image::ImageEncoder::write_image(encoder, &pixels, 8, 8, image::ExtendedColorType::L8).unwrap();
    let frame = FrameEntry {
        index: 0,
        name: "frame-0000.png".into(),
        kind: FrameKind::Png8,
        rows: 8,
        columns: 8,
        bytes: png.len() as u64,
        window: None,
        photometric: "MONOCHROME2".into(),
        encoder: None,
    };
    let manifest = CaseManifest {
        format: CaseFormat::V1,
        case: id,
        revision: 1,
        study: "P1".into(),
        modality: "DX".into(),
        body_part: None,
        view: None,
        age: None,
        sex: None,
        priority: proto::case::Priority::Routine,
        findings: Vec::new(),
        disposition: Disposition::Escalate,
        reasons: vec!["asked for".into()],
        note: None,
        statement: StatementDigest::from_bytes([1; 32]),
        plan: Plan::Image,
        frames: vec![frame],
    };
    Phantom { manifest: manifest.to_json().unwrap(), png }
}

struct Site {
    id: SiteId,
    keys: PrivateKeys,
    reader: proto::keys::PublicKeys,
    config: Arc<ArcSwap<rustls::ClientConfig>>,
}

impl Site {
    async fn enrol(url: &str, token: &str) -> Self {
        let token: EnrolToken = token.parse().unwrap();
        let config = Arc::new(ArcSwap::from_pointee(proto::tls::enrol_config(*token.authority()).unwrap()));
        let channel = proto::tls::connect(&url.parse().unwrap(), config).await.unwrap();
        let (keys, csr) = (PrivateKeys::generate().unwrap(), proto::pki::SiteRequest::create().unwrap());
        let request = EnrolRequest {
            secret: token.secret().to_vec(),
            request: csr.request.clone(),
            keys: Some(keys.public().into()),
            wire_version: proto::WIRE_VERSION,
            software: "test".into(),
        };
        let got = IntakeClient::new(channel).enrol(request).await.unwrap().into_inner();
        let key = proto::pki::private_key(&csr.key).unwrap();
        let config =
            proto::tls::client_config(got.authority.into(), vec![got.certificate.into()], key).unwrap();
        let reader = proto::keys::PublicKeys::try_from(&got.readers[0]).unwrap();
        let id = SiteId::from_slice(&got.site).unwrap();
        Self { id, keys, reader, config: Arc::new(ArcSwap::from_pointee(config)) }
    }

    /// A phantom case sealed for the reader, with its offer and its only part.
    fn sealed(&self, case: CaseId) -> (Sealed, WhichPartsRequest, Part) {
        let address = Address { site: self.id, case, revision: 1 };
        let mut bytes = Vec::new();
        let sealed =
            Sealer::new(&address, self.keys.signer(), &self.reader).seal(&phantom(case), &mut bytes).unwrap();
        let header = bytes[..Header::BYTES].to_vec();
        let layout = Header::parse(&header).unwrap().layout();
        let part = bytes[Header::BYTES..Header::BYTES + layout.part_bytes(0)].to_vec();
        let seal = bytes[Header::BYTES + layout.part_bytes(0)..].to_vec();
        let offer = WhichPartsRequest {
            header,
            seal,
            digest: sealed.digest.as_bytes().to_vec(),
            priority: Priority::Stat.into(),
            modality: "DX".into(),
        };
        let send = Part { envelope: sealed.envelope.as_bytes().to_vec(), index: 0, data: part };
        (sealed, offer, send)
    }

    async fn client(&self, url: &str) -> IntakeClient<tonic::transport::Channel> {
        let channel = proto::tls::connect(&url.parse().unwrap(), Arc::clone(&self.config)).await.unwrap();
        IntakeClient::new(channel)
    }
}

/// Makes a demonstration folder whose model is the fake endpoint; gives the configuration's path.
fn made(dir: &Path) -> String {
    let folder = dir.join("cloud");
    let args =
        ["init", folder.to_str().unwrap(), "--demo", "--listen", "127.0.0.1:0", "--page", "127.0.0.1:0"];
    let out = said(&command(&args));
    assert!(out["link"].as_str().unwrap().contains("/welcome?code="));
    let config = out["config"].as_str().unwrap().to_owned();
    let text = std::fs::read_to_string(&config).unwrap();
    let backend = format!("backend = \"openai\"\nbase_url = \"{}\"\nmodel = \"seer\"\n#", endpoint());
    std::fs::write(&config, text.replacen("backend = \"reference\"", &backend, 1)).unwrap();
    config
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_survives_a_kill_and_its_report_comes_home() {
    let dir = tempfile::tempdir().unwrap();
    let config = made(dir.path());
    assert_eq!(said(&command(&["check", "--config", &config, "--json"]))["faults"], 0);
    let token = said(&command(&["site", "add", "north-1", "--config", &config, "--json"]));
    let first = Running::start(&config);
    let site = Site::enrol(&first.service, token["token"].as_str().unwrap()).await;
    let case = CaseId::random().unwrap();
    let (_, offer, send) = site.sealed(case);
    let mut client = site.client(&first.service).await;
    client.which_parts(offer.clone()).await.unwrap();
    let receipt = client.put_parts(tokio_stream::iter([send])).await.unwrap().into_inner();
    assert!(receipt.committed);
    // kill -9 right after the receipt: it must still be true, and the work must be done.
    drop(first);
    let second = Running::start(&config);
    let mut client = site.client(&second.service).await;
    let again = client.which_parts(offer).await.unwrap().into_inner();
    assert_eq!(again.receipt.unwrap(), receipt);
    let deadline = Instant::now() + PATIENCE;
    let entry = loop {
        let mut listed =
            client.list_reports(ListReportsRequest::default()).await.unwrap().into_inner().reports;
        if let Some(entry) = listed.pop() {
            break entry;
        }
        let shown = command(&["case", "show", "1", "--config", &config, "--json"]);
        assert!(Instant::now() < deadline, "no report: {}", String::from_utf8_lossy(&shown.stdout));
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert_eq!(entry.case_id, case.as_bytes());
    let request = FetchReportRequest { envelope: entry.envelope.clone(), first_part: 0 };
    let mut pieces = client.fetch_report(request).await.unwrap().into_inner();
    let (mut whole, mut seal) = (Vec::new(), Vec::new());
    while let Some(piece) = pieces.message().await.unwrap() {
        match piece.piece.unwrap() {
            Piece::Head(head) => (whole, seal) = (head.header, head.seal),
            Piece::Part(part) => whole.extend(part.data),
        }
    }
    whole.extend(seal);
    assert_eq!(blake3::hash(&whole).as_bytes().as_slice(), entry.digest);
    let (_, content) = proto::envelope::open(&whole, &site.reader, site.keys.opener()).unwrap();
    let report = content.first(proto::report::REPORT_JSON).unwrap();
    let report = proto::report::ReportContent::from_json(report).unwrap();
    assert!(report.is_unsigned());
    assert_eq!(report.sections.findings, "A ramp of grey.");
    let confirm = ConfirmReportRequest { envelope: entry.envelope, digest: entry.digest };
    client.confirm_report(confirm).await.unwrap();
    let objects = Path::new(&config).parent().unwrap().join("objects");
    let files = || walk(&objects);
    while !files().is_empty() {
        assert!(Instant::now() < deadline, "the cloud keeps what was confirmed: {:?}", files());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let status = command(&["status", "--config", &config, "--json"]);
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(status["states"]["confirmed"], 1);
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path());
    entries.flat_map(|p| if p.is_dir() { walk(&p) } else { vec![p] }).collect()
}

#[test]
fn wrong_use_and_wrong_configuration_exit_with_64_and_all_faults() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(command(&["runn"]).status.code(), Some(64));
    let file = dir.path().join("cloud.toml");
    std::fs::write(&file, "[service]\nlisten = 5\n[quee]\n").unwrap();
    let out = command(&["check", "--config", file.to_str().unwrap(), "--json"]);
    assert_eq!(out.status.code(), Some(64));
    let lines: Vec<Value> =
        String::from_utf8(out.stdout).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!((lines[0]["line"].as_u64(), lines[1]["line"].as_u64()), (Some(2), Some(3)));
    assert!(lines[1]["write"].as_str().unwrap().contains("queue"));
    // What the file names is missing: faults of the same form.
    std::fs::write(&file, "[service]\n").unwrap();
    let out = command(&["check", "--config", file.to_str().unwrap(), "--json"]);
    let text = String::from_utf8(out.stdout).unwrap();
    for key in ["service.pki", "queue.database", "objects.url", "diagnosis.keys", "diagnosis.bundle"] {
        assert!(text.contains(key), "{key} not in {text}");
    }
}

#[test]
fn a_stopped_service_is_69_and_an_occupied_folder_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let config = made(dir.path());
    assert_eq!(command(&["status", "--config", &config]).status.code(), Some(69));
    let before = std::fs::read(&config).unwrap();
    let folder = dir.path().join("cloud");
    assert_eq!(command(&["init", folder.to_str().unwrap()]).status.code(), Some(64));
    assert_eq!(std::fs::read(&config).unwrap(), before);
    use std::os::unix::fs::PermissionsExt as _;
    for secret in ["keys/reader.keys", "pki/authority.key"] {
        assert_eq!(std::fs::metadata(folder.join(secret)).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_signal_ends_the_service_in_good_order() {
    let dir = tempfile::tempdir().unwrap();
    let mut running = Running::start(&made(dir.path()));
    let pid = rustix::process::Pid::from_child(&running.child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let began = Instant::now();
    assert_eq!(running.child.wait().unwrap().code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(15), "idle, yet it used up its grace");
}
