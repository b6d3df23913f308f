//! The key: one required action a line.

use std::path::Path;

use serde::Deserialize;

/// A required action.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Answer {
    /// The file it is about.
    pub file: String,
    /// One of ten kinds.
    pub action: String,
    /// Where.
    pub path: String,
    /// Identity, none of which may be left.
    #[serde(default)]
    pub phi: Vec<String>,
    /// Harmless text, all of which must be left.
    #[serde(default)]
    pub keep: Vec<String>,
    /// The value that must be left.
    pub value: Option<String>,
    /// The value before.
    pub old: Option<String>,
    /// The patient before.
    pub patient: Option<String>,
    /// Columns and rows: x0, y0, x1, y1.
    #[serde(rename = "box")]
    pub area: Option<[u32; 4]>,
    /// What kind of identity it is.
    #[serde(default, rename = "cls")]
    pub class: String,
}

/// The whole key.
pub(crate) fn answers(path: &Path) -> Vec<Answer> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
}
