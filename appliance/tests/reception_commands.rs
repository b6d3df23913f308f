//! Reception as a person at the command line sees it: `init`, `check`, `run`, `status`, `associations`, `conformance`.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use fixtures::pki::Authority;
use serde_json::Value;

/// A site in a folder of its own; its process ends with it.
struct Site {
    root: tempfile::TempDir,
    config: PathBuf,
    process: Option<Child>,
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn appliance(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_appliance"))
        .args(arguments)
        .env("ORT_DISABLE_TELEMETRY", "1")
        .output()
        .unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

impl Site {
    fn init(more: &[&str]) -> Site {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("site");
        let folder_text = folder.display().to_string();
        let ports = ["--listen", "127.0.0.1:0", "--page", "127.0.0.1:0"];
        let output = appliance(&[&["init", &folder_text][..], &ports, more].concat());
        assert_eq!(code(&output), 0, "{}", said(&output));
        Site { config: folder.join("appliance.toml"), root, process: None }
    }

    fn change(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(&self.config).unwrap();
        assert!(text.contains(from), "{from}");
        std::fs::write(&self.config, text.replacen(from, to, 1)).unwrap();
    }

    fn tell(&self, command: &[&str]) -> Output {
        let config = self.config.display().to_string();
        appliance(&[command, &["--config", &config]].concat())
    }

    fn start(&mut self) -> Value {
        let config = self.config.display().to_string();
        let mut process = Command::new(env!("CARGO_BIN_EXE_appliance"))
            .args(["run", "--json", "--config", &config])
            .env("ORT_DISABLE_TELEMETRY", "1")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let output = process.stdout.take().unwrap();
        self.process = Some(process);
        BufReader::new(output).read_line(&mut line).unwrap();
        serde_json::from_str(&line).expect("the appliance says where it listens")
    }

    fn certificate(&self, days: i64) {
        let folder = self.config.parent().unwrap();
        let now =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
        let ends = u64::try_from(now + days * 86_400 + 3600).unwrap();
        let leaf = Authority::new("a").unwrap().leaf_until("localhost", 1, ends).unwrap();
        std::fs::write(folder.join("c.pem"), leaf.certificate_pem).unwrap();
        std::fs::write(folder.join("k.pem"), leaf.key_pem).unwrap();
    }

    fn with_tls(&self) {
        let tls =
            "[intake.tls]\nlisten = \"127.0.0.1:0\"\ncertificate = \"c.pem\"\nkey = \"k.pem\"\n\n[store]";
        self.change("[store]", tls);
    }
}

fn echo(to: &str, called: &str) -> bool {
    let port = Path::new(to).display().to_string().rsplit(':').next().unwrap().to_owned();
    let output = Command::new("echoscu").args(["-aet", "CT1", "-aec", called, "127.0.0.1", &port]).output();
    output.expect("DCMTK is installed").status.success()
}

#[test]
fn beyond_loopback_nobody_unnamed_is_ever_admitted() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("site").display().to_string();
    let named = appliance(&["init", &folder, "--listen", "0.0.0.0:11112", "--caller", "CT1@10.0.0.0/8"]);
    assert_eq!(code(&named), 0, "{}", said(&named));

    // Without callers nobody may send, and `check` says so.
    let site = Site::init(&[]);
    site.change("127.0.0.1:0", "0.0.0.0:0");
    let output = site.tell(&["check"]);
    assert_eq!((code(&output), said(&output).contains("nobody may send")), (0, true), "{}", said(&output));
    let star = "[[intake.callers]]\nae_title = \"*\"\naddress = \"*\"\n\n[store]";
    site.change("[store]", star);
    site.change("demo = false", "demo = true");
    for command in ["check", "run"] {
        let output = site.tell(&[command]);
        assert_eq!(code(&output), 64, "{command}");
        assert!(said(&output).contains("intake.callers[0].ae_title"), "{}", said(&output));
    }
}

#[test]
fn check_and_status_warn_before_a_certificate_ends() {
    let mut site = Site::init(&["--caller", "CT1@127.0.0.1"]);
    site.with_tls();
    let output = site.tell(&["check"]);
    assert_eq!(code(&output), 64);
    assert!(said(&output).contains("intake.tls.certificate: cannot be read"), "{}", said(&output));
    site.certificate(-1);
    let output = site.tell(&["check"]);
    assert_eq!((code(&output), said(&output).contains("has ended")), (64, true), "{}", said(&output));
    site.certificate(10);
    let output = site.tell(&["check"]);
    assert_eq!((code(&output), said(&output).contains("ends in 10 days")), (0, true), "{}", said(&output));
    let ready = site.start();
    assert!(ready["tls"].as_str().unwrap().starts_with("127.0.0.1:"), "{ready}");
    let status: Value = serde_json::from_slice(&site.tell(&["status", "--json"]).stdout).unwrap();
    assert_eq!(status["scanner"]["state"], "warn");
    assert!(status["scanner"]["words"].as_str().unwrap().contains("ends in 10 days"), "{status}");
    site.certificate(400);
    let status: Value = serde_json::from_slice(&site.tell(&["status", "--json"]).stdout).unwrap();
    assert_eq!(status["scanner"]["state"], "ok", "{status}");
    assert!(status["certificate_ends"].as_i64().unwrap() > 0);
}

#[test]
fn a_refused_caller_and_the_last_associations_are_shown_and_survive_in_words() {
    let mut site = Site::init(&["--caller", "CT1@127.0.0.1"]);
    let ready = site.start();
    let to = ready["intake"].as_str().unwrap();
    assert!(echo(to, "SCANSIDE"));
    assert!(!echo(to, "PACS") && !echo(to, "PACS"));
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    let status = loop {
        let output = site.tell(&["status"]);
        if said(&output).contains("2 times") || std::time::Instant::now() > deadline {
            break said(&output);
        }
    };
    assert!(status.contains("refused    CT1 from 127.0.0.1, 2 times"), "{status}");
    assert!(status.contains("             any_called_title = true"), "{status}");
    let list = site.tell(&["associations", "--json"]);
    let lines: Vec<Value> = said(&list).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3);
    assert_eq!((lines[2]["outcome"].as_str(), lines[2]["caller"].as_str()), (Some("released"), Some("CT1")));
    assert!(lines[0]["outcome"].as_str().unwrap().starts_with("rejected"));
    let number = lines[2]["association"].as_u64().unwrap().to_string();
    let whole = said(&site.tell(&["associations", &number]));
    assert!(whole.contains("Verification SOP Class: accepted: "), "{whole}");
    assert!(whole.contains("C-ECHO on context 1: 0 bytes, answered 0000"), "{whole}");
    assert_eq!(code(&site.tell(&["associations", "7"])), 1);
    // Stopped: the refused callers are in the ledger, the transcripts went with the process.
    let mut process = site.process.take().unwrap();
    let term = Command::new("kill").arg(process.id().to_string()).status().unwrap();
    assert!(term.success() && process.wait().unwrap().success());
    let stopped = site.tell(&["status"]);
    assert_eq!((code(&stopped), said(&stopped).contains("any_called_title = true")), (69, true));
    assert_eq!(code(&site.tell(&["associations"])), 69);
    assert!(site.root.path().exists());
}

#[test]
fn the_conformance_statement_is_printed_as_it_lies_beside_the_sources() {
    let kept = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("CONFORMANCE.md")).unwrap();
    assert_eq!(String::from_utf8_lossy(&appliance(&["conformance"]).stdout), kept);
}
