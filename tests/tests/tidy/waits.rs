//! A pause in a test hides a race: a test waits for what it waits for. Those that stand here say why.

use std::collections::BTreeSet;

use syn::visit::{self, Visit};

use super::modules::krates;
use super::tree::{arguments, is_test, names};

/// Pauses between two looks at a condition with a deadline.
const LOOKS_AGAIN: &str = "looks again until it is so, with a deadline";

/// Functions of tests and their helpers that may pause, each with its reason.
const PAUSES: &[(&str, &str, &str)] = &[
    ("appliance/crates/audit/src/tests.rs", "until", LOOKS_AGAIN),
    (
        "appliance/crates/intake/src/tests/ending.rs",
        "a_slow_drip_does_not_hold_a_place_for_ever",
        "a peer that drips bytes slowly: the pause is what is played",
    ),
    ("appliance/crates/intake/src/tests/support.rs", "until", LOOKS_AGAIN),
    (
        "appliance/src/forward/tests/queue.rs",
        "a_destination_that_is_away_keeps_no_other_from_its_originals_and_gets_its_own_later",
        LOOKS_AGAIN,
    ),
    (
        "appliance/src/forward/tests/queue.rs",
        "a_full_destination_makes_no_dead_letters_and_gets_everything_when_it_has_room",
        LOOKS_AGAIN,
    ),
    ("appliance/src/forward/tests/queue.rs", "until", LOOKS_AGAIN),
    ("appliance/src/arrivals/tests/failing.rs", "until", LOOKS_AGAIN),
    ("appliance/src/commitment/tests/rig.rs", "until", LOOKS_AGAIN),
    ("appliance/tests/tls_server/mod.rs", "until", LOOKS_AGAIN),
    ("cloud-service/src/diagnosis/tests/breaker.rs", "until", LOOKS_AGAIN),
    ("cloud-service/tests/whole.rs", "a_case_survives_a_kill_and_its_report_comes_home", LOOKS_AGAIN),
    ("cloud-service/tests/whole.rs", "home", LOOKS_AGAIN),
    (
        "cloud-service/tests/whole.rs",
        "the_reference_model_drafts_from_an_image_and_from_numbers_alone",
        LOOKS_AGAIN,
    ),
    (
        "fixtures/src/scanner/raw.rs",
        "write_slowly",
        "a peer that drips bytes slowly: the pause is what is played",
    ),
    (
        "proto/src/serve.rs",
        "a_body_that_does_not_come_ends_also_where_the_connection_was_answered_before",
        "the end of a body's time, which is what is tested",
    ),
    ("tests/src/support/wait.rs", "until", LOOKS_AGAIN),
    (
        "tests/src/support/envelope_copies.rs",
        "begin",
        "a watch beside the appliance: it looks until it is ended, and once more then",
    ),
];

/// Ways to let time pass.
const WAYS: &[&str] = &["sleep", "sleep_ms", "sleep_until", "park_timeout"];

/// The members that are tests as a whole.
fn for_tests(name: &str) -> bool {
    name.starts_with("tests/") || name.starts_with("fixtures/")
}

#[derive(Default)]
struct Pauses {
    test: usize,
    inside: Vec<String>,
    /// The function and the way; whether it stops a thread or is compiled for tests alone.
    found: Vec<(String, String, bool)>,
}

impl Pauses {
    fn within(&mut self, name: &syn::Ident, attributes: &[syn::Attribute], go: impl FnOnce(&mut Self)) {
        let test = usize::from(is_test(attributes));
        self.test += test;
        self.inside.push(name.to_string());
        go(self);
        self.inside.pop();
        self.test -= test;
    }
}

impl<'ast> Visit<'ast> for Pauses {
    fn visit_item_mod(&mut self, m: &'ast syn::ItemMod) {
        let test = usize::from(is_test(&m.attrs));
        self.test += test;
        visit::visit_item_mod(self, m);
        self.test -= test;
    }
    fn visit_item_fn(&mut self, f: &'ast syn::ItemFn) {
        self.within(&f.sig.ident, &f.attrs, |me| visit::visit_item_fn(me, f));
    }
    fn visit_impl_item_fn(&mut self, f: &'ast syn::ImplItemFn) {
        self.within(&f.sig.ident, &f.attrs, |me| visit::visit_impl_item_fn(me, f));
    }
    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names = names(path);
        if let Some(way) = names.last().filter(|last| WAYS.contains(&last.as_str())) {
            let function = self.inside.first().cloned().unwrap_or_default();
            let thread = names.iter().any(|name| name == "thread") || *way == "park_timeout";
            self.found.push((function, way.clone(), self.test > 0 || thread));
        }
        visit::visit_path(self, path);
    }
    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        visit::visit_macro(self, call);
        // `select!` and the like have a syntax of their own: their words are read one by one.
        if arguments(call).is_empty() {
            let text = call.tokens.to_string();
            for way in WAYS.iter().filter(|way| text.contains(&format!(":: {way} ("))) {
                let function = self.inside.first().cloned().unwrap_or_default();
                self.found.push((function, (*way).to_owned(), self.test > 0));
            }
        }
        for argument in &arguments(call) {
            let mut inner = Pauses { test: self.test, inside: self.inside.clone(), found: Vec::new() };
            inner.visit_expr(argument);
            self.found.extend(inner.found);
        }
    }
}

fn pauses(syntax: &syn::File, test: bool) -> Vec<(String, String, bool)> {
    let mut walk = Pauses { test: usize::from(test), ..Pauses::default() };
    walk.visit_file(syntax);
    walk.found
}

#[test]
fn no_pause_in_a_test_hides_a_race_and_no_thread_of_a_product_pauses() {
    let mut wrong = BTreeSet::new();
    let mut used = BTreeSet::new();
    for module in krates().into_iter().flat_map(|krate| krate.modules) {
        let name = module.file.as_str();
        for (function, way, forbidden) in pauses(&module.syntax, module.test || for_tests(name)) {
            match PAUSES.iter().position(|(file, known, _)| *file == name && *known == function) {
                Some(at) => {
                    used.insert(at);
                }
                None if forbidden => {
                    wrong.insert(format!("{name}: `{function}` pauses by `{way}`"));
                }
                None => {}
            }
        }
    }
    for (at, (name, function, _)) in PAUSES.iter().enumerate() {
        if !used.contains(&at) {
            wrong.insert(format!("{name}: `{function}` is listed and does not pause"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_check_sees_a_pause_wherever_it_stands() {
    let seen = |text: &str| pauses(&syn::parse_file(text).unwrap(), true);
    for text in [
        "async fn f() { tokio::time::sleep(LONG).await; }",
        "use std::thread; fn f() { thread::sleep(LONG); }",
        "fn f() { std::thread::park_timeout(LONG) }",
        "async fn f() { tokio::select! { () = tokio::time::sleep(LONG) => {} } }",
        "async fn f() { assert!(go(tokio::time::sleep(LONG)).await); }",
        "impl A { fn f() { let wait = async { sleep(LONG).await }; } }",
    ] {
        assert_eq!(seen(text).first().map(|(function, ..)| function.as_str()), Some("f"), "{text}");
    }
}
