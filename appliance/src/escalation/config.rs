//! The `[escalation]` table of the configuration.

use std::path::PathBuf;
use std::time::Duration;

use proto::tls::CloudUrl;
use serde::Deserialize;

/// Where cases go, and which ones go without a model.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The cloud's address, `https://host[:port]`; without it nothing is ever sent and cases wait sealed.
    #[serde(default)]
    pub cloud: Option<CloudUrl>,
    /// Modalities (0008,0060) that go to the cloud although no bundle takes them.
    #[serde(default)]
    pub without_model: Vec<String>,
    /// Folder of the site's keys and certificates, as `enrol` writes it.
    pub identity: PathBuf,
    /// Pause after the first failure; doubles from there.
    #[serde(default = "retry_first", with = "proto::units::duration")]
    pub retry_first: Duration,
    /// Longest pause between two attempts.
    #[serde(default = "retry_max", with = "proto::units::duration")]
    pub retry_max: Duration,
}

fn retry_first() -> Duration {
    Duration::from_secs(1)
}

fn retry_max() -> Duration {
    Duration::from_secs(30)
}

impl Config {
    /// What is wrong with the values, each as key and what to write instead; empty when nothing is.
    #[must_use]
    pub(crate) fn faults(&self) -> Vec<(&'static str, &'static str)> {
        let mut faults = Vec::new();
        let word = |m: &String| {
            (1..=16).contains(&m.len()) && m.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        };
        if !self.without_model.iter().all(word) {
            faults
                .push(("without_model", "write modalities as DICOM has them, for example [\"CT\", \"MR\"]"));
        }
        if self.retry_first.is_zero() || self.retry_first > self.retry_max {
            faults.push(("retry_first", "write a time above zero and not above retry_max"));
        }
        if self.retry_max > Duration::from_secs(3600) {
            faults.push(("retry_max", "write at most \"1h\""));
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_table_reads_with_units_and_refuses_unknown_keys() {
        let read: Config = toml::from_str(
            "cloud = \"https://cloud.example:8443\"\nidentity = \"id\"\nwithout_model = [\"CT\"]\nretry_max = \"1m\"",
        )
        .unwrap();
        assert_eq!(read.retry_max, Duration::from_secs(60));
        assert!(read.faults().is_empty());
        assert!(toml::from_str::<Config>("identity = \"id\"\nclod = \"x\"").is_err());
        assert!(toml::from_str::<Config>("identity = \"id\"\ncloud = \"http://cloud.example\"").is_err());
    }

    #[test]
    fn impossible_values_are_named() {
        let text = "identity = \"id\"\nwithout_model = [\"ct head\"]\nretry_first = \"2m\"";
        let keys: Vec<_> =
            toml::from_str::<Config>(text).unwrap().faults().into_iter().map(|f| f.0).collect();
        assert_eq!(keys, ["without_model", "retry_first"]);
    }
}
