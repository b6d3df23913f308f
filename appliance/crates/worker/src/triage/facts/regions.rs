//! What the header says of the part of the body.

use models::StudyFacts;
use models::accepts::tidy;
use models::manifest::Accepts;

use super::claim::{Claim, Statement, Weight};
use super::collected::{Collected, everywhere, hint, meant, regions_of, snomed};
use super::part::{Part, ROWS, by_term};
use super::words::meanings;
use dicom::{DataSet, Tag, tags};

/// The code of a phantom stands among the regions (PS3.16 CID 4009).
const PHANTOM: [&str; 3] = ["706342009", "R-FE0C7", "R-FE0C6"];

/// Body Part Examined (PS3.3 C.7.3.1). Only a defined term, or what the bundle names itself, can agree.
pub(super) fn given<'a>(facts: &StudyFacts, accepts: &'a Accepts) -> Option<Statement<'a>> {
    let value = facts.body_part.as_deref().map(tidy).filter(|value| !value.is_empty())?;
    let taken = accepts.body_part.iter().find(|term| **term == value);
    let (name, part) = match (taken, by_term(&value)) {
        (Some(term), _) => (term.clone(), Part::of_bundle(term)),
        (None, Some(row)) => (row.name.to_owned(), row.part()),
        (None, None) => regions_of(&meanings(&value))?,
    };
    Some(Statement {
        words: format!("Body Part Examined says {name}"),
        claim: Claim::Region(part),
        weight: Weight::Coded,
    })
}

const FRAME_ANATOMY_SEQUENCE: Tag = Tag::new(0x0020, 0x9071);
const PRIMARY_ANATOMIC_STRUCTURE_SEQUENCE: Tag = Tag::new(0x0008, 0x2228);

/// Anatomic Region Sequence (PS3.3 10.5, required in the DX Anatomy Imaged module, C.8.11.2), of Enhanced images in
/// Frame Anatomy Sequence (C.7.6.16.2.8).
pub(super) fn anatomic_region(data: &DataSet, said: &mut Collected) {
    let places = everywhere(data, FRAME_ANATOMY_SEQUENCE);
    for item in places.flat_map(|place| place.items(tags::ANATOMIC_REGION_SEQUENCE)) {
        coded("Anatomic Region Sequence", item, said);
    }
}

/// Primary Anatomic Structure Sequence (PS3.3 10.5): what in the region is of interest.
pub(super) fn primary_structure(data: &DataSet, said: &mut Collected) {
    let places = everywhere(data, FRAME_ANATOMY_SEQUENCE);
    for item in places.flat_map(|place| place.items(PRIMARY_ANATOMIC_STRUCTURE_SEQUENCE)) {
        coded("Primary Anatomic Structure Sequence", item, said);
    }
}

/// A code that the table has counts as such, and its meaning as text beside it; of another code the meaning counts.
fn coded(source: &str, item: &DataSet, said: &mut Collected) {
    let code = snomed(item);
    if code.as_deref().is_some_and(|code| PHANTOM.contains(&code)) {
        return said.add(Weight::Coded, format!("{source} says a phantom"), Claim::Unfit);
    }
    let known = code.and_then(|code| ROWS.iter().find(|row| row.codes.contains(&code.as_str())));
    let found = meant(item);
    let meaning = item.text(tags::CODE_MEANING).map(|text| tidy(&text));
    if let Some(row) = known {
        said.add(Weight::Coded, format!("{source} says {}", row.name), Claim::Region(row.part()));
        hint(&format!("The meaning in {source}"), &found, said);
    } else if let Some(row) = meaning.as_deref().and_then(by_term) {
        said.add(Weight::Coded, format!("{source} says {}", row.name), Claim::Region(row.part()));
    } else if let Some((names, part)) = regions_of(&found) {
        said.add(Weight::Coded, format!("{source} says {names}"), Claim::Region(part));
    } else {
        let words = format!("{source} holds a code that is not known here");
        said.add(Weight::Faint, words, Claim::Region(Part::unknown()));
    }
}
