//! The appliance's whole configuration: a struct of rooms, read with every fault at once.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use proto::case::TriageMode;
use proto::settings::{Document, Fault};
use serde::{Deserialize, Serialize};

use crate::audit::AuditConfig;
use crate::escalation::Config as EscalationConfig;
use crate::intake::IntakeConfig;
use crate::review::{Config as ReviewConfig, Mode};
use crate::store::StoreConfig;
use crate::study::Config as StudyConfig;

/// `[site]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteConfig {
    /// The site's name, shown on the page.
    pub name: String,
    /// The ledger's file.
    pub ledger: PathBuf,
    /// The audit's file.
    pub audit: PathBuf,
    /// The file of the pseudonym key: 32 bytes in hex, made by `init`. Losing it loses the way back.
    pub pseudonym_key: PathBuf,
    /// A demonstration on loopback: admits every caller and the mode `settle` without accepted bundles.
    #[serde(default)]
    pub demo: bool,
}

/// `[deid]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeidConfig {
    /// `strict` or `shifted-dates`.
    pub policy: String,
    /// Whether de-identified P10 files travel beside the prepared frames.
    pub with_p10: bool,
}

impl Default for DeidConfig {
    fn default() -> Self {
        Self { policy: "strict".into(), with_p10: false }
    }
}

/// `[triage]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TriageConfig {
    /// Folders of bundles.
    #[serde(default)]
    pub bundles: Vec<PathBuf>,
    /// `shadow` (counted, changes nothing), `assist` or `settle`.
    #[serde(default = "shadow")]
    pub mode: TriageMode,
    /// Studies at the same time.
    #[serde(default = "one")]
    pub workers: usize,
    /// ONNX Runtime's shared library, when it is not where it is looked for.
    #[serde(default)]
    pub runtime: Option<PathBuf>,
    /// Modalities whose frames travel as an encoder's output instead of images.
    #[serde(default)]
    pub embed: Vec<String>,
}

fn shadow() -> TriageMode {
    TriageMode::Shadow
}

fn one() -> usize {
    1
}

impl Default for TriageConfig {
    fn default() -> Self {
        Self { bundles: Vec::new(), mode: shadow(), workers: 1, runtime: None, embed: Vec::new() }
    }
}

/// `[log]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// `error`, `warn`, `info`, `debug` or `trace`, for our own targets only.
    pub level: String,
    /// One JSON object a line instead of text.
    pub json: bool,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { level: "info".into(), json: false }
    }
}

/// Everything, with paths made absolute.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `[site]`.
    pub site: SiteConfig,
    /// `[intake]`.
    pub intake: IntakeConfig,
    /// `[store]`.
    pub store: StoreConfig,
    /// `[study]`.
    pub study: StudyConfig,
    /// `[deid]`.
    pub deid: DeidConfig,
    /// `[triage]`.
    pub triage: TriageConfig,
    /// `[escalation]`.
    pub escalation: Option<EscalationConfig>,
    /// `[review]`.
    pub review: ReviewConfig,
    /// `[audit]`.
    pub audit: AuditConfig,
    /// `[log]`.
    pub log: LogConfig,
}

const ROOMS: [&str; 10] =
    ["site", "intake", "store", "study", "deid", "triage", "escalation", "review", "audit", "log"];

impl Settings {
    /// Reads the file; binds, opens and creates nothing.
    ///
    /// # Errors
    /// Every fault of the file.
    pub fn read(path: &Path) -> Result<Self, Vec<Fault>> {
        let mut d = Document::read(path).map_err(|f| vec![f])?;
        d.only(&ROOMS);
        let site: Option<SiteConfig> = d.room("site");
        let (intake, store) = (d.room::<IntakeConfig>("intake"), d.room::<StoreConfig>("store"));
        let (study, deid) = (d.room("study"), d.room("deid"));
        let (triage, review, log) = (d.room::<TriageConfig>("triage"), d.room("review"), d.room("log"));
        let audit = d.room::<AuditConfig>("audit");
        let escalation = if d.has("escalation") { d.room::<EscalationConfig>("escalation") } else { None };
        let (
            Some(site),
            Some(intake),
            Some(store),
            Some(study),
            Some(deid),
            Some(triage),
            Some(review),
            Some(audit),
            Some(log),
        ) = (site, intake, store, study, deid, triage, review, audit, log)
        else {
            return Err(d.faults);
        };
        let mut s = Self { site, intake, store, study, deid, triage, escalation, review, audit, log };
        s.note_faults(&mut d);
        s.anchor(&std::path::absolute(d.folder()).unwrap_or_else(|_| d.folder().to_owned()));
        if d.faults.is_empty() { Ok(s) } else { Err(d.faults) }
    }

    fn anchor(&mut self, folder: &Path) {
        let mut paths = vec![
            &mut self.site.ledger,
            &mut self.site.audit,
            &mut self.site.pseudonym_key,
            &mut self.store.path,
            &mut self.store.key,
        ];
        paths.extend(
            [&mut self.audit.ca, &mut self.audit.certificate, &mut self.audit.key].into_iter().flatten(),
        );
        paths.extend(self.triage.bundles.iter_mut());
        paths.extend(self.triage.runtime.iter_mut());
        paths.extend(self.escalation.iter_mut().map(|e| &mut e.identity));
        for path in paths {
            *path = folder.join(&*path);
        }
    }

    fn note_faults(&self, d: &mut Document) {
        let demo = self.site.demo;
        for fault in self.intake.check(demo) {
            d.fault(&fault.key, fault.words, "");
        }
        for (key, words) in self.store.faults() {
            d.fault(key, words, "");
        }
        for (key, wrong, write) in self.review.faults(demo) {
            d.fault(&format!("review.{key}"), wrong, write);
        }
        for (key, wrong, write) in self.audit.faults() {
            d.fault(&format!("audit.{key}"), wrong, write);
        }
        for (key, write) in self.escalation.iter().flat_map(EscalationConfig::faults) {
            d.fault(&format!("escalation.{key}"), "is not a value that works", write);
        }
        if !["strict", "shifted-dates"].contains(&self.deid.policy.as_str()) {
            d.fault("deid.policy", "is not a policy", "write \"strict\" or \"shifted-dates\"");
        }
        if self.triage.workers == 0 || self.triage.workers > 64 {
            d.fault("triage.workers", "is not a number of workers", "write 1 to 64");
        }
        if !["error", "warn", "info", "debug", "trace"].contains(&self.log.level.as_str()) {
            d.fault(
                "log.level",
                "is not a level",
                "write \"info\", or \"error\", \"warn\", \"debug\", \"trace\"",
            );
        }
        self.note_mode_faults(d);
    }

    fn note_mode_faults(&self, d: &mut Document) {
        let demo = self.site.demo;
        if self.triage.mode == TriageMode::Settle && !demo {
            d.fault(
                "triage.mode",
                "\"settle\" counts `no-flag`, and no bundle of this site has been accepted by a named person on local reads",
                "write \"shadow\" or \"assist\"; accepting a bundle is not part of this version",
            );
        }
        if self.triage.mode != TriageMode::Shadow && self.review.reading_room.is_empty() && !demo {
            d.fault(
                "review.reading_room",
                "a flag must end somewhere: nobody is named to telephone",
                "write the reading room's number, or triage.mode = \"shadow\"",
            );
        }
        if demo && !(self.intake.listen.ip().is_loopback() && self.review.listen.ip().is_loopback()) {
            d.fault(
                "site.demo",
                "a demonstration listens on loopback only",
                "write 127.0.0.1 in intake.listen and review.listen",
            );
        }
    }

    /// The site's rules for the conveyor.
    #[must_use]
    pub fn rules(&self) -> crate::conveyor::Rules {
        let without = self.escalation.as_ref().map(|e| e.without_model.clone()).unwrap_or_default();
        crate::conveyor::Rules {
            mode: self.triage.mode,
            veto: (self.review.mode == Mode::Veto).then_some(self.review.countdown),
            without_model: without.into_iter().collect(),
            embed: self.triage.embed.iter().cloned().collect::<BTreeSet<_>>(),
            with_p10: self.deid.with_p10,
        }
    }
}
