//! Words that stand nowhere: of a result what it is not, of a file a path of a machine, of a test that it is ignored.

use super::tree::{sources, walk};

#[test]
fn no_test_is_ignored_nothing_is_left_to_do_and_no_path_of_a_machine_is_kept() {
    let mut wrong = Vec::new();
    for (name, path) in sources() {
        if name == "tests/tests/tidy/words.rs" {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for bad in ["#[ignore", "todo!(", "unimplemented!(", "/root/", "/home/", "/work/"] {
            if text.contains(bad) {
                wrong.push(format!("{name}: {bad}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_products_never_call_a_result_what_it_is_not() {
    let banned = [
        "ruled out",
        "negative for",
        "no abnormality",
        "normal study",
        "all clear",
        "is clear",
        "unremarkable",
    ];
    let mut wrong = Vec::new();
    for (name, path) in sources() {
        if !(name.starts_with("appliance/src")
            || name.starts_with("appliance/crates")
            || name.starts_with("cloud-service/src")
            || name.starts_with("models/src"))
        {
            continue;
        }
        for text in walk(&name, &std::fs::read_to_string(&path).unwrap()).texts {
            let low = text.to_lowercase();
            let list = low.contains('|') || text.split_whitespace().count() < 3;
            if banned.iter().any(|b| low.contains(b)) && !list {
                wrong.push(format!("{name}: {text}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
