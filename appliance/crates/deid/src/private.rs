//! Values of private attributes known to be safe ([`SAFE_PRIVATE`]): option Retain Safe Private, PS3.15 section E.3.10.
use super::context::StudyContext;
use super::kept::SAFE_PRIVATE;
use super::policy::Addition;
use super::text::decoded;
use super::value_check::{Kept, binary, numbers};
use super::vocabulary::is_closed;
use dicom::{DataSet, Element, Tag, Vr};

/// Longest text that is kept, in characters, and longest run of digits in it: more may be somebody's number.
const LONGEST: usize = 16;
const DIGITS: usize = 4;

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
    let listed = SAFE_PRIVATE.iter().find(|b| same(b.creator, b.group)).map_or(&[][..], |b| b.elements);
    let listed = listed.iter().find(|(known, _)| *known == number).map(|(_, vr)| *vr);
    let added = || more.iter().find(|a| same(&a.creator, a.group) && a.element == number).map(|a| a.vr);
    let vr = listed.or_else(added)?;
    let bytes = element.as_bytes()?;
    let kept = match vr {
        Vr::IS | Vr::DS => numbers(tag, vr, bytes, context),
        Vr::CS | Vr::SH | Vr::LO => {
            let text = decoded(level, element);
            let told = context.identifiers.found_in(&text) || context.identifiers.phrase_in(&text);
            return (!told && is_setting(&text)).then(|| Element::bytes(tag, vr, text.as_bytes()));
        }
        _ => binary(tag, vr, element.vr, bytes),
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
    text.split('\\').all(|value| is_closed(value) || one(value))
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
            SAFE_PRIVATE.iter().map(|b| (b.creator.to_ascii_uppercase(), b.group)).collect();
        assert_eq!(names.len(), SAFE_PRIVATE.len());
        assert!(
            SAFE_PRIVATE.iter().all(|b| b.group % 2 == 1 && b.elements.windows(2).all(|w| w[0].0 < w[1].0))
        );
    }
}
