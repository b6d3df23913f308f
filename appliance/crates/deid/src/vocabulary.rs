//! The closed vocabulary of kept text: terms of imaging, English and other languages, and the words of PS3.16.
//!
//! Terms that are also given names or surnames stay in only because a study's own names win, and because beside a
//! word that goes they go with it ([`is_homograph`]).
use super::text::fold;
use super::words::{HOMOGRAPHS, WORDS};

/// A word, upper case with accents taken off, is of the vocabulary.
pub(super) fn has(word: &str) -> bool {
    WORDS.binary_search(&word).is_ok()
}

/// A word, upper case with accents taken off, is a surname as well.
pub(super) fn is_homograph(word: &str) -> bool {
    HOMOGRAPHS.binary_search(&word).is_ok()
}

/// A piece of text without separators is of the vocabulary: a word, a number of at most three digits before the point
/// (perhaps with a unit), or a run of Chinese or Japanese made of the vocabulary's words alone.
pub(super) fn has_piece(piece: &str) -> bool {
    let folded = fold(piece);
    has(&folded) || is_small_number(&folded) || (!piece.is_ascii() && is_made_of_words(&folded))
}

/// `12`, `3.75`, `120KV`: at most three digits, at most three more after a point, a unit of the vocabulary.
pub(super) fn is_small_number(word: &str) -> bool {
    let digits = word.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(word.len());
    let (number, unit) = word.split_at(digits);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    (1..=3).contains(&whole.len())
        && fraction.len() <= 3
        && !fraction.contains('.')
        && (unit.is_empty() || has(unit))
}

/// Every word is of the closed vocabulary, or a number of at most three digits before the point, perhaps with a
/// unit of the vocabulary. Empty text is closed. Three numbers in a row are not: they may be a date.
pub(super) fn is_closed(text: &str) -> bool {
    let separator = |c: char| matches!(c, ' ' | '_' | '-' | '/' | ',' | '(' | ')' | '+' | '\0' | '%' | '*');
    let one = |value: &str| {
        let mut numbers = 0;
        value.split(separator).filter(|word| !word.is_empty()).all(|word| {
            let upper = word.to_ascii_uppercase();
            numbers = if word.bytes().all(|b| b.is_ascii_digit() || b == b'.') { numbers + 1 } else { 0 };
            numbers < 3 && (has(&upper) || is_small_number(&upper))
        })
    };
    text.is_ascii() && text.len() <= 256 && text.split('\\').all(one)
}

/// Scripts written without blanks between words.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}')
}

/// Longest run that is taken apart, in characters, and longest word of it.
const RUN: usize = 64;
const LONGEST: usize = 10;

/// Whether a run that holds Chinese or Japanese can be cut into words of the vocabulary without a rest. Letters and
/// digits between them count as words of their own.
fn is_made_of_words(run: &str) -> bool {
    let letters: Vec<char> = run.chars().collect();
    if letters.len() > RUN || !letters.iter().any(|c| is_unspaced(*c)) {
        return false;
    }
    // reached[i]: the first i characters can be cut into words.
    let mut reached = vec![false; letters.len() + 1];
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    for start in 0..letters.len() {
        if reached.get(start) != Some(&true) {
            continue;
        }
        for end in start + 1..=(start + LONGEST).min(letters.len()) {
            let word: String = letters.get(start..end).unwrap_or_default().iter().collect();
            // A number is taken whole: cut into small ones it could be a date.
            let digit =
                |at: Option<usize>| at.and_then(|at| letters.get(at)).is_some_and(char::is_ascii_digit);
            let cut = (digit(start.checked_sub(1)) && digit(Some(start)))
                || (digit(Some(end)) && digit(end.checked_sub(1)));
            if !cut
                && (has(&word) || is_small_number(&word))
                && let Some(place) = reached.get_mut(end)
            {
                *place = true;
            }
        }
    }
    reached.last() == Some(&true)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn words_are_in_order_folded_and_homographs_among_them() {
        assert!(WORDS.is_sorted() && HOMOGRAPHS.is_sorted());
        assert!(WORDS.iter().all(|word| fold(word) == *word), "{:?}", WORDS.iter().find(|w| fold(w) != **w));
        assert!(HOMOGRAPHS.iter().all(|word| has(word)));
    }

    #[test]
    fn months_and_given_names_are_no_words() {
        for word in ["MARCH", "MAY", "ROSE", "WALKER", "STREET", "SIMPSON"] {
            assert!(!has(word), "{word}");
        }
    }

    #[test]
    fn other_languages_and_scripts_are_known() {
        for piece in
            ["Schädel", "SCHAEDEL", "crâne", "головного", "胸部", "胸部CT平扫", "頭部単純CT", "120kV"]
        {
            assert!(has_piece(piece), "{piece}");
        }
        for piece in
            ["前回20100423", "胸部2010", "王小明", "王小明胸部", "Müller", "Иванов", "田中", "1234", "Jörg"]
        {
            assert!(!has_piece(piece), "{piece}");
        }
    }

    #[test]
    fn closed_text_is_of_the_vocabulary_and_small_numbers() {
        for text in ["CHEST PA", "ORIGINAL\\PRIMARY\\AXIAL", "120kV 3.75 mm", "", "HEAD_FIRST"] {
            assert!(is_closed(text), "{text}");
        }
        for text in
            ["SMITH", "CHEST 4711", "Müller", "1.2.3.4", "12345", "CHEST for Mr Smith", "10/07/96", "1 2 96"]
        {
            assert!(!is_closed(text), "{text}");
        }
    }
}
