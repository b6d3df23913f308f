//! Behaviours of the audit: whatever is changed shows; the collector gets everything, in order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::Arc;
use std::time::Duration;

use fixtures::pki::Authority;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::*;
use std::path::Path;

const KEY: [u8; 32] = [7; 32];

fn five(path: &Path) {
    let audit = Audit::open(path, &KEY).unwrap();
    for what in ["login", "release", "acknowledge", "undo", "logout"] {
        audit.write(1, "ada", what, "0f", "").unwrap();
    }
}

fn lines(path: &Path) -> Vec<String> {
    std::fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
}

fn put(path: &Path, lines: &[String]) {
    std::fs::write(path, lines.iter().map(|l| format!("{l}\n")).collect::<String>()).unwrap();
}

#[test]
fn every_edit_removal_and_reordering_of_lines_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.jsonl");
    five(&path);
    assert_eq!(verify(&path, &KEY).unwrap().lines, 5);
    let whole = lines(&path);
    for at in 0..5 {
        let mut edited = whole.clone();
        edited[at] = edited[at].replace("\"who\":\"ada\"", "\"who\":\"bob\"");
        put(&path, &edited);
        assert!(verify(&path, &KEY).is_err(), "line {at} edited");
        assert!(Audit::open(&path, &KEY).is_err(), "line {at} edited");
        let mut removed = whole.clone();
        removed.remove(at);
        put(&path, &removed);
        assert!(verify(&path, &KEY).is_err(), "line {at} removed");
        put(&path, &whole[..at]);
        assert!(matches!(verify(&path, &KEY), Err(Error::Cut(5))), "cut to {at} lines");
        assert!(Audit::open(&path, &KEY).is_err(), "cut to {at} lines");
        for other in 0..at {
            let mut moved = whole.clone();
            moved.swap(at, other);
            put(&path, &moved);
            assert!(verify(&path, &KEY).is_err(), "{at} and {other} swapped");
        }
    }
    // A whole chain written anew, as one who knows how could: only the head does not agree.
    let other = dir.path().join("other.jsonl");
    let forged = Audit::open(&other, &[8; 32]).unwrap();
    (0..7).for_each(|_| forged.write(1, "bob", "login", "", "").unwrap());
    put(&path, &lines(&other));
    assert!(matches!(verify(&path, &KEY), Err(Error::Cut(5))));
    std::fs::copy(dir.path().join("other.jsonl.head"), dir.path().join("audit.jsonl.head")).unwrap();
    assert!(matches!(verify(&path, &KEY), Err(Error::Head)), "a head under another key");
    std::fs::remove_file(dir.path().join("audit.jsonl.head")).unwrap();
    assert!(matches!(verify(&path, &KEY), Err(Error::Head)), "no head");
    put(&path, &whole);
}

#[test]
fn a_half_written_last_line_is_cut_and_a_head_left_behind_is_taken_up() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.jsonl");
    five(&path);
    let head = std::fs::read(dir.path().join("audit.jsonl.head")).unwrap();
    Audit::open(&path, &KEY).unwrap().write(2, "ada", "login", "", "").unwrap();
    // Killed between line and head, and in the middle of the next line.
    std::fs::write(dir.path().join("audit.jsonl.head"), head).unwrap();
    let mut text = std::fs::read(&path).unwrap();
    text.extend_from_slice(b"{\"at\":1,\"who\"");
    std::fs::write(&path, text).unwrap();
    let audit = Audit::open(&path, &KEY).unwrap();
    audit.write(3, "ada", "undo", "0f", "").unwrap();
    assert_eq!(verify(&path, &KEY).unwrap().lines, 7);
    assert_eq!(lines(&path).len(), 7);
}

#[test]
fn an_audit_of_the_first_release_goes_on_and_says_when_its_head_began() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.jsonl");
    // Two lines as release 0.1.0 wrote them.
    let first = r#"{"at":1,"who":"ada","what":"login","on":"","detail":"","before":""}"#;
    let before = blake3::hash(first.as_bytes()).to_hex();
    let second = format!(r#"{{"at":2,"who":"ada","what":"logout","on":"","detail":"","before":"{before}"}}"#);
    put(&path, &[first.to_owned(), second]);
    drop(Audit::open(&path, &KEY).unwrap());
    assert_eq!(verify(&path, &KEY).unwrap().lines, 3);
    assert!(lines(&path)[2].contains("audit head begun"));
}

#[test]
fn lines_become_messages_of_the_standard_and_nothing_breaks_out_of_them() {
    let source = Source { site: "North <1>".into(), host: "box".into() };
    let entry = Entry {
        at: 1_790_000_000_123,
        who: "AE-0123".into(),
        what: "received".into(),
        on: "5f".into(),
        detail: "a \"quote\" & <tag>\u{1}".into(),
        address: "10.0.0.7".into(),
        instances: [("1.2.840.10008.5.1.4.1.1.2".to_owned(), 3)].into(),
        ..Entry::default()
    };
    let text = message(&entry, &source);
    for part in [
        "<EventIdentification EventActionCode=\"C\" EventDateTime=\"2026-09-21T14:13:20.123Z\" EventOutcomeIndicator=\"0\">",
        "<EventID csd-code=\"110104\" codeSystemName=\"DCM\" originalText=\"DICOM Instances Transferred\"/>",
        "UserID=\"AE-0123\" UserIsRequestor=\"true\" NetworkAccessPointID=\"10.0.0.7\" NetworkAccessPointTypeCode=\"2\"><RoleIDCode csd-code=\"110153\"",
        "AuditEnterpriseSiteID=\"North &lt;1&gt;\"",
        "a &quot;quote&quot; &amp; &lt;tag&gt;<",
        "ParticipantObjectTypeCodeRole=\"3\"><ParticipantObjectIDTypeCode csd-code=\"110180\"",
        "<SOPClass UID=\"1.2.840.10008.5.1.4.1.1.2\" NumberOfInstances=\"3\"/>",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let with = |what: &str| message(&Entry { what: what.into(), ..entry.clone() }, &source);
    for (what, event, kind, outcome) in [
        ("application start", "110100", "110120", "0"),
        ("application stop", "110100", "110121", "0"),
        ("login", "110114", "110122", "0"),
        ("failed login", "110114", "110122", "4"),
        ("logout", "110114", "110123", "0"),
        ("caller refused", "110113", "110126", "4"),
        ("configuration changed", "110113", "110129", "0"),
        ("clock set", "110113", "110129", "0"),
        ("user add", "110113", "110137", "0"),
        ("receiving", "110102", "", "0"),
        ("case sent", "110106", "", "0"),
        ("evicted", "110105", "", "0"),
        ("looked at the name", "110103", "", "0"),
        ("do not send", "110103", "", "0"),
    ] {
        let text = with(what);
        assert!(text.contains(&format!("<EventID csd-code=\"{event}\"")), "{what}: {text}");
        assert!(text.contains(&format!("EventOutcomeIndicator=\"{outcome}\"")), "{what}");
        assert_eq!(text.contains("EventTypeCode"), !kind.is_empty(), "{what}");
        assert!(text.contains(&format!("<EventTypeCode csd-code=\"{kind}\"")) || kind.is_empty(), "{what}");
        assert!(!text.contains(['\n', '\u{1}']), "one line");
    }
    let frame = syslog::frame(7, &entry, &source);
    let (length, rest) = frame.split_at(frame.iter().position(|b| *b == b' ').unwrap() + 1);
    assert_eq!(std::str::from_utf8(length).unwrap().trim().parse::<usize>().unwrap(), rest.len());
    let rest = String::from_utf8(rest.to_vec()).unwrap();
    let header =
        "<85>1 2026-09-21T14:13:20.123Z box scanside - DICOM+RFC3881 [meta sequenceId=\"7\"] \u{feff}<?xml";
    assert!(rest.starts_with(header), "{rest}");
}

/// A collector: a TLS listener that keeps what it is told, frame by frame.
struct Listener {
    address: std::net::SocketAddr,
    task: tokio::task::JoinHandle<()>,
    told: mpsc::UnboundedReceiver<String>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Listener {
    /// `dies_after`: the first connection is dropped after so many bytes, without a close_notify.
    async fn start(pki: &Authority, port: u16, dies_after: Option<usize>) -> Self {
        let leaf = pki.leaf("localhost", 5).unwrap();
        let chain = vec![CertificateDer::from_pem_slice(leaf.certificate_pem.as_bytes()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(leaf.key_pem.as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, told) = mpsc::unbounded_channel();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let task = tokio::spawn(async move {
            let mut dies = dies_after;
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let limit = dies.take();
                let mut bytes = Vec::new();
                match limit {
                    Some(limit) => {
                        bytes.resize(limit, 0);
                        let _ = stream.read_exact(&mut bytes).await;
                        // Dropped here: the process behind it died.
                    }
                    None => {
                        let _ = stream.read_to_end(&mut bytes).await;
                        let _ = tokio::io::AsyncWriteExt::shutdown(&mut stream).await;
                    }
                }
                frames(&bytes).into_iter().for_each(|f| tell.send(f).unwrap());
            }
        });
        Self { address, task, told }
    }

    async fn next(&mut self) -> String {
        tokio::time::timeout(Duration::from_secs(20), self.told.recv()).await.unwrap().unwrap()
    }
}

/// Whole frames of a stream.
fn frames(bytes: &[u8]) -> Vec<String> {
    let (mut rest, mut out) = (bytes, Vec::new());
    while let Some(space) = rest.iter().position(|b| *b == b' ') {
        let length: usize = std::str::from_utf8(&rest[..space]).unwrap().parse().unwrap();
        let Some(frame) = rest.get(space + 1..space + 1 + length) else { break };
        out.push(String::from_utf8(frame.to_vec()).unwrap());
        rest = &rest[space + 1 + length..];
    }
    out
}

fn sequence(frame: &str) -> u64 {
    let after = frame.split("sequenceId=\"").nth(1).unwrap();
    after.split('"').next().unwrap().parse().unwrap()
}

struct Site {
    dir: tempfile::TempDir,
    pki: Authority,
}

impl Site {
    fn new() -> Self {
        let (dir, pki) = (tempfile::tempdir().unwrap(), Authority::new("collector").unwrap());
        std::fs::write(dir.path().join("ca.pem"), pki.certificate_pem()).unwrap();
        Self { dir, pki }
    }

    fn audit(&self) -> Arc<Audit> {
        Arc::new(Audit::open(&self.dir.path().join("audit.jsonl"), &KEY).unwrap())
    }

    fn collector(&self, audit: &Arc<Audit>, port: u16) -> Collector {
        let config = AuditConfig {
            syslog: Some(format!("localhost:{port}")),
            ca: Some(self.dir.path().join("ca.pem")),
            ..AuditConfig::default()
        };
        let source = Source { site: "North".into(), host: "box".into() };
        let made = Collector::new(Arc::clone(audit), &config, source).unwrap().unwrap();
        made.with_pauses(Duration::from_millis(20), Duration::from_millis(100))
    }
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(20), async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    assert!(waited.await.is_ok(), "{what}");
}

#[tokio::test]
async fn a_collector_that_was_away_gets_everything_in_order_and_each_line_once_confirmed() {
    let site = Site::new();
    let audit = site.audit();
    // A port that is free and on which nobody listens yet.
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let stop = CancellationToken::new();
    for n in 1..=700 {
        audit.write(n, "ada", "login", "", "").unwrap();
    }
    let sender = tokio::spawn(site.collector(&audit, port).run(stop.clone()));
    until("it is noted as away", || audit.delivery().away_since.is_some()).await;
    assert_eq!(audit.delivery().waiting, 700);

    let mut listener = Listener::start(&site.pki, port, None).await;
    for n in 1..=700 {
        assert_eq!(sequence(&listener.next().await), n);
    }
    until("it is noted as delivered", || audit.delivery().waiting == 0).await;
    assert_eq!(audit.delivery().away_since, None);
    audit.write(701, "ada", "logout", "", "").unwrap();
    assert_eq!(sequence(&listener.next().await), 701);
    audit.write(702, "appliance", "application stop", "", "").unwrap();
    stop.cancel();
    sender.await.unwrap();
    assert_eq!(sequence(&listener.next().await), 702, "the last words are sent before the end");

    // The next start sends only what is new.
    let stop = CancellationToken::new();
    let sender = tokio::spawn(site.collector(&audit, port).run(stop.clone()));
    audit.write(703, "appliance", "application start", "", "").unwrap();
    assert_eq!(sequence(&listener.next().await), 703);
    stop.cancel();
    sender.await.unwrap();
}

#[tokio::test]
async fn a_collector_that_dies_in_the_middle_gets_the_lines_again() {
    let site = Site::new();
    let audit = site.audit();
    for n in 1..=50 {
        audit.write(n, "ada", "login", "", "").unwrap();
    }
    let mut listener = Listener::start(&site.pki, 0, Some(5_000)).await;
    let stop = CancellationToken::new();
    let sender = tokio::spawn(site.collector(&audit, listener.address.port()).run(stop.clone()));
    let mut seen = Vec::new();
    while seen.last() != Some(&50) {
        seen.push(sequence(&listener.next().await));
    }
    stop.cancel();
    sender.await.unwrap();
    let whole: Vec<u64> = (1..=50).collect();
    assert!(seen.len() > 50, "the first connection got some: {seen:?}");
    assert_eq!(seen[seen.len() - 50..], whole, "all of them, in order, after the death");
}

#[tokio::test]
async fn a_collector_that_cannot_prove_who_it_is_gets_nothing() {
    let site = Site::new();
    let audit = site.audit();
    audit.write(1, "ada", "login", "", "").unwrap();
    let stranger = Authority::new("collector").unwrap();
    let mut listener = Listener::start(&stranger, 0, None).await;
    let stop = CancellationToken::new();
    let sender = tokio::spawn(site.collector(&audit, listener.address.port()).run(stop.clone()));
    until("it is noted as away", || audit.delivery().away_since.is_some()).await;
    assert_eq!(audit.delivery().waiting, 1);
    assert!(listener.told.try_recv().is_err());
    stop.cancel();
    sender.await.unwrap();
}

#[test]
fn the_table_of_the_configuration_is_checked() {
    let read = |text: &str| toml::from_str::<AuditConfig>(text).unwrap().faults();
    assert!(read("").is_empty());
    assert!(read("syslog = \"c.example:6514\"\nca = \"ca.pem\"").is_empty());
    assert!(read("syslog = \"[::1]:6514\"\nca = \"ca.pem\"").is_empty());
    for (text, key) in [
        ("syslog = \"c.example\"\nca = \"ca.pem\"", "syslog"),
        ("syslog = \"::1:6514\"\nca = \"ca.pem\"", "syslog"),
        ("syslog = \"c.example:6514\"", "ca"),
        ("ca = \"ca.pem\"", "syslog"),
        ("syslog = \"c:1\"\nca = \"a\"\ncertificate = \"b\"", "key"),
    ] {
        assert_eq!(read(text).first().map(|f| f.0), Some(key), "{text}");
    }
    assert!(toml::from_str::<AuditConfig>("server = 1").is_err());
}
