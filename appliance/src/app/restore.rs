//! Puts a backup in the place of a lost ledger: files verified first, what is there put aside, the audit going on, and
//! the ledger brought up to what the store holds.

use std::fs::File;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::backup::{AUDIT, Holds, LEDGER, copy_file};
use super::open::Opened;
use super::{Error, Settings, store_key, time};
use crate::arrivals::{TakenUp, reconcile};
use audit::{Entry, RESTORED, Resumed, resume, timestamp};
use ledger::Ledger;
use proto::clock::now;
use store::Store;

/// What a restore did.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Restored {
    /// When the backup was taken, ms.
    pub made_at: i64,
    /// Which audit goes on.
    pub audit: String,
    /// Files that were put aside: they hold identity.
    pub aside: Vec<PathBuf>,
    /// What the store held beyond the backup.
    pub taken_up: TakenUp,
}

/// Restores the site from the backup in `from`. With `replace` an existing ledger is put aside.
///
/// # Errors
/// [`Error::Restore`] over an existing ledger and for what is no whole backup; the store's while the appliance runs, and
/// when its key is missing or another one; the ledger's for a backup that this version or key does not open;
/// [`Error::File`] on a full disk. What was there is in its place then.
pub(crate) async fn restore(s: &Settings, from: &Path, replace: bool) -> Result<Restored, Error> {
    let holds = Holds::read(from)?;
    let key = store_key(s)?;
    Ledger::examine(&from.join(LEDGER), Some(key.bytes())).await?;
    let store = Store::open(&s.store)?;
    let suffix = format!("aside-{}", now());
    if s.site.ledger.exists() && !replace {
        return Err(Error::Restore(format!(
            "there is a ledger already; with --replace it is put aside, its name ending in .{suffix}, and the backup takes its place"
        )));
    }
    let new = beside(&s.site.ledger, ".restoring");
    clear(&new)?;
    if let Err(error) = copy_file(&from.join(LEDGER), &new) {
        clear(&new)?;
        return Err(bad(&error));
    }
    let audit = match resume(&s.site.audit, &from.join(AUDIT), key.bytes(), &suffix) {
        Ok(audit) => audit,
        Err(error) => {
            clear(&new)?;
            return Err(error.into());
        }
    };
    let aside = put_in_place(&s.site.ledger, &new, &suffix).map_err(|e| bad(&e))?;
    take_up(s, store, &holds, audit, aside).await
}

/// With the files in their places: the audit says so, no login and no countdown goes on, and the store's entries get their rows.
async fn take_up(
    s: &Settings,
    store: Store,
    holds: &Holds,
    audit: Resumed,
    mut aside: Vec<PathBuf>,
) -> Result<Restored, Error> {
    let opened = Opened::over(s, store).await?;
    opened.site.audit.record(Entry {
        at: now(),
        who: "operator".into(),
        what: RESTORED.into(),
        detail: format!("from a backup of {}; {}", timestamp(holds.made_at), audit.words),
        ..Entry::default()
    })?;
    opened.site.ledger.forget_run(time::MARK).await?;
    let taken_up = reconcile(&opened.site).await?;
    opened.site.ledger.close().await;
    aside.extend(audit.aside);
    Ok(Restored { made_at: holds.made_at, audit: audit.words, aside, taken_up })
}

/// Moves what is there aside, the write-ahead log above all: beside another ledger it would damage it.
fn put_in_place(ledger: &Path, new: &Path, suffix: &str) -> std::io::Result<Vec<PathBuf>> {
    let mut aside = Vec::new();
    for old in [ledger.to_owned(), beside(ledger, "-wal"), beside(ledger, "-shm")] {
        let to = beside(&old, &format!(".{suffix}"));
        match std::fs::rename(&old, &to) {
            Ok(()) => aside.push(to),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(e),
        }
    }
    std::fs::rename(new, ledger)?;
    let folder = ledger.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()?;
    Ok(aside)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

/// What an earlier try left.
fn clear(path: &Path) -> Result<(), Error> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(bad(&e)),
        _ => Ok(()),
    }
}

fn bad(e: &std::io::Error) -> Error {
    let todo = "make room there for the ledger and a copy of it, and restore again; nothing is lost";
    Error::file("the place of the ledger", e.kind(), todo)
}
