//! What a person sees of originals that go on, and decides about them.

use sqlx::{AssertSqlSafe, FromRow};

use crate::error::Result;
use crate::ledger::Ledger;
use crate::word::{DEAD, GIVEN_UP, REPLACED, WAITING, Word};
use domain::forward_state::ForwardState;

/// One row as `forward list` shows it.
#[derive(Debug, Clone, FromRow, serde::Serialize)]
pub struct ForwardRow {
    /// Name of the entry file.
    pub instance: String,
    /// Local id of its study.
    pub study: String,
    /// The rule's name.
    pub destination: String,
    /// How far it got.
    #[sqlx(try_from = "Word<ForwardState>")]
    pub state: ForwardState,
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
    /// What its last C-STORE response says: `accepted`, `coerced` (a warning: its copy differs, or it has doubts) or
    /// `refused`.
    pub answer: Option<String>,
    /// Another instance of its SOP Instance UID, of another study or patient, goes there too.
    pub collision: bool,
    /// Who has looked at the archive since its last answer, of a collision.
    pub checked_by: Option<String>,
    /// When, ms.
    pub checked_at: Option<i64>,
}

/// A response's status in a word (PS3.4 table B.2-1); `f` is the forward row.
pub(super) const ANSWER: &str =
    "CASE WHEN f.status = 0 THEN 'accepted' WHEN f.status IN (0xB000, 0xB006, 0xB007)
    THEN 'coerced' WHEN f.status IS NOT NULL THEN 'refused' END";

/// Rows as [`ForwardRow`].
fn rows() -> String {
    format!(
        "SELECT f.instance, f.study, f.destination, f.state, f.attempts, f.next_attempt, f.status, f.fault, f.queued_at,
         f.done_at, f.commit_due <> 0 AS commit_due, f.committed_at, {ANSWER} AS answer,
         c.found_at IS NOT NULL AS collision, c.checked_by, c.checked_at
         FROM forwards f JOIN instances i ON i.id = f.instance LEFT JOIN collisions c
         ON c.sop_instance_index = i.sop_instance_index AND c.destination = f.destination AND f.state <> '{REPLACED}'"
    )
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

impl Ledger {
    /// Numbers of every destination that has rows waiting or dead.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn forward_queues(&self) -> Result<Vec<ForwardQueue>> {
        let waiting: Vec<(String, i64, Option<i64>)> = sqlx::query_as(AssertSqlSafe(format!(
            "SELECT destination, count(*), min(queued_at) FROM forwards WHERE state = '{WAITING}' GROUP BY 1"
        )))
        .fetch_all(&self.pool)
        .await?;
        let dead: Vec<(String, i64)> = sqlx::query_as(AssertSqlSafe(format!(
            "SELECT destination, count(*) FROM forwards WHERE state = '{DEAD}' GROUP BY 1"
        )))
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

    /// Rows in one of `states` (empty: all; `collision`: what a person is to check at the archive, whatever its state) of
    /// a destination (empty: all), the oldest first.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn forwards(&self, destination: &str, states: &[&str], limit: u32) -> Result<Vec<ForwardRow>> {
        let sql = format!(
            "{} WHERE (?1 = '' OR f.destination = ?1) AND (?2 = '[]' OR f.state IN (SELECT value FROM json_each(?2))
             OR (?3 AND c.found_at IS NOT NULL AND c.checked_at IS NULL)) ORDER BY f.queued_at, f.instance LIMIT ?4",
            rows()
        );
        Ok(sqlx::query_as(AssertSqlSafe(sql))
            .bind(destination)
            .bind(serde_json::to_string(states)?)
            .bind(states.contains(&"collision"))
            .bind(limit)
            .fetch_all(&self.pool)
            .await?)
    }

    /// Where one instance is to go and how far it got: its row for each destination.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn forwards_of(&self, instance: &str) -> Result<Vec<ForwardRow>> {
        let sql = format!("{} WHERE f.instance = ? ORDER BY f.destination", rows());
        Ok(sqlx::query_as(AssertSqlSafe(sql)).bind(instance).fetch_all(&self.pool).await?)
    }

    /// Makes dead letters of a destination (or one instance's) wait again, and everything that waits there due now.
    /// Returns how many dead letters there were.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn retry_forwards(&self, destination: &str, instance: Option<&str>) -> Result<u64> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query(AssertSqlSafe(format!(
            "UPDATE forwards SET next_attempt = 0 WHERE state = '{WAITING}' AND destination = ?1
             AND (?2 IS NULL OR instance = ?2)"
        )))
        .bind(destination)
        .bind(instance)
        .execute(&mut *tx)
        .await?;
        let done = sqlx::query(AssertSqlSafe(format!(
            "UPDATE forwards SET state = '{WAITING}', attempts = 0, next_attempt = 0, done_at = NULL
             WHERE state = '{DEAD}' AND destination = ?1 AND (?2 IS NULL OR instance = ?2)"
        )))
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
        let done = sqlx::query(AssertSqlSafe(format!(
            "UPDATE forwards SET state = '{GIVEN_UP}', fault = ?1, done_at = ?2
             WHERE (state = '{DEAD}' OR (state = '{WAITING}' AND ?3)) AND destination = ?4
             AND (?5 IS NULL OR instance = ?5)"
        )))
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
