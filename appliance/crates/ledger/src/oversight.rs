//! What is known of a bundle's keeping its promise: watches, physicians' reads, acceptances.

use sqlx::{AssertSqlSafe, FromRow, Sqlite, Transaction};

use crate::acceptances::AcceptanceRow;
use crate::error::Result;
use crate::ledger::Ledger;
use crate::word::{STEADY, WITHDRAWN_LEVEL, Word};
use domain::oversight::{Level, Local, NoFlagReads, Seen, Watch, local, no_flag_reads};

/// How far a bundle's `no-flag` may be relied upon now.
#[derive(Debug, Clone, Default)]
pub struct Reliance {
    /// The level.
    pub level: Level,
    /// Why it is not steady.
    pub why: String,
    /// Since when, ms.
    pub since: i64,
    /// The score up to which a study given `no-flag` is in the half with the lower scores.
    pub median_no_flag: Option<f64>,
    /// Whether a named person's acceptance is in force.
    pub accepted: bool,
}

/// A change of level that the audit does not know yet.
#[derive(Debug, Clone, FromRow)]
pub struct NewLevel {
    /// Its number.
    pub seq: i64,
    /// Bundle.
    pub bundle: String,
    /// The level.
    #[sqlx(try_from = "Word<Level>")]
    pub level: Level,
    /// Why.
    pub why: String,
    /// When, ms.
    pub at: i64,
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
    /// Strongest evidence of a change; `withdrawn` is reached at [`domain::oversight::WITHDRAW`].
    pub evidence: f64,
    /// Physicians' reads of sampled studies given `no-flag`.
    #[serde(rename = "no_flag")]
    pub no_flag_reads: NoFlagReads,
    /// The acceptance in force.
    pub accepted: Option<AcceptanceRow>,
}

/// In the place of a reason when a watch was damaged.
const UNREADABLE: &str =
    "what was learned of earlier studies cannot be read: `appliance model restore --anew`";

impl Ledger {
    /// How far the `no-flag` of the bundle with this digest may be relied upon.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn reliance(&self, digest: &str) -> Result<Reliance> {
        let row: Option<(String, Word<Level>, String, i64)> =
            sqlx::query_as("SELECT state, level, why, since FROM watches WHERE digest = ?")
                .bind(digest)
                .fetch_optional(&self.pool)
                .await?;
        let accepted = self.acceptance(digest).await?.is_some();
        let Some((state, level, why, since)) = row else {
            return Ok(Reliance { accepted, ..Reliance::default() });
        };
        Ok(match serde_json::from_str::<Watch>(&state) {
            Ok(watch) => {
                Reliance { level: level.0, why, since, median_no_flag: watch.median_no_flag(), accepted }
            }
            // What cannot be read is not relied upon; studies are answered all the same.
            Err(_) => Reliance {
                level: Level::Withdrawn,
                why: UNREADABLE.into(),
                since,
                median_no_flag: None,
                accepted,
            },
        })
    }

    /// Every bundle that answered a study, as `status` shows it. `hidden_most`: the site's limit of studies given
    /// `no-flag` that hide a finding.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn watches(&self, hidden_most: f64) -> Result<Vec<WatchRow>> {
        let rows: Vec<(String, String, String, Word<Level>, String, i64)> = sqlx::query_as(
            "SELECT digest, bundle, state, level, why, since FROM watches ORDER BY bundle, since",
        )
        .fetch_all(&self.pool)
        .await?;
        let mut all = Vec::with_capacity(rows.len());
        for (digest, bundle, state, level, why, since) in rows {
            let read = serde_json::from_str::<Watch>(&state);
            let (level, why) =
                if read.is_ok() { (level.0, why) } else { (Level::Withdrawn, UNREADABLE.into()) };
            let watch = read.unwrap_or_default();
            all.push(WatchRow {
                no_flag_reads: self.no_flag_reads(&digest, hidden_most).await?,
                accepted: self.acceptance(&digest).await?,
                level,
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

    /// What physicians' reads of studies sampled at random say about this bundle's `no-flag`.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn no_flag_reads(&self, digest: &str, hidden_most: f64) -> Result<NoFlagReads> {
        let mut tx = self.pool.begin().await?;
        no_flag_of(&mut tx, digest, hidden_most).await
    }

    /// What physicians' reads of studies sampled whatever was answered say about this bundle: nothing else is a fair
    /// sample of the studies that have a finding.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn local_reads(&self, digest: &str, alpha: f64) -> Result<Local> {
        let (reads, positives, missed): (u32, u32, u32) = sqlx::query_as(
            "SELECT count(*), coalesce(sum(r.finding), 0),
             coalesce(sum(r.finding = 1 AND d.quiet = 1), 0) FROM reads r
             JOIN samples s ON s.study = r.study AND s.revision = r.revision AND s.why = 'trial'
             JOIN dispositions d ON d.study = r.study AND d.revision = r.revision
             WHERE d.digest = ?",
        )
        .bind(digest)
        .fetch_one(&self.pool)
        .await?;
        Ok(local(reads, positives, missed, alpha))
    }

    /// Findings and reads of the studies behind [`Self::local_reads`].
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn read_findings(&self, digest: &str) -> Result<Vec<(Vec<proto::case::Finding>, bool)>> {
        let rows: Vec<(String, bool)> = sqlx::query_as(
            "SELECT d.findings, r.finding FROM reads r
             JOIN samples s ON s.study = r.study AND s.revision = r.revision AND s.why = 'trial'
             JOIN dispositions d ON d.study = r.study AND d.revision = r.revision
             WHERE d.digest = ? ORDER BY r.read_at, r.study",
        )
        .bind(digest)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(|(findings, read)| Ok((serde_json::from_str(&findings)?, read))).collect()
    }

    /// Studies of this bundle that were sampled for the local set before `before` (ms) and that nobody has read.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn unread_trial(&self, digest: &str, before: i64) -> Result<u32> {
        let (count,) = sqlx::query_as(
            "SELECT count(*) FROM samples s JOIN dispositions d ON d.study = s.study AND d.revision = s.revision
             JOIN studies t ON t.id = s.study AND t.revision = s.revision
             LEFT JOIN reads r ON r.study = s.study AND r.revision = s.revision
             WHERE s.why = 'trial' AND d.digest = ? AND s.drawn_at < ? AND r.study IS NULL",
        )
        .bind(digest)
        .bind(before)
        .fetch_one(&self.pool)
        .await?;
        Ok(count)
    }

    /// Whether something of a bundle was lowered or withdrawn; `None`: no study was answered by it.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn lowered(&self, bundle: &str) -> Result<Option<bool>> {
        let rows: Vec<(Word<Level>,)> = sqlx::query_as("SELECT level FROM watches WHERE bundle = ?")
            .bind(bundle)
            .fetch_all(&self.pool)
            .await?;
        Ok((!rows.is_empty()).then(|| rows.iter().any(|(level,)| level.0 != Level::Steady)))
    }

    /// A person restores what was lowered or withdrawn. `anew`: studies look different from now on, so everything that
    /// was learned of them is forgotten, and reads of what was answered before count no more.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn restore(&self, bundle: &str, anew: bool, who: &str, now: i64) -> Result<()> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let rows: Vec<(String, String, bool)> =
            sqlx::query_as("SELECT digest, state, by_reads FROM watches WHERE bundle = ?")
                .bind(bundle)
                .fetch_all(&mut *tx)
                .await?;
        for (digest, state, by_reads) in &rows {
            let mut watch: Watch = serde_json::from_str(state).unwrap_or_default();
            watch.restore(anew);
            sqlx::query(AssertSqlSafe(format!(
                "UPDATE watches SET state = ?1, level = '{STEADY}', why = '', since = ?2, by_reads = 0,
                 reads_from = CASE WHEN ?3 THEN ?2 ELSE reads_from END WHERE digest = ?4"
            )))
            .bind(serde_json::to_string(&watch)?)
            .bind(now)
            .bind(anew || *by_reads)
            .bind(digest)
            .execute(&mut *tx)
            .await?;
            changed(&mut tx, bundle, Level::Steady, &format!("restored by {who}"), now).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Changes of levels that do not stand in the audit yet, the oldest first.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn new_levels(&self) -> Result<Vec<NewLevel>> {
        Ok(sqlx::query_as("SELECT seq, bundle, level, why, at FROM levels WHERE audited = 0 ORDER BY seq")
            .fetch_all(&self.pool)
            .await?)
    }

    /// A change of level stands in the audit now.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn level_audited(&self, seq: i64) -> Result<()> {
        sqlx::query("UPDATE levels SET audited = 1 WHERE seq = ?").bind(seq).execute(&self.pool).await?;
        Ok(())
    }
}

/// Notes a change of level for the audit.
async fn changed(
    tx: &mut Transaction<'_, Sqlite>,
    bundle: &str,
    level: Level,
    why: &str,
    now: i64,
) -> Result<()> {
    sqlx::query("INSERT INTO levels (bundle, level, why, at) VALUES (?, ?, ?, ?)")
        .bind(bundle)
        .bind(Word(level))
        .bind(why)
        .bind(now)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// One more study of a bundle was answered: what is watched goes on in the same step that records the answer.
pub(super) async fn watch(
    tx: &mut Transaction<'_, Sqlite>,
    (bundle, digest): (&str, &str),
    seen: &Seen,
    now: i64,
) -> Result<()> {
    let row: Option<(String, Word<Level>)> =
        sqlx::query_as("SELECT state, level FROM watches WHERE digest = ?")
            .bind(digest)
            .fetch_optional(&mut **tx)
            .await?;
    let (mut watch, before): (Watch, Level) = match row {
        // A damaged watch stays as it is until a person restores it: nothing is relied upon meanwhile.
        Some((state, level)) => match serde_json::from_str(&state) {
            Ok(watch) => (watch, level.0),
            Err(_) => return Ok(()),
        },
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
    .bind(Word(level))
    .bind(&why)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    if level == before { Ok(()) } else { changed(tx, bundle, level, &why, now).await }
}

/// Reads of sampled studies of a bundle that it gave `no-flag`, weighed.
pub(super) async fn no_flag_of(
    tx: &mut Transaction<'_, Sqlite>,
    digest: &str,
    hidden_most: f64,
) -> Result<NoFlagReads> {
    let (reads, hidden): (u32, u32) = sqlx::query_as(
        "SELECT count(*), coalesce(sum(r.finding), 0) FROM reads r
         JOIN samples s ON s.study = r.study AND s.revision = r.revision
         JOIN dispositions d ON d.study = r.study AND d.revision = r.revision
         WHERE d.digest = ?1 AND d.quiet = 1
         AND d.decided_at >= coalesce((SELECT reads_from FROM watches WHERE digest = ?1), 0)",
    )
    .bind(digest)
    .fetch_one(&mut **tx)
    .await?;
    Ok(no_flag_reads(reads, hidden, hidden_most))
}

/// `no-flag` of a bundle is withdrawn because of what physicians found; the reason is added when it was withdrawn before.
pub(super) async fn withdraw(
    tx: &mut Transaction<'_, Sqlite>,
    (bundle, digest): (&str, &str),
    why: &str,
    now: i64,
) -> Result<()> {
    let done = sqlx::query(AssertSqlSafe(format!(
        "UPDATE watches SET why = CASE WHEN level = '{WITHDRAWN_LEVEL}' AND why <> '' THEN why || '; and ' || ?1 ELSE ?1 END,
         since = CASE WHEN level = '{WITHDRAWN_LEVEL}' THEN since ELSE ?2 END, level = '{WITHDRAWN_LEVEL}', by_reads = 1
         WHERE digest = ?3 AND by_reads = 0"
    )))
    .bind(why)
    .bind(now)
    .bind(digest)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 0 { Ok(()) } else { changed(tx, bundle, Level::Withdrawn, why, now).await }
}
