//! Listening: a permit before each accept, one task per connection, an orderly stop.
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
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
                    let (shared, number) = (Arc::clone(&self.shared), number);
                    tasks.spawn(async move {
                        serve(stream, canonical(address.ip()), number, shared).await;
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
        }
        info!(open, "intake stopped");
    }
}

fn prepare(stream: &TcpStream) {
    // Our answers are small and each is waited for. Only a hint: refused, we are slower, not wrong.
    let _ = stream.set_nodelay(true);
}
