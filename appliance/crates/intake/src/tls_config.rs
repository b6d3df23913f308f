//! The `[intake.tls]` table: the second listener, its certificate, and which senders must show theirs.
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::ConfigFault;
use dimse::tls::{ClientCertificate, ServerFiles};
use store::units::Span;

/// `[intake.tls]`: DICOM over TLS, PS3.15 B.12.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// Address and port to listen on (default `0.0.0.0:2762`, the registered port of dicom-tls).
    #[serde(default = "listen")]
    pub listen: SocketAddr,
    /// Our certificate chain, PEM, leaf first.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
    /// Authorities whose certificates we take from senders, PEM.
    #[serde(default)]
    pub client_ca: Option<PathBuf>,
    /// Whether a sender shows a certificate (default `none`).
    #[serde(default)]
    pub client_certificate: ClientCertificate,
    /// How often the three files are looked at (default 30 s); new ones are used without a restart.
    #[serde(default = "reload")]
    pub reload: Span,
}

fn listen() -> SocketAddr {
    SocketAddr::from(([0, 0, 0, 0], 2762))
}
fn reload() -> Span {
    Span(Duration::from_secs(30))
}

impl TlsConfig {
    /// With every default.
    pub fn new(certificate: PathBuf, key: PathBuf) -> TlsConfig {
        TlsConfig {
            listen: listen(),
            certificate,
            key,
            client_ca: None,
            client_certificate: ClientCertificate::None,
            reload: reload(),
        }
    }

    /// The files it names, so that relative ones can be made absolute.
    pub fn paths_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        [&mut self.certificate, &mut self.key].into_iter().chain(self.client_ca.as_mut())
    }

    /// Its files, as the listener reads them.
    pub(crate) fn files(&self) -> ServerFiles<'_> {
        ServerFiles { certificate: &self.certificate, key: &self.key, client_ca: self.client_ca.as_deref() }
    }

    /// Faults of the values; reads no file.
    pub(crate) fn check(&self, plain: SocketAddr, faults: &mut Vec<ConfigFault>) {
        let mut fault = |key: &str, words: &str| {
            faults.push(ConfigFault { key: format!("intake.tls.{key}"), words: words.to_owned() });
        };
        if self.listen.port() != 0 && self.listen.port() == plain.port() {
            fault("listen", "TLS needs a port of its own; write for example \"0.0.0.0:2762\"");
        }
        match (self.client_certificate, &self.client_ca) {
            (ClientCertificate::None, Some(_)) => fault(
                "client_certificate",
                "client_ca is named but no certificate is asked for; write \"required\" or \"optional\"",
            ),
            (ClientCertificate::Optional | ClientCertificate::Required, None) => {
                fault("client_ca", "write the PEM file of the authorities whose certificates senders show")
            }
            _ => {}
        }
        if self.reload.0 < Duration::from_millis(100) || self.reload.0 > Duration::from_secs(86_400) {
            fault("reload", "write a time from \"100ms\" to \"1d\"");
        }
    }
}
