//! Free text cleaned: words of the closed vocabulary and numbers with units stay, the rest goes.
use super::identifiers::Identifiers;
use super::text::fold;
use super::vocabulary::{self, is_closed, is_homograph};

/// A text cleaned: what stays, and the runs that were taken out.
pub(super) struct Cleaned {
    pub kept: String,
    pub dropped: Vec<String>,
}

/// Words after which a name stands, upper case. `DR` is digital radiography as well, so it takes only homographs along.
const TITLES: [&str; 50] = [
    "BY",
    "DHR",
    "DIPL",
    "DOC",
    "DOCTOR",
    "DOKTOR",
    "DOTT",
    "DOTT.SSA",
    "DOTTORE",
    "DOTTSSA",
    "DR",
    "DRA",
    "DRE",
    "FRAU",
    "HERR",
    "HERRN",
    "HR",
    "HRN",
    "LEK",
    "LIC",
    "M",
    "MD",
    "ME",
    "MEVR",
    "MEVROUW",
    "MISS",
    "MLLE",
    "MME",
    "MR",
    "MRS",
    "MS",
    "MX",
    "NAME",
    "NAMED",
    "NURSE",
    "PAN",
    "PANI",
    "PHYSICIAN",
    "PROF",
    "RN",
    "SIG",
    "SR",
    "SRA",
    "SRTA",
    "VON",
    "VR",
    "ВРАЧ",
    "Д-Р",
    "ДОКТОР",
    "ПРОФ",
];

/// What a word is, by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Word {
    /// Of the vocabulary.
    Closed,
    /// Of the vocabulary, and a surname.
    Homograph,
    /// A number or single letters: stays between kept words alone, for beside a dropped one it may be its day, house
    /// number or initial.
    Bare,
    /// Goes.
    Open,
}

/// Keeps words of the closed vocabulary and numbers with units, drops the rest and whatever names the study's own
/// people and numbers. Lines stay lines.
pub(super) fn clean(text: &str, own: &Identifiers) -> Cleaned {
    let mut cleaned = Cleaned { kept: String::new(), dropped: Vec::new() };
    let mut lines = Vec::new();
    for line in text.lines() {
        let (mut kept, mut dropped) = clean_line(line, own);
        // What is left stands together anew, so it is looked at again until nothing goes: twice must equal once.
        loop {
            cleaned.dropped.append(&mut dropped);
            let (again, more) = clean_line(&kept, own);
            if again == kept {
                break;
            }
            (kept, dropped) = (again, more);
        }
        if !kept.is_empty() {
            lines.push(kept);
        }
    }
    cleaned.kept = lines.join("\r\n");
    if own.found_in(&cleaned.kept) {
        cleaned = Cleaned { kept: String::new(), dropped: vec![text.to_owned()] };
    }
    cleaned
}

fn clean_line(line: &str, own: &Identifiers) -> (String, Vec<String>) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let stays = staying(&words, own);
    let mut kept: Vec<&str> = Vec::new();
    let mut dropped = Vec::new();
    let mut run: Vec<&str> = Vec::new();
    for (word, stays) in words.iter().zip(stays) {
        if stays {
            kept.push(word);
            if !run.is_empty() {
                dropped.push(std::mem::take(&mut run).join(" "));
            }
        } else {
            run.push(word);
        }
    }
    if !run.is_empty() {
        dropped.push(run.join(" "));
    }
    let kept = kept.join(" ");
    if kept.contains(char::is_alphabetic) { (kept, dropped) } else { (String::new(), vec![line.to_owned()]) }
}

/// Which words of a line stay.
fn staying(words: &[&str], own: &Identifiers) -> Vec<bool> {
    let kinds: Vec<Word> = words.iter().map(|word| kind(word, own)).collect();
    let open = |at: usize| kinds.get(at) == Some(&Word::Open) || is_high_age(words, at);
    let mut gone: Vec<bool> = (0..words.len()).map(open).collect();
    for (at, pair) in words.windows(2).enumerate() {
        if let [first, second] = pair
            && own.is_place(first, second)
        {
            gone.iter_mut().skip(at).take(2).for_each(|gone| *gone = true);
        }
    }
    let is_gone = |gone: &[bool], at: Option<usize>| at.and_then(|at| gone.get(at)) == Some(&true);
    // Names after titles, then what may belong to a word that goes; twice, for surnames of two words.
    for _ in 0..2 {
        for (at, kind) in kinds.iter().enumerate() {
            let before = at.checked_sub(1);
            let titled = before.and_then(|at| words.get(at)).is_some_and(|word| is_title(word));
            let beside = is_gone(&gone, before) || is_gone(&gone, Some(at + 1));
            let named = before.and_then(|at| words.get(at)).is_some_and(|word| is_written_title(word))
                && words.get(at).is_some_and(|word| word.starts_with(char::is_uppercase));
            if (*kind == Word::Homograph && (titled || beside)) || named {
                gone.iter_mut().skip(at).take(1).for_each(|gone| *gone = true);
            }
        }
    }
    drop_bare(&kinds, &mut gone);
    gone.into_iter().map(|gone| !gone).collect()
}

/// A title, or a word that introduces a person, stands before a word that is not of the vocabulary.
pub(super) fn names_somebody(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.windows(2).any(|pair| match pair {
        [title, name] => is_title(title) && !is_closed_word(name),
        _ => false,
    })
}

/// Words beside a number that make it an age in years, upper case.
const YEARS: [&str; 22] = [
    "AGE", "AGED", "ALTER", "ANI", "ANNI", "ANOS", "ANS", "J", "JAAR", "JAHRE", "JAHREN", "JAHRIGE",
    "JAHRIGER", "LET", "OLD", "ROKU", "VUOTTA", "Y", "YEAR", "YEARS", "YO", "YRS",
];

/// Ages of 90 and above, as `94Y`, `92-year-old`, `age 101`: so few live so long that the age tells who (PS3.15 E.3.7).
fn is_high_age(words: &[&str], at: usize) -> bool {
    let Some(word) = words.get(at) else { return false };
    let unit = |word: &str| YEARS.contains(&fold(word.trim_matches(|c: char| !c.is_alphanumeric())).as_str());
    let digits: String =
        word.chars().skip_while(|c| !c.is_alphanumeric()).take_while(char::is_ascii_digit).collect();
    let high = matches!(digits.parse::<u32>(), Ok(90..=120));
    let rest = word.get(word.find(digits.as_str()).unwrap_or(0) + digits.len()..).unwrap_or_default();
    let joined = rest.split(|c: char| !c.is_alphanumeric()).any(|piece| !piece.is_empty() && unit(piece));
    let next = words.get(at + 1).is_some_and(|word| unit(word));
    let before = at.checked_sub(1).and_then(|at| words.get(at)).is_some_and(|word| unit(word));
    !digits.is_empty() && high && (joined || next || before)
}

/// Longest run of numbers that stays between kept words: a longer one may be a date or a telephone number.
const NUMBERS: usize = 2;

fn drop_bare(kinds: &[Word], gone: &mut [bool]) {
    let mut at = 0;
    while at < kinds.len() {
        let run = kinds.iter().skip(at).take_while(|kind| **kind == Word::Bare).count();
        if run == 0 {
            at += 1;
            continue;
        }
        let beside = |place: Option<usize>| place.and_then(|place| gone.get(place)) == Some(&true);
        if run > NUMBERS || beside(at.checked_sub(1)) || beside(Some(at + run)) {
            gone.iter_mut().skip(at).take(run).for_each(|gone| *gone = true);
        }
        at += run;
    }
}

fn kind(word: &str, own: &Identifiers) -> Word {
    if !is_closed_word(word) || own.found_in(word) || own.nearly_in(word) || own.short_in(word) {
        return Word::Open;
    }
    let pieces: Vec<String> = pieces(word).map(fold).collect();
    let bare =
        |piece: &String| piece.chars().count() == 1 || piece.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if pieces.iter().all(bare) && !pieces.iter().any(|piece| vocabulary::has(piece) && !piece.is_ascii()) {
        Word::Bare
    } else if pieces.iter().any(|piece| is_homograph(piece)) {
        Word::Homograph
    } else {
        Word::Closed
    }
}

/// What a word is made of: `a.p./seitl.` of A, P and SEITL; the point of a number is none.
fn pieces(word: &str) -> impl Iterator<Item = &str> {
    let parts = word.split(|c: char| !c.is_alphanumeric() && c != '.');
    parts
        .flat_map(|part| {
            let number = part.starts_with(|c: char| c.is_ascii_digit());
            let trimmed = part.trim_end_matches('.');
            if number { trimmed.split('\u{0}') } else { trimmed.split('.') }.collect::<Vec<_>>()
        })
        .filter(|piece| !piece.is_empty())
}

/// Every piece is of the vocabulary, and the word is no date, address of the network or other compound of numbers.
fn is_closed_word(word: &str) -> bool {
    let numbers = pieces(word).filter(|piece| piece.bytes().all(|b| b.is_ascii_digit() || b == b'.')).count();
    let marks = |c: char| {
        c.is_control() || matches!(c, '@' | '#' | '$' | '=' | '\'' | '"' | '`' | '<' | '>' | '|' | '~')
    };
    numbers <= 1 && !word.contains(marks) && (pieces(word).all(vocabulary::has_piece) || is_closed(word))
}

fn is_title(word: &str) -> bool {
    let word = fold(word.trim_matches(|c: char| !c.is_alphanumeric()));
    TITLES.binary_search(&word.as_str()).is_ok()
}

/// A title as one writes it before a name, in mixed case: `Dr.`, `Mrs`, `Herr`. In capitals it may be a term.
fn is_written_title(word: &str) -> bool {
    let letters = word.trim_matches(|c: char| !c.is_alphanumeric());
    let mixed = letters.starts_with(char::is_uppercase) && letters.chars().skip(1).any(char::is_lowercase);
    mixed && is_title(word)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use super::*;
    use dicom::{DataSet, Vr, tags};

    fn own(name: &str, id: &str) -> Identifiers {
        let mut data = DataSet::new();
        data.put_text(tags::SPECIFIC_CHARACTER_SET, Vr::CS, "ISO_IR 192");
        data.put_text(tags::PATIENT_NAME, Vr::PN, name);
        data.put_text(tags::PATIENT_ID, Vr::LO, id);
        let mut own = Identifiers::default();
        own.harvest(&data);
        own
    }

    #[test]
    fn descriptions_keep_the_vocabulary_and_drop_the_rest() {
        let own = own("Chest^Orla", "4711-X");
        let cases = [
            ("LUNG WINDOW 1.25MM for Orla Penn, born 11.08.2016", "LUNG WINDOW 1.25MM for"),
            ("CT Chest with contrast", "CT with contrast"), // a patient of that name
            ("KNEE LEFT J Penn 12 Elm Lane", "KNEE LEFT"),
            ("KNEE (269) 555-5251", "KNEE"),
            ("4711 12", ""),
            ("OMNIPAQUE 350", "OMNIPAQUE 350"),
            ("Schädel nativ, a.p. und seitl. im Liegen", "Schädel nativ, a.p. und seitl. im Liegen"),
            ("КТ головного мозга Иванова", "КТ головного мозга"),
            ("胸部CT平扫 王小明", "胸部CT平扫"),
            ("AXIAL T1 T2 FLAIR", "AXIAL T1 T2 FLAIR"),
        ];
        for (text, kept) in cases {
            assert_eq!(clean(text, &own).kept, kept, "{text}");
        }
    }

    #[test]
    fn dates_and_telephone_numbers_of_small_pieces_go() {
        let own = own("Penn^Orla", "1");
        for date in [
            "12 Oct 1996",
            "3 MAR",
            "Okt",
            "7 août",
            "10/07/96",
            "10-07-96",
            "10.07.96",
            "96-7-10",
            "10 07 96",
            "555 12 34",
            "7/96",
        ] {
            assert_eq!(clean(&format!("CT CHEST {date} LEFT"), &own).kept, "CT CHEST LEFT", "{date}");
        }
    }

    #[test]
    fn surnames_that_are_words_go_with_their_company() {
        let own = own("Penn^Orla", "1");
        let cases = [
            ("CT seen by Dr. Wall", "CT seen by Dr."),
            ("CT Ivo Stone", "CT"),
            ("seen by STONE", "seen by"),
            ("Mrs White CHEST", "CHEST"),
            ("mrs white chest", "chest"),
            ("STONE PROTOCOL", "STONE PROTOCOL"),
            ("DR CHEST PA", "DR CHEST PA"),
            ("LONG AXIS WHITE MATTER", "LONG AXIS WHITE MATTER"),
            ("Dr Chest", "Dr"),
            ("Dr Ivo Before", "Dr"),
        ];
        for (text, kept) in cases {
            assert_eq!(clean(text, &own).kept, kept, "{text}");
        }
    }

    #[test]
    fn short_names_and_neighbouring_words_of_places_go() {
        let mut data = DataSet::new();
        data.put_text(tags::PATIENT_NAME, Vr::PN, "Li^Wei");
        data.put_text(tags::INSTITUTION_NAME, Vr::LO, "North General Hospital, Chest Department");
        let mut own = Identifiers::default();
        own.harvest(&data);
        for (text, kept) in [
            ("CT CHEST for Li", "CT CHEST for"),
            ("CT CHEST at North General left", "CT CHEST at left"),
            ("CT of the chest, general view", "CT of the chest, general view"),
        ] {
            assert_eq!(clean(text, &own).kept, kept, "{text}");
        }
    }

    #[test]
    fn words_one_letter_away_from_an_own_name_go() {
        let own = own("Pelviss^Anna", "1");
        assert_eq!(clean("CT PELVIS and ABDOMEN", &own).kept, "CT and ABDOMEN");
        assert_eq!(clean("CT CHEST ANNA", &own).kept, "CT CHEST");
    }

    #[test]
    fn lines_stay_lines_and_titles_are_in_order() {
        let own = own("Penn^Orla", "1");
        assert_eq!(
            clean("no effusion\nby Orla Penn\r\nno fracture", &own).kept,
            "no effusion\r\nby\r\nno fracture"
        );
        assert!(TITLES.is_sorted());
    }
}
