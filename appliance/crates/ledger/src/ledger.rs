//! The ledger itself: its connections and what encrypts its identifying columns.

use std::sync::Arc;

use sqlx::SqlitePool;

use crate::sealer::Sealer;

/// The ledger. Cheap to clone. What it can do stands beside the rows it does it to, one file a table or two.
#[derive(Clone)]
pub struct Ledger {
    pub(crate) pool: SqlitePool,
    /// One connection that is only held open.
    pub(crate) anchor: SqlitePool,
    pub(crate) sealer: Arc<Sealer>,
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ledger")
    }
}
