//! The configurations of both ends, and of a site while it enrols.

use std::sync::Arc;

use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ServerConfig};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};

use super::Error;
use super::crypto::{provider, roots};
use super::pinned::PinnedAuthority;

const ALPN: &[u8] = b"h2";

/// The service's side. A client certificate is asked for and, when given, must be of this authority and not revoked;
/// none is let through to the service, because `Enrol` has none; every other call asks [`super::peer_site`].
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
        .with_custom_certificate_verifier(Arc::new(PinnedAuthority::new(authority_digest)))
        .with_no_client_auth();
    Ok(finish(config))
}

fn finish(mut config: ClientConfig) -> ClientConfig {
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.resumption = rustls::client::Resumption::disabled();
    config
}
