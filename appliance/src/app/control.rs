//! The control socket: the command line asks the running appliance instead of writing the ledger beside it.
//!
//! A Unix socket that only its owner can open, one JSON request and one JSON response a connection.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use proto::serve::Patience;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;

use super::Settings;
use crate::forward::ForwardOrder;
use crate::oversight::OversightOrder;
use crate::vault::VaultOrder;
use domain::decision::Decision;

/// Longest request or response in bytes.
const MESSAGE_BYTES_MAX: u64 = 8 << 20;
/// Longest time for one exchange.
const EXCHANGE: Duration = Duration::from_secs(30);

/// What the command line may ask.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// A decision in somebody's name.
    Decide {
        /// Who.
        who: String,
        /// What.
        decision: Decision,
    },
    /// Process a study now instead of waiting for quiet time.
    ProcessNow {
        /// Study id.
        study: String,
    },
    /// Add a user or reset one.
    PutUser {
        /// Login name.
        name: String,
        /// SHA-256 of the one-time code, hex.
        code_hash: String,
        /// The user must exist.
        reset: bool,
    },
    /// Everything `status` shows.
    Status,
    /// What a person decides about originals that go on.
    Forward(ForwardOrder),
    /// Somebody uses the vault.
    Vault(VaultOrder),
    /// Somebody orders about a bundle's standing.
    Oversight(OversightOrder),
    /// The transcripts of the last associations.
    Associations,
    /// The audit is about to be exported: that is audited too.
    AuditExported,
    /// A backup of ledger and audit.
    Backup {
        /// The folder; new or empty.
        to: PathBuf,
    },
}

/// What comes back.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Response {
    /// Done; what was asked for.
    Done(serde_json::Value),
    /// Not done, in words.
    Refused(String),
}

/// Where the socket of a site is: beside its ledger.
#[must_use]
pub(crate) fn socket_path(s: &Settings) -> PathBuf {
    s.site.ledger.with_extension("sock")
}

/// Asks the running appliance; `None` when none runs.
///
/// # Errors
/// When one runs and the exchange breaks off.
pub async fn ask(path: &Path, request: &Request) -> std::io::Result<Option<Response>> {
    let Ok(mut stream) = UnixStream::connect(path).await else { return Ok(None) };
    let exchange = async {
        stream.write_all(&serde_json::to_vec(request)?).await?;
        stream.shutdown().await?;
        let mut answer = Vec::new();
        stream.take(MESSAGE_BYTES_MAX).read_to_end(&mut answer).await?;
        Ok(serde_json::from_slice(&answer)?)
    };
    tokio::time::timeout(EXCHANGE, exchange).await.map_err(|_| std::io::ErrorKind::TimedOut)?.map(Some)
}

/// What answers requests: the running appliance.
pub(super) trait ControlHandler: Send + Sync + 'static {
    /// Answers one request.
    fn answer(&self, request: Request) -> impl Future<Output = Response> + Send;
}

/// Makes the socket: before anybody is told that the appliance runs, since who asks then must be heard.
///
/// # Errors
/// When it cannot be made.
pub(super) fn bind(path: &Path) -> std::io::Result<UnixListener> {
    // The store's lock is held: a socket that is there belongs to a process that was killed.
    let _ = std::fs::remove_file(path);
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Serves the socket until `stop`.
pub(super) async fn serve<C: ControlHandler>(
    listener: UnixListener,
    path: &Path,
    handler: Arc<C>,
    stop: CancellationToken,
) {
    let mut patience = Patience::new("the control socket");
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tokio::time::sleep(patience.failed(&error)).await;
                continue;
            }
        };
        patience.well();
        let handler = Arc::clone(&handler);
        tokio::spawn(async move {
            if tokio::time::timeout(EXCHANGE, exchange(stream, handler)).await.is_err() {
                tracing::debug!("a request on the control socket took too long");
            }
        });
    }
    let _ = std::fs::remove_file(path);
}

async fn exchange<C: ControlHandler>(stream: UnixStream, handler: Arc<C>) {
    let (read, mut write) = stream.into_split();
    let mut asked = Vec::new();
    let response = match read.take(MESSAGE_BYTES_MAX).read_to_end(&mut asked).await {
        Ok(_) => match serde_json::from_slice(&asked) {
            Ok(request) => handler.answer(request).await,
            Err(_) => Response::Refused(
                "the request cannot be understood: use the same version on both ends".into(),
            ),
        },
        Err(_) => return,
    };
    if let Ok(bytes) = serde_json::to_vec(&response) {
        let _ = write.write_all(&bytes).await;
    }
}
