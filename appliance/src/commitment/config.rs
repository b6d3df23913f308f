//! The `[commitment]` table of the configuration.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::forward::DestinationTls;
use dimse::host_of;

/// The table of TLS, in words about its files.
pub(crate) const REPLY_TLS: &str = "commitment.replies.tls";

/// `[commitment]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// Whether scanners may ask us to commit. Off by default: they delete their copy on our word.
    pub provide: bool,
    /// How long a destination may take to commit before the scanner is told of the failure and keeps its copy.
    #[serde(with = "proto::units::duration")]
    pub give_up: Duration,
    /// Pause before a report or a request is tried again; it doubles up to an hour.
    #[serde(with = "proto::units::duration")]
    pub retry: Duration,
    /// Where reports go when the association of the request has ended: `[[commitment.replies]]`.
    pub replies: Vec<Reply>,
}

/// `[[commitment.replies]]`: where one scanner listens for N-EVENT-REPORT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reply {
    /// Its AE title, as it calls us.
    pub ae_title: String,
    /// `host:port` where it listens.
    pub address: String,
    /// `[commitment.replies.tls]`: only over TLS (default: plain DICOM).
    #[serde(default)]
    pub tls: Option<DestinationTls>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            provide: false,
            give_up: Duration::from_secs(48 * 3600),
            retry: Duration::from_secs(30),
            replies: Vec::new(),
        }
    }
}

impl Config {
    /// Every fault as (key below `commitment`, what is wrong, what to write). `committing` counts the forward rules
    /// that are marked `commit = true`.
    #[must_use]
    pub(crate) fn faults(&self, committing: usize) -> Vec<(String, &'static str, &'static str)> {
        let mut faults = Vec::new();
        if self.provide && committing == 0 {
            faults.push((
                "provide".to_owned(),
                "nobody commits to us: success may be said only after an archive has committed",
                "mark the archive's [[forward]] rule with commit = true, or write provide = false",
            ));
        }
        for (key, span) in [("give_up", self.give_up), ("retry", self.retry)] {
            if span.is_zero() {
                faults.push((key.to_owned(), "is no time", "write more than 0s"));
            }
        }
        for (index, reply) in self.replies.iter().enumerate() {
            for (key, wrong, write) in reply.tls.iter().flat_map(|tls| tls.faults(host_of(&reply.address))) {
                faults.push((format!("replies[{index}].tls.{key}"), wrong, write));
            }
            let port = reply.address.rsplit_once(':').and_then(|(host, port)| {
                (!host.is_empty()).then(|| port.parse::<u16>().ok()).flatten().filter(|p| *p > 0)
            });
            if port.is_none() {
                faults.push((
                    format!("replies[{index}].address"),
                    "is not host:port",
                    "write where the scanner listens, for example \"10.0.0.7:104\"",
                ));
            }
            if reply.ae_title.trim().is_empty() || reply.ae_title.len() > 16 || !reply.ae_title.is_ascii() {
                faults.push((
                    format!("replies[{index}].ae_title"),
                    "is no AE title",
                    "write 1 to 16 printable ASCII characters",
                ));
            }
        }
        faults
    }

    /// Where this caller listens.
    #[must_use]
    pub(crate) fn reply_to(&self, ae_title: &str) -> Option<&Reply> {
        self.replies.iter().find(|r| r.ae_title == ae_title)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn providing_needs_an_archive_that_commits() {
        let on = Config { provide: true, ..Config::default() };
        assert_eq!(on.faults(0).len(), 1);
        assert!(on.faults(1).is_empty());
        assert!(!Config::default().provide, "off unless a site asks for it");
        let reply = |ae_title: &str, address: &str| Reply {
            ae_title: ae_title.into(),
            address: address.into(),
            tls: None,
        };
        let bad = Config { replies: vec![reply("", "10.0.0.7"), reply("CT1", ":104")], ..on.clone() };
        assert_eq!(bad.faults(1).len(), 3);
        let half: DestinationTls = toml::from_str("ca = \"ca.pem\"\nkey = \"key.pem\"").unwrap();
        let half = Reply { tls: Some(half), ..reply("CT1", "ct1.example:104") };
        let keys: Vec<_> = Config { replies: vec![half], ..on }.faults(1).into_iter().map(|f| f.0).collect();
        assert_eq!(keys, ["replies[0].tls.certificate"]);
    }
}
