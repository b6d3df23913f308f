//! A consistent copy of the ledger.

use std::path::Path;
use std::sync::Arc;

use crate::connect;
use crate::counts::Counts;
use crate::error::{Error, Result};
use crate::ledger::Ledger;

impl Ledger {
    /// Writes a consistent copy of the ledger to `path`, which must not exist; says what it holds. A copy has no mark of
    /// a store: whoever starts with it looks for entries that it does not know.
    ///
    /// # Errors
    /// [`Error::Exists`], or the database's refusal.
    pub async fn backup(&self, path: &Path) -> Result<Counts> {
        if path.exists() {
            return Err(Error::Exists);
        }
        let name = path.to_str().ok_or(Error::Database("path"))?;
        sqlx::query("VACUUM INTO ?").bind(name).execute(&self.pool).await?;
        let pool = connect::copy(path).await?;
        let copy = Self { anchor: pool.clone(), pool, sealer: Arc::clone(&self.sealer) };
        let finished = async {
            copy.set_pair(None).await?;
            // A copy that was never read back is a hope: its structure is checked before anyone relies on it.
            copy.check().await?;
            copy.counts().await
        };
        let counts = finished.await;
        copy.close().await;
        std::fs::File::open(path)?.sync_all()?;
        counts
    }
}
