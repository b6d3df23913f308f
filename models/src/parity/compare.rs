//! What runs here beside what the recipe computed.

use super::file::{FILE, Formula, parse};
use crate::bundle::Bundle;
use crate::classifier::Classifier;
use crate::error::Error;
use crate::manifest::Kind;
use crate::report::{Decoder, Encoder};
use crate::runtime::Runtime;

/// Largest difference of a value.
pub const TOLERANCE: f32 = 1e-4;

/// Run the inputs of the bundle's `parity.json` and compare; the largest difference seen.
///
/// # Errors
/// [`Error::Parity`] with the input that differs by more than [`TOLERANCE`] or in its text, and all errors of loading
/// and running.
pub fn verify(runtime: &Runtime, bundle: &Bundle) -> Result<f32, Error> {
    let path = bundle.folder().join(FILE);
    let bytes = std::fs::read(&path).map_err(|e| Error::Read { file: path, kind: e.kind() })?;
    let parity = parse(bundle.manifest(), &bytes).map_err(|f| bundle.refuse(f))?;
    let size = bundle.manifest().input.size;
    let mut worst = 0.0_f32;
    match bundle.manifest().kind {
        Kind::Classifier => {
            let mut classifier = Classifier::load(runtime, bundle.clone())?;
            for entry in &parity.inputs {
                let found = classifier.frame(&entry.formula.image(size)?)?.outputs;
                worst = worst.max(compare(entry.formula, entry.logits.as_deref(), &found)?);
            }
        }
        Kind::Report => {
            let mut encoder = Encoder::load(runtime, bundle.clone())?;
            let mut decoder = Decoder::load(runtime, bundle.clone())?;
            for entry in &parity.inputs {
                let found = encoder.embed(&entry.formula.image(size)?)?;
                worst = worst.max(compare(entry.formula, entry.embedding.as_deref(), &found)?);
                if entry.text.as_deref() != Some(decoder.write(&found)?.as_str()) {
                    return Err(lost(entry.formula, "the text differs"));
                }
            }
        }
    }
    Ok(worst)
}

fn compare(formula: Formula, expected: Option<&[f32]>, found: &[f32]) -> Result<f32, Error> {
    let expected = expected.unwrap_or_default();
    if expected.len() != found.len() {
        return Err(lost(formula, "the count of values differs"));
    }
    let worst = expected.iter().zip(found).map(|(a, b)| (a - b).abs()).fold(0.0_f32, f32::max);
    if worst <= TOLERANCE { Ok(worst) } else { Err(lost(formula, &format!("a value differs by {worst}"))) }
}

fn lost(formula: Formula, problem: &str) -> Error {
    Error::Parity { formula: formula.as_str().to_owned(), problem: problem.to_owned() }
}
