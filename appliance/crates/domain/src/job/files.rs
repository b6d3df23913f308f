//! The files of a job: where its instances lie, and how what the worker writes is to be sealed.

use serde::{Deserialize, Serialize};

use super::secret::Secret;

/// One instance as the worker sees it: its file, and the data set in it from `offset`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstanceRef {
    /// Which of the files behind the output it lies in, from 0. `None`: the one of the instance's own number.
    #[serde(default)]
    pub file: Option<u32>,
    /// Bytes before the data set in the file. `None`: a P10 file with its own preamble and meta.
    pub offset: Option<u64>,
    /// Transfer syntax UID the data set is in; empty for a P10 file (its meta says).
    pub transfer_syntax: String,
    /// How the data set is sealed; `None`: it is plain, up to the end of the file.
    #[serde(default)]
    pub sealed: Option<Sealed>,
}

impl InstanceRef {
    /// A P10 file of its own.
    #[must_use]
    pub fn p10() -> Self {
        Self { file: None, offset: None, transfer_syntax: String::new(), sealed: None }
    }
}

/// Bytes that the store sealed: the worker reads them with the key of this one entry.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sealed {
    /// Name of the entry, in hex.
    pub id: String,
    /// Plain bytes.
    pub length: u64,
    /// The entry's key.
    pub key: Secret,
}

/// How the output is to be sealed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncryptedOutput {
    /// Name of the output, in hex.
    pub id: String,
    /// Where the sealed content begins, in bytes.
    pub offset: u64,
    /// The output's key.
    pub key: Secret,
}
