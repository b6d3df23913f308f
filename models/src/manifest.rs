//! `bundle.toml`, format 1, as types (models/README.md).

use serde::{Deserialize, Serialize};

/// Name of the manifest in a bundle's folder.
pub(crate) const MANIFEST: &str = "bundle.toml";
/// What a manifest must be.
pub(crate) const FORMAT: &str = "write it as models/README.md fixes format 1";

/// The whole manifest. Which tables are present depends on [`Kind`]; `Bundle::open` checks that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// 1.
    pub format: u32,
    /// Folder name of the bundle: lower case letters, digits and `-`.
    pub name: String,
    /// Version, `major.minor.patch`.
    pub version: String,
    /// A few words for a page.
    pub title: String,
    /// Classifier or report.
    pub kind: Kind,
    /// One sentence.
    pub summary: String,
    /// Which recipe and which data made it.
    pub provenance: Provenance,
    /// The network of a classifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Model>,
    /// Which studies it takes.
    pub accepts: Accepts,
    /// How an image becomes the input tensor.
    pub input: Input,
    /// The output of a classifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Output>,
    /// Image sanity limits of a classifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<GateLimits>,
    /// The findings of a classifier, one per output.
    #[serde(default, rename = "finding", skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// The rule with a guarantee, by population; without it the limits of the findings hold for everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Named>,
    /// The input check by distance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub novelty: Option<Named>,
    /// What a classifier may answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
    /// The image side of a report bundle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoder: Option<EncoderPart>,
    /// The text side of a report bundle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decoder: Option<DecoderPart>,
}

/// What a bundle is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Image to coded findings.
    Classifier,
    /// Image to text.
    Report,
}

impl Kind {
    /// As written in the manifest.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Classifier => "classifier",
            Self::Report => "report",
        }
    }
}

/// Where the weights come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Path of the recipe in the tree.
    pub recipe: String,
    /// SHA-256 over the recipe's files.
    pub recipe_sha256: String,
    /// SHA-256 over the training data.
    pub data_sha256: String,
    /// Seed of the training run.
    pub seed: u64,
}

/// The ONNX file of a classifier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// File name in the bundle's folder.
    pub file: String,
    /// SHA-256 of the file, lower case hexadecimal.
    pub sha256: String,
}

/// Another file of the bundle's folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// File name in the bundle's folder.
    pub file: String,
    /// SHA-256 of the file, lower case hexadecimal.
    pub sha256: String,
}

/// Which studies a bundle takes. Ranges are inclusive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepts {
    /// Modality (0008,0060).
    pub modality: Vec<String>,
    /// Body Part Examined (0018,0015), compared in upper case.
    pub body_part: Vec<String>,
    /// Whether an empty body part is accepted.
    pub body_part_absent: bool,
    /// View Position (0018,5101); empty accepts every view.
    pub view: Vec<String>,
    /// Whether an empty view is accepted.
    pub view_absent: bool,
    /// Photometric Interpretation (0028,0004).
    pub photometric: Vec<String>,
    /// Rows (0028,0010).
    pub rows: [u32; 2],
    /// Columns (0028,0011).
    pub columns: [u32; 2],
    /// Frames of the whole study that are run.
    pub frames: [u32; 2],
    /// Bits Stored (0028,0101); left out, any is accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bits_stored: Option<[u32; 2]>,
    /// Planes of the slices of a volume: [`PLANES`]; left out, axial ones alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plane: Vec<String>,
    /// Whether slices with a contrast agent are taken; left out, they leave a doubt.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub contrast: bool,
}

/// What `accepts.plane` can name.
pub(crate) const PLANES: [&str; 3] = ["AXIAL", "CORONAL", "SAGITTAL"];

impl Accepts {
    /// The planes of slices that are taken.
    #[must_use]
    pub fn planes(&self) -> Vec<&str> {
        if self.plane.is_empty() { vec!["AXIAL"] } else { self.plane.iter().map(String::as_str).collect() }
    }
}

/// How an image becomes the input tensor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Name of the tensor.
    pub tensor: String,
    /// Order of the axes.
    pub layout: Layout,
    /// 1, or 3: the grey image three times.
    pub channels: usize,
    /// Rows and columns.
    pub size: [usize; 2],
    /// How the proportions are treated.
    pub fit: Fit,
    /// Which grey transformation the image has had.
    pub grey: Grey,
    /// The window, in output units of the Modality LUT; only with [`Grey::Window`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// Subtracted from the 0..1 image.
    pub mean: f32,
    /// Divides the difference.
    pub std: f32,
}

/// Order of the axes of an image tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Layout {
    /// [frames, channels, rows, columns].
    #[serde(rename = "NCHW")]
    Nchw,
    /// [frames, rows, columns, channels].
    #[serde(rename = "NHWC")]
    Nhwc,
}

/// How an image is brought to the input size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fit {
    /// Proportions kept, the rest 0.
    Letterbox,
    /// Proportions ignored.
    Stretch,
    /// The centred largest rectangle of the target's proportions.
    Crop,
}

/// The grey transformation an input image must have had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Grey {
    /// The VOI transformation as stored, the full range of the frame without one.
    Voi,
    /// The bundle's own window.
    Window,
}

/// A linear window as in PS3.3 C.11.2.1.2.1, in output units of the Modality LUT.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Window Center.
    pub center: f64,
    /// Window Width, at least 1.
    pub width: f64,
}

/// The output tensor of a classifier, float32 [frames, findings].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// Name of the tensor.
    pub tensor: String,
    /// Name of a tensor float32 [frames, findings, rows, columns] that shows where each finding was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maps: Option<String>,
    /// What the tensor holds.
    pub activation: Activation,
    /// Over the frames of a study.
    pub aggregate: Aggregate,
}

/// What an output tensor holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// Logits.
    Sigmoid,
    /// Probabilities already.
    None,
}

/// How the frames of a study become one score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Aggregate {
    /// The highest score.
    #[serde(rename = "max")]
    Max,
    /// The mean of the three highest scores (of all, when there are fewer).
    #[serde(rename = "mean-top-3")]
    MeanTop3,
}

/// Limits of image sanity, of the 0..1 input image before mean and std. Inclusive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateLimits {
    /// Of the mean.
    pub grey_mean: [f32; 2],
    /// Of the standard deviation.
    pub grey_std: [f32; 2],
}

/// One finding of a classifier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// Place in the output tensor.
    pub index: usize,
    /// Its key in the rule with a guarantee; `any` is the row about any finding at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Its code.
    pub code: Code,
    /// Words for a page.
    pub name: String,
    /// From logit to score.
    pub calibration: Calibration,
    /// Below it the finding does not speak against `no-flag`.
    pub no_flag_below: f64,
    /// From it on the study is flagged.
    pub flag_at: f64,
    /// Priority of a flag.
    pub priority: Priority,
}

/// A coded concept (PS3.3 section 8.8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// Coding Scheme Designator, such as `SCT`.
    pub scheme: String,
    /// Code Value.
    pub value: String,
    /// Code Meaning.
    pub meaning: String,
}

/// score = sigmoid(slope * logit + intercept).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Above 0, so that the order of scores is kept.
    pub slope: f64,
    /// Added after it.
    pub intercept: f64,
}

/// Priority, the least urgent first (PS3.3 C.4.11 uses the words of Requested Procedure Priority).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Priority {
    /// In turn.
    Routine,
    /// Before routine.
    Urgent,
    /// At once.
    Stat,
}

/// What a classifier may answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Whether it may answer `no-flag`.
    pub no_flag: bool,
    /// The sentence shown when it may not.
    pub no_flag_reason: String,
}

/// `image` float32 [1,1,rows,columns] to `embedding` float32 [1,width].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderPart {
    /// File name in the bundle's folder.
    pub file: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Width of the embedding.
    pub embedding: usize,
}

/// `embedding` [1,width] and `tokens` int64 [1,length] to `logits` float32 [1,length,vocabulary].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecoderPart {
    /// File name in the bundle's folder.
    pub file: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// File name of the vocabulary, a JSON list of strings.
    pub vocabulary: String,
    /// SHA-256 of the vocabulary's file.
    pub vocabulary_sha256: String,
    /// Length at which writing stops.
    pub max_tokens: usize,
}
