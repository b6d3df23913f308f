//! Sealing a bundle again: a model file or an input rule was changed on purpose, and digest and parity follow.

use std::fs;
use std::path::Path;

use serde::Deserialize;
use sha2::{Digest, Sha256};
use toml::Spanned;

use super::folder::put;
use super::runner::{self, Runner};
use crate::bundle::{self, Bundle};
use crate::check;
use crate::classifier::{Others, tensors};
use crate::error::{Error, ManifestFault};
use crate::faults::{fault, place, syntax};
use crate::manifest::{FORMAT, MANIFEST, Manifest, Model, Output};
use crate::parity::{self, Formula};
use crate::runtime::Runtime;

/// The digest of `[model]`, with its place in the text.
#[derive(Deserialize)]
struct Head {
    model: Named,
}

#[derive(Deserialize)]
struct Named {
    sha256: Spanned<String>,
}

/// What a manifest's refusal needs.
struct Sealing<'a> {
    folder: &'a Path,
    text: String,
}

/// Take over a model file or an input rule that a person changed on purpose: writes the digest of the model file into
/// `bundle.toml` and records `parity.json` anew. Nothing else is changed; limits and calibration stay as they are.
///
/// # Errors
/// [`Error::Read`], [`Error::Write`], [`Error::Bundle`] with every fault that stands in the way, among them a rule or
/// a gate that was calibrated on the model before.
pub fn seal(runtime: &Runtime, folder: &Path) -> Result<Bundle, Error> {
    let bytes = bundle::read(&folder.join(MANIFEST), bundle::MANIFEST_LIMIT)?;
    let mut sealing = Sealing { folder, text: String::new() };
    sealing.text = String::from_utf8(bytes)
        .map_err(|_| sealing.refuse(vec![fault(MANIFEST, "", "is not UTF-8 text", "write it as UTF-8")]))?;
    let wrong = |e| sealing.refuse(vec![syntax(MANIFEST, &sealing.text, &e, FORMAT)]);
    let manifest: Manifest = toml::from_str(&sealing.text).map_err(wrong)?;
    let head: Head = toml::from_str(&sealing.text).map_err(wrong)?;
    let faults = check::manifest(&manifest);
    if !faults.is_empty() {
        return Err(sealing.refuse(faults));
    }
    let (Some(model), Some(output)) = (&manifest.model, &manifest.output) else {
        let only = fault(MANIFEST, "kind", "is no classifier", "only a classifier can be sealed");
        return Err(sealing.refuse(vec![only]));
    };
    let onnx = bundle::read(&folder.join(&model.file), bundle::MODEL_LIMIT)?;
    let digest = hex::encode(Sha256::digest(&onnx));
    if digest != model.sha256 {
        sealing.uncalibrated(&manifest)?;
    }
    let answers = sealing.answers(runtime, (&manifest, model, output), &onnx)?;
    // Between the quotes, which stay.
    let place = head.model.sha256.span();
    sealing.text.replace_range(place.start + 1..place.end.saturating_sub(1), &digest);
    replace(&folder.join(parity::FILE), parity::text(answers).as_bytes())?;
    replace(&folder.join(MANIFEST), sealing.text.as_bytes())?;
    Bundle::open(folder)
}

impl Sealing<'_> {
    fn refuse(&self, mut faults: Vec<ManifestFault>) -> Error {
        place(MANIFEST, &self.text, &mut faults);
        Error::Bundle { folder: self.folder.to_path_buf(), faults }
    }

    /// What was calibrated on another model says nothing about this one.
    fn uncalibrated(&self, manifest: &Manifest) -> Result<(), Error> {
        let named = [("rule", &manifest.rule), ("novelty", &manifest.novelty)];
        let faults: Vec<_> = named
            .into_iter()
            .filter(|(_, named)| named.is_some())
            .map(|(key, _)| {
                let problem = "was calibrated on the model before";
                fault(MANIFEST, key, problem, "take it out, or calibrate the new model")
            })
            .collect();
        if faults.is_empty() { Ok(()) } else { Err(self.refuse(faults)) }
    }

    /// What the model gives for the images of `parity.json`.
    fn answers(
        &self,
        runtime: &Runtime,
        (manifest, model, output): (&Manifest, &Model, &Output),
        onnx: &[u8],
    ) -> Result<Vec<(Formula, Vec<f32>)>, Error> {
        let of_model = |f| self.refuse(vec![ManifestFault { file: model.file.clone(), ..f }]);
        let session = runner::load(runtime, onnx).map_err(of_model)?;
        let input = manifest.input.clone();
        let others = Others { features: None, maps: output.maps.as_deref() };
        let faults = tensors(&session, &input, (&output.tensor, manifest.findings.len()), &others);
        if !faults.is_empty() {
            return Err(self.refuse(faults));
        }
        let mut runner = Runner { session, input, output: output.tensor.clone() };
        Formula::ALL
            .into_iter()
            .map(|formula| {
                let image = formula.image(runner.input.size)?;
                let run = runner.run(formula.as_str(), &image).map_err(of_model)?;
                Ok((formula, run.outputs))
            })
            .collect()
    }
}

/// Another content for a file: the old one or the new one is there at any moment.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let fresh = path.with_extension("new");
    // Left by a call that was cut short, if at all.
    let _ = fs::remove_file(&fresh);
    put(&fresh, bytes)?;
    fs::rename(&fresh, path).map_err(|e| Error::Write { file: path.to_path_buf(), kind: e.kind() })
}
