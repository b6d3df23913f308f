//! The ledger: one SQLite file that says who sent what, what triage answered, what left and what came home.
//!
//! Written by the control process alone, in WAL with `synchronous = FULL`. Instance rows can be rebuilt from
//! the store's entry files; everything else here is the only copy, so a lost ledger is reported and never
//! silently recreated. Functions take the time (ms since 1970 UTC) from their caller.

mod acceptances;
mod accounts;
mod adopt;
mod areas;
mod calls;
mod cases;
mod collisions;
mod columns;
mod commitments;
mod connect;
mod copy;
mod corrections;
mod error;
mod events;
mod evict;
#[cfg(test)]
mod failing_tests;
mod find;
mod forward_rows;
mod forwards;
mod instances;
mod keep;
mod list;
mod moves;
mod notes;
mod outcomes;
mod oversight;
#[cfg(test)]
mod oversight_tests;
mod reads;
mod refused;
mod reports;
mod revisions;
mod seal;
mod state;
mod statements;
mod steps;
#[cfg(test)]
mod tests;
mod time;
mod upgrade;
mod upload;
mod upstream;
mod vault;
#[cfg(test)]
mod vault_tests;
mod whose;

use std::path::Path;
use std::sync::Arc;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

pub use acceptances::AcceptanceRow;
pub use accounts::{CODE_MS, Session, UserRow};
pub use adopt::KnownEntry;
pub use calls::{CallRow, OpenFlag};
pub use cases::{CaseRow, NewCase, Sealed};
pub use collisions::{CollisionAnswer, Collisions, Which, collision_line};
pub use commitments::{Asked, CommitmentCounts, CommitmentItem, CommitmentRow, Held};
pub use copy::open_copy;
pub use corrections::{EarlierCase, UnreadNote};
pub use error::Error;
pub use evict::{Evicted, HeldBack, Proof};
pub use forward_rows::{ForwardQueue, ForwardRow};
pub use forwards::{DueForward, ForwardOutcome, Onward};
pub use instances::{Arrival, Arrived, InstanceRow};
pub use keep::Contradiction;
pub use list::{Counts, EventRow, ListQuery, StudyDetail, StudyRow};
pub use outcomes::{Outcomes, Spread, WITHDRAWN};
pub use oversight::{NewLevel, Reliance, WatchRow};
pub use refused::{NewRefusal, RefusedRow};
pub use revisions::{DispositionRow, NewDisposition, Pending};
pub use seal::{Column, Seal};
pub use state::CaseState;
pub use statements::StatementRow;
pub use steps::{NewStep, StepChange, StepChanged, StepMade};
pub use time::Start;
pub use upload::Waiting;
pub use upstream::{Standing, UpstreamRow};
pub use vault::VaultRow;
pub use whose::OldIdentity;

use connect::pool;

/// Result of this room.
pub type Result<T> = std::result::Result<T, Error>;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("src/migrations");

/// The ledger. Cheap to clone.
#[derive(Clone)]
pub struct Ledger {
    pool: SqlitePool,
    anchor: SqlitePool,
    seal: Arc<Seal>,
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ledger")
    }
}

impl Ledger {
    /// Makes a new ledger, sealed under the store's key.
    ///
    /// # Errors
    /// [`Error::Exists`] when a file is there already.
    pub async fn create(path: &Path, store_key: &[u8; 32]) -> Result<Self> {
        if path.exists() {
            return Err(Error::Exists);
        }
        let seal = Arc::new(Seal::new(store_key));
        let alone = pool(path, true, 1).await?;
        upgrade::migrate(&alone).await?;
        columns::seal_plain(&alone, &seal).await?;
        alone.close().await;
        Self::connect(path, seal).await
    }

    async fn connect(path: &Path, seal: Arc<Seal>) -> Result<Self> {
        Ok(Self { pool: connect::pool(path, false, 4).await?, anchor: connect::anchor(path).await?, seal })
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
        let seal = Arc::new(Seal::new(store_key));
        let alone = pool(path, false, 1).await?;
        let ready = upgrade::bring_up(&alone, path, &seal).await;
        alone.close().await;
        ready?;
        Self::connect(path, seal).await
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
        let copy = Self { anchor: pool.clone(), pool, seal: Arc::clone(&self.seal) };
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
        let looked = upgrade::examine(&pool, store_key.map(Seal::new).as_ref()).await;
        pool.close().await;
        looked
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
