//! Originals that go on: one row per instance and destination, from the moment the instance has its own row.

use sqlx::{FromRow, Sqlite, Transaction};

use super::{Ledger, Result};

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

/// One row as `forward list` shows it.
#[derive(Debug, Clone, FromRow, serde::Serialize)]
pub struct ForwardRow {
    /// Name of the entry file.
    pub instance: String,
    /// Local id of its study.
    pub study: String,
    /// The rule's name.
    pub destination: String,
    /// `waiting`, `delivered`, `dead`, `given-up`, or `replaced` by a corrected instance before it was sent.
    pub state: String,
    /// Attempts that counted.
    pub attempts: u32,
    /// Not before, ms.
    pub next_attempt: i64,
    /// Status of the last C-STORE response.
    pub status: Option<u32>,
    /// Why it is dead, waits or was given up, or the warning it was delivered with.
    pub fault: Option<String>,
    /// Queued, ms.
    pub queued_at: i64,
    /// Delivered, dead or given up, ms.
    pub done_at: Option<i64>,
    /// Whether the destination is asked to commit to it.
    pub commit_due: bool,
    /// When it has committed, ms.
    pub committed_at: Option<i64>,
}

/// A destination that an instance is queued for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Onward {
    /// The rule's name.
    pub destination: String,
    /// Whether it is asked to commit (PS3.4 annex J) to what it was given.
    pub commit: bool,
}

/// Numbers of one destination.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct ForwardQueue {
    /// The rule's name.
    pub destination: String,
    /// Rows that wait.
    pub waiting: i64,
    /// When the oldest of them was queued, ms.
    pub oldest: Option<i64>,
    /// Dead letters.
    pub dead: i64,
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
pub(super) async fn queue(
    tx: &mut Transaction<'_, Sqlite>,
    instance: &str,
    study: &str,
    destinations: &[Onward],
    at: i64,
) -> Result<()> {
    for destination in destinations {
        sqlx::query(
            "INSERT INTO forwards (instance, destination, study, state, queued_at, commit_due)
             VALUES (?, ?, ?, 'waiting', ?, ?) ON CONFLICT DO NOTHING",
        )
        .bind(instance)
        .bind(&destination.destination)
        .bind(study)
        .bind(at)
        .bind(destination.commit)
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
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
        let row: Option<(String,)> = sqlx::query_as(
            "SELECT study FROM forwards WHERE state = 'waiting' AND destination = ? AND next_attempt <= ?
             AND study NOT IN (SELECT value FROM json_each(?)) ORDER BY queued_at LIMIT 1",
        )
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
        Ok(sqlx::query_as(
            "SELECT f.instance, i.sop_class, i.transfer_syntax, f.attempts, f.tried_at
             FROM forwards f JOIN instances i ON i.id = f.instance
             WHERE f.state = 'waiting' AND f.study = ? AND f.destination = ? AND f.next_attempt <= ?
             ORDER BY f.queued_at, f.instance LIMIT ?",
        )
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
        let row: (Option<i64>,) = sqlx::query_as(
            "SELECT min(next_attempt) FROM forwards WHERE state = 'waiting' AND destination = ?
             AND study NOT IN (SELECT value FROM json_each(?))",
        )
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
                    ("delivered", Some(*status), note.as_ref(), None, 0, Some(now))
                }
                ForwardOutcome::Postponed { status, fault, attempts, next_attempt } => {
                    ("waiting", *status, Some(fault), Some(*attempts), *next_attempt, None)
                }
                ForwardOutcome::Dead { status, fault, attempts } => {
                    ("dead", *status, Some(fault), Some(*attempts), 0, Some(now))
                }
            };
            sqlx::query(
                "UPDATE forwards SET state = ?1, status = ?2, fault = ?3, attempts = coalesce(?4, attempts),
                 next_attempt = ?5, done_at = ?6, tried_at = ?7
                 WHERE instance = ?8 AND destination = ?9 AND (state = 'waiting' OR ?1 = 'delivered')",
            )
            .bind(state)
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
        }
        tx.commit().await?;
        Ok(())
    }

    /// Numbers of every destination that has rows waiting or dead.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn forward_queues(&self) -> Result<Vec<ForwardQueue>> {
        let waiting: Vec<(String, i64, Option<i64>)> = sqlx::query_as(
            "SELECT destination, count(*), min(queued_at) FROM forwards WHERE state = 'waiting' GROUP BY 1",
        )
        .fetch_all(&self.pool)
        .await?;
        let dead: Vec<(String, i64)> =
            sqlx::query_as("SELECT destination, count(*) FROM forwards WHERE state = 'dead' GROUP BY 1")
                .fetch_all(&self.pool)
                .await?;
        let mut queues: Vec<ForwardQueue> = waiting
            .into_iter()
            .map(|(destination, waiting, oldest)| ForwardQueue { destination, waiting, oldest, dead: 0 })
            .collect();
        for (destination, dead) in dead {
            match queues.iter_mut().find(|q| q.destination == destination) {
                Some(queue) => queue.dead = dead,
                None => queues.push(ForwardQueue { destination, dead, ..ForwardQueue::default() }),
            }
        }
        queues.sort_by(|a, b| a.destination.cmp(&b.destination));
        Ok(queues)
    }

    /// Rows in one of `states` (empty: all) of a destination (empty: all), the oldest first.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn forwards(&self, destination: &str, states: &[&str], limit: u32) -> Result<Vec<ForwardRow>> {
        Ok(sqlx::query_as(
            "SELECT instance, study, destination, state, attempts, next_attempt, status, fault, queued_at, done_at,
             commit_due <> 0 AS commit_due, committed_at FROM forwards WHERE (?1 = '' OR destination = ?1)
             AND (?2 = '[]' OR state IN (SELECT value FROM json_each(?2))) ORDER BY queued_at, instance LIMIT ?3",
        )
        .bind(destination)
        .bind(serde_json::to_string(states)?)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?)
    }

    /// Where one instance is to go and how far it got: its row for each destination.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn forwards_of(&self, instance: &str) -> Result<Vec<ForwardRow>> {
        Ok(sqlx::query_as(
            "SELECT instance, study, destination, state, attempts, next_attempt, status, fault, queued_at, done_at,
             commit_due <> 0 AS commit_due, committed_at FROM forwards WHERE instance = ? ORDER BY destination",
        )
        .bind(instance)
        .fetch_all(&self.pool)
        .await?)
    }

    /// Whether every destination has this instance, or a named person gave it up there. An instance that no rule
    /// sends anywhere is `true`: whether its sender keeps it is not this table's to say.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn delivered_everywhere(&self, instance: &str) -> Result<bool> {
        let row: (bool,) = sqlx::query_as(
            "SELECT NOT EXISTS (SELECT 1 FROM forwards WHERE instance = ?
             AND state NOT IN ('delivered', 'given-up', 'replaced'))",
        )
        .bind(instance)
        .fetch_one(&self.pool)
        .await?;
        Ok(row.0)
    }

    /// The same for all instances of a study at once.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn study_delivered_everywhere(&self, study: &str) -> Result<bool> {
        let row: (bool,) = sqlx::query_as(
            "SELECT NOT EXISTS (SELECT 1 FROM forwards WHERE study = ?
             AND state NOT IN ('delivered', 'given-up', 'replaced'))",
        )
        .bind(study)
        .fetch_one(&self.pool)
        .await?;
        Ok(row.0)
    }

    /// Makes dead letters of a destination (or one instance's) wait again, and everything that waits there due now.
    /// Returns how many dead letters there were.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn retry_forwards(&self, destination: &str, instance: Option<&str>) -> Result<u64> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query(
            "UPDATE forwards SET next_attempt = 0 WHERE state = 'waiting' AND destination = ?1
             AND (?2 IS NULL OR instance = ?2)",
        )
        .bind(destination)
        .bind(instance)
        .execute(&mut *tx)
        .await?;
        let done = sqlx::query(
            "UPDATE forwards SET state = 'waiting', attempts = 0, next_attempt = 0, done_at = NULL
             WHERE state = 'dead' AND destination = ?1 AND (?2 IS NULL OR instance = ?2)",
        )
        .bind(destination)
        .bind(instance)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(done.rows_affected())
    }

    /// Gives dead letters of a destination up, in a person's words; with `waiting`, also what still waits there.
    /// Returns how many.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn give_up_forwards(
        &self,
        destination: &str,
        instance: Option<&str>,
        waiting: bool,
        reason: &str,
        now: i64,
    ) -> Result<u64> {
        let done = sqlx::query(
            "UPDATE forwards SET state = 'given-up', fault = ?1, done_at = ?2
             WHERE (state = 'dead' OR (state = 'waiting' AND ?3)) AND destination = ?4
             AND (?5 IS NULL OR instance = ?5)",
        )
        .bind(reason)
        .bind(now)
        .bind(waiting)
        .bind(destination)
        .bind(instance)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected())
    }
}
