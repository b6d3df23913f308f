//! One line of the audit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// One audit line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When, ms since 1970 UTC.
    pub at: i64,
    /// Login name, `appliance`, `cloud`, `operator`, or a peer's pseudonym.
    pub who: String,
    /// What was done, in a few words; see `dicom.rs` for those with a meaning of their own.
    pub what: String,
    /// Our id of the study or case, or empty.
    pub on: String,
    /// More in words, without identity.
    #[serde(default)]
    pub detail: String,
    /// The peer's address, where there is one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub address: String,
    /// Instances by SOP Class UID, where some were moved or removed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub instances: BTreeMap<String, u64>,
    /// Digest of the line before, hex; empty on the first.
    #[serde(default)]
    pub before: String,
}

/// A time (ms since 1970 UTC) as RFC 3339 wants it, in UTC with milliseconds.
#[must_use]
pub fn timestamp(ms: i64) -> String {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
        .ok()
        .and_then(|t| t.format(&Rfc3339).ok())
        .unwrap_or_else(|| "-".to_owned())
}
