//! Which attributes are kept, and why: the one place to look and to change.
//!
//! In this order, for every element at every level ([`action`]):
//! 1. never, not even by a site's profile: [`never`], and private attributes but those of [`SAFE_PRIVATE`] or the site's own;
//! 2. the site's profile, which cannot keep what is of a person ([`is_of_person`]);
//! 3. the option columns of table E.1-1 (PS3.15; the data is in `table.rs`);
//! 4. its Basic Profile column, resolved by the attribute's type in its IOD (`rule.rs`, `types.rs`);
//! 5. what the table does not name: by the VR. Attributes that the standard does not know go, names go, dates go or are
//!    shifted, UIDs are replaced, open text is cleaned or must be of the vocabulary, codes and numbers stay.
//!
//! A kept attribute still loses a value that does not look as it should: `value_check.rs`.
use super::policy::Policy;
use super::rule::{Place, by_type, resolve, row};
use super::terms::{ActionCode, Basic, Dates, OptionSet, Row, Rule};
use dicom::{Tag, Vr, is_known, tags};

/// The action on an attribute before its value is looked at, and the rule behind it. `references`: references to other
/// images stay, with replaced UIDs.
pub(super) fn action(
    tag: Tag,
    vr: Vr,
    place: Place,
    policy: &Policy,
    references: bool,
) -> (ActionCode, Rule) {
    if never(tag) || tag.is_private() {
        return (ActionCode::X, Rule::Unknown);
    }
    let kind = place.type_of(tag);
    match policy.deviations.get(&tag) {
        // As far as the IOD can do without it.
        Some(ActionCode::X) => return (by_type(kind), Rule::Site),
        Some(ActionCode::Z) => return (resolve(Basic::Z, kind), Rule::Site),
        Some(action) => return (*action, Rule::Site),
        None => {}
    }
    if let Some(row) = row(tag) {
        return match by_option(row, tag, policy.options, references) {
            Some(action) => (action, Rule::Option),
            None => (resolve(row.basic, kind), Rule::Table),
        };
    }
    if !is_known(tag) {
        return (ActionCode::X, Rule::Unknown);
    }
    let action = match vr {
        Vr::UI if policy.options.has(OptionSet::RETAIN_UIDS) => ActionCode::K,
        Vr::UI => ActionCode::U,
        Vr::PN => by_type(kind),
        Vr::DA | Vr::DT | Vr::TM => match policy.dates() {
            Dates::Removed => by_type(kind),
            Dates::Shifted => ActionCode::C,
            Dates::Kept => ActionCode::K,
        },
        Vr::LO | Vr::SH | Vr::ST | Vr::LT | Vr::UC | Vr::UT if place.is_cleaned() => ActionCode::C,
        // Attributes that no table names are treated as free text.
        Vr::LO | Vr::SH | Vr::ST | Vr::LT | Vr::UC | Vr::UT
            if policy.options.has(OptionSet::CLEAN_DESCRIPTORS) && !is_setting_of_device(tag) =>
        {
            ActionCode::C
        }
        Vr::UR => by_type(kind),
        _ => ActionCode::K,
    };
    (action, Rule::NotInTable)
}

/// The row's action under a policy's options, where one of them changes it. `references`: references to other images
/// stay, with replaced UIDs.
fn by_option(row: &Row, tag: Tag, mut options: OptionSet, references: bool) -> Option<ActionCode> {
    if !CHARACTERISTICS.contains(&tag) {
        options = OptionSet(options.0 & !OptionSet::RETAIN_PATIENT_CHARACTERISTICS.0);
    }
    if row.basic == Basic::XZU && references {
        Some(ActionCode::U)
    } else if row.keep & options.0 != 0 {
        Some(ActionCode::K)
    } else if row.clean & options.0 != 0 {
        Some(ActionCode::C)
    } else {
        None
    }
}

/// Attributes that never stay, whatever the table says: other groups than those of data sets, group lengths,
/// delimiters, padding, overlays as a whole (their planes go, so their descriptions would describe nothing),
/// icons, and the issuer's name in the world, which the table forgot beside Issuer of Patient ID.
pub(super) fn never(tag: Tag) -> bool {
    tag.group() < 8
        || tag.group() >= 0xFFF0
        || tag.is_group_length()
        || tag.is_overlay()
        || tag.is_curve()
        || tag == tags::ICON_IMAGE_SEQUENCE
        || tag == tags::ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE
}

/// Numbers and addresses of the patient and of other persons.
const OF_PERSONS: [u32; 9] = [
    0x0008_0050, // Accession Number
    0x0008_0092, // Referring Physician's Address
    0x0008_0094, // Referring Physician's Telephone Numbers
    0x0010_0020, // Patient ID
    0x0010_1000, // Other Patient IDs
    0x0010_1040, // Patient's Address
    0x0010_2154, // Patient's Telephone Numbers
    0x0010_2155, // Patient's Telecom Information
    0x0040_1103, // Person's Telephone Numbers
];

/// No profile of a site keeps this attribute: a name, a number or an address of a person.
pub(super) fn is_of_person(tag: Tag, vr: Vr) -> bool {
    vr == Vr::PN || OF_PERSONS.contains(&tag.0)
}

/// The Retain Patient Characteristics attributes that this software keeps; the option allows more.
const CHARACTERISTICS: [Tag; 4] =
    [tags::PATIENT_SEX, tags::PATIENT_AGE, tags::PATIENT_SIZE, tags::PATIENT_WEIGHT];

/// One of the characteristics of the patient that are kept: numbers and codes, never open text.
pub(super) fn is_characteristic(tag: Tag) -> bool {
    CHARACTERISTICS.contains(&tag)
}

/// Text attributes that no table names and that devices fill: makers, models, software, kernels, sequences, filters,
/// coils, and what holds codes together. They stay unless the study's own identifiers are in them.
pub(super) fn is_setting_of_device(tag: Tag) -> bool {
    const SETTINGS: [u32; 23] = [
        0x0008_0070, // Manufacturer
        0x0008_0100, // Code Value
        0x0008_0102, // Coding Scheme Designator
        0x0008_0103, // Coding Scheme Version
        0x0008_1090, // Manufacturer's Model Name
        0x0018_0024, // Sequence Name
        0x0018_1020, // Software Versions
        0x0018_1160, // Filter Type
        0x0018_11A4, // Paddle Description
        0x0018_1210, // Convolution Kernel
        0x0018_1250, // Receive Coil Name
        0x0018_1251, // Transmit Coil Name
        0x0018_5020, // Processing Function
        0x0018_7050, // Filter Material
        0x0018_9005, // Pulse Sequence Name
        0x0018_9041, // Receive Coil Manufacturer Name
        0x0018_9050, // Transmit Coil Manufacturer Name
        0x0018_9316, // Convolution Kernel Group
        0x0028_1055, // Window Center & Width Explanation
        0x0028_3003, // LUT Explanation
        0x0040_08EA, // Measurement Units Code Sequence
        0x0054_1103, // Reconstruction Method
        0x0054_1104, // Detector Lines of Response Used
    ];
    SETTINGS.contains(&tag.0)
}

/// Binary attributes that carry image, waveform or table data and no text (PS3.6).
pub(super) fn is_payload(tag: Tag, place: Place) -> bool {
    match tag.group() {
        0x7FE0 => place.is_top(),
        0x0028 => matches!(tag.element(), 0x1201..=0x1204 | 0x1221..=0x1223 | 0x3006 | 0x1408),
        0x5400 => matches!(tag.element(), 0x0110 | 0x0112 | 0x100A | 0x1010),
        0x5600 => true,
        0x0066 => true,
        0x0022 => true,
        _ => false,
    }
}

/// A UID of the standard itself, by form: the DICOM root and short components (PS3.6 annex A). Form, because a
/// list would be old by next year, and short, because nothing personal fits into it.
pub(super) fn is_standard_uid(uid: &str) -> bool {
    uid.len() <= 40
        && uid.strip_prefix("1.2.840.10008.").is_some_and(|rest| {
            rest.split('.').all(|c| (1..=4).contains(&c.len()) && c.bytes().all(|b| b.is_ascii_digit()))
        })
}

/// A UID that may stay where this attribute has it: one of the standard itself. What names a study, a series, an
/// instance or a frame of reference identifies, even when it borrows DICOM's own root; well-known frames of reference do not.
pub(super) fn is_public_uid(tag: Tag, uid: &str) -> bool {
    const NAMING: [u32; 5] = [0x0008_0018, 0x0020_000D, 0x0020_000E, 0x0020_0052, 0x0008_1155];
    const FRAMES: &str = "1.2.840.10008.1.4.";
    is_standard_uid(uid) && (!NAMING.contains(&tag.0) || uid.starts_with(FRAMES))
}

/// A creator's group with its safe elements, by the lowest eight bits of their tags.
pub(super) struct Block {
    pub creator: &'static str,
    pub group: u16,
    pub elements: &'static [(u8, Vr)],
}

/// Table E.3.10-1 but for what cannot be checked: sequences, bulk binary, UIDs, long text and elements without a VR.
#[rustfmt::skip]
pub(super) const SAFE_PRIVATE: [Block; 20] = [
    // Dose length product, acquisition duration; phantom; acquisition type, table velocity, pitch, rotation time.
    Block { creator: "ELSCINT1", group: 0x00E1, elements: &[(0x21, Vr::DS), (0x50, Vr::DS)] },
    Block { creator: "ELSCINT1", group: 0x01E1, elements: &[(0x26, Vr::CS)] },
    Block { creator: "ELSCINT1", group: 0x01F1, elements: &[(0x01, Vr::CS), (0x07, Vr::DS), (0x26, Vr::DS), (0x27, Vr::DS)] },
    // Reject, significant and confidential flags.
    Block { creator: "GEIIS PACS", group: 0x0903, elements: &[(0x10, Vr::US), (0x11, Vr::US), (0x12, Vr::US)] },
    // Table speed, mid scan time, rotation speed, pulse sequence.
    Block { creator: "GEMS_ACQU_01", group: 0x0019, elements: &[(0x23, Vr::DS), (0x24, Vr::DS), (0x27, Vr::DS), (0x9E, Vr::LO)] },
    // Macro rows of the detector and their width.
    Block { creator: "GEMS_HELIOS_01", group: 0x0045, elements: &[(0x01, Vr::SS), (0x02, Vr::FL)] },
    // Pitch ratio, B value, table entry and gradient coil.
    Block { creator: "GEMS_PARM_01", group: 0x0043, elements: &[(0x27, Vr::SH), (0x39, Vr::IS), (0x6F, Vr::DS)] },
    // Images in series.
    Block { creator: "GEMS_SERS_01", group: 0x0025, elements: &[(0x07, Vr::SL)] },
    // Codec version and content type.
    Block { creator: "HOLOGIC, Inc.", group: 0x7E01, elements: &[(0x01, Vr::LO), (0x02, Vr::SH)] },
    // Return code, measure, units, intracranial volume; volumes of the brain's parts.
    Block { creator: "NQHeader", group: 0x0099, elements: &[(0x04, Vr::SS), (0x10, Vr::FL), (0x20, Vr::SH), (0x21, Vr::FL)] },
    Block { creator: "NQLeft", group: 0x0199, elements: &PARTS },
    Block { creator: "NQRight", group: 0x0299, elements: &PARTS },
    // Diffusion b-factor and direction; scale intercept and slope.
    Block { creator: "Philips Imaging DD 001", group: 0x2001, elements: &[(0x03, Vr::FL), (0x04, Vr::CS)] },
    Block { creator: "Philips MR Imaging DD 001", group: 0x2005, elements: &[(0x0D, Vr::FL), (0x0E, Vr::FL)] },
    // SUV factor, activity concentration factor.
    Block { creator: "Philips PET Private Group", group: 0x7053, elements: &[(0x00, Vr::DS), (0x09, Vr::DS)] },
    // B value, diffusion directionality, gradient direction, B matrix.
    Block { creator: "SIEMENS MR HEADER", group: 0x0019, elements: &[(0x0C, Vr::IS), (0x0D, Vr::CS), (0x0E, Vr::FD), (0x27, Vr::FD)] },
    // Version, offsets and lengths of acoustic data, stream number and type, volume rate; object type; regions; times.
    Block { creator: "SIEMENS Ultrasound SC2000", group: 0x0119, elements: &[(0x00, Vr::LO), (0x05, Vr::UL), (0x06, Vr::UL), (0x07, Vr::UL), (0x08, Vr::UL), (0x09, Vr::SS), (0x10, Vr::SH), (0x13, Vr::IS)] },
    Block { creator: "SIEMENS Ultrasound SC2000", group: 0x0129, elements: &[(0x30, Vr::CS)] },
    Block { creator: "SIEMENS Ultrasound SC2000", group: 0x0139, elements: &[(0x01, Vr::SL)] },
    Block { creator: "SIEMENS Ultrasound SC2000", group: 0x0149, elements: &[(0x01, Vr::FD), (0x02, Vr::FD), (0x03, Vr::FD)] },
];

/// NQLeft and NQRight number the brain's parts alike.
#[rustfmt::skip]
const PARTS: [(u8, Vr); 22] = [
    (0x01, Vr::FL), (0x02, Vr::FL), (0x03, Vr::FL), (0x04, Vr::FL), (0x05, Vr::FL), (0x06, Vr::FL), (0x07, Vr::FL), (0x08, Vr::FL), (0x09, Vr::FL), (0x0A, Vr::FL), (0x0B, Vr::FL), (0x0C, Vr::FL), (0x0D, Vr::FL), (0x0E, Vr::FL), (0x0F, Vr::FL), (0x10, Vr::FL), (0x11, Vr::FL), (0x12, Vr::FL), (0x13, Vr::FL), (0x14, Vr::FL), (0x15, Vr::FL), (0x16, Vr::FL)
];
