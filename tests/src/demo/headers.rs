//! What the header of a file says, read by other code than ours: identifiers to search for, and what must be held.

use std::collections::BTreeSet;
use std::path::Path;

use dicom_object::{DefaultDicomObject, OpenFileOptions, Tag};
use fixtures::planted::Planted;

/// Attributes whose values identify, of those that real files carry (PS3.15 table E.1-1).
const IDENTIFIERS: [Tag; 24] = [
    Tag(0x0008, 0x0018),
    Tag(0x0008, 0x0050),
    Tag(0x0008, 0x0080),
    Tag(0x0008, 0x0081),
    Tag(0x0008, 0x0090),
    Tag(0x0008, 0x0092),
    Tag(0x0008, 0x1010),
    Tag(0x0008, 0x1048),
    Tag(0x0008, 0x1050),
    Tag(0x0008, 0x1070),
    Tag(0x0010, 0x0010),
    Tag(0x0010, 0x0020),
    Tag(0x0010, 0x0030),
    Tag(0x0010, 0x1000),
    Tag(0x0010, 0x1001),
    Tag(0x0010, 0x1040),
    Tag(0x0010, 0x2154),
    Tag(0x0010, 0x21B0),
    Tag(0x0018, 0x1000),
    Tag(0x0020, 0x000D),
    Tag(0x0020, 0x000E),
    Tag(0x0020, 0x0010),
    Tag(0x0020, 0x0052),
    Tag(0x0008, 0x0020),
];
const STUDY_UID: Tag = Tag(0x0020, 0x000D);
const MODALITY: Tag = Tag(0x0008, 0x0060);
const SOP_CLASS: Tag = Tag(0x0008, 0x0016);
const BURNED_IN: Tag = Tag(0x0028, 0x0301);
const CONVERSION: Tag = Tag(0x0008, 0x0064);
const PIXEL_DATA: Tag = Tag(0x7FE0, 0x0010);
/// Shorter values would be found by chance in compressed pixels.
const SHORTEST: usize = 6;
/// Fewer different characters, as in `0000000`, identify nobody and stand in many numbers.
const FEWEST_DIFFERENT: usize = 4;

/// Words that stand in place of a name and identify nobody; our own logs and pages use them too.
const NOBODY: [&str; 6] = ["operator", "technician", "unknown", "anonymous", "anonymized", "hospital"];

/// What one header says.
#[derive(Debug)]
pub(super) struct Header {
    /// Study Instance UID.
    pub study: String,
    /// Modality.
    pub modality: String,
    /// Identifiers in it.
    pub planted: Planted,
    /// Whether such an object must be held: secondary capture, ultrasound, video, documents, annotation YES.
    pub must_hold: bool,
}

/// Reads the header of a P10 file; `None` when it is none of a study.
pub(super) fn read(path: &Path) -> Option<Header> {
    let object = OpenFileOptions::new().read_until(PIXEL_DATA).open_file(path).ok()?;
    let study = text(&object, STUDY_UID).filter(|uid| !uid.is_empty())?;
    let modality = text(&object, MODALITY).unwrap_or_default();
    let mut planted = Planted::default();
    for tag in IDENTIFIERS {
        for value in text(&object, tag).iter().flat_map(|text| text.split('\\')) {
            let value = value.trim();
            let different: BTreeSet<char> = value.chars().collect();
            let nobody = NOBODY.contains(&value.to_lowercase().trim_matches('^'));
            if value.len() >= SHORTEST && different.len() >= FEWEST_DIFFERENT && !nobody {
                planted.plant(value);
            }
        }
    }
    let must_hold = must_hold(&object, &modality);
    Some(Header { study, modality, planted, must_hold })
}

fn text(object: &DefaultDicomObject, tag: Tag) -> Option<String> {
    let value = object.element_opt(tag).ok().flatten()?.to_str().ok()?;
    Some(value.trim_end_matches(['\0', ' ']).to_owned())
}

fn must_hold(object: &DefaultDicomObject, modality: &str) -> bool {
    let class = text(object, SOP_CLASS).unwrap_or_default();
    let storage = class.strip_prefix("1.2.840.10008.5.1.4.1.1.").unwrap_or("none");
    let family = storage.split('.').next().unwrap_or_default();
    // Secondary capture, ultrasound (and its retired classes), visible light, structured reports, documents.
    let risky_class = ["7", "3", "6", "77", "88", "104"].contains(&family);
    let risky_modality =
        ["", "US", "IVUS", "OT", "SC", "SR", "DOC", "ES", "XC", "GM", "SM"].contains(&modality);
    let annotated = text(object, BURNED_IN).is_some_and(|value| value == "YES");
    let converted = object.element_opt(CONVERSION).ok().flatten().is_some();
    risky_class || risky_modality || annotated || converted
}
