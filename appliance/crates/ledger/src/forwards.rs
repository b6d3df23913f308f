//! Originals that go on: one row per instance and destination, from the moment the instance has its own row.

use sqlx::{AssertSqlSafe, FromRow, Sqlite, Transaction};

use crate::collisions;
use crate::error::Result;
use crate::ledger::Ledger;
use crate::word::{DELIVERED, WAITING, Word};
use domain::forward_state::ForwardState;

/// A row that waits and whose time has come.
#[derive(Debug, Clone, FromRow)]
pub struct DueForward {
    /// Name of the entry file.
    pub instance: String,
    /// SOP class.
    pub sop_class: String,
    /// Transfer syntax of the stored data set.
    pub transfer_syntax: String,
    /// Attempts that counted.
    pub attempts: u32,
    /// Last attempt, ms; 0 for none.
    pub tried_at: i64,
}

/// A destination that an instance is queued for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Onward {
    /// The rule's name.
    pub destination: String,
    /// Whether it is asked to commit (PS3.4 annex J) to what it was given.
    pub commit: bool,
}

/// What an attempt came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForwardOutcome {
    /// The destination has it; `note` for a warning.
    Delivered {
        /// Status of the response.
        status: u16,
        /// The warning in words.
        note: Option<String>,
    },
    /// To be tried again.
    Postponed {
        /// Status of the response, when there was one.
        status: Option<u16>,
        /// Why, in words.
        fault: String,
        /// Attempts that count, this one included where it does.
        attempts: u32,
        /// Not before, ms.
        next_attempt: i64,
    },
    /// Not tried again without a person.
    Dead {
        /// Status of the response, when there was one.
        status: Option<u16>,
        /// Why, in words.
        fault: String,
        /// Attempts that count.
        attempts: u32,
    },
}

/// Queues an instance for its destinations inside the transaction that makes its row. What is queued already stays.
/// Gives how many it was queued for now.
pub(super) async fn queue(
    tx: &mut Transaction<'_, Sqlite>,
    instance: &str,
    study: &str,
    destinations: &[Onward],
    at: i64,
) -> Result<u64> {
    let mut queued = 0;
    for destination in destinations {
        let done = sqlx::query(AssertSqlSafe(format!(
            "INSERT INTO forwards (instance, destination, study, state, queued_at, commit_due)
             VALUES (?, ?, ?, '{WAITING}', ?, ?) ON CONFLICT DO NOTHING"
        )))
        .bind(instance)
        .bind(&destination.destination)
        .bind(study)
        .bind(at)
        .bind(destination.commit)
        .execute(&mut **tx)
        .await?;
        queued += done.rows_affected();
    }
    Ok(queued)
}

impl Ledger {
    /// The study that waits longest for a destination, leaving out those under way.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn due_forward_study(
        &self,
        destination: &str,
        now: i64,
        under_way: &[String],
    ) -> Result<Option<String>> {
        let row: Option<(String,)> = sqlx::query_as(AssertSqlSafe(format!(
            "SELECT study FROM forwards WHERE state = '{WAITING}' AND destination = ? AND next_attempt <= ?
             AND study NOT IN (SELECT value FROM json_each(?)) ORDER BY queued_at LIMIT 1"
        )))
        .bind(destination)
        .bind(now)
        .bind(serde_json::to_string(under_way)?)
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|r| r.0))
    }

    /// Due rows of one study for one destination, in order of arrival.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn due_forwards(
        &self,
        destination: &str,
        study: &str,
        now: i64,
        limit: u32,
    ) -> Result<Vec<DueForward>> {
        Ok(sqlx::query_as(AssertSqlSafe(format!(
            "SELECT f.instance, i.sop_class, i.transfer_syntax, f.attempts, f.tried_at
             FROM forwards f JOIN instances i ON i.id = f.instance
             WHERE f.state = '{WAITING}' AND f.study = ? AND f.destination = ? AND f.next_attempt <= ?
             ORDER BY f.queued_at, f.instance LIMIT ?"
        )))
        .bind(study)
        .bind(destination)
        .bind(now)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?)
    }

    /// When the earliest waiting row of a destination becomes due, ms.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn next_forward(&self, destination: &str, under_way: &[String]) -> Result<Option<i64>> {
        let row: (Option<i64>,) = sqlx::query_as(AssertSqlSafe(format!(
            "SELECT min(next_attempt) FROM forwards WHERE state = '{WAITING}' AND destination = ?
             AND study NOT IN (SELECT value FROM json_each(?))"
        )))
        .bind(destination)
        .bind(serde_json::to_string(under_way)?)
        .fetch_one(&self.pool)
        .await?;
        Ok(row.0)
    }

    /// Records what attempts came to, with one sync. A row that a person gave up meanwhile stays given up unless it
    /// was delivered after all.
    ///
    /// # Errors
    /// The database's refusal; then none is recorded.
    pub async fn record_forwards(
        &self,
        destination: &str,
        outcomes: &[(String, ForwardOutcome)],
        now: i64,
    ) -> Result<()> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        for (instance, outcome) in outcomes {
            let (state, status, fault, attempts, next, done) = match outcome {
                ForwardOutcome::Delivered { status, note } => {
                    (ForwardState::Delivered, Some(*status), note.as_ref(), None, 0, Some(now))
                }
                ForwardOutcome::Postponed { status, fault, attempts, next_attempt } => {
                    (ForwardState::Waiting, *status, Some(fault), Some(*attempts), *next_attempt, None)
                }
                ForwardOutcome::Dead { status, fault, attempts } => {
                    (ForwardState::Dead, *status, Some(fault), Some(*attempts), 0, Some(now))
                }
            };
            sqlx::query(AssertSqlSafe(format!(
                "UPDATE forwards SET state = ?1, status = coalesce(?2, status), fault = ?3,
                 attempts = coalesce(?4, attempts), next_attempt = ?5, done_at = ?6, tried_at = ?7
                 WHERE instance = ?8 AND destination = ?9 AND (state = '{WAITING}' OR ?1 = '{DELIVERED}')"
            )))
            .bind(Word(state))
            .bind(status)
            .bind(fault)
            .bind(attempts)
            .bind(next)
            .bind(done)
            .bind(now)
            .bind(instance)
            .bind(destination)
            .execute(&mut *tx)
            .await?;
            if status.is_some() {
                collisions::answered(&mut tx, instance, destination).await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }
}
