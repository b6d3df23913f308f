//! No circle between the files of a crate: what one file uses does not use it in turn, on whatever way.
//!
//! A file that only declares and re-exports is no party: what is used through it is used where it is defined.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};

use super::modules::{Krate, krates};
use super::tree::{arguments, flatten, is_test, names};

/// Circles that are still there, one a line. A line that is no circle any more fails.
const KNOWN: &str = include_str!("circles.txt");

/// The modules of a crate by their path, inline ones too.
#[derive(Default)]
struct Names {
    /// The file of each module.
    files: BTreeMap<Vec<String>, usize>,
    /// What each module brings in: the name it has there and where it comes from; `*` for all of a module.
    brought: BTreeMap<Vec<String>, Vec<(String, Vec<String>)>>,
    /// What each module defines itself.
    defined: BTreeMap<Vec<String>, BTreeSet<String>>,
}

fn own_name(item: &syn::Item) -> Option<String> {
    use syn::Item;
    Some(match item {
        Item::Const(i) => i.ident.to_string(),
        Item::Enum(i) => i.ident.to_string(),
        Item::Fn(i) => i.sig.ident.to_string(),
        Item::Static(i) => i.ident.to_string(),
        Item::Struct(i) => i.ident.to_string(),
        Item::Trait(i) => i.ident.to_string(),
        Item::Type(i) => i.ident.to_string(),
        Item::Union(i) => i.ident.to_string(),
        _ => return None,
    })
}

impl Names {
    fn take(&mut self, items: &[syn::Item], path: &[String], file: usize) {
        self.files.insert(path.to_vec(), file);
        for item in items {
            match item {
                syn::Item::Use(u) if !is_test(&u.attrs) => {
                    flatten(&u.tree, &[], self.brought.entry(path.to_vec()).or_default());
                }
                syn::Item::Mod(m) if !is_test(&m.attrs) => {
                    if let Some((_, items)) = &m.content {
                        self.take(items, &[path, &[m.ident.to_string()]].concat(), file);
                    }
                }
                other => {
                    let defined = self.defined.entry(path.to_vec()).or_default();
                    defined.extend(own_name(other));
                }
            }
        }
    }

    /// The file that defines what `path` means in the module `here`; none for a module itself and for other crates.
    fn resolve(&self, here: &[String], path: &[String], depth: usize) -> Option<usize> {
        let mut at = here.to_vec();
        for (index, segment) in path.iter().enumerate() {
            let first = index == 0;
            match segment.as_str() {
                "crate" if first => at.clear(),
                "self" if first => {}
                "super" => {
                    at.pop()?;
                }
                name => {
                    let below = [&at[..], &[name.to_owned()]].concat();
                    if self.files.contains_key(&below) {
                        at = below;
                        continue;
                    }
                    return self.item(&at, name, &path[index + 1..], depth);
                }
            }
        }
        None
    }

    /// The file that defines `name` of the module `at`.
    fn item(&self, at: &[String], name: &str, rest: &[String], depth: usize) -> Option<usize> {
        if self.defined.get(at).is_some_and(|names| names.contains(name)) {
            return self.files.get(at).copied();
        }
        if depth == 0 {
            return None;
        }
        let brought = self.brought.get(at)?;
        for (_, from) in brought.iter().filter(|(known, _)| known == name) {
            let whole = [&from[..], rest].concat();
            // Of a name that is a module's the rest says what is meant.
            if from.first().is_some_and(|first| first != name)
                && let Some(found) = self.resolve(at, &whole, depth - 1)
            {
                return Some(found);
            }
        }
        brought.iter().filter(|(known, _)| known == "*").find_map(|(_, from)| {
            self.resolve(at, &[&from[..], &[name.to_owned()], rest].concat(), depth - 1)
        })
    }
}

/// Walks one file and takes down which files it uses.
struct Uses<'a> {
    names: &'a Names,
    here: Vec<String>,
    files: BTreeSet<usize>,
}

impl Uses<'_> {
    fn see(&mut self, path: &[String]) {
        self.files.extend(self.names.resolve(&self.here, path, 8));
    }
}

impl<'ast> Visit<'ast> for Uses<'_> {
    fn visit_item_mod(&mut self, m: &'ast syn::ItemMod) {
        if m.content.is_some() && !is_test(&m.attrs) {
            self.here.push(m.ident.to_string());
            visit::visit_item_mod(self, m);
            self.here.pop();
        }
    }
    fn visit_item_fn(&mut self, f: &'ast syn::ItemFn) {
        if !is_test(&f.attrs) {
            visit::visit_item_fn(self, f);
        }
    }
    fn visit_item_impl(&mut self, i: &'ast syn::ItemImpl) {
        if !is_test(&i.attrs) {
            visit::visit_item_impl(self, i);
        }
    }
    fn visit_item_use(&mut self, u: &'ast syn::ItemUse) {
        // A re-export is no use.
        if is_test(&u.attrs) || !matches!(u.vis, syn::Visibility::Inherited) {
            return;
        }
        let mut found = Vec::new();
        flatten(&u.tree, &[], &mut found);
        for (_, path) in found {
            self.see(&path);
        }
    }
    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.see(&names(path));
        visit::visit_path(self, path);
    }
    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        for argument in &arguments(call) {
            let mut inner = Uses { names: self.names, here: self.here.clone(), files: BTreeSet::new() };
            inner.visit_expr(argument);
            self.files.extend(inner.files);
        }
    }
}

/// A circle: its files in order, and who uses whom among them.
struct Circle {
    files: Vec<String>,
    uses: Vec<String>,
}

/// The circles of a crate.
fn circles(krate: &Krate) -> Vec<Circle> {
    let modules: Vec<_> = krate.modules.iter().filter(|module| !module.test).collect();
    let mut names = Names::default();
    for (file, module) in modules.iter().enumerate() {
        names.take(&module.syntax.items, &module.path, file);
    }
    let edges: Vec<BTreeSet<usize>> = modules
        .iter()
        .enumerate()
        .map(|(file, module)| {
            let mut uses = Uses { names: &names, here: module.path.clone(), files: BTreeSet::new() };
            uses.visit_file(&module.syntax);
            uses.files.remove(&file);
            uses.files
        })
        .collect();
    let reach: Vec<BTreeSet<usize>> = (0..edges.len()).map(|from| reached(&edges, from)).collect();
    let mut found = BTreeSet::new();
    for from in 0..edges.len() {
        let circle: BTreeSet<usize> =
            reach[from].iter().copied().filter(|to| reach[*to].contains(&from)).collect();
        if circle.len() > 1 {
            found.insert(circle);
        }
    }
    let name = |file: &usize| modules[*file].file.clone();
    let uses = |circle: &BTreeSet<usize>| -> Vec<String> {
        let pairs =
            circle.iter().flat_map(|from| edges[*from].intersection(circle).map(move |to| (from, to)));
        pairs.map(|(from, to)| format!("{} uses {}", name(from), name(to))).collect()
    };
    found
        .iter()
        .map(|circle| Circle { files: circle.iter().map(name).collect(), uses: uses(circle) })
        .collect()
}

/// What can be reached from a file by one use or more.
fn reached(edges: &[BTreeSet<usize>], from: usize) -> BTreeSet<usize> {
    let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(at) = next.pop() {
        next.extend(edges[at].iter().copied().filter(|to| seen.insert(*to)));
    }
    seen
}

/// `appliance/crates/deid/src/a.rs` and `.../b.rs` as one line: the folder, then the files in it.
fn line(circle: &[String]) -> String {
    let folder = circle[0].split_inclusive("/src/").next().unwrap();
    let files: BTreeSet<&str> = circle.iter().map(|file| file.strip_prefix(folder).unwrap_or(file)).collect();
    format!("{folder}: {}", files.into_iter().collect::<Vec<_>>().join(" "))
}

#[test]
fn no_files_of_a_crate_use_each_other_in_a_circle() {
    let all: Vec<Circle> = krates().iter().flat_map(circles).collect();
    let found: BTreeSet<String> = all.iter().map(|circle| line(&circle.files)).collect();
    let known: BTreeSet<String> =
        KNOWN.lines().filter(|l| !l.is_empty() && !l.starts_with('#')).map(str::to_owned).collect();
    let new: Vec<_> = found.difference(&known).collect();
    let gone: Vec<_> = known.difference(&found).collect();
    let uses: Vec<_> = all
        .iter()
        .filter(|circle| new.contains(&&line(&circle.files)))
        .flat_map(|circle| &circle.uses)
        .collect();
    assert!(new.is_empty(), "circles: {new:#?}\nin which {uses:#?}");
    assert!(gone.is_empty(), "listed in circles.txt and no circle any more: {gone:#?}");
}

/// A crate of these files; the first is its own.
fn of(files: &[(&str, &str)]) -> Vec<Vec<String>> {
    let modules = files.iter().map(|(name, text)| super::modules::Module {
        file: format!("x/src/{name}.rs"),
        path: name.split('/').filter(|part| !["lib", "mod"].contains(part)).map(str::to_owned).collect(),
        test: false,
        syntax: syn::parse_file(text).unwrap(),
    });
    circles(&Krate { package: "x".to_owned(), own_main: false, modules: modules.collect() })
        .into_iter()
        .map(|circle| circle.files)
        .collect()
}

#[test]
fn the_check_sees_a_circle_through_whatever_names_it_runs() {
    let parent = ("lib", "mod a; mod b; pub use b::B;");
    let plain =
        of(&[parent, ("a", "use crate::b::B; pub struct A;"), ("b", "use super::a::A; pub struct B;")]);
    assert_eq!(plain, [["x/src/a.rs", "x/src/b.rs"]]);
    let renamed = ("a", "pub struct A; fn f() { crate::B::new(); }");
    assert_eq!(of(&[parent, renamed, ("b", "use crate::a; pub struct B(a::A);")]).len(), 1);
    let all = ("a", "use super::*; pub struct A(B);");
    assert_eq!(of(&[parent, all, ("b", "pub struct B(super::a::A);")]).len(), 1);
    let inside = ("b", "pub struct B; fn f() { format!(\"{}\", crate::a::A) }");
    assert_eq!(of(&[parent, ("a", "use crate::B; pub struct A;"), inside]).len(), 1);
    let own = ("lib", "mod a; pub struct Own; use a::A;");
    assert_eq!(of(&[own, ("a", "pub struct A(super::Own);")]).len(), 1);
}

#[test]
fn a_file_that_only_declares_and_a_test_are_no_party() {
    let parent = ("lib", "mod a; mod b; pub use a::A; pub use b::B;");
    let tests = "#[cfg(test)] mod tests { use crate::b::B; }";
    let one = format!("pub struct A; {tests}");
    assert!(of(&[parent, ("a", &one), ("b", "use super::A; pub struct B;")]).is_empty());
}
