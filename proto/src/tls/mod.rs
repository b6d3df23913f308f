//! Transport of both ends: TLS 1.3 only, X25519MLKEM768 as the only key exchange, certificates both ways.
//!
//! tonic's own TLS takes no verifier, revocation list or reload, so both ends bring their own streams.

mod client;
mod pinned;
mod server;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};

pub use client::{CloudUrl, connect};
pub use server::{Connection, Incoming, Peer, incoming, peer_site, server_builder};

const ALPN: &[u8] = b"h2";

/// Why a connection is not made or a configuration not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Certificates, key and authority do not fit each other: ours to mend.
    #[error("certificate, key or authority do not fit")]
    Configuration,
    /// Not an address of the form `https://host[:port]`: ours to mend.
    #[error("not an address of the form https://host[:port]")]
    Address,
    /// No connection to the address: worth a retry later.
    #[error("the far end cannot be reached")]
    Unreachable,
    /// Connected, but no handshake: other certificates, no post-quantum key exchange, or not our service.
    #[error("the far end was reached but the handshake failed")]
    Handshake,
    /// Connected, but the far end's certificate is not valid yet, or no more, at the time this machine shows: one of
    /// the two clocks is wrong, or nobody renewed it. The next connection looks anew.
    #[error("the far end's certificate is not valid at the time this machine shows: look at the clocks")]
    Clock,
    /// Too slow: worth a retry later.
    #[error("the far end did not answer in time")]
    TimedOut,
}

impl Error {
    /// Whether a later attempt may succeed without anybody changing anything.
    #[must_use]
    pub const fn retry(self) -> bool {
        matches!(self, Self::Unreachable | Self::Handshake | Self::Clock | Self::TimedOut)
    }
}

/// aws-lc-rs with one key exchange group: X25519MLKEM768.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(CryptoProvider {
        kx_groups: vec![aws_lc_rs::kx_group::X25519MLKEM768],
        ..aws_lc_rs::default_provider()
    })
}

fn algorithms() -> WebPkiSupportedAlgorithms {
    aws_lc_rs::default_provider().signature_verification_algorithms
}

fn roots(authority: CertificateDer<'static>) -> Result<Arc<RootCertStore>, Error> {
    let mut roots = RootCertStore::empty();
    roots.add(authority).map_err(|_| Error::Configuration)?;
    Ok(Arc::new(roots))
}

/// The service's side. A client certificate is asked for and, when given, must be of this authority and not revoked;
/// none is let through to the service, because `Enrol` has none; every other call asks [`peer_site`].
///
/// `chain` is leaf first and ends with the authority's own certificate (as `Authority::issue_server` writes it), so
/// that an enrolling site can find the certificate whose digest it was given.
///
/// # Errors
/// [`Error::Configuration`].
pub fn server_config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    authority: CertificateDer<'static>,
    revocations: Vec<CertificateRevocationListDer<'static>>,
) -> Result<ServerConfig, Error> {
    let verifier = WebPkiClientVerifier::builder_with_provider(roots(authority)?, provider())
        .with_crls(revocations)
        .allow_unauthenticated()
        .build()
        .map_err(|_| Error::Configuration)?;
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|_| Error::Configuration)?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .map_err(|_| Error::Configuration)?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    // A resumed session would not look at the revocation list again.
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    Ok(config)
}

/// An enrolled site's side: the authority it was given and its own certificate.
///
/// # Errors
/// [`Error::Configuration`].
pub fn client_config(
    authority: CertificateDer<'static>,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ClientConfig, Error> {
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|_| Error::Configuration)?
        .with_root_certificates(roots(authority)?)
        .with_client_auth_cert(chain, key)
        .map_err(|_| Error::Configuration)?;
    Ok(finish(config))
}

/// A site's side while it enrols: it trusts exactly the authority whose SHA-256 is in the token.
///
/// # Errors
/// [`Error::Configuration`].
pub fn enrol_config(authority_digest: [u8; 32]) -> Result<ClientConfig, Error> {
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|_| Error::Configuration)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(pinned::PinnedAuthority::new(authority_digest)))
        .with_no_client_auth();
    Ok(finish(config))
}

fn finish(mut config: ClientConfig) -> ClientConfig {
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.resumption = rustls::client::Resumption::disabled();
    config
}
