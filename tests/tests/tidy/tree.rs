//! The sources of the workspace, and what a walk over the syntax of one file finds.

use std::path::{Path, PathBuf};

use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

pub(super) const FUNCTION_LINES_MAX: usize = 70;

pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every source of ours with its name from the root, in order.
pub(super) fn sources() -> Vec<(String, PathBuf)> {
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
pub(super) fn place(name: &str) -> Option<(String, String)> {
    let (member, rest) = name.split_once("/src/")?;
    if let Some((product, krate)) = member.split_once("/crates/") {
        return Some((product.to_owned(), krate.to_owned()));
    }
    let room = rest.split('/').next()?.trim_end_matches(".rs");
    Some((member.to_owned(), room.to_owned()))
}

/// What the syntax of one file says.
#[derive(Default)]
pub(super) struct Walk {
    /// Paths in use, outside of tests.
    pub paths: Vec<Vec<String>>,
    /// Functions over the limit, with their lines.
    pub long: Vec<(String, usize)>,
    /// Texts, outside of tests.
    pub texts: Vec<String>,
    in_test: usize,
}

/// Whether what stands under these attributes is compiled for tests alone.
pub(super) fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|a| {
        let path = a.path();
        path.is_ident("test")
            || (path.is_ident("cfg")
                && a.meta.require_list().is_ok_and(|l| l.tokens.to_string().contains("test")))
            || path.segments.last().is_some_and(|s| s.ident == "test")
    })
}

/// A `use` as the paths it brings in, each with the name it has here (`*` for all).
pub(super) fn flatten(tree: &syn::UseTree, before: &[String], out: &mut Vec<(String, Vec<String>)>) {
    let mut here = before.to_vec();
    let mut end = |last: String, name: String| {
        if last != "self" {
            here.push(last);
        }
        let name = if name == "self" { here.last().cloned().unwrap_or_default() } else { name };
        out.push((name, here.clone()));
    };
    match tree {
        syn::UseTree::Path(p) => {
            here.push(p.ident.to_string());
            flatten(&p.tree, &here, out);
        }
        syn::UseTree::Name(n) => end(n.ident.to_string(), n.ident.to_string()),
        syn::UseTree::Rename(n) => end(n.ident.to_string(), n.rename.to_string()),
        syn::UseTree::Glob(_) => out.push(("*".to_owned(), here)),
        syn::UseTree::Group(g) => g.items.iter().for_each(|t| flatten(t, before, out)),
    }
}

/// The segments of a path.
pub(super) fn names(path: &syn::Path) -> Vec<String> {
    path.segments.iter().map(|s| s.ident.to_string()).collect()
}

/// The arguments of a macro that takes expressions, as `format!` and `assert!` do; nothing for another.
pub(super) fn arguments(call: &syn::Macro) -> Punctuated<syn::Expr, syn::Token![,]> {
    call.parse_body_with(Punctuated::parse_terminated).unwrap_or_default()
}

impl<'ast> Visit<'ast> for Walk {
    fn visit_item_mod(&mut self, m: &'ast syn::ItemMod) {
        let test = usize::from(is_test(&m.attrs));
        self.in_test += test;
        visit::visit_item_mod(self, m);
        self.in_test -= test;
    }
    fn visit_item_use(&mut self, u: &'ast syn::ItemUse) {
        if self.in_test == 0 && !is_test(&u.attrs) {
            let mut found = Vec::new();
            flatten(&u.tree, &[], &mut found);
            self.paths.extend(found.into_iter().map(|(_, path)| path));
        }
    }
    fn visit_path(&mut self, p: &'ast syn::Path) {
        if self.in_test == 0 && p.segments.len() > 1 {
            self.paths.push(names(p));
        }
        visit::visit_path(self, p);
    }
    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        visit::visit_macro(self, call);
        for argument in &arguments(call) {
            // Found for this walk only: what it borrows does not outlive the call.
            let mut inner = Walk { in_test: self.in_test, ..Walk::default() };
            inner.visit_expr(argument);
            self.paths.extend(inner.paths);
            self.texts.extend(inner.texts);
        }
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

impl Walk {
    fn length(&mut self, name: &str, span: proc_macro2::Span) {
        let lines = span.end().line - span.start().line + 1;
        if lines > FUNCTION_LINES_MAX {
            self.long.push((name.to_owned(), lines));
        }
    }
}

/// Parses and walks one file.
pub(super) fn walk(name: &str, text: &str) -> Walk {
    let file = syn::parse_file(text).unwrap_or_else(|e| panic!("{name}: {e}"));
    let mut w = Walk::default();
    w.visit_file(&file);
    w
}
