//! The way back: what the pseudonyms of a study replaced, and putting it back (PS3.15 section E.2, re-identification).
use super::{Keys, date, mark};
use crate::dicom::{Charset, DataSet, Element, FileMeta, Tag, Value, Vr, keyword, tag_of, tags, vr_of};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Attributes of the patient that come back.
const OF_PATIENT: [Tag; 4] =
    [tags::PATIENT_NAME, tags::PATIENT_ID, tags::ISSUER_OF_PATIENT_ID, tags::PATIENT_BIRTH_DATE];
/// Attributes of the study that come back.
const OF_STUDY: [Tag; 6] = [
    tags::STUDY_DATE,
    tags::STUDY_TIME,
    tags::ACCESSION_NUMBER,
    tags::STUDY_ID,
    tags::REFERRING_PHYSICIAN_NAME,
    tags::STUDY_DESCRIPTION,
];

/// Attributes by keyword with their original values as decoded text.
pub type Originals = BTreeMap<String, String>;

/// One patient and what of theirs was replaced.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatientBack {
    /// Name, id, issuer, birth date.
    pub attributes: Originals,
    /// By how many days dates are shifted where a policy shifts them.
    pub days: i64,
    /// Replaced studies by their new UID: date, accession number and what else orders them.
    pub studies: BTreeMap<String, Originals>,
    /// Original UIDs by the new ones.
    pub uids: BTreeMap<String, String>,
}

/// Patients by their pseudonym. Identified: it stays at the site; `Debug` shows a stub.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WayBack(pub BTreeMap<String, PatientBack>);

impl fmt::Debug for WayBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WayBack({} patients)", self.0.len())
    }
}

impl fmt::Debug for PatientBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PatientBack(..)")
    }
}

impl WayBack {
    /// How many UIDs, studies and patients it holds.
    pub fn len(&self) -> usize {
        self.0.values().map(|p| 1 + p.studies.len() + p.uids.len()).sum()
    }

    /// Length of the longest text in it, in bytes.
    pub fn longest(&self) -> usize {
        let pair = |(key, text): (&String, &String)| key.len().max(text.len());
        let of = |originals: &Originals| originals.iter().map(pair).max().unwrap_or(0);
        let patients = self.0.iter().map(|(pseudonym, patient)| {
            let studies = patient.studies.iter().map(|(uid, originals)| uid.len().max(of(originals)));
            let uids = patient.uids.iter().map(pair);
            studies.chain(uids).max().unwrap_or(0).max(of(&patient.attributes)).max(pseudonym.len())
        });
        patients.max().unwrap_or(0)
    }

    /// It leads nowhere.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes in another: of two values for one pseudonym the later stays.
    pub fn add(&mut self, other: WayBack) {
        for (pseudonym, patient) in other.0 {
            let known = self.0.entry(pseudonym).or_default();
            known.attributes.extend(patient.attributes);
            if patient.days != 0 {
                known.days = patient.days;
            }
            known.studies.extend(patient.studies);
            known.uids.extend(patient.uids);
        }
    }

    /// Remembers the patient of an instance and its study.
    pub(super) fn patient(&mut self, pseudonym: &str, data: &DataSet, study: Option<String>, days: i64) {
        let patient = self.0.entry(pseudonym.to_owned()).or_default();
        patient.attributes.extend(originals(data, &OF_PATIENT));
        patient.days = days;
        if let Some(study) = study {
            patient.studies.entry(study).or_default().extend(originals(data, &OF_STUDY));
        }
    }

    /// Remembers a patient that an item names.
    pub(super) fn named(&mut self, pseudonym: &str, level: &DataSet) {
        let patient = self.0.entry(pseudonym.to_owned()).or_default();
        for (tag, text) in originals(level, &OF_PATIENT) {
            patient.attributes.entry(tag).or_insert(text);
        }
    }

    /// Remembers a replaced UID.
    pub(super) fn uid(&mut self, pseudonym: &str, new: &str, original: &str) {
        if new != original {
            let patient = self.0.entry(pseudonym.to_owned()).or_default();
            patient.uids.insert(new.to_owned(), original.to_owned());
        }
    }

    fn original_uid(&self, uid: &str) -> Option<&str> {
        self.0.values().find_map(|p| p.uids.get(uid)).map(String::as_str)
    }

    fn study(&self, uid: &str) -> Option<&Originals> {
        self.0.values().find_map(|p| p.studies.get(uid))
    }
}

fn originals(data: &DataSet, wanted: &[Tag]) -> Originals {
    wanted.iter().filter_map(|tag| Some((keyword(*tag)?.to_owned(), data.text(*tag)?))).collect()
}

/// Every pseudonym of this site in an instance: patients and UIDs, at every level, also inside texts.
pub fn pseudonyms(meta: &FileMeta, data: &DataSet, keys: &Keys) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut look = |level: &DataSet, element: &Element| {
        if let Some(text) = text_of(level, element) {
            let own = |word: &&str| keys.is_own_uid(word) || keys.is_own_patient(word);
            let words = text.split(is_between).map(|word| word.trim_matches('.'));
            found.extend(words.filter(own).map(str::to_owned));
        }
    };
    data.walk(|level, element, _| look(level, element));
    meta.elements.iter().for_each(|element| look(&meta.elements, element));
    found
}

/// What putting back came to.
#[derive(Debug)]
pub struct Restored {
    /// The data set with what is known put back; byte ranges in it are those of the input.
    pub header: DataSet,
    /// Pseudonyms of this site to which no way back was given; nothing may be passed on as re-identified then.
    pub unknown: usize,
}

/// Puts back what `way` knows: UIDs and patients at every level and inside texts, the patient's and the study's
/// attributes, and the dates of instances that this site itself has sent. What de-identification removed and no
/// vault keeps stays away; the marks of de-identification go.
pub fn restore(meta: &FileMeta, data: &DataSet, way: &WayBack, keys: &Keys) -> Restored {
    let unknown = pseudonyms(meta, data, keys).iter().filter(|p| !knows(way, p)).count();
    let patient = data.text(tags::PATIENT_ID).and_then(|id| way.0.get(&id));
    let sent = data.uid(tags::SOP_INSTANCE_UID).is_some_and(|uid| way.original_uid(&uid).is_some());
    let modified = data.text(tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED).as_deref() == Some("MODIFIED");
    let days = if sent && modified { patient.map_or(0, |p| p.days) } else { 0 };
    let mut header = level(data, way, days);
    let study = data.uid(tags::STUDY_INSTANCE_UID).and_then(|uid| way.study(&uid));
    let attributes = [patient.map(|p| &p.attributes), study];
    for (name, text) in attributes.into_iter().flatten().flatten() {
        if let Some(tag) = tag_of(name) {
            header.put_text(tag, vr_of(tag), text);
        }
    }
    mark::take_back(&mut header);
    if super::keep::beyond_ascii(&header) {
        header.put_text(tags::SPECIFIC_CHARACTER_SET, Vr::CS, super::keep::UTF_8);
    } else {
        header.remove(tags::SPECIFIC_CHARACTER_SET);
    }
    Restored { header, unknown }
}

fn knows(way: &WayBack, pseudonym: &str) -> bool {
    way.0.contains_key(pseudonym) || way.original_uid(pseudonym).is_some()
}

/// One level, its texts in UTF-8; recursion is bounded by the reader's depth limit.
fn level(data: &DataSet, way: &WayBack, days: i64) -> DataSet {
    let mut out = DataSet::new();
    out.charset = Charset::from_value(super::keep::UTF_8.as_bytes());
    for element in data.iter() {
        let value = match &element.value {
            Value::Items(items) => Value::Items(items.iter().map(|item| level(item, way, days)).collect()),
            other => match text_of(data, element) {
                Some(text) => Value::Bytes(put_back(&text, element.vr, way, days).into_bytes()),
                None => other.clone(),
            },
        };
        if element.tag != tags::SPECIFIC_CHARACTER_SET {
            out.put(Element { tag: element.tag, vr: element.vr, value });
        }
    }
    out
}

/// The decoded text of an element that holds one.
fn text_of(level: &DataSet, element: &Element) -> Option<String> {
    let bytes = element.as_bytes().filter(|_| element.vr.is_text())?;
    Some(if element.vr.uses_charset() {
        level.charset.decode(bytes)
    } else {
        String::from_utf8_lossy(bytes).into_owned()
    })
}

/// Neither part of a UID nor of a patient's pseudonym.
fn is_between(c: char) -> bool {
    !(c.is_ascii_alphanumeric() || c == '.')
}

fn put_back(text: &str, vr: Vr, way: &WayBack, days: i64) -> String {
    if days != 0 && matches!(vr, Vr::DA | Vr::DT) {
        let moved = text.split('\\').map(|v| date::shift(v, -days).unwrap_or_else(|| v.to_owned()));
        return moved.collect::<Vec<_>>().join("\\");
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(is_between).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        // The full stop of a sentence is no part of a UID.
        let bare = word.trim_matches('.');
        let dots = word.find(bare).unwrap_or(0);
        out.push_str(word.get(..dots).unwrap_or_default());
        out.push_str(&original(bare, vr, way));
        out.push_str(word.get(dots + bare.len()..).unwrap_or_default());
        let between = after.find(|c| !is_between(c)).unwrap_or(after.len());
        let (gap, after) = after.split_at(between);
        out.push_str(gap);
        rest = after;
    }
    out
}

fn original(word: &str, vr: Vr, way: &WayBack) -> String {
    if let Some(uid) = way.original_uid(word) {
        return uid.to_owned();
    }
    match way.0.get(word) {
        Some(patient) => {
            let name = if vr == Vr::PN { "PatientName" } else { "PatientID" };
            patient.attributes.get(name).cloned().unwrap_or_default()
        }
        None => word.to_owned(),
    }
}
