//! The list of guards is current: each stands exactly once where `guards.toml` says and has a test to fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;

#[test]
fn every_guard_stands_where_the_list_says() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let list: toml::Table = std::fs::read_to_string(here.join("guards.toml")).unwrap().parse().unwrap();
    let guards = list["guard"].as_array().unwrap();
    assert!(guards.len() >= 10);
    for guard in guards {
        let text = |key: &str| guard[key].as_str().unwrap_or_else(|| panic!("{guard} has no {key}"));
        let source = std::fs::read_to_string(here.join("..").join(text("file"))).unwrap();
        assert_eq!(source.matches(text("line")).count(), 1, "{}", text("name"));
        assert_ne!(text("line"), text("instead"), "{}", text("name"));
        assert!(text("test").starts_with("package("), "{}", text("name"));
    }
}
