//! What de-identification does to every attribute of one instance, before and after, for the person who looks.

use serde::{Deserialize, Serialize};

use super::deid::DeidOrder;
use super::files::InstanceRef;

/// Most attributes that are told of one instance.
pub const MAX_EXPLAINED: usize = 5_000;

/// One instance of a study to explain.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExplainJob {
    /// The whole study: what is removed depends on what the other instances say.
    pub instances: Vec<InstanceRef>,
    /// Which one, by its place in the job.
    pub of: u32,
    /// Policy and keys.
    pub deid: DeidOrder,
    /// Whether the values before are told too. Identified.
    pub before: bool,
}

/// One attribute.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explained {
    /// Tag and name, with the sequences around it.
    pub attribute: String,
    /// Code of PS3.15 table E.1-1a.
    pub action: String,
    /// The rule behind it.
    pub rule: String,
    /// The value before, where it was asked for and is a text. Identified.
    pub before: Option<String>,
    /// The value after, where it is a text.
    pub after: Option<String>,
}

impl std::fmt::Debug for Explained {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Explained({} {})", self.attribute, self.action)
    }
}
