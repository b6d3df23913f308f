//! `appliance model standing|accept|withdraw|restore` and `user physician`: what a named person decides about a bundle on
//! the strength of physicians' reads.

use std::path::PathBuf;

use clap::Args;
use models::Bundle;
use serde_json::json;

use super::SiteArgs;
use super::named;
use super::output::{self, Failure};
use crate::app::{Opened, Request, Response, Settings, ask, open_ledger, socket_path};
use crate::oversight::{OversightOrder, OversightUse};

/// A bundle by name, in somebody's name.
#[derive(Debug, Args)]
pub(super) struct Ordered {
    /// Name of the bundle, as `appliance model list` shows it.
    bundle: String,
    /// Who orders it.
    #[arg(long, value_parser = named::person)]
    by: String,
    /// Why, without identity.
    #[arg(long, value_parser = named::reason)]
    reason: String,
    #[command(flatten)]
    site: SiteArgs,
}

/// Accepting a bundle.
#[derive(Debug, Args)]
pub(super) struct Accept {
    /// The report about the local set; its digest is kept.
    #[arg(long, value_name = "FILE")]
    report: PathBuf,
    #[command(flatten)]
    order: Ordered,
}

/// Restoring a bundle.
#[derive(Debug, Args)]
pub(super) struct Restore {
    /// Studies look different from now on: forget what was learned of them.
    #[arg(long)]
    anew: bool,
    #[command(flatten)]
    order: Ordered,
}

/// Whose reads count.
#[derive(Debug, Args)]
pub(super) struct Physician {
    /// Login name.
    name: String,
    /// Their reads count no more.
    #[arg(long)]
    not: bool,
    /// Who says so.
    #[arg(long, value_parser = named::person)]
    by: String,
    #[command(flatten)]
    site: SiteArgs,
}

impl Ordered {
    async fn send(&self, what: OversightUse) -> Result<(), Failure> {
        let settings = output::settings(&self.site.config)?;
        let order = OversightOrder {
            who: self.by.clone(),
            reason: self.reason.clone(),
            bundle: self.bundle.clone(),
            what,
        };
        let done = carry_out(&settings, order).await?;
        if self.site.json {
            output::json(&done);
        } else {
            output::say(&format!("done, and in the audit: {done}"));
        }
        Ok(())
    }
}

/// Carries an order out, by the running appliance if there is one.
async fn carry_out(settings: &Settings, order: OversightOrder) -> Result<serde_json::Value, Failure> {
    match ask(&socket_path(settings), &Request::Oversight(order.clone())).await? {
        Some(Response::Done(value)) => Ok(value),
        Some(Response::Refused(words)) => Err(Failure::new(output::FAILED, words)),
        None => {
            let opened = Opened::open(settings).await?;
            let done = order.carry_out(&settings.acceptance(), &opened.site).await;
            opened.site.ledger.close().await;
            Ok(done?)
        }
    }
}

pub(super) async fn accept(a: &Accept) -> Result<(), Failure> {
    let bytes = std::fs::read(&a.report).map_err(|e| {
        Failure::new(output::USAGE, format!("--report: the file cannot be read ({})", e.kind()))
    })?;
    if bytes.is_empty() {
        return Err(Failure::new(
            output::USAGE,
            "--report: the file is empty: name the report about the local set",
        ));
    }
    let report = blake3::hash(&bytes).to_hex().to_string();
    a.order.send(OversightUse::Accept { report }).await
}

pub(super) async fn withdraw(o: &Ordered) -> Result<(), Failure> {
    o.send(OversightUse::Withdraw).await
}

pub(super) async fn restore(r: &Restore) -> Result<(), Failure> {
    r.order.send(OversightUse::Restore { anew: r.anew }).await
}

pub(super) async fn physician(p: &Physician) -> Result<(), Failure> {
    let settings = output::settings(&p.site.config)?;
    let order = OversightOrder {
        who: p.by.clone(),
        reason: "who is a physician".into(),
        bundle: String::new(),
        what: OversightUse::Physician { user: p.name.clone(), counts: !p.not },
    };
    let done = carry_out(&settings, order).await?;
    if p.site.json {
        output::json(&done)
    } else {
        output::say(&format!("done, and in the audit: {done}"))
    }
    Ok(())
}

/// What reads say about every configured bundle: what acceptance asks, the running bound, drift, and acceptances.
pub(super) async fn standing(w: &SiteArgs) -> Result<(), Failure> {
    let settings = output::settings(&w.config)?;
    let ledger = open_ledger(&settings).await?;
    let watches = ledger.watches(settings.oversight.hidden_most).await?;
    for folder in &settings.triage.bundles {
        let bundle = match Bundle::open(folder) {
            Ok(bundle) => bundle,
            Err(error) => {
                output::say(&error.to_string());
                continue;
            }
        };
        let local = ledger.local_reads(bundle.digest(), settings.oversight.alpha).await?;
        let watch = watches.iter().find(|w| w.digest == bundle.digest());
        if w.json {
            output::json(&json!({
                "bundle": bundle.name(), "version": bundle.version(), "digest": bundle.digest(),
                "local": local, "meets": local.meets(), "watch": watch,
            }));
            continue;
        }
        output::line(&format!("{} {}", bundle.name(), bundle.version()));
        output::line(&format!("  local set: {}", local.words()));
        let Some(watch) = watch else {
            output::line("  no study was answered by it yet");
            continue;
        };
        let q = &watch.no_flag_reads;
        output::line(&format!(
            "  studies given no-flag and read: {}, {} with a finding; share hidden {:.2} to {:.2} %, limit {:.1} %, evidence against it {:.2} (withdrawn from 20)",
            q.reads,
            q.hidden,
            q.between.0 * 100.0,
            q.between.1 * 100.0,
            q.limit * 100.0,
            q.evidence
        ));
        output::line(&format!(
            "  drift: {} studies watched{}, evidence {:.1} (lowered from 100, withdrawn from 2000)",
            watch.studies,
            if watch.learned { "" } else { ", still learning" },
            watch.evidence
        ));
        let why = if watch.why.is_empty() { String::new() } else { format!(": {}", watch.why) };
        output::line(&format!("  no-flag: {}{why}", watch.level.as_str()));
        match &watch.accepted {
            Some(a) => output::line(&format!("  accepted by {} on {}", a.who, output::time(a.accepted_at))),
            None => output::line("  not accepted: `settle` runs as `assist`"),
        }
    }
    ledger.close().await;
    Ok(())
}
