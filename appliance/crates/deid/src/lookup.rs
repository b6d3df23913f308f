//! A patient of the vault looked up by the Patient ID.
use super::person::{Originals, Person};
use super::reidentification_map::ReidentificationMap;
use dicom::{Tag, keyword, tags};

/// What the vault has of a Patient ID.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// One person's pseudonyms; empty: the id is not in the vault.
    One(Vec<String>),
    /// More than one person has it.
    Several,
}

/// Pseudonyms of the patient with this id among all that the vault knows. The id is written as HL7 does (type CX): `ID`,
/// `ID^^^ISSUER` or `ID^^^ISSUER&1.2.3&ISO`; `ID^^^` is the id without an issuer. Without the carets any issuer will do,
/// as long as one person alone has the id.
pub fn find(known: &ReidentificationMap, identifier: &str) -> Found {
    let (id, issuer) = match identifier.split_once("^^^") {
        Some((id, issuer)) => (id, Some(issuer)),
        None => (identifier, None),
    };
    let mut parts = issuer.unwrap_or_default().split('&');
    let texts = [
        (tags::PATIENT_ID, Some(id)),
        (tags::ISSUER_OF_PATIENT_ID, parts.next()),
        (tags::UNIVERSAL_ENTITY_ID, parts.next()),
        (tags::UNIVERSAL_ENTITY_ID_TYPE, parts.next()),
    ];
    let written = |(tag, text): (Tag, Option<&str>)| Some((keyword(tag)?.to_owned(), text?.to_owned()));
    let wanted = Person::of_originals(&texts.into_iter().filter_map(written).collect::<Originals>());
    let persons: Vec<(&String, Person)> = known
        .0
        .iter()
        .map(|(pseudonym, back)| (pseudonym, Person::of_originals(&back.attributes)))
        .filter(|(_, person)| person.has_id_of(&wanted))
        .filter(|(_, person)| issuer.is_none() || person.has_issuer_of(&wanted))
        .collect();
    let several = persons.iter().any(|(_, a)| persons.iter().any(|(_, b)| a.is_other(b)));
    if several { Found::Several } else { Found::One(persons.into_iter().map(|(p, _)| p.clone()).collect()) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use super::*;
    use crate::PatientEntry;

    fn vault(patients: &[(&str, &[(&str, &str)])]) -> ReidentificationMap {
        let of =
            |texts: &[(&str, &str)]| texts.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let back = |texts| PatientEntry { attributes: of(texts), ..PatientEntry::default() };
        ReidentificationMap(patients.iter().map(|(name, texts)| ((*name).to_owned(), back(texts))).collect())
    }

    #[test]
    fn an_id_of_two_persons_is_found_with_its_issuer_alone() {
        let (bo, ada) = (("PatientName", "Andersson^Bo"), ("PatientName", "Zyxwort^Ada"));
        let (id, entity) = (("PatientID", "12345"), ("UniversalEntityID", "1.2.3"));
        let known = vault(&[
            ("PA", &[id, bo, ("IssuerOfPatientID", "HOSPITAL-A"), ("PatientBirthDate", "19400101")]),
            ("PA2", &[id, bo, ("IssuerOfPatientID", "HOSPITAL-A ")]),
            ("PB", &[id, ada, entity, ("UniversalEntityIDType", "ISO")]),
            ("PC", &[("PatientID", "77"), bo]),
        ]);
        let one = |names: &[&str]| Found::One(names.iter().map(|n| (*n).to_owned()).collect());
        assert_eq!(find(&known, "12345"), Found::Several);
        assert_eq!(find(&known, "12345^^^HOSPITAL-A"), one(&["PA", "PA2"]), "under two keys");
        assert_eq!(find(&known, "12345^^^&1.2.3&ISO"), one(&["PB"]));
        assert_eq!(find(&known, "12345^^^"), one(&[]));
        assert_eq!(find(&known, "77"), one(&["PC"]));
        assert_eq!(find(&known, "77^^^"), one(&["PC"]));
        assert_eq!(find(&known, "nobody"), one(&[]));
    }
}
