//! The backup of a site: ledger and audit are copied, keys and stored instances are listed, and it says what it holds.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Error, Settings, store_key};
use audit::{self, Reach};
use ledger::Ledger;
use proto::clock::now;

/// The file that says what a backup holds.
pub(crate) const HOLDS: &str = "BACKUP.json";
/// The ledger's copy in a backup.
pub(super) const LEDGER: &str = "ledger.db";
/// The audit's copy in a backup.
pub(super) const AUDIT: &str = "audit.jsonl";
/// Everything that a backup is made of; one of an earlier version has no head.
const PARTS: [&str; 4] = [LEDGER, AUDIT, "audit.jsonl.head", HOLDS];

/// One file of a backup, as [`HOLDS`] describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    name: String,
    bytes: u64,
    /// BLAKE3, hex.
    blake3: String,
}

/// What a backup says of itself, as far as a restore needs it.
#[derive(Debug, Deserialize)]
pub(super) struct Holds {
    /// When it was taken, ms.
    pub(super) made_at: i64,
    files: Vec<Part>,
}

impl Holds {
    /// Reads it and holds every file against it.
    ///
    /// # Errors
    /// [`Error::Restore`] when the folder holds no backup or one that was altered.
    pub(super) fn read(folder: &Path) -> Result<Self, Error> {
        let said = std::fs::read(folder.join(HOLDS)).map_err(|_| {
            Error::Restore("there is no BACKUP.json: name a folder that `appliance backup` made".into())
        })?;
        let damaged = |name: &str| {
            Error::Restore(format!(
                "the backup is damaged ({name} is not what it was): take another one; nothing was changed"
            ))
        };
        let holds: Self = serde_json::from_slice(&said).map_err(|_| damaged(HOLDS))?;
        if ![LEDGER, AUDIT].iter().all(|name| holds.files.iter().any(|part| part.name == *name)) {
            return Err(damaged(HOLDS));
        }
        for part in &holds.files {
            let known = PARTS.iter().find(|name| **name == part.name).ok_or_else(|| damaged(HOLDS))?;
            if !about(&folder.join(known)).is_ok_and(|found| found == *part) {
                return Err(damaged(known));
            }
        }
        Ok(holds)
    }
}

fn bad(e: &std::io::Error) -> Error {
    Error::file("the backup", e.kind(), "name a new or empty folder with room for it")
}

/// Writes a backup into `folder`, which must be new or empty; returns what it holds. `audit` says how far the site's
/// audit holds, asked after the ledger is copied: what the ledger's copy holds is audited in the audit's.
///
/// # Errors
/// [`Error::File`] when the folder holds something or cannot be written, the ledger's refusal; nothing is left in the
/// folder then.
pub(crate) async fn backup(
    s: &Settings,
    ledger: &Ledger,
    audit: impl FnOnce() -> Result<Reach, audit::Error> + Send,
    folder: &Path,
) -> Result<Value, Error> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|e| bad(&e))?;
    if std::fs::read_dir(folder).map_err(|e| bad(&e))?.next().is_some() {
        return Err(bad(&std::io::ErrorKind::AlreadyExists.into()));
    }
    let made = fill(s, ledger, audit, folder).await;
    if made.is_err() {
        // Half a backup is none, and on a full disk it takes room.
        PARTS.iter().for_each(|name| drop(std::fs::remove_file(folder.join(name))));
    }
    made
}

async fn fill(
    s: &Settings,
    ledger: &Ledger,
    audit: impl FnOnce() -> Result<Reach, audit::Error> + Send,
    folder: &Path,
) -> Result<Value, Error> {
    let counts = ledger.backup(&folder.join(LEDGER)).await?;
    let mut parts = vec![folder.join(LEDGER)];
    let fault = copy_audit(s, audit(), folder, &mut parts)?;
    let files: Result<Vec<Part>, _> = parts.iter().map(|path| about(path)).collect();
    let files = files.map_err(|e| bad(&e))?;
    let mut apart = vec![
        json!({ "what": "store key: without it this backup does not open", "path": s.store.key }),
        json!({ "what": "pseudonym keys: without them the same patient gets another pseudonym, and no case that waits can be packed", "path": s.site.pseudonym_key }),
        json!({ "what": "stored instances, sealed cases and previews", "path": s.store.path }),
    ];
    if let Some(e) = &s.escalation {
        apart.push(json!({ "what": "keys and certificates of this site", "path": e.identity }));
    }
    let mut holds = json!({
        "made_at": now(),
        "version": env!("CARGO_PKG_VERSION"),
        "schema": Ledger::schema(),
        "files": files,
        "rows": { "studies": counts.studies, "instances": counts.instances, "reports": counts.reports },
        "not_in_it": apart,
        "to_restore": "stop the appliance, put configuration, keys and, where it is lost too, the store back, run `appliance restore FOLDER --config FILE`, start; see appliance/RESTORE.md",
    });
    if let (Some(fault), Some(said)) = (fault, holds.as_object_mut()) {
        said.insert("audit_fault".to_owned(), fault.into());
    }
    write(&folder.join(HOLDS), &holds).map_err(|e| bad(&e))?;
    File::open(folder).and_then(|f| f.sync_all()).map_err(|e| bad(&e))?;
    Ok(holds)
}

/// Copies the audit with its head. One that does not hold is copied as it is, and what is wrong with it is returned.
fn copy_audit(
    s: &Settings,
    reach: Result<Reach, audit::Error>,
    folder: &Path,
    parts: &mut Vec<PathBuf>,
) -> Result<Option<String>, Error> {
    let to = folder.join(AUDIT);
    let fault = match reach {
        Ok(reach) => {
            audit::copy(&s.site.audit, &reach, &to, store_key(s)?.bytes())?;
            None
        }
        Err(error) => {
            copy_file(&s.site.audit, &to).map_err(|e| bad(&e))?;
            match copy_file(&audit::head_path(&s.site.audit), &audit::head_path(&to)) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(bad(&e)),
                _ => {}
            }
            Some(error.to_string())
        }
    };
    parts.push(to.clone());
    parts.extend(Some(audit::head_path(&to)).filter(|path| path.is_file()));
    Ok(fault)
}

fn private(path: &Path) -> std::io::Result<File> {
    std::fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)
}

fn write(path: &Path, value: &Value) -> std::io::Result<()> {
    let mut file = private(path)?;
    file.write_all(serde_json::to_string_pretty(value)?.as_bytes())?;
    file.sync_all()
}

/// Copies a file into a new one that is its owner's alone; durable when this returns.
pub(super) fn copy_file(from: &Path, to: &Path) -> std::io::Result<()> {
    let mut source = File::open(from)?;
    let mut file = private(to)?;
    std::io::copy(&mut source, &mut file)?;
    file.sync_all()
}

fn about(path: &Path) -> std::io::Result<Part> {
    let mut hasher = blake3::Hasher::new();
    let bytes = std::io::copy(&mut File::open(path)?, &mut hasher)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Part { name, bytes, blake3: hasher.finalize().to_hex().to_string() })
}
