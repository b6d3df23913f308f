//! The user's end: the files of one destination, and the handshake with it.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::files::{certificates, ends, no_tls, pair_fault, private_key, roots, text};
use super::profile::{VERSIONS, provider};
use super::validity::Validity;
use crate::error::{Error, FileFault, TlsFailure};

const CA_THEN: &str = "no certificate of it can be valid any more";
const OURS_THEN: &str = "the destination refuses it";

/// The files of TLS towards one peer. They are read anew for each association, so that new ones need no restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientFiles {
    /// Authorities, one of which the peer's certificate must be of, PEM.
    pub ca: PathBuf,
    /// Our certificate chain (leaf first) and its private key, PEM, for a peer that asks for one.
    pub ours: Option<(PathBuf, PathBuf)>,
    /// The name that must be in the peer's certificate; by default the host of its address.
    pub server_name: Option<String>,
}

/// Whether a text is a DNS name or an address, so that a certificate can be for it.
#[must_use]
pub fn is_server_name(text: &str) -> bool {
    ServerName::try_from(text).is_ok()
}

/// Reads and checks the files; when the first certificate ends. For `check`.
///
/// # Errors
/// Every fault of the files, with its key and what to do.
pub fn inspect_client(files: &ClientFiles) -> Result<Validity, Vec<FileFault>> {
    load(files).map(|(_, validity)| validity)
}

/// A configuration for one handshake; the files are read on a thread that may wait.
pub(crate) async fn session(files: &ClientFiles) -> Result<Arc<ClientConfig>, Error> {
    let files = files.clone();
    let loaded = tokio::task::spawn_blocking(move || load(&files)).await;
    match loaded {
        Ok(Ok((config, _))) => Ok(config),
        _ => Err(Error::Tls(TlsFailure::Files)),
    }
}

/// The handshake; nothing of ours is sent when the peer's certificate is not what it must be.
pub(crate) async fn handshake(
    session: Arc<ClientConfig>,
    name: &str,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, Error> {
    let name = ServerName::try_from(name.to_owned()).map_err(|_| Error::Tls(TlsFailure::OtherName))?;
    TlsConnector::from(session).connect(name, stream).await.map_err(|error| match Error::from(error) {
        // Closed or reset in the middle of it, as peers do that wait for plain DICOM.
        Error::Broken(_) => Error::Tls(TlsFailure::NotTls),
        other => other,
    })
}

fn load(files: &ClientFiles) -> Result<(Arc<ClientConfig>, Validity), Vec<FileFault>> {
    let ca = text("ca", &files.ca).and_then(|text| certificates("ca", &text));
    let ours = files.ours.as_ref().map(|(certificate, key)| {
        let chain = text("certificate", certificate).and_then(|text| certificates("certificate", &text));
        let key = text("key", key).and_then(|text| private_key("key", &text));
        (chain, key)
    });
    let (ca, ours) = match (ca, ours) {
        (Ok(ca), None) => (ca, None),
        (Ok(ca), Some((Ok(chain), Ok(key)))) => (ca, Some((chain, key))),
        (ca, ours) => {
            let (chain, key) = ours.map_or((None, None), |(chain, key)| (chain.err(), key.err()));
            return Err([ca.err(), chain, key].into_iter().flatten().collect());
        }
    };
    let one = |fault| vec![fault];
    // A bundle serves until the last of its authorities has ended, a chain until the first of it has.
    let bundle = ends("ca", CA_THEN, &ca).map_err(one)?.into_iter().max_by_key(Validity::ends);
    let chain = match &ours {
        Some((chain, _)) => ends("certificate", OURS_THEN, chain).map_err(one)?,
        None => Vec::new(),
    };
    let validity = bundle.into_iter().chain(chain).min_by_key(Validity::ends);
    let validity = validity.ok_or_else(|| one(FileFault::new("ca", "holds no certificate")))?;
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&VERSIONS)
        .map_err(|_| one(no_tls("ca")))?
        .with_root_certificates(roots("ca", ca).map_err(one)?);
    let mut config = match ours {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => {
            builder.with_client_auth_cert(chain, key).map_err(|error| one(pair_fault(&error)))?
        }
    };
    // As at our own listener: every association is checked against the authorities of now.
    config.resumption = Resumption::disabled();
    Ok((Arc::new(config), validity))
}
