//! The statement of a case: what was done to it before it left, for the officer who asks. Holds no value of any
//! attribute. It stays at the site; its digest travels with the case.
use super::policy::Policy;
use super::terms::{ActionCode, Actions, PixelBox, Rule, attribute_name};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// The edition of the standard that the table comes from.
const EDITION: &str = "PS3.15 2026c, annex E";

/// What a statement is and is not; part of every one.
const NOTICE: &str = "Pseudonymised, not anonymous. The site that holds the pseudonym key can map back; the receiver \
sees which site sent it and when it arrived. Head volumes thin enough to render a face are held until a person \
releases them; where they were defaced the skull stays, and with forensic means a face could be guessed from it. A search found no removed value in the bytes that were sealed; it cannot find what \
nobody wrote into the header, nor text in pixels that was not recognised as text.";

/// What a site signs: the BLAKE3 digest of a statement's text, with the words that say what it is of.
pub fn statement_message(digest: &[u8; 32]) -> Vec<u8> {
    [b"scanside statement 1\0".as_slice(), digest].concat()
}

/// What was done to one case. Format `scanside.statement.1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// `scanside.statement.1`.
    pub format: String,
    /// Software and version.
    pub software: String,
    /// The case, our own random name for it; empty when files were de-identified by hand.
    pub case: String,
    /// Its revision.
    pub revision: u32,
    /// Name of the policy.
    pub policy: String,
    /// Edition of the standard.
    pub edition: String,
    /// Options of annex E that held.
    pub options: Vec<String>,
    /// What the site does otherwise, with its reasons.
    pub reasons: Vec<Reason>,
    /// What became of text in pixels: `hold` or `black-out`.
    pub pixel_text: String,
    /// What searched the pixels for text; absent in statements of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_detector: Option<DetectorUsed>,
    /// What became of faces in head volumes: `hold` or `deface`.
    #[serde(default)]
    pub faces: String,
    /// Instances in which the face is black.
    #[serde(default)]
    pub defaced: u32,
    /// Instances that were de-identified.
    pub instances: u32,
    /// Instances that could not be read; nothing of them left.
    pub unreadable: u32,
    /// What was done to attributes, in order of tags.
    pub actions: Vec<Done>,
    /// Areas that are black, by instance.
    pub boxes: Vec<Area>,
    /// Why it waited for a person, who released it; see the audit.
    pub held_for: Vec<String>,
    /// Removed values that were searched for in the bytes before they were packed; any find would have stopped them.
    pub searched: u64,
    /// Digest of the de-identification plan that was recorded with the disposition.
    pub plan: String,
    /// What this is and is not.
    pub notice: String,
}

/// An option or a deviation, and why the site chose it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// The option, or tag and action.
    pub what: String,
    /// In the site's words.
    pub why: String,
}

/// The text detector that searched the pixels, by its manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DetectorUsed {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its manifest, which covers its numbers, in hex.
    pub digest: String,
}

/// How often one action was taken on one attribute, by one rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Done {
    /// Tag and name.
    pub attribute: String,
    /// Code of PS3.15 table E.1-1a.
    pub action: String,
    /// The rule behind it.
    pub rule: String,
    /// How often, at every level of every instance.
    pub count: u32,
}

/// One black rectangle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Area {
    /// The instance, counted from 0 in the order of arrival.
    pub instance: u32,
    /// The frame from 0; `None`: all.
    pub frame: Option<u32>,
    /// First column, first row, first column after it, first row after it.
    pub area: [u32; 4],
    /// A person redacted it; otherwise text was found there. Earlier versions wrote `drawn`.
    #[serde(alias = "drawn")]
    pub redacted: bool,
}

impl Area {
    /// Of a box of an instance.
    pub fn of(instance: u32, part: &PixelBox) -> Self {
        Area { instance, frame: part.frame, area: [part.x0, part.y0, part.x1, part.y1], redacted: false }
    }
}

impl Statement {
    /// A statement that says by which policy and what was done to attributes; the caller fills in the rest.
    pub fn new(policy: &Policy, actions: &Actions) -> Self {
        let done = |((tag, action, rule), count): (&(dicom::Tag, ActionCode, Rule), &u32)| Done {
            attribute: attribute_name(*tag),
            action: action.as_str().to_owned(),
            rule: rule.as_str().to_owned(),
            count: *count,
        };
        let reason = |(what, why): &(String, String)| Reason { what: what.clone(), why: why.clone() };
        Statement {
            format: "scanside.statement.1".to_owned(),
            software: concat!("Scanside ", env!("CARGO_PKG_VERSION")).to_owned(),
            case: String::new(),
            revision: 0,
            policy: policy.name().to_owned(),
            edition: EDITION.to_owned(),
            options: policy.option_names().into_iter().map(str::to_owned).collect(),
            reasons: policy.reasons().iter().map(reason).collect(),
            pixel_text: String::new(),
            text_detector: None,
            faces: String::new(),
            defaced: 0,
            instances: 0,
            unreadable: 0,
            actions: actions.iter().map(done).collect(),
            boxes: Vec::new(),
            held_for: Vec::new(),
            searched: 0,
            plan: String::new(),
            notice: NOTICE.to_owned(),
        }
    }

    /// Takes in what was done to further instances by the same policy.
    pub fn add(&mut self, other: Statement) {
        let offset = self.instances;
        self.instances = self.instances.saturating_add(other.instances);
        self.unreadable = self.unreadable.saturating_add(other.unreadable);
        self.defaced = self.defaced.saturating_add(other.defaced);
        let shifted = |area: Area| Area { instance: area.instance.saturating_add(offset), ..area };
        self.boxes.extend(other.boxes.into_iter().map(shifted));
        for done in other.actions {
            let same = |d: &&mut Done| {
                (&d.attribute, &d.action, &d.rule) == (&done.attribute, &done.action, &done.rule)
            };
            match self.actions.iter_mut().find(same) {
                Some(known) => known.count = known.count.saturating_add(done.count),
                None => self.actions.push(done),
            }
        }
        self.actions.sort_by(|a, b| (&a.attribute, &a.action).cmp(&(&b.attribute, &b.action)));
    }

    /// As JSON, on one line.
    pub fn to_json(&self) -> String {
        // Text and whole numbers alone: it cannot fail, and an empty statement would be refused by who reads it.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// As a page to read: most first, what was kept apart from what went.
    pub fn report(&self) -> String {
        let mut out = String::new();
        let mut line = |text: String| writeln!(out, "{text}").unwrap_or_default();
        line("De-identification statement".to_owned());
        line("===========================".to_owned());
        if !self.case.is_empty() {
            line(format!("Case {}, revision {}.", self.case, self.revision));
        }
        line(format!("{}; {}; policy {}.", self.software, self.edition, self.policy));
        line(format!(
            "Options: {}.",
            if self.options.is_empty() { "none".to_owned() } else { self.options.join(", ") }
        ));
        for reason in &self.reasons {
            line(format!("  {}: {}", reason.what, reason.why));
        }
        line(format!("Instances: {} de-identified, {} not readable.", self.instances, self.unreadable));
        let text = if self.pixel_text == "black-out" { "is made black" } else { "waits for a person" };
        let redacted = self.boxes.iter().filter(|area| area.redacted).count();
        let found = self.boxes.len() - redacted;
        line(format!(
            "Text found in pixels {text}; {found} areas of text are black, {redacted} that a person redacted."
        ));
        if let Some(DetectorUsed { name, version, digest }) = &self.text_detector {
            line(format!(
                "Pixels were searched for text by {name} {version}, SHA-256 of its manifest {digest}."
            ));
        }
        if self.defaced > 0 {
            line(format!("Faces: soft tissue in front of the skull is black in {} images.", self.defaced));
        }
        for words in &self.held_for {
            line(format!("Waited for a person, who released it: {words}"));
        }
        if self.case.is_empty() {
            line("Not signed, and not searched: made by hand, outside an appliance.".to_owned());
        } else {
            line(format!("Searched for before packing: {} removed values; none was left.", self.searched));
        }
        let kept = |done: &&Done| done.action == "K" || done.action == "C";
        self.table(&mut line, "What went or was replaced", |done| !kept(done));
        self.table(&mut line, "What stayed, whole or cleaned", kept);
        line(String::new());
        line(self.notice.clone());
        out
    }

    fn table(&self, line: &mut dyn FnMut(String), title: &str, wanted: impl Fn(&&Done) -> bool) {
        line(String::new());
        line(title.to_owned());
        let mut rows: Vec<&Done> = self.actions.iter().filter(wanted).collect();
        rows.sort_by_key(|done| std::cmp::Reverse(done.count));
        for done in rows {
            line(format!("  {} {:>6} x  {}  [{}]", done.action, done.count, done.attribute, done.rule));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use super::*;
    use crate::{Keys, StudyContext, plan};
    use dicom::{DataSet, FileMeta, TransferSyntax, Vr, tags};

    #[test]
    fn an_area_that_an_earlier_version_called_drawn_is_read_as_redacted() {
        let read: Area =
            serde_json::from_str(r#"{"instance":0,"frame":null,"area":[1,2,3,4],"drawn":true}"#).unwrap();
        assert_eq!(read, Area { instance: 0, frame: None, area: [1, 2, 3, 4], redacted: true });
    }

    #[test]
    fn it_names_attributes_and_rules_and_no_value() {
        let mut data = DataSet::new();
        data.put_text(tags::SOP_CLASS_UID, Vr::UI, "1.2.840.10008.5.1.4.1.1.2");
        data.put_text(tags::PATIENT_NAME, Vr::PN, "Ravensworth^Ida");
        data.put_text(tags::MODALITY, Vr::CS, "CT");
        let meta = FileMeta::from_syntax(TransferSyntax::EXPLICIT_LE);
        let policy = Policy::strict();
        let keys = Keys::from_bytes(&[7; 32]).unwrap();
        let made = plan(&meta, &data, &StudyContext::of(&meta, &data), &policy, &keys);
        let statement = Statement::new(&policy, &made.actions);
        let again: Statement = serde_json::from_str(&statement.to_json()).unwrap();
        assert_eq!(again, statement);
        let report = statement.report();
        assert!(report.contains("Z      1 x  (0010,0010) PatientName  [table E.1-1]"), "{report}");
        assert!(report.contains("K      1 x  (0008,0060) Modality  [not in the table]"), "{report}");
        assert!(report.contains("not anonymous"));
        assert!(!report.contains("Ravensworth") && !statement.to_json().contains("Ida"));
    }
}
