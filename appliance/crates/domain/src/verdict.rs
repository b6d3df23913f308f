//! The verdict on one stable study: made by a worker, kept by the ledger, shown by the page. One struct all the way.

use std::collections::BTreeMap;

use proto::case::{Disposition, Finding, Priority};
use serde::{Deserialize, Serialize};

use crate::picture::Preview;

/// What triage answers about one stable study, before the site's mode is applied, and what de-identification would do to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// The one word.
    pub disposition: Disposition,
    /// Why, in words.
    pub reason: String,
    /// Bundle name, empty when none took the study.
    pub bundle: String,
    /// Bundle version.
    pub version: String,
    /// Digest of the bundle's manifest as the worker loaded it, in hex; empty when none took the study.
    pub digest: String,
    /// All findings of the bundle.
    pub findings: Vec<Finding>,
    /// Priority the findings ask for.
    pub priority: Priority,
    /// The check of the bundle's input; `None` when no bundle ran.
    pub input_check: Option<InputCheck>,
    /// Where findings were seen.
    pub places: Vec<PlacedFinding>,
    /// Why a person must look before anything of it may leave; empty: may leave.
    pub holds: Vec<String>,
    /// Digest of the de-identification plan, in hex; empty when there is none.
    pub plan_digest: String,
    /// Counts of de-identification actions by code (D, Z, X, K, C, U).
    pub actions: BTreeMap<String, u64>,
    /// Pictures for the page.
    pub previews: Vec<Preview>,
    /// Milliseconds spent.
    pub ms: Timings,
}

impl Verdict {
    /// A verdict that no bundle had a part in, of routine priority; nothing is held and nothing shown.
    #[must_use]
    pub fn without_model(disposition: Disposition, reason: String) -> Self {
        Self {
            disposition,
            reason,
            bundle: String::new(),
            version: String::new(),
            digest: String::new(),
            findings: Vec::new(),
            priority: Priority::Routine,
            input_check: None,
            places: Vec::new(),
            holds: Vec::new(),
            plan_digest: String::new(),
            actions: BTreeMap::new(),
            previews: Vec::new(),
            ms: Timings::default(),
        }
    }
}

/// Where a finding was seen on one frame, on a grid of 32 x 32 cells over the whole image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlacedFinding {
    /// Name of the finding, for people.
    pub name: String,
    /// The instance, by its number in the job.
    pub instance: u32,
    /// Frame, from 0.
    pub frame: u32,
    /// Rows from the top; bit 0 of each is its leftmost cell.
    pub rows: Vec<u32>,
}

/// What the check of a bundle's input found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputCheck {
    /// Measured value.
    pub score: f64,
    /// Its limit.
    pub limit: f64,
    /// Whether the input is one the bundle was made for.
    pub passed: bool,
}

/// Where the time went, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timings {
    /// Reading headers, planning the de-identification, looking for text in the pixels; 0 in rows of before it was measured.
    #[serde(default)]
    pub deid: f64,
    /// Reading and decoding the frames that are shown or run.
    pub decode: f64,
    /// Window, resize, tensor.
    pub input: f64,
    /// The model.
    pub run: f64,
    /// The whole job.
    pub total: f64,
}
