//! What words of free text mean, in many languages: `words.txt` as a table, and finding them in a text.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::part;
use deid::fold;

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
    /// Nothing, though a word in it would.
    Nothing,
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

pub(super) static MEANINGS: [Meaning; 29] = [
    meaning("frontal", "a frontal view", Named::View(&["PA", "AP"])),
    meaning("lateral", "a lateral view", LATERAL),
    meaning(PROFILE, "a lateral view", LATERAL),
    meaning("oblique", "an oblique view", Named::View(&["LLO", "RLO"])),
    meaning("decubitus", "a lateral decubitus view", Named::View(&["LLD", "RLD"])),
    meaning("lordotic", "a lordotic view", Named::View(&[])),
    meaning("chest", "the chest", Named::Region(part::CHEST)),
    meaning("head", "the head", Named::Region(part::HEAD)),
    meaning(CRANIAL, "the head", Named::Region(part::HEAD)),
    meaning("face", "the face", Named::Region(part::FACE)),
    meaning("neck", "the neck", Named::Region(part::NECK)),
    meaning("spine", "the spine", Named::Region(part::SPINE)),
    meaning("ribs", "ribs or sternum", Named::Region(part::RIBS)),
    meaning("breast", "the breast", Named::Region(part::BREAST)),
    meaning("abdomen", "the abdomen", Named::Region(part::ABDOMEN)),
    meaning("pelvis", "the pelvis", Named::Region(part::PELVIS)),
    meaning("shoulder", "the shoulder", Named::Region(part::SHOULDER)),
    meaning("arm", "the upper limb", Named::Region(part::ARM)),
    meaning("leg", "the lower limb", Named::Region(part::LEG)),
    meaning("scout", "a scout view", Named::Unfit),
    meaning("suppressed", "an image without bones or soft tissue", Named::Unfit),
    meaning("subtraction", "a subtraction", Named::Unfit),
    meaning("rendered", "a projection of a volume", Named::Unfit),
    meaning("phantom", "a phantom", Named::Unfit),
    meaning("animal", "an animal", Named::Unfit),
    meaning("axial", "axial slices", Named::Plane("AXIAL")),
    meaning("coronal", "coronal slices", Named::Plane("CORONAL")),
    meaning("sagittal", "sagittal slices", Named::Plane("SAGITTAL")),
    meaning("nothing", "nothing", Named::Nothing),
];

const LATERAL: Named = Named::View(&["LL", "RL", "LAT", "LATERAL"]);

/// A profile is a lateral view only in a text that names the chest, or nothing else.
const PROFILE: &str = "profile";

/// The head of slices, and of films a tilt of the beam.
pub(super) const CRANIAL: &str = "cranial";

/// Most characters of a text that are read: the most that a short text may have (PS3.5 6.2). More leaves a doubt.
const TEXT: usize = 1024;

static TOO_LONG: Meaning = meaning("long", "more than can be read", Named::Unfit);

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
    /// The most bytes of a word or phrase, and of a beginning.
    longest: (usize, usize),
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
    let most = |words: &HashMap<&str, _>| words.keys().map(|word| word.len()).max().unwrap_or_default();
    table.longest = (most(&table.whole), most(&table.stems));
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
    let read = text.char_indices().nth(TEXT).and_then(|(end, _)| text.get(..end));
    if read.is_some() {
        add(&TOO_LONG);
    }
    let words = words(read.unwrap_or(text));
    let mut at = 0;
    while let Some(rest) = words.get(at..).filter(|rest| !rest.is_empty()) {
        let mut lengths = (1..=PHRASE.min(rest.len())).rev();
        let phrase = lengths.find_map(|length| Some((length, by_phrase(rest.get(..length)?)?)));
        let (length, meaning) = match phrase {
            Some((length, meaning)) => (length, Some(meaning)),
            None => (1, rest.first().and_then(|word| by_stem(&word.folded))),
        };
        meaning.into_iter().for_each(&mut add);
        at += length;
    }
    let alone = words.len() == 1;
    let unspaced: Vec<String> =
        words.into_iter().map(|word| word.folded).filter(|word| word.chars().any(is_unspaced)).collect();
    let mut left = unspaced.join(" ");
    for (word, meaning) in &TABLE.inside {
        if left.contains(word) {
            left = left.replace(word, " ");
            add(meaning);
        }
    }
    if !alone && !found.iter().any(|meaning| meaning.key == "chest") {
        found.retain(|meaning| meaning.key != PROFILE);
    }
    found
}

/// Two letters are a word only as they stand: Danish `på` is no `PA`.
fn by_phrase(words: &[Word]) -> Option<&'static Meaning> {
    let letters: usize = words.iter().map(|word| word.folded.len()).sum();
    if letters + words.len() > TABLE.longest.0 + 1 || (letters <= 2 && words.iter().any(|word| word.accented))
    {
        return None;
    }
    let folded: Vec<&str> = words.iter().map(|word| word.folded.as_str()).collect();
    TABLE.whole.get(folded.join("_").as_str()).copied()
}

fn by_stem(word: &str) -> Option<&'static Meaning> {
    let ends = word.char_indices().map(|(at, c)| at + c.len_utf8()).skip(STEM - 1);
    let ends = ends.take_while(|end| *end <= TABLE.longest.1);
    ends.filter_map(|end| TABLE.stems.get(word.get(..end)?)).last().copied()
}

/// A word of a text.
struct Word {
    /// As the table has it.
    folded: String,
    /// It had an accent before.
    accented: bool,
}

impl Word {
    fn new(written: &str) -> Self {
        let bare: String = written.chars().filter(|c| !is_mark(*c)).collect();
        let digits = bare.strip_prefix('+').unwrap_or(&bare);
        let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        let folded = if is_number { bare.replace(digits, "9") } else { fold(&bare) };
        Self { accented: folded != written.to_uppercase(), folded }
    }
}

/// Accents that are characters of their own.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{0300}'..='\u{036F}')
}

/// The words of a text: folded, parted at everything that is no letter or digit, between letters and digits, and where
/// a small letter comes before a capital (`ThoraxPA`). Full-width letters count as Latin ones, accents that are
/// characters of their own are taken off.
fn words(text: &str) -> Vec<Word> {
    let mut apart = String::with_capacity(text.len() + 8);
    let mut before = ' ';
    for c in text.chars() {
        let c = match c {
            '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
            _ => c,
        };
        if is_mark(c) {
            apart.push(c);
            continue;
        }
        let digits = c.is_ascii_digit() != before.is_ascii_digit() && c.is_alphanumeric();
        if digits || (before.is_lowercase() && c.is_uppercase()) {
            apart.push_str(if before.is_alphabetic() && c.is_ascii_digit() { " +" } else { " " });
        }
        apart.push(if is_word(c) { c } else { ' ' });
        before = c;
    }
    apart.split_whitespace().map(Word::new).collect()
}

/// Letters and digits, and the marks that Thai, Arabic, Hebrew and Hindi write above and below theirs.
fn is_word(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(c, '\u{0590}'..='\u{06FF}' | '\u{0900}'..='\u{097F}' | '\u{0E00}'..='\u{0E7F}')
}
