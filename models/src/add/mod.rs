//! Bring your own model: from an ONNX classifier of somebody else's to a bundle that a person can fill in.
//!
//! [`inspect`] loads the file, finds out what its tensors are, runs it on drawn images and says what it guessed;
//! [`Candidate::write`] writes the folder. [`examine`] looks at a folder once it is filled in, [`seal`] takes over a
//! model file or input rule that was changed on purpose. `models/ADDING.md` says what a person does in between.
//!
//! The model is loaded and run in this process, not in a locked worker.

mod folder;
mod guess;
mod images;
mod plan;
mod runner;
mod seal;
mod text;

use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::bundle::{self, Bundle};
use crate::error::{Error, ManifestFault};
use crate::faults::fault;
use crate::manifest::{Activation, Fit, Grey, Input, Layout};
use crate::parity::Formula;
use crate::runtime::Runtime;
pub use folder::{Examination, Open, examine};
use runner::Runner;
pub use seal::seal;

/// Most findings of a bundle made here.
const FINDINGS_MAX: usize = 64;

/// What a person says about a model beside handing over its file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wish {
    /// Name of the bundle; without one the folder's.
    pub name: Option<String>,
    /// Modalities (0008,0060) it takes; with none the bundle takes no study until they are filled in.
    pub modality: Vec<String>,
    /// Body parts (0018,0015), likewise.
    pub body_part: Vec<String>,
    /// Names of the findings in the order of the output; with none they are numbered.
    pub labels: Vec<String>,
    /// What the output holds; without it that is guessed.
    pub activation: Option<Activation>,
    /// Rows and columns, for a model that leaves them open.
    pub size: Option<[usize; 2]>,
    /// Name of the output, for a model with several.
    pub output: Option<String>,
    /// Subtracted from the 0..1 image; 0 without it.
    pub mean: Option<f32>,
    /// Divides the difference; 1 without it.
    pub std: Option<f32>,
}

/// What was found out about a model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// SHA-256 of the file.
    pub sha256: String,
    /// How an image becomes the input tensor.
    pub input: Input,
    /// Whether the model leaves the number of frames open; otherwise it takes one at a time.
    pub frames_open: bool,
    /// Name of the output.
    pub output: String,
    /// Values of the output.
    pub findings: usize,
    /// What the output is taken to hold.
    pub activation: Activation,
    /// Why, where nobody said so.
    pub guessed: Option<String>,
    /// Whether a study can be taken before somebody fills in `[accepts]`.
    pub takes_studies: bool,
    /// What the model gave for each drawn image.
    pub runs: Vec<Run>,
    /// What a person should look at.
    pub notices: Vec<String>,
}

/// One drawn image.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Run {
    /// What is drawn.
    pub image: &'static str,
    /// What the model gave, as the tensor holds it.
    pub outputs: Vec<f32>,
    /// Mean of the 0..1 input image, which the gate looks at.
    pub grey_mean: f64,
    /// Its standard deviation.
    pub grey_std: f64,
    /// Whether the bundle's gate lets it pass; `None` before there is a gate.
    pub passed: Option<bool>,
}

/// A model that can be made a bundle.
#[derive(Debug)]
pub struct Candidate {
    file: PathBuf,
    bytes: Vec<u8>,
    wish: Wish,
    report: Report,
}

/// Load an ONNX file and find out how to run it. Nothing is written.
///
/// # Errors
/// [`Error::Read`]; [`Error::Refused`] with every reason why it cannot be made a bundle.
pub fn inspect(runtime: &Runtime, file: &Path, wish: &Wish) -> Result<Candidate, Error> {
    let bytes = bundle::read(file, bundle::MODEL_LIMIT)?;
    let refuse = |faults| Error::Refused { file: file.to_path_buf(), faults };
    let session = runner::load(runtime, &bytes).map_err(|fault| refuse(vec![fault]))?;
    let plan = plan::plan(session.inputs(), session.outputs(), wish).map_err(refuse)?;
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

    /// Write the bundle into a new folder: the model, `bundle.toml` to be filled in, a card that says that nothing is
    /// known, and `parity.json`. It loads as it is, flags nothing and never answers `no-flag`.
    ///
    /// # Errors
    /// [`Error::Refused`] when the folder is there already or a value given does not fit; [`Error::Write`]; the errors
    /// of loading the bundle again.
    pub fn write(&self, runtime: &Runtime, folder: &Path) -> Result<Bundle, Error> {
        folder::write(self, runtime, folder)
    }

    /// The model's answers to the images of `parity.json`.
    fn parity(&self) -> impl Iterator<Item = (Formula, Vec<f32>)> {
        let of = |formula: Formula| self.report.runs.iter().find(move |run| run.image == formula.as_str());
        Formula::ALL.into_iter().filter_map(move |formula| Some((formula, of(formula)?.outputs.clone())))
    }
}

/// The input rule before a person has filled it in.
fn input(tensor: &str, (layout, channels, size): (Layout, usize, [usize; 2]), wish: &Wish) -> Input {
    let (mean, std) = (wish.mean.unwrap_or(0.0), wish.std.unwrap_or(1.0));
    let tensor = tensor.to_owned();
    Input { tensor, layout, channels, size, fit: Fit::Letterbox, grey: Grey::Voi, window: None, mean, std }
}
