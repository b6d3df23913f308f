//! The backup of a site: ledger and audit are copied, keys and stored instances are listed, and it says what it holds.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use serde_json::{Value, json};

use super::{Error, Settings};
use crate::conveyor::now;
use crate::ledger::Ledger;

/// The file that says what a backup holds.
pub const HOLDS: &str = "BACKUP.json";

fn bad(e: &std::io::Error) -> Error {
    Error::File { what: "the backup", kind: e.kind(), todo: "name a new or empty folder with room for it" }
}

/// Writes a backup into `folder`, which must be new or empty; returns what it holds.
///
/// # Errors
/// [`Error::File`] when the folder holds something or cannot be written; the ledger's refusal.
pub async fn backup(s: &Settings, ledger: &Ledger, folder: &Path) -> Result<Value, Error> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|e| bad(&e))?;
    if std::fs::read_dir(folder).map_err(|e| bad(&e))?.next().is_some() {
        return Err(bad(&std::io::ErrorKind::AlreadyExists.into()));
    }
    let copy = folder.join("ledger.db");
    let counts = ledger.counts().await?;
    ledger.backup(&copy).await?;
    let audit = folder.join("audit.jsonl");
    copy_lines(&s.site.audit, &audit).map_err(|e| bad(&e))?;
    let mut files = Vec::new();
    for path in [&copy, &audit] {
        files.push(about(path).map_err(|e| bad(&e))?);
    }
    let mut apart = vec![
        json!({ "what": "store key: without it this backup does not open", "path": s.store.key }),
        json!({ "what": "pseudonym keys: without them the same patient gets another pseudonym, and no case that waits can be packed", "path": s.site.pseudonym_key }),
        json!({ "what": "stored instances, sealed cases and previews", "path": s.store.path }),
    ];
    if let Some(e) = &s.escalation {
        apart.push(json!({ "what": "keys and certificates of this site", "path": e.identity }));
    }
    let holds = json!({
        "made_at": now(),
        "version": env!("CARGO_PKG_VERSION"),
        "schema": Ledger::schema(),
        "files": files,
        "rows": { "studies": counts.studies, "instances": counts.instances, "reports": counts.reports },
        "not_in_it": apart,
        "to_restore": "stop the appliance, put ledger.db and audit.jsonl where [site] says, put the keys back, start",
    });
    write(&folder.join(HOLDS), &holds).map_err(|e| bad(&e))?;
    File::open(folder).and_then(|f| f.sync_all()).map_err(|e| bad(&e))?;
    Ok(holds)
}

fn private(path: &Path) -> std::io::Result<File> {
    std::fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)
}

fn write(path: &Path, value: &Value) -> std::io::Result<()> {
    let mut file = private(path)?;
    file.write_all(serde_json::to_string_pretty(value)?.as_bytes())?;
    file.sync_all()
}

/// Copies whole lines: the last one may be under way.
fn copy_lines(from: &Path, to: &Path) -> std::io::Result<()> {
    let mut reader = BufReader::new(File::open(from)?);
    let mut file = private(to)?;
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 && line.ends_with(b"\n") {
        file.write_all(&line)?;
        line.clear();
    }
    file.sync_all()
}

fn about(path: &Path) -> std::io::Result<Value> {
    let mut hasher = blake3::Hasher::new();
    let bytes = std::io::copy(&mut File::open(path)?, &mut hasher)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(json!({ "name": name, "bytes": bytes, "blake3": hasher.finalize().to_hex().to_string() }))
}
