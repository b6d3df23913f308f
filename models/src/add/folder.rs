//! The folder of a bundle from outside: written once, looked at when it is filled in.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

use serde::Serialize;

use super::{Candidate, Run, guess, images, text};
use crate::bundle::{self, Bundle};
use crate::check;
use crate::classifier::Classifier;
use crate::error::Error;
use crate::faults::{fault, syntax};
use crate::manifest::{FORMAT, MANIFEST, Manifest};
use crate::parity;
use crate::runtime::Runtime;

/// File name of the model in a new bundle.
const MODEL: &str = "model.onnx";

/// A filled-in bundle that holds, and what there is still to do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Examination {
    /// The folder, as `[triage] bundles` should name it.
    pub folder: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its manifest.
    pub digest: String,
    /// Largest difference from `parity.json`.
    pub parity: f32,
    /// What it gives for each rendered image, and whether the input check lets that pass.
    pub runs: Vec<Run>,
    /// Lines of `bundle.toml` and `CARD.md` that are still to be filled in.
    pub open: Vec<Open>,
    /// What a person should look at.
    pub notices: Vec<String>,
}

/// A line that is still to be filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Open {
    /// File in the folder.
    pub file: &'static str,
    /// From 1.
    pub line: usize,
}

impl Candidate {
    /// Write the bundle into a new folder: the model, `bundle.toml` to be filled in, a card that says that nothing is
    /// known, and `parity.json`. It loads as it is, flags nothing and never answers `no-flag`.
    ///
    /// # Errors
    /// [`Error::Refused`] when the folder is there already or a value given does not fit; [`Error::Write`]; the errors
    /// of loading the bundle again.
    pub fn write(&self, runtime: &Runtime, folder: &Path) -> Result<Bundle, Error> {
        write(self, runtime, folder)
    }
}

/// Write a candidate's folder and load it as a bundle.
fn write(candidate: &Candidate, runtime: &Runtime, folder: &Path) -> Result<Bundle, Error> {
    let refuse = |faults| Error::Refused { file: candidate.file.clone(), faults };
    let own = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let name = candidate.wish.name.as_deref().unwrap_or(own);
    let text = text::manifest(name, &candidate.wish, &candidate.report);
    let manifest: Manifest =
        toml::from_str(&text).map_err(|e| refuse(vec![syntax(MANIFEST, &text, &e, FORMAT)]))?;
    let faults = check::manifest(&manifest);
    if !faults.is_empty() {
        return Err(refuse(faults));
    }
    // Whoever makes the folder owns it: what is there already stays as it is.
    fs::create_dir(folder).map_err(|e| match e.kind() {
        ErrorKind::AlreadyExists => {
            let problem = "is there already";
            refuse(vec![fault(
                "",
                &folder.display().to_string(),
                problem,
                "name a new folder: nothing is overwritten",
            )])
        }
        kind => Error::Write { file: folder.to_path_buf(), kind },
    })?;
    let card = text::card(name, &candidate.report);
    let parity = parity::text(candidate.parity());
    let files = [
        (MODEL, candidate.bytes.as_slice()),
        ("CARD.md", card.as_bytes()),
        (parity::FILE, parity.as_bytes()),
    ];
    let written = files
        .into_iter()
        .chain([(MANIFEST, text.as_bytes())])
        .try_for_each(|(file, bytes)| put(&folder.join(file), bytes))
        .and_then(|()| {
            let bundle = Bundle::open(folder)?;
            parity::verify(runtime, &bundle)?;
            Ok(bundle)
        });
    if written.is_err() {
        // Ours, and of no use; that it cannot be removed is no other fault than the one told.
        let _ = fs::remove_dir_all(folder);
    }
    written
}

/// A file with its content on the disk.
pub(super) fn put(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let wrong = |e: std::io::Error| Error::Write { file: path.to_path_buf(), kind: e.kind() };
    let mut file = fs::File::create_new(path).map_err(wrong)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(wrong)
}

/// Look at a bundle's folder that has been filled in: everything that is checked before a study is run, the images of
/// `parity.json`, what the input check says about the rendered images, and which lines still say TODO.
///
/// # Errors
/// Those of [`Bundle::open`], [`Classifier::load`] and [`parity::verify`].
pub fn examine(runtime: &Runtime, folder: &Path) -> Result<Examination, Error> {
    let bundle = Bundle::open(folder)?;
    let worst = parity::verify(runtime, &bundle)?;
    let mut classifier = Classifier::load(runtime, bundle.clone())?;
    let mut runs = Vec::new();
    let mut notices = Vec::new();
    for (name, image) in images::all(bundle.manifest().input.size)? {
        let verdict = classifier.run(std::slice::from_ref(&image))?;
        let Some(frame) = verdict.frames.into_iter().next() else { continue };
        let passed = Some(verdict.triage.input_check.passed);
        let (grey_mean, grey_std) = (frame.grey_mean, frame.grey_std);
        runs.push(Run { image: name, outputs: frame.outputs, grey_mean, grey_std, passed });
    }
    if runs.iter().filter(|run| ["chest", "head"].contains(&run.image)).all(|run| run.passed == Some(false)) {
        notices.push("the input check lets neither the rendered chest nor the rendered head pass".to_owned());
    }
    let parts = bundle.classifier()?;
    notices.extend(guess::notices(parts.output.activation, false, &runs));
    if parts.rule.is_none() && parts.policy.no_flag {
        notices.push("it may answer `no-flag`, and no rule with counts stands behind its limits".to_owned());
    }
    let whole = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf());
    Ok(Examination {
        folder: whole.to_string_lossy().into_owned(),
        name: bundle.name().to_owned(),
        version: bundle.version().to_owned(),
        digest: bundle.digest().to_owned(),
        parity: worst,
        runs,
        open: open_lines(folder),
        notices,
    })
}

fn open_lines(folder: &Path) -> Vec<Open> {
    let mut open = Vec::new();
    for file in [MANIFEST, "CARD.md"] {
        let text = bundle::read(&folder.join(file), bundle::MANIFEST_LIMIT).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let marked = text.lines().enumerate().filter(|(_, line)| is_open(file, line));
        open.extend(marked.map(|(at, _)| Open { file, line: at + 1 }));
    }
    open
}

/// The comment at the head of the manifest speaks of the mark, and is nothing to fill in.
fn is_open(file: &str, line: &str) -> bool {
    line.contains(text::OPEN_MARK) && !(file == MANIFEST && line.starts_with('#'))
}
