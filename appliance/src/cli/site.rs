//! What a site's files must be, and the copy of its ledger.

use std::path::PathBuf;

use clap::Args;

use super::Where;
use super::out::{self, Failure};
use crate::house::{Request, Response, Settings, ask, deid_order, socket_path};
use crate::ledger::Ledger;

/// Copy the ledger.
#[derive(Debug, Args)]
pub(super) struct Backup {
    /// Where to; must not exist.
    to: PathBuf,
    #[command(flatten)]
    site: Where,
}

pub(super) async fn backup(c: &Backup) -> Result<(), Failure> {
    let settings = out::settings(&c.site.config)?;
    let to = std::path::absolute(&c.to)?;
    match ask(&socket_path(&settings), &Request::Backup { to: to.clone() }).await? {
        Some(Response::Done(_)) => {}
        Some(Response::Refused(words)) => return Err(Failure::new(out::FAILED, words)),
        None => {
            let ledger = Ledger::open(&settings.site.ledger).await?;
            ledger.backup(&to).await?;
            ledger.close().await;
        }
    }
    out::say(
        "the ledger was copied; keep the pseudonym key, the store's key and the identity folder with it",
    );
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
    match crate::store::check_key(&s.store) {
        Ok(_) => {}
        Err(error) => faults.push(format!("store.key: {error}")),
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
    if matches!(crate::store::check_key(&s.store), Ok(None)) {
        notes.push("the store has no key yet: the first start makes the file named in store.key".into());
    }
    if !cfg!(target_os = "linux") {
        notes.push("outside Linux workers have limits only, no system call filter".into());
    }
    notes
}
