//! What all associations share.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::callers::Callers;
use crate::config::IntakeConfig;
use crate::identity::Users;
use crate::metrics::Metrics;
use crate::sink::Sink;
use crate::transcript::Transcripts;
use store::Inbox;

/// One for the whole of reception.
pub(crate) struct Shared {
    pub(crate) config: IntakeConfig,
    pub(crate) callers: Callers,
    pub(crate) users: Users,
    pub(crate) inbox: Inbox,
    pub(crate) sink: Arc<dyn Sink>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) transcripts: Arc<Transcripts>,
    pub(crate) stop: CancellationToken,
    pub(crate) slots: Arc<Semaphore>,
}
