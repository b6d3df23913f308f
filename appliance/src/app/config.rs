//! The appliance's whole configuration: a struct of rooms, read with every fault at once.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use proto::case::TriageMode;
use proto::settings::{Document, Fault};
use serde::{Deserialize, Serialize};

use super::profile::{DeidConfig, is_file};
use crate::alarm::Config as AlarmConfig;
use crate::commitment::Config as CommitmentConfig;
use crate::escalation::Config as EscalationConfig;
use crate::forward::{DestinationTls, Rule, faults as forward_faults};
use crate::oversight::Terms;
use crate::review::Config as ReviewConfig;
use audit::AuditConfig;
use domain::oversight::Config as OversightConfig;
use domain::study::Config as StudyConfig;
use intake::IntakeConfig;
use store::StoreConfig;

/// `[site]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SiteConfig {
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

/// `[triage]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TriageConfig {
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
pub(crate) struct LogConfig {
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
pub(crate) struct Settings {
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
    /// `[commitment]`.
    pub commitment: CommitmentConfig,
    /// `[[forward]]`.
    pub forward: Vec<Rule>,
    /// `[review]`.
    pub review: ReviewConfig,
    /// `[oversight]`.
    pub oversight: OversightConfig,
    /// `[alarm]`.
    pub alarm: AlarmConfig,
    /// `[audit]`.
    pub audit: AuditConfig,
    /// `[log]`.
    pub log: LogConfig,
    /// BLAKE3 of the file's bytes as they were read, in hex: tells whether somebody changed the file.
    pub digest: String,
}

const ROOMS: [&str; 14] = [
    "site",
    "intake",
    "store",
    "study",
    "deid",
    "triage",
    "escalation",
    "commitment",
    "forward",
    "review",
    "oversight",
    "alarm",
    "audit",
    "log",
];

impl Settings {
    /// Reads the file; binds, opens and creates nothing.
    ///
    /// # Errors
    /// Every fault of the file.
    pub(crate) fn read(path: &Path) -> Result<Self, Vec<Fault>> {
        let (settings, document) = Self::gather(path).map_err(|fault| vec![fault])?;
        match settings {
            Some(settings) if document.faults.is_empty() => Ok(settings),
            _ => Err(document.faults),
        }
    }

    /// As far as the file can be understood, with its faults in the document: for `check`, which goes on to look
    /// at the files that are named even when other keys are wrong.
    ///
    /// # Errors
    /// The one fault that keeps everything else from being read.
    pub(crate) fn gather(path: &Path) -> Result<(Option<Self>, Document), Fault> {
        let mut d = Document::read(path)?;
        d.only(&ROOMS);
        let site: Option<SiteConfig> = d.room("site");
        let (intake, store) = (d.room::<IntakeConfig>("intake"), d.room::<StoreConfig>("store"));
        let (study, deid) = (d.room("study"), d.room::<DeidConfig>("deid"));
        let (triage, review) = (d.room::<TriageConfig>("triage"), d.room::<ReviewConfig>("review"));
        let (audit, log) = (d.room::<AuditConfig>("audit"), d.room::<LogConfig>("log"));
        let (oversight, alarm) = (d.room::<OversightConfig>("oversight"), d.room::<AlarmConfig>("alarm"));
        let escalation = if d.has("escalation") { d.room::<EscalationConfig>("escalation") } else { None };
        let commitment: Option<CommitmentConfig> = d.room("commitment");
        let mut forward = if d.has("forward") { d.room::<Vec<Rule>>("forward") } else { Some(Vec::new()) };
        let demo = site.as_ref().is_some_and(|s| s.demo);
        note_door_faults(&mut d, demo, intake.as_ref(), store.as_ref());
        note_page_faults(&mut d, demo, review.as_ref(), escalation.as_ref());
        note_word_faults(&mut d, deid.as_ref(), triage.as_ref(), log.as_ref());
        note_forward_faults(&mut d, intake.as_ref(), forward.as_deref_mut().unwrap_or_default());
        note_commitment_faults(&mut d, commitment.as_ref(), forward.as_deref().unwrap_or_default());
        note_audit_faults(&mut d, audit.as_ref());
        note_oversight_faults(&mut d, oversight.as_ref(), alarm.as_ref(), triage.as_ref());
        let settings = match (
            site, intake, store, study, deid, triage, commitment, forward, review, oversight, alarm, audit,
            log,
        ) {
            (
                Some(site),
                Some(intake),
                Some(store),
                Some(study),
                Some(deid),
                Some(triage),
                Some(commitment),
                Some(forward),
                Some(review),
                Some(oversight),
                Some(alarm),
                Some(audit),
                Some(log),
            ) => {
                let mut s = Self {
                    site,
                    intake,
                    store,
                    study,
                    deid,
                    triage,
                    escalation,
                    commitment,
                    forward,
                    review,
                    oversight,
                    alarm,
                    audit,
                    log,
                    digest: d.digest(),
                };
                s.note_mode_faults(&mut d);
                s.anchor(&std::path::absolute(d.folder()).unwrap_or_else(|_| d.folder().to_owned()));
                Some(s)
            }
            _ => None,
        };
        Ok((settings, d))
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
        if is_file(&self.deid.policy) {
            self.deid.policy = folder.join(&self.deid.policy).display().to_string();
        }
        paths.extend(self.alarm.smtp.iter_mut().filter_map(|smtp| smtp.password.as_mut()));
        paths.extend(self.deid.text_detector.iter_mut());
        paths.extend(self.triage.bundles.iter_mut());
        paths.extend(self.triage.runtime.iter_mut());
        paths.extend(self.escalation.iter_mut().map(|e| &mut e.identity));
        paths.extend(self.intake.tls.iter_mut().flat_map(intake::TlsConfig::paths_mut));
        paths.extend(self.intake.identity.paths_mut());
        let replies = self.commitment.replies.iter_mut().map(|reply| &mut reply.tls);
        let secured = self.forward.iter_mut().map(|rule| &mut rule.tls).chain(replies).flatten();
        paths.extend(secured.flat_map(DestinationTls::paths_mut));
        for path in paths {
            *path = folder.join(&*path);
        }
    }

    /// What an acceptance of a bundle is measured by.
    pub(crate) fn acceptance(&self) -> Terms<'_> {
        Terms { bundles: &self.triage.bundles, alpha: self.oversight.alpha }
    }

    /// The triage mode in force before any acceptance is asked for: a flag must end somewhere, so without a contact an
    /// appliance receives, analyses, counts, and changes nothing. `check` refuses such a configuration.
    #[must_use]
    pub(crate) fn mode_in_force(&self) -> TriageMode {
        if self.alarm.lacks().is_some() && !self.site.demo { TriageMode::Shadow } else { self.triage.mode }
    }

    fn note_mode_faults(&self, d: &mut Document) {
        let demo = self.site.demo;
        if demo && !(self.intake.is_local() && self.review.listen.ip().is_loopback()) {
            d.fault(
                "site.demo",
                "a demonstration listens on loopback only",
                "write 127.0.0.1 in intake.listen, intake.tls.listen and review.listen",
            );
        }
    }
}

/// What oversight and alarm have to say about themselves.
fn note_oversight_faults(
    d: &mut Document,
    oversight: Option<&OversightConfig>,
    alarm: Option<&AlarmConfig>,
    triage: Option<&TriageConfig>,
) {
    let trial = oversight.is_some_and(|o| o.trial > 0.0);
    if trial && triage.is_some_and(|t| t.mode != TriageMode::Shadow) {
        d.fault(
            "oversight.trial",
            "samples studies whose answer is hidden until they are read: only shadow mode can afford that",
            "write 0.0, or triage.mode = \"shadow\"",
        );
    }
    for (key, what, todo) in oversight.iter().flat_map(|o| o.faults()) {
        d.fault(&format!("oversight.{key}"), what, todo);
    }
    for (key, what, todo) in alarm.iter().flat_map(|a| a.faults()) {
        d.fault(&format!("alarm.{key}"), what, todo);
    }
}

fn note_door_faults(
    d: &mut Document,
    demo: bool,
    intake: Option<&IntakeConfig>,
    store: Option<&StoreConfig>,
) {
    for fault in intake.iter().flat_map(|i| i.check(demo)) {
        d.fault(&fault.key, fault.words, "");
    }
    for (key, words) in store.iter().flat_map(|s| s.faults()) {
        d.fault(key, words, "");
    }
}

/// Rules without a calling title call as reception is called. Where reception cannot be read, what depends on it is
/// not judged.
fn note_forward_faults(d: &mut Document, intake: Option<&IntakeConfig>, rules: &mut [Rule]) {
    let unknown = (SocketAddr::from(([0, 0, 0, 0], 0)), "SCANSIDE");
    let ourselves = intake.map_or(unknown, |i| (i.listen, i.ae_title.as_str()));
    for rule in rules.iter_mut().filter(|rule| rule.calling_ae_title.is_empty()) {
        ourselves.1.clone_into(&mut rule.calling_ae_title);
    }
    for (key, wrong, write) in forward_faults(rules, ourselves) {
        d.fault(&key, wrong, write);
    }
}

fn note_commitment_faults(d: &mut Document, commitment: Option<&CommitmentConfig>, rules: &[Rule]) {
    let asked = rules.iter().filter(|r| r.commit).count();
    for (key, wrong, write) in commitment.iter().flat_map(|c| c.faults(asked)) {
        d.fault(&format!("commitment.{key}"), wrong, write);
    }
}

fn note_audit_faults(d: &mut Document, audit: Option<&AuditConfig>) {
    for (key, wrong, write) in audit.into_iter().flat_map(AuditConfig::faults) {
        d.fault(&format!("audit.{key}"), wrong, write);
    }
}

fn note_page_faults(
    d: &mut Document,
    demo: bool,
    review: Option<&ReviewConfig>,
    escalation: Option<&EscalationConfig>,
) {
    for (key, wrong, write) in review.iter().flat_map(|r| r.faults(demo)) {
        d.fault(&format!("review.{key}"), wrong, write);
    }
    for (key, write) in escalation.into_iter().flat_map(EscalationConfig::faults) {
        d.fault(&format!("escalation.{key}"), "is not a value that works", write);
    }
}

fn note_word_faults(
    d: &mut Document,
    deid: Option<&DeidConfig>,
    triage: Option<&TriageConfig>,
    log: Option<&LogConfig>,
) {
    for (key, wrong, write) in deid.into_iter().flat_map(DeidConfig::faults) {
        d.fault(&format!("deid.{key}"), wrong, write);
    }
    if triage.is_some_and(|t| t.workers == 0 || t.workers > 64) {
        d.fault("triage.workers", "is not a number of workers", "write 1 to 64");
    }
    let modality = |m: &String| {
        (1..=16).contains(&m.len()) && m.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    };
    if triage.is_some_and(|t| !t.embed.iter().all(modality)) {
        d.fault("triage.embed", "names no modality", "write modalities as DICOM has them, as [\"CR\"]");
    }
    if log.is_some_and(|l| !["error", "warn", "info", "debug", "trace"].contains(&l.level.as_str())) {
        let write = "write \"info\", or \"error\", \"warn\", \"debug\", \"trace\"";
        d.fault("log.level", "is not a level", write);
    }
}
