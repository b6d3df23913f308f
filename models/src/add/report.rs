//! What a person says about a model, and what is found out about it.

use serde::Serialize;

use crate::manifest::{Activation, Input};

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
    /// Why, where the caller did not say so.
    pub guessed: Option<String>,
    /// Whether a study can be taken before somebody fills in `[accepts]`.
    pub takes_studies: bool,
    /// What the model gave for each rendered image.
    pub runs: Vec<Run>,
    /// What a person should look at.
    pub notices: Vec<String>,
}

/// One rendered image.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Run {
    /// What it shows.
    pub image: &'static str,
    /// What the model gave, as the tensor holds it.
    pub outputs: Vec<f32>,
    /// Mean of the 0..1 input image, which the input check looks at.
    pub grey_mean: f64,
    /// Its standard deviation.
    pub grey_std: f64,
    /// Whether the bundle's input check lets it pass; `None` before there is one.
    pub passed: Option<bool>,
}
