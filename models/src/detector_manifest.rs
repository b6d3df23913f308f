//! `bundle.toml` of a text detector, format 1, as types (models/README.md).

use serde::{Deserialize, Serialize};

use crate::manifest::Named;

/// What the manifest of a text detector calls itself.
pub const KIND: &str = "text-detector";

/// `bundle.toml` of a text detector, format 1 (models/README.md).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DetectorManifest {
    /// 1.
    pub format: u32,
    /// Folder name of the bundle: lower case letters, digits and `-`.
    pub name: String,
    /// Version, `major.minor.patch`.
    pub version: String,
    /// A few words for a page.
    pub title: String,
    /// [`KIND`].
    pub kind: String,
    /// One sentence.
    pub summary: String,
    /// Which recipe made it.
    pub provenance: DetectorProvenance,
    /// The numbers.
    pub trees: Named,
}

/// Where the numbers come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DetectorProvenance {
    /// Path of the recipe in the tree.
    pub recipe: String,
    /// SHA-256 over the recipe's files.
    pub recipe_sha256: String,
}
