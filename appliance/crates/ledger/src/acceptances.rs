//! Acceptances of bundles: who let a bundle's `no-flag` count, on the strength of what, and until when.

use sqlx::{FromRow, Sqlite, Transaction};

use crate::error::Result;
use crate::ledger::Ledger;

/// A person's acceptance of a bundle.
#[derive(Debug, Clone, FromRow, serde::Serialize)]
pub struct AcceptanceRow {
    /// Bundle.
    pub bundle: String,
    /// Its version.
    pub version: String,
    /// Digest of its manifest.
    pub digest: String,
    /// Who.
    pub who: String,
    /// When, ms.
    pub accepted_at: i64,
    /// BLAKE3 of the report.
    pub report: String,
    /// Reads behind it.
    pub reads: u32,
    /// Of these with a finding.
    pub positives: u32,
    /// Of these given `no-flag`.
    pub missed: u32,
    /// Exact upper bound of the share missed.
    pub bound: f64,
    /// When it was withdrawn, ms.
    pub withdrawn_at: Option<i64>,
    /// Why.
    pub withdrawn_why: Option<String>,
}

const ACCEPTANCE: &str =
    "SELECT bundle, version, digest, who, accepted_at, report, reads, positives, missed, bound,
    withdrawn_at, withdrawn_why FROM acceptances";

impl Ledger {
    /// The acceptance in force of the bundle with this digest.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn acceptance(&self, digest: &str) -> Result<Option<AcceptanceRow>> {
        let sql = format!("{ACCEPTANCE} WHERE digest = ? AND withdrawn_at IS NULL ORDER BY seq DESC LIMIT 1");
        Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(digest).fetch_optional(&self.pool).await?)
    }

    /// Every acceptance, the newest first.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn acceptances(&self) -> Result<Vec<AcceptanceRow>> {
        let sql = format!("{ACCEPTANCE} ORDER BY seq DESC");
        Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(&self.pool).await?)
    }

    /// A named person accepts a bundle. Acceptances of the same bundle in another edition end.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn accept(&self, a: &AcceptanceRow) -> Result<()> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        end_acceptances(&mut tx, &a.bundle, "accepted anew", a.accepted_at).await?;
        sqlx::query(
            "INSERT INTO acceptances (bundle, version, digest, who, accepted_at, report, reads, positives, missed, bound)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&a.bundle)
        .bind(&a.version)
        .bind(&a.digest)
        .bind(&a.who)
        .bind(a.accepted_at)
        .bind(&a.report)
        .bind(a.reads)
        .bind(a.positives)
        .bind(a.missed)
        .bind(a.bound)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Bundles of these names whose acceptance is of another edition than these (name and digest).
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn foreign_acceptances(&self, bundles: &[(String, String)]) -> Result<Vec<String>> {
        let rows: Vec<(String, String)> =
            sqlx::query_as("SELECT bundle, digest FROM acceptances WHERE withdrawn_at IS NULL")
                .fetch_all(&self.pool)
                .await?;
        let named = |bundle: &String| bundles.iter().any(|(name, _)| name == bundle);
        let same = |bundle: &String, digest: &String| bundles.iter().any(|(n, d)| n == bundle && d == digest);
        Ok(rows.into_iter().filter(|(b, d)| named(b) && !same(b, d)).map(|r| r.0).collect())
    }

    /// Digests of bundles whose acceptance is in force in the ledger at `path`; changes nothing and migrates nothing.
    ///
    /// # Errors
    /// The database's refusal; a ledger of an older version has none.
    pub async fn accepted_digests(path: &std::path::Path) -> Result<Vec<String>> {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).read_only(true);
        let pool = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
        let rows: std::result::Result<Vec<(String,)>, _> =
            sqlx::query_as("SELECT digest FROM acceptances WHERE withdrawn_at IS NULL")
                .fetch_all(&pool)
                .await;
        pool.close().await;
        Ok(rows?.into_iter().map(|r| r.0).collect())
    }

    /// A person takes an acceptance back. `false`: none was in force.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn withdraw_acceptance(&self, bundle: &str, why: &str, now: i64) -> Result<bool> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let ended = end_acceptances(&mut tx, bundle, why, now).await?;
        tx.commit().await?;
        Ok(ended > 0)
    }
}

async fn end_acceptances(tx: &mut Transaction<'_, Sqlite>, bundle: &str, why: &str, now: i64) -> Result<u64> {
    let done = sqlx::query(
        "UPDATE acceptances SET withdrawn_at = ?, withdrawn_why = ? WHERE withdrawn_at IS NULL AND bundle = ?",
    )
    .bind(now)
    .bind(why)
    .bind(bundle)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
}
