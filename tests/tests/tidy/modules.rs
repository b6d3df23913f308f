//! The crates as trees of modules: which file is which module, and whether it is compiled for tests alone.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};

use super::tree::{is_test, root, sources};

/// One file as a module of a crate.
pub(crate) struct Module {
    /// Its name from the root of the tree.
    pub file: String,
    /// Its place in the crate; empty for the crate's own file.
    pub path: Vec<String>,
    /// Compiled for tests alone.
    pub test: bool,
    pub syntax: syn::File,
}

/// A crate: its own file first, then what that declares.
pub(crate) struct Krate {
    /// The package it belongs to.
    pub package: String,
    /// Tests with a main of their own, which lists them.
    pub own_main: bool,
    pub modules: Vec<Module>,
}

/// Folders of manifests, from the root: every member and the fuzz targets.
pub(super) fn packages() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for member in ["appliance", "cloud-service", "proto", "models", "fixtures", "tests"] {
        for entry in walkdir::WalkDir::new(root().join(member)) {
            let path = entry.unwrap().into_path();
            if path.file_name().is_some_and(|n| n == "Cargo.toml") {
                found.push(path.parent().unwrap().to_owned());
            }
        }
    }
    found
}

/// The files that crates of one package begin with; whether they are tests.
fn beginnings(package: &Path, manifest: &toml::Table) -> Vec<(PathBuf, bool)> {
    let mut found = Vec::new();
    for usual in ["src/lib.rs", "src/main.rs", "build.rs"] {
        found.push((package.join(usual), false));
    }
    let auto = manifest["package"].get("autotests").is_none_or(|v| v.as_bool() == Some(true));
    let mut inside = |folder: &str, test: bool| {
        for entry in std::fs::read_dir(package.join(folder)).into_iter().flatten() {
            let path = entry.unwrap().path();
            let own = if path.is_dir() { path.join("main.rs") } else { path };
            if own.extension().is_some_and(|e| e == "rs") {
                found.push((own, test));
            }
        }
    };
    inside("src/bin", false);
    if auto {
        inside("tests", true);
    }
    for (kind, test) in [("bin", false), ("test", true), ("bench", true), ("example", false)] {
        for one in manifest.get(kind).and_then(|v| v.as_array()).into_iter().flatten() {
            found.extend(one.get("path").map(|p| (package.join(p.as_str().unwrap()), test)));
        }
    }
    found.retain(|(path, _)| path.is_file());
    found.sort();
    found.dedup_by(|a, b| a.0 == b.0);
    found
}

/// Every crate of the tree.
pub(crate) fn krates() -> Vec<Krate> {
    let mut all = Vec::new();
    for package in packages() {
        let text = std::fs::read_to_string(package.join("Cargo.toml")).unwrap();
        let manifest: toml::Table = text.parse().unwrap();
        let name = manifest["package"]["name"].as_str().unwrap();
        for (file, test) in beginnings(&package, &manifest) {
            let own_main = manifest.get("test").and_then(|v| v.as_array()).into_iter().flatten().any(|one| {
                let path = one.get("path").map(|p| package.join(p.as_str().unwrap()));
                one.get("harness").is_some() && path.as_ref() == Some(&file)
            });
            let mut krate = Krate { package: name.to_owned(), own_main, modules: Vec::new() };
            let folder = file.parent().unwrap().to_owned();
            krate.take(&file, &folder, Vec::new(), test);
            all.push(krate);
        }
    }
    all
}

impl Krate {
    /// Takes a file and everything it declares; `folder` is where its children lie.
    fn take(&mut self, file: &Path, folder: &Path, path: Vec<String>, test: bool) {
        let text = std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let syntax = syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let mut children = Vec::new();
        declared(&syntax.items, file.parent().unwrap(), folder, &path, test, &mut children);
        let name = file.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
        self.modules.push(Module { file: name, path, test, syntax });
        for (file, folder, path, test) in children {
            self.take(&file, &folder, path, test);
        }
    }
}

type Child = (PathBuf, PathBuf, Vec<String>, bool);

/// The files that these items declare; `beside` is where the file that declares them lies.
fn declared(
    items: &[syn::Item],
    beside: &Path,
    folder: &Path,
    path: &[String],
    test: bool,
    out: &mut Vec<Child>,
) {
    for item in items {
        let syn::Item::Mod(module) = item else { continue };
        let name = module.ident.to_string();
        let path = [path, std::slice::from_ref(&name)].concat();
        let test = test || is_test(&module.attrs);
        if let Some((_, items)) = &module.content {
            declared(items, beside, &folder.join(&name), &path, test, out);
            continue;
        }
        let given = module.attrs.iter().find(|a| a.path().is_ident("path")).map(|a| match &a.meta {
            syn::Meta::NameValue(syn::MetaNameValue {
                value: syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }),
                ..
            }) => text.value(),
            _ => panic!("a path that is no text"),
        });
        let (flat, nested) = (folder.join(format!("{name}.rs")), folder.join(&name).join("mod.rs"));
        let (file, folder) = match given {
            Some(given) => {
                let file = beside.join(given).canonicalize().unwrap();
                let folder = file.parent().unwrap().to_owned();
                (file, folder)
            }
            None if flat.is_file() => (flat, folder.join(&name)),
            None => (nested, folder.join(&name)),
        };
        out.push((file, folder, path, test));
    }
}

/// The names of a crate's tests as the test runner gives them: the module's path, then the function.
pub(crate) fn tests(krate: &Krate) -> Vec<String> {
    let mut all = Vec::new();
    for module in &krate.modules {
        let mut found = Tests { any: krate.own_main, here: module.path.clone(), found: &mut all };
        found.visit_file(&module.syntax);
    }
    all
}

struct Tests<'a> {
    any: bool,
    here: Vec<String>,
    found: &'a mut Vec<String>,
}

impl<'ast> Visit<'ast> for Tests<'_> {
    fn visit_item_mod(&mut self, m: &'ast syn::ItemMod) {
        self.here.push(m.ident.to_string());
        visit::visit_item_mod(self, m);
        self.here.pop();
    }
    fn visit_item_fn(&mut self, f: &'ast syn::ItemFn) {
        if self.any || f.attrs.iter().any(|a| a.path().segments.last().is_some_and(|s| s.ident == "test")) {
            self.found.push([&self.here[..], &[f.sig.ident.to_string()]].concat().join("::"));
        }
    }
    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        // `proptest!` holds functions that are tests.
        if call.path.is_ident("proptest")
            && let Ok(body) = call.parse_body::<Functions>()
        {
            body.0.iter().for_each(|name| {
                self.found.push([&self.here[..], std::slice::from_ref(name)].concat().join("::"))
            });
        }
    }
}

/// The names after each `fn` of a macro's words.
struct Functions(Vec<String>);

impl syn::parse::Parse for Functions {
    fn parse(input: syn::parse::ParseStream<'_>) -> syn::Result<Self> {
        let words: Vec<String> =
            input.parse::<proc_macro2::TokenStream>()?.into_iter().map(|word| word.to_string()).collect();
        Ok(Self(words.windows(2).filter(|two| two[0] == "fn").map(|two| two[1].clone()).collect()))
    }
}

#[test]
fn every_file_is_part_of_a_crate() {
    let known: BTreeSet<String> =
        krates().into_iter().flat_map(|krate| krate.modules).map(|module| module.file).collect();
    let lost: Vec<String> =
        sources().into_iter().map(|(name, _)| name).filter(|name| !known.contains(name)).collect();
    assert!(lost.is_empty(), "no crate declares these files, so nothing in them is built or run: {lost:#?}");
}
