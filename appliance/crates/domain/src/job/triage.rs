//! A study to triage, and what comes of it.

use serde::{Deserialize, Serialize};

use super::deid::DeidOrder;
use super::files::{EncryptedOutput, InstanceRef};
use crate::verdict::Verdict;

/// Most previews a worker may make of one study.
pub const MAX_PREVIEWS: usize = 64;

/// A study to triage.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TriageJob {
    /// The study's instances in order of arrival.
    pub instances: Vec<InstanceRef>,
    /// Policy and key.
    pub deid: DeidOrder,
    /// Whether previews are wanted.
    pub previews: bool,
    /// How the output is to be sealed; `None`: plain.
    #[serde(default)]
    pub output: Option<EncryptedOutput>,
}

/// What triage found out about one stable study.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TriageAnswer {
    /// What is recorded and shown.
    pub verdict: Verdict,
    /// For the page's list. Stays at the site.
    pub facts: ListFacts,
    /// Instances that could not be read, with the reason in words.
    pub unreadable: Vec<(u32, String)>,
}

/// Facts for the list; nothing here identifies beyond what the technician must match at the table.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListFacts {
    /// Modality, e.g. `DX`.
    pub modality: String,
    /// Body Part Examined.
    pub body_part: String,
    /// View Position.
    pub view: String,
    /// Last four characters of the Accession Number.
    pub accession_tail: String,
    /// Station Name, shown as the room.
    pub station: String,
    /// Patient's name as stored, for "I am looking" alone. Identifying.
    pub patient_name: String,
}
