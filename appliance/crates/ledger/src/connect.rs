//! Connections to the ledger's file: how they are opened, and which of them may be used again.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection, SqlitePool};

use crate::error::Result;

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(10))
}

/// Connections that may write: every transaction begins on one of these.
pub(super) async fn pool(path: &Path, create: bool, connections: u32) -> Result<SqlitePool> {
    let pool = SqlitePoolOptions::new()
        .max_connections(connections)
        .after_release(|connection, _| Box::pin(may_be_used_again(connection)));
    Ok(pool.connect_with(options(path).create_if_missing(create)).await?)
}

/// One connection that is only held open. Opening the first one of all makes the shared index anew, which needs room on
/// the disk: while this one stands, the ledger can be read however full the disk is.
pub(super) async fn anchor(path: &Path) -> Result<SqlitePool> {
    let one = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    Ok(one.connect_with(options(path)).await?)
}

/// The one connection to a copy that is to be one file, with nothing beside it.
pub(super) async fn copy(path: &Path) -> Result<SqlitePool> {
    let options = SqliteConnectOptions::new().filename(path).journal_mode(SqliteJournalMode::Delete);
    Ok(SqlitePoolOptions::new().max_connections(1).connect_with(options).await?)
}

/// Whether a connection that was given back stands where the driver believes it stands; otherwise it is closed and
/// the pool opens another.
///
/// After `SQLITE_FULL`, `SQLITE_IOERR` and their like SQLite has rolled the transaction back by itself
/// (<https://sqlite.org/lang_transaction.html>, "response to errors within a transaction"). The driver's own ROLLBACK
/// then fails, it goes on counting one open transaction, and refuses every later `BEGIN IMMEDIATE`: one moment of a
/// full disk would end the connection's use for good.
async fn may_be_used_again(connection: &mut SqliteConnection) -> std::result::Result<bool, sqlx::Error> {
    // The rollback of a dropped transaction is queued before this: answered, it has been tried.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}
