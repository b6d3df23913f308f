//! Listening: certificate, revocations and reload, and the server itself.

use std::future::Future;
use std::sync::Arc;

use arc_swap::ArcSwap;
use proto::limits::MESSAGE_BYTES_MAX;
use proto::pki::{self, Authority};
use proto::tls;
use proto::wire::intake_server::IntakeServer;
use rustls::ServerConfig;
use rustls_pki_types::CertificateRevocationListDer;
use time::OffsetDateTime;
use tokio::net::TcpListener;

use super::Service;
use crate::queue::{self, Queue, SiteState};

/// Why the listener cannot be opened, or its certificates reloaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The authority or the names of the service do not make a certificate.
    #[error("the service's certificate cannot be made: {0}; check [service] names and pki")]
    Certificate(#[from] pki::Error),
    /// The pieces do not fit.
    #[error("the service's TLS cannot be configured: {0}")]
    Tls(#[from] tls::Error),
    /// The queue did not say who is revoked.
    #[error(transparent)]
    Queue(#[from] queue::Error),
    /// The server ended with an error.
    #[error("the service stopped serving")]
    Serving,
}

/// The TLS side of the service: a certificate made at start from the authority, and the list of revoked sites.
/// Its key lives in memory only.
pub struct ServerTls {
    authority: Arc<Authority>,
    names: Vec<String>,
    config: Arc<ArcSwap<ServerConfig>>,
}

impl std::fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServerTls")
    }
}

impl ServerTls {
    /// Makes the service's certificate and reads the revocations.
    ///
    /// # Errors
    /// `Certificate`, `Tls`, `Queue`.
    pub async fn open(authority: Arc<Authority>, names: Vec<String>, queue: &Queue) -> Result<Self, Error> {
        let config = configure(&authority, &names, queue).await?;
        Ok(Self { authority, names, config: Arc::new(ArcSwap::from_pointee(config)) })
    }

    /// Makes a fresh certificate and revocation list for connections from now on.
    ///
    /// # Errors
    /// As `open`; the old configuration stays.
    pub async fn reload(&self, queue: &Queue) -> Result<(), Error> {
        self.config.store(Arc::new(configure(&self.authority, &self.names, queue).await?));
        Ok(())
    }
}

async fn configure(authority: &Authority, names: &[String], queue: &Queue) -> Result<ServerConfig, Error> {
    let now = OffsetDateTime::now_utc();
    let identity = authority.issue_server(names, now)?;
    let revoked: Vec<pki::Serial> = queue
        .sites()
        .await?
        .iter()
        .filter(|s| s.state == SiteState::Revoked)
        .filter_map(|s| pki::site_of(s.certificate.as_deref()?).ok())
        .map(|(_, serial)| serial)
        .collect();
    let number = u64::try_from(now.unix_timestamp()).unwrap_or(0);
    let list = authority.revocations(&revoked, number, now)?;
    let config = tls::server_config(
        pki::certificates(&identity.certificates)?,
        pki::private_key(&identity.key)?,
        authority.certificate().clone(),
        vec![CertificateRevocationListDer::from(list)],
    )?;
    Ok(config)
}

/// Serves sites on this listener until `stop` resolves, `most` connections at a time; calls under way are finished.
///
/// # Errors
/// `Serving`.
pub async fn serve(
    service: Service,
    side: &ServerTls,
    listener: TcpListener,
    most: usize,
    stop: impl Future<Output = ()>,
) -> Result<(), Error> {
    let intake = IntakeServer::new(service)
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX);
    tls::server_builder()
        .serve_with_incoming_shutdown(intake, tls::incoming(listener, Arc::clone(&side.config), most), stop)
        .await
        .map_err(|_| Error::Serving)
}
