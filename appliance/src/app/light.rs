//! One light of the page and of `status`.

use serde::{Deserialize, Serialize};

/// One light with its words.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Light {
    /// `ok`, `warn`, `bad`, or `unknown`.
    pub state: String,
    /// In words.
    pub words: String,
}

/// A light in this state.
pub(crate) fn light(state: &str, words: impl Into<String>) -> Light {
    Light { state: state.into(), words: words.into() }
}
