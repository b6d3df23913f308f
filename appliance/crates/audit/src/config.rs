//! The `[audit]` table of the configuration.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// `[audit] syslog, ca, certificate, key`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditConfig {
    /// The collector, `host:port` (RFC 5425; port 6514). None: the audit stays here.
    pub syslog: Option<String>,
    /// PEM file of the authority that signed the collector's certificate.
    pub ca: Option<PathBuf>,
    /// PEM file of our certificate, for collectors that ask for one.
    pub certificate: Option<PathBuf>,
    /// PEM file of its private key.
    pub key: Option<PathBuf>,
}

impl AuditConfig {
    /// Every fault as (key, what is wrong, what to write); touches no disk.
    #[must_use]
    pub fn faults(&self) -> Vec<(&'static str, &'static str, &'static str)> {
        let mut faults = Vec::new();
        if let Some(at) = &self.syslog {
            if address(at).is_none() {
                faults.push(("syslog", "is not host:port", "write for example \"collector.example:6514\""));
            }
            if self.ca.is_none() {
                faults.push((
                    "ca",
                    "is missing: audit messages are only given to a collector that proves who it is",
                    "write the PEM file of the authority of the collector's certificate",
                ));
            }
        } else if self.ca.is_some() || self.certificate.is_some() {
            faults.push(("syslog", "is missing", "write the collector's host:port, or leave [audit] empty"));
        }
        if self.certificate.is_some() != self.key.is_some() {
            faults.push(("key", "certificate and key come together", "write both or none"));
        }
        faults
    }
}

/// Host (without brackets) and port.
pub(super) fn address(text: &str) -> Option<(String, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    let fits =
        !bare.is_empty() && (bare == host) != host.contains('[') && (bare != host || !bare.contains(':'));
    let port = port.parse().ok().filter(|p| *p != 0)?;
    fits.then(|| (bare.to_owned(), port))
}
