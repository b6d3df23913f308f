//! Processes under limits of the system: few open files, and a disk that is full for one database of one process.

use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection as _, Row as _};

use super::Process;
use super::wait::{LIMIT, until};
use crate::{Error, Result};

/// For `start_under`: a write beyond the limit of a file is an error, as on a full disk, and not the end of the process.
pub const FILES_MAY_BE_FULL: &str = "trap '' XFSZ";

/// Bytes by which a log is made longer: more than the other files of a small site have, and less than the 1,000 pages
/// at which SQLite folds it into the database.
const LONGER: i64 = 3 << 20;

/// Makes a database's write-ahead log the longest file of its process, and no file of that process longer from now on:
/// every commit fails, and everything else goes on.
///
/// # Errors
/// When the database cannot be read beside the process, or the limit is refused.
pub fn fill_up(database: &Path, process: &Process) -> Result<()> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::io("a runtime"))?;
    let options = SqliteConnectOptions::new().filename(database).busy_timeout(Duration::from_secs(20));
    let mut connection = runtime.block_on(SqliteConnection::connect_with(&options))?;
    until("the log is folded into the database", LIMIT, || {
        let folded = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut connection);
        let busy: i64 = runtime.block_on(folded)?.try_get(0)?;
        Ok((busy == 0).then_some(()))
    })?;
    runtime.block_on(async {
        sqlx::query("CREATE TABLE padding (bytes BLOB)").execute(&mut connection).await?;
        sqlx::query("INSERT INTO padding VALUES (zeroblob(?))").bind(LONGER).execute(&mut connection).await?;
        // What a limited process closed last could not fold away would stay: the table goes, the log stays long.
        sqlx::query("DROP TABLE padding").execute(&mut connection).await?;
        connection.close().await
    })?;
    let log = database.with_extension(
        database.extension().map_or_else(|| "-wal".into(), |e| format!("{}-wal", e.to_string_lossy())),
    );
    let length = std::fs::metadata(&log).map_err(Error::io("the write-ahead log"))?.len();
    limit(process, Some(length))
}

/// There is room again.
///
/// # Errors
/// When the limit cannot be lifted.
pub fn make_room(process: &Process) -> Result<()> {
    limit(process, None)
}

fn limit(process: &Process, bytes: Option<u64>) -> Result<()> {
    let pid = i32::try_from(process.id()).ok().and_then(Pid::from_raw);
    let most = getrlimit(Resource::Fsize).maximum;
    let limit = Rlimit { current: bytes.or(most), maximum: most };
    prlimit(pid, Resource::Fsize, limit).map(|_| ()).map_err(|e| Error::io("the limit of a file")(e.into()))
}
