//! What a start makes of deadlines that the last run stored: its time is not ours when the clock was set in between.

use super::{Millis, Queue, Result};

impl Queue {
    /// Makes stored deadlines again: pauses before another attempt end, no lease lasts longer than one granted now
    /// (`lease`, ms), and a session that was opened in a time to come ends: the clock was set back since, and nobody
    /// knows how much of its life is over. What waits since a time to come waits since now, so that it sinks behind
    /// nothing that comes later.
    ///
    /// # Errors
    /// Those of the database; then nothing was changed.
    pub async fn start_time(&self, lease: Millis, now: Millis) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE cases SET not_before = 0 WHERE not_before > 0").execute(&mut *tx).await?;
        sqlx::query("UPDATE leases SET until = ?1 WHERE until > ?1")
            .bind(now.saturating_add(lease))
            .execute(&mut *tx)
            .await?;
        sqlx::query("DELETE FROM sessions WHERE created_at > ?").bind(now).execute(&mut *tx).await?;
        for since in [
            "UPDATE cases SET queued_at = ?1 WHERE queued_at > ?1",
            "UPDATE envelopes SET begun_at = ?1 WHERE state = 'arriving' AND begun_at > ?1",
            "UPDATE parts SET arrived_at = ?1 WHERE arrived_at > ?1 AND envelope IN \
             (SELECT id FROM envelopes WHERE state = 'arriving')",
        ] {
            sqlx::query(since).bind(now).execute(&mut *tx).await?;
        }
        self.commit(tx).await
    }
}
