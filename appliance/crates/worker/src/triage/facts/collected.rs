//! What has been said of an image so far, and how attributes, codes and texts are read.

use super::claim::{Claim, Statement, Weight};
use super::part::Part;
use super::words::{CRANIAL, Meaning, meanings};
use dicom::{DataSet, Tag, tags};

/// Most statements of one image: far more than a sound header makes, and few enough to compare each with each.
const MOST: usize = 256;

/// What has been said so far, each thing once: in a multi-frame image every frame repeats it.
pub(super) struct Collected {
    statements: Vec<Statement<'static>>,
    /// The image is a slice: texts may name its plane.
    slice: bool,
}

impl Statement<'static> {
    /// In place of all that is left unsaid.
    fn too_much() -> Self {
        let words = "The header says more than can be weighed".to_owned();
        Self { words, claim: Claim::Unfit, weight: Weight::Hint }
    }
}

impl Collected {
    /// Nothing yet, of an image that is a slice or is not.
    pub(super) fn of(slice: bool) -> Self {
        Self { statements: Vec::new(), slice }
    }

    /// All that was said.
    pub(super) fn statements(self) -> Vec<Statement<'static>> {
        self.statements
    }

    pub(super) fn add(&mut self, weight: Weight, words: impl Into<String>, claim: Claim<'static>) {
        let statement = Statement { words: words.into(), claim, weight };
        if self.statements.len() > MOST || self.statements.contains(&statement) {
            return;
        }
        let full = self.statements.len() == MOST;
        self.statements.push(if full { Statement::too_much() } else { statement });
    }
}

/// The data set, and the items of a functional group, shared and of every frame (PS3.3 C.7.6.16.1): an attribute stands
/// in either.
pub(super) fn everywhere(data: &DataSet, group: Tag) -> impl Iterator<Item = &DataSet> {
    let groups = [tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE];
    let frames = groups.into_iter().flat_map(|g| data.items(g));
    std::iter::once(data).chain(frames.flat_map(move |frame| frame.items(group)))
}

/// A CS value in upper case; `None` when absent or empty.
pub(super) fn term(data: &DataSet, tag: Tag) -> Option<String> {
    data.text(tag).map(|text| text.to_uppercase())
}

const LONG_CODE_VALUE: Tag = Tag::new(0x0008, 0x0119);

/// Designators of SNOMED, today's and those before it (PS3.16 section 8.1).
const SNOMED: [&str; 5] = ["SCT", "SRT", "SNM3", "99SDM", "SNOMED"];

/// The code of an item when it is one of `scheme` (PS3.3 section 8.8).
fn code_of(item: &DataSet, schemes: &[&str]) -> Option<String> {
    let scheme = term(item, tags::CODING_SCHEME_DESIGNATOR)?;
    schemes
        .contains(&scheme.as_str())
        .then(|| term(item, tags::CODE_VALUE).or_else(|| term(item, LONG_CODE_VALUE)).unwrap_or_default())
}

/// A SNOMED code of an item.
pub(super) fn snomed(item: &DataSet) -> Option<String> {
    code_of(item, &SNOMED)
}

/// A code of DICOM's own dictionary (PS3.16 annex D).
pub(super) fn dcm(item: &DataSet) -> Option<String> {
    code_of(item, &["DCM"])
}

/// What Code Meaning, in whatever language, names.
pub(super) fn meant(item: &DataSet) -> Vec<&'static Meaning> {
    item.text(tags::CODE_MEANING).map(|text| meanings(&text)).unwrap_or_default()
}

/// The projections among meanings: their names, and every value of View Position that they stand for.
pub(super) fn views_of(found: &[&'static Meaning]) -> Option<(String, Vec<&'static str>)> {
    let views = found.iter().filter_map(|m| m.claim.view().map(|terms| (m.name, terms)));
    let (names, terms): (Vec<_>, Vec<_>) = views.unzip();
    (!names.is_empty()).then(|| (names.join(" and "), terms.concat()))
}

/// The regions among meanings: their names, and all that they cover together.
pub(super) fn regions_of(found: &[&'static Meaning]) -> Option<(String, Part<'static>)> {
    let regions = found.iter().filter_map(|m| m.claim.region().map(|mask| (m.name, mask)));
    let (mut names, masks): (Vec<_>, Vec<_>) = regions.unzip();
    names.dedup();
    let mask = masks.into_iter().fold(0, |all, mask| all | mask);
    (!names.is_empty()).then(|| (names.join(" and "), Part::named(mask)))
}

/// What is written once for a whole study: regions of images beside this one as well.
const OF_STUDY: [&str; 4] = [
    "Study Description",
    "Requested Procedure Description",
    "Procedure Code Sequence",
    "Requested Procedure Code Sequence",
];

/// What a text, or a meaning beside a code, names. Regions of a whole study, and planes (of reformatted slices beside
/// these), count where no code agrees.
pub(super) fn hint(source: &str, found: &[&'static Meaning], said: &mut Collected) {
    let slice = said.slice;
    let found: Vec<_> = found.iter().copied().filter(|m| slice || m.key != CRANIAL).collect();
    let mut name = |names: &str, claim: Claim<'static>| {
        let weight = match claim {
            Claim::Plane(_) => Weight::Faint,
            Claim::Region(_) if OF_STUDY.contains(&source) => Weight::Faint,
            _ => Weight::Hint,
        };
        said.add(weight, format!("{source} names {names}"), claim);
    };
    if let Some((names, terms)) = views_of(&found) {
        name(&names, Claim::View(terms));
    }
    if let Some((names, part)) = regions_of(&found) {
        name(&names, Claim::Region(part));
    }
    let planes = found.iter().filter_map(|m| m.claim.plane().map(|plane| (m.name, plane)));
    let (names, planes): (Vec<_>, Vec<_>) = planes.unzip();
    if slice && !planes.is_empty() {
        name(&names.join(" and "), Claim::Plane(planes));
    }
    for meaning in found.iter().filter(|m| m.claim.is_unfit()) {
        name(meaning.name, Claim::Unfit);
    }
}
