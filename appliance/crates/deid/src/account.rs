//! The account of one instance: actions by count, and every value that was taken out, for the second pass.
use super::identifiers::kind_of;
use super::kept::is_standard_uid;
use super::keys::Keys;
use super::terms::{ActionCode, Actions, RemovedKind, RemovedValue, Rule};
use super::text::{decoded, effective_vr, fold};
use super::value_check::is_code_part;
use super::vocabulary::is_closed;
use dicom::{DataSet, Element, Tag, Value, Vr, is_known, tags};
use std::collections::BTreeSet;

/// Longest raw value that is kept for the second pass, in bytes; a longer one is searched by its beginning.
const RAW: usize = 512;
/// Most comparisons, in bytes, of unnamed texts with kept ones; beyond it every unnamed text counts as removed.
const COMPARED: usize = 200 << 20;

/// What was done to one instance. Values left in the source for their length are not in it: they are never written.
pub(super) struct Account<'a> {
    keys: &'a Keys,
    actions: Actions,
    removed: BTreeSet<RemovedValue>,
    /// Texts of attributes that no rule names: private and unknown ones.
    unnamed: BTreeSet<RemovedValue>,
}

impl<'a> Account<'a> {
    pub(super) fn new(keys: &'a Keys) -> Self {
        Account { keys, actions: Actions::new(), removed: BTreeSet::new(), unnamed: BTreeSet::new() }
    }

    /// Actions by count and removed values, sorted. A text of a private attribute that the profile keeps in another
    /// attribute (a model name, a protocol) is no removed value: it was not judged, only not understood.
    pub(super) fn finish(mut self, header: &DataSet) -> (Actions, Vec<RemovedValue>) {
        let mut kept = String::new();
        header.walk(|level, element, _| {
            if element.vr.is_text() {
                kept.push_str(&fold(&decoded(level, element)));
                kept.push('\\');
            }
        });
        if kept.len().saturating_mul(self.unnamed.len()) < COMPARED {
            self.unnamed.retain(|value| !kept.contains(&fold(&value.text)));
        }
        self.removed.append(&mut self.unnamed);
        (self.actions, self.removed.into_iter().collect())
    }

    pub(super) fn count(&mut self, tag: Tag, action: ActionCode, rule: Rule) {
        let count = self.actions.entry((tag, action, rule)).or_default();
        *count = count.saturating_add(1);
    }

    /// Remembers a value that was taken out, at every level below it too, for the second pass.
    pub(super) fn note(&mut self, level: &DataSet, element: &Element, vr: Vr) {
        if let Value::Items(items) = &element.value {
            for item in items {
                item.walk(|level, inner, _| self.note_value(level, inner, effective_vr(inner)));
            }
        }
        self.note_value(level, element, vr);
    }

    fn note_value(&mut self, level: &DataSet, element: &Element, vr: Vr) {
        let Some(bytes) = element.as_bytes() else { return };
        let kind = kind_of(element.tag, vr);
        if matches!(element.tag, tags::CODING_SCHEME_DESIGNATOR | tags::CODE_VALUE) && is_code_part(bytes) {
            return;
        }
        if matches!(vr, Vr::DS | Vr::IS | Vr::TM | Vr::AS) && kind != RemovedKind::Id {
            return;
        }
        let whole = level.charset.decode(bytes);
        if !vr.is_text() && !is_readable(&whole) {
            return;
        }
        let single = vr.is_single_text();
        let raws: Vec<&[u8]> =
            if bytes.is_ascii() && !single { bytes.split(|b| *b == b'\\').collect() } else { vec![bytes] };
        let texts: Vec<&str> = if single { vec![&whole] } else { whole.split('\\').collect() };
        for (index, value) in texts.into_iter().enumerate() {
            let value = value.trim_matches(|c: char| c == '\0' || c.is_whitespace());
            let ours =
                self.keys.is_own_uid(value) || self.keys.is_own_patient(value) || is_standard_uid(value);
            // What is all of the closed vocabulary is found in every header; names and ids are looked for always.
            let common = !matches!(kind, RemovedKind::Name | RemovedKind::Id) && is_closed(value);
            if value.is_empty() || ours || common || (kind == RemovedKind::Text && is_decimal(value)) {
                continue;
            }
            let raw = raws.get(index).or(raws.first()).copied().unwrap_or_default().trim_ascii();
            let raw = raw.get(..RAW).unwrap_or(raw).to_vec();
            let value = RemovedValue { kind, text: value.to_owned(), raw };
            let unnamed = kind == RemovedKind::Text && (element.tag.is_private() || !is_known(element.tag));
            if unnamed {
                self.unnamed.insert(value)
            } else {
                self.removed.insert(value)
            };
        }
    }
}

/// A binary value that is a text all the same: letters and digits for the most part, four letters at least.
fn is_readable(text: &str) -> bool {
    let text = text.trim_matches(['\0', ' ']);
    let letters = text.chars().filter(char::is_ascii_alphabetic).count();
    let wordy = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '^' | '.' | '-')).count();
    letters >= 4 && wordy * 10 >= text.chars().count() * 9 && !text.chars().any(|c| c.is_control())
}

/// A number with a point, as measurements in private text elements are.
fn is_decimal(text: &str) -> bool {
    text.contains('.') && text.parse::<f64>().is_ok()
}
