//! What is known of a bundle's keeping its promise: watches, physicians' reads, acceptances.

use sqlx::{FromRow, Sqlite, Transaction};

use super::revisions::{parse_word, word};
use super::{Ledger, Result};
use crate::oversight::{Level, Local, Quiet, Seen, Watch, local, quiet};

/// How far a bundle's `no-flag` may be relied upon now.
#[derive(Debug, Clone, Default)]
pub struct Reliance {
    /// The level.
    pub level: Level,
    /// Why it is not steady.
    pub why: String,
    /// Since when, ms.
    pub since: i64,
    /// The score below which a study is among the more silent half of the silent ones.
    pub median_quiet: Option<f64>,
    /// Whether a named person's acceptance is in force.
    pub accepted: bool,
}

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

/// A level that the audit does not know yet.
#[derive(Debug, Clone, FromRow)]
pub struct NewLevel {
    /// Digest of the bundle's manifest.
    pub digest: String,
    /// Bundle.
    pub bundle: String,
    /// Level word.
    pub level: String,
    /// Why.
    pub why: String,
}

/// One bundle as `status` and the page show it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct WatchRow {
    /// Bundle.
    pub bundle: String,
    /// Digest of its manifest.
    pub digest: String,
    /// How far `no-flag` may be relied upon.
    pub level: Level,
    /// Why.
    pub why: String,
    /// Since when, ms.
    pub since: i64,
    /// Studies watched.
    pub studies: u64,
    /// Whether they are enough to say something.
    pub learned: bool,
    /// Strongest evidence of a change; `withdrawn` is reached at [`crate::oversight::WITHDRAW`].
    pub evidence: f64,
    /// Physicians' reads of drawn silent studies.
    pub quiet: Quiet,
    /// The acceptance in force.
    pub accepted: Option<AcceptanceRow>,
}

const ACCEPTANCE: &str =
    "SELECT bundle, version, digest, who, accepted_at, report, reads, positives, missed, bound,
    withdrawn_at, withdrawn_why FROM acceptances";

impl Ledger {
    /// How far the `no-flag` of the bundle with this digest may be relied upon.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn reliance(&self, digest: &str) -> Result<Reliance> {
        let row: Option<(String, String, String, i64)> =
            sqlx::query_as("SELECT state, level, why, since FROM watches WHERE digest = ?")
                .bind(digest)
                .fetch_optional(&self.pool)
                .await?;
        let accepted = self.acceptance(digest).await?.is_some();
        let Some((state, level, why, since)) = row else {
            return Ok(Reliance { accepted, ..Reliance::default() });
        };
        let watch: Watch = serde_json::from_str(&state)?;
        Ok(Reliance { level: parse_word(&level)?, why, since, median_quiet: watch.median_quiet(), accepted })
    }

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

    /// Every bundle that answered a study, as `status` shows it. `hidden_most`: the site's limit of silent studies
    /// that hide a finding.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn watches(&self, hidden_most: f64) -> Result<Vec<WatchRow>> {
        let rows: Vec<(String, String, String, String, String, i64)> = sqlx::query_as(
            "SELECT digest, bundle, state, level, why, since FROM watches ORDER BY bundle, since",
        )
        .fetch_all(&self.pool)
        .await?;
        let mut all = Vec::with_capacity(rows.len());
        for (digest, bundle, state, level, why, since) in rows {
            let watch: Watch = serde_json::from_str(&state)?;
            all.push(WatchRow {
                quiet: self.quiet_reads(&digest, hidden_most).await?,
                accepted: self.acceptance(&digest).await?,
                level: parse_word(&level)?,
                studies: watch.studies,
                learned: watch.learned(),
                evidence: watch.evidence().0,
                bundle,
                digest,
                why,
                since,
            });
        }
        Ok(all)
    }

    /// What physicians' reads of studies drawn by chance say about this bundle's `no-flag`.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn quiet_reads(&self, digest: &str, hidden_most: f64) -> Result<Quiet> {
        let mut tx = self.pool.begin().await?;
        quiet_of(&mut tx, digest, hidden_most).await
    }

    /// What physicians' reads of studies drawn whatever was answered say about this bundle: nothing else is a fair
    /// sample of the studies that have a finding.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn local_reads(&self, digest: &str, alpha: f64) -> Result<Local> {
        let (reads, positives, missed): (u32, u32, u32) = sqlx::query_as(
            "SELECT count(*), coalesce(sum(r.finding), 0),
             coalesce(sum(r.finding = 1 AND d.disposition = 'no-flag'), 0) FROM reads r
             JOIN samples s ON s.study = r.study AND s.revision = r.revision AND s.why = 'trial'
             JOIN dispositions d ON d.study = r.study AND d.revision = r.revision
             WHERE d.digest = ?",
        )
        .bind(digest)
        .fetch_one(&self.pool)
        .await?;
        Ok(local(reads, positives, missed, alpha))
    }

    /// A named person accepts a bundle. Acceptances of the same bundle in another edition end.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn accept(&self, a: &AcceptanceRow) -> Result<()> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        end_acceptances(&mut tx, "bundle", &a.bundle, "accepted anew", a.accepted_at).await?;
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

    /// Ends every acceptance of a bundle that is not among `digests`: a changed bundle is another one. Returns the
    /// names of the bundles concerned.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn end_foreign_acceptances(&self, digests: &[String], now: i64) -> Result<Vec<String>> {
        let rows: Vec<(String,)> = sqlx::query_as(
            "UPDATE acceptances SET withdrawn_at = ?, withdrawn_why = 'the bundle was changed or removed'
             WHERE withdrawn_at IS NULL AND digest NOT IN (SELECT value FROM json_each(?)) RETURNING bundle",
        )
        .bind(now)
        .bind(serde_json::to_string(digests)?)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|r| r.0).collect())
    }

    /// A person takes an acceptance back. `false`: none was in force.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn withdraw_acceptance(&self, bundle: &str, why: &str, now: i64) -> Result<bool> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let ended = end_acceptances(&mut tx, "bundle", bundle, why, now).await?;
        tx.commit().await?;
        Ok(ended > 0)
    }

    /// A person restores what was lowered or withdrawn. `anew`: studies look different from now on, so everything that
    /// was learned of them is forgotten. `false`: nothing was withdrawn or lowered.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn restore(&self, bundle: &str, anew: bool, now: i64) -> Result<bool> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let rows: Vec<(String, String)> =
            sqlx::query_as("SELECT digest, state FROM watches WHERE bundle = ? AND (level <> 'steady' OR ?)")
                .bind(bundle)
                .bind(anew)
                .fetch_all(&mut *tx)
                .await?;
        for (digest, state) in &rows {
            let mut watch: Watch = serde_json::from_str(state)?;
            watch.restore(anew);
            sqlx::query(
                "UPDATE watches SET state = ?, level = 'steady', why = '', since = ?, reads_from = ? WHERE digest = ?",
            )
            .bind(serde_json::to_string(&watch)?)
            .bind(now)
            .bind(now)
            .bind(digest)
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(!rows.is_empty())
    }

    /// Levels that do not stand in the audit yet.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn new_levels(&self) -> Result<Vec<NewLevel>> {
        Ok(sqlx::query_as("SELECT digest, bundle, level, why FROM watches WHERE level <> audited")
            .fetch_all(&self.pool)
            .await?)
    }

    /// A level stands in the audit now.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn level_audited(&self, level: &NewLevel) -> Result<()> {
        sqlx::query("UPDATE watches SET audited = ? WHERE digest = ?")
            .bind(&level.level)
            .bind(&level.digest)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

async fn end_acceptances(
    tx: &mut Transaction<'_, Sqlite>,
    column: &'static str,
    value: &str,
    why: &str,
    now: i64,
) -> Result<u64> {
    let sql = format!(
        "UPDATE acceptances SET withdrawn_at = ?, withdrawn_why = ? WHERE withdrawn_at IS NULL AND {column} = ?"
    );
    let done =
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(now).bind(why).bind(value).execute(&mut **tx).await?;
    Ok(done.rows_affected())
}

/// One more study of a bundle was answered: what is watched goes on in the same step that records the answer.
pub(super) async fn watch(
    tx: &mut Transaction<'_, Sqlite>,
    (bundle, digest): (&str, &str),
    seen: &Seen,
    now: i64,
) -> Result<()> {
    let row: Option<(String, String)> = sqlx::query_as("SELECT state, level FROM watches WHERE digest = ?")
        .bind(digest)
        .fetch_optional(&mut **tx)
        .await?;
    let (mut watch, before): (Watch, Level) = match row {
        Some((state, level)) => (serde_json::from_str(&state)?, parse_word(&level)?),
        None => (Watch::default(), Level::Steady),
    };
    watch.see(seen);
    let found = watch.level();
    // Lowered coverage is raised again by studies that look as before; what was withdrawn stays so.
    let level = if before == Level::Withdrawn { before } else { found };
    let (evidence, what) = watch.evidence();
    let why = match level {
        Level::Steady => String::new(),
        _ => {
            format!("{what} no longer look as they did over the first studies (evidence {evidence:.0} to 1)")
        }
    };
    sqlx::query(
        "INSERT INTO watches (digest, bundle, state, level, why, since) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (digest) DO UPDATE SET state = ?3,
         why = CASE WHEN level = ?4 THEN why ELSE ?5 END, since = CASE WHEN level = ?4 THEN since ELSE ?6 END,
         level = ?4",
    )
    .bind(digest)
    .bind(bundle)
    .bind(serde_json::to_string(&watch)?)
    .bind(word(&level)?)
    .bind(why)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Reads of drawn silent studies of a bundle, weighed.
pub(super) async fn quiet_of(
    tx: &mut Transaction<'_, Sqlite>,
    digest: &str,
    hidden_most: f64,
) -> Result<Quiet> {
    let (reads, hidden): (u32, u32) = sqlx::query_as(
        "SELECT count(*), coalesce(sum(r.finding), 0) FROM reads r
         JOIN samples s ON s.study = r.study AND s.revision = r.revision
         JOIN dispositions d ON d.study = r.study AND d.revision = r.revision
         WHERE d.digest = ?1 AND d.disposition = 'no-flag'
         AND r.read_at >= coalesce((SELECT reads_from FROM watches WHERE digest = ?1), 0)",
    )
    .bind(digest)
    .fetch_one(&mut **tx)
    .await?;
    Ok(quiet(reads, hidden, hidden_most))
}

/// `no-flag` of a bundle is withdrawn because of what physicians found.
pub(super) async fn withdraw(
    tx: &mut Transaction<'_, Sqlite>,
    digest: &str,
    why: &str,
    now: i64,
) -> Result<()> {
    sqlx::query(
        "UPDATE watches SET level = 'withdrawn', why = ?, since = ? WHERE digest = ? AND level <> 'withdrawn'",
    )
    .bind(why)
    .bind(now)
    .bind(digest)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
