//! Values that are changed instead of taken out: ages, dates, free text, UIDs.
use super::apply::{Subject, Transformer};
use super::clean::clean;
use super::date;
use super::kept::is_public_uid;
use super::terms::{ActionCode, OptionSet, Rule};
use super::text::{UTF_8, decoded};
use super::value_check::{is_code, is_meaning, is_uid};
use dicom::{Charset, DataSet, Element, Value, Vr};

impl Transformer<'_> {
    /// Age in whole years, 90 for 90 and above.
    pub(super) fn age(&mut self, subject: &Subject<'_>) -> Option<Element> {
        let tag = subject.tag();
        match subject.level.text(tag).and_then(|text| date::age_years(&text)) {
            Some(years) => {
                self.count(subject, ActionCode::K);
                Some(Element::bytes(tag, Vr::AS, format!("{years:03}Y")))
            }
            None => {
                let subject = Subject { vr: Vr::AS, ..*subject };
                self.count(&subject, ActionCode::X);
                self.note(&subject);
                None
            }
        }
    }

    /// Dates shifted by the patient's offset, times kept; what is no date or time gets the profile's action.
    pub(super) fn clean_date(&mut self, subject: &Subject<'_>) -> Option<Element> {
        let Subject { level, element, vr, .. } = *subject;
        let offset = if self.own { 0 } else { self.keys.date_offset(&self.patient) };
        let text = decoded(level, element);
        let values = text.split('\\');
        let cleaned: Option<Vec<String>> = match vr {
            _ if matches!(element.value, Value::Items(_)) => None,
            _ if text.is_empty() => Some(Vec::new()),
            Vr::DA => values.map(|v| date::shift(v, offset).filter(|d| d.len() == 8)).collect(),
            Vr::DT => values.map(|v| date::shift(v, offset)).collect(),
            Vr::TM => values.map(|v| date::is_time(v).then(|| v.to_owned())).collect(),
            _ => None,
        };
        match cleaned {
            Some(values) => {
                self.count(subject, ActionCode::C);
                if vr != Vr::TM && offset != 0 {
                    self.note(subject);
                }
                Some(Element::bytes(element.tag, vr, values.join("\\")))
            }
            None => self.take_out(subject, subject.basic()),
        }
    }

    /// Free text: words of the closed vocabulary stay (options Clean Descriptors and Clean Structured Content).
    pub(super) fn clean_text(&mut self, subject: &Subject<'_>) -> Option<Element> {
        let Subject { level, element, vr, .. } = *subject;
        let text = decoded(level, element);
        let values: Vec<&str> = if vr.is_single_text() { vec![&text] } else { text.split('\\').collect() };
        let coded = is_code(element.tag, &text) || is_meaning(level, element.tag, &text);
        if coded && !self.context.identifiers.found_in(&text) {
            self.count(subject, ActionCode::K);
            return Some(Element::bytes(element.tag, vr, text.into_bytes()));
        }
        let cleaned: Vec<_> = values.iter().map(|v| clean(v, &self.context.identifiers)).collect();
        if cleaned.iter().all(|c| c.kept.is_empty()) {
            let unlisted = subject.rule == Rule::NotInTable && !subject.place.is_cleaned();
            let least = if unlisted { subject.least_of_unlisted() } else { subject.basic() };
            return self.take_out(subject, least);
        }
        self.count(subject, ActionCode::C);
        for dropped in cleaned.iter().flat_map(|c| &c.dropped) {
            let mut part = DataSet::new();
            part.charset = Charset::from_value(UTF_8.as_bytes());
            part.put_text(element.tag, vr, dropped);
            part.iter().for_each(|piece| self.account.note(&part, piece, vr));
        }
        let kept: Vec<&str> = cleaned.iter().map(|c| c.kept.as_str()).collect();
        Some(Element::bytes(element.tag, vr, kept.join("\\")))
    }

    pub(super) fn map_uids(&mut self, subject: &Subject<'_>) -> Option<Element> {
        let Subject { level, element, vr, place, .. } = *subject;
        match (vr, &element.value) {
            (Vr::SQ, Value::Items(items)) => {
                self.count(subject, ActionCode::K);
                Some(self.items(element.tag, items, place.inside(element.tag)))
            }
            (Vr::UI, Value::Bytes(_)) => {
                let new = self.mapped(level, element)?;
                let same = new.as_bytes() == Some(decoded(level, element).as_bytes());
                self.count(subject, if same { ActionCode::K } else { ActionCode::U });
                if !same {
                    self.note(subject);
                }
                Some(new)
            }
            _ => self.take_out(subject, subject.least()),
        }
    }

    /// Every UID replaced but those of the standard itself.
    pub(super) fn mapped(&mut self, level: &DataSet, element: &Element) -> Option<Element> {
        let text = decoded(level, element);
        let all = self.policy.options().has(OptionSet::RETAIN_UIDS);
        let values = text.split('\\').map(|uid| {
            let uid = uid.trim_matches(|c: char| c == '\0' || c.is_whitespace());
            let kept = uid.is_empty() || is_public_uid(element.tag, uid) || (all && is_uid(uid));
            let new = if kept { uid.to_owned() } else { self.keys.uid(uid) };
            self.reidentification.uid(&self.pseudonym, &new, uid);
            new
        });
        let values: Vec<String> = values.collect();
        Some(Element::bytes(element.tag, Vr::UI, values.join("\\")))
    }
}
