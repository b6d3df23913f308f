//! The queue's database: sites, envelopes, cases, leases, drafts, reports, accounts, audit. The only room that names `sqlx`.
//!
//! Promises, held by transactions (`BEGIN IMMEDIATE`, WAL, `synchronous = FULL`):
//! - a case revision has at most one committed envelope, so a receipt may be asked for again and again;
//! - a case has at most one lease; a claim gives each case to exactly one holder;
//! - a lease ends by itself, at no cost to the case; the attempt after the last failed one buries it visibly and
//!   tells the site;
//! - a priority falls by a person's act with a reason, and by nothing else;
//! - nothing of a case is forgotten before the site has confirmed the report (or burial) it got.
//!
//! Time comes in as an argument (milliseconds since 1970, UTC), so that tests move it.

mod accounts;
mod audit;
mod cases;
mod drafts;
mod envelopes;
mod error;
#[cfg(test)]
mod failing_tests;
mod lease_rows;
mod lease_terms;
mod leases;
mod objects_gone;
mod priority;
mod readers;
mod reports;
mod sites;
#[cfg(test)]
mod tests;
mod text;
mod time;

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection, Sqlite, SqlitePool, Transaction};
use tokio::sync::watch;

pub use accounts::Session;
pub use audit::AuditRow;
pub use cases::{CaseFilter, CaseRow, Tile};
pub use drafts::{Draft, Release};
pub use envelopes::{Announced, Begun, CommittedEnvelope, Receipt};
pub use error::{Error, Fault, Result, Retry};
pub use lease_terms::{Claim, Claimant, Limits, Released};
pub(crate) use priority::priority_of;
pub use readers::Readers;
pub use reports::{CasePlace, ReportRow, SealedReport};
pub use sites::{Invitation, SiteRow, SiteState};
pub use text::Text;

/// Milliseconds since 1970, UTC.
pub type Millis = i64;

/// The state of a case, in the words of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CaseState {
    /// Its envelope is not complete yet.
    Arriving,
    /// Waits for a reader.
    Ready,
    /// A reader works on it.
    Leased,
    /// A machine draft waits for a person.
    Drafted,
    /// Released; to be sealed.
    Signed,
    /// The sealed report waits for the site.
    Reported,
    /// The site has the report and said so; content is forgotten.
    Confirmed,
    /// Put aside visibly, with the reason.
    Buried,
    /// Taken back by its site; content is forgotten.
    Withdrawn,
}

impl CaseState {
    const ALL: [(Self, &'static str); 9] = [
        (Self::Arriving, "arriving"),
        (Self::Ready, "ready"),
        (Self::Leased, "leased"),
        (Self::Drafted, "drafted"),
        (Self::Signed, "signed"),
        (Self::Reported, "reported"),
        (Self::Confirmed, "confirmed"),
        (Self::Buried, "buried"),
        (Self::Withdrawn, "withdrawn"),
    ];

    /// The word stored and shown.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(s, _)| *s == self).map_or("buried", |(_, w)| w)
    }

    pub(crate) fn of(word: &str) -> Result<Self> {
        Self::ALL.iter().find(|(_, w)| *w == word).map(|(s, _)| *s).ok_or(Error::Row("state"))
    }
}

/// The queue. Cheap to clone; all clones share the pools.
#[derive(Clone, Debug)]
pub struct Queue {
    /// One connection: SQLite has one writer, and waiting in our pool is fairer than its busy loop.
    write: SqlitePool,
    read: SqlitePool,
    /// Counts this process's commits, so that rooms above hear of a change without asking all the time.
    bell: Arc<watch::Sender<u64>>,
}

/// How long a writer waits for another process (a command beside the running service).
const BUSY_WAIT: Duration = Duration::from_secs(10);
const READERS: u32 = 4;

impl Queue {
    /// Opens the database named by `sqlite://PATH` and brings it to this version's schema.
    /// `create` makes a missing file (only `init` may: a lost database is reported, never silently recreated).
    ///
    /// # Errors
    /// `Open` when it is missing, not SQLite, or of another engine.
    pub async fn open(url: &str, create: bool) -> Result<Self> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Err(Error::Open("PostgreSQL is not supported by this version; write sqlite://PATH"));
        }
        let options = SqliteConnectOptions::from_str(url)
            .map_err(|_| Error::Open("write sqlite:// and the path of the file"))?
            .create_if_missing(create)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_WAIT);
        let write = pool(1).connect_with(options.clone()).await.map_err(|_| {
            Error::Open("the file is missing, not readable or not a database; `init` makes a new one")
        })?;
        sqlx::migrate!("src/queue/migrations/sqlite")
            .run(&write)
            .await
            .map_err(|_| Error::Open("its schema is of another version"))?;
        let read = pool(READERS).connect_with(options).await?;
        Ok(Self { write, read, bell: Arc::new(watch::channel(0).0) })
    }

    /// Closes all connections and folds the write-ahead log back into the file.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }

    /// Changes whenever this process has committed something.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.bell.subscribe()
    }

    async fn commit(&self, tx: Transaction<'_, Sqlite>) -> Result<()> {
        tx.commit().await?;
        self.bell.send_modify(|n| *n = n.wrapping_add(1));
        Ok(())
    }

    /// A transaction that holds the write lock from its first statement.
    async fn begin(&self) -> Result<Transaction<'_, Sqlite>> {
        Ok(self.write.begin_with("BEGIN IMMEDIATE").await?)
    }
}

/// One connection is always open, so that no other is ever the first: opening that one needs room on the disk.
fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .min_connections(1)
        .max_lifetime(None)
        .acquire_timeout(BUSY_WAIT * 3)
        .after_release(|connection, _| Box::pin(may_be_used_again(connection)))
}

/// Whether a connection that was given back stands where the driver believes it stands; otherwise it is closed and
/// the pool opens another.
///
/// After `SQLITE_FULL`, `SQLITE_IOERR` and their like SQLite has rolled the transaction back by itself
/// (<https://sqlite.org/lang_transaction.html>, "response to errors within a transaction"). The driver's own ROLLBACK
/// then fails, it goes on counting one open transaction, and refuses every later `BEGIN IMMEDIATE`: one moment of a
/// full disk would end the queue's only writer for good.
async fn may_be_used_again(connection: &mut SqliteConnection) -> std::result::Result<bool, sqlx::Error> {
    // The rollback of a dropped transaction is queued before this: answered, it has been tried.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

pub(crate) fn u32_of(n: i64, what: &'static str) -> Result<u32> {
    u32::try_from(n).map_err(|_| Error::Row(what))
}
