//! Applies the rules to every element at every level.
use super::account::Account;
use super::clean::clean;
use super::date;
use super::dummy::{dummy, empty};
use super::keep::{self, Kept};
use super::plan::RemovedValue;
use super::policy::{Dates, OptionSet, Policy};
use super::private;
use super::rule::{self, ActionCode, Place};
use super::text;
use super::{Keys, StudyContext};
use crate::dicom::{
    Charset, DataSet, Element, FileMeta, IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, Tag, Value,
    Vr, is_known, tags, vr_of,
};
use std::collections::BTreeMap;

/// Attributes that say what was done; ours replace those of the input.
const MARKS: [Tag; 6] = [
    tags::LONGITUDINAL_TEMPORAL_OFFSET_FROM_EVENT,
    tags::LONGITUDINAL_TEMPORAL_EVENT_TYPE,
    tags::PATIENT_IDENTITY_REMOVED,
    tags::DEIDENTIFICATION_METHOD,
    tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE,
    tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED,
];

/// The work on one instance.
pub(super) struct Transformer<'a> {
    context: &'a StudyContext,
    policy: &'a Policy,
    keys: &'a Keys,
    /// Our own output: its dates were shifted before.
    own: bool,
    place: Place,
    patient: String,
    /// SOP class and instance of the file meta: what the data set forgot to say.
    meta: (Option<String>, Option<String>),
    year: Option<i64>,
    account: Account<'a>,
}

impl<'a> Transformer<'a> {
    pub(super) fn new(
        data: &DataSet,
        meta: &FileMeta,
        context: &'a StudyContext,
        policy: &'a Policy,
        keys: &'a Keys,
        own: bool,
    ) -> Self {
        let class = data.uid(tags::SOP_CLASS_UID).or_else(|| meta.sop_class.clone()).unwrap_or_default();
        // Who the patient is, for pseudonym and date offset: the id, or what else there is.
        let patient = data
            .text(tags::PATIENT_ID)
            .or_else(|| {
                let name = data.text(tags::PATIENT_NAME)?;
                Some(format!("{name}\0{}", data.text(tags::PATIENT_BIRTH_DATE).unwrap_or_default()))
            })
            .or_else(|| data.uid(tags::STUDY_INSTANCE_UID))
            .unwrap_or_default();
        Transformer {
            context,
            policy,
            keys,
            own,
            place: Place::top(&class),
            patient,
            meta: (meta.sop_class.clone(), meta.sop_instance.clone()),
            year: context.first_day().map(|day| date::civil(day).0),
            account: Account::new(keys),
        }
    }

    /// Actions by count and removed values, sorted.
    pub(super) fn finish(self, header: &DataSet) -> (BTreeMap<ActionCode, u32>, Vec<RemovedValue>) {
        self.account.finish(header)
    }

    /// The new data set of the top level.
    pub(super) fn data_set(&mut self, data: &DataSet) -> DataSet {
        let mut header = self.level(data, self.place);
        // Both are of type 1 in every IOD; where they stand in the file meta alone, they are taken from there.
        for (tag, uid) in [(tags::SOP_CLASS_UID, &self.meta.0), (tags::SOP_INSTANCE_UID, &self.meta.1)] {
            if let Some(uid) = uid.as_deref().filter(|uid| !uid.is_empty() && header.uid(tag).is_none()) {
                let uid = if keep::is_standard_uid(uid) { uid.to_owned() } else { self.keys.uid(uid) };
                header.put_text(tag, Vr::UI, &uid);
            }
        }
        // Patient ID is of type 2 in every IOD; a patient without one still gets the same pseudonym everywhere.
        header.put_text(tags::PATIENT_ID, Vr::LO, &self.keys.patient(&self.patient));
        if keep::beyond_ascii(&header) {
            header.put_text(tags::SPECIFIC_CHARACTER_SET, Vr::CS, keep::UTF_8);
        }
        if header.get(tags::PATIENT_AGE).is_none()
            && let Some(years) = self.age_from_birth(data)
        {
            header.put_text(tags::PATIENT_AGE, Vr::AS, &format!("{years:03}Y"));
        }
        header
    }

    /// Values of the file meta that are not written again.
    pub(super) fn note_meta(&mut self, meta: &FileMeta) {
        for element in meta.elements.iter().chain(&meta.elements.duplicates) {
            let bytes = element.as_bytes().unwrap_or_default().trim_ascii_end();
            let bytes = bytes.strip_suffix(&[0]).unwrap_or(bytes);
            // Every output names our own software.
            let ours = bytes == IMPLEMENTATION_CLASS_UID.as_bytes()
                || bytes == IMPLEMENTATION_VERSION_NAME.as_bytes();
            if element.vr.is_text() && !ours {
                self.note(&meta.elements, element, element.vr);
            }
        }
    }

    fn age_from_birth(&self, data: &DataSet) -> Option<u8> {
        if self.own {
            return None;
        }
        let birth = date::parse(&data.text(tags::PATIENT_BIRTH_DATE)?)?;
        date::years_between(birth, date::parse(&data.text(tags::STUDY_DATE)?)?)
    }

    /// One level; recursion is bounded by the reader's depth limit.
    fn level(&mut self, data: &DataSet, place: Place) -> DataSet {
        let mut out = DataSet::new();
        out.charset = Charset::from_value(keep::UTF_8.as_bytes());
        for element in data.iter() {
            if let Some(new) = self.element(data, element, place) {
                out.put(new);
            }
        }
        for element in &data.duplicates {
            let vr = effective_vr(element);
            self.count(ActionCode::X);
            self.note(data, element, vr);
        }
        out
    }

    fn element(&mut self, level: &DataSet, element: &Element, place: Place) -> Option<Element> {
        let tag = element.tag;
        if MARKS.contains(&tag) {
            return None;
        }
        let vr = effective_vr(element);
        if tag == tags::SPECIFIC_CHARACTER_SET {
            return if place.is_top() { keep::charset(element, self.policy) } else { None };
        }
        if tag.is_private()
            && self.policy.options.has(OptionSet::RETAIN_SAFE_PRIVATE)
            && let Some(kept) = private::safe(level, element, self.context)
        {
            self.count(ActionCode::K);
            return Some(kept);
        }
        let action = self.action(tag, vr, place);
        match action {
            ActionCode::K if tag == tags::PATIENT_AGE => self.age(level, element),
            ActionCode::K => self.keep(level, element, vr, place),
            ActionCode::C if vr == Vr::SQ => self.clean_sequence(level, element, place),
            ActionCode::C if vr.is_text() && !matches!(vr, Vr::DA | Vr::DT | Vr::TM) => {
                self.clean_text(level, element, vr, place)
            }
            ActionCode::C => self.clean_date(level, element, vr, place),
            ActionCode::U => self.map_uids(level, element, vr, place),
            ActionCode::X | ActionCode::Z | ActionCode::D => self.take_out(level, element, vr, place, action),
        }
    }

    /// The action before the value is looked at.
    fn action(&self, tag: Tag, vr: Vr, place: Place) -> ActionCode {
        if keep::never(tag) || tag.is_private() {
            return ActionCode::X;
        }
        if let Some(row) = rule::row(tag) {
            let by_option = rule::by_option(row, tag, self.policy);
            return by_option.unwrap_or_else(|| rule::resolve(row.basic, place.type_of(tag)));
        }
        if !is_known(tag) {
            return ActionCode::X;
        }
        match vr {
            Vr::UI => ActionCode::U,
            Vr::PN => rule::by_type(place.type_of(tag)),
            Vr::DA | Vr::DT | Vr::TM => match self.policy.dates() {
                Dates::Removed => rule::by_type(place.type_of(tag)),
                Dates::Shifted => ActionCode::C,
            },
            Vr::LO | Vr::SH | Vr::ST | Vr::LT | Vr::UC | Vr::UT if place.is_cleaned() => ActionCode::C,
            _ => ActionCode::K,
        }
    }

    /// Keeps a value if it may be kept; otherwise as little of it as the type allows.
    fn keep(&mut self, level: &DataSet, element: &Element, vr: Vr, place: Place) -> Option<Element> {
        if let (Value::Items(items), Vr::SQ) = (&element.value, vr) {
            self.count(ActionCode::K);
            return Some(self.items(element.tag, items, place.inside(element.tag)));
        }
        match keep::value(level, element, vr, place, self.policy, self.context) {
            Kept::Yes(new) => {
                self.count(ActionCode::K);
                Some(new)
            }
            Kept::Partly(new) => {
                self.count(ActionCode::C);
                self.note(level, element, vr);
                Some(new)
            }
            Kept::No => {
                let least = rule::by_type(place.type_of(element.tag));
                self.take_out(level, element, vr, place, least)
            }
        }
    }

    /// Every item by its own rules.
    fn items(&mut self, tag: Tag, items: &[DataSet], inside: Place) -> Element {
        let items = items.iter().map(|item| self.level(item, inside)).collect();
        Element { tag, vr: Vr::SQ, value: Value::Items(items) }
    }

    /// A sequence that an option cleans: its items by their own rules, their texts word by word.
    fn clean_sequence(&mut self, level: &DataSet, element: &Element, place: Place) -> Option<Element> {
        match &element.value {
            Value::Items(items) => {
                self.count(ActionCode::C);
                Some(self.items(element.tag, items, place.inside_cleaned(element.tag)))
            }
            _ => self.take_out(level, element, Vr::SQ, place, rule::by_type(place.type_of(element.tag))),
        }
    }

    fn take_out(
        &mut self,
        level: &DataSet,
        element: &Element,
        vr: Vr,
        place: Place,
        action: ActionCode,
    ) -> Option<Element> {
        self.count(action);
        let tag = element.tag;
        // The patient is the same person in every instance: a pseudonym instead of nothing.
        if matches!(tag, tags::PATIENT_ID | tags::PATIENT_NAME) && !matches!(element.value, Value::Items(_)) {
            self.note(level, element, vr);
            return Some(Element::bytes(tag, vr, self.pseudonym(level, place).into_bytes()));
        }
        if action == ActionCode::D
            && let (Value::Items(items), Vr::SQ) = (&element.value, vr)
        {
            return Some(self.items(tag, items, place.inside(tag)));
        }
        self.note(level, element, vr);
        match action {
            ActionCode::X => None,
            ActionCode::D if vr == Vr::UI => self.mapped(level, element),
            ActionCode::D => {
                let year = element.as_bytes().and_then(|b| date::year(&String::from_utf8_lossy(b)));
                let year = if matches!(vr, Vr::DA | Vr::DT) { year.or(self.year) } else { None };
                Some(dummy(tag, vr, year))
            }
            _ => Some(empty(tag, vr)),
        }
    }

    fn pseudonym(&self, level: &DataSet, place: Place) -> String {
        let here = if place.is_top() { None } else { level.text(tags::PATIENT_ID) };
        self.keys.patient(here.as_deref().unwrap_or(&self.patient))
    }

    /// Age in whole years, 90 for 90 and above.
    fn age(&mut self, level: &DataSet, element: &Element) -> Option<Element> {
        match level.text(element.tag).and_then(|text| date::age_years(&text)) {
            Some(years) => {
                self.count(ActionCode::K);
                Some(Element::bytes(element.tag, Vr::AS, format!("{years:03}Y")))
            }
            None => {
                self.count(ActionCode::X);
                self.note(level, element, Vr::AS);
                None
            }
        }
    }

    /// Dates shifted by the patient's offset, times kept; what is no date or time gets the profile's action.
    fn clean_date(&mut self, level: &DataSet, element: &Element, vr: Vr, place: Place) -> Option<Element> {
        let tag = element.tag;
        let offset = if self.own { 0 } else { self.keys.date_offset(&self.patient) };
        let text = text::decoded(level, element);
        let values = text.split('\\');
        let cleaned: Option<Vec<String>> = match vr {
            _ if text.is_empty() => Some(Vec::new()),
            Vr::DA => values.map(|v| date::shift(v, offset).filter(|d| d.len() == 8)).collect(),
            Vr::DT => values.map(|v| date::shift(v, offset)).collect(),
            Vr::TM => values.map(|v| date::is_time(v).then(|| v.to_owned())).collect(),
            _ => None,
        };
        match cleaned {
            Some(values) => {
                self.count(ActionCode::C);
                if vr != Vr::TM && offset != 0 {
                    self.note(level, element, vr);
                }
                Some(Element::bytes(tag, vr, values.join("\\")))
            }
            None => {
                let kind = place.type_of(tag);
                let action = rule::row(tag).map_or(rule::by_type(kind), |row| rule::resolve(row.basic, kind));
                let action = if action == ActionCode::C { rule::by_type(kind) } else { action };
                self.take_out(level, element, vr, place, action)
            }
        }
    }

    /// Descriptions: words of the closed vocabulary stay (option Clean Descriptors).
    fn clean_text(&mut self, level: &DataSet, element: &Element, vr: Vr, place: Place) -> Option<Element> {
        let text = text::decoded(level, element);
        let values: Vec<&str> = if vr.is_single_text() { vec![&text] } else { text.split('\\').collect() };
        let cleaned: Vec<_> = values.iter().map(|v| clean(v, &self.context.identifiers)).collect();
        if cleaned.iter().all(|c| c.kept.is_empty()) {
            let kind = place.type_of(element.tag);
            let action =
                rule::row(element.tag).map_or(rule::by_type(kind), |row| rule::resolve(row.basic, kind));
            return self.take_out(level, element, vr, place, action);
        }
        self.count(ActionCode::C);
        for dropped in cleaned.iter().flat_map(|c| &c.dropped) {
            let mut part = DataSet::new();
            part.put_text(element.tag, vr, dropped);
            part.charset = Charset::from_value(keep::UTF_8.as_bytes());
            part.iter().for_each(|piece| self.account.note(&part, piece, vr));
        }
        let kept: Vec<&str> = cleaned.iter().map(|c| c.kept.as_str()).collect();
        Some(Element::bytes(element.tag, vr, kept.join("\\")))
    }

    fn map_uids(&mut self, level: &DataSet, element: &Element, vr: Vr, place: Place) -> Option<Element> {
        match (vr, &element.value) {
            (Vr::SQ, Value::Items(_)) => self.keep(level, element, vr, place),
            (Vr::UI, Value::Bytes(_)) => {
                let new = self.mapped(level, element)?;
                let same = new.as_bytes() == element.as_bytes();
                self.count(if same { ActionCode::K } else { ActionCode::U });
                if !same {
                    self.note(level, element, vr);
                }
                Some(new)
            }
            _ => {
                let least = rule::by_type(place.type_of(element.tag));
                self.take_out(level, element, vr, place, least)
            }
        }
    }

    fn mapped(&self, level: &DataSet, element: &Element) -> Option<Element> {
        let text = text::decoded(level, element);
        let values = text.split('\\').map(|uid| {
            let uid = uid.trim_matches(|c: char| c == '\0' || c.is_whitespace());
            if uid.is_empty() || keep::is_standard_uid(uid) { uid.to_owned() } else { self.keys.uid(uid) }
        });
        Some(Element::bytes(element.tag, Vr::UI, values.collect::<Vec<_>>().join("\\")))
    }

    fn count(&mut self, action: ActionCode) {
        self.account.count(action);
    }

    fn note(&mut self, level: &DataSet, element: &Element, vr: Vr) {
        self.account.note(level, element, vr);
    }
}

/// The VR to treat an element by: the dictionary's where it is definite and of another kind than the written one.
pub(super) fn effective_vr(element: &Element) -> Vr {
    let known = vr_of(element.tag);
    let same_kind = element.vr.is_text() == known.is_text() && (element.vr == Vr::SQ) == (known == Vr::SQ);
    match known {
        Vr::UN => element.vr,
        _ if element.vr == Vr::UN => known,
        _ if known.is_text() || !same_kind => known,
        _ => element.vr,
    }
}
