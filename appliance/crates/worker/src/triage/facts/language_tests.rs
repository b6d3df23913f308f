//! The words of texts: each means one thing, is found, and those that mean several are not there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::HashMap;

use super::words::{MEANINGS, lines, meanings};

#[test]
fn each_word_means_one_thing_and_is_found() {
    let mut known: HashMap<&str, &str> = HashMap::new();
    for (key, language, words) in lines() {
        assert!(MEANINGS.iter().any(|m| m.key == key), "{key} has no meaning");
        for word in words.split_whitespace() {
            let before = known.insert(word, key);
            assert!(before.is_none_or(|b| b == key), "{word} ({language}) means {key} and {before:?}");
            let written = word.replace("_+", "").replace('_', " ").replace('*', "");
            let folded = deid::fold(&written);
            assert_eq!(folded, written, "{word} is not folded");
            let (before, after) = if key == "profile" { ("", "") } else { ("xx ", " yy") };
            let text = format!("{before}{}{after}", written.to_lowercase());
            let found: Vec<_> = meanings(&text).iter().map(|m| m.key).collect();
            assert_eq!(found, [key], "{word} ({language})");
        }
    }
    assert!(known.len() > 600, "{}", known.len());
    for meaning in &MEANINGS {
        assert!(known.values().any(|key| *key == meaning.key), "no word means {}", meaning.key);
    }
}

/// What a text names, in order of the alphabet.
fn named(text: &str) -> String {
    let mut keys: Vec<_> = meanings(text).iter().map(|m| m.key).filter(|key| *key != "nothing").collect();
    keys.sort_unstable();
    keys.join(" ")
}

#[test]
fn texts_of_many_languages_are_understood() {
    for (text, expected) in [
        ("Thorax seitlich li. anliegend", "chest lateral"),
        ("RX Thorax de profil", "chest lateral"),
        ("Radiografía de tórax PA y lateral", "chest frontal lateral"),
        ("Tórax perfil", "chest lateral"),
        ("RX torace latero-laterale", "chest lateral"),
        ("Klatka piersiowa boczna", "chest lateral"),
        ("Hrudník boční", "chest lateral"),
        ("рентген органов грудной клетки, боковая проекция", "chest lateral"),
        ("Göğüs", "chest"),
        ("胸部側面", "chest lateral"),
        ("胸部２方向", "chest"),
        ("頚椎正面", "frontal spine"),
        ("胸部正侧位", "chest frontal"),
        ("흉부 측면", "chest lateral"),
        ("무릎", "leg"),
        ("صدر جانبي", "chest lateral"),
        ("ＬＡＴ ＣＨＥＳＴ", "chest lateral"),
        ("ThoraxPA", "chest frontal"),
        ("CHEST2V", "chest"),
        ("Scha\u{0308}del", "head"),
        ("коленного сустава", "leg"),
        ("BRUST", ""),
        ("Borst", ""),
        ("long standing cough", ""),
        ("bilateral unilateral platform chestnut", ""),
        ("головка плеча", "shoulder"),
    ] {
        assert_eq!(named(text), expected, "{text}");
    }
}

#[test]
fn what_only_looks_like_a_word_of_another_language_says_nothing_and_what_is_one_is_heard() {
    for (text, expected) in [
        ("Профилактическое исследование ОГК", "chest"),
        ("животное", ""),
        ("Standard Profil", ""),
        ("Thorax AGY 12", "chest"),
        ("Thorax i enkel projektion", "chest"),
        ("thorax des deux côtés", "chest"),
        ("胸部电脑断层", "chest"),
        ("THORAX PIED DU LIT", "chest"),
        ("CHEST AT FOOT OF BED", "chest"),
        ("CHEST C-ARM", "chest"),
        ("CHEST 6 FEET", "chest"),
        ("CHEST 6FEET", "chest"),
        ("Thorax LL7", "chest"),
        ("thorax på avdeling", "chest"),
        ("thorax pa\u{030A} avdeling", "chest"),
        // These are.
        ("Thorax lateral på sal", "chest lateral"),
        ("Thorax lateral pa\u{030A} sal", "chest lateral"),
        ("Torace LL", "chest lateral"),
        ("Torace LL 2", "chest lateral"),
        ("ОГК профильная", "chest lateral"),
        ("в профильной проекции", "lateral"),
        ("рентгенография живота", "abdomen"),
        ("Thorax seitl.", "chest lateral"),
        ("X-thorax dwars", "chest lateral"),
        ("Lungor sida", "chest lateral"),
        ("Keuhkot sivukuva", "chest lateral"),
        ("Göğüs yan", "lateral"),
        ("Akciğer yan grafi", "lateral"),
        ("THORAX PROF", "lateral"),
        ("Thorax profil", "chest profile"),
        ("Profil", "profile"),
        ("Profil gauche", "lateral"),
        ("CHESTLAT", "lateral"),
        ("latero", "lateral"),
        ("gril costal", "ribs"),
        ("enkelgewricht", "leg"),
        ("头颅 脑", "head"),
        ("腦部", "head"),
        ("sọ não", "head"),
        ("FOOT 2 VIEWS", "leg"),
    ] {
        assert_eq!(named(text), expected, "{text}");
    }
}

#[test]
fn a_long_text_is_read_to_a_bound_and_leaves_a_doubt() {
    let keys = |text: String| meanings(&text).iter().map(|m| m.key).collect::<Vec<_>>();
    assert_eq!(keys(format!("lateral {}", "Ж".repeat(64 << 10))), ["long", "lateral"]);
    assert_eq!(keys(format!("{} lateral", "Ж".repeat(64 << 10))), ["long"]);
    assert_eq!(keys(format!("{:1024}", "lateral")), ["lateral"]);
    assert!(meanings("x").is_empty());
    // Words longer than any of the table, and as many as a header may hold.
    let long = "КОЛЕН".repeat(200);
    (0..2_000).for_each(|_| assert_eq!(meanings(&long).len(), 1));
}
