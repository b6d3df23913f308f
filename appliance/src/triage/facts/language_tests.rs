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
            let written = word.replace('_', " ").replace('*', "");
            let folded = crate::deid::fold(&written);
            assert_eq!(folded, written, "{word} is not folded");
            let found: Vec<_> =
                meanings(&format!("xx {} 2", written.to_lowercase())).iter().map(|m| m.key).collect();
            assert_eq!(found, [key], "{word} ({language})");
        }
    }
    assert!(known.len() > 600, "{}", known.len());
    for meaning in &MEANINGS {
        assert!(known.values().any(|key| *key == meaning.key), "no word means {}", meaning.key);
    }
}

#[test]
fn texts_of_many_languages_are_understood() {
    let named = |text: &str| {
        let mut keys: Vec<_> = meanings(text).iter().map(|m| m.key).collect();
        keys.sort_unstable();
        keys.join(" ")
    };
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
