//! The corpus as `make corpus` unpacked it, and an object to send for any file of it.

use std::path::PathBuf;

use dicom::{self, Limits, tags};
use fixtures::scanner::Outgoing;
use serde::Deserialize;

const SECONDARY_CAPTURE: &str = "1.2.840.10008.5.1.4.1.1.7";

/// A file of the corpus.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Path below the corpus.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// `accept`, `contain`, `real` or `phi`.
    pub group: &'static str,
    /// What is odd about it, in words.
    pub note: String,
}

#[derive(Deserialize)]
struct Line {
    file: String,
    expect: String,
    note: String,
}

/// The folder.
pub(crate) fn root() -> PathBuf {
    let root =
        std::env::var_os("SCANSIDE_CORPUS_DIR").expect("SCANSIDE_CORPUS_DIR is not set: run `make corpus`");
    PathBuf::from(root)
}

fn entry(name: String, group: &'static str, note: String) -> Entry {
    let path = root().join(&name);
    assert!(path.is_file(), "{name} is not in the corpus: remove the folder and run `make corpus` again");
    Entry { name, path, group, note }
}

/// Crafted files and mutants; `accept` are the odd but legal ones.
pub(crate) fn malformed() -> Vec<Entry> {
    let text = std::fs::read_to_string(root().join("malformed/manifest.jsonl")).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Line>(line).unwrap());
    let group = |line: &Line| if line.expect == "accept" { "accept" } else { "contain" };
    let all: Vec<Entry> =
        lines.map(|l| entry(format!("malformed/{}", l.file), group(&l), l.note.clone())).collect();
    assert!(all.len() > 100, "the manifest of malformed files is short");
    all
}

/// Files of public collections, as their authors made them.
pub(crate) fn real() -> Vec<Entry> {
    let text = std::fs::read_to_string(root().join("manifest.tsv")).unwrap();
    let names = text.lines().skip(1).filter_map(|line| line.split('\t').next());
    let ours = ["malformed/", "phi/"];
    let all: Vec<Entry> = names
        .filter(|name| !ours.iter().any(|folder| name.starts_with(folder)))
        .map(|name| entry(name.to_owned(), "real", String::new()))
        .collect();
    assert!(all.len() > 200, "the manifest of real files is short");
    all
}

/// Files with planted identity.
pub(crate) fn planted() -> Vec<Entry> {
    let mut names: Vec<String> = std::fs::read_dir(root().join("phi"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".dcm"))
        .collect();
    names.sort();
    names.into_iter().map(|name| entry(format!("phi/{name}"), "phi", String::new())).collect()
}

/// The object to send for a file, whatever is wrong with it.
///
/// Of a crafted file the command says what the file meta says, as a careless sender would; of others what the data
/// set says, as common senders do. Where neither says anything the whole file is sent as the data set of an invented
/// instance.
pub(crate) fn outgoing(entry: &Entry) -> Outgoing {
    let bytes = std::fs::read(&entry.path).unwrap();
    let by_meta = Outgoing::from_path(&entry.path).ok();
    let by_data = || {
        let parsed = dicom::read(&bytes[..], &Limits::default()).ok()?;
        let uid = |tag| parsed.data.uid(tag).filter(|uid| !uid.is_empty());
        let start = dicom::data_set_offset(&bytes[..]).ok()? as usize;
        let said = by_meta.as_ref().map(|item| item.transfer_syntax_uid.as_str());
        Some(Outgoing::raw(
            &uid(tags::SOP_CLASS_UID)?,
            &uid(tags::SOP_INSTANCE_UID)?,
            said.unwrap_or(parsed.meta.syntax.uid()),
            bytes[start..].to_vec(),
        ))
    };
    let crafted = matches!(entry.group, "accept" | "contain");
    let chosen = if crafted { by_meta.clone().or_else(by_data) } else { by_data().or(by_meta) };
    chosen.unwrap_or_else(|| {
        Outgoing::raw(SECONDARY_CAPTURE, "2.25.4711", "1.2.840.10008.1.2.1", bytes.clone())
    })
}
