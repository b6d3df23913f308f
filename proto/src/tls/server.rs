//! The service's connections: accepted, handshaken beside each other, bounded, with the peer's site attached.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_stream::Stream;
use tonic::transport::server::Connected;

use crate::ids::SiteId;
use crate::limits;
use crate::pki::{self, Serial};
use crate::serve::Patience;

/// Calls under way on one connection.
const CALLS_COUNT_MAX: usize = 16;

/// Who is at the other end; in the extensions of every tonic request.
#[derive(Clone)]
pub struct Peer {
    site: Option<SiteId>,
    serial: Option<Serial>,
    address: Option<SocketAddr>,
}

impl Peer {
    /// The site its certificate was issued to; `None` without a certificate.
    #[must_use]
    pub const fn site(&self) -> Option<SiteId> {
        self.site
    }

    /// Serial number of that certificate.
    #[must_use]
    pub const fn serial(&self) -> Option<&Serial> {
        self.serial.as_ref()
    }

    /// The network address, for limits; never for a log.
    #[must_use]
    pub const fn address(&self) -> Option<SocketAddr> {
        self.address
    }
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Peer({:?})", self.site)
    }
}

/// The site that makes this request; every call but `Enrol` begins with this.
/// A connection outlives a revocation: the service also looks the site up in its own list.
///
/// # Errors
/// `UNAUTHENTICATED` without a site's certificate.
pub fn peer_site<T>(request: &tonic::Request<T>) -> Result<SiteId, tonic::Status> {
    request
        .extensions()
        .get::<Peer>()
        .and_then(Peer::site)
        .ok_or_else(|| tonic::Status::unauthenticated("a site's certificate is required"))
}

/// One accepted connection after its handshake.
pub struct Connection {
    stream: TlsStream<TcpStream>,
    peer: Peer,
    _permit: OwnedSemaphorePermit,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Connection({:?})", self.peer)
    }
}

impl Connected for Connection {
    type ConnectInfo = Peer;
    fn connect_info(&self) -> Peer {
        self.peer.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// The stream of connections, for `serve_with_incoming_shutdown`. Dropping it stops accepting and closes the listener.
pub struct Incoming {
    ready: mpsc::Receiver<Connection>,
    accepting: JoinHandle<()>,
}

impl std::fmt::Debug for Incoming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Incoming")
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Stream for Incoming {
    type Item = Result<Connection, io::Error>;
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.ready.poll_recv(cx).map(|connection| connection.map(Ok))
    }
}

/// Accepts connections and shakes hands, each in its own task with a time limit: a peer that connects and stays silent
/// delays nobody. The configuration is read anew for every connection, so a store into `config` is a reload. At most
/// `most` connections are open at once; more wait in the listen queue.
#[must_use]
pub fn incoming(listener: TcpListener, config: Arc<ArcSwap<ServerConfig>>, most: usize) -> Incoming {
    let (sender, ready) = mpsc::channel(limits::HANDSHAKES_COUNT_MAX);
    let accepting = tokio::spawn(accept(listener, config, most, sender));
    Incoming { ready, accepting }
}

async fn accept(
    listener: TcpListener,
    config: Arc<ArcSwap<ServerConfig>>,
    most: usize,
    sender: mpsc::Sender<Connection>,
) {
    let handshakes = Arc::new(Semaphore::new(limits::HANDSHAKES_COUNT_MAX));
    let connections = Arc::new(Semaphore::new(most));
    let mut patience = Patience::new("the service");
    let mut tasks = tokio::task::JoinSet::new();
    loop {
        // Permits first: what cannot be served stays in the kernel's queue.
        let (Ok(handshake), Ok(connection)) =
            (handshakes.clone().acquire_owned().await, connections.clone().acquire_owned().await)
        else {
            return;
        };
        let (stream, address) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tokio::time::sleep(patience.failed(&error)).await;
                continue;
            }
        };
        patience.well();
        let acceptor = TlsAcceptor::from(config.load_full());
        let sender = sender.clone();
        tasks.spawn(async move {
            let limit = Duration::from_secs(limits::HANDSHAKE_SECONDS_MAX);
            let shaken = tokio::time::timeout(limit, shake(acceptor, stream, address, connection)).await;
            drop(handshake);
            if let Ok(Some(connection)) = shaken {
                // An error here means that the service has stopped listening.
                let _ = sender.send(connection).await;
            }
        });
        while tasks.try_join_next().is_some() {}
    }
}

async fn shake(
    acceptor: TlsAcceptor,
    stream: TcpStream,
    address: SocketAddr,
    permit: OwnedSemaphorePermit,
) -> Option<Connection> {
    stream.set_nodelay(true).ok()?;
    let stream = acceptor.accept(stream).await.ok()?;
    let certificate = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let named = certificate.and_then(|certificate| pki::site_of(certificate).ok());
    let (site, serial) = named.map_or((None, None), |(site, serial)| (Some(site), Some(serial)));
    Some(Connection { stream, peer: Peer { site, serial, address: Some(address) }, _permit: permit })
}

/// A tonic server with the bounds of the contract: calls a connection, keep-alive, connection age.
#[must_use]
pub fn server_builder() -> tonic::transport::Server {
    tonic::transport::Server::builder()
        .concurrency_limit_per_connection(CALLS_COUNT_MAX)
        .max_concurrent_streams(u32::try_from(CALLS_COUNT_MAX).unwrap_or(16))
        .http2_keepalive_interval(Some(Duration::from_secs(30)))
        .http2_keepalive_timeout(Some(Duration::from_secs(20)))
        .max_connection_age(Duration::from_secs(3600))
        .initial_stream_window_size(Some(2 * 1024 * 1024))
        .initial_connection_window_size(Some(4 * 1024 * 1024))
}
