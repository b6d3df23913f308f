//! `[study]`: how long after what a study counts as stable.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// `[study]` of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Quiet time after the last instance when no other signal came.
    #[serde(with = "proto::units::duration")]
    pub quiet: Duration,
    /// Quiet time after the last association that carried the study was released.
    #[serde(with = "proto::units::duration")]
    pub after_release: Duration,
    /// Quiet time while a performed procedure step of the study is in progress: the scanner is still at work.
    #[serde(with = "proto::units::duration")]
    pub in_progress: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            quiet: Duration::from_secs(30),
            after_release: Duration::from_secs(5),
            in_progress: Duration::from_secs(600),
        }
    }
}
