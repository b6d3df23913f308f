//! The tree keeps its own rules: floors, doors to outside crates, sizes, first lines, words.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;

/// Files that may be longer, each with its reason.
const LONG_FILES: &[(&str, &str)] = &[
    ("proto/src/wire/generated.rs", "generated"),
    ("appliance/crates/deid/src/table.rs", "generated: one row per attribute of PS3.15 table E.1-1"),
    ("appliance/crates/pixels/src/text/trees.rs", "generated: the trees that score lines of text"),
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

/// Files whose pause is their purpose.
const PAUSES: &[(&str, &str)] =
    &[("fixtures/src/scanner/raw.rs", "a peer that drips bytes slowly: the pause is what is played")];

/// Floors of the appliance's own package: a room may use rooms on floors below its own. What lies below are crates of
/// their own, and Cargo holds those walls.
const APPLIANCE: &[(&str, u8)] = &[
    ("main", 7),
    ("lib", 7),
    ("cli", 6),
    ("app", 5),
    ("arrivals", 4),
    ("pipeline", 4),
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
const DOORS: &[(&str, &[&str])] = &[
    ("dicom_ul", &["appliance/intake", "appliance/forward", "fixtures/"]),
    ("dicom_object", &["appliance/worker", "appliance/pixels", "fixtures/"]),
    ("dicom_pixeldata", &["appliance/worker", "appliance/pixels", "fixtures/"]),
    ("ort", &["models/"]),
    ("ndarray", &["models/", "appliance/pixels", "appliance/worker", "cloud-service/diagnosis"]),
    ("image", &["models/", "appliance/pixels", "appliance/worker", "cloud-service/diagnosis", "fixtures/"]),
    ("jpeg_decoder", &["appliance/pixels"]),
    ("aes_gcm", &["proto/envelope", "appliance/ledger"]),
    ("aws_lc_rs", &["appliance/store", "appliance/intake", "proto/tls"]),
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

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn sources() -> Vec<(String, PathBuf)> {
    let root = root();
    let mut files = Vec::new();
    for member in ["appliance", "cloud-service", "proto", "models", "fixtures", "tests"] {
        for entry in walkdir::WalkDir::new(root.join(member)) {
            let path = entry.unwrap().into_path();
            if path.extension().is_some_and(|e| e == "rs") {
                files.push((path.strip_prefix(&root).unwrap().to_string_lossy().into_owned(), path));
            }
        }
    }
    files.sort();
    assert!(files.len() > 50, "the tree was found");
    files
}

/// `appliance/src/review/page.rs` and `appliance/crates/intake/src/wire.rs` -> ("appliance", "review" and "intake").
fn place(name: &str) -> Option<(String, String)> {
    let (member, rest) = name.split_once("/src/")?;
    if let Some((product, krate)) = member.split_once("/crates/") {
        return Some((product.to_owned(), krate.to_owned()));
    }
    let room = rest.split('/').next()?.trim_end_matches(".rs");
    Some((member.to_owned(), room.to_owned()))
}

struct Walk<'a> {
    paths: Vec<Vec<String>>,
    long: Vec<(String, usize)>,
    texts: Vec<String>,
    in_test: usize,
    _file: &'a str,
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|a| {
        let path = a.path();
        path.is_ident("test")
            || (path.is_ident("cfg")
                && a.meta.require_list().is_ok_and(|l| l.tokens.to_string().contains("test")))
            || path.segments.last().is_some_and(|s| s.ident == "test")
    })
}

fn flatten(tree: &syn::UseTree, before: &[String], out: &mut Vec<Vec<String>>) {
    let mut here = before.to_vec();
    match tree {
        syn::UseTree::Path(p) => {
            here.push(p.ident.to_string());
            flatten(&p.tree, &here, out);
        }
        syn::UseTree::Name(n) => {
            here.push(n.ident.to_string());
            out.push(here);
        }
        syn::UseTree::Rename(n) => {
            here.push(n.ident.to_string());
            out.push(here);
        }
        syn::UseTree::Glob(_) => out.push(here),
        syn::UseTree::Group(g) => g.items.iter().for_each(|t| flatten(t, before, out)),
    }
}

impl<'ast> Visit<'ast> for Walk<'_> {
    fn visit_item_mod(&mut self, m: &'ast syn::ItemMod) {
        let test = usize::from(is_test(&m.attrs));
        self.in_test += test;
        visit::visit_item_mod(self, m);
        self.in_test -= test;
    }
    fn visit_item_use(&mut self, u: &'ast syn::ItemUse) {
        if self.in_test == 0 && !is_test(&u.attrs) {
            flatten(&u.tree, &[], &mut self.paths);
        }
    }
    fn visit_path(&mut self, p: &'ast syn::Path) {
        if self.in_test == 0 && p.segments.len() > 1 {
            self.paths.push(p.segments.iter().map(|s| s.ident.to_string()).collect());
        }
        visit::visit_path(self, p);
    }
    fn visit_item_fn(&mut self, f: &'ast syn::ItemFn) {
        let test = usize::from(is_test(&f.attrs));
        self.in_test += test;
        self.length(&f.sig.ident.to_string(), f.span());
        visit::visit_item_fn(self, f);
        self.in_test -= test;
    }
    fn visit_impl_item_fn(&mut self, f: &'ast syn::ImplItemFn) {
        self.length(&f.sig.ident.to_string(), f.span());
        visit::visit_impl_item_fn(self, f);
    }
    fn visit_lit_str(&mut self, s: &'ast syn::LitStr) {
        if self.in_test == 0 {
            self.texts.push(s.value());
        }
    }
}

impl Walk<'_> {
    fn length(&mut self, name: &str, span: proc_macro2::Span) {
        let lines = span.end().line - span.start().line + 1;
        if lines > FUNCTION_LINES_MAX {
            self.long.push((name.to_owned(), lines));
        }
    }
}

fn walk<'a>(name: &'a str, text: &str) -> Walk<'a> {
    let file = syn::parse_file(text).unwrap_or_else(|e| panic!("{name}: {e}"));
    let mut w = Walk { paths: Vec::new(), long: Vec::new(), texts: Vec::new(), in_test: 0, _file: name };
    w.visit_file(&file);
    w
}

/// What is wrong with the edges of one file.
fn edges(name: &str, text: &str) -> BTreeSet<String> {
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
        if first == "crate" && room != "lib" {
            let Some(to) = path.get(1) else { continue };
            if let (Some(a), Some(b)) = (here, floor(to))
                && *to != room
                && b >= a
                && !SAME_FLOOR.iter().any(|(x, y, _)| *x == room && y == to)
            {
                wrong.insert(format!("{name}: `{room}` (floor {a}) may not use `{to}` (floor {b})"));
            }
        }
        if let Some((_, allowed)) = DOORS.iter().find(|(c, _)| c == first)
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
    let wrong: BTreeSet<String> = sources()
        .iter()
        .flat_map(|(name, path)| edges(name, &std::fs::read_to_string(path).unwrap()))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_edge_check_sees_what_it_is_for() {
    let up = edges("appliance/src/forward/x.rs", "//! x\nuse crate::app::run;\n");
    assert!(up.iter().any(|w| w.contains("floor")), "{up:?}");
    let inline = edges("appliance/src/review/x.rs", "//! x\nfn f() { crate::pipeline::run(); }\n");
    assert_eq!(inline.len(), 1);
    let door = edges("appliance/src/review/x.rs", "//! x\nfn f() { sqlx::query(\"\"); }\n");
    assert_eq!(door.len(), 1);
    assert!(
        edges("appliance/crates/intake/src/x.rs", "//! x\nuse store::Store;\nuse dicom_ul::pdu;\n")
            .is_empty()
    );
}

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

#[test]
fn no_test_is_ignored_no_sleep_hides_a_race_and_no_path_of_a_machine_is_kept() {
    let mut wrong = Vec::new();
    for (name, path) in sources() {
        if name == "tests/tests/tidy.rs" {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for bad in [
            "#[ignore",
            "thread::sleep",
            "todo!(",
            "unimplemented!(",
            "allow(dead_code)",
            "allow(clippy::all)",
            "/root/",
            "/home/",
            "/work/",
        ] {
            let meant = bad == "thread::sleep" && PAUSES.iter().any(|(n, _)| *n == name);
            if text.contains(bad) && !meant {
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
        ("proto", &["appliance", "cloud-service", "models", "fixtures", "tests"]),
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
