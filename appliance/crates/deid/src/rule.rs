//! Rows of table E.1-1 and how an attribute's type in its IOD resolves their conditional actions, PS3.15 section E.1.1.
use super::terms::{ActionCode, Basic, Row};
use super::{table, types};
use dicom::{Tag, tags};

/// How strongly an IOD wants an attribute: the types of PS3.5 section 7.4, conditional ones with their kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Type {
    /// 1 or 1C: a value must be there.
    One,
    /// 2 or 2C: may be empty.
    Two,
    /// 3 or not part of the IOD: may be absent.
    Three,
}

/// Where an attribute stands: the IOD by the SOP class, and the sequence around it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    iod: Option<u16>,
    parent: Option<Tag>,
    /// Inside a sequence that an option cleans: no text in it is taken for safe.
    cleaned: bool,
}

impl Place {
    pub(super) fn top(sop_class: &str) -> Self {
        let found = types::SOP_CLASSES.binary_search_by(|(uid, _)| (*uid).cmp(sop_class));
        let iod = found.ok().and_then(|i| types::SOP_CLASSES.get(i)).map(|(_, iod)| *iod);
        Place { iod, parent: None, cleaned: false }
    }

    pub(super) fn inside(self, sequence: Tag) -> Self {
        Place { parent: Some(sequence), ..self }
    }

    /// Inside a sequence that is cleaned (options Clean Structured Content and Clean Graphics).
    pub(super) fn inside_cleaned(self, sequence: Tag) -> Self {
        Place { cleaned: true, ..self.inside(sequence) }
    }

    pub(super) fn is_cleaned(self) -> bool {
        self.cleaned
    }

    pub(super) fn is_top(self) -> bool {
        self.parent.is_none()
    }

    /// The type here. In an unknown IOD every module counts.
    pub(super) fn type_of(self, tag: Tag) -> Type {
        if let Some(parent) = self.parent {
            let key = (parent.0, tag.0);
            let found = types::NESTED.binary_search_by(|(p, t, _)| (*p, *t).cmp(&key));
            return match found.ok().and_then(|i| types::NESTED.get(i)) {
                Some((_, _, kind)) => number(*kind),
                None if is_of_macro(tag) => Type::One,
                None => Type::Three,
            };
        }
        let of_module = |module: &[(u32, u8)]| {
            let found = module.binary_search_by(|(t, _)| t.cmp(&tag.0)).ok();
            found.and_then(|i| module.get(i)).map(|(_, kind)| number(*kind))
        };
        let strongest = match self.iod.and_then(|iod| types::IODS.get(usize::from(iod))) {
            Some(places) => places
                .iter()
                .filter_map(|m| types::MODULES.get(usize::from(*m)))
                .filter_map(|m| of_module(m))
                .min(),
            None => types::MODULES.iter().filter_map(|m| of_module(m)).min(),
        };
        strongest.unwrap_or(Type::Three)
    }
}

/// Attributes of type 1 or 1C of the macros that stand in any sequence: the code triplet (PS3.3 section 8.8) and the
/// items of a content tree (PS3.3 sections C.17.3 and C.18).
fn is_of_macro(tag: Tag) -> bool {
    const CONTENT: [u32; 6] = [0x0040_A010, 0x0040_A040, 0x0040_A043, 0x0040_A050, 0x0040_A160, 0x0040_A168];
    matches!(tag, tags::CODE_VALUE | tags::CODE_MEANING | tags::CODING_SCHEME_DESIGNATOR)
        || CONTENT.contains(&tag.0)
}

fn number(kind: u8) -> Type {
    match kind {
        1 => Type::One,
        2 => Type::Two,
        _ => Type::Three,
    }
}

/// The table's row for a tag; private attributes, curves and overlays by their repeating rows.
pub(super) fn row(tag: Tag) -> Option<&'static Row> {
    if tag.is_private() {
        return Some(&table::PRIVATE);
    }
    if tag.is_curve() {
        return Some(&table::CURVES);
    }
    if tag.is_overlay() && tag.element() == 0x3000 {
        return Some(&table::OVERLAY_DATA);
    }
    if tag.is_overlay() && tag.element() == 0x4000 {
        return Some(&table::OVERLAY_COMMENTS);
    }
    table::ROWS.binary_search_by(|r| r.tag.cmp(&tag.0)).ok().and_then(|i| table::ROWS.get(i))
}

/// Resolves a conditional action by the attribute's type: what the IOD needs is the least that stays. `Z` on an
/// attribute that must have a value becomes `D` (the table's note on Z: "or a dummy value").
pub(super) fn resolve(basic: Basic, kind: Type) -> ActionCode {
    match (basic, kind) {
        (Basic::X, _) => ActionCode::X,
        (Basic::D, _) => ActionCode::D,
        (Basic::U, _) => ActionCode::U,
        (Basic::K, _) => ActionCode::K,
        (Basic::C, _) => ActionCode::C,
        (Basic::Z, Type::One) => ActionCode::D,
        (Basic::Z, _) => ActionCode::Z,
        (Basic::XZ, Type::Three) => ActionCode::X,
        (Basic::XZ, Type::Two) => ActionCode::Z,
        (Basic::XZ, Type::One) => ActionCode::D,
        (Basic::XD, Type::Three) => ActionCode::X,
        (Basic::XD, Type::Two) => ActionCode::Z,
        (Basic::XD, Type::One) => ActionCode::D,
        (Basic::ZD, Type::One) => ActionCode::D,
        (Basic::ZD, _) => ActionCode::Z,
        (Basic::XZD, kind) => by_type(kind),
        (Basic::XZU, Type::Three) => ActionCode::X,
        (Basic::XZU, Type::Two) => ActionCode::Z,
        (Basic::XZU, Type::One) => ActionCode::U,
    }
}

/// The least that the type allows: remove, empty, or a dummy.
pub(super) fn by_type(kind: Type) -> ActionCode {
    match kind {
        Type::Three => ActionCode::X,
        Type::Two => ActionCode::Z,
        Type::One => ActionCode::D,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn the_table_is_whole_and_in_order() {
        assert_eq!(table::ROWS.len() + 4, 656);
        assert!(table::ROWS.windows(2).all(|w| w[0].tag < w[1].tag));
        assert!(types::SOP_CLASSES.windows(2).all(|w| w[0].0 < w[1].0));
        assert!(types::NESTED.windows(2).all(|w| (w[0].0, w[0].1) < (w[1].0, w[1].1)));
        assert!(types::MODULES.iter().all(|m| m.windows(2).all(|w| w[0].0 < w[1].0)));
        let count = |basic| table::ROWS.iter().filter(|r| r.basic == basic).count();
        assert_eq!(
            (count(Basic::X) + 4, count(Basic::D), count(Basic::U), count(Basic::Z)),
            (416, 93, 55, 42)
        );
    }

    #[test]
    fn conditional_actions_follow_the_type() {
        let ct = Place::top("1.2.840.10008.5.1.4.1.1.2");
        assert_eq!(ct.type_of(tags::STUDY_DATE), Type::Two);
        assert_eq!(ct.type_of(tags::SOP_INSTANCE_UID), Type::Three); // UIDs are not in the type table
        assert_eq!(ct.type_of(tags::IMAGE_TYPE), Type::One);
        let enhanced = Place::top("1.2.840.10008.5.1.4.1.1.2.1");
        assert_eq!(enhanced.type_of(tags::ACQUISITION_DATE_TIME), Type::One);
        assert_eq!(resolve(Basic::XZD, Type::One), ActionCode::D);
        assert_eq!(resolve(Basic::XZD, Type::Three), ActionCode::X);
        assert_eq!(resolve(Basic::Z, Type::One), ActionCode::D);
    }
}
