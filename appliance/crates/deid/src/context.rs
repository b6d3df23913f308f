//! What a study's instances say together: whose it is, its own identifiers, its first day, the shape of its series.
use super::identifiers::Identifiers;
use super::keys::Keys;
use super::person::Person;
use super::placeholder::IdRules;
use super::policy::Policy;
use super::{date, rule};
use dicom::{DataSet, FileMeta, tags};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Facts of a whole study that planning one instance needs. Add every instance once; the order does not matter.
/// Identified: `Debug` shows a stub.
#[derive(Clone, Default)]
pub struct StudyContext {
    pub(super) identifiers: Identifiers,
    days: BTreeSet<i64>,
    rules: IdRules,
    /// What the instances say of their patient, each set of facts once.
    persons: BTreeSet<Person>,
    /// Two of them are of two persons.
    several: bool,
    series: BTreeMap<String, SeriesShape>,
}

/// How many instances a series has and where they lie.
#[derive(Clone, Debug, Default)]
pub(super) struct SeriesShape {
    pub instances: usize,
    /// Positions along the slice normal, in micrometres.
    places: BTreeSet<i64>,
}

impl SeriesShape {
    /// The smallest distance of neighbouring slices, in mm.
    pub(super) fn spacing(&self) -> Option<f64> {
        let pairs = self.places.iter().zip(self.places.iter().skip(1));
        pairs.map(|(a, b)| b - a).filter(|d| *d > 1).min().map(|um| um as f64 / 1000.0)
    }
}

impl fmt::Debug for StudyContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StudyContext(..)")
    }
}

impl StudyContext {
    /// An empty context.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty context at a site with its own rules about Patient IDs.
    pub fn with_rules(rules: IdRules) -> Self {
        Self { rules, ..Self::default() }
    }

    /// The context of a study of one instance.
    pub fn of(meta: &FileMeta, data: &DataSet) -> Self {
        let mut context = Self::new();
        context.add(meta, data);
        context
    }

    /// Takes in what one instance says about the study.
    pub fn add(&mut self, meta: &FileMeta, data: &DataSet) {
        self.identifiers.harvest(&meta.elements);
        self.identifiers.harvest(data);
        let dates = [tags::STUDY_DATE, tags::SERIES_DATE, tags::ACQUISITION_DATE, tags::CONTENT_DATE];
        // The study's own day, or the nearest thing to it that this instance has.
        self.days.extend(dates.iter().find_map(|tag| date::parse(&data.text(*tag)?)));
        self.add_person(Person::of(data, &self.rules));
        let shape = self.series.entry(data.uid(tags::SERIES_INSTANCE_UID).unwrap_or_default()).or_default();
        shape.instances += 1;
        shape.places.extend(place(data));
    }

    /// For a policy that retains identifiers of devices, institutions or UIDs: without those.
    pub(super) fn without_retained(&self, policy: &Policy) -> Self {
        let identifiers = self.identifiers.without(|tag| policy.retains(tag, rule::row(tag)));
        StudyContext { identifiers, ..self.clone() }
    }

    /// The day that day numbers count from: the earliest study date.
    pub(super) fn first_day(&self) -> Option<i64> {
        self.days.first().copied()
    }

    pub(super) fn series(&self, data: &DataSet) -> Option<&SeriesShape> {
        self.series.get(&data.uid(tags::SERIES_INSTANCE_UID).unwrap_or_default())
    }

    fn add_person(&mut self, person: Person) {
        if self.persons.contains(&person) {
            return;
        }
        self.several |= self.persons.len() >= PERSONS || self.persons.iter().any(|p| p.is_other(&person));
        if self.persons.len() < PERSONS {
            self.persons.insert(person);
        }
    }

    pub(super) fn several_patients(&self) -> bool {
        self.several
    }

    /// Who an instance of the study is about. Within one study the same examination is meant: what one instance leaves
    /// out (an issuer, an id, a birth date) the others say, unless the study is about several patients. Then each
    /// instance stands for itself, and so does one that names no study.
    pub(super) fn patient(&self, data: &DataSet) -> Person {
        let own = Person::of(data, &self.rules);
        let alone = self.several || data.uid(tags::STUDY_INSTANCE_UID).is_none();
        if alone { own } else { self.persons.iter().fold(own, Person::with) }
    }

    /// Who an item within a data set names; `None` where that is the patient around it.
    pub(super) fn named_in(&self, item: &DataSet, patient: &Person) -> Option<Person> {
        let named = Person::of(item, &self.rules);
        // An item often says less than the instance, or what a name was before: the same id is the same person.
        let other = if named.id.is_some() { !named.has_id_of(patient) } else { named.is_other(patient) };
        other.then_some(named)
    }

    /// What the patient's pseudonym and dates are made of. Where the patient cannot be told from others it is the
    /// study alone, so that no other patient shares them.
    pub(super) fn key(&self, patient: &Person, data: &DataSet, keys: &Keys) -> String {
        let least = if self.several { patient } else { &Person::default() };
        self.told(patient, keys).unwrap_or_else(|| least.key_within(&scope(data)))
    }

    /// The same of a person whom an item names; `study` is the data set around it.
    pub(super) fn key_of_named(&self, named: &Person, study: &DataSet, keys: &Keys) -> String {
        self.told(named, keys).unwrap_or_else(|| named.key_within(&scope(study)))
    }

    /// A key that tells the person from everybody, also within this study; what we de-identified before is its own.
    fn told(&self, person: &Person, keys: &Keys) -> Option<String> {
        let written = person.id.as_deref().or(person.first_group());
        if let Some(pseudonym) = written.filter(|text| keys.is_own_patient(text)) {
            return Some(pseudonym.to_owned());
        }
        let key = person.key()?;
        let taken = |p: &Person| p.is_other(person) && p.key().as_ref() == Some(&key);
        (!self.several || !self.persons.iter().any(taken)).then_some(key)
    }
}

/// Most sets of facts that are compared; a study that has more is about several patients whatever they say.
const PERSONS: usize = 64;

/// The study, or the nearest thing to it that the data set names, or its content.
fn scope(data: &DataSet) -> String {
    let uids = [tags::STUDY_INSTANCE_UID, tags::SERIES_INSTANCE_UID, tags::SOP_INSTANCE_UID];
    uids.iter().find_map(|tag| data.uid(*tag)).unwrap_or_else(|| {
        let content = dicom::encode_data_set(data).unwrap_or_default();
        blake3::hash(&content).to_hex().to_string()
    })
}

/// The position of a slice along its normal, in micrometres (PS3.3 section C.7.6.2).
fn place(data: &DataSet) -> Option<i64> {
    let position = data.decimals(tags::IMAGE_POSITION_PATIENT);
    let orientation = data.decimals(tags::IMAGE_ORIENTATION_PATIENT);
    let (&[x, y, z], &[a, b, c, d, e, f]) = (position.as_slice(), orientation.as_slice()) else {
        return None;
    };
    let normal = [b * f - c * e, c * d - a * f, a * e - b * d];
    let along = x * normal[0] + y * normal[1] + z * normal[2];
    (along.abs() < 1e9).then_some((along * 1000.0).round() as i64)
}
