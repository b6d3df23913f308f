//! The ledger: one SQLite file that says who sent what, what triage answered, what left and what came home.
//!
//! Written by the control process alone, in WAL with `synchronous = FULL`. Instance rows can be rebuilt from
//! the store's entry files; everything else here is the only copy, so a lost ledger is reported and never
//! silently recreated. Functions take the time (ms since 1970 UTC) from their caller.

mod accounts;
mod cases;
mod error;
mod instances;
mod list;
mod reports;
mod revisions;
mod seal;
mod state;
mod upload;

use std::path::Path;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

pub use accounts::{Session, UserRow};
pub use cases::{CaseRow, NewCase, Sealed};
pub use error::Error;
pub use instances::{Arrival, Arrived, InstanceRow};
pub use list::{Counts, EventRow, ListQuery, RefusedRow, StudyDetail, StudyRow};
pub use revisions::{DispositionRow, NewDisposition, Pending};
pub use seal::{Column, Seal};
pub use state::CaseState;
pub use upload::Waiting;

/// Result of this room.
pub type Result<T> = std::result::Result<T, Error>;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("src/ledger/migrations");

/// The ledger. Cheap to clone.
#[derive(Clone)]
pub struct Ledger {
    pool: SqlitePool,
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ledger")
    }
}

impl Ledger {
    /// Makes a new ledger.
    ///
    /// # Errors
    /// [`Error::Exists`] when a file is there already.
    pub async fn create(path: &Path) -> Result<Self> {
        if path.exists() {
            return Err(Error::Exists);
        }
        Self::connect(path, true).await
    }

    /// Opens the ledger and brings its schema up to date.
    ///
    /// # Errors
    /// [`Error::Missing`] when there is none, [`Error::Schema`] when a newer version wrote it.
    pub async fn open(path: &Path) -> Result<Self> {
        if !path.is_file() {
            return Err(Error::Missing);
        }
        Self::connect(path, false).await
    }

    async fn connect(path: &Path, create: bool) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(create)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10));
        let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await?;
        MIGRATIONS.run(&pool).await.map_err(|_| Error::Schema)?;
        Ok(Self { pool })
    }

    /// Closes every connection; the write-ahead log is folded into the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Writes a consistent copy of the ledger to `path`, which must not exist.
    ///
    /// # Errors
    /// [`Error::Exists`], or the database's refusal.
    pub async fn backup(&self, path: &Path) -> Result<()> {
        if path.exists() {
            return Err(Error::Exists);
        }
        let name = path.to_str().ok_or(Error::Database("path"))?;
        sqlx::query("VACUUM INTO ?").bind(name).execute(&self.pool).await?;
        Ok(())
    }

    /// A remembered single value, e.g. since when the cloud is away.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn fact(&self, key: &str) -> Result<Option<String>> {
        let row: Option<(String,)> = sqlx::query_as("SELECT value FROM facts WHERE key = ?")
            .bind(key)
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.map(|r| r.0))
    }

    /// Remembers a single value, or forgets it.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn set_fact(&self, key: &str, value: Option<&str>) -> Result<()> {
        match value {
            Some(v) => {
                sqlx::query(
                    "INSERT INTO facts VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                )
                .bind(key)
                .bind(v)
                .execute(&self.pool)
                .await?
            }
            None => sqlx::query("DELETE FROM facts WHERE key = ?").bind(key).execute(&self.pool).await?,
        };
        Ok(())
    }

    /// Since when the cloud is away, in ms; `None` while it answers or none is configured.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn cloud_away_since(&self) -> Result<Option<i64>> {
        Ok(self.fact("cloud_away_since").await?.and_then(|v| v.parse().ok()))
    }
}

/// A random 128-bit name in hex. Row names are ours: a wire UID never becomes one.
///
/// # Errors
/// [`Error::Database`] when the system gives no randomness.
pub fn new_id() -> Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|_| Error::Database("no randomness"))?;
    Ok(hex::encode(bytes))
}
