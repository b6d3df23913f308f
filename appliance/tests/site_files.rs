//! The site's files through the real binary: keys, backup, audit commands, an old site, a damaged one.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ledger::{Ledger, ListQuery};
use serde_json::Value;
use sqlx::ConnectOptions;

struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = run(&["init", "--demo", folder.path().join("site").to_str().unwrap()]);
        assert!(made.status.success(), "{}", said(&made));
        Self { folder }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join("site").join(name)
    }

    fn run(&self, args: &[&str]) -> Output {
        let config = self.at("appliance.toml");
        let mut all = args.to_vec();
        all.extend(["--config", config.to_str().unwrap()]);
        run(&all)
    }

    fn key(&self) -> [u8; 32] {
        let text = std::fs::read_to_string(self.at("keys/store.key")).unwrap();
        hex::decode(text.trim()).unwrap().try_into().unwrap()
    }
}

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_appliance"))
        .args(args)
        .env("ORT_DISABLE_TELEMETRY", "1")
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

async fn first_release(path: &Path) {
    let _ = std::fs::remove_file(path);
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut plain = options.connect().await.unwrap();
    sqlx::raw_sql(include_str!("../crates/ledger/tests/ledgers/0001.sql")).execute(&mut plain).await.unwrap();
    sqlx::Connection::close(plain).await.unwrap();
}

#[tokio::test]
async fn a_backup_opens_with_the_key_and_holds_none() {
    let site = Site::new();
    let mode = std::fs::metadata(site.at("keys/store.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let to = site.folder.path().join("backup");
    let made = site.run(&["backup", to.to_str().unwrap(), "--json"]);
    assert!(made.status.success(), "{}", said(&made));
    let holds: Value = serde_json::from_slice(&made.stdout).unwrap();
    assert_eq!(holds["schema"], Ledger::schema());
    let mut names: Vec<String> =
        std::fs::read_dir(&to).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["BACKUP.json", "audit.jsonl", "audit.jsonl.head", "ledger.db"]);
    for file in holds["files"].as_array().unwrap() {
        let bytes = std::fs::read(to.join(file["name"].as_str().unwrap())).unwrap();
        assert_eq!(file["bytes"], bytes.len());
        assert_eq!(file["blake3"], blake3::hash(&bytes).to_hex().to_string());
    }
    let key = std::fs::read_to_string(site.at("keys/store.key")).unwrap();
    let whole = std::fs::read(to.join("ledger.db")).unwrap();
    assert!(!String::from_utf8_lossy(&whole).contains(key.trim()));
    let apart = holds["not_in_it"].to_string();
    assert!(apart.contains("store.key") && apart.contains("pseudonym.key"), "{apart}");
    Ledger::open(&to.join("ledger.db"), &site.key()).await.unwrap().close().await;
    let again = site.run(&["backup", to.to_str().unwrap()]);
    assert!(!again.status.success() && said(&again).contains("new or empty folder"), "{}", said(&again));
}

#[tokio::test]
async fn a_backup_of_an_older_version_is_restored_and_brought_up() {
    let site = Site::new();
    let to = site.folder.path().join("backup");
    let made = site.run(&["backup", to.to_str().unwrap(), "--json"]);
    assert!(made.status.success(), "{}", said(&made));
    // As that version made it: its schema, no head of the audit.
    first_release(&to.join("ledger.db")).await;
    std::fs::remove_file(to.join("audit.jsonl.head")).unwrap();
    let mut holds: Value = serde_json::from_slice(&made.stdout).unwrap();
    let files = ["ledger.db", "audit.jsonl"].map(|name| {
        let bytes = std::fs::read(to.join(name)).unwrap();
        let digest = blake3::hash(&bytes).to_hex().to_string();
        serde_json::json!({ "name": name, "bytes": bytes.len(), "blake3": digest })
    });
    holds["files"] = files.to_vec().into();
    std::fs::write(to.join("BACKUP.json"), holds.to_string()).unwrap();
    let over = site.run(&["restore", to.to_str().unwrap()]);
    assert!(!over.status.success() && said(&over).contains("--replace"), "{}", said(&over));
    let done = site.run(&["restore", to.to_str().unwrap(), "--replace", "--json"]);
    assert!(done.status.success(), "{}", said(&done));
    let done: Value = serde_json::from_slice(&done.stdout).unwrap();
    // It names studies whose images this store never had.
    assert!(done["taken_up"]["missing"].as_u64().unwrap() > 0, "{done}");
    let ledger = Ledger::open(&site.at("ledger.db"), &site.key()).await.unwrap();
    assert_eq!(ledger.list(&ListQuery { limit: 50, ..ListQuery::default() }).await.unwrap().len(), 6);
    ledger.close().await;
    assert!(Ledger::is_sealed(&site.at("ledger.db")).await.unwrap());
    let verified = site.run(&["audit", "verify"]);
    assert!(
        verified.status.success() && said(&verified).contains("restored from a backup"),
        "{}",
        said(&verified)
    );
}

#[test]
fn a_backup_that_cannot_be_finished_leaves_nothing_and_one_of_a_broken_audit_says_so() {
    let site = Site::new();
    let (audit, to) = (site.at("audit.jsonl"), site.folder.path().join("backup"));
    let whole = std::fs::read_to_string(&audit).unwrap();
    std::fs::remove_file(&audit).unwrap();
    let cut = site.run(&["backup", to.to_str().unwrap()]);
    assert!(!cut.status.success(), "{}", said(&cut));
    assert_eq!(std::fs::read_dir(&to).unwrap().count(), 0, "the next one may go there");
    std::fs::write(&audit, whole.replacen("user add", "user bad", 1)).unwrap();
    let made = site.run(&["backup", to.to_str().unwrap(), "--json"]);
    assert!(made.status.success(), "{}", said(&made));
    let holds: Value = serde_json::from_slice(&made.stdout).unwrap();
    assert!(holds["audit_fault"].as_str().unwrap().contains("line"), "{holds}");
    assert_eq!(holds["files"].as_array().unwrap().len(), 3);
    // Neither that one nor the site's own holds: the ledger comes back all the same, and both are kept and told.
    assert_eq!(site.run(&["run"]).status.code(), Some(1));
    let done = site.run(&["restore", to.to_str().unwrap(), "--replace"]);
    assert!(done.status.success(), "{}", said(&done));
    for words in ["the backup's audit does not hold", "was put aside", "a new one begins"] {
        assert!(said(&done).contains(words), "{words}: {}", said(&done));
        assert!(said(&site.run(&["audit", "verify"])).contains(words), "{words}");
    }
}

#[test]
fn the_audit_is_verified_and_exported_by_command() {
    let site = Site::new();
    let good = site.run(&["audit", "verify"]);
    assert!(good.status.success() && said(&good).contains("the chain holds"), "{}", said(&good));
    let out = site.run(&["audit", "export"]);
    assert!(out.status.success(), "{}", said(&out));
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(text.lines().count() >= 2 && text.lines().all(|l| l.ends_with("</AuditMessage>")), "{text}");
    assert!(text.contains("110137") && text.contains("110101"), "a new user, and the export itself: {text}");
    let audit = site.at("audit.jsonl");
    let whole = std::fs::read_to_string(&audit).unwrap();
    let cut: String = whole.lines().take(1).map(|l| format!("{l}\n")).collect();
    std::fs::write(&audit, cut).unwrap();
    let bad = site.run(&["audit", "verify"]);
    assert_eq!(bad.status.code(), Some(1));
    assert!(said(&bad).contains("lines were removed"), "{}", said(&bad));
}

#[tokio::test]
async fn a_site_of_the_first_release_gets_its_key_and_its_old_ledger_can_be_had_back() {
    let site = Site::new();
    std::fs::remove_dir_all(site.at("keys")).unwrap();
    first_release(&site.at("ledger.db")).await;
    let listed = site.run(&["case", "list", "--json"]);
    assert!(listed.status.success(), "{}", said(&listed));
    assert_eq!(String::from_utf8_lossy(&listed.stdout).lines().count(), 3, "{}", said(&listed));
    let mode = std::fs::metadata(site.at("keys/store.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let ledger = Ledger::open(&site.at("ledger.db"), &site.key()).await.unwrap();
    assert_eq!(ledger.list(&ListQuery { limit: 50, ..ListQuery::default() }).await.unwrap().len(), 6);
    ledger.close().await;

    let (to, copy) = (site.folder.path().join("old"), site.at("ledger.db.before-1.sealed"));
    let opened = site.run(&["backup", to.to_str().unwrap(), "--from", copy.to_str().unwrap()]);
    assert!(opened.status.success(), "{}", said(&opened));
    assert!(!Ledger::is_sealed(&to.join("ledger.db")).await.unwrap(), "as it was: plain");
}

#[tokio::test]
async fn a_damaged_ledger_and_a_missing_key_are_said_and_nothing_is_made_anew() {
    let site = Site::new();
    let (ledger, key) = (site.at("ledger.db"), site.at("keys/store.key"));
    let apart = site.at("apart");
    std::fs::rename(&key, &apart).unwrap();
    let without = site.run(&["case", "list"]);
    assert_eq!(without.status.code(), Some(1));
    assert!(said(&without).contains("store.key"), "{}", said(&without));
    assert!(!key.exists(), "a new key would hide that the old one is lost");
    for command in ["run", "check"] {
        let without = site.run(&[command]);
        assert!(!without.status.success() && said(&without).contains("store.key"), "{}", said(&without));
        assert!(!key.exists(), "{command}: a new key would hide that the old one is lost");
    }
    std::fs::rename(&apart, &key).unwrap();
    let whole = std::fs::read(&ledger).unwrap();
    std::fs::write(&ledger, b"").unwrap();
    let empty = site.run(&["case", "list"]);
    assert_eq!(empty.status.code(), Some(1));
    assert!(said(&empty).contains("holds no ledger"), "{}", said(&empty));
    assert_eq!(std::fs::read(&ledger).unwrap(), b"");
    std::fs::write(&ledger, &whole).unwrap();
    std::fs::remove_file(&ledger).unwrap();
    let gone = site.run(&["case", "list"]);
    assert!(said(&gone).contains("there is no ledger"), "{}", said(&gone));
    assert!(!ledger.exists());
}
