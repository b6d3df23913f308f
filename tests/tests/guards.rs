//! The list of guards is current: each stands exactly once where `guards.toml` says and has tests to fail.

use std::path::Path;

use crate::tidy::{krates, tests};

#[test]
fn every_guard_stands_where_the_list_says_and_has_tests() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let list: toml::Table = std::fs::read_to_string(here.join("guards.toml")).unwrap().parse().unwrap();
    let guards = list["guard"].as_array().unwrap();
    assert!(guards.len() >= 10);
    let known: Vec<(String, Vec<String>)> =
        krates().into_iter().map(|krate| (krate.package.clone(), tests(&krate))).collect();
    let mut wrong = Vec::new();
    for guard in guards {
        let text = |key: &str| guard[key].as_str().unwrap_or_else(|| panic!("{guard} has no {key}"));
        let name = text("name");
        let source = std::fs::read_to_string(here.join("..").join(text("file"))).unwrap_or_default();
        if source.matches(text("line")).count() != 1 {
            wrong.push(format!("{name}: does not stand exactly once in {}", text("file")));
        }
        if text("line") == text("instead") {
            wrong.push(format!("{name}: nothing is taken out"));
        }
        for part in guard["tests"].as_array().unwrap() {
            let part = part.as_str().unwrap();
            let has = known
                .iter()
                .filter(|(package, _)| package == text("package"))
                .any(|(_, tests)| tests.iter().any(|test| test.contains(part)));
            if !has {
                wrong.push(format!("{name}: {} has no test `{part}`", text("package")));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
