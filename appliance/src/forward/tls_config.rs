//! `[forward.tls]` and `[commitment.replies.tls]`: how one destination is secured (PS3.15 B.12), by the keys that
//! `[intake.tls]` and `[audit]` use.

use std::path::PathBuf;

use dimse::tls::{ClientFiles, Lasting, inspect_client, is_server_name};
use serde::{Deserialize, Serialize};

/// The table, in words about its files.
pub(crate) const TLS_TABLE: &str = "forward.tls";

/// The table behind a `[[forward]]` or a `[[commitment.replies]]`: nothing is sent there but over TLS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DestinationTls {
    /// Authorities, one of which the destination's certificate must be of, PEM.
    pub ca: PathBuf,
    /// Our certificate chain, PEM, leaf first, for a destination that asks for one.
    #[serde(default)]
    pub certificate: Option<PathBuf>,
    /// Its private key, PEM.
    #[serde(default)]
    pub key: Option<PathBuf>,
    /// The name in the destination's certificate (default: the host of `address`).
    #[serde(default)]
    pub server_name: Option<String>,
}

impl DestinationTls {
    /// The files, as an association reads them.
    #[must_use]
    pub(crate) fn files(&self) -> ClientFiles {
        ClientFiles {
            ca: self.ca.clone(),
            ours: self.certificate.clone().zip(self.key.clone()),
            server_name: self.server_name.clone(),
        }
    }

    /// The files it names, so that relative ones can be made absolute.
    pub(crate) fn paths_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        std::iter::once(&mut self.ca).chain(self.certificate.as_mut()).chain(self.key.as_mut())
    }

    /// What to say now (ms since 1970 UTC) about files that cannot be used, or certificates that end; reads them.
    pub(super) fn warning(&self, now: i64) -> Option<String> {
        match inspect_client(&self.files()).map(|validity| validity.at(now, TLS_TABLE)) {
            Ok(Lasting::Long) => None,
            Ok(Lasting::Soon(words) | Lasting::Over(words)) => Some(words),
            Err(faults) => {
                let told = faults.iter().map(|f| format!("{TLS_TABLE}.{} {}", f.key, f.words));
                Some(told.collect::<Vec<_>>().join("; "))
            }
        }
    }

    /// Faults of the values: key, what is wrong, what to write. Reads no file. `host` is the host of the address.
    pub(crate) fn faults(&self, host: &str) -> Vec<(&'static str, &'static str, &'static str)> {
        let mut faults = Vec::new();
        match (&self.certificate, &self.key) {
            (Some(_), None) => faults.push(("key", "is missing", "write the private key of the certificate")),
            (None, Some(_)) => faults.push(("certificate", "is missing", "write the certificate of the key")),
            _ => {}
        }
        match &self.server_name {
            Some(name) if !is_server_name(name) => {
                faults.push(("server_name", "is no name of a machine", "write e.g. \"pacs.example\""));
            }
            None if !is_server_name(host) => {
                let write = "write the name in its certificate, e.g. \"pacs.example\"";
                faults.push((
                    "server_name",
                    "is missing, and no certificate can be for the host of the address",
                    write,
                ));
            }
            _ => {}
        }
        faults
    }
}
