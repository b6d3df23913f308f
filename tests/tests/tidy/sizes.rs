//! Files of a size that one can read, each with its purpose first.

use super::tree::{sources, walk};

const FILE_LINES_MAX: usize = 400;

/// Files that may be longer, each with its reason.
const LONG_FILES: &[(&str, &str)] = &[
    ("proto/src/wire/generated.rs", "generated"),
    ("appliance/crates/deid/src/table.rs", "generated: one row per attribute of PS3.15 table E.1-1"),
    ("appliance/crates/deid/src/types.rs", "generated: attribute types per module and IOD"),
    ("proto/src/keys.rs", "four kinds of key with one text form"),
    ("appliance/crates/intake/src/walk.rs", "one state machine"),
    ("appliance/crates/deid/src/words.rs", "generated: the closed vocabulary"),
    (
        "appliance/crates/dicom/src/registry.rs",
        "generated: one row per SOP class and transfer syntax of PS3.6",
    ),
    ("appliance/src/escalation/tests/cloud.rs", "one pretended cloud"),
];

/// Functions that may be longer, each with its reason.
const LONG_FUNCTIONS: &[(&str, &str, &str)] = &[
    ("appliance/src/cli/init.rs", "configuration", "the text of the configuration file"),
    ("tests/tests/identity.rs", "a_planted_identity_appears_nowhere", "one walk through every place"),
    ("appliance/crates/deid/tests/deid_golden.rs", "chest_ct", "one data set, element by element"),
];

#[test]
fn every_file_says_its_purpose_first_and_none_is_too_long() {
    let mut wrong = Vec::new();
    for (name, path) in sources() {
        let text = std::fs::read_to_string(&path).unwrap();
        let first = text.lines().next().unwrap_or("");
        let generated = LONG_FILES.iter().any(|(n, why)| *n == name && *why == "generated");
        if !first.starts_with("//! ") && !generated {
            wrong.push(format!("{name}: the first line says no purpose"));
        }
        let lines = text.lines().count();
        let excused = LONG_FILES.iter().any(|(n, _)| *n == name);
        if lines > FILE_LINES_MAX && !excused {
            wrong.push(format!("{name}: {lines} lines, at most {FILE_LINES_MAX}"));
        }
        if !excused {
            wrong.extend(
                walk(&name, &text)
                    .long
                    .into_iter()
                    .filter(|(f, _)| {
                        !LONG_FUNCTIONS.iter().any(|(file, known, _)| *file == name && known == f)
                    })
                    .map(|(f, n)| format!("{name}: fn {f} has {n} lines")),
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
