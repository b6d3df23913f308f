//! `appliance audit`: check the chain, write the audit out as DICOM audit messages, find a peer's pseudonym.

use clap::{Args, Subcommand};

use super::SiteArgs;
use super::output::{self, Failure};
use crate::app::{Request, Response, ask, audit_source, open_audit, open_ledger, socket_path, store_key};
use audit::{Entry, RESTORED, each, message, verify};
use proto::clock::now;

/// Audit commands.
#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// Check every line: any edit, removal or reordering is found.
    Verify(SiteArgs),
    /// Write every line as an audit message (DICOM PS3.15 A.5), one a line; with --json the lines as they are kept.
    Export(SiteArgs),
    /// The pseudonym under which a peer's AE title stands in the audit.
    Peer(Peer),
}

/// One peer.
#[derive(Debug, Args)]
pub(super) struct Peer {
    /// AE title.
    title: String,
    #[command(flatten)]
    site: SiteArgs,
}

pub(super) async fn main(c: &Audit) -> Result<(), Failure> {
    match c {
        Audit::Verify(w) => check(w),
        Audit::Export(w) => export(w).await,
        Audit::Peer(p) => peer(p).await,
    }
}

fn failed(error: &audit::Error) -> Failure {
    Failure::new(output::FAILED, error.to_string())
}

fn check(w: &SiteArgs) -> Result<(), Failure> {
    let settings = output::settings(&w.config)?;
    let reach = verify(&settings.site.audit, store_key(&settings)?.bytes()).map_err(|e| failed(&e))?;
    // A chain that goes on after a restore holds, and may not be all there ever was: that is said too.
    let mut restores = Vec::new();
    let note = |number, entry: &Entry| {
        if entry.what == RESTORED {
            restores.push((number, output::time(entry.at), entry.detail.clone()));
        }
    };
    each(&settings.site.audit, note).map_err(|e| failed(&e))?;
    if w.json {
        let restores: Vec<_> = restores
            .iter()
            .map(|(line, at, detail)| serde_json::json!({ "line": line, "at": at, "detail": detail }))
            .collect();
        output::json(&serde_json::json!({
            "lines": reach.lines, "digest": reach.last, "holds": true, "restores": restores,
        }));
        return Ok(());
    }
    output::line(&format!("the chain holds: {} lines, the last digest is {}", reach.lines, reach.last));
    for (line, at, detail) in restores {
        output::line(&format!("line {line}, {at}: restored {detail}"));
    }
    Ok(())
}

async fn export(w: &SiteArgs) -> Result<(), Failure> {
    let settings = output::settings(&w.config)?;
    // Reading the audit is itself audited (PS3.15 A.5.3.2).
    match ask(&socket_path(&settings), &Request::AuditExported).await? {
        Some(Response::Done(_)) => {}
        Some(Response::Refused(words)) => return Err(Failure::new(output::FAILED, words)),
        None => open_audit(&settings)?
            .write(now(), "operator", "audit exported", "", "")
            .map_err(|e| failed(&e))?,
    }
    let source = audit_source(&settings);
    let show = |_, entry: &Entry| {
        if w.json { output::json(entry) } else { output::line(&message(entry, &source)) }
    };
    each(&settings.site.audit, show).map_err(|e| failed(&e))?;
    Ok(())
}

async fn peer(p: &Peer) -> Result<(), Failure> {
    let settings = output::settings(&p.site.config)?;
    let ledger = open_ledger(&settings).await?;
    let name = ledger.peer_name(p.title.trim())?;
    ledger.close().await;
    output::line(&name);
    Ok(())
}
