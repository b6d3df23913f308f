//! What a ledger and a store that were apart need to know of each other, after a restore above all.

use std::collections::HashMap;

use sqlx::{AssertSqlSafe, FromRow};

use crate::arrival::Arrival;
use crate::columns::{ADDRESS, CALLING_AE, SERIES_UID, SOP_INSTANCE_UID};
use crate::error::Result;
use crate::ledger::Ledger;
use crate::name::Name;
use crate::word::{DELIVERED, REPLACED};
use store::Id;

/// The fact that says which store this ledger was last used with; no copy of a ledger holds it.
const PAIR: &str = "store_pair";

/// What the ledger knows of an entry.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct KnownEntry {
    /// Local id of its study.
    pub study: String,
    /// Arrival, ms.
    pub arrived: i64,
    /// Whether its original was removed from this disk.
    pub evicted: bool,
}

impl Ledger {
    /// The mark that this ledger and its store were given at the last start; `None` in a copy.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn pair(&self) -> Result<Option<String>> {
        self.fact(PAIR).await
    }

    /// Gives this ledger a new mark, or takes it away.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn set_pair(&self, mark: Option<&str>) -> Result<()> {
        self.set_fact(PAIR, mark).await
    }

    /// Every entry that has a row, by name.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn known_entries(&self) -> Result<HashMap<String, KnownEntry>> {
        #[derive(FromRow)]
        struct Named {
            id: String,
            #[sqlx(flatten)]
            entry: KnownEntry,
        }
        let rows: Vec<Named> =
            sqlx::query_as("SELECT id, study, arrived, evicted_at IS NOT NULL AS evicted FROM instances")
                .fetch_all(&self.pool)
                .await?;
        Ok(rows.into_iter().map(|row| (row.id, row.entry)).collect())
    }

    /// Originals that were removed from this disk before this ledger was restored, with the time (ms): removed means
    /// that they were delivered, so whatever was queued for them is delivered too.
    ///
    /// # Errors
    /// The database's refusal; then nothing is changed.
    pub async fn note_evicted(&self, gone: &[(String, i64)]) -> Result<()> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        for (id, at) in gone {
            sqlx::query("UPDATE instances SET evicted_at = ? WHERE id = ? AND evicted_at IS NULL")
                .bind(at)
                .bind(id)
                .execute(&mut *tx)
                .await?;
            sqlx::query(AssertSqlSafe(format!(
                "UPDATE forwards SET state = CASE state WHEN '{REPLACED}' THEN state ELSE '{DELIVERED}' END,
                 done_at = coalesce(done_at, ?1), committed_at = iif(commit_due = 1, coalesce(committed_at, ?1), committed_at)
                 WHERE instance = ?2"
            )))
            .bind(at)
            .bind(id)
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The bytes of a lost entry came again: its row, and whatever is asked of it, is that of this arrival. What could not
    /// be read meanwhile is read again, in a new revision. Gives whether there was such a row.
    ///
    /// # Errors
    /// The database's refusal; then nothing is changed.
    pub async fn take_place(&self, lost: &str, a: &Arrival) -> Result<bool> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        // What is asked of a row names it, and follows it below.
        sqlx::query("PRAGMA defer_foreign_keys = ON").execute(&mut *tx).await?;
        let row: Option<(String, bool)> = sqlx::query_as(
            "UPDATE instances SET id = ?1, sop_instance_uid = ?2, series_uid = ?3, calling_ae = ?4, address = ?5,
             revision = iif(set_aside IS NULL, revision, 0), set_aside = NULL, note_read = 0
             WHERE id = ?6 AND evicted_at IS NULL RETURNING study, revision = 0",
        )
        .bind(&a.id)
        .bind(self.sealer.seal(SOP_INSTANCE_UID, &a.id, &a.sop_instance_uid)?)
        .bind(self.sealer.seal(SERIES_UID, &a.id, &a.series_uid)?)
        .bind(self.sealer.seal(CALLING_AE, &a.id, &a.calling_ae)?)
        .bind(self.sealer.seal(ADDRESS, &a.id, &a.address)?)
        .bind(lost)
        .fetch_optional(&mut *tx)
        .await?;
        let Some((study, anew)) = row else { return Ok(false) };
        for follows in [
            "UPDATE forwards SET instance = ?1 WHERE instance = ?2",
            "UPDATE commitment_items SET instance = ?1 WHERE instance = ?2",
            "UPDATE upstream_items SET instance = ?1 WHERE instance = ?2",
        ] {
            sqlx::query(follows).bind(&a.id).bind(lost).execute(&mut *tx).await?;
        }
        if anew {
            sqlx::query("UPDATE studies SET open = 1, last_arrival = max(last_arrival, ?) WHERE id = ?")
                .bind(a.arrived)
                .bind(&study)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Whether every original of a study that has rows was removed from this disk.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn is_evicted(&self, study: &str) -> Result<bool> {
        let (left, all): (i64, i64) =
            sqlx::query_as("SELECT count(*) - count(evicted_at), count(*) FROM instances WHERE study = ?")
                .bind(study)
                .fetch_one(&self.pool)
                .await?;
        Ok(left == 0 && all > 0)
    }

    /// Preview bags that a disposition names.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn outputs(&self) -> Result<Vec<Id>> {
        let rows: Vec<(Name<Id>,)> = sqlx::query_as("SELECT bag FROM dispositions WHERE bag IS NOT NULL")
            .fetch_all(&self.pool)
            .await?;
        Ok(rows.into_iter().map(|r| r.0.0).collect())
    }

    /// Forgets what ended with the run that a backup was taken of: sessions and one-time codes, which may have been ended
    /// or used since, and the fact `mark` that this run kept its time by, so that countdowns begin anew.
    ///
    /// # Errors
    /// The database's refusal; then nothing is changed.
    pub async fn forget_run(&self, mark: &str) -> Result<()> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query("DELETE FROM sessions").execute(&mut *tx).await?;
        sqlx::query("UPDATE users SET code = NULL, code_until = NULL WHERE code IS NOT NULL")
            .execute(&mut *tx)
            .await?;
        sqlx::query("DELETE FROM facts WHERE key = ?").bind(mark).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }
}
