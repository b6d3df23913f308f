//! The real binary: made, run, killed and run again; one case over the wire to a model's endpoint and home.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/phantom.rs"]
mod phantom;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use phantom::{Phantom, encoded, phantom};
use proto::envelope::{Address, Header, Sealed, Sealer};
use proto::ids::{CaseId, SiteId};
use proto::keys::PrivateKeys;
use proto::report::ReportContent;
use proto::token::EnrolToken;
use proto::wire::intake_client::IntakeClient;
use proto::wire::report_piece::Piece;
use proto::wire::*;
use serde_json::Value;
use tonic::transport::Channel;

const BINARY: &str = env!("CARGO_BIN_EXE_cloud-service");
const PATIENCE: Duration = Duration::from_secs(60);

fn command(args: &[&str]) -> Output {
    Command::new(BINARY).args(args).output().unwrap()
}

fn said(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What `status` says; its code tells of the configured ports only, which are free ones here.
fn status(config: &str) -> Value {
    serde_json::from_slice(&command(&["status", "--config", config, "--json"]).stdout).unwrap()
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
    fn sealed(&self, case: &Phantom) -> (Sealed, WhichPartsRequest, Part) {
        let address = Address { site: self.id, case: case.id, revision: 1 };
        let mut bytes = Vec::new();
        let sealed = Sealer::new(&address, self.keys.signer(), &self.reader).seal(case, &mut bytes).unwrap();
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

    /// Waits for the report of a case, fetches and opens it.
    async fn home(
        &self,
        client: &mut IntakeClient<Channel>,
        config: &str,
        case: CaseId,
    ) -> (ReportContent, ReportEntry) {
        let deadline = Instant::now() + PATIENCE;
        let entry = loop {
            let mut listed =
                client.list_reports(ListReportsRequest::default()).await.unwrap().into_inner().reports;
            listed.retain(|r| r.case_id == case.as_bytes());
            if let Some(entry) = listed.pop() {
                break entry;
            }
            let shown = command(&["case", "list", "--config", config, "--json"]);
            assert!(Instant::now() < deadline, "no report: {}", String::from_utf8_lossy(&shown.stdout));
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
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
        let (_, content) = proto::envelope::open(&whole, &self.reader, self.keys.opener()).unwrap();
        let report = content.first(proto::report::REPORT_JSON).unwrap();
        let report = ReportContent::from_json(report).unwrap();
        (report, entry)
    }

    async fn client(&self, url: &str) -> IntakeClient<Channel> {
        let channel = proto::tls::connect(&url.parse().unwrap(), Arc::clone(&self.config)).await.unwrap();
        IntakeClient::new(channel)
    }
}

/// Makes a demonstration folder whose model is the fake endpoint; gives the configuration's path.
fn made(dir: &Path) -> String {
    let config = made_with_reference(dir);
    let text = std::fs::read_to_string(&config).unwrap();
    let backend = format!("backend = \"openai\"\nbase_url = \"{}\"\nmodel = \"seer\"\n#", endpoint());
    std::fs::write(&config, text.replacen("backend = \"reference\"", &backend, 1)).unwrap();
    config
}

/// The project's own reference bundle.
fn bundle() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("models/reference")
}

/// Makes a demonstration folder with the reference model; gives the configuration's path.
fn made_with_reference(dir: &Path) -> String {
    let (folder, bundle) = (dir.join("cloud"), bundle());
    let (folder, bundle, any) = (folder.to_str().unwrap(), bundle.to_str().unwrap(), "127.0.0.1:0");
    let out = said(&command(&["init", folder, "--demo", "--listen", any, "--page", any, "--bundle", bundle]));
    assert!(out["link"].as_str().unwrap().contains("/welcome#"));
    out["config"].as_str().unwrap().to_owned()
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
    let (_, offer, send) = site.sealed(&phantom(case));
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
    let (report, entry) = site.home(&mut client, &config, case).await;
    assert!(report.is_unsigned());
    assert_eq!(report.sections.findings, "A ramp of grey.");
    let confirm = ConfirmReportRequest { envelope: entry.envelope, digest: entry.digest };
    client.confirm_report(confirm).await.unwrap();
    let deadline = Instant::now() + PATIENCE;
    let objects = Path::new(&config).parent().unwrap().join("objects");
    let files = || walk(&objects);
    while !files().is_empty() {
        assert!(Instant::now() < deadline, "the cloud keeps what was confirmed: {:?}", files());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(status(&config)["states"]["confirmed"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reference_model_drafts_from_an_image_and_from_numbers_alone() {
    let dir = tempfile::tempdir().unwrap();
    let config = made_with_reference(dir.path());
    assert_eq!(said(&command(&["check", "--config", &config, "--json"]))["faults"], 0);
    let token = said(&command(&["site", "add", "north-1", "--config", &config, "--json"]));
    let running = Running::start(&config);
    let site = Site::enrol(&running.service, token["token"].as_str().unwrap()).await;
    let mut client = site.client(&running.service).await;
    let manifest = models::Bundle::open(bundle()).unwrap();
    let encoder = format!("{} {}", manifest.name(), manifest.version());
    let (one, two, odd) = (CaseId::random().unwrap(), CaseId::random().unwrap(), CaseId::random().unwrap());
    for case in [phantom(one), encoded(two, &encoder), encoded(odd, "other 9")] {
        let (_, offer, part) = site.sealed(&case);
        client.which_parts(offer).await.unwrap();
        assert!(client.put_parts(tokio_stream::iter([part])).await.unwrap().into_inner().committed);
    }
    for case in [one, two] {
        let (report, _) = site.home(&mut client, &config, case).await;
        assert!(report.is_unsigned());
        assert_eq!(
            (report.origin.backend.as_str(), report.origin.model.as_str()),
            ("reference", manifest.name())
        );
        assert!(report.sections.findings.split_whitespace().count() > 3, "{}", report.sections.findings);
        assert!(report.lines().iter().all(|l| l.starts_with("UNSIGNED MACHINE DRAFT")));
    }
    // Numbers of another encoder: buried at once and visibly, never guessed at.
    let ask = CaseStatesRequest { case_ids: vec![odd.as_bytes().to_vec()] };
    let deadline = Instant::now() + PATIENCE;
    let state = loop {
        let state = client.case_states(ask.clone()).await.unwrap().into_inner().states.remove(0);
        if state.phase == i32::from(CasePhase::Buried) {
            break state;
        }
        assert!(Instant::now() < deadline, "never buried");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert!(state.reason.contains("another model"), "{}", state.reason);
}

#[test]
fn a_worker_that_cannot_start_is_said_once_and_readers_go_on_when_it_is_mended() {
    let dir = tempfile::tempdir().unwrap();
    let config = made_with_reference(dir.path());
    let (here, away) = (dir.path().join("bundle"), dir.path().join("away"));
    std::fs::create_dir(&here).unwrap();
    for file in walk(&bundle()) {
        std::fs::copy(&file, here.join(file.file_name().unwrap())).unwrap();
    }
    let text = std::fs::read_to_string(&config).unwrap();
    let (was, is) = (bundle().canonicalize().unwrap(), here.clone());
    std::fs::write(&config, text.replace(was.to_str().unwrap(), is.to_str().unwrap())).unwrap();
    assert_eq!(said(&command(&["check", "--config", &config, "--json"]))["faults"], 0);
    std::fs::rename(&here, &away).unwrap();
    assert_eq!(command(&["check", "--config", &config]).status.code(), Some(64));
    let log = dir.path().join("log");
    let mut child = Command::new(BINARY)
        .args(["run", "--config", &config])
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut line = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap();
    let first = line();
    assert_eq!(first["ready"], false, "{first}");
    assert!(first["why"].as_str().unwrap().contains("cloud-service check"), "{first}");
    // Long enough for several tries, each of which fails alike.
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(3) {
        let status = status(&config);
        assert!(status["readers"][0]["away_since_ms"].is_i64(), "{status}");
    }
    std::fs::rename(&away, &here).unwrap();
    assert_eq!(line()["ready"], true);
    let status = status(&config);
    assert!(status["readers"][0]["away_since_ms"].is_null(), "{status}");
    drop(Running { child, service: String::new() });
    assert_eq!(
        self::status(&config)["readers"],
        serde_json::json!([]),
        "what a killed service said is no news"
    );
    let log = std::fs::read_to_string(&log).unwrap();
    assert_eq!(log.matches("no case can be drafted").count(), 1, "{log}");
    assert_eq!(log.matches("did not start").count(), 1, "{log}");
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
    let of =
        |key: &str| lines.iter().find(|l| l["key"] == key).unwrap_or_else(|| panic!("{key} in {lines:?}"));
    assert_eq!((of("service.listen")["line"].as_u64(), of("quee")["line"].as_u64()), (Some(2), Some(3)));
    assert!(of("quee")["write"].as_str().unwrap().contains("queue"));
    // Wrong keys do not hide that what the rest names is missing.
    of("service.pki");
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
