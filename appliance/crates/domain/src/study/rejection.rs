//! What a rejection note takes back: a Key Object Selection whose title is one of IHE's Imaging Object Change
//! Management (RAD TF-1 section 29; titles of PS3.16 CID 7011), read within bounds.

use std::collections::BTreeSet;

use dicom::{DataSet, Limits, Tag, read_data_set, tags};

/// Key Object Selection Document Storage.
pub const KEY_OBJECT_SELECTION: &str = "1.2.840.10008.5.1.4.1.1.88.59";
/// Longest note that is read, bytes.
pub const NOTE_MAX: u64 = 4 << 20;

const CONCEPT_NAME: Tag = Tag::new(0x0040, 0xA043);
const SCHEME: Tag = Tag::new(0x0008, 0x0102);
const EVIDENCE: Tag = Tag::new(0x0040, 0xA375);
const REFERENCED_SERIES: Tag = Tag::new(0x0008, 0x1115);
const REFERENCED_INSTANCES: Tag = Tag::new(0x0008, 0x1199);
const REFERENCED_INSTANCE: Tag = Tag::new(0x0008, 0x1155);

const LIMITS: Limits =
    Limits { bulk: 1 << 16, memory: 16 << 20, count: 200_000, depth: 16, inflated: 16 << 20 };
/// Instances one note may take back.
const INSTANCES_MAX: usize = 20_000;

/// Titles that take back, in the scheme DCM, and what they mean.
const TITLES: &[(&str, &str)] = &[
    ("113001", "rejected for quality reasons"),
    ("113037", "rejected for patient safety reasons"),
    ("113038", "rejected for an incorrect worklist entry"),
    ("113039", "rejected because its retention expired"),
];

/// What a note says. The UIDs are identifying.
#[derive(Clone, PartialEq, Eq)]
pub struct RejectionNote {
    /// The title's code value.
    pub code: &'static str,
    /// SOP Instance UIDs that it takes back.
    pub instances: BTreeSet<String>,
}

impl std::fmt::Debug for RejectionNote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RejectionNote").field("code", &self.code).finish_non_exhaustive()
    }
}

/// A key object selection that cannot be followed, or names more than is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key object selection cannot be read")]
pub struct Unreadable;

/// A title's meaning in words.
#[must_use]
pub fn rejection_words(code: &str) -> &'static str {
    TITLES.iter().find(|(known, _)| *known == code).map_or("rejected", |(_, words)| words)
}

/// Reads a key object selection; `None` when its title takes nothing back.
///
/// # Errors
/// [`Unreadable`]: it may have been a note, so a person should look.
pub fn read_rejection(bytes: &[u8], syntax: &str) -> Result<Option<RejectionNote>, Unreadable> {
    let parsed = read_data_set(bytes, syntax, &LIMITS).map_err(|_| Unreadable)?;
    if parsed.trailing > 0 {
        return Err(Unreadable);
    }
    let Some(code) = title(&parsed.data) else { return Ok(None) };
    let mut instances = BTreeSet::new();
    for study in parsed.data.items(EVIDENCE) {
        for series in study.items(REFERENCED_SERIES) {
            let named = series.items(REFERENCED_INSTANCES).iter().filter_map(|i| i.uid(REFERENCED_INSTANCE));
            instances.extend(named.filter(|uid| !uid.is_empty() && uid.len() <= 64));
        }
    }
    if instances.is_empty() || instances.len() > INSTANCES_MAX {
        return Err(Unreadable);
    }
    Ok(Some(RejectionNote { code, instances }))
}

fn title(data: &DataSet) -> Option<&'static str> {
    let name = data.items(CONCEPT_NAME).first()?;
    if name.text(SCHEME).as_deref().map(str::trim) != Some("DCM") {
        return None;
    }
    let code = name.text(tags::CODE_VALUE)?;
    TITLES.iter().find(|(known, _)| *known == code.trim()).map(|(known, _)| *known)
}

#[cfg(test)]
mod tests {
    use fixtures::scanner::implicit::rejection_note as note;

    use super::*;

    const IMPLICIT: &str = "1.2.840.10008.1.2";

    #[test]
    fn each_title_takes_back_what_the_evidence_names() {
        for (code, _) in TITLES {
            let read = read_rejection(&note(code, "DCM", &["1.2.3", "1.2.4"]), IMPLICIT);
            let expected = RejectionNote { code, instances: ["1.2.3".into(), "1.2.4".into()].into() };
            assert_eq!(read, Ok(Some(expected)));
        }
    }

    #[test]
    fn another_title_takes_nothing_back_and_half_a_note_is_no_note() {
        assert_eq!(read_rejection(&note("113000", "DCM", &["1.2.3"]), IMPLICIT), Ok(None));
        assert_eq!(read_rejection(&note("113001", "99LOCAL", &["1.2.3"]), IMPLICIT), Ok(None));
        assert_eq!(read_rejection(&note("113001", "DCM", &[]), IMPLICIT), Err(Unreadable));
        let whole = note("113038", "DCM", &["1.2.3", "1.2.4"]);
        for end in 1..whole.len() {
            let half = read_rejection(whole.get(..end).unwrap_or_default(), IMPLICIT);
            assert!(!matches!(half, Ok(Some(_))), "cut at {end}");
        }
    }
}
