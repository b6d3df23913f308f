//! Making, opening, checking and closing a ledger.

use std::path::Path;
use std::sync::Arc;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

use crate::connect::{anchor, pool};
use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::sealer::Sealer;
use crate::{columns, upgrade};

impl Ledger {
    /// Makes a new ledger, sealed under the store's key.
    ///
    /// # Errors
    /// [`Error::Exists`] when a file is there already.
    pub async fn create(path: &Path, store_key: &[u8; 32]) -> Result<Self> {
        if path.exists() {
            return Err(Error::Exists);
        }
        let sealer = Arc::new(Sealer::new(store_key));
        let alone = pool(path, true, 1).await?;
        upgrade::migrate(&alone).await?;
        columns::seal_plain(&alone, &sealer).await?;
        alone.close().await;
        Self::connect(path, sealer).await
    }

    async fn connect(path: &Path, sealer: Arc<Sealer>) -> Result<Self> {
        Ok(Self { pool: pool(path, false, 4).await?, anchor: anchor(path).await?, sealer })
    }

    /// Opens the ledger. One of an older version is brought up to this one first; before that a sealed copy of it
    /// is kept beside it (`ledger.db.before-1.sealed`).
    ///
    /// # Errors
    /// [`Error::Missing`] when there is none, [`Error::Hollow`] when the file holds none, [`Error::Newer`] when a
    /// newer version wrote it, [`Error::Damaged`] when it cannot be read, [`Error::Key`] when another key sealed it.
    /// Nothing is changed then.
    pub async fn open(path: &Path, store_key: &[u8; 32]) -> Result<Self> {
        if !path.is_file() {
            return Err(Error::Missing);
        }
        upgrade::is_database(path)?;
        let sealer = Arc::new(Sealer::new(store_key));
        let alone = pool(path, false, 1).await?;
        let ready = upgrade::bring_up(&alone, path, &sealer).await;
        alone.close().await;
        ready?;
        Self::connect(path, sealer).await
    }

    /// Whether the ledger at `path` is sealed; one of the first release is not. Changes nothing.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Damaged`].
    pub async fn is_sealed(path: &Path) -> Result<bool> {
        if !path.is_file() {
            return Err(Error::Missing);
        }
        upgrade::is_database(path)?;
        let alone = pool(path, false, 1).await?;
        let sealed = match upgrade::applied(&alone).await {
            Ok(_) => match alone.acquire().await {
                Ok(mut c) => columns::is_sealed(&mut c).await,
                Err(e) => Err(e.into()),
            },
            Err(e) => Err(e),
        };
        alone.close().await;
        sealed
    }

    /// Reads the whole structure of the file.
    ///
    /// # Errors
    /// [`Error::Damaged`] when it does not hold.
    pub async fn check(&self) -> Result<()> {
        upgrade::check(&self.pool).await
    }

    /// The schema version of this program.
    #[must_use]
    pub fn schema() -> i64 {
        upgrade::known()
    }

    /// Closes every connection; the write-ahead log is folded into the file.
    pub async fn close(&self) {
        self.pool.close().await;
        self.anchor.close().await;
    }

    /// Looks whether the file at `path` is a sound ledger that this version knows, and with the store's key whether
    /// it was sealed under that one; changes nothing and migrates nothing.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Hollow`], [`Error::Damaged`], [`Error::Newer`], [`Error::Key`].
    pub async fn examine(path: &Path, store_key: Option<&[u8; 32]>) -> Result<()> {
        if !path.is_file() {
            return Err(Error::Missing);
        }
        upgrade::is_database(path)?;
        let options = SqliteConnectOptions::new().filename(path).read_only(true);
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
        let looked = upgrade::examine(&pool, store_key.map(Sealer::new).as_ref()).await;
        pool.close().await;
        looked
    }
}
