//! The site's side of the connection: dials, shakes hands, hands tonic the stream.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use hyper_util::rt::TokioIo;
use rustls::{CertificateError, ClientConfig};
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint, Uri};

use super::Error;
use crate::limits;

const DIAL_LIMIT: Duration = Duration::from_secs(10);
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(20);
const KEEP_ALIVE_LIMIT: Duration = Duration::from_secs(20);

/// The cloud's address: `https://host[:port]`, nothing more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudUrl {
    host: String,
    port: u16,
    name: ServerName<'static>,
}

impl std::str::FromStr for CloudUrl {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        let uri: Uri = text.parse().map_err(|_| Error::Address)?;
        let plain = matches!(uri.path(), "" | "/") && uri.query().is_none();
        let authority = uri.authority().ok_or(Error::Address)?;
        if uri.scheme_str() != Some("https") || !plain || authority.as_str().contains('@') {
            return Err(Error::Address);
        }
        let host = uri.host().ok_or(Error::Address)?.to_owned();
        // An IPv6 address stands in brackets in a URL and without them everywhere else.
        let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(bare.clone()).map_err(|_| Error::Address)?;
        Ok(Self { host: bare, port: uri.port_u16().unwrap_or(443), name })
    }
}

impl std::fmt::Display for CloudUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "https://[{}]:{}", self.host, self.port)
        } else {
            write!(f, "https://{}:{}", self.host, self.port)
        }
    }
}

impl<'de> serde::Deserialize<'de> for CloudUrl {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl serde::Serialize for CloudUrl {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

async fn dial(url: CloudUrl, config: Arc<ClientConfig>) -> Result<TlsStream<TcpStream>, Error> {
    let connecting = TcpStream::connect((url.host.as_str(), url.port));
    let stream = tokio::time::timeout(DIAL_LIMIT, connecting)
        .await
        .map_err(|_| Error::TimedOut)?
        .map_err(|_| Error::Unreachable)?;
    stream.set_nodelay(true).map_err(|_| Error::Unreachable)?;
    let shaking = TlsConnector::from(config).connect(url.name, stream);
    tokio::time::timeout(Duration::from_secs(limits::HANDSHAKE_SECONDS_MAX), shaking)
        .await
        .map_err(|_| Error::TimedOut)?
        .map_err(|error| match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            // A refusal is rustls's; anything else is the link that broke.
            Some(rustls::Error::InvalidCertificate(
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. },
            )) => Error::Clock,
            Some(_) => Error::Handshake,
            None => Error::Unreachable,
        })
}

/// Opens a channel to the cloud: one connection, calls multiplexed, dead links noticed by keep-alive.
/// The configuration is read anew for every connection the channel makes.
///
/// # Errors
/// [`Error::Unreachable`], [`Error::Handshake`], [`Error::Clock`], [`Error::TimedOut`].
pub async fn connect(url: &CloudUrl, config: Arc<ArcSwap<ClientConfig>>) -> Result<Channel, Error> {
    // The scheme says http because the encryption is ours, not tonic's.
    let plain = url.to_string().replacen("https://", "http://", 1);
    let endpoint = Endpoint::from_shared(plain)
        .map_err(|_| Error::Address)?
        .http2_keep_alive_interval(KEEP_ALIVE_EVERY)
        .keep_alive_timeout(KEEP_ALIVE_LIMIT)
        .keep_alive_while_idle(true)
        .initial_stream_window_size(2 * 1024 * 1024)
        .initial_connection_window_size(4 * 1024 * 1024);
    let dialled = url.clone();
    let connector = tower::service_fn(move |_: Uri| {
        let (url, config) = (dialled.clone(), config.load_full());
        async move { dial(url, config).await.map(TokioIo::new) }
    });
    endpoint.connect_with_connector(connector).await.map_err(|error| cause(&error))
}

/// Our own error inside the transport's.
fn cause(error: &(dyn std::error::Error + 'static)) -> Error {
    let mut current = Some(error);
    while let Some(error) = current {
        if let Some(ours) = error.downcast_ref::<Error>() {
            return *ours;
        }
        current = error.source();
    }
    Error::Unreachable
}
