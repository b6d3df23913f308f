//! What a start makes of deadlines that the last run stored: its time is not ours when the clock was set in between.

#[cfg(test)]
mod tests;

use super::{CODE_MS, Ledger, Result};

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
        for pauses in [
            "UPDATE forwards SET next_attempt = 0 WHERE state = 'waiting' AND next_attempt > 0",
            "UPDATE cases SET next_attempt = 0 WHERE state IN ('sealed', 'sending') AND next_attempt > 0",
            "UPDATE commitments SET next_attempt = 0 WHERE told_at IS NULL AND next_attempt > 0",
            "UPDATE upstream_commitments SET next_attempt = 0 WHERE answered_at IS NULL AND next_attempt > 0",
        ] {
            sqlx::query(pauses).execute(&mut *tx).await?;
        }
        for ahead in [
            "UPDATE upstream_commitments SET asked_at = ?1 WHERE answered_at IS NULL AND asked_at > ?1",
            "UPDATE performed_steps SET ended_at = ?1 WHERE ended_at > ?1",
        ] {
            sqlx::query(ahead).bind(start.now).execute(&mut *tx).await?;
        }
        // `leaves_at` 0 is "at once": nobody objects to what had left before.
        let (kept, by): (&[&'static str], i64) = match start.moved {
            Some(moved) => (
                &[
                    "UPDATE cases SET leaves_at = leaves_at + ? WHERE state = 'leaving' AND leaves_at > 0",
                    "UPDATE sessions SET until = until + ?1, opened_at = opened_at + ?1",
                    "UPDATE users SET code_until = code_until + ? WHERE code_until IS NOT NULL",
                ],
                moved,
            ),
            None => (
                &["UPDATE cases SET leaves_at = ? WHERE state = 'leaving' AND leaves_at > 0"],
                start.now.saturating_add(start.countdown),
            ),
        };
        for sql in kept {
            sqlx::query(*sql).bind(by).execute(&mut *tx).await?;
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
