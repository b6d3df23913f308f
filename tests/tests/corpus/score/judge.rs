//! The verdict on each required action, with what must hold over the whole set.

use std::collections::{BTreeMap, BTreeSet};

use super::answers::Answer;
use super::pixels;
use super::values::{File, left_in_bytes};

/// Encapsulated Document.
const DOCUMENT: &str = "00420011";

/// Whether an action was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// As required.
    Right,
    /// Not as required.
    Wrong,
    /// The policy promises something else.
    NotPromised,
}

/// An input and what became of it.
pub(crate) struct Output {
    /// Bytes of the input.
    pub before: Vec<u8>,
    /// The output.
    pub after: File,
}

/// Judges a set of outputs under one policy.
pub(crate) struct Judge<'a> {
    outputs: &'a BTreeMap<String, Output>,
    keeps_dates: bool,
    new_of: BTreeMap<(String, String), BTreeSet<String>>,
    old_of: BTreeMap<(String, String), BTreeSet<String>>,
    shifts: BTreeMap<String, BTreeSet<i64>>,
}

impl<'a> Judge<'a> {
    /// Takes in what holds over the whole set. `keeps_dates`: the policy keeps shifted dates, descriptions and safe
    /// private attributes.
    pub(crate) fn new(outputs: &'a BTreeMap<String, Output>, answers: &[Answer], keeps_dates: bool) -> Self {
        let (new_of, old_of, shifts) = Default::default();
        let mut judge = Self { outputs, keeps_dates, new_of, old_of, shifts };
        for answer in answers {
            let (Some(output), Some(old)) = (outputs.get(&answer.file), &answer.old) else { continue };
            let Some(new) = output.after.text(&answer.path).filter(|new| !new.is_empty()) else { continue };
            if answer.action == "date_shifted" {
                let patient = answer.patient.clone().unwrap_or_default();
                judge.shifts.entry(patient).or_default().extend(shift(old, &new));
            } else if answer.action.ends_with("_consistent") {
                let kind = answer.action.clone();
                judge.new_of.entry((kind.clone(), old.clone())).or_default().insert(new.clone());
                judge.old_of.entry((kind, new)).or_default().insert(old.clone());
            }
        }
        judge
    }

    /// The verdict on one action; `None` when its file has no output.
    pub(crate) fn verdict(&self, answer: &Answer) -> Option<Verdict> {
        let output = self.outputs.get(&answer.file)?;
        let text = output.after.text(&answer.path);
        let right = match answer.action.as_str() {
            // The text of a document may be packed: the same document is never without it.
            "text_removed" if answer.path == DOCUMENT && holds(&output.before, text.as_deref()) => false,
            "text_removed" => removed(answer, text.as_deref(), &output.after),
            "uid_changed" => text.as_deref() != answer.old.as_deref(),
            "patid_consistent" => self.one_to_one(answer, text.as_deref()),
            "text_notnull" => text.is_some_and(|text| !text.is_empty()),
            "pixels_hidden" => pixels::hidden(&output.after.bytes, answer.area?),
            "pixels_retained" => pixels::retained(&output.before, &output.after.bytes, answer.area?),
            "uid_consistent" | "tag_retained" | "text_retained" | "date_shifted" if !self.keeps_dates => {
                return Some(Verdict::NotPromised);
            }
            "uid_consistent" => self.one_to_one(answer, text.as_deref()),
            // Of several values the key names the first.
            "tag_retained" => text.is_some_and(|text| {
                let value = answer.value.as_deref().map(str::trim);
                Some(text.trim()) == value || text.split('\\').next() == value
            }),
            "text_retained" => answer.keep.iter().all(|keep| text.as_ref().is_some_and(|t| t.contains(keep))),
            "date_shifted" => self.shifted(answer, text.as_deref()),
            other => panic!("{other}: a kind of action that is not scored"),
        };
        Some(if right { Verdict::Right } else { Verdict::Wrong })
    }

    fn one_to_one(&self, answer: &Answer, new: Option<&str>) -> bool {
        let (Some(new), Some(old)) = (new.filter(|new| !new.is_empty()), answer.old.as_deref()) else {
            return false;
        };
        let single = |map: &BTreeMap<(String, String), BTreeSet<String>>, key: &str| {
            map.get(&(answer.action.clone(), key.to_owned())).is_some_and(|values| values.len() == 1)
        };
        new != old && single(&self.new_of, old) && single(&self.old_of, new)
    }

    fn shifted(&self, answer: &Answer, new: Option<&str>) -> bool {
        let days = new.and_then(|new| shift(answer.old.as_deref()?, new));
        let of_patient = answer.patient.as_ref().and_then(|patient| self.shifts.get(patient));
        days.is_some_and(|days| days != 0) && of_patient.is_some_and(|shifts| shifts.len() == 1)
    }
}

/// Whether a document is one of these bytes, as it is.
fn holds(before: &[u8], document: Option<&str>) -> bool {
    let start = document.and_then(|text| text.get(..32)).map(str::as_bytes);
    start.is_some_and(|start| before.windows(start.len()).any(|window| window == start))
}

fn removed(answer: &Answer, text: Option<&str>, after: &File) -> bool {
    let Some(text) = text else { return true };
    let lower = text.to_lowercase();
    answer.phi.iter().all(|phi| match phi.as_str() {
        // A graphic: nothing of it at all.
        "@overlay" | "@icon" => false,
        phi if ["anywhere", "FFFCFFFC"].contains(&answer.path.as_str()) => !left_in_bytes(&after.bytes, phi),
        phi => !lower.contains(&phi.to_lowercase()),
    })
}

/// Days between two DA or DT values.
fn shift(old: &str, new: &str) -> Option<i64> {
    Some(day(new)? - day(old)?)
}

/// Days of the Gregorian calendar since 1 March of the year 0.
fn day(date: &str) -> Option<i64> {
    let part = |from: usize, to: usize| date.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    Some(365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day)
}
