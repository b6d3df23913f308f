//! Opening a bundle folder: manifest, digests, and every rule that needs no session.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::error::{Error, ManifestFault};
use crate::faults::{fault, place, syntax};
use crate::guarantee::Guarantee;
use crate::manifest::{FORMAT, Kind, MANIFEST, Manifest, Named};
use crate::novelty::Novelty;
use crate::rule::ClassifierParts;
use crate::{check, detector_manifest, parity};

pub(crate) const MANIFEST_LIMIT: u64 = 64 * 1024;
const PARITY_LIMIT: u64 = 4 * 1024 * 1024;
const VOCABULARY_LIMIT: u64 = 1024 * 1024;
const EVIDENCE_LIMIT: u64 = 16 * 1024 * 1024;
pub(crate) const MODEL_LIMIT: u64 = 512 * 1024 * 1024;

/// One model and everything needed to run it, checked against its own digests.
#[derive(Debug, Clone)]
pub struct Bundle {
    folder: PathBuf,
    manifest: Manifest,
    text: String,
    digest: String,
    rule: Option<Guarantee>,
    novelty: Option<Novelty>,
}

impl Bundle {
    /// Read and check the bundle in `folder`: syntax, unknown keys, ranges, the SHA-256 of every file it names,
    /// the vocabulary, and that `CARD.md` and `parity.json` are there. Shapes are checked when a session is loaded.
    ///
    /// # Errors
    /// [`Error::Bundle`] with every fault found, [`Error::Read`] when the manifest cannot be read.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, Error> {
        let folder = folder.as_ref().to_path_buf();
        let bytes = read(&folder.join(MANIFEST), MANIFEST_LIMIT)?;
        let digest = hex::encode(Sha256::digest(&bytes));
        let at = folder.clone();
        let refuse = |faults| Error::Bundle { folder: at.clone(), faults };
        let text = String::from_utf8(bytes)
            .map_err(|_| refuse(vec![fault(MANIFEST, "", "is not UTF-8 text", "write it as UTF-8")]))?;
        if let Some(head) = head(&text).filter(|head| head.kind == detector_manifest::KIND) {
            return Err(Error::Kind { name: head.name, kind: head.kind, wanted: "classifier or report" });
        }
        let manifest: Manifest =
            toml::from_str(&text).map_err(|e| refuse(vec![syntax(MANIFEST, &text, &e, FORMAT)]))?;
        let mut bundle = Self { folder, manifest, text, digest, rule: None, novelty: None };
        let mut faults = check::manifest(&bundle.manifest);
        bundle.check_files(&mut faults);
        bundle.read_evidence(&mut faults);
        if faults.is_empty() { Ok(bundle) } else { Err(bundle.refuse_all(faults)) }
    }

    /// The manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The folder it was read from.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.manifest.name
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.manifest.version
    }

    /// SHA-256 of `bundle.toml` in hexadecimal; it covers every other file through their digests.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The rule with a guarantee, where it has one.
    #[must_use]
    pub fn rule(&self) -> Option<&Guarantee> {
        self.rule.as_ref()
    }

    /// The input check by distance, where it has one.
    #[must_use]
    pub fn novelty(&self) -> Option<&Novelty> {
        self.novelty.as_ref()
    }

    /// The tables of a classifier.
    ///
    /// # Errors
    /// [`Error::Kind`] for a report bundle.
    pub fn classifier(&self) -> Result<ClassifierParts<'_>, Error> {
        let m = &self.manifest;
        match (m.kind, &m.output, &m.gate, &m.policy) {
            (Kind::Classifier, Some(output), Some(gate), Some(policy)) => {
                let (rule, novelty) = (self.rule.as_ref(), self.novelty.as_ref());
                Ok(ClassifierParts { output, gate, findings: &m.findings, policy, rule, novelty })
            }
            _ => Err(self.wrong_kind("classifier")),
        }
    }

    pub(crate) fn wrong_kind(&self, wanted: &'static str) -> Error {
        Error::Kind { name: self.manifest.name.clone(), kind: self.manifest.kind.as_str().to_owned(), wanted }
    }

    /// The bytes of a file that the manifest names, checked once more: what is loaded is what was promised.
    pub(crate) fn bytes(&self, file: &str, sha256: &str) -> Result<Vec<u8>, Error> {
        let bytes = read(&self.folder.join(file), MODEL_LIMIT)?;
        if hex::encode(Sha256::digest(&bytes)) == sha256 {
            return Ok(bytes);
        }
        Err(self.refuse(wrong_digest(&self.text, file, sha256, &bytes)))
    }

    /// The words of a report bundle's decoder.
    pub(crate) fn vocabulary(&self) -> Result<Vec<String>, Error> {
        let part = self.manifest.decoder.as_ref().ok_or_else(|| self.wrong_kind("report"))?;
        let bytes = self.bytes(&part.vocabulary, &part.vocabulary_sha256)?;
        words(&part.vocabulary, &bytes).map_err(|f| self.refuse(f))
    }

    pub(crate) fn refuse(&self, fault: ManifestFault) -> Error {
        self.refuse_all(vec![fault])
    }

    /// All faults as one error, each of the manifest with its line.
    pub(crate) fn refuse_all(&self, mut faults: Vec<ManifestFault>) -> Error {
        place(MANIFEST, &self.text, &mut faults);
        Error::Bundle { folder: self.folder.clone(), faults }
    }

    fn check_files(&self, faults: &mut Vec<ManifestFault>) {
        let m = &self.manifest;
        if let Some(model) = &m.model {
            self.check_digest(&model.file, &model.sha256, MODEL_LIMIT, faults);
        }
        for named in [&m.rule, &m.novelty].into_iter().flatten() {
            self.check_digest(&named.file, &named.sha256, EVIDENCE_LIMIT, faults);
        }
        if let Some(part) = &m.encoder {
            self.check_digest(&part.file, &part.sha256, MODEL_LIMIT, faults);
        }
        if let Some(part) = &m.decoder {
            self.check_digest(&part.file, &part.sha256, MODEL_LIMIT, faults);
            let bytes =
                self.check_digest(&part.vocabulary, &part.vocabulary_sha256, VOCABULARY_LIMIT, faults);
            if let Some(Err(fault)) = bytes.map(|bytes| words(&part.vocabulary, &bytes)) {
                faults.push(fault);
            }
        }
        faults.extend(card_missing(&self.folder));
        match read(&self.folder.join(parity::FILE), PARITY_LIMIT) {
            Ok(bytes) => faults.extend(parity::check_file(m, &bytes)),
            Err(_) => faults.push(fault(parity::FILE, "", "cannot be read", "let the recipe write it")),
        }
    }

    /// Rule and input check, verified against the model they were made for and against each other.
    fn read_evidence(&mut self, faults: &mut Vec<ManifestFault>) {
        let model = self.manifest.model.as_ref().map(|m| m.sha256.clone()).unwrap_or_default();
        let keys: Vec<&str> = self.manifest.findings.iter().filter_map(|f| f.key.as_deref()).collect();
        let bytes = |named: &Option<Named>| {
            let named = named.as_ref()?;
            // A wrong digest is a fault already.
            let bytes = self.check_digest(&named.file, &named.sha256, EVIDENCE_LIMIT, &mut Vec::new())?;
            Some((named.file.clone(), bytes))
        };
        let rule = bytes(&self.manifest.rule).map(|(file, b)| Guarantee::read(&file, &b, &model, &keys));
        let novelty = bytes(&self.manifest.novelty).map(|(file, b)| Novelty::read(&file, &b, &model));
        let rule = rule.and_then(|read| read.map_err(|found| faults.extend(found)).ok());
        let novelty = novelty.and_then(|read| read.map_err(|found| faults.extend(found)).ok());
        if let (Some(rule), Some(named)) = (&rule, &self.manifest.rule)
            && self.manifest.novelty.as_ref().map_or("", |n| n.sha256.as_str()) != rule.gate_sha256
        {
            let problem = "was calibrated behind another gate";
            faults.push(fault(
                &named.file,
                "gate_sha256",
                problem,
                "calibrate it behind the gate of [novelty]",
            ));
        }
        (self.rule, self.novelty) = (rule, novelty);
    }

    fn check_digest(
        &self,
        file: &str,
        sha256: &str,
        limit: u64,
        faults: &mut Vec<ManifestFault>,
    ) -> Option<Vec<u8>> {
        checked(&self.folder, &self.text, (file, sha256), limit, faults)
    }
}

/// The first words of any manifest.
#[derive(Deserialize)]
pub(crate) struct Head {
    pub name: String,
    pub kind: String,
}

/// What a manifest says it is, of whatever kind; `None` where it does not say.
pub(crate) fn head(text: &str) -> Option<Head> {
    toml::from_str(text).ok().filter(|head: &Head| check::is_name(&head.name) && check::is_name(&head.kind))
}

/// That the folder has no card.
pub(crate) fn card_missing(folder: &Path) -> Option<ManifestFault> {
    let remedy = "write the card: data, licences, measured figures, known failures";
    (!folder.join("CARD.md").is_file()).then(|| fault("CARD.md", "", "is missing", remedy))
}

/// The bytes of a file that the manifest `text` names with its digest; a fault where they cannot be had or differ.
pub(crate) fn checked(
    folder: &Path,
    text: &str,
    (file, sha256): (&str, &str),
    limit: u64,
    faults: &mut Vec<ManifestFault>,
) -> Option<Vec<u8>> {
    if !check::is_file_name(file) {
        return None; // Already a fault; a path must not be followed out of the folder.
    }
    match read(&folder.join(file), limit) {
        Ok(bytes) if hex::encode(Sha256::digest(&bytes)) == sha256 => Some(bytes),
        Ok(bytes) => {
            faults.push(wrong_digest(text, file, sha256, &bytes));
            None
        }
        Err(_) => {
            faults.push(fault(
                file,
                "",
                "cannot be read, or is larger than a bundle may hold",
                "put the file named in bundle.toml there",
            ));
            None
        }
    }
}

fn wrong_digest(text: &str, file: &str, sha256: &str, bytes: &[u8]) -> ManifestFault {
    let found = hex::encode(Sha256::digest(bytes));
    let line = text.lines().position(|l| !sha256.is_empty() && l.contains(sha256));
    let place = line.map(|at| format!("line {} of ", at + 1)).unwrap_or_default();
    fault(
        file,
        "",
        format!("its SHA-256 is {found}, not the one in {place}{MANIFEST}"),
        "restore the file, or write the bundle again by its recipe",
    )
}

fn words(file: &str, bytes: &[u8]) -> Result<Vec<String>, ManifestFault> {
    let words: Vec<String> = serde_json::from_slice(bytes)
        .map_err(|_| fault(file, "", "is not a JSON list of strings", "write one string per token"))?;
    if words.get(..3) == Some(&["<pad>".to_owned(), "<start>".to_owned(), "<end>".to_owned()][..]) {
        return Ok(words);
    }
    Err(fault(file, "", "does not begin with <pad>, <start>, <end>", "put these three first"))
}

/// Read at most `limit` bytes; a longer file is an error, not a cut one.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    let wrong = |kind| Error::Read { file: path.to_path_buf(), kind };
    let file = fs::File::open(path).map_err(|e| wrong(e.kind()))?;
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|e| wrong(e.kind()))?;
    if bytes.len() as u64 > limit { Err(wrong(std::io::ErrorKind::FileTooLarge)) } else { Ok(bytes) }
}
