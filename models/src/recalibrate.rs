//! A bundle whose scores of one finding mean at a site what they say: another calibration line, the limits moved with
//! it, so that the order of studies and every decision stay as they were.

use std::fs;
use std::path::Path;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::bundle::Bundle;
use crate::error::Error;
use crate::manifest::MANIFEST;

/// score' = sigmoid(slope * logit(score) + intercept).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Line {
    /// Above 0.
    pub slope: f64,
    /// Added after it.
    pub intercept: f64,
}

/// How well scores agree with reads.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Agreement {
    /// Mean score.
    pub mean: f64,
    /// Mean of (score - read)^2 (Brier).
    pub brier: f64,
    /// Mean of -ln of the share given to what was read.
    pub log_loss: f64,
}

/// Parts in which the line is tried on reads it was not fitted to.
const FOLDS: usize = 5;
/// Reads of each kind that a fold must leave to fit on.
const LEAST: usize = 10;

impl Line {
    /// A score under this line.
    #[must_use]
    pub fn apply(&self, score: f64) -> f64 {
        1.0 / (1.0 + (-(self.slope * logit(score) + self.intercept)).exp())
    }

    /// A limit under it; 0 and 1 mean "never" and stay.
    fn limit(&self, at: f64) -> f64 {
        if at <= 0.0 || at >= 1.0 { at } else { self.apply(at) }
    }
}

fn logit(score: f64) -> f64 {
    let score = score.clamp(1e-9, 1.0 - 1e-9);
    (score / (1.0 - score)).ln()
}

/// Agreement of scores with reads; `None` without any.
#[must_use]
pub fn agreement(pairs: &[(f64, bool)]) -> Option<Agreement> {
    if pairs.is_empty() {
        return None;
    }
    let n = pairs.len() as f64;
    let mean = |of: fn(f64, f64) -> f64| {
        pairs.iter().map(|(score, read)| of(*score, f64::from(u8::from(*read)))).sum::<f64>() / n
    };
    Some(Agreement {
        mean: mean(|score, _| score),
        brier: mean(|score, read| (score - read).powi(2)),
        log_loss: mean(|score, read| {
            let share = if read > 0.5 { score } else { 1.0 - score };
            -share.max(1e-9).ln()
        }),
    })
}

/// Fits the line to reads (Platt 1999, with his softened targets; Newton's method). `None` when there are fewer than
/// ten reads of a kind, or when scores do not rise with reads at all.
#[must_use]
pub fn fit(pairs: &[(f64, bool)]) -> Option<Line> {
    let yes = pairs.iter().filter(|p| p.1).count();
    let no = pairs.len() - yes;
    if yes < LEAST || no < LEAST {
        return None;
    }
    let (up, down) = ((yes as f64 + 1.0) / (yes as f64 + 2.0), 1.0 / (no as f64 + 2.0));
    let (mut slope, mut intercept) = (1.0, 0.0);
    for _ in 0..100 {
        let (mut ga, mut gb, mut haa, mut hab, mut hbb) = (0.0, 0.0, 1e-9, 0.0, 1e-9);
        for (score, read) in pairs {
            let x = logit(*score);
            let p = 1.0 / (1.0 + (-(slope * x + intercept)).exp());
            let (gap, w) = (p - if *read { up } else { down }, p * (1.0 - p));
            ga += gap * x;
            gb += gap;
            haa += w * x * x;
            hab += w * x;
            hbb += w;
        }
        let det = haa * hbb - hab * hab;
        if det.abs() < 1e-12 {
            break;
        }
        let (da, db) = ((hbb * ga - hab * gb) / det, (haa * gb - hab * ga) / det);
        // A step that is too long would jump over the valley.
        let short = (2.0 / da.abs().max(db.abs()).max(1e-12)).min(1.0);
        slope -= da * short;
        intercept -= db * short;
        if da.abs().max(db.abs()) < 1e-10 {
            break;
        }
    }
    (slope.is_finite() && intercept.is_finite() && slope > 1e-3).then_some(Line { slope, intercept })
}

/// What the line would have been worth on reads it was not fitted to: each fifth by a line fitted to the others.
#[must_use]
pub fn tried(pairs: &[(f64, bool)]) -> Option<Agreement> {
    let mut all = Vec::with_capacity(pairs.len());
    for fold in 0..FOLDS {
        let of = |inside: bool| pairs.iter().enumerate().filter(move |(n, _)| (n % FOLDS == fold) == inside);
        let others: Vec<(f64, bool)> = of(false).map(|(_, p)| *p).collect();
        let line = fit(&others)?;
        all.extend(of(true).map(|(_, (score, read))| (line.apply(*score), *read)));
    }
    agreement(&all)
}

/// Writes the bundle anew with this line on the finding of `key`: another folder, another patch version, another digest.
/// The bundle itself is not touched.
///
/// # Errors
/// [`Error::Read`] when a file cannot be read or `to` exists or cannot be made; [`Error::Bundle`] when the bundle has no
/// such finding or what was written does not hold.
pub fn write(bundle: &Bundle, key: &str, line: Line, to: &Path) -> Result<Bundle, Error> {
    let failed = |file: &Path| {
        let file = file.to_path_buf();
        move |e: std::io::Error| Error::Read { file, kind: e.kind() }
    };
    let from = bundle.folder();
    let bad =
        |problem: &str| bundle.refuse(crate::faults::fault(MANIFEST, "finding", problem, "name a key of it"));
    let read = |name: &str| -> Result<toml::Table, Error> {
        let path = from.join(name);
        let text = fs::read_to_string(&path).map_err(failed(&path))?;
        text.parse().map_err(|_| bad("cannot be written anew"))
    };
    let mut manifest = read(MANIFEST)?;
    if !each(&mut manifest, "finding", &mut |f| moved(f, "key", key, line, true)) {
        return Err(bad(&format!("has no key {key}")));
    }
    let version = bundle.version().rsplit_once('.').and_then(|(head, patch)| {
        let patch: u64 = patch.parse().ok()?;
        Some(format!("{head}.{}", patch.checked_add(1)?))
    });
    manifest.insert("version".into(), version.unwrap_or_else(|| "0.0.1".into()).into());
    fs::create_dir(to).map_err(failed(to))?;
    for entry in fs::read_dir(from).map_err(failed(from))? {
        let path = entry.map_err(failed(from))?.path();
        let name = path.file_name().filter(|_| path.is_file());
        if let Some(name) = name.filter(|name| *name != MANIFEST) {
            fs::copy(&path, to.join(name)).map_err(failed(&path))?;
        }
    }
    if let Some(named) = &bundle.manifest().rule {
        let mut rule = read(&named.file)?;
        each(&mut rule, "population", &mut |p| {
            p.as_table_mut()
                .is_some_and(|p| each(p, "finding", &mut |f| moved(f, "finding", key, line, false)))
        });
        let text = rule.to_string();
        let digest = hex::encode(Sha256::digest(text.as_bytes()));
        fs::write(to.join(&named.file), &text).map_err(failed(to))?;
        if let Some(named) = manifest.get_mut("rule").and_then(toml::Value::as_table_mut) {
            named.insert("sha256".into(), digest.into());
        }
    }
    fs::write(to.join(MANIFEST), manifest.to_string()).map_err(failed(to))?;
    Bundle::open(to)
}

/// Does something with each table of an array; whether it was done to any.
fn each(table: &mut toml::Table, name: &str, with: &mut dyn FnMut(&mut toml::Value) -> bool) -> bool {
    let all = table.get_mut(name).and_then(toml::Value::as_array_mut);
    all.is_some_and(|all| all.iter_mut().fold(false, |any, value| with(value) | any))
}

/// Moves the limits, and in a manifest the calibration, of a finding that carries the key.
fn moved(finding: &mut toml::Value, by: &str, key: &str, line: Line, calibrated: bool) -> bool {
    let Some(finding) = finding.as_table_mut() else { return false };
    if finding.get(by).and_then(toml::Value::as_str) != Some(key) {
        return false;
    }
    for name in ["no_flag_below", "flag_at"] {
        if let Some(at) = finding.get(name).and_then(toml::Value::as_float) {
            finding.insert(name.into(), line.limit(at).into());
        }
    }
    if let Some(old) =
        finding.get_mut("calibration").and_then(toml::Value::as_table_mut).filter(|_| calibrated)
    {
        let number = |table: &toml::Table, name: &str| {
            table.get(name).and_then(|v| v.as_float().or_else(|| v.as_integer().map(|n| n as f64)))
        };
        if let (Some(slope), Some(intercept)) = (number(old, "slope"), number(old, "intercept")) {
            old.insert("slope".into(), (line.slope * slope).into());
            old.insert("intercept".into(), (line.slope * intercept + line.intercept).into());
        }
    }
    true
}

#[cfg(test)]
#[path = "recalibrate_tests.rs"]
mod tests;
