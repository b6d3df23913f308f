//! Listening: a permit before each accept, one thread per connection, an orderly stop.
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use proto::serve::Patience;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::association::{Peer, serve};
use crate::callers::Callers;
use crate::config::IntakeConfig;
use crate::connection_limiter::{CONNECTIONS_SPARE, ConnectionLimiter};
use crate::error::Error;
use crate::identity::Users;
use crate::metrics::Metrics;
use crate::negotiate::Port;
use crate::network::canonical;
use crate::shared::Shared;
use crate::sink::Sink;
use crate::tls::{Failed, Hello, Tls, about};
use crate::transcript::Transcripts;
use store::Store;

/// The listening side of reception.
pub struct Intake {
    listener: TcpListener,
    tls: Option<(TcpListener, Arc<Tls>)>,
    shared: Arc<Shared>,
    first_number: u64,
}

impl Intake {
    /// Bind the configured addresses (port 0 takes a free one). Call on a tokio runtime, after `Inbox::recover`.
    ///
    /// `demo` admits `"*"` among the callers, on loopback.
    ///
    /// # Errors
    /// `Config` when `IntakeConfig::check` finds a fault, `Tls` and `Passcode` when files cannot be used, `Bind` when
    /// an address cannot be taken.
    pub async fn bind(
        config: IntakeConfig,
        demo: bool,
        store: &Store,
        sink: Arc<dyn Sink>,
        stop: CancellationToken,
    ) -> Result<Intake, Error> {
        if !config.check(demo).is_empty() {
            return Err(Error::Config);
        }
        let users = Users::load(&config.identity).ok_or(Error::Passcode)?;
        let bind = async |listen| {
            TcpListener::bind(listen).await.map_err(|error: std::io::Error| Error::Bind(error.kind()))
        };
        let tls = match &config.tls {
            Some(tls) => Some((Arc::new(Tls::open(tls.clone())?), bind(tls.listen).await?)),
            None => None,
        };
        let listener = bind(config.listen).await?;
        let seconds = u64::try_from(proto::clock::now() / 1_000).unwrap_or(0);
        Ok(Intake {
            listener,
            tls: tls.map(|(tls, listener)| (listener, tls)),
            // Seconds in the upper half: unique over restarts, and positive in a signed column.
            first_number: (seconds & 0x7fff_ffff) << 32,
            shared: Arc::new(Shared {
                callers: Callers::new(&config),
                users,
                inbox: store.inbox(),
                sink,
                metrics: Arc::new(Metrics::default()),
                transcripts: Arc::default(),
                stop,
                slots: Arc::new(Semaphore::new(config.max_associations)),
                config,
            }),
        })
    }

    /// Where we listen.
    ///
    /// # Errors
    /// `Bind` when the system does not say.
    pub fn local_addr(&self) -> Result<SocketAddr, Error> {
        self.listener.local_addr().map_err(|error| Error::Bind(error.kind()))
    }

    /// Where we listen for TLS, if we do.
    pub fn tls_addr(&self) -> Option<SocketAddr> {
        self.tls.as_ref().and_then(|(listener, _)| listener.local_addr().ok())
    }

    /// The counters; keep the handle before `run`.
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.shared.metrics)
    }

    /// What the last associations did; keep the handle before `run`.
    pub fn transcripts(&self) -> Arc<Transcripts> {
        Arc::clone(&self.shared.transcripts)
    }

    /// The next connection, on either listener; `true`: for TLS.
    async fn accept(&self) -> (std::io::Result<(TcpStream, SocketAddr)>, bool) {
        let secured = async {
            match &self.tls {
                Some((listener, _)) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            accepted = self.listener.accept() => (accepted, false),
            accepted = secured => (accepted, true),
        }
    }

    /// Serve until the stop is asked for; then let objects in progress finish within the drain time.
    pub async fn run(self) {
        let connections = Arc::new(Semaphore::new(self.shared.config.max_associations + CONNECTIONS_SPARE));
        let mut tasks = JoinSet::new();
        let tls = self.tls.as_ref().map(|(_, tls)| Arc::clone(tls));
        // Polled here, so that a panic in it ends reception, and who runs reception hears of it.
        let watch = async move {
            match tls {
                Some(tls) => tls.watch().await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(watch);
        let end = CancellationToken::new();
        let limiter = Arc::new(ConnectionLimiter::default());
        let mut number = self.first_number;
        let mut patience = Patience::new("reception");
        loop {
            let permit = tokio::select! {
                permit = Arc::clone(&connections).acquire_owned() => permit,
                () = self.shared.stop.cancelled() => break,
                () = &mut watch => break,
            };
            let Ok(permit) = permit else { break };
            let (accepted, secured) = tokio::select! {
                accepted = self.accept() => accepted,
                () = self.shared.stop.cancelled() => break,
                () = &mut watch => break,
            };
            match accepted {
                Ok((stream, address)) => {
                    patience.well();
                    number += 1;
                    Metrics::add(&self.shared.metrics.connections, 1);
                    prepare(&stream);
                    let shared = Arc::clone(&self.shared);
                    let tls = self.tls.as_ref().filter(|_| secured).map(|(_, tls)| Arc::clone(tls));
                    let address = canonical(address.ip());
                    let Some(place) = limiter.enter(address, &shared) else {
                        Metrics::add(&shared.metrics.crowded_out, 1);
                        continue;
                    };
                    let end = end.clone();
                    let conversation = Conversation { stream, address, number, tls, shared, end };
                    tasks.spawn(async move {
                        conversation.on_its_own_thread().await;
                        drop((place, permit));
                    });
                }
                // Out of descriptors, or a peer that left already: neither ends the listener.
                Err(error) => tokio::time::sleep(patience.failed(&error)).await,
            }
            while tasks.try_join_next().is_some() {}
        }
        drop((self.listener, self.tls));
        let drain = self.shared.config.drain_timeout.0;
        let open = tasks.len();
        if tokio::time::timeout(drain, async { while tasks.join_next().await.is_some() {} }).await.is_err() {
            warn!(left = tasks.len(), "associations did not finish within the drain time");
            end.cancel();
        }
        info!(open, "intake stopped");
    }
}

/// A connection on its way to the thread that serves it.
struct Conversation {
    stream: TcpStream,
    address: IpAddr,
    number: u64,
    tls: Option<Arc<Tls>>,
    shared: Arc<Shared>,
    /// Drop everything now.
    end: CancellationToken,
}

impl Conversation {
    /// Serve it on a thread of its own, with a small reactor of its own: an object is read, scanned, sealed, written
    /// and synced without being handed from thread to thread, and a slow disk holds up nobody else.
    async fn on_its_own_thread(self) {
        let (done, ended) = oneshot::channel();
        let number = self.number;
        let thread = std::thread::Builder::new().name("association".into()).spawn(move || {
            let outcome = self.serve();
            let _ = done.send(outcome);
        });
        let outcome = match thread {
            // An error here means that the thread ended without a word: it panicked, and its connection is closed.
            Ok(_) => ended.await.unwrap_or(Err(std::io::ErrorKind::Other)),
            Err(error) => Err(error.kind()),
        };
        if let Err(kind) = outcome {
            warn!(association = number, ?kind, "a connection could not be served");
        }
    }

    fn serve(self) -> Result<(), std::io::ErrorKind> {
        let stream = self.stream.into_std().map_err(|error| error.kind())?;
        let reactor = tokio::runtime::Builder::new_current_thread().enable_all().build();
        reactor.map_err(|error| error.kind())?.block_on(async {
            let stream = TcpStream::from_std(stream).map_err(|error| error.kind())?;
            tokio::select! {
                () = serve_connection(stream, self.address, self.number, self.tls, self.shared) => {}
                () = self.end.cancelled() => {}
            }
            Ok(())
        })
    }
}

/// One connection: its handshake where there is one, then its association, both within one time-out.
async fn serve_connection(
    stream: TcpStream,
    address: IpAddr,
    number: u64,
    tls: Option<Arc<Tls>>,
    shared: Arc<Shared>,
) {
    let deadline = Instant::now() + shared.config.artim_timeout.0;
    let mut peer = Peer { address, number, port: Port::Plain, tls: None, deadline };
    let Some(tls) = tls else { return serve(stream, peer, shared).await };
    let hello = tokio::select! {
        hello = tls.hello(stream, deadline) => hello,
        () = shared.stop.cancelled() => return,
    };
    match hello {
        Ok(Hello::Secured(stream)) => {
            peer.port = Port::Tls;
            peer.tls = Some(about(&stream));
            serve(*stream, peer, shared).await;
        }
        Ok(Hello::Plain(stream)) => {
            peer.port = Port::PlainAtTls;
            serve(stream, peer, shared).await;
        }
        Err(failed) => {
            Metrics::add(&shared.metrics.handshakes_failed, 1);
            info!(association = number, %address, ?failed, "TLS handshake failed");
            if let Failed::Refused(refusal) = failed {
                shared.metrics.refused.add(refusal);
                shared.sink.refused(refusal.explain("", address, &shared.config));
            }
        }
    }
}

fn prepare(stream: &TcpStream) {
    // Our answers are small and each is waited for. Only a hint: refused, we are slower, not wrong.
    let _ = stream.set_nodelay(true);
}
