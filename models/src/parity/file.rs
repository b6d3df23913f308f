//! The file itself: images given by formula, with what the recipe computed for each.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::error::{Error, ManifestFault};
use crate::faults::fault;
use crate::input::GreyImage;
use crate::manifest::{Activation, Kind, MANIFEST, Manifest};

/// File name in the bundle's folder.
pub(crate) const FILE: &str = "parity.json";
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parity {
    pub inputs: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub formula: Formula,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logits: Option<Vec<f32>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embedding: Option<Vec<f32>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// An image by formula; r and c are the pixel's row and column, H and W the size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Formula {
    /// (r*W+c)/(H*W-1).
    Ramp,
    /// 1 if r/8+c/8 (whole division) is odd, else 0.
    Checker,
    /// 0.5+0.5*cos(0.3*sqrt((r-H/2)^2+(c-W/2)^2)).
    Rings,
}

impl Formula {
    /// All of them, in the order in which recipes write them.
    pub const ALL: [Self; 3] = [Self::Ramp, Self::Checker, Self::Rings];

    /// As written in the file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ramp => "ramp",
            Self::Checker => "checker",
            Self::Rings => "rings",
        }
    }

    /// The image at that size.
    ///
    /// # Errors
    /// [`Error::Image`] for a size without a pixel.
    pub fn image(self, [rows, columns]: [usize; 2]) -> Result<GreyImage, Error> {
        GreyImage::from_array(Array2::from_shape_fn((rows, columns), |(r, c)| {
            let (height, width) = (rows as f64, columns as f64);
            let value = match self {
                Self::Ramp => (r * columns + c) as f64 / (height * width - 1.0),
                Self::Checker => ((r / 8 + c / 8) % 2) as f64,
                Self::Rings => {
                    let (down, right) = (r as f64 - height / 2.0, c as f64 - width / 2.0);
                    0.5 + 0.5 * (0.3 * down.hypot(right)).cos()
                }
            };
            (value as f32).clamp(0.0, 1.0)
        }))
    }
}

/// The text of a classifier's file: what the model gave for each formula.
pub(crate) fn text(answers: impl IntoIterator<Item = (Formula, Vec<f32>)>) -> String {
    let entry = |(formula, logits)| Entry { formula, logits: Some(logits), embedding: None, text: None };
    let parity = Parity { inputs: answers.into_iter().map(entry).collect() };
    // Plain numbers and names: there is nothing that could not be written.
    serde_json::to_string_pretty(&parity).unwrap_or_default() + "\n"
}

/// The faults of a `parity.json` that can be seen without a session.
pub(crate) fn check_file(manifest: &Manifest, bytes: &[u8]) -> Vec<ManifestFault> {
    let parity = match parse(manifest, bytes) {
        Ok(parity) => parity,
        Err(fault) => return vec![fault],
    };
    let mut values = parity.inputs.iter().filter_map(|entry| entry.logits.as_ref()).flatten();
    let probabilities = manifest.output.as_ref().is_some_and(|o| o.activation == Activation::None);
    if probabilities && values.any(|v| !is_probability(*v)) {
        let problem = format!("says probabilities, but {FILE} holds values outside 0 to 1");
        return vec![fault(MANIFEST, "output.activation", problem, "write activation = \"sigmoid\"")];
    }
    Vec::new()
}

/// Whether a value can be a probability; one that was rounded up to a little more can.
pub(crate) fn is_probability(value: f32) -> bool {
    (-1e-5..=1.0 + 1e-5).contains(&value)
}

pub(super) fn parse(manifest: &Manifest, bytes: &[u8]) -> Result<Parity, ManifestFault> {
    let wrong = |problem: &str| fault(FILE, "inputs", problem, "let the recipe write it");
    let parity: Parity = serde_json::from_slice(bytes).map_err(|e| wrong(&e.to_string()))?;
    if parity.inputs.is_empty() {
        return Err(wrong("is empty"));
    }
    let complete = parity.inputs.iter().all(|entry| match manifest.kind {
        Kind::Classifier => {
            entry.logits.as_ref().is_some_and(|v| v.len() == manifest.findings.len())
                && entry.embedding.is_none()
                && entry.text.is_none()
        }
        Kind::Report => entry.logits.is_none() && entry.embedding.is_some() && entry.text.is_some(),
    });
    if complete { Ok(parity) } else { Err(wrong("do not hold what this kind of bundle computes")) }
}
