//! Patient IDs, names and birth dates that are written where none is known, so that they tell no two patients apart.
use super::text::fold;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use unicode_normalization::UnicodeNormalization;

/// Which Patient IDs of a site tell persons apart, beside the table of this software.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IdRules {
    /// Further Patient IDs that are written where none is known.
    pub placeholder_ids: BTreeSet<String>,
    /// Patient IDs of the table that are real ones at this site.
    pub real_ids: BTreeSet<String>,
    /// Issuers of Patient ID that are the site's own: an id of theirs is the same as one without an issuer.
    pub own_issuers: BTreeSet<String>,
}

/// Longest value of VR LO, in characters (PS3.5 section 6.2).
const LONGEST: usize = 64;

/// Words for an unknown person, upper case, accents folded, without blanks and marks; a line for each language.
const WORDS: &str = "\
    UNKNOWN UNK UNKN NONE NO NOID ID NA NOTAVAILABLE NOTAPPLICABLE NOTKNOWN
    NOTGIVEN NOTPROVIDED NULL NIL NAN EMPTY BLANK MISSING UNDEFINED UNSPECIFIED
    UNASSIGNED UNIDENTIFIED ANON ANONYM ANONYMOUS ANONYMIZED ANONYMISED
    ANONYMOUSPATIENT DEFAULT DUMMY DEMO EXAMPLE SAMPLE TEST TESTPATIENT TESTING
    TESTID PATIENT PATIENTID PATID PID MRN NEW NEWPATIENT TEMP TEMPORARY TBD
    TRAUMA EMERGENCY PHANTOM QA QC SERVICE NOBODY REMOVED
    UNBEKANNT UNBEK KEINE KEIN KEINEID OHNE OHNEID LEER ANONYMISIERT NEU
    NEUERPATIENT NEUPATIENT NOTFALL PATIENTENID NAMENLOS
    INCONNU INCONNUE AUCUN AUCUNE SANS SANSID ANONYME VIDE NEANT NONDISPONIBLE
    ESSAI URGENCE
    DESCONOCIDO DESCONOCIDA NINGUNO NINGUNA SINID SINDATOS ANONIMO ANONIMA VACIO
    PRUEBA URGENCIA PACIENTE NOIDENTIFICADO
    DESCONHECIDO DESCONHECIDA NENHUM NENHUMA SEMID TESTE VAZIO
    SCONOSCIUTO SCONOSCIUTA IGNOTO IGNOTA NESSUNO VUOTO PROVA PAZIENTE
    ONBEKEND GEEN ANONIEM LEEG
    OKAND UKJENT UKENDT INGEN ANONYMT SAKNAS TUNTEMATON ANONYYMI PUUTTUU
    NIEZNANY NIEZNANA BRAK ANONIMOWY NEZNAMY NEZNAMA ZADNY NEUVEDENO NEPOZNAT
    ISMERETLEN NINCS NECUNOSCUT BILINMIYOR YOK ANONIM KHONGRO TIDAKDIKETAHUI
    НЕИЗВЕСТНО НЕИЗВЕСТНЫЙ НЕИЗВЕСТЕН НЕИЗВЕСТНАЯ НЕТ ТЕСТ АНОНИМ НЕВІДОМО НЕМАЄ
    ΑΓΝΩΣΤΟ ΑΓΝΩΣΤΟΣ ΆΓΝΩΣΤΟ ΆΓΝΩΣΤΟΣ
    未知 无 無 不详 不詳 匿名 测试 測試 空
    不明 なし 無し テスト 미상 없음 모름 무명 테스트
    مجهول غيرمعروف לאידוע אלמוני अज्ञात ไม่ทราบ";

/// Numbers that hands and forms write where none is known.
const NUMBERS: &str = "\
    1 012345 123456 0123456 1234567 01234567 12345678 012345678 123456789
    0123456789 1234567890 654321 987654321";

/// Words in placeholder names, beside those of ids.
const NAMELESS: &str = "\
    NN NAME NONAME LASTNAME FIRSTNAME SURNAME GIVENNAME FAMILYNAME MALE FEMALE
    MR MRS HERR FRAU NACHNAME VORNAME NOM PRENOM NOMBRE APELLIDO";

/// Whole names that are placeholders.
const NOBODY: &str = "DOEJOHN DOEJANE JOHNDOE JANEDOE MUSTERMANNMAX MUSTERMANNERIKA";

/// Words of names of newborns that have none yet: twins share everything else.
const NEWBORN: &str = "\
    BABY BABYBOY BABYGIRL NEWBORN NEONATE TWIN NEUGEBORENES NEUGEBORENER ZWILLING
    NOUVEAUNE RECIENNACIDO NEONATO NOWORODEK НОВОРОЖДЕННЫЙ";

/// Birth dates that programs and forms write where none is known.
const BIRTHS: &str = "18581117 18991230 18991231 19000101 19010101 19700101";

impl IdRules {
    /// Whether this Patient ID is written where none is known.
    pub(super) fn is_placeholder(&self, id: &str) -> bool {
        let has = |ids: &BTreeSet<String>| ids.iter().any(|known| written(known) == written(id));
        !has(&self.real_ids) && (has(&self.placeholder_ids) || is_of_table(id))
    }

    /// Whether an issuer is the site's own.
    pub(super) fn is_own(&self, issuer: &str) -> bool {
        self.own_issuers.iter().any(|own| own.trim() == issuer)
    }

    /// What is wrong with them: key, what, what to write.
    pub fn faults(&self) -> Vec<(&'static str, &'static str, &'static str)> {
        let fits = |text: &String| {
            !text.trim().is_empty()
                && text.chars().count() <= LONGEST
                && !text.contains(|c: char| c.is_control() || c == '\\')
        };
        let write = "write 1 to 64 characters, without backslash and control characters";
        let lists = [
            ("placeholder_ids", &self.placeholder_ids),
            ("real_ids", &self.real_ids),
            ("own_issuers", &self.own_issuers),
        ];
        let mut faults: Vec<_> = lists
            .into_iter()
            .filter(|(_, list)| !list.iter().all(fits))
            .map(|(key, _)| (key, "holds what no Patient ID and no issuer can be", write))
            .collect();
        if self.real_ids.iter().any(|id| self.placeholder_ids.iter().any(|p| written(p) == written(id))) {
            faults.push(("real_ids", "names an id of placeholder_ids", "leave it out of one of both"));
        } else if !self.real_ids.iter().all(|id| is_of_table(id)) {
            let write = "leave it out: every id that is not of the table of placeholders counts already";
            faults.push(("real_ids", "names an id that is taken for somebody's anyway", write));
        }
        faults
    }
}

/// As it is compared: letters and digits alone, upper case, accents folded; what has none stays as it is.
fn written(text: &str) -> String {
    let composed: String = text.nfkc().collect();
    let letters = fold(&composed.chars().filter(|c| c.is_alphanumeric() || is_mark(*c)).collect::<String>());
    if letters.is_empty() { composed.trim().to_owned() } else { letters }
}

fn is_in(list: &str, word: &str) -> bool {
    list.split_whitespace().any(|known| known == word)
}

/// Vowel signs and the like, which belong to the letter before them.
fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

fn is_of_table(id: &str) -> bool {
    let text = written(id);
    let first = text.chars().next();
    let one = text.chars().all(|c| Some(c) == first);
    let many = |least: usize| one && text.chars().count() >= least;
    match first {
        None => true,
        Some(c) if !c.is_alphanumeric() => true,
        Some('0' | 'X') if one => true,
        Some('9') if many(3) => true,
        Some(c) if c.is_ascii_digit() && many(6) => true,
        _ => is_in(WORDS, &text) || is_in(NUMBERS, &text),
    }
}

/// Whether a name, by its components, is written where none is known, or is too little of one.
pub(super) fn is_nobodys_name(name: &str) -> bool {
    let words: Vec<String> =
        name.split(['^', ' ', ',']).map(written).filter(|w| w.contains(char::is_alphanumeric)).collect();
    let letters = |word: &String| if word.is_ascii() { word.len() } else { 2 * word.chars().count() };
    words.iter().map(letters).sum::<usize>() < 3
        || words.iter().all(|word| is_of_table(word) || is_in(NAMELESS, word))
        || words.iter().any(|word| is_in(NEWBORN, word))
        || is_in(NOBODY, &words.concat())
}

/// Whether a birth date (`YYYYMMDD`) is written where none is known.
pub(super) fn is_nobodys_birth(date: &str) -> bool {
    is_in(BIRTHS, date)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn placeholders_are_known_however_they_are_written() {
        let rules = IdRules::default();
        for id in [
            "",
            " ",
            "0",
            "000",
            "0-0",
            "1",
            "123456",
            "UNKNOWN",
            "unknown",
            " Unknown ",
            "n/a",
            "N.A.",
            "NULL",
            "none",
            "no id",
            "Anonymous",
            "TEST",
            "test patient",
            "XXX",
            "xx-xx",
            "?",
            "-",
            "...",
            "^^^",
            "999",
            "1111111",
            "unbekannt",
            "Inconnu",
            "desconocído",
            "неизвестно",
            "НЕТ",
            "未知",
            "不明",
            "없음",
            "مجهول",
            "ｕｎｋｎｏｗｎ",
            "okänd",
            "अज्ञात",
        ] {
            assert!(rules.is_placeholder(id), "{id:?}");
        }
        for id in [
            "4711",
            "12345",
            "10",
            "9",
            "99",
            "1001",
            "0001",
            "UNKNOWN-20240101-3",
            "TEST7",
            "A",
            "XAVIER",
            "2405055400",
            "11111",
            "P0",
            "王小明",
        ] {
            assert!(!rules.is_placeholder(id), "{id:?}");
        }
    }

    #[test]
    fn a_site_adds_and_removes() {
        let set = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<BTreeSet<String>>();
        let rules = IdRules {
            placeholder_ids: set(&["AMB-0", "77"]),
            real_ids: set(&["1", "QA"]),
            own_issuers: set(&["HOSPITAL-A"]),
        };
        assert!(rules.faults().is_empty(), "{:?}", rules.faults());
        for (id, expected) in [("amb 0", true), ("77", true), ("1", false), ("qa", false), ("0", true)] {
            assert_eq!(rules.is_placeholder(id), expected, "{id}");
        }
        let wrong =
            IdRules { placeholder_ids: set(&["0", " "]), real_ids: set(&["0"]), own_issuers: set(&["a\\b"]) };
        let keys: Vec<&str> = wrong.faults().iter().map(|f| f.0).collect();
        assert_eq!(keys, ["placeholder_ids", "own_issuers", "real_ids"]);
        let idle = IdRules { real_ids: set(&["4711"]), ..IdRules::default() };
        assert_eq!(idle.faults().len(), 1);
    }

    #[test]
    fn names_and_birth_dates_of_nobody_are_known() {
        for name in [
            "",
            "UNKNOWN",
            "Unknown^Patient",
            "TEST^TEST",
            "DOE^JOHN",
            "X^Y",
            "N^N",
            "Smith^Baby Boy",
            "XXX^XXX",
            "Müller^Neugeborenes",
            "未知^不明",
            "-",
            "Female^Unknown",
        ] {
            assert!(is_nobodys_name(name), "{name}");
        }
        for name in ["Andersson^Bo", "Li^Wu", "王^小明", "No^Hana", "Test^Ada", "山田^太郎"] {
            assert!(!is_nobodys_name(name), "{name}");
        }
        assert!(is_nobodys_birth("19000101") && !is_nobodys_birth("19400101"));
    }
}
