//! A package depends on what its sources name and on nothing else: what nothing names goes.

use std::collections::BTreeSet;
use std::path::Path;

use super::modules::packages;

/// Named for their features alone, each with its reason.
const FOR_FEATURES: &[(&str, &str, &str)] = &[
    ("scanside-cloud-service", "sqlx-sqlite", "SQLite is built with the program"),
    ("scanside-ledger", "sqlx-sqlite", "SQLite is built with the program"),
    ("scanside-tests", "digest", "features as the browser driver wants them, so that nothing is built twice"),
    ("scanside-tests", "dimse", "features as its tests want them, so that nothing is built twice"),
    ("scanside-tests", "store", "features as its tests want them, so that nothing is built twice"),
];

/// The lines of the sources in a folder, comments left out; folders with a manifest of their own belong elsewhere.
fn code(folder: &Path) -> String {
    let mut all = String::new();
    let other = |entry: &walkdir::DirEntry| entry.depth() == 0 || !entry.path().join("Cargo.toml").is_file();
    for entry in walkdir::WalkDir::new(folder).into_iter().filter_entry(other).flatten() {
        if entry.path().extension().is_some_and(|e| e == "rs") {
            let text = std::fs::read_to_string(entry.path()).unwrap();
            all.extend(
                text.lines().filter(|line| !line.trim_start().starts_with("//")).flat_map(|l| [l, "\n"]),
            );
        }
    }
    all
}

/// Whether the code names a crate: `name::`, `use name;` or `use name as`.
fn names(code: &str, name: &str) -> bool {
    let name = name.replace('-', "_");
    code.match_indices(&name).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + name.len()..].trim_start_matches(' ');
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
            && (after.starts_with("::") || after.starts_with(';') || after.starts_with("as "))
    })
}

fn keys(table: Option<&toml::Value>) -> Vec<String> {
    table.and_then(|t| t.as_table()).map(|t| t.keys().cloned().collect()).unwrap_or_default()
}

#[test]
fn a_package_depends_on_what_it_names() {
    let mut wrong = BTreeSet::new();
    for package in packages().iter().filter(|package| !package.ends_with("fuzz")) {
        let text = std::fs::read_to_string(package.join("Cargo.toml")).unwrap();
        let manifest: toml::Table = text.parse().unwrap();
        let name = manifest["package"]["name"].as_str().unwrap();
        let own = code(&package.join("src"));
        let tests = code(&package.join("tests"));
        let mut needed = keys(manifest.get("dependencies"));
        for target in manifest.get("target").and_then(|t| t.as_table()).into_iter().flat_map(|t| t.values()) {
            needed.extend(keys(target.get("dependencies")));
        }
        let excused = |one: &str| FOR_FEATURES.iter().any(|(who, what, _)| *who == name && *what == one);
        for one in needed.iter().filter(|one| !names(&own, one) && !excused(one)) {
            wrong.insert(format!("{name} depends on {one} and does not name it"));
        }
        for one in keys(manifest.get("dev-dependencies")) {
            if !names(&own, &one) && !names(&tests, &one) {
                wrong.insert(format!("the tests of {name} depend on {one} and do not name it"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_check_sees_a_name_however_it_is_used() {
    for code in ["use a_b::c;", "use a_b;", "a_b::c()", "use a_b as d;", "#[derive(a_b::C)]", "x(&a_b::Y)"] {
        assert!(names(code, "a-b"), "{code}");
    }
    for code in ["use xa_b::c;", "a_bc::d()", "let a_b = 1"] {
        assert!(!names(code, "a-b"), "{code}");
    }
}
