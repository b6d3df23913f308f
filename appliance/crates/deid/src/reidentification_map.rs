//! The re-identification map: pseudonyms of a study with what they replaced, as the site's vault keeps it.
use super::person::{Originals, Person, text_of};
use dicom::{DataSet, Tag, keyword, tags};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Attributes of the patient that come back.
const OF_PATIENT: [Tag; 7] = [
    tags::PATIENT_NAME,
    tags::PATIENT_ID,
    tags::ISSUER_OF_PATIENT_ID,
    tags::UNIVERSAL_ENTITY_ID,
    tags::UNIVERSAL_ENTITY_ID_TYPE,
    tags::PATIENT_BIRTH_DATE,
    tags::PATIENT_SEX,
];
/// Those of them that stand at the top of a data set.
pub(super) const OF_TOP: [Tag; 5] = [
    tags::PATIENT_NAME,
    tags::PATIENT_ID,
    tags::ISSUER_OF_PATIENT_ID,
    tags::PATIENT_BIRTH_DATE,
    tags::PATIENT_SEX,
];
/// Attributes of the study that come back.
pub(super) const OF_STUDY: [Tag; 6] = [
    tags::STUDY_DATE,
    tags::STUDY_TIME,
    tags::ACCESSION_NUMBER,
    tags::STUDY_ID,
    tags::REFERRING_PHYSICIAN_NAME,
    tags::STUDY_DESCRIPTION,
];

/// One patient and what of theirs was replaced.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatientEntry {
    /// Name, id, issuer, birth date, sex, as they were met first.
    pub attributes: Originals,
    /// By how many days dates are shifted where a policy shifts them.
    pub days: i64,
    /// Replaced studies by their new UID: date, accession number and what else orders them; and the patient's attributes
    /// as this study had them, where it was sent by a version that kept them.
    pub studies: BTreeMap<String, Originals>,
    /// Original UIDs by the new ones.
    pub uids: BTreeMap<String, String>,
    /// Those pseudonyms here, the patient's own or UIDs, under which more than one original is known: they lead nowhere.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub ambiguous: BTreeSet<String>,
}

impl PatientEntry {
    /// Whether other attributes are told to be another person's.
    pub fn is_other(&self, attributes: &Originals) -> bool {
        Person::of_originals(&self.attributes).is_other(&Person::of_originals(attributes))
    }

    /// Whether a Patient's Name is another one.
    pub fn is_another_name(&self, name: &str) -> bool {
        let named =
            Originals::from_iter(keyword(tags::PATIENT_NAME).map(|k| (k.to_owned(), name.to_owned())));
        Person::of_originals(&named).is_other(&Person::of_originals(&self.attributes))
    }

    /// Takes in what is not known yet.
    pub fn complete(&mut self, attributes: &Originals) {
        for (name, text) in attributes {
            self.attributes.entry(name.clone()).or_insert_with(|| text.clone());
        }
    }
}

/// Patients by their pseudonym. Identified: it stays at the site; `Debug` shows a stub.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReidentificationMap(pub BTreeMap<String, PatientEntry>);

impl fmt::Debug for ReidentificationMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReidentificationMap({} patients)", self.0.len())
    }
}

impl fmt::Debug for PatientEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PatientEntry(..)")
    }
}

impl ReidentificationMap {
    /// How many UIDs, studies, patients and doubts it holds.
    pub fn len(&self) -> usize {
        self.0.values().map(|p| 1 + p.studies.len() + p.uids.len() + p.ambiguous.len()).sum()
    }

    /// Length of the longest text in it, in bytes.
    pub fn longest(&self) -> usize {
        let pair = |(key, text): (&String, &String)| key.len().max(text.len());
        let of = |originals: &Originals| originals.iter().map(pair).max().unwrap_or(0);
        let patients = self.0.iter().map(|(pseudonym, patient)| {
            let studies = patient.studies.iter().map(|(uid, originals)| uid.len().max(of(originals)));
            let uids = patient.uids.iter().map(pair);
            let doubts = patient.ambiguous.iter().map(String::len);
            studies
                .chain(uids)
                .chain(doubts)
                .max()
                .unwrap_or(0)
                .max(of(&patient.attributes))
                .max(pseudonym.len())
        });
        patients.max().unwrap_or(0)
    }

    /// It leads nowhere.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes in another. What is known stays; what contradicts it makes its pseudonym ambiguous.
    pub fn add(&mut self, other: ReidentificationMap) {
        for (pseudonym, patient) in other.0 {
            let known = self.0.entry(pseudonym.clone()).or_default();
            known.ambiguous.extend(patient.ambiguous);
            known.learn(&pseudonym, patient.attributes);
            if known.days == 0 {
                known.days = patient.days;
            }
            for (study, originals) in patient.studies {
                known.studies.entry(study).or_default().extend(originals);
            }
            for (new, original) in patient.uids {
                known.learn_uid(&new, &original);
            }
        }
    }

    /// The patients alone, with texts of at most `longest` characters.
    pub fn patients(&self, longest: usize) -> ReidentificationMap {
        let cut = |text: &String| text.chars().take(longest).collect();
        let of = |back: &PatientEntry| PatientEntry {
            attributes: back.attributes.iter().map(|(name, text)| (name.clone(), cut(text))).collect(),
            ..PatientEntry::default()
        };
        ReidentificationMap(self.0.iter().map(|(pseudonym, back)| (pseudonym.clone(), of(back))).collect())
    }

    /// Remembers the patient of an instance and its study.
    pub(super) fn patient(&mut self, pseudonym: &str, data: &DataSet, study: Option<String>, days: i64) {
        let patient = self.0.entry(pseudonym.to_owned()).or_default();
        let attributes = originals(data, &OF_PATIENT);
        if let Some(study) = study {
            let known = patient.studies.entry(study).or_default();
            known.extend(attributes.clone().into_iter().chain(originals(data, &OF_STUDY)));
        }
        patient.learn(pseudonym, attributes);
        patient.days = days;
    }

    /// Remembers a patient that an item names.
    pub(super) fn named(&mut self, pseudonym: &str, level: &DataSet) {
        let patient = self.0.entry(pseudonym.to_owned()).or_default();
        patient.learn(pseudonym, originals(level, &OF_PATIENT));
    }

    /// Remembers a replaced UID.
    pub(super) fn uid(&mut self, pseudonym: &str, new: &str, original: &str) {
        if new != original {
            self.0.entry(pseudonym.to_owned()).or_default().learn_uid(new, original);
        }
    }

    /// The pseudonym of a patient or a UID is known to lead to more than one original.
    pub(super) fn is_ambiguous(&self, pseudonym: &str) -> bool {
        self.0.values().any(|patient| patient.ambiguous.contains(pseudonym))
    }

    pub(super) fn original_uid(&self, uid: &str) -> Option<&str> {
        self.0.values().find_map(|p| p.uids.get(uid)).map(String::as_str)
    }

    /// What is known of a study as this patient's.
    pub(super) fn study_of(&self, patient: &str, uid: &str) -> Option<&Originals> {
        self.0.get(patient)?.studies.get(uid)
    }

    /// What is known of a study, where it is one patient's alone.
    pub(super) fn study(&self, uid: &str) -> Option<&Originals> {
        let mut all = self.0.values().filter_map(|p| p.studies.get(uid));
        all.next().filter(|_| all.next().is_none())
    }
}

impl PatientEntry {
    /// Takes attributes in: what is known stays, and what is another person's makes the pseudonym ambiguous.
    fn learn(&mut self, pseudonym: &str, attributes: Originals) {
        if self.is_other(&attributes) {
            self.ambiguous.insert(pseudonym.to_owned());
        }
        self.complete(&attributes);
    }

    fn learn_uid(&mut self, new: &str, original: &str) {
        let known = self.uids.entry(new.to_owned()).or_insert_with(|| original.to_owned());
        if known != original {
            self.ambiguous.insert(new.to_owned());
        }
    }
}

fn originals(data: &DataSet, wanted: &[Tag]) -> Originals {
    wanted.iter().filter_map(|tag| Some((keyword(*tag)?.to_owned(), text_of(data, *tag)?))).collect()
}

/// Whether a study's attributes name its patient: those that earlier versions kept do not.
pub fn says_whose(study: &Originals) -> bool {
    [tags::PATIENT_ID, tags::PATIENT_NAME]
        .iter()
        .filter_map(|tag| keyword(*tag))
        .any(|name| study.contains_key(name))
}
