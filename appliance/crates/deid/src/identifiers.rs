//! The study's own identifiers: which attributes hold them, and whether a text names them.
use super::rule;
use super::terms::RemovedKind;
use super::text::{decoded, joined, tokens};
use super::vocabulary::is_closed;
use dicom::{DataSet, Tag, Vr};
use std::collections::{BTreeMap, BTreeSet};

/// Attributes whose value is an identifier although their VR does not say so.
const ID_TAGS: [u32; 34] = [
    0x0008_0050,
    0x0008_0094,
    0x0008_1010,
    0x0010_0020,
    0x0010_1000,
    0x0010_1090,
    0x0010_2154,
    0x0010_2155,
    0x0012_0040,
    0x0012_0042,
    0x0018_1000,
    0x0018_1004,
    0x0018_1005,
    0x0018_1007,
    0x0018_1008,
    0x0018_1010,
    0x0018_700A,
    0x0020_0010,
    0x0032_1033,
    0x0038_0010,
    0x0038_0011,
    0x0038_0060,
    0x0038_0061,
    0x0040_0009,
    0x0040_0241,
    0x0040_0242,
    0x0040_0253,
    0x0040_1001,
    0x0040_1008,
    0x0040_2008,
    0x0040_2009,
    0x0040_2010,
    0x0040_2016,
    0x0040_2017,
];

/// Institution, department, patient's and others' addresses, locations.
const PLACES: [u32; 12] = [
    0x0008_0080,
    0x0008_0081,
    0x0008_0092,
    0x0008_1040,
    0x0010_1040,
    0x0010_2150,
    0x0010_2152,
    0x0032_1020,
    0x0038_0300,
    0x0038_0400,
    0x0040_0011,
    0x0040_0243,
];

/// Shortest word and name, in letters, that are the same person's when one letter differs.
const NEAR: usize = 5;

/// Titles and the like in names: they identify no one.
const TITLES: [&str; 12] =
    ["MRS", "PROF", "MED", "VON", "VAN", "DER", "DEN", "SIR", "HON", "DIPL", "ING", "PHD"];

/// How a removed value is to be looked for.
pub(super) fn kind_of(tag: Tag, vr: Vr) -> RemovedKind {
    match vr {
        Vr::PN => RemovedKind::Name,
        Vr::DA | Vr::DT => RemovedKind::Date,
        Vr::UI => RemovedKind::Uid,
        _ if ID_TAGS.binary_search(&tag.0).is_ok() => RemovedKind::Id,
        _ => RemovedKind::Text,
    }
}

/// The study's own identifiers: names by component, ids as they are, dates. Identified.
#[derive(Clone, Default)]
pub(super) struct Identifiers {
    names: BTreeSet<String>,
    /// Parts of names of two letters: too short to be looked for in every value, looked for in free text.
    short: BTreeSet<String>,
    /// Neighbouring words of institutions, departments and addresses.
    places: BTreeSet<(String, String)>,
    ids: BTreeMap<String, BTreeSet<Tag>>,
    /// Texts of attributes that the profile takes out, as a whole: descriptions, institutions, addresses.
    phrases: BTreeMap<String, BTreeSet<Tag>>,
}

impl Identifiers {
    /// Takes in every name and id at every level of a data set.
    pub(super) fn harvest(&mut self, data: &DataSet) {
        data.walk(|level, element, _| {
            let vr = dicom::vr_of(element.tag);
            let vr = if vr == Vr::UN { element.vr } else { vr };
            match kind_of(element.tag, vr) {
                RemovedKind::Name => {
                    let text = decoded(level, element);
                    let (names, short): (Vec<_>, Vec<_>) = tokens(&text).partition(|t| names_somebody(t));
                    self.names.extend(names);
                    self.short.extend(short.into_iter().filter(|t| t.chars().count() == 2));
                }
                RemovedKind::Id => {
                    let text = decoded(level, element);
                    for id in text.split('\\').map(joined).filter(|id| id.len() >= 3) {
                        self.ids.entry(id).or_default().insert(element.tag);
                    }
                }
                RemovedKind::Text if taken_out(element.tag, vr) => {
                    let text = decoded(level, element);
                    if PLACES.contains(&element.tag.0) {
                        let words: Vec<String> = tokens(&text).collect();
                        self.places.extend(words.iter().cloned().zip(words.iter().skip(1).cloned()));
                    }
                    let open = text.split('\\').filter(|value| !is_closed(value));
                    for phrase in open.map(joined).filter(|t| t.chars().count() >= 5) {
                        self.phrases.entry(phrase).or_default().insert(element.tag);
                    }
                }
                _ => {}
            }
        });
    }

    /// Without the ids and texts that stand in retained attributes alone.
    pub(super) fn without(&self, retained: impl Fn(Tag) -> bool) -> Self {
        let mut rest = self.clone();
        rest.ids.retain(|_, tags| !tags.iter().all(|tag| retained(*tag)));
        rest.phrases.retain(|_, tags| !tags.iter().all(|tag| retained(*tag)));
        rest
    }

    /// The text holds a description, an institution or an address that the profile takes out elsewhere.
    pub(super) fn phrase_in(&self, text: &str) -> bool {
        let joined = joined(text);
        self.phrases.keys().any(|phrase| joined.contains(phrase.as_str()))
    }

    /// The text holds one of the study's names or ids, in any case, order and punctuation.
    pub(super) fn found_in(&self, text: &str) -> bool {
        if self.names.is_empty() && self.ids.is_empty() {
            return false;
        }
        tokens(text).any(|token| self.names.contains(&token) || self.ids.contains_key(&token))
            || text.split('\\').any(|value| self.ids.contains_key(&joined(value)))
            || self.ids.keys().any(|id| id.len() >= 6 && joined(text).contains(id.as_str()))
    }

    /// A word of free text is a part of two letters of one of the study's names.
    pub(super) fn short_in(&self, word: &str) -> bool {
        tokens(word).any(|token| self.short.contains(&token))
    }

    /// Two neighbouring words stand so in an institution's name or in an address of the study.
    pub(super) fn is_place(&self, first: &str, second: &str) -> bool {
        let last = tokens(first).last();
        let pair = last.zip(tokens(second).next());
        pair.is_some_and(|pair| self.places.contains(&pair))
    }

    /// A word of the text is one of the study's names but for one letter: written wrongly, or in another form.
    pub(super) fn nearly_in(&self, text: &str) -> bool {
        let long = |word: &str| word.chars().count() >= NEAR;
        let names = self.names.iter().filter(|name| long(name));
        tokens(text)
            .filter(|token| long(token))
            .any(|token| names.clone().any(|name| strsim::levenshtein(name, &token) <= 1))
    }
}

/// A text attribute that the profile does something to.
fn taken_out(tag: Tag, vr: Vr) -> bool {
    let words = vr.is_text() && !matches!(vr, Vr::DS | Vr::IS | Vr::TM | Vr::AS | Vr::CS);
    words && !tag.is_private() && rule::row(tag).is_some()
}

fn names_somebody(token: &str) -> bool {
    let long = if token.is_ascii() { token.len() >= 3 } else { true };
    long && !TITLES.contains(&token) && token.chars().any(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use super::*;
    use dicom::tags;

    #[test]
    fn own_names_and_ids_are_found_in_any_form() {
        let mut data = DataSet::new();
        data.put_text(tags::SPECIFIC_CHARACTER_SET, Vr::CS, "ISO_IR 192");
        data.put_text(tags::PATIENT_NAME, Vr::PN, "Müller^Head^^Dr");
        data.put_text(tags::PATIENT_ID, Vr::LO, "MRN-4711-99");
        let mut own = Identifiers::default();
        own.harvest(&data);
        for text in ["seen by mr. MULLER today", "head", "mrn 4711 99", "xMRN471199x"] {
            assert!(own.found_in(text), "{text}");
        }
        for text in ["Dr", "chest", "471"] {
            assert!(!own.found_in(text), "{text}");
        }
    }

    #[test]
    fn short_ids_are_found_as_words() {
        let mut data = DataSet::new();
        data.put_text(tags::ACCESSION_NUMBER, Vr::SH, "A-77");
        let mut own = Identifiers::default();
        own.harvest(&data);
        assert!(own.found_in("exam a77 done") && own.found_in("A 77") && !own.found_in("exam BA77 done"));
    }

    #[test]
    fn id_tags_are_in_order() {
        assert!(ID_TAGS.is_sorted());
    }
}
