//! Lints are switched off only where the list says, each time with a reason in the attribute itself.

use std::collections::BTreeSet;

use syn::visit::{self, Visit};

use super::modules::krates;
use super::tree::{arguments, is_test, names};

/// What a test may do that a product may not: it stops where something is not as it must be.
const TESTS: &[&str] =
    &["clippy::unwrap_used", "clippy::expect_used", "clippy::panic", "clippy::indexing_slicing"];

/// Where else a lint may be switched off. The attribute says why.
const ELSEWHERE: &[(&str, &str)] = &[
    ("appliance/crates/deid/src/terms.rs", "clippy::upper_case_acronyms"),
    ("appliance/crates/deid/src/terms.rs", "dead_code"),
    ("appliance/crates/dicom/src/tag.rs", "missing_docs"),
    ("appliance/crates/dimse/src/test_support.rs", "missing_docs"),
    ("appliance/crates/domain/src/oversight/drift_tests.rs", "clippy::print_stdout"),
    ("appliance/crates/intake/src/association.rs", "dead_code"),
    ("appliance/crates/store/src/faults.rs", "missing_docs"),
    ("cloud-service/src/queue/lease_rows.rs", "clippy::too_many_arguments"),
    ("fixtures/src/failing_disk.rs", "unsafe_code"),
    ("fixtures/src/scanner/raw.rs", "clippy::disallowed_methods"),
    ("models/sandbox/src/fork.rs", "unsafe_code"),
    ("models/sandbox/src/forked.rs", "unsafe_code"),
    ("models/sandbox/src/seccomp.rs", "unsafe_code"),
    ("models/sandbox/src/worker.rs", "unsafe_code"),
    ("models/sandbox/tests/sandbox/jobs.rs", "unsafe_code"),
    ("models/src/session.rs", "clippy::result_large_err"),
    ("proto/src/wire/mod.rs", "clippy::all"),
    ("proto/src/wire/mod.rs", "clippy::pedantic"),
    ("proto/src/wire/mod.rs", "missing_docs"),
    ("proto/src/wire/mod.rs", "rust_2018_idioms"),
    ("tests/src/demo/screen.rs", "clippy::print_stdout"),
];

/// Written by a generator, which gives no reasons.
const GENERATED: &[&str] = &["proto/src/wire/generated.rs"];

/// A lint that is switched off somewhere.
struct Off {
    lint: String,
    test: bool,
    reason: bool,
}

#[derive(Default)]
struct Lints {
    test: usize,
    found: Vec<Off>,
}

impl Lints {
    fn take(&mut self, meta: &syn::Meta) {
        let syn::Meta::List(list) = meta else { return };
        let inner = || {
            list.parse_args_with(syn::punctuated::Punctuated::<syn::Meta, syn::Token![,]>::parse_terminated)
        };
        if list.path.is_ident("cfg_attr") {
            return inner().unwrap().iter().skip(1).for_each(|meta| self.take(meta));
        }
        if !(list.path.is_ident("allow") || list.path.is_ident("expect")) {
            return;
        }
        let inner = inner().unwrap();
        let reason = inner.iter().any(|meta| meta.path().is_ident("reason"));
        for lint in inner.iter().filter(|meta| !meta.path().is_ident("reason")) {
            self.found.push(Off { lint: names(lint.path()).join("::"), test: self.test > 0, reason });
        }
    }
    fn within(&mut self, attributes: &[syn::Attribute], go: impl FnOnce(&mut Self)) {
        let test = usize::from(is_test(attributes));
        self.test += test;
        go(self);
        self.test -= test;
    }
}

impl<'ast> Visit<'ast> for Lints {
    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        self.take(&attribute.meta);
    }
    fn visit_item_mod(&mut self, m: &'ast syn::ItemMod) {
        self.within(&m.attrs, |me| visit::visit_item_mod(me, m));
    }
    fn visit_item_fn(&mut self, f: &'ast syn::ItemFn) {
        self.within(&f.attrs, |me| visit::visit_item_fn(me, f));
    }
    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        for argument in &arguments(call) {
            let mut inner = Lints { test: self.test, ..Lints::default() };
            inner.visit_expr(argument);
            self.found.extend(inner.found);
        }
    }
}

fn off(syntax: &syn::File, test: bool) -> Vec<Off> {
    let mut lints = Lints { test: usize::from(test), ..Lints::default() };
    lints.visit_file(syntax);
    lints.found
}

#[test]
fn lints_are_switched_off_where_the_list_says_and_with_a_reason() {
    let mut wrong = BTreeSet::new();
    let mut used = BTreeSet::new();
    for module in krates().into_iter().flat_map(|krate| krate.modules) {
        let name = module.file.as_str();
        if GENERATED.contains(&name) {
            continue;
        }
        for Off { lint, test, reason } in off(&module.syntax, module.test) {
            if test && TESTS.contains(&lint.as_str()) {
                continue;
            }
            match ELSEWHERE.iter().position(|(file, known)| *file == name && *known == lint) {
                Some(at) if reason => {
                    used.insert(at);
                }
                Some(_) => {
                    wrong.insert(format!("{name}: `{lint}` is switched off without a reason"));
                }
                None => {
                    wrong.insert(format!("{name}: `{lint}` may not be switched off here"));
                }
            }
        }
    }
    for (at, (name, lint)) in ELSEWHERE.iter().enumerate() {
        if !used.contains(&at) {
            wrong.insert(format!("{name}: `{lint}` is listed and not switched off with a reason"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_check_sees_an_attribute_wherever_it_stands() {
    let seen = |text: &str| -> Vec<(String, bool, bool)> {
        off(&syn::parse_file(text).unwrap(), false).into_iter().map(|o| (o.lint, o.test, o.reason)).collect()
    };
    let dead = |test, reason| vec![("dead_code".to_owned(), test, reason)];
    assert_eq!(seen("#![allow(dead_code)]"), dead(false, false));
    assert_eq!(seen("fn f() { #[expect(dead_code, reason = \"x\")] let a = 1; }"), dead(false, true));
    assert_eq!(seen("#[cfg_attr(unix, allow(dead_code))] struct A;"), dead(false, false));
    assert_eq!(seen("#[cfg(test)] mod tests { #![allow(dead_code)] }"), dead(true, false));
    assert_eq!(seen("struct A { #[allow(dead_code)] b: u8 }"), dead(false, false));
}
