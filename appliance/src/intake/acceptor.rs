//! Listening: a permit before each accept, one thread per connection, an orderly stop.
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::association::serve;
use super::callers::{Callers, canonical};
use super::config::IntakeConfig;
use super::error::Error;
use super::{Metrics, Sink};
use crate::store::{Inbox, Store};

/// Connections beyond the associations: enough to refuse politely, few enough to bound memory.
const SPARE_CONNECTIONS: usize = 16;
/// Pause after the system could not give us another connection.
const BREATH: Duration = Duration::from_millis(100);

/// What all associations share.
pub(crate) struct Shared {
    pub(crate) config: IntakeConfig,
    pub(crate) callers: Callers,
    pub(crate) inbox: Inbox,
    pub(crate) sink: Arc<dyn Sink>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) stop: CancellationToken,
    pub(crate) slots: Arc<Semaphore>,
}

/// The listening side of reception.
pub struct Intake {
    listener: TcpListener,
    shared: Arc<Shared>,
    first_number: u64,
}

impl Intake {
    /// Bind the configured address (port 0 takes a free one). Call on a tokio runtime, after `Inbox::recover`.
    ///
    /// `demo` admits `"*"` among the callers.
    ///
    /// # Errors
    /// `Config` when `IntakeConfig::check` finds a fault, `Bind` when the address cannot be taken.
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
        let listener = TcpListener::bind(config.listen).await.map_err(|error| Error::Bind(error.kind()))?;
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Ok(Intake {
            listener,
            // Seconds in the upper half: unique over restarts, and positive in a signed column.
            first_number: (since.as_secs() & 0x7fff_ffff) << 32,
            shared: Arc::new(Shared {
                callers: Callers::new(&config),
                inbox: store.inbox(),
                sink,
                metrics: Arc::new(Metrics::default()),
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

    /// The counters; keep the handle before `run`.
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.shared.metrics)
    }

    /// Serve until the stop is asked for; then let objects in progress finish within the drain time.
    pub async fn run(self) {
        let connections = Arc::new(Semaphore::new(self.shared.config.max_associations + SPARE_CONNECTIONS));
        let mut tasks = JoinSet::new();
        let end = CancellationToken::new();
        let mut number = self.first_number;
        loop {
            let permit = tokio::select! {
                permit = Arc::clone(&connections).acquire_owned() => permit,
                () = self.shared.stop.cancelled() => break,
            };
            let Ok(permit) = permit else { break };
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = self.shared.stop.cancelled() => break,
            };
            match accepted {
                Ok((stream, address)) => {
                    number += 1;
                    Metrics::add(&self.shared.metrics.connections, 1);
                    prepare(&stream);
                    let shared = Arc::clone(&self.shared);
                    let conversation = Conversation { stream, address, number, shared, end: end.clone() };
                    tasks.spawn(async move {
                        conversation.on_its_own_thread().await;
                        drop(permit);
                    });
                }
                Err(error) => {
                    // Out of descriptors, or a peer that left already: neither ends the listener.
                    warn!(kind = ?error.kind(), "a connection could not be accepted");
                    tokio::time::sleep(BREATH).await;
                }
            }
            while tasks.try_join_next().is_some() {}
        }
        drop(self.listener);
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
    address: SocketAddr,
    number: u64,
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
                () = serve(stream, canonical(self.address.ip()), self.number, self.shared) => {}
                () = self.end.cancelled() => {}
            }
            Ok(())
        })
    }
}

fn prepare(stream: &TcpStream) {
    // Our answers are small and each is waited for. Only a hint: refused, we are slower, not wrong.
    let _ = stream.set_nodelay(true);
}
