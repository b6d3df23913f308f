//! Rooms use only floors below, outside crates are called from one place, and the products do not see each other.

use std::collections::BTreeSet;

use super::modules::krates;
use super::tree::{place, root, sources, walk};

/// Floors of the appliance's own package: a room may use rooms on floors below its own. What lies below are crates of
/// their own, and Cargo holds those walls.
const APPLIANCE: &[(&str, u8)] = &[
    ("main", 7),
    ("lib", 7),
    ("cli", 6),
    ("app", 5),
    ("arrivals", 4),
    ("pipeline", 4),
    ("cases", 3),
    ("commitment", 3),
    ("escalation", 3),
    ("oversight", 3),
    ("retention", 3),
    ("vault", 3),
    ("site", 2),
    ("forward", 1),
    ("alarm", 1),
    ("review", 1),
];

/// Edges on one floor that are named with their reason.
const SAME_FLOOR: &[(&str, &str, &str)] = &[];

/// The crates under `appliance/crates` by floor: each may depend on floors below its own.
const CRATES: &[(&str, u8)] = &[
    ("dicom", 0),
    ("deid", 1),
    ("store", 1),
    ("audit", 1),
    ("dimse", 2),
    ("pixels", 2),
    ("domain", 2),
    ("ledger", 3),
    ("intake", 3),
    ("worker", 3),
];

/// Who may depend on a crate that not everybody above may name.
const ONLY: &[(&str, &[&str], &str)] = &[("pixels", &["worker"], "the control process cannot name a codec")];

const CLOUD: &[(&str, u8)] = &[
    ("main", 4),
    ("lib", 4),
    ("cli", 3),
    ("service", 2),
    ("page", 2),
    ("diagnosis", 2),
    ("queue", 1),
    ("objects", 1),
];

/// Outside crates with the only rooms that may name them (`crate/room`).
const CALLERS: &[(&str, &[&str])] = &[
    ("dicom_ul", &["appliance/dimse", "fixtures/"]),
    ("dicom_object", &["appliance/worker", "appliance/pixels", "fixtures/"]),
    ("dicom_pixeldata", &["appliance/worker", "appliance/pixels", "fixtures/"]),
    ("ort", &["models/"]),
    ("ndarray", &["models/", "appliance/pixels", "appliance/worker", "cloud-service/diagnosis"]),
    ("image", &["models/", "appliance/pixels", "appliance/worker", "cloud-service/diagnosis", "fixtures/"]),
    ("jpeg_decoder", &["appliance/pixels"]),
    ("aes_gcm", &["proto/envelope", "appliance/ledger"]),
    ("aws_lc_rs", &["appliance/store", "appliance/dimse", "proto/tls"]),
    ("aead_stream", &["proto/envelope"]),
    ("hpke", &["proto/envelope", "proto/keys"]),
    ("tonic", &["proto/", "appliance/escalation", "cloud-service/service"]),
    ("prost", &["proto/", "appliance/escalation", "cloud-service/service"]),
    ("axum", &["appliance/review", "cloud-service/page"]),
    ("sqlx", &["appliance/ledger", "cloud-service/queue"]),
    ("libsqlite3_sys", &["fixtures/"]),
    ("lettre", &["appliance/alarm"]),
    ("reqwest", &["appliance/alarm", "cloud-service/diagnosis"]),
    ("object_store", &["cloud-service/objects"]),
    ("scanside_cloud_service", &["cloud-service/main"]),
    ("scanside_appliance", &["appliance/main"]),
];

/// What is wrong with the edges of one file. A file of tests may start what stands above its room.
fn edges(name: &str, text: &str, test: bool) -> BTreeSet<String> {
    let mut wrong = BTreeSet::new();
    let Some((member, room)) = place(name) else { return wrong };
    let floors = match member.as_str() {
        "appliance" => APPLIANCE,
        "cloud-service" => CLOUD,
        _ => &[],
    };
    let floor = |r: &str| floors.iter().find(|(n, _)| *n == r).map(|(_, f)| *f);
    let here = floor(&room);
    let in_crate = name.contains("/crates/");
    if !floors.is_empty() && here.is_none() && !in_crate {
        wrong.insert(format!("{name}: the room `{room}` has no floor"));
    }
    let here_label = format!("{member}/{room}");
    for path in walk(name, text).paths {
        let Some(first) = path.first() else { continue };
        if first == "crate" && room != "lib" && !test {
            let Some(to) = path.get(1) else { continue };
            if let (Some(a), Some(b)) = (here, floor(to))
                && *to != room
                && b >= a
                && !SAME_FLOOR.iter().any(|(x, y, _)| *x == room && y == to)
            {
                wrong.insert(format!("{name}: `{room}` (floor {a}) may not use `{to}` (floor {b})"));
            }
        }
        if let Some((_, allowed)) = CALLERS.iter().find(|(c, _)| c == first)
            && !allowed
                .iter()
                .any(|a| here_label.starts_with(a) || (a.ends_with('/') && format!("{member}/") == **a))
            && member != "tests"
        {
            wrong.insert(format!("{name}: names `{first}`, which only {allowed:?} may"));
        }
    }
    wrong
}

#[test]
fn rooms_use_only_floors_below_and_outside_crates_have_one_door() {
    let tests: BTreeSet<String> = krates()
        .into_iter()
        .flat_map(|krate| krate.modules)
        .filter(|module| module.test)
        .map(|module| module.file)
        .collect();
    let wrong: BTreeSet<String> = sources()
        .iter()
        .flat_map(|(name, path)| edges(name, &std::fs::read_to_string(path).unwrap(), tests.contains(name)))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_edge_check_sees_what_it_is_for() {
    let up = edges("appliance/src/forward/x.rs", "//! x\nuse crate::app::run;\n", false);
    assert!(up.iter().any(|w| w.contains("floor")), "{up:?}");
    let inline = edges("appliance/src/review/x.rs", "//! x\nfn f() { crate::pipeline::run(); }\n", false);
    assert_eq!(inline.len(), 1);
    let found = edges("appliance/src/review/x.rs", "//! x\nfn f() { sqlx::query(\"\"); }\n", false);
    assert_eq!(found.len(), 1);
    assert!(
        edges("appliance/crates/dimse/src/x.rs", "//! x\nuse dicom::Tag;\nuse dicom_ul::pdu;\n", false)
            .is_empty()
    );
}

#[test]
fn the_two_products_and_the_floor_crates_do_not_see_each_other() {
    let deps = |member: &str| -> BTreeSet<String> {
        let text = std::fs::read_to_string(root().join(member).join("Cargo.toml")).unwrap();
        let manifest: toml::Table = text.parse().unwrap();
        manifest["dependencies"].as_table().unwrap().keys().cloned().collect()
    };
    for (member, never) in [
        ("appliance", &["cloud-service", "fixtures", "tests"][..]),
        ("cloud-service", &["appliance", "fixtures", "tests"]),
        ("proto", &["appliance", "cloud-service", "models", "fixtures", "tests", "sign_in"]),
        ("proto/sign-in", &["appliance", "cloud-service", "models", "fixtures", "tests", "axum", "sqlx"]),
        ("models", &["appliance", "cloud-service", "proto", "fixtures", "tests"]),
        ("fixtures", &["appliance", "cloud-service", "tests"]),
    ] {
        let found = deps(member);
        for n in never {
            assert!(!found.contains(*n), "{member} depends on {n}");
        }
    }
    for (name, floor) in CRATES {
        let found = deps(&format!("appliance/crates/{name}"));
        for n in ["appliance", "cloud-service", "fixtures", "tests"] {
            assert!(!found.contains(n), "{name} depends on {n}");
        }
        for (other, below) in CRATES.iter().filter(|(other, _)| found.contains(*other)) {
            assert!(below < floor, "{name} depends on {other}, which is not below it");
        }
        for (one, may, why) in ONLY.iter().filter(|(one, ..)| found.contains(*one)) {
            assert!(may.contains(name), "{name} depends on {one}: {why}");
        }
    }
    for (one, _, why) in ONLY {
        assert!(!deps("appliance").contains(*one), "the appliance depends on {one}: {why}");
    }
}
