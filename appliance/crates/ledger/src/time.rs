//! What a start makes of deadlines that the last run stored: its time is not ours when the clock was set in between.

#[cfg(test)]
mod tests;

use domain::case_state::CaseState;
use sqlx::AssertSqlSafe;

use crate::accounts::CODE_MS;
use crate::error::Result;
use crate::ledger::Ledger;
use crate::word::{WAITING, Word, case_states};

/// With which time a start begins.
#[derive(Debug, Clone)]
pub struct Start {
    /// The time, ms.
    pub now: i64,
    /// By how much it differs from what the last run would have gone on with, ms; `None` when nobody knows.
    pub moved: Option<i64>,
    /// How long a person may object before a case leaves, ms.
    pub countdown: i64,
}

impl Ledger {
    /// Makes stored deadlines again, and remembers `facts` in the same transaction:
    /// - pauses before another attempt end: a start tries everything once, and waits again for what fails;
    /// - countdowns of cases, sessions and one-time codes keep what was left of them. Where nobody knows that, people
    ///   get the whole countdown again and sign in again, and no code is good for longer than a new one;
    /// - what happened in a time to come happened now: an archive is asked again some day, and a step that ended keeps
    ///   no study waiting.
    ///
    /// # Errors
    /// The database's refusal; then nothing was changed.
    pub async fn start_time(&self, start: &Start, facts: &[(&str, String)]) -> Result<()> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        for (table, waits) in [
            ("forwards", format!("state = '{WAITING}'")),
            ("cases", format!("state IN {}", case_states(CaseState::in_upload))),
            ("commitments", "told_at IS NULL".to_owned()),
            ("upstream_commitments", "answered_at IS NULL".to_owned()),
        ] {
            let sql = format!("UPDATE {table} SET next_attempt = 0 WHERE {waits} AND next_attempt > 0");
            sqlx::query(AssertSqlSafe(sql)).execute(&mut *tx).await?;
        }
        for ahead in [
            "UPDATE upstream_commitments SET asked_at = ?1 WHERE answered_at IS NULL AND asked_at > ?1",
            "UPDATE performed_steps SET ended_at = ?1 WHERE ended_at > ?1",
        ] {
            sqlx::query(ahead).bind(start.now).execute(&mut *tx).await?;
        }
        // `leaves_at` 0 is "at once": nobody objects to what had left before.
        let (leaves, by) = match start.moved {
            Some(moved) => {
                ("UPDATE cases SET leaves_at = leaves_at + ? WHERE state = ? AND leaves_at > 0", moved)
            }
            None => (
                "UPDATE cases SET leaves_at = ? WHERE state = ? AND leaves_at > 0",
                start.now.saturating_add(start.countdown),
            ),
        };
        sqlx::query(leaves).bind(by).bind(Word(CaseState::Leaving)).execute(&mut *tx).await?;
        if let Some(moved) = start.moved {
            for sql in [
                "UPDATE sessions SET until = until + ?1, opened_at = opened_at + ?1",
                "UPDATE users SET code_until = code_until + ? WHERE code_until IS NOT NULL",
            ] {
                sqlx::query(sql).bind(moved).execute(&mut *tx).await?;
            }
        }
        if start.moved.is_none() {
            sqlx::query("DELETE FROM sessions").execute(&mut *tx).await?;
            sqlx::query("UPDATE users SET code_until = min(code_until, ?)")
                .bind(start.now.saturating_add(CODE_MS))
                .execute(&mut *tx)
                .await?;
        }
        for (key, value) in facts {
            sqlx::query(
                "INSERT INTO facts VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            )
            .bind(key)
            .bind(value)
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
