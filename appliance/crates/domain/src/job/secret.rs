//! A key on its way to a worker.

use serde::{Deserialize, Serialize};

/// A key on its way to a worker: wiped on drop, a stub in `Debug`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// From a key in hex.
    pub fn new(hex: String) -> Self {
        Self(hex)
    }

    /// The key in hex.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(secret)")
    }
}
