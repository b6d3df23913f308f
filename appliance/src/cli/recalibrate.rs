//! `appliance model recalibrate`: how a bundle's scores agree with physicians' reads, before and after another
//! calibration line; a new folder is written only where asked for, and nothing runs it until a person names it.

use std::path::PathBuf;

use clap::Args;
use models::Bundle;
use models::guarantee::ANY;
use models::recalibrate::{Agreement, agreement, fit, tried, write};
use serde_json::json;

use super::SiteArgs;
use super::output::{self, Failure};
use crate::app::open_ledger;

/// Which bundle, and where to.
#[derive(Debug, Args)]
pub(super) struct Recalibrate {
    /// Name of the bundle, as `appliance model list` shows it.
    bundle: String,
    /// Key of the finding that reads are about.
    #[arg(long, default_value = ANY)]
    finding: String,
    /// Write the bundle anew in this folder, which must not exist.
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    #[command(flatten)]
    site: SiteArgs,
}

pub(super) async fn main(r: &Recalibrate) -> Result<(), Failure> {
    let settings = output::settings(&r.site.config)?;
    let open = settings.triage.bundles.iter().filter_map(|folder| Bundle::open(folder).ok());
    let Some(bundle) = open.into_iter().find(|b| b.name() == r.bundle) else {
        return Err(Failure::new(
            output::USAGE,
            "no bundle of that name is configured: see `appliance model list`",
        ));
    };
    let keyed = |f: &models::manifest::Finding| f.key.as_deref() == Some(r.finding.as_str());
    let Some(place) = bundle.manifest().findings.iter().position(keyed) else {
        return Err(Failure::new(
            output::USAGE,
            format!("the bundle has no finding with the key {}", r.finding),
        ));
    };
    let ledger = open_ledger(&settings).await?;
    let reads = ledger.read_findings(bundle.digest()).await?;
    ledger.close().await;
    let score = |(findings, read): &(Vec<proto::case::Finding>, bool)| {
        Some((f64::from(findings.get(place)?.score), *read))
    };
    let pairs: Vec<(f64, bool)> = reads.iter().filter_map(score).collect();
    let (yes, all) = (pairs.iter().filter(|p| p.1).count(), pairs.len());
    let (Some(before), Some(line), Some(after)) = (agreement(&pairs), fit(&pairs), tried(&pairs)) else {
        return Err(Failure::new(
            output::FAILED,
            format!(
                "{all} reads of studies sampled in a trial, {yes} with a finding: too few of one kind (12 or 13 are needed), or scores that do not rise with reads"
            ),
        ));
    };
    let written = r.to.as_ref().map(|to| write(&bundle, &r.finding, line, to)).transpose();
    let written = written.map_err(|e| Failure::new(output::FAILED, e.to_string()))?;
    if r.site.json {
        output::json(&json!({
            "bundle": bundle.name(), "digest": bundle.digest(), "reads": all, "with_finding": yes, "before": before,
            "after": after, "line": line, "written": written.as_ref().map(|b| json!({
                "folder": b.folder(), "version": b.version(), "digest": b.digest() })),
        }));
        return Ok(());
    }
    output::line(&format!("{} {}: {all} reads, {yes} with a finding", bundle.name(), bundle.version()));
    output::line(&format!("  share with a finding {:.3}", yes as f64 / all as f64));
    said("before", &before);
    said("after, on reads the line was not fitted to", &after);
    match written {
        Some(anew) => output::line(&format!(
            "  written: {} {}; its decisions are the same, its scores are not. Name {} in [triage] bundles to use it; it must be accepted anew",
            anew.name(),
            anew.version(),
            anew.folder().display()
        )),
        None => output::line("  nothing was written or changed: --to DIR writes the bundle anew"),
    }
    Ok(())
}

fn said(when: &str, a: &Agreement) {
    output::line(&format!(
        "  {when}: mean score {:.3}, Brier {:.4}, log loss {:.4}",
        a.mean, a.brier, a.log_loss
    ));
}
