//! Who a data set is about: the facts that tell one person from another, in one written form (PS3.3 section C.7.1.1).
//!
//! One place for pseudonym, date offset, holds, the vault and reception. A Patient ID counts within its issuer; an
//! empty id, or one that is written where none is known, is no id. How a fact is written does not count: padding, empty
//! components and groups of names, case, character set, the retired form of dates.
use super::date;
use super::placeholder::{IdRules, is_nobodys_birth, is_nobodys_name};
use dicom::{DataSet, Tag, keyword, tags};
use std::collections::BTreeMap;
use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// Groups of a name: alphabetic, ideographic, phonetic (PS3.5 section 6.2.1).
pub(super) const GROUPS: usize = 3;

/// Attributes by keyword with their original values as decoded text.
pub type Originals = BTreeMap<String, String>;

/// What is known of one person. What is missing says nothing: it fits everybody. Identified: `Debug` shows a stub.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Person {
    pub(super) id: Option<String>,
    pub(super) issuer: Issuer,
    pub(super) name: [Option<String>; GROUPS],
    /// `YYYYMMDD`.
    pub(super) birth: Option<String>,
    sex: Option<String>,
}

/// Who gave a Patient ID: by the site's own word, and by a name that is unique in the world (PS3.3 section C.7.1.1).
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Issuer {
    /// Issuer of Patient ID (0010,0021).
    pub local: Option<String>,
    /// Universal Entity ID (0040,0032) with its type, of Issuer of Patient ID Qualifiers Sequence (0010,0024).
    pub entity: Option<String>,
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Person(..)")
    }
}

impl Person {
    /// What a data set, or an item of one, says at its own level, without placeholders.
    pub fn of(data: &DataSet, rules: &IdRules) -> Self {
        let mut person = Self::as_written(data);
        person.id = person.id.filter(|id| !rules.is_placeholder(id));
        if person.id.is_none() || person.issuer.local.as_ref().is_some_and(|local| rules.is_own(local)) {
            person.issuer = Issuer::default();
        }
        person.without_nobody()
    }

    /// The same of attributes by keyword, as the vault keeps them under one pseudonym; there every id counts.
    pub(super) fn of_originals(originals: &Originals) -> Self {
        Self::gather(|tag| originals.get(keyword(tag)?).cloned()).without_nobody()
    }

    /// What a data set says, placeholders too.
    pub(super) fn as_written(data: &DataSet) -> Self {
        Self::gather(|tag| text_of(data, tag))
    }

    fn gather(text: impl Fn(Tag) -> Option<String>) -> Self {
        let filled = |tag| text(tag).map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
        let kind = filled(tags::UNIVERSAL_ENTITY_ID_TYPE).unwrap_or_default();
        let entity = filled(tags::UNIVERSAL_ENTITY_ID).map(|id| joined("entity", &[&kind, &id]));
        let birth = text(tags::PATIENT_BIRTH_DATE).and_then(|t| date::parse(&t)).map(date::format);
        Person {
            id: filled(tags::PATIENT_ID),
            issuer: Issuer { local: filled(tags::ISSUER_OF_PATIENT_ID), entity },
            name: text(tags::PATIENT_NAME).map(|name| groups(&name)).unwrap_or_default(),
            birth,
            sex: filled(tags::PATIENT_SEX)
                .map(|s| s.to_uppercase())
                .filter(|s| matches!(&**s, "M" | "F" | "O")),
        }
    }

    /// Without names and birth dates that are placeholders.
    fn without_nobody(mut self) -> Self {
        for group in &mut self.name {
            *group = group.take().filter(|name| !is_nobodys_name(name));
        }
        self.birth = self.birth.filter(|birth| !is_nobodys_birth(birth));
        self
    }

    /// Whether two sets of facts are of two persons.
    ///
    /// Two ids or two issuers are two persons. Under one id a name or a birth date alone may have been corrected, or
    /// changed by marriage: it takes two facts that differ, or one with nothing beside the id that agrees. Without an id
    /// in common every fact that differs counts.
    pub fn is_other(&self, other: &Person) -> bool {
        if differ(&self.id, &other.id) || self.issuer.is_other(&other.issuer) {
            return true;
        }
        let facts = [
            agreement(self.group_in_common(other)),
            agreement(self.birth.as_deref().zip(other.birth.as_deref())),
            agreement(self.sex.as_deref().zip(other.sex.as_deref())).filter(|same| !same),
        ];
        let count = |wanted: bool| facts.iter().flatten().filter(|same| **same == wanted).count();
        if self.has_id_of(other) {
            count(false) > 1 || (count(false) > 0 && count(true) == 0)
        } else {
            count(false) > 0
        }
    }

    /// Both have the same id, and no two issuers.
    pub(super) fn has_id_of(&self, other: &Person) -> bool {
        self.id.is_some() && self.id == other.id && !self.issuer.is_other(&other.issuer)
    }

    /// Both have the same issuer, or none.
    pub(super) fn has_issuer_of(&self, other: &Person) -> bool {
        self.issuer.name() == other.issuer.name()
    }

    /// These facts, and what another set knows beside them.
    pub(super) fn with(mut self, other: &Person) -> Self {
        // An issuer belongs to its id.
        if self.id.is_none() || self.id == other.id {
            fill(&mut self.id, &other.id);
            fill(&mut self.issuer.local, &other.issuer.local);
            fill(&mut self.issuer.entity, &other.issuer.entity);
        }
        self.name.iter_mut().zip(&other.name).for_each(|(mine, theirs)| fill(mine, theirs));
        fill(&mut self.birth, &other.birth);
        fill(&mut self.sex, &other.sex);
        self
    }

    /// What pseudonym and date offset are made of; `None` where too little is known. An id without an issuer is its own
    /// key, as it was before issuers counted; every other key begins with a NUL, which no id does.
    pub(super) fn key(&self) -> Option<String> {
        match (&self.id, self.issuer.name()) {
            (Some(id), None) => Some(id.clone()),
            (Some(id), Some(issuer)) => Some(joined("issued", &[id, issuer])),
            (None, _) => {
                let (name, birth) = (self.first_group()?, self.birth.as_ref()?);
                Some(joined("named", &[name, birth, self.sex.as_deref().unwrap_or_default()]))
            }
        }
    }

    /// A key from everything that is known, within `scope`, where the id is not enough or nothing is.
    pub(super) fn key_within(&self, scope: &str) -> String {
        let (id, birth, sex) = (self.id.as_deref(), self.birth.as_deref(), self.sex.as_deref());
        let parts = [Some(scope), id, self.issuer.name(), self.first_group(), birth, sex];
        joined("within", &parts.map(Option::unwrap_or_default))
    }

    pub(super) fn first_group(&self) -> Option<&str> {
        self.name.iter().flatten().next().map(String::as_str)
    }

    fn group_in_common<'a>(&'a self, other: &'a Person) -> Option<(&'a str, &'a str)> {
        let pairs = self.name.iter().zip(&other.name);
        pairs.filter_map(|(a, b)| a.as_deref().zip(b.as_deref())).next()
    }
}

impl Issuer {
    /// The name in the world, or else the site's word: both given name the same issuer (HL7 type HD).
    fn name(&self) -> Option<&str> {
        self.entity.as_deref().or(self.local.as_deref())
    }

    fn is_other(&self, other: &Issuer) -> bool {
        match (&self.entity, &other.entity) {
            (Some(a), Some(b)) => a != b,
            _ => differ(&self.local, &other.local),
        }
    }
}

/// A text of the patient at this level; the issuer's name in the world stands in an item.
pub(super) fn text_of(data: &DataSet, tag: Tag) -> Option<String> {
    match tag {
        tags::UNIVERSAL_ENTITY_ID | tags::UNIVERSAL_ENTITY_ID_TYPE => {
            data.items(tags::ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE).first()?.text(tag)
        }
        _ => data.text(tag),
    }
}

/// The groups of a name: composed, upper case, one blank between words, without empty components at the end.
fn groups(name: &str) -> [Option<String>; GROUPS] {
    let mut groups: [Option<String>; GROUPS] = Default::default();
    for (group, text) in groups.iter_mut().zip(name.split('=')) {
        let component = |part: &str| {
            let composed = part.nfkc().collect::<String>().to_uppercase();
            composed
                .split(|c: char| c.is_whitespace() || c.is_control())
                .filter(|w| !w.is_empty())
                .collect::<Vec<_>>()
                .join(" ")
        };
        let whole = text.split('^').map(component).collect::<Vec<_>>().join("^");
        *group =
            Some(whole.trim_end_matches('^').to_owned()).filter(|whole| !whole.trim_matches('^').is_empty());
    }
    groups
}

/// Parts with their lengths, so that no two lists look the same.
fn joined(kind: &str, parts: &[&str]) -> String {
    parts.iter().fold(format!("\0{kind}"), |text, part| format!("{text}\0{}:{part}", part.len()))
}

fn differ(a: &Option<String>, b: &Option<String>) -> bool {
    a.as_deref().zip(b.as_deref()).is_some_and(|(a, b)| a != b)
}

fn agreement(pair: Option<(&str, &str)>) -> Option<bool> {
    pair.map(|(a, b)| a == b)
}

fn fill(mine: &mut Option<String>, theirs: &Option<String>) {
    if mine.is_none() {
        mine.clone_from(theirs);
    }
}
