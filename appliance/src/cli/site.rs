//! What a site's files must be, and the copy of its ledger.

use std::path::PathBuf;

use clap::Args;

use super::Where;
use super::out::{self, Failure};
use crate::house::{self, Request, Response, Settings, ask, deid_order, open_ledger, socket_path, store_key};

/// Back a site up: ledger and audit are copied, keys and stored instances are listed.
#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The folder of the backup; new or empty.
    to: PathBuf,
    /// Instead: open this sealed copy that an upgrade kept beside the ledger, as `ledger.db` in the folder.
    #[arg(long, value_name = "COPY")]
    from: Option<PathBuf>,
    #[command(flatten)]
    site: Where,
}

pub(super) async fn backup(c: &Backup) -> Result<(), Failure> {
    let settings = out::settings(&c.site.config)?;
    let to = std::path::absolute(&c.to)?;
    if let Some(from) = &c.from {
        std::fs::create_dir_all(&to)?;
        crate::ledger::open_copy(&*store_key(&settings)?, from, &to.join("ledger.db"))?;
        out::say(
            "the copy was opened as it was before the upgrade: a plain one holds identity, so keep it safe",
        );
        return Ok(());
    }
    let holds = match ask(&socket_path(&settings), &Request::Backup { to: to.clone() }).await? {
        Some(Response::Done(holds)) => holds,
        Some(Response::Refused(words)) => return Err(Failure::new(out::FAILED, words)),
        None => {
            let ledger = open_ledger(&settings).await?;
            let holds = house::backup(&settings, &ledger, &to).await?;
            ledger.close().await;
            holds
        }
    };
    if c.site.json {
        out::json(&holds);
        return Ok(());
    }
    let word = |v: &serde_json::Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    for file in holds.get("files").and_then(serde_json::Value::as_array).into_iter().flatten() {
        out::line(&format!("holds    {} ({} bytes)", word(&file["name"]), file["bytes"]));
    }
    for apart in holds.get("not_in_it").and_then(serde_json::Value::as_array).into_iter().flatten() {
        out::line(&format!("not here {}: {}", word(&apart["what"]), word(&apart["path"])));
    }
    out::say("keep the keys apart from this backup, and not on this machine alone");
    Ok(())
}

/// Files that the configuration names and that are not there, each with what to do.
pub(super) fn missing(s: &Settings) -> Vec<String> {
    let mut faults = Vec::new();
    if !s.site.ledger.is_file() {
        faults.push("site.ledger: there is no ledger there; restore it from a backup, or run `appliance init` for a new site".into());
    }
    if let Err(error) = deid_order(s) {
        faults.push(format!("site.pseudonym_key: {error}"));
    }
    if s.store.key.exists()
        && let Err(error) = store_key(s)
    {
        faults.push(format!("store.key: {error}"));
    }
    let audit = [("ca", &s.audit.ca), ("certificate", &s.audit.certificate), ("key", &s.audit.key)];
    for (key, path) in audit {
        if path.as_ref().is_some_and(|p| !p.is_file()) {
            faults.push(format!("audit.{key}: there is no such file; write the path of a PEM file"));
        }
    }
    for (i, bundle) in s.triage.bundles.iter().enumerate() {
        if let Err(error) = models::Bundle::open(bundle) {
            faults.push(format!("triage.bundles[{i}]: {error}"));
        }
    }
    if !s.triage.bundles.is_empty()
        && let Err(error) = models::runtime::find(s.triage.runtime.as_deref())
    {
        faults.push(format!("triage.runtime: {error}"));
    }
    faults
}

/// What works but should be known.
pub(super) fn notes(s: &Settings) -> Vec<String> {
    let mut notes = Vec::new();
    if s.intake.callers.is_empty() {
        notes.push("nobody may send: add [[intake.callers]] with ae_title and address".into());
    }
    if !s.store.key.exists() {
        notes.push("store.key: no key is there; a site of release 0.1 gets one at its first start, any other needs its own back".into());
    }
    if s.site.demo {
        notes.push(
            "a demonstration: every caller on loopback is admitted and `settle` needs no accepted bundle"
                .into(),
        );
    }
    match &s.escalation {
        None => notes.push("no [escalation]: nothing ever leaves".into()),
        Some(e) if !e.identity.is_dir() => {
            notes.push("not enrolled: cases wait here; see `appliance enrol`".into())
        }
        Some(_) => {}
    }
    if !cfg!(target_os = "linux") {
        notes.push("outside Linux workers have limits only, no system call filter".into());
    }
    notes
}
