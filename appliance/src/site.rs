//! What the features share: the ledger, the store, the audit and the queue to destinations.

use std::sync::Arc;

use audit::Audit;
use ledger::Ledger;
use store::Store;

use crate::forward::Forwards;

/// The site as its features see it. Cloning is cheap: all clones are one site.
#[derive(Clone)]
pub(crate) struct Site {
    /// The ledger.
    pub ledger: Ledger,
    /// The store.
    pub store: Store,
    /// The audit.
    pub audit: Arc<Audit>,
    /// Where originals go on to.
    pub forwards: Forwards,
}

impl std::fmt::Debug for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Site")
    }
}

/// Why a feature could not do its work. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The ledger.
    #[error("{0}")]
    Ledger(#[from] ledger::Error),
    /// The store.
    #[error("{0}")]
    Store(#[from] store::Error),
    /// The audit.
    #[error("{0}")]
    Audit(#[from] audit::Error),
    /// Calls to contacts cannot be set up.
    #[error("[alarm]: {0}")]
    Alarm(#[from] crate::alarm::Error),
    /// A file of the site.
    #[error("{what} cannot be read or written ({kind}): {todo}")]
    File {
        /// Which.
        what: &'static str,
        /// How.
        kind: std::io::ErrorKind,
        /// What to do.
        todo: &'static str,
    },
}
