//! What a site's files must be, and the copy of its ledger.

use std::path::PathBuf;

use clap::Args;

use super::Where;
use super::out::{self, Failure};
use crate::conveyor::now;
use crate::house::{Request, Response, Settings, ask, deid_order, socket_path};
use crate::intake::{IdentityMode, Lasting, inspect_tls, key_is_open};
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
    out::say("the ledger was copied; keep the pseudonym key and the identity folder with it");
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
    let mut files = s.intake.identity.file_faults();
    match s.intake.tls.as_ref().map(inspect_tls) {
        Some(Err(found)) => files.extend(found),
        Some(Ok(validity)) => {
            if let Lasting::Over(words) = validity.at(now()) {
                faults.push(words);
            }
        }
        None => {}
    }
    faults.extend(files.into_iter().map(|f| format!("{}: {}", f.key, f.words)));
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
    if let Some(tls) = &s.intake.tls {
        if let Ok(Lasting::Soon(words)) = inspect_tls(tls).map(|validity| validity.at(now())) {
            notes.push(words);
        }
        if key_is_open(tls) {
            notes.push("intake.tls.key: others than its owner can read it; run `chmod 600` on it".into());
        }
    }
    if s.intake.identity.mode == IdentityMode::Check && !s.intake.callers.iter().all(|c| c.tls_only) {
        notes.push("passcodes of [intake.identity] travel in the open on the plain listener: write tls_only = true for each caller".into());
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
