//! The products read the machine's clock in one place (`proto::clock`): a deadline counted from a clock that somebody
//! sets comes hours late or at once.

use std::path::Path;

/// What reads the machine's clock, in the spellings of the standard library and of `time`.
const READS: [&str; 5] =
    ["SystemTime::now", "UNIX_EPOCH.elapsed", "now_utc()", "now_local()", "datetime('now"];

/// Files that do, each with its reason.
const KNOWN: &[(&str, &str)] = &[
    ("proto/src/clock.rs", "the one place"),
    ("cloud-service/src/cli/init.rs", "a certificate is valid by the machine's clock"),
    ("cloud-service/src/cli/check.rs", "a certificate is valid by the machine's clock"),
    ("cloud-service/src/diagnosis/openai.rs", "a date of HTTP is of the machine's clock"),
    ("cloud-service/src/service/serve.rs", "a certificate is valid by the machine's clock"),
];

/// Places of values: what they are asked depends on their arguments alone.
const VALUES: [&str; 5] = [
    "appliance/crates/dicom/",
    "appliance/crates/deid/",
    "appliance/crates/domain/",
    "appliance/crates/pixels/src/grey/",
    "proto/sign-in/",
];

/// What a file reads that it should not; tests may look at the clock.
fn wrong(name: &str, text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let mut found: Vec<&str> = READS.into_iter().filter(|read| code.contains(read)).collect();
    if KNOWN.iter().any(|(known, _)| *known == name) {
        found.clear();
    }
    if VALUES.iter().any(|place| name.starts_with(place)) && code.contains("clock::") {
        found.push("clock::");
    }
    found.into_iter().map(|read| format!("{name}: {read}")).collect()
}

#[test]
fn the_machines_clock_is_read_in_one_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let (mut files, mut found) = (0, Vec::new());
    for product in
        ["appliance/src", "appliance/crates", "cloud-service/src", "proto/src", "proto/sign-in/src"]
    {
        for entry in walkdir::WalkDir::new(root.join(product)) {
            let path = entry.unwrap().into_path();
            let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            let tests =
                ["/tests.rs", "_tests.rs"].iter().any(|end| name.ends_with(end)) || name.contains("/tests/");
            if name.ends_with(".rs") && !tests {
                files += 1;
                found.extend(wrong(&name, &std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(files > 100, "the tree was found");
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_check_sees_what_it_is_for() {
    let late = "//! x\nfn now() { std::time::SystemTime::now(); }\n";
    assert_eq!(wrong("appliance/src/forward/x.rs", late), ["appliance/src/forward/x.rs: SystemTime::now"]);
    assert!(wrong("proto/src/clock.rs", late).is_empty());
    let inside = "//! x\nfn now() { proto::clock::now(); }\n";
    assert_eq!(wrong("appliance/crates/domain/src/study/steps.rs", inside).len(), 1);
    assert!(wrong("appliance/src/pipeline/scheduler.rs", inside).is_empty());
    let tested =
        "//! x\n#[cfg(test)]\nmod tests {\n use std::time::SystemTime; fn f() { SystemTime::now(); }\n}\n";
    assert!(wrong("cloud-service/src/objects/mod.rs", tested).is_empty());
}
