//! `appliance model`: what bundles there are, what each may answer and on which counts, and whether it runs here.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use models::detector_manifest::KIND;
use models::guarantee::{Bound, Guarantee};
use models::manifest::Manifest;
use models::{Bundle, DetectorBundle};
use serde_json::json;

use super::output::{self, Failure};
use super::{SiteArgs, add, oversee, recalibrate};
use crate::app::workers;

/// Commands about bundles.
#[derive(Debug, Subcommand)]
pub(super) enum Model {
    /// The bundles that the configuration names, and the text detector.
    List(SiteArgs),
    /// What a bundle looks for, its limits, and the counts and exact bounds behind them.
    Show(One),
    /// Read a bundle's folder, check every digest and load it in a locked worker, as `run` would.
    Verify(One),
    /// What physicians' reads say about each bundle, and how far its no-flag may be relied upon.
    Standing(SiteArgs),
    /// Let a bundle's no-flag count in `settle`: only when the local set meets the bound. Any change of the bundle ends it.
    Accept(oversee::Accept),
    /// Compare a bundle's scores with physicians' reads; with `--to` write it anew, calibrated to them.
    Recalibrate(recalibrate::Recalibrate),
    /// Take an acceptance back.
    Withdraw(oversee::Ordered),
    /// Restore a no-flag that oversight lowered or withdrew.
    Restore(oversee::Restore),
    /// Make a bundle of somebody else's ONNX classifier, or look at one that was filled in.
    Add(add::Add),
}

/// One bundle.
#[derive(Debug, Args)]
pub(super) struct One {
    /// Folder of the bundle.
    folder: PathBuf,
    /// ONNX Runtime's shared library.
    #[arg(long)]
    runtime: Option<PathBuf>,
    /// One JSON object a line on stdout.
    #[arg(long)]
    json: bool,
}

pub(super) async fn main(c: &Model) -> Result<(), Failure> {
    match c {
        Model::List(w) => list(w),
        Model::Show(o) => show(o),
        Model::Verify(o) => verify(o).await,
        Model::Standing(w) => oversee::standing(w).await,
        Model::Accept(a) => oversee::accept(a).await,
        Model::Recalibrate(r) => recalibrate::main(r).await,
        Model::Withdraw(o) => oversee::withdraw(o).await,
        Model::Restore(r) => oversee::restore(r).await,
        Model::Add(a) => add::main(a),
    }
}

fn open(folder: &PathBuf) -> Result<Bundle, Failure> {
    Bundle::open(folder).map_err(|e| Failure::new(output::USAGE, e.to_string()))
}

/// The configured text detector with its folder.
fn detector(named: Option<&Path>) -> Result<(PathBuf, DetectorBundle), models::Error> {
    let folder = DetectorBundle::folder_of(named)?;
    let bundle = DetectorBundle::open(&folder)?;
    Ok((folder, bundle))
}

fn list(w: &SiteArgs) -> Result<(), Failure> {
    let settings = output::settings(&w.config)?;
    let mut bad = 0;
    for folder in &settings.triage.bundles {
        match Bundle::open(folder) {
            Ok(b) if w.json => output::json(&json!({
                "folder": folder, "name": b.name(), "version": b.version(), "digest": b.digest(),
                "kind": b.manifest().kind.as_str(), "rule": b.rule().is_some(), "input_check": b.novelty().is_some(),
            })),
            Ok(b) => output::line(&format!("{} {}  {}", b.name(), b.version(), b.manifest().title)),
            Err(error) => {
                bad += 1;
                output::say(&error.to_string());
            }
        }
    }
    match detector(settings.deid.text_detector.as_deref()) {
        Ok((folder, b)) if w.json => output::json(&json!({
            "folder": folder, "name": b.name(), "version": b.version(), "digest": b.digest(), "kind": KIND,
        })),
        Ok((_, b)) => {
            output::line(&format!("{} {}  {} (text detector)", b.name(), b.version(), b.manifest().title))
        }
        Err(error) => {
            bad += 1;
            output::say(&error.to_string());
        }
    }
    if settings.triage.bundles.is_empty() {
        output::say("no bundle: name one in [triage] bundles");
    }
    if bad > 0 {
        Err(Failure::new(output::FAILED, format!("{bad} bundles cannot be loaded")))
    } else {
        Ok(())
    }
}

/// What a text detector is: it has no findings and no limits that a study could meet.
fn show_detector(o: &One) -> Result<(), Failure> {
    let (_, bundle) = detector(Some(&o.folder)).map_err(|e| Failure::new(output::USAGE, e.to_string()))?;
    if o.json {
        output::json(&json!({ "manifest": bundle.manifest(), "digest": bundle.digest() }));
        return Ok(());
    }
    let m = bundle.manifest();
    output::line(&format!("{} {}: {}", m.name, m.version, m.title));
    output::line(&m.summary);
    output::line("a text detector: part of de-identification, it answers no study");
    output::line(&format!("SHA-256 of its manifest, as statements name it: {}", bundle.digest()));
    Ok(())
}

fn show(o: &One) -> Result<(), Failure> {
    if DetectorBundle::is_in(&o.folder) {
        return show_detector(o);
    }
    let bundle = open(&o.folder)?;
    if o.json {
        let check = bundle.novelty().map(|g| {
            json!({ "limit": g.limit, "quantile": g.quantile, "calibrated_on": g.calibrated_on, "groups": g.groups })
        });
        output::json(&json!({
            "manifest": bundle.manifest(), "digest": bundle.digest(), "rule": bundle.rule(), "input_check": check,
        }));
        return Ok(());
    }
    let m = bundle.manifest();
    output::line(&format!("{} {}: {}", m.name, m.version, m.title));
    output::line(&m.summary);
    output::line(&format!("takes {} of {}", m.accepts.modality.join(", "), m.accepts.body_part.join(", ")));
    match bundle.rule() {
        Some(rule) => guaranteed(rule),
        None => plain(m),
    }
    if let Some(check) = bundle.novelty() {
        output::line(&format!(
            "input check: up to a distance of {:.1} from {}; {:.1} % of {} calibration images lie within",
            check.limit,
            check.groups.join(", "),
            100.0 * check.quantile,
            check.calibrated_on
        ));
    }
    output::line("Limits are about labels of the calibration set named on the card, never about disease.");
    Ok(())
}

/// Limits that hold for everybody, with nothing promised about them.
fn plain(m: &Manifest) {
    for f in &m.findings {
        output::line(&format!(
            "{:<32} no flag below {:.4}, flag from {:.4}",
            f.name, f.no_flag_below, f.flag_at
        ));
    }
    if !m.findings.is_empty() {
        output::line("no bound stands behind these limits: the bundle names no rule");
    }
}

fn guaranteed(rule: &Guarantee) {
    output::line(&format!("calibrated on {}; {}", rule.calibration_set, rule.method));
    for population in &rule.population {
        output::line(&format!("{}:", population.name));
        population.finding.iter().for_each(|bound| output::line(&format!("  {}", promise(bound))));
    }
}

fn promise(b: &Bound) -> String {
    let low = match b.no_flag_below {
        Some(limit) => format!(
            "no flag below {limit:.4}: at most {:.2} % of label-positive studies, with {:.1} % confidence ({} of {} missed)",
            100.0 * b.miss_bound,
            100.0 * (1.0 - b.delta),
            b.misses,
            b.positives
        ),
        None => format!("never `no-flag`: {}", b.no_flag_reason.as_deref().unwrap_or_default()),
    };
    let high = match b.flag_at {
        Some(limit) => format!(
            "flag from {limit:.4}: {:.0} % of flags carry the label at least ({} of {} did not)",
            100.0 * b.precision_bound,
            b.flagged_wrong,
            b.flagged
        ),
        None => format!("never flagged: {}", b.flag_reason.as_deref().unwrap_or_default()),
    };
    format!("{:<20} {low}; {high}", b.finding)
}

async fn verify(o: &One) -> Result<(), Failure> {
    let usage = |e: models::Error| Failure::new(output::USAGE, e.to_string());
    let (name, version, digest, pool) = if DetectorBundle::is_in(&o.folder) {
        let b = detector(Some(&o.folder)).map_err(usage)?.1;
        let pool = workers(Some(&o.folder), &[], None, 1)?;
        (b.name().to_owned(), b.version().to_owned(), b.digest().to_owned(), pool)
    } else {
        let b = open(&o.folder)?;
        let pool = workers(None, std::slice::from_ref(&o.folder), o.runtime.as_deref(), 1)?;
        (b.name().to_owned(), b.version().to_owned(), b.digest().to_owned(), pool)
    };
    pool.ready().await.map_err(|death| {
        let detail = death.detail.unwrap_or_else(|| format!("{:?}", death.kind));
        Failure::new(
            output::FAILED,
            format!("it does not load: {}", detail.lines().next().unwrap_or_default()),
        )
    })?;
    if o.json {
        output::json(&json!({ "name": name, "version": version, "digest": digest, "holds": true }));
    } else {
        output::say(&format!("{name} {version} holds and loads: {digest}"));
    }
    Ok(())
}
