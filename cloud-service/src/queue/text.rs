//! The words of a draft or of a release.

use super::{Error, Result};

/// The words of a draft or of a release, as JSON in the database.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// What is seen.
    pub findings: String,
    /// What it amounts to.
    pub impression: String,
    /// Suggested priority.
    #[serde(default)]
    pub priority: Option<proto::case::Priority>,
    /// Whether a flag raised by triage may be closed; only a person can say so.
    #[serde(default)]
    pub closes_flag: bool,
}

impl Text {
    /// From its JSON.
    ///
    /// # Errors
    /// `Row` when it is none.
    pub fn parse(json: &str) -> Result<Self> {
        serde_json::from_str(json).map_err(|_| Error::Row("text"))
    }

    /// Its JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
