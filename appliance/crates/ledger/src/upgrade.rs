//! Opening a ledger of any version: refuse what is newer or damaged, keep a copy, migrate, seal, scrub.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use sqlx::SqlitePool;
use sqlx::migrate::MigrateError;

use crate::columns;
use crate::copy;
use crate::error::{Error, Result};
use crate::sealer::Sealer;

pub(super) static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("src/migrations");

/// First bytes of every SQLite file.
const SQLITE: &[u8; 16] = b"SQLite format 3\0";

/// Refuses a file that is no database before SQLite could begin a new one in its place.
pub(super) fn is_database(path: &Path) -> Result<()> {
    let mut head = Vec::new();
    File::open(path)?.take(16).read_to_end(&mut head)?;
    match head.as_slice() {
        [] => Err(Error::Hollow),
        head if head == SQLITE => Ok(()),
        _ => Err(Error::Damaged),
    }
}

/// The newest schema version this program knows.
pub(super) fn known() -> i64 {
    MIGRATIONS.iter().map(|m| m.version).max().unwrap_or(0)
}

/// Versions that were applied to this ledger.
pub(super) async fn applied(pool: &SqlitePool) -> Result<BTreeSet<i64>> {
    let there: (i64,) =
        sqlx::query_as("SELECT count(*) FROM sqlite_schema WHERE name IN ('_sqlx_migrations', 'studies')")
            .fetch_one(pool)
            .await?;
    if there.0 != 2 {
        return Err(Error::Hollow);
    }
    let rows: Vec<(i64,)> =
        sqlx::query_as("SELECT version FROM _sqlx_migrations WHERE success").fetch_all(pool).await?;
    Ok(rows.into_iter().map(|r| r.0).collect())
}

/// Brings an existing ledger up to this version. `pool` must have one connection.
pub(super) async fn bring_up(pool: &SqlitePool, path: &Path, sealer: &Sealer) -> Result<()> {
    if !work_is_due(pool, sealer).await? {
        return Ok(());
    }
    let _lock = lock(path)?;
    // Another process may have done it while this one waited for the lock.
    if !work_is_due(pool, sealer).await? {
        return Ok(());
    }
    check(pool).await?;
    let before = applied(pool).await?.last().copied().unwrap_or(0);
    keep(pool, path, before, sealer).await?;
    migrate(pool).await?;
    columns::seal_plain(pool, sealer).await?;
    check(pool).await?;
    tracing::info!(from = before, to = known(), "the ledger was brought up to this version");
    Ok(())
}

/// Versions that were applied; a newer one than this program knows is refused.
async fn applied_and_known(pool: &SqlitePool) -> Result<BTreeSet<i64>> {
    let applied = applied(pool).await?;
    match applied.iter().rev().find(|v| !MIGRATIONS.version_exists(**v)) {
        Some(newer) => Err(Error::Newer { found: *newer, known: known() }),
        None => Ok(applied),
    }
}

/// Looks at a ledger without changing it; the key is looked at where there is one.
pub(super) async fn examine(pool: &SqlitePool, sealer: Option<&Sealer>) -> Result<()> {
    check(pool).await?;
    applied_and_known(pool).await?;
    match sealer {
        Some(sealer) => columns::check_key(&mut *pool.acquire().await?, sealer).await,
        None => Ok(()),
    }
}

async fn work_is_due(pool: &SqlitePool, sealer: &Sealer) -> Result<bool> {
    let applied = applied_and_known(pool).await?;
    let mut c = pool.acquire().await?;
    columns::check_key(&mut c, sealer).await?;
    Ok(MIGRATIONS.iter().any(|m| !applied.contains(&m.version)) || columns::due(&mut c).await?)
}

/// Runs what is missing of the schema.
pub(super) async fn migrate(pool: &SqlitePool) -> Result<()> {
    MIGRATIONS.run(pool).await.map_err(|e| match e {
        MigrateError::Execute(e) | MigrateError::ExecuteMigration(e, _) => e.into(),
        MigrateError::VersionMissing(found) => Error::Newer { found, known: known() },
        _ => Error::Schema,
    })
}

/// Reads the whole structure of the file.
pub(super) async fn check(pool: &SqlitePool) -> Result<()> {
    let row: (String,) = sqlx::query_as("PRAGMA quick_check(1)").fetch_one(pool).await?;
    if row.0 == "ok" { Ok(()) } else { Err(Error::Damaged) }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

/// Keeps a sealed copy of the ledger as it is now.
async fn keep(pool: &SqlitePool, path: &Path, version: i64, sealer: &Sealer) -> Result<()> {
    let plain = beside(path, ".copying");
    // What a crash left of an earlier try.
    copy::wipe(&plain)?;
    let name = plain.to_str().ok_or(Error::Database("path"))?;
    let written = sqlx::query("VACUUM INTO ?").bind(name).execute(pool).await;
    let kept = match written {
        Ok(_) => copy::seal(sealer, &plain, &copy::place(path, version)),
        Err(e) => Err(e.into()),
    };
    copy::wipe(&plain)?;
    kept
}

/// One process upgrades at a time.
fn lock(path: &Path) -> Result<File> {
    let file = File::options().create(true).truncate(false).write(true).open(beside(path, ".upgrade"))?;
    rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive)
        .map_err(|e| Error::from(std::io::Error::from(e)))?;
    Ok(file)
}
