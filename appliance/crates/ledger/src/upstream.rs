//! Storage commitment as the user: what a destination was asked to commit to and what it answered.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{AssertSqlSafe, FromRow};

use crate::columns::SOP_INSTANCE_UID;
use crate::error::Result;
use crate::ledger::Ledger;
use crate::name::Name;
use crate::row_id::UpstreamId;
use crate::word::DELIVERED;
use dicom::commitment::{Reason, Reference, Report, Transaction};

/// Instances that one request asks about.
const BATCH: u32 = 1_000;

/// A request to a destination.
#[derive(Clone, FromRow)]
pub struct UpstreamRow {
    /// Random id.
    #[sqlx(try_from = "Name<UpstreamId>")]
    pub id: UpstreamId,
    /// Rule's name.
    pub destination: String,
    /// Our transaction UID.
    pub transaction_uid: String,
    /// Attempts to ask.
    pub attempts: u32,
}

/// Where an instance stands with a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It was never asked, or did not answer in time.
    NotAsked,
    /// It has not answered yet.
    Open,
    /// It has committed.
    Committed,
    /// It has refused.
    Refused(Reason),
}

impl Ledger {
    /// Records that a destination is to be asked about these entries; `transaction_uid` is fresh and ours.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn make_upstream(
        &self,
        destination: &str,
        transaction_uid: &str,
        instances: &[String],
        now: i64,
    ) -> Result<()> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let id = UpstreamId::random()?;
        sqlx::query(
            "INSERT INTO upstream_commitments (id, destination, transaction_uid, made_at) VALUES (?, ?, ?, ?)",
        )
        .bind(Name(id))
        .bind(destination)
        .bind(transaction_uid)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        for instance in instances {
            sqlx::query(
                "INSERT INTO upstream_items (upstream, instance) VALUES (?, ?) ON CONFLICT DO NOTHING",
            )
            .bind(Name(id))
            .bind(instance)
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Entries that a destination has taken before `before` (ms), is to commit to, and was not asked about: never, in
    /// vain, or it refused before `again`. Of a collision it is asked once a person has looked there: before, its word
    /// could mean either instance.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn uncommitted(&self, destination: &str, before: i64, again: i64) -> Result<Vec<String>> {
        let rows: Vec<(String,)> = sqlx::query_as(AssertSqlSafe(format!(
            "SELECT f.instance FROM forwards f WHERE f.destination = ?1 AND f.commit_due = 1
             AND f.committed_at IS NULL AND f.done_at <= ?2 AND f.state = '{DELIVERED}' AND NOT EXISTS
             (SELECT 1 FROM upstream_items t JOIN upstream_commitments u ON u.id = t.upstream
              WHERE t.instance = f.instance AND u.destination = f.destination
              AND (u.answered_at IS NULL OR (t.outcome IS NOT NULL AND u.answered_at > ?3)))
             AND NOT EXISTS (SELECT 1 FROM instances i JOIN collisions c ON c.sop_instance_index = i.sop_instance_index
              WHERE i.id = f.instance AND c.destination = f.destination AND c.checked_at IS NULL)
             ORDER BY f.done_at, f.instance LIMIT ?4"
        )))
        .bind(destination)
        .bind(before)
        .bind(again)
        .bind(BATCH)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|r| r.0).collect())
    }

    /// Where an instance stands with a destination: what it said last, or that it was asked. A refusal of a request
    /// made before `since` is old news.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn upstream_standing(&self, destination: &str, instance: &str, since: i64) -> Result<Standing> {
        let row: Option<(Option<u16>, Option<i64>, i64)> = sqlx::query_as(
            "SELECT t.outcome, u.answered_at, u.made_at FROM upstream_items t
             JOIN upstream_commitments u ON u.id = t.upstream
             WHERE t.instance = ? AND u.destination = ? ORDER BY u.made_at DESC, u.rowid DESC LIMIT 1",
        )
        .bind(instance)
        .bind(destination)
        .fetch_optional(&self.pool)
        .await?;
        Ok(match row {
            None | Some((None, Some(_), _)) => Standing::NotAsked,
            Some((None, None, _)) => Standing::Open,
            Some((Some(0), ..)) => Standing::Committed,
            Some((Some(_), _, made)) if made < since => Standing::NotAsked,
            Some((Some(code), ..)) => Standing::Refused(Reason(code)),
        })
    }

    /// Requests that are to be sent now.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn due_upstream(&self, now: i64) -> Result<Vec<UpstreamRow>> {
        Ok(sqlx::query_as(
            "SELECT id, destination, transaction_uid, attempts FROM upstream_commitments
             WHERE asked_at IS NULL AND answered_at IS NULL AND next_attempt <= ? ORDER BY made_at, id LIMIT 64",
        )
        .bind(now)
        .fetch_all(&self.pool)
        .await?)
    }

    /// When the next request is to be sent, ms.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn next_upstream(&self) -> Result<Option<i64>> {
        let row: (Option<i64>,) = sqlx::query_as(
            "SELECT min(next_attempt) FROM upstream_commitments WHERE asked_at IS NULL AND answered_at IS NULL",
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(row.0)
    }

    /// What a request says; instances of one UID are one reference.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn upstream_transaction(&self, row: &UpstreamRow) -> Result<Transaction> {
        let items: Vec<(String, String, String)> = sqlx::query_as(
            "SELECT i.id, i.sop_class, i.sop_instance_uid FROM upstream_items t JOIN instances i ON i.id = t.instance
             WHERE t.upstream = ? ORDER BY i.id",
        )
        .bind(Name(row.id))
        .fetch_all(&self.pool)
        .await?;
        let references: BTreeSet<Reference> =
            items.into_iter().map(|item| self.reference_of(item)).collect::<Result<_>>()?;
        Ok(Transaction { uid: row.transaction_uid.clone(), references: references.into_iter().collect() })
    }

    fn reference_of(&self, (id, sop_class, sealed): (String, String, String)) -> Result<Reference> {
        Ok(Reference { sop_class, sop_instance: self.sealer.open(SOP_INSTANCE_UID, &id, &sealed)? })
    }

    /// The destination has taken the request.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn upstream_asked(&self, id: UpstreamId, now: i64) -> Result<()> {
        sqlx::query("UPDATE upstream_commitments SET asked_at = ?, fault = NULL WHERE id = ?")
            .bind(now)
            .bind(Name(id))
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// The request could not be sent; `fault` in words of ours.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn upstream_postponed(&self, id: UpstreamId, not_before: i64, fault: &str) -> Result<()> {
        sqlx::query(
            "UPDATE upstream_commitments SET attempts = attempts + 1, next_attempt = ?, fault = ? WHERE id = ?",
        )
        .bind(not_before)
        .bind(fault)
        .bind(Name(id))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Gives up waiting for answers to requests that were taken before `before`: their instances are asked about anew.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn forget_upstream(&self, before: i64, now: i64) -> Result<u64> {
        let done = sqlx::query(
            "UPDATE upstream_commitments SET answered_at = ?, fault = 'no answer in time'
             WHERE answered_at IS NULL AND asked_at < ?",
        )
        .bind(now)
        .bind(before)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected())
    }

    /// Records a destination's report. `false`: nothing of that transaction was asked. What a report does not name has
    /// failed: silence is no promise. A late or second report of the same transaction changes nothing.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn record_upstream(&self, report: &Report, now: i64) -> Result<bool> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let row: Option<(Name<UpstreamId>, Option<i64>, String)> = sqlx::query_as(
            "SELECT id, answered_at, destination FROM upstream_commitments WHERE transaction_uid = ?",
        )
        .bind(&report.transaction)
        .fetch_optional(&mut *tx)
        .await?;
        let (id, destination) = match row {
            None => return Ok(false),
            Some((_, Some(_), _)) => return Ok(true),
            Some((Name(id), None, destination)) => (id, destination),
        };
        let mut outcomes: BTreeMap<&Reference, u16> = report.committed.iter().map(|r| (r, 0)).collect();
        // Named on both lists: it has failed.
        outcomes.extend(report.failed.iter().map(|(r, why)| (r, why.0)));
        let items: Vec<(String, String, String)> = sqlx::query_as(
            "SELECT i.id, i.sop_class, i.sop_instance_uid FROM upstream_items t JOIN instances i ON i.id = t.instance
             WHERE t.upstream = ?",
        )
        .bind(Name(id))
        .fetch_all(&mut *tx)
        .await?;
        for item in items {
            let instance = item.0.clone();
            let outcome = outcomes.get(&self.reference_of(item)?).copied().unwrap_or(Reason::PROCESSING.0);
            sqlx::query("UPDATE upstream_items SET outcome = ? WHERE upstream = ? AND instance = ?")
                .bind(outcome)
                .bind(Name(id))
                .bind(&instance)
                .execute(&mut *tx)
                .await?;
            if outcome == 0 {
                sqlx::query("UPDATE forwards SET committed_at = ? WHERE instance = ? AND destination = ?")
                    .bind(now)
                    .bind(&instance)
                    .bind(&destination)
                    .execute(&mut *tx)
                    .await?;
            }
        }
        sqlx::query(
            "UPDATE upstream_commitments SET answered_at = ?, asked_at = coalesce(asked_at, ?) WHERE id = ?",
        )
        .bind(now)
        .bind(now)
        .bind(Name(id))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(true)
    }
}
