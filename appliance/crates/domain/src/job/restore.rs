//! Re-identification: which pseudonyms stand in instances, and what they replaced put back.

use serde::{Deserialize, Serialize};

use super::files::InstanceRef;
use super::secret::Secret;
use crate::picture::Piece;
use deid::ReidentificationMap;

/// Most pseudonyms of one case or one job.
pub const MAX_PSEUDONYMS: usize = 60_000;

/// Instances that this site de-identified, or that were made from such ones.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestoreJob {
    /// Instances in order.
    pub instances: Vec<InstanceRef>,
    /// The site's pseudonym keys, as [`deid::Keys::from_text`] reads them.
    pub keys: Secret,
    /// What the vault knows of their pseudonyms; empty when they are only looked for.
    pub map: ReidentificationMap,
}

/// What became of one instance.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestoredLine {
    /// Index of the instance in the job.
    pub instance: u32,
    /// In words why it was not re-identified; empty when it was.
    pub reason: String,
    /// The re-identified P10 file.
    pub piece: Option<Piece>,
}
