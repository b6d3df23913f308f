//! A model that was loaded and run, before anything is written.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::runner::{self, Runner};
use super::{Report, Wish, guess, images, tensors};
use crate::bundle;
use crate::error::{Error, ManifestFault};
use crate::faults::fault;
use crate::parity::Formula;
use crate::runtime::Runtime;

/// Most findings of a bundle made here.
const FINDINGS_MAX: usize = 64;

/// A model that can be made a bundle.
#[derive(Debug)]
pub struct Candidate {
    pub(super) file: PathBuf,
    pub(super) bytes: Vec<u8>,
    pub(super) wish: Wish,
    pub(super) report: Report,
}

/// Load an ONNX file and find out how to run it. Nothing is written.
///
/// # Errors
/// [`Error::Read`]; [`Error::Refused`] with every reason why it cannot be made a bundle.
pub fn inspect(runtime: &Runtime, file: &Path, wish: &Wish) -> Result<Candidate, Error> {
    let bytes = bundle::read(file, bundle::MODEL_LIMIT)?;
    let refuse = |faults| Error::Refused { file: file.to_path_buf(), faults };
    let session = runner::load(runtime, &bytes).map_err(|fault| refuse(vec![fault]))?;
    let plan = tensors::plan(session.inputs(), session.outputs(), wish).map_err(refuse)?;
    let mut runner = Runner { session, input: plan.input, output: plan.output };
    let runs = images::all(runner.input.size)?
        .iter()
        .map(|(name, image)| runner.run(name, image).map_err(|fault| refuse(vec![fault])))
        .collect::<Result<Vec<_>, _>>()?;
    let findings = runs.first().map_or(0, |run| run.outputs.len());
    let (activation, guessed) = guess::activation(wish.activation, &runs).map_err(|f| refuse(vec![f]))?;
    let faults = count_faults(findings, &wish.labels);
    if !faults.is_empty() {
        return Err(refuse(faults));
    }
    let mut notices = guess::notices(activation, guessed.is_some(), &runs);
    notices.extend(plan.notices);
    let report = Report {
        sha256: hex::encode(Sha256::digest(&bytes)),
        input: runner.input,
        frames_open: plan.frames_open,
        output: runner.output,
        findings,
        activation,
        guessed,
        takes_studies: !wish.modality.is_empty() && !wish.body_part.is_empty(),
        runs,
        notices,
    };
    Ok(Candidate { file: file.to_path_buf(), bytes, wish: wish.clone(), report })
}

fn count_faults(findings: usize, labels: &[String]) -> Vec<ManifestFault> {
    let mut faults = Vec::new();
    if !(1..=FINDINGS_MAX).contains(&findings) {
        let problem = format!("has {findings} values an image");
        let remedy = format!("export a classifier of 1 to {FINDINGS_MAX} findings");
        faults.push(fault("", "output", problem, remedy));
    } else if !labels.is_empty() && labels.len() != findings {
        let problem = format!("{} are given, but the model has {findings} values an image", labels.len());
        faults.push(fault("", "labels", problem, format!("give {findings}, in the order of the output")));
    }
    faults
}

impl Candidate {
    /// What was found out.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The model's answers to the images of `parity.json`.
    pub(super) fn parity(&self) -> impl Iterator<Item = (Formula, Vec<f32>)> {
        let of = |formula: Formula| self.report.runs.iter().find(move |run| run.image == formula.as_str());
        Formula::ALL.into_iter().filter_map(move |formula| Some((formula, of(formula)?.outputs.clone())))
    }
}
