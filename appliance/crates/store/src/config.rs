//! The `[store]` table of the configuration.
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use proto::units::{Size, Span};

/// `[store] path, warn_free, refuse_free, max_object`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreConfig {
    /// The folder that holds everything received and everything waiting to leave.
    pub path: PathBuf,
    /// The file of the store's key (default `keys/store.key`). Losing it loses everything stored.
    #[serde(default = "key")]
    pub key: PathBuf,
    /// Free space under which a warning shows (default 20 GiB).
    #[serde(default = "warn_free")]
    pub warn_free: Size,
    /// Free space under which C-STORE is answered A700 before anything is at risk (default 5 GiB).
    #[serde(default = "refuse_free")]
    pub refuse_free: Size,
    /// The longest data set that is taken (default 4 GiB); a longer one is answered A701.
    #[serde(default = "max_object")]
    pub max_object: Size,
    /// Originals stay at least so long after the last arrival of their study (default 30 days).
    #[serde(default = "keep")]
    pub keep: Span,
    /// What proves that originals may go when space is short.
    #[serde(default)]
    pub evict: Eviction,
}

fn key() -> PathBuf {
    PathBuf::from("keys/store.key")
}

fn warn_free() -> Size {
    Size(20 << 30)
}

fn refuse_free() -> Size {
    Size(5 << 30)
}

/// Native Pixel Data cannot be longer (PS3.5 7.1: lengths have 32 bits).
fn max_object() -> Size {
    Size(4 << 30)
}

/// What may be written for `max_object`.
const MAX_OBJECT: std::ops::RangeInclusive<u64> = 1 << 20..=1 << 40;

fn keep() -> Span {
    Span(Duration::from_secs(30 * 24 * 3600))
}

/// What proves that the originals of an answered study are elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Eviction {
    /// Every instance was sent on by a `[[forward]]` rule and taken.
    #[default]
    Forwarded,
    /// The site says so: the PACS or a router sends us copies.
    Answered,
}

impl StoreConfig {
    /// The defaults with this folder, and the key in it. Fit for trying things out: a key belongs elsewhere.
    pub fn at(path: impl Into<PathBuf>) -> StoreConfig {
        let path = path.into();
        let key = path.join("store.key");
        StoreConfig {
            path,
            key,
            warn_free: warn_free(),
            refuse_free: refuse_free(),
            max_object: max_object(),
            keep: keep(),
            evict: Eviction::default(),
        }
    }

    /// Every fault as (key, what is wrong and what to write); touches no disk.
    pub fn faults(&self) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        if self.path.as_os_str().is_empty() {
            faults.push(("store.path", "is empty; write the folder for received studies".to_owned()));
        }
        if self.key.as_os_str().is_empty() {
            faults.push(("store.key", "is empty; write the file of the store's key".to_owned()));
        }
        if self.warn_free < self.refuse_free {
            faults.push((
                "store.warn_free",
                format!("is below refuse_free; write at least \"{}\"", self.refuse_free),
            ));
        }
        if !MAX_OBJECT.contains(&self.max_object.0) {
            faults.push(("store.max_object", "write a size from \"1MiB\" to \"1TiB\"".to_owned()));
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_table_reads_units_and_refuses_unknown_keys() {
        let config: StoreConfig =
            toml::from_str("path = \"/srv/s\"\nwarn_free = \"2GiB\"\nrefuse_free = 4096").unwrap();
        assert_eq!(config.warn_free, Size(2 << 30));
        assert_eq!(config.refuse_free, Size(4096));
        assert_eq!(config.key, PathBuf::from("keys/store.key"));
        assert!(config.faults().is_empty());
        assert!(toml::from_str::<StoreConfig>("path = \"x\"\nwarn = \"2GiB\"").is_err());
        let odd: StoreConfig =
            toml::from_str("path = \"\"\nwarn_free = 1\nrefuse_free = 2\nmax_object = 9").unwrap();
        assert_eq!(odd.faults().len(), 3);
    }
}
