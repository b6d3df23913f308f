//! Private attributes known to be safe: option Retain Safe Private, PS3.15 section E.3.10.
use super::StudyContext;
use super::keep::{self, Kept};
use super::text;
use dicom::{DataSet, Element, Tag, Vr};

/// A creator's group with its safe elements, by the lowest eight bits of their tags.
struct Block {
    creator: &'static str,
    group: u16,
    elements: &'static [(u8, Vr)],
}

/// Table E.3.10-1 but for what nobody can check: sequences, bulk binary, UIDs, long text and elements without a VR.
#[rustfmt::skip]
const SAFE: [Block; 20] = [
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

/// Longest text that is kept, in characters, and longest run of digits in it: more may be a number of somebody.
const LONGEST: usize = 16;
const DIGITS: usize = 4;

/// VRs in which a site may name a private attribute: those whose values can be checked.
const CHECKED: [Vr; 11] =
    [Vr::IS, Vr::DS, Vr::CS, Vr::SH, Vr::LO, Vr::US, Vr::SS, Vr::UL, Vr::SL, Vr::FL, Vr::FD];

/// A private attribute that a site knows to be safe, beside the table's. Its values are checked like theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Addition {
    pub creator: String,
    pub group: u16,
    /// The lowest eight bits of the tag.
    pub element: u8,
    pub vr: Vr,
}

impl Addition {
    /// From a profile: the creator, `0019,0C` or `0019,xx0C`, and the VR; or the key that is wrong.
    pub(super) fn read(creator: &str, tag: &str, vr: &str) -> Result<Self, &'static str> {
        let hex = |text: &str| u16::from_str_radix(text, 16).ok();
        let (group, element) = tag.split_once(',').ok_or("tag")?;
        let element = element.strip_prefix("xx").unwrap_or(element);
        let group = hex(group).filter(|g| group.len() == 4 && g % 2 == 1).ok_or("tag")?;
        let number = hex(element).filter(|_| element.len() == 2).and_then(|n| u8::try_from(n).ok());
        let vr = <[u8; 2]>::try_from(vr.as_bytes()).ok().and_then(Vr::from_bytes);
        let vr = vr.filter(|vr| CHECKED.contains(vr)).ok_or("vr")?;
        let creator = creator.trim();
        if creator.is_empty() || creator.len() > 64 {
            return Err("creator");
        }
        Ok(Addition { creator: creator.to_owned(), group, element: number.ok_or("tag")?, vr })
    }
}

/// The element to write for a private attribute of this level that is known to be safe, or for the creator of one;
/// `None` for every other. The VR is the table's, whatever was written (implicit syntaxes write none).
pub(super) fn safe(
    level: &DataSet,
    element: &Element,
    context: &StudyContext,
    more: &[Addition],
) -> Option<Element> {
    if element.tag.is_private_creator() {
        let block = element.tag.element();
        let inside = |e: &&Element| e.tag.group() == element.tag.group() && e.tag.element() >> 8 == block;
        let needed = level.iter().filter(inside).any(|e| attribute(level, e, context, more).is_some());
        let name = level.text(element.tag)?;
        return needed.then(|| Element::bytes(element.tag, Vr::LO, name.trim().as_bytes()));
    }
    attribute(level, element, context, more)
}

fn attribute(
    level: &DataSet,
    element: &Element,
    context: &StudyContext,
    more: &[Addition],
) -> Option<Element> {
    let tag = element.tag;
    let [block, number] = tag.element().to_be_bytes();
    let creator = level.text(Tag::new(tag.group(), u16::from(block)))?;
    let same = |name: &str, group: u16| group == tag.group() && name.eq_ignore_ascii_case(creator.trim());
    let listed = SAFE.iter().find(|b| same(b.creator, b.group)).map_or(&[][..], |b| b.elements);
    let listed = listed.iter().find(|(known, _)| *known == number).map(|(_, vr)| *vr);
    let added = || more.iter().find(|a| same(&a.creator, a.group) && a.element == number).map(|a| a.vr);
    let vr = listed.or_else(added)?;
    let bytes = element.as_bytes()?;
    let kept = match vr {
        Vr::IS | Vr::DS => keep::numbers(tag, vr, bytes, context),
        Vr::CS | Vr::SH | Vr::LO => {
            let text = text::decoded(level, element);
            let told = context.identifiers.found_in(&text) || context.identifiers.phrase_in(&text);
            return (!told && is_setting(&text)).then(|| Element::bytes(tag, vr, text.as_bytes()));
        }
        _ => keep::binary(tag, vr, element.vr, bytes),
    };
    match kept {
        Kept::Yes(new) => Some(new),
        Kept::Partly(_) | Kept::No => None,
    }
}

/// A short word or number of a device: no blank, no letter beyond ASCII, no long run of digits.
fn is_setting(text: &str) -> bool {
    let one = |value: &str| {
        let runs = value.split(|c: char| !c.is_ascii_digit());
        value.len() <= LONGEST
            && value.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'@' | b'^' | b'=' | b'\''))
            && runs.map(str::len).all(|run| run <= DIGITS)
    };
    text.split('\\').all(|value| text::is_closed(value) || one(value))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use super::*;
    use crate::{Keys, Policy, plan};
    use dicom::{FileMeta, TransferSyntax, tags};

    fn data(elements: &[(u16, u16, Vr, &[u8])]) -> DataSet {
        let mut data = DataSet::new();
        data.put_text(tags::SOP_CLASS_UID, Vr::UI, "1.2.840.10008.5.1.4.1.1.2");
        data.put_text(tags::PATIENT_NAME, Vr::PN, "Ravensworth^Ida");
        data.put_text(tags::PATIENT_ID, Vr::LO, "77120");
        for (group, element, vr, bytes) in elements {
            data.put(Element::bytes(Tag::new(*group, *element), *vr, bytes.to_vec()));
        }
        data
    }

    fn kept(policy: &Policy, data: &DataSet) -> Vec<(Tag, Vr)> {
        let meta = FileMeta::from_syntax(TransferSyntax::EXPLICIT_LE);
        let keys = Keys::from_bytes(&[7; 32]).unwrap();
        let made = plan(&meta, data, &StudyContext::of(&meta, data), policy, &keys);
        made.header.iter().filter(|e| e.tag.is_private()).map(|e| (e.tag, e.vr)).collect()
    }

    fn gems() -> DataSet {
        data(&[
            (0x0043, 0x0012, Vr::LO, b"GEMS_PARM_01"),
            (0x0043, 0x1227, Vr::UN, b"/0.984:1"),
            (0x0043, 0x1239, Vr::IS, b"800\\0\\0\\0 "),
            (0x0043, 0x1262, Vr::SH, b"FSE"),
            (0x0043, 0x0013, Vr::LO, b"SOMEBODY"),
            (0x0043, 0x1327, Vr::SH, b"/0.984:1"),
            (0x0009, 0x0010, Vr::LO, b"GEMS_IDEN_01"),
            (0x0009, 0x1001, Vr::LO, b"x"),
        ])
    }

    #[test]
    fn listed_attributes_stay_with_their_creator_and_the_table_s_vr() {
        let expected =
            [(0x0012, Vr::LO), (0x1227, Vr::SH), (0x1239, Vr::IS)].map(|(e, vr)| (Tag::new(0x0043, e), vr));
        assert_eq!(kept(&Policy::shifted_dates(), &gems()), expected);
        assert_eq!(kept(&Policy::strict(), &gems()), []);
    }

    #[test]
    fn a_listed_attribute_with_identity_in_it_goes_and_its_creator_with_it() {
        let values: [&[u8]; 7] =
            [b"Ravensworth", b"Ida", b"77120", b"20190304", b"two words", b"M\xfcller", b"a@b.org"];
        for value in values {
            let data = data(&[
                (0x0019, 0x0010, Vr::LO, b"GEMS_ACQU_01"),
                (0x0019, 0x109E, Vr::LO, value),
                (0x0019, 0x1023, Vr::DS, b"77120 "),
            ]);
            assert_eq!(kept(&Policy::shifted_dates(), &data), [], "{value:?}");
        }
    }

    #[test]
    fn text_in_place_of_listed_numbers_goes() {
        let data = data(&[
            (0x0019, 0x0010, Vr::LO, b"SIEMENS MR HEADER"),
            (0x0019, 0x100E, Vr::FD, b"Ravensworth, Ida, 4 Elm "),
            (0x0019, 0x100C, Vr::IS, b"Ida "),
        ]);
        assert_eq!(kept(&Policy::shifted_dates(), &data), []);
    }

    #[test]
    fn the_table_has_every_creator_once_a_group() {
        let names: std::collections::BTreeSet<_> =
            SAFE.iter().map(|b| (b.creator.to_ascii_uppercase(), b.group)).collect();
        assert_eq!(names.len(), SAFE.len());
        assert!(SAFE.iter().all(|b| b.group % 2 == 1 && b.elements.windows(2).all(|w| w[0].0 < w[1].0)));
    }
}
