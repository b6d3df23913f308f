//! The second pass: looks for every removed value in the bytes about to be packed.
//!
//! Written apart from the planning code on purpose: it knows removed values and bytes, no rules.
use super::terms::{RemovedKind, RemovedValue};
use aho_corasick::{AhoCorasick, MatchKind};
use std::collections::BTreeMap;
use std::fmt;

/// What the searched bytes are; short values are looked for in text alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Region {
    /// Headers, JSON, names: everything that people can read.
    Text,
    /// Pixels and compressed data, where three or four given bytes occur by chance.
    Binary,
}

/// A removed value that was found. Says where and what kind, never the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Offset of its first byte.
    pub offset: usize,
    /// What kind of value it is.
    pub kind: RemovedKind,
    /// Place of the value in the list given to [`Search::new`].
    pub value: usize,
}

struct Pattern {
    value: usize,
    kind: RemovedKind,
    /// Bytes per character, for looking at the neighbours: 1, or 2 for UTF-16.
    step: usize,
    /// UTF-16 with the high byte first.
    big: bool,
    /// Short: letters or digits beside it mean that it is a part of another word.
    bounded: bool,
}

/// A searcher for a list of removed values: every value as stored, in UTF-8, Latin-1, UTF-16 LE and BE, any case
/// of ASCII letters, upper and lower case of others; names by component; dates in the common formats.
///
/// Not looked for, and why: name components of fewer than three ASCII letters and ids of fewer than four
/// characters (five for digits alone), since they are parts of ordinary words and numbers; 1 January, which is the
/// dummy date of a year; words that stand in every output; in [`Region::Binary`] anything shorter than six bytes, which occurs there by chance.
pub struct Search {
    automaton: Option<AhoCorasick>,
    patterns: Vec<Pattern>,
    longest: usize,
}

impl fmt::Debug for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Search({} patterns)", self.patterns.len())
    }
}

/// Below this many characters a value must stand alone to count.
const BOUNDED: usize = 6;
/// Fewest bytes of a pattern in binary data.
const BINARY: usize = 6;
/// Longer texts are looked for in pieces of so many characters: any piece of them is a find.
const PIECE: usize = 48;
/// Most pieces of one text.
const PIECES: usize = 64;

/// Words that stand in every output (PS3.16 CID 7050 and our method text), so that finding them tells nothing.
const OWN_WORDS: [&str; 20] = [
    "APPLICATION",
    "BASIC",
    "CHARACTERISTICS",
    "CLEAN",
    "CONFIDENTIALITY",
    "DATES",
    "DESCRIPTORS",
    "INFORMATION",
    "LONGITUDINAL",
    "MODIFIED",
    "OPTION",
    "PATIENT",
    "PRIVATE",
    "PROFILE",
    "REMOVED",
    "RETAIN",
    "SAFE",
    "SCANSIDE",
    "STRICT",
    "TEMPORAL",
];

impl Search {
    /// Builds the searcher; linear in the length of all values.
    pub fn new(removed: &[RemovedValue]) -> Self {
        let mut needles: BTreeMap<Vec<u8>, Pattern> = BTreeMap::new();
        for (value, item) in removed.iter().enumerate() {
            for text in forms(item).into_iter().flat_map(pieces) {
                if OWN_WORDS.contains(&text.to_uppercase().as_str()) {
                    continue;
                }
                let bounded = text.chars().count() < BOUNDED;
                for (bytes, step, big) in encodings(&text) {
                    needles.entry(bytes).or_insert(Pattern { value, kind: item.kind, step, big, bounded });
                }
            }
            // As stored, whatever the character set; only where that differs from the encodings above.
            if !item.raw.is_ascii() {
                for part in item.raw.chunks(PIECE).filter(|part| part.len() >= BOUNDED) {
                    let pattern = Pattern { value, kind: item.kind, step: 1, big: false, bounded: false };
                    needles.entry(part.to_vec()).or_insert(pattern);
                }
            }
        }
        let longest = needles.keys().map(Vec::len).max().unwrap_or(0);
        let (bytes, patterns): (Vec<_>, Vec<_>) = needles.into_iter().unzip();
        // Too many values for an automaton cannot happen below gigabytes of header; if it did, `scan` finds
        // everything suspicious rather than nothing.
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .build(&bytes)
            .ok();
        Search { automaton, patterns, longest }
    }

    /// Length of the longest pattern: how much two pieces searched one after the other must overlap, plus one.
    pub fn overlap(&self) -> usize {
        self.longest + 2
    }

    /// Every removed value in `bytes`, in the order of their ends. Empty means: nothing found.
    pub fn scan(&self, bytes: &[u8], region: Region) -> Vec<Hit> {
        let Some(automaton) = &self.automaton else {
            return vec![Hit { offset: 0, kind: RemovedKind::Text, value: 0 }];
        };
        let mut hits = Vec::new();
        for found in automaton.find_overlapping_iter(bytes) {
            let Some(pattern) = self.patterns.get(found.pattern().as_usize()) else { continue };
            if region == Region::Binary && found.len() < BINARY {
                continue;
            }
            if pattern.bounded
                && region == Region::Text
                && inside_word(bytes, found.start(), found.end(), pattern)
            {
                continue;
            }
            hits.push(Hit { offset: found.start(), kind: pattern.kind, value: pattern.value });
        }
        // Forms that differ in the case of letters alone end at the same place.
        hits.dedup();
        hits
    }
}

/// A letter or digit stands right before or after.
fn inside_word(bytes: &[u8], start: usize, end: usize, pattern: &Pattern) -> bool {
    let unit = |at: Option<usize>| -> bool {
        let Some(pair) = at.and_then(|at| bytes.get(at..at + pattern.step)) else { return false };
        match (pair, pattern.big) {
            ([byte], _) => byte.is_ascii_alphanumeric(),
            ([low, 0], false) => low.is_ascii_alphanumeric(),
            ([0, low], true) => low.is_ascii_alphanumeric(),
            _ => false,
        }
    };
    unit(start.checked_sub(pattern.step)) || unit(Some(end))
}

/// The texts to look for, for one value.
fn forms(item: &RemovedValue) -> Vec<String> {
    let text = item.text.trim();
    match item.kind {
        RemovedKind::Name => {
            let parts = text.split(['^', '=', ' ', ',', '-', '.', '\t']);
            parts.filter(|part| worth(part)).map(str::to_owned).collect()
        }
        RemovedKind::Date => dates(text),
        RemovedKind::Id => {
            let joined: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
            let least = if joined.bytes().all(|b| b.is_ascii_digit()) { 5 } else { 4 };
            if joined.chars().count() < least {
                return Vec::new();
            }
            if joined == text { vec![joined] } else { vec![text.to_owned(), joined] }
        }
        RemovedKind::Uid => {
            if text.len() >= 8 {
                vec![text.to_owned()]
            } else {
                Vec::new()
            }
        }
        RemovedKind::Text => {
            let lines = text.split(['\r', '\n']).map(str::trim);
            lines.filter(|line| line.chars().count() >= 6 || wide(line)).map(str::to_owned).collect()
        }
    }
}

/// A long text in pieces of equal length; the last one reaches back into the one before it.
fn pieces(text: String) -> Vec<String> {
    let letters: Vec<char> = text.chars().take(PIECE * PIECES).collect();
    if letters.len() <= PIECE {
        return vec![text];
    }
    let tail = letters.len() - PIECE;
    let starts = (0..tail).step_by(PIECE).chain([tail]);
    starts.filter_map(|at| letters.get(at..at + PIECE)).map(|piece| piece.iter().collect()).collect()
}

/// Two or more characters beyond Latin-1: a word or a name in another script.
fn wide(text: &str) -> bool {
    text.chars().filter(|c| u32::from(*c) > 0xFF).count() >= 2
}

fn worth(part: &str) -> bool {
    let letters = part.chars().filter(|c| c.is_alphabetic()).count();
    if part.is_ascii() { letters >= 3 } else { letters >= 2 }
}

/// `20190304` as it is and as people write it.
fn dates(text: &str) -> Vec<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).take(8).collect();
    let (Some(year), Some(month), Some(day)) = (digits.get(..4), digits.get(4..6), digits.get(6..8)) else {
        return Vec::new();
    };
    if (month, day) == ("01", "01") || !("1850"..="2150").contains(&year) || month > "12" || day > "31" {
        return Vec::new();
    }
    let mut found = vec![format!("{year}{month}{day}")];
    for mark in ["-", ".", "/"] {
        found.push([year, month, day].join(mark));
        found.push([day, month, year].join(mark));
        found.push([month, day, year].join(mark));
    }
    if text.len() > 14 {
        found.push(text.to_owned());
    }
    found
}

/// The byte forms of a text: UTF-8, Latin-1, UTF-16 little and big endian; non-ASCII letters in either case.
fn encodings(text: &str) -> Vec<(Vec<u8>, usize, bool)> {
    let mut cases = vec![text.to_owned()];
    if !text.is_ascii() {
        cases.push(text.to_uppercase());
        cases.push(text.to_lowercase());
    }
    let mut out = Vec::new();
    for case in cases {
        let units: Vec<u16> = case.encode_utf16().collect();
        out.push((units.iter().flat_map(|u| u.to_le_bytes()).collect(), 2, false));
        out.push((units.iter().flat_map(|u| u.to_be_bytes()).collect(), 2, true));
        let latin: Option<Vec<u8>> = case.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
        out.extend(latin.filter(|_| !case.is_ascii()).map(|bytes| (bytes, 1, false)));
        out.push((case.into_bytes(), 1, false));
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use super::*;

    fn removed(kind: RemovedKind, text: &str) -> RemovedValue {
        RemovedValue { kind, text: text.into(), raw: text.into() }
    }

    fn hits(kind: RemovedKind, text: &str, bytes: &[u8]) -> usize {
        Search::new(&[removed(kind, text)]).scan(bytes, Region::Text).len()
    }

    #[test]
    fn names_are_found_by_component_in_every_encoding() {
        let utf16 = |t: &str, le: bool| -> Vec<u8> {
            t.encode_utf16().flat_map(|u| if le { u.to_le_bytes() } else { u.to_be_bytes() }).collect()
        };
        for bytes in [
            b"x Mueller y".to_vec(),
            b"MUELLER".to_vec(),
            utf16("mueller", true),
            utf16("Mueller", false),
            b"say anna here".to_vec(),
        ] {
            assert_eq!(hits(RemovedKind::Name, "Mueller^Anna", &bytes), 1);
        }
        assert_eq!(hits(RemovedKind::Name, "Müller^", b"M\xfcller"), 1);
        assert_eq!(hits(RemovedKind::Name, "Müller^", "MÜLLER".as_bytes()), 1);
        // A short name inside another word is not that name.
        assert_eq!(hits(RemovedKind::Name, "Lee", b"sleeve"), 0);
        assert_eq!(hits(RemovedKind::Name, "Lee", b"(lee)"), 1);
        assert_eq!(hits(RemovedKind::Name, "Li^Wu", b"li wu"), 0);
    }

    #[test]
    fn ids_dates_and_uids_are_found_with_and_without_separators() {
        assert_eq!(hits(RemovedKind::Id, "MRN-4711", b"id MRN4711."), 1);
        assert_eq!(hits(RemovedKind::Id, "4711", b"4711"), 0);
        for text in ["20190304", "2019-03-04", "04.03.2019", "03/04/2019"] {
            assert_eq!(hits(RemovedKind::Date, "20190304", text.as_bytes()), 1, "{text}");
        }
        assert_eq!(hits(RemovedKind::Date, "20190101", b"20190101"), 0);
        assert_eq!(hits(RemovedKind::Uid, "1.2.3.4.55", b"..1.2.3.4.55"), 1);
    }

    #[test]
    fn short_values_are_not_looked_for_in_pixels() {
        let search = Search::new(&[removed(RemovedKind::Name, "Lee^Robinson")]);
        assert_eq!(search.scan(b"\x01Lee\x02", Region::Binary).len(), 0);
        assert_eq!(search.scan(b"\x01ROBINSON\x02", Region::Binary).len(), 1);
    }
}
