//! The provider's end: the listener's files, checked against each other, made into a configuration of rustls.

use std::path::Path;
use std::sync::Arc;

use proto::pki;
use rustls::ServerConfig;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::files::{certificates, ends, no_tls, pair_fault, private_key, roots, text};
use super::profile::{VERSIONS, provider};
use super::validity::Validity;
use crate::error::FileFault;

const THEN: &str = "senders refuse it";

/// Whether a peer that comes to us shows a certificate of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientCertificate {
    /// Not asked for.
    #[default]
    None,
    /// Asked for; one that is shown must be of an authority in `client_ca`.
    Optional,
    /// No association without one.
    Required,
}

/// Where the files are.
#[derive(Clone, Copy, Debug)]
pub struct ServerFiles<'a> {
    /// Our certificate chain, PEM, leaf first.
    pub certificate: &'a Path,
    /// Its private key, PEM.
    pub key: &'a Path,
    /// Authorities whose certificates we take, PEM.
    pub client_ca: Option<&'a Path>,
}

/// The three files' bytes, not looked into yet.
pub struct ServerTexts {
    certificate: Result<Zeroizing<String>, FileFault>,
    key: Result<Zeroizing<String>, FileFault>,
    client_ca: Option<Result<Zeroizing<String>, FileFault>>,
    digest: blake3::Hash,
}

/// A configuration ready for handshakes.
pub struct ServerKeys {
    /// For `TlsAcceptor`.
    pub server: Arc<ServerConfig>,
    /// When the first certificate ends.
    pub validity: Validity,
    /// Of the files it was made of.
    pub digest: blake3::Hash,
}

impl ServerTexts {
    /// Reads the files; what is wrong is told by [`Self::load`].
    #[must_use]
    pub fn read(files: ServerFiles<'_>) -> Self {
        let certificate = text("certificate", files.certificate);
        let key = text("key", files.key);
        let client_ca = files.client_ca.map(|path| text("client_ca", path));
        let mut digest = blake3::Hasher::new();
        for part in [Some(&certificate), Some(&key), client_ca.as_ref()] {
            let bytes = part.map_or(&b""[..], |part| part.as_ref().map_or(&b"?"[..], |text| text.as_bytes()));
            digest.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
        }
        Self { certificate, key, client_ca, digest: digest.finalize() }
    }

    /// Of all three, to see a change.
    #[must_use]
    pub fn digest(&self) -> blake3::Hash {
        self.digest
    }

    /// Makes a configuration of what was read.
    ///
    /// # Errors
    /// Every fault of the files, with its key and what to do.
    pub fn load(self, asked: ClientCertificate) -> Result<ServerKeys, Vec<FileFault>> {
        let Self { certificate, key, client_ca, digest } = self;
        let chain = certificate.and_then(|text| certificates("certificate", &text));
        let key = key.and_then(|text| private_key("key", &text));
        let authorities =
            client_ca.map(|text| text.and_then(|text| certificates("client_ca", &text))).transpose();
        let (chain, key, authorities) = match (chain, key, authorities) {
            (Ok(chain), Ok(key), Ok(authorities)) => (chain, key, authorities),
            (chain, key, authorities) => {
                return Err([chain.err(), key.err(), authorities.err()].into_iter().flatten().collect());
            }
        };
        let mut all = ends("certificate", THEN, &chain).map_err(|fault| vec![fault])?;
        let known = authorities.as_deref().unwrap_or_default();
        all.extend(ends("client_ca", THEN, known).map_err(|fault| vec![fault])?);
        let first = all.into_iter().min_by_key(Validity::ends);
        let validity = first.ok_or_else(|| vec![FileFault::new("certificate", "holds no certificate")])?;
        let server = server(asked, chain, key, authorities).map_err(|fault| vec![fault])?;
        Ok(ServerKeys { server: Arc::new(server), validity, digest })
    }
}

fn server(
    asked: ClientCertificate,
    chain: Vec<pki::Certificate>,
    key: pki::PrivateKey,
    authorities: Option<Vec<pki::Certificate>>,
) -> Result<ServerConfig, FileFault> {
    let builder = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&VERSIONS)
        .map_err(|_| no_tls("certificate"))?;
    let builder = match (asked, authorities) {
        (ClientCertificate::None, _) | (_, None) => builder.with_no_client_auth(),
        (asked, Some(authorities)) => {
            let roots = Arc::new(roots("client_ca", authorities)?);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider());
            let verifier = if asked == ClientCertificate::Optional {
                verifier.allow_unauthenticated()
            } else {
                verifier
            };
            let not_usable = |_| FileFault::new("client_ca", "holds an authority that cannot be used");
            builder.with_client_cert_verifier(verifier.build().map_err(not_usable)?)
        }
    };
    let mut config = builder.with_single_cert(chain, key).map_err(|error| pair_fault(&error))?;
    // A resumed session would not be checked against an authority that was taken out meanwhile.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    Ok(config)
}
