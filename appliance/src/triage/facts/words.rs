//! What words of free text mean, in many languages: `words.txt` as a table, and finding them in a text.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::regions;
use crate::deid::fold;

/// What a group of words means.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Meaning {
    /// As `words.txt` calls it.
    pub key: &'static str,
    /// As a reason calls it.
    pub name: &'static str,
    /// What it claims.
    pub claim: Named,
}

/// What a word can name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// A projection: values of View Position.
    View(&'static [&'static str]),
    /// A region, as a set of parts of the body.
    Region(u32),
    /// A plane of slices.
    Plane(&'static str),
    /// An image that no bundle takes.
    Unfit,
}

impl Named {
    pub(super) fn view(&self) -> Option<&'static [&'static str]> {
        if let Self::View(terms) = self { Some(terms) } else { None }
    }

    pub(super) fn region(&self) -> Option<u32> {
        if let Self::Region(mask) = self { Some(*mask) } else { None }
    }

    pub(super) fn plane(&self) -> Option<&'static str> {
        if let Self::Plane(plane) = self { Some(plane) } else { None }
    }

    pub(super) fn is_unfit(&self) -> bool {
        *self == Self::Unfit
    }
}

const fn meaning(key: &'static str, name: &'static str, claim: Named) -> Meaning {
    Meaning { key, name, claim }
}

pub(super) static MEANINGS: [Meaning; 26] = [
    meaning("frontal", "a frontal view", Named::View(&["PA", "AP"])),
    meaning("lateral", "a lateral view", Named::View(&["LL", "RL", "LAT", "LATERAL"])),
    meaning("oblique", "an oblique view", Named::View(&["LLO", "RLO"])),
    meaning("decubitus", "a lateral decubitus view", Named::View(&["LLD", "RLD"])),
    meaning("lordotic", "a lordotic view", Named::View(&[])),
    meaning("chest", "the chest", Named::Region(regions::CHEST)),
    meaning("head", "the head", Named::Region(regions::HEAD)),
    meaning("face", "the face", Named::Region(regions::FACE)),
    meaning("neck", "the neck", Named::Region(regions::NECK)),
    meaning("spine", "the spine", Named::Region(regions::SPINE)),
    meaning("ribs", "ribs or sternum", Named::Region(regions::RIBS)),
    meaning("breast", "the breast", Named::Region(regions::BREAST)),
    meaning("abdomen", "the abdomen", Named::Region(regions::ABDOMEN)),
    meaning("pelvis", "the pelvis", Named::Region(regions::PELVIS)),
    meaning("shoulder", "the shoulder", Named::Region(regions::SHOULDER)),
    meaning("arm", "the upper limb", Named::Region(regions::ARM)),
    meaning("leg", "the lower limb", Named::Region(regions::LEG)),
    meaning("scout", "a scout view", Named::Unfit),
    meaning("suppressed", "an image without bones or soft tissue", Named::Unfit),
    meaning("subtraction", "a subtraction", Named::Unfit),
    meaning("rendered", "a projection of a volume", Named::Unfit),
    meaning("phantom", "a phantom", Named::Unfit),
    meaning("animal", "an animal", Named::Unfit),
    meaning("axial", "axial slices", Named::Plane("AXIAL")),
    meaning("coronal", "coronal slices", Named::Plane("CORONAL")),
    meaning("sagittal", "sagittal slices", Named::Plane("SAGITTAL")),
];

/// Most words of a phrase.
const PHRASE: usize = 4;

/// Shortest beginning that stands for all words with it, in characters.
const STEM: usize = 3;

/// `words.txt`, by how its words are looked for.
#[derive(Default)]
struct Table {
    /// Words and phrases, with `_` between their words.
    whole: HashMap<&'static str, &'static Meaning>,
    /// Beginnings of words.
    stems: HashMap<&'static str, &'static Meaning>,
    /// Words of scripts without blanks between them, the longest first.
    inside: Vec<(&'static str, &'static Meaning)>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table::default();
    for (key, _, words) in lines() {
        let Some(meaning) = MEANINGS.iter().find(|m| m.key == key) else { continue };
        for word in words.split_whitespace() {
            if let Some(stem) = word.strip_suffix('*') {
                table.stems.insert(stem, meaning);
            } else if word.chars().any(is_unspaced) {
                table.inside.push((word, meaning));
            } else {
                table.whole.insert(word, meaning);
            }
        }
    }
    table.inside.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
    table
});

/// Meaning, language and words of every line.
pub(super) fn lines() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let lines = include_str!("words.txt").lines().filter(|l| !l.starts_with('#') && !l.is_empty());
    lines.filter_map(|line| {
        let mut parts = line.splitn(3, " | ");
        Some((parts.next()?, parts.next()?, parts.next()?))
    })
}

/// Scripts written without blanks between words, or with endings that no blank parts.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{0E00}'..='\u{0E7F}' | '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}'
        | '\u{AC00}'..='\u{D7AF}')
}

/// Everything of the table that a text names, each meaning once.
pub(super) fn meanings(text: &str) -> Vec<&'static Meaning> {
    let mut found: Vec<&'static Meaning> = Vec::new();
    let mut add = |meaning: &'static Meaning| {
        if !found.contains(&meaning) {
            found.push(meaning);
        }
    };
    let words = words(text);
    let mut at = 0;
    while let Some(rest) = words.get(at..).filter(|rest| !rest.is_empty()) {
        let phrase = (1..=PHRASE.min(rest.len())).rev().find_map(|length| {
            let meaning = TABLE.whole.get(rest.get(..length)?.join("_").as_str())?;
            Some((length, *meaning))
        });
        let (length, meaning) = match phrase {
            Some((length, meaning)) => (length, Some(meaning)),
            None => (1, rest.first().and_then(|word| by_stem(word))),
        };
        meaning.into_iter().for_each(&mut add);
        at += length;
    }
    let unspaced: Vec<String> = words.into_iter().filter(|word| word.chars().any(is_unspaced)).collect();
    let mut left = unspaced.join(" ");
    for (word, meaning) in &TABLE.inside {
        if left.contains(word) {
            left = left.replace(word, " ");
            add(meaning);
        }
    }
    found
}

fn by_stem(word: &str) -> Option<&'static Meaning> {
    let ends = word.char_indices().map(|(at, c)| at + c.len_utf8()).skip(STEM - 1);
    ends.filter_map(|end| TABLE.stems.get(word.get(..end)?)).last().copied()
}

/// The words of a text: folded, parted at everything that is no letter or digit, between letters and digits, and where
/// a small letter comes before a capital (`ThoraxPA`). Full-width letters count as Latin ones, marks that are
/// characters of their own are taken off.
fn words(text: &str) -> Vec<String> {
    let mut apart = String::with_capacity(text.len() + 8);
    let mut before = ' ';
    for c in text.chars() {
        let c = match c {
            '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
            '\u{0300}'..='\u{036F}' => continue,
            _ => c,
        };
        let digits = c.is_ascii_digit() != before.is_ascii_digit() && c.is_alphanumeric();
        if digits || (before.is_lowercase() && c.is_uppercase()) {
            apart.push(' ');
        }
        apart.push(if is_word(c) { c } else { ' ' });
        before = c;
    }
    apart.split_whitespace().map(fold).collect()
}

/// Letters and digits, and the marks that Thai, Arabic, Hebrew and Hindi write above and below theirs.
fn is_word(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(c, '\u{0590}'..='\u{06FF}' | '\u{0900}'..='\u{097F}' | '\u{0E00}'..='\u{0E7F}')
}
