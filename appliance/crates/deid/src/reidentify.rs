//! Re-identification: putting back what the pseudonyms of a study replaced (PS3.15 section E.2, re-identification).
use super::keys::Keys;
use super::person::Originals;
use super::reidentification_map::{OF_STUDY, OF_TOP, ReidentificationMap, says_whose};
use super::text::{UTF_8, beyond_ascii};
use super::{date, mark};
use dicom::{Charset, DataSet, Element, FileMeta, Value, Vr, keyword, tags, vr_of};
use std::collections::BTreeSet;

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
    /// Pseudonyms of this site that the map does not know; nothing may be passed on as re-identified then.
    pub unknown: usize,
    /// Pseudonyms that lead to more than one original; nothing may be passed on then either.
    pub ambiguous: usize,
}

/// Puts back what `map` knows: UIDs and patients at every level and inside texts, the patient's and the study's
/// attributes, and the dates of instances that this site itself has sent. The patient comes back as the study had them.
/// What de-identification removed and no vault keeps stays away; the marks of de-identification go.
pub fn restore(meta: &FileMeta, data: &DataSet, map: &ReidentificationMap, keys: &Keys) -> Restored {
    let back = Back::of(data, map);
    let found = pseudonyms(meta, data, keys);
    let unknown = found.iter().filter(|p| !back.knows(p)).count();
    let ambiguous = found.iter().filter(|p| back.is_ambiguous(p)).count();
    let sent = data.uid(tags::SOP_INSTANCE_UID).is_some_and(|uid| map.original_uid(&uid).is_some());
    let modified = data.text(tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED).as_deref() == Some("MODIFIED");
    let id = data.text(tags::PATIENT_ID).unwrap_or_default();
    let days = if sent && modified { map.0.get(&id).map_or(0, |p| p.days) } else { 0 };
    let mut header = level(data, &back, days);
    let patient = back.attributes(&id);
    put_issuer(&mut header, patient);
    for (known, tags) in [(patient, OF_TOP.as_slice()), (back.study, OF_STUDY.as_slice())] {
        for tag in tags {
            if let Some(text) = known.zip(keyword(*tag)).and_then(|(known, name)| known.get(name)) {
                header.put_text(*tag, vr_of(*tag), text);
            }
        }
    }
    mark::take_back(&mut header);
    if beyond_ascii(&header) {
        header.put_text(tags::SPECIFIC_CHARACTER_SET, Vr::CS, UTF_8);
    } else {
        header.remove(tags::SPECIFIC_CHARACTER_SET);
    }
    Restored { header, unknown, ambiguous }
}

/// What is known of one instance.
struct Back<'w> {
    map: &'w ReidentificationMap,
    /// What is known of its study.
    study: Option<&'w Originals>,
    /// Its patient as that study had them: what else is known under the pseudonym does not count then.
    then: Option<(String, &'w Originals)>,
}

impl<'w> Back<'w> {
    fn of(data: &DataSet, map: &'w ReidentificationMap) -> Self {
        let uid = data.uid(tags::STUDY_INSTANCE_UID).unwrap_or_default();
        let patient = data.text(tags::PATIENT_ID).unwrap_or_default();
        let own = map.study_of(&patient, &uid);
        let told = |study: &&Originals| says_whose(study);
        Back {
            map,
            study: own.or_else(|| map.study(&uid)),
            then: own.filter(told).map(|then| (patient, then)),
        }
    }

    fn attributes(&self, patient: &str) -> Option<&'w Originals> {
        match &self.then {
            Some((name, then)) if name == patient => Some(then),
            _ => self.map.0.get(patient).map(|p| &p.attributes),
        }
    }

    fn is_ambiguous(&self, pseudonym: &str) -> bool {
        let told = self.then.as_ref().is_some_and(|(name, _)| name == pseudonym);
        !told && self.map.is_ambiguous(pseudonym)
    }

    fn knows(&self, pseudonym: &str) -> bool {
        self.map.0.contains_key(pseudonym) || self.map.original_uid(pseudonym).is_some()
    }
}

/// The issuer's name in the world stands in an item (PS3.3 section C.7.1.1).
fn put_issuer(header: &mut DataSet, patient: Option<&Originals>) {
    let mut item = DataSet::new();
    for tag in [tags::UNIVERSAL_ENTITY_ID, tags::UNIVERSAL_ENTITY_ID_TYPE] {
        if let Some(text) = keyword(tag).zip(patient).and_then(|(name, known)| known.get(name)) {
            item.put_text(tag, vr_of(tag), text);
        }
    }
    if !item.is_empty() {
        let tag = tags::ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE;
        header.put(Element { tag, vr: Vr::SQ, value: Value::Items(vec![item]) });
    }
}

/// One level, its texts in UTF-8; recursion is bounded by the reader's depth limit.
fn level(data: &DataSet, back: &Back<'_>, days: i64) -> DataSet {
    let mut out = DataSet::new();
    out.charset = Charset::from_value(UTF_8.as_bytes());
    for element in data.iter() {
        let value = match &element.value {
            Value::Items(items) => Value::Items(items.iter().map(|item| level(item, back, days)).collect()),
            other => match text_of(data, element) {
                Some(text) => Value::Bytes(put_back(&text, element.vr, back, days).into_bytes()),
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

fn put_back(text: &str, vr: Vr, back: &Back<'_>, days: i64) -> String {
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
        out.push_str(&original(bare, vr, back));
        out.push_str(word.get(dots + bare.len()..).unwrap_or_default());
        let between = after.find(|c| !is_between(c)).unwrap_or(after.len());
        let (gap, after) = after.split_at(between);
        out.push_str(gap);
        rest = after;
    }
    out
}

fn original(word: &str, vr: Vr, back: &Back<'_>) -> String {
    if let Some(uid) = back.map.original_uid(word) {
        return uid.to_owned();
    }
    match back.attributes(word) {
        Some(attributes) => {
            let name = if vr == Vr::PN { "PatientName" } else { "PatientID" };
            attributes.get(name).cloned().unwrap_or_default()
        }
        None => word.to_owned(),
    }
}
