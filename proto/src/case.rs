//! `case.json`: what a case says about itself.

use serde::{Deserialize, Serialize};

use crate::ids::{CaseId, StatementDigest};
use crate::limits;
pub use crate::words::{Age, Disposition, Error, Finding, Priority, Sex, TriageMode};
use crate::words::{line, prose, word};

/// Name of the case manifest: always the first entry of a case's plain content.
pub const CASE_JSON: &str = "case.json";

/// How a case's content travels to the large model: one way of several. Written `plan` in `case.json` and in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// Prepared frames.
    #[default]
    Image,
    /// The encoder ran at the site; the cloud runs the decoder on its output.
    Embedding,
}

/// The one format of `case.json` this build reads and writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum CaseFormat {
    /// First format.
    #[default]
    #[serde(rename = "scanside-case/1")]
    V1,
}

/// How one frame is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FrameKind {
    /// PNG, 8 bits a sample, windowed.
    Png8,
    /// PNG, 16 bits a sample, grey, not windowed.
    Png16,
    /// Output of an encoder: `rows` vectors of `columns` values, row-major; the encoder says the value type.
    Embedding,
}

/// A VOI window in output units of the modality transformation (PS3.3 C.11.2).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Window Center (0028,1050).
    pub center: f32,
    /// Window Width (0028,1051), at least 1.
    pub width: f32,
}

/// One prepared frame; its bytes are the content entry of the same name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrameEntry {
    /// Position in reading order, from 0.
    pub index: u32,
    /// Name of the content entry, for example `frame-0000.png`.
    pub name: String,
    /// How the bytes are to be read.
    pub kind: FrameKind,
    /// Rows of pixels, or number of vectors.
    pub rows: u32,
    /// Columns of pixels, or values a vector.
    pub columns: u32,
    /// Length of the entry in bytes.
    pub bytes: u64,
    /// Window to show the frame with (`png16`), or the one applied (`png8`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// `MONOCHROME2` or `RGB`: what the samples mean after preparation (PS3.3 C.7.6.3.1.2).
    pub photometric: String,
    /// Encoder name and version; only for `embedding`, where the decoder must match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoder: Option<String>,
}

/// `case.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseManifest {
    /// Format name and version.
    pub format: CaseFormat,
    /// The random case id; equal to the envelope header's.
    pub case: CaseId,
    /// Edition of the case, from 1; equal to the envelope header's.
    pub revision: u32,
    /// Pseudonymous study reference, letters and digits; means nothing outside the site.
    pub study: String,
    /// Modality (0008,0060).
    pub modality: String,
    /// Body Part Examined (0018,0015), when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_part: Option<String>,
    /// View Position (0018,5101), when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view: Option<String>,
    /// Age, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<Age>,
    /// Sex, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sex: Option<Sex>,
    /// Priority at sealing.
    pub priority: Priority,
    /// What triage found at the site; may be empty.
    pub findings: Vec<Finding>,
    /// What triage answered at the site.
    pub disposition: Disposition,
    /// Why the case is sent, in words, each one line.
    pub reasons: Vec<String>,
    /// The technician's note, after the identity search.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Digest of the de-identification statement.
    pub statement: StatementDigest,
    /// What the frames are for.
    #[serde(rename = "plan")]
    pub transport: Transport,
    /// The frames, in reading order.
    pub frames: Vec<FrameEntry>,
}

fn at_most(field: &'static str, count: usize, max: usize) -> Result<(), Error> {
    if count <= max { Ok(()) } else { Err(Error::Field(field)) }
}

impl FrameEntry {
    fn validate(&self, position: usize) -> Result<(), Error> {
        let side = 1..=limits::FRAME_SIDE_PIXELS_MAX;
        if usize::try_from(self.index) != Ok(position) {
            return Err(Error::Field("frame index"));
        }
        crate::content::check_name(&self.name).map_err(|_| Error::Field("frame name"))?;
        if !side.contains(&self.rows) || !side.contains(&self.columns) {
            return Err(Error::Field("frame size"));
        }
        if self.bytes == 0 || self.bytes > limits::FRAME_BYTES_MAX {
            return Err(Error::Field("frame bytes"));
        }
        if let Some(window) = &self.window
            && !(window.center.is_finite() && window.width.is_finite() && window.width > 0.0)
        {
            return Err(Error::Field("frame window"));
        }
        word("frame photometric", &self.photometric)?;
        match (&self.encoder, self.kind) {
            (Some(name), FrameKind::Embedding) => line("frame encoder", name),
            (None, FrameKind::Png8 | FrameKind::Png16) => Ok(()),
            _ => Err(Error::Field("frame encoder")),
        }
    }
}

impl CaseManifest {
    /// Checks every bound and the relations between fields.
    ///
    /// # Errors
    /// [`Error::Field`] naming the first field that is out of bounds.
    pub fn validate(&self) -> Result<(), Error> {
        if self.revision == 0 {
            return Err(Error::Field("revision"));
        }
        let study_fits = !self.study.is_empty()
            && self.study.len() <= 64
            && self.study.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !study_fits {
            return Err(Error::Field("study"));
        }
        word("modality", &self.modality)?;
        self.body_part.as_deref().map_or(Ok(()), |w| word("body part", w))?;
        self.view.as_deref().map_or(Ok(()), |w| word("view", w))?;
        at_most("findings", self.findings.len(), limits::FINDINGS_COUNT_MAX)?;
        self.findings.iter().try_for_each(Finding::validate)?;
        at_most("reasons", self.reasons.len(), limits::REASONS_COUNT_MAX)?;
        self.reasons.iter().try_for_each(|r| line("reasons", r))?;
        self.note.as_deref().map_or(Ok(()), |n| prose("note", n, limits::NOTE_CHARS_MAX))?;
        at_most("frames", self.frames.len(), limits::FRAMES_COUNT_MAX)?;
        self.frames.iter().enumerate().try_for_each(|(i, f)| f.validate(i))?;
        let embeddings = self.frames.iter().any(|f| f.kind == FrameKind::Embedding);
        if embeddings != (self.transport == Transport::Embedding) {
            return Err(Error::Field("plan"));
        }
        Ok(())
    }

    /// Validates and writes the JSON.
    ///
    /// # Errors
    /// As [`Self::validate`]; [`Error::TooLarge`] over the limit.
    pub fn to_json(&self) -> Result<Vec<u8>, Error> {
        self.validate()?;
        let json = serde_json::to_vec(self).map_err(|_| Error::Malformed)?;
        if json.len() > limits::MANIFEST_BYTES_MAX { Err(Error::TooLarge) } else { Ok(json) }
    }

    /// Reads and validates the JSON; unknown fields are refused.
    ///
    /// # Errors
    /// [`Error`]; never carries what was read.
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        if json.len() > limits::MANIFEST_BYTES_MAX {
            return Err(Error::TooLarge);
        }
        let manifest: Self = serde_json::from_slice(json).map_err(|_| Error::Malformed)?;
        manifest.validate()?;
        Ok(manifest)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    fn manifest() -> CaseManifest {
        CaseManifest {
            format: CaseFormat::V1,
            case: CaseId::from_bytes([1; 16]),
            revision: 1,
            study: "s-1a".into(),
            modality: "DX".into(),
            body_part: Some("CHEST".into()),
            view: Some("PA".into()),
            age: Some("90+".parse().unwrap()),
            sex: Some(Sex::F),
            priority: Priority::Stat,
            findings: vec![Finding {
                scheme: "RADLEX".into(),
                code: "RID5352".into(),
                name: "pneumothorax".into(),
                score: 0.7,
                threshold: 0.5,
                positive: true,
            }],
            disposition: Disposition::NotAnalysed,
            reasons: vec!["No bundle takes this modality.".into()],
            note: Some("Patient moved.\nSecond exposure.".into()),
            statement: StatementDigest::from_bytes([2; 32]),
            transport: Transport::Image,
            frames: vec![FrameEntry {
                index: 0,
                name: "frame-0000.png".into(),
                kind: FrameKind::Png16,
                rows: 512,
                columns: 512,
                bytes: 1000,
                window: Some(Window { center: 40.0, width: 80.0 }),
                photometric: "MONOCHROME2".into(),
                encoder: None,
            }],
        }
    }

    #[test]
    fn the_json_is_the_agreed_one() {
        let json: serde_json::Value = serde_json::from_slice(&manifest().to_json().unwrap()).unwrap();
        assert_eq!(json["format"], "scanside-case/1");
        assert_eq!(json["case"], "01".repeat(16));
        assert_eq!(
            (&json["priority"], &json["disposition"]),
            (&"STAT".into(), &serde_json::Value::from("not-analysed"))
        );
        assert_eq!((&json["plan"], &json["age"]), (&"image".into(), &serde_json::Value::from("90+")));
        assert_eq!(json["frames"][0]["kind"], "png16");
        assert_eq!(CaseManifest::from_json(&manifest().to_json().unwrap()).unwrap(), manifest());
    }

    #[test]
    fn unknown_fields_are_refused_at_every_level() {
        let json: serde_json::Value = serde_json::from_slice(&manifest().to_json().unwrap()).unwrap();
        for place in ["", "/findings/0", "/frames/0", "/frames/0/window"] {
            let mut changed = json.clone();
            changed.pointer_mut(place).unwrap()["patient_name"] = "x".into();
            let text = serde_json::to_vec(&changed).unwrap();
            assert_eq!(CaseManifest::from_json(&text), Err(Error::Malformed), "{place}");
        }
    }

    #[test]
    fn every_bound_is_held() {
        type Change = fn(&mut CaseManifest);
        let broken: Vec<(&str, Change)> = vec![
            ("revision", |m| m.revision = 0),
            ("study", |m| m.study = "1.2.840.1".into()),
            ("modality", |m| m.modality = String::new()),
            ("modality", |m| m.modality = "D\nX".into()),
            ("body part", |m| m.body_part = Some("x".repeat(17))),
            ("finding score", |m| m.findings[0].score = f32::NAN),
            ("finding score", |m| m.findings[0].score = 1.01),
            ("finding name", |m| m.findings[0].name = "x".repeat(257)),
            ("findings", |m| m.findings = vec![m.findings[0].clone(); 65]),
            ("reasons", |m| m.reasons = vec!["x".into(); 17]),
            ("note", |m| m.note = Some("x".repeat(2001))),
            ("note", |m| m.note = Some("\u{1b}[2J".into())),
            ("frame index", |m| m.frames[0].index = 1),
            ("frame name", |m| m.frames[0].name = "../case.json".into()),
            ("frame size", |m| m.frames[0].rows = 0),
            ("frame bytes", |m| m.frames[0].bytes = u64::MAX),
            ("frame window", |m| m.frames[0].window = Some(Window { center: 0.0, width: 0.0 })),
            ("frame encoder", |m| m.frames[0].encoder = Some("e 1".into())),
            ("plan", |m| m.transport = Transport::Embedding),
        ];
        for (field, change) in broken {
            let mut changed = manifest();
            change(&mut changed);
            assert_eq!(changed.validate(), Err(Error::Field(field)));
            assert!(changed.to_json().is_err());
        }
    }

    #[test]
    fn ages_over_89_years_are_one_category() {
        for text in ["089Y", "000D", "003W", "011M", "90+"] {
            assert_eq!(text.parse::<Age>().unwrap().as_str(), text);
        }
        for text in ["090Y", "91Y", "045y", "45", "", "100+", "0450Y"] {
            assert!(text.parse::<Age>().is_err(), "{text}");
        }
    }
}
