//! Callers that were turned away: counted, bounded, the oldest forgotten.
use serde::Serialize;

use crate::columns::{REFUSED_ADDRESS, REFUSED_CONFIG, REFUSED_TITLE};
use crate::error::Result;
use crate::ledger::Ledger;

/// Callers kept.
const KEPT: i64 = 200;

/// Somebody was turned away, once or several times for the same reason.
#[derive(Clone, PartialEq, Eq)]
pub struct NewRefusal {
    /// The calling AE title as it may be shown; empty where none was heard.
    pub ae_title: String,
    /// Where from.
    pub address: String,
    /// Why, in words.
    pub reason: String,
    /// The configuration lines that would admit it.
    pub config: String,
    /// How often.
    pub times: i64,
}

/// A caller that was turned away. Shown to people, never logged.
#[derive(Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct RefusedRow {
    /// The calling AE title as it may be shown; empty where none was heard.
    pub ae_title: String,
    /// Where from.
    pub address: String,
    /// Why, in words.
    pub reason: String,
    /// First time, ms.
    pub first_at: i64,
    /// Last time, ms.
    pub last_at: i64,
    /// How often.
    pub times: i64,
    /// The configuration lines that would admit it, as of the last time.
    pub config: String,
}

impl std::fmt::Debug for NewRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewRefusal").field("reason", &self.reason).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for RefusedRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RefusedRow").field("reason", &self.reason).finish_non_exhaustive()
    }
}

impl Ledger {
    /// Notes callers that were turned away, all in one transaction; repeated ones are counted.
    ///
    /// # Errors
    /// The database's refusal; then none is noted.
    pub async fn note_refused(&self, refusals: &[NewRefusal], now: i64) -> Result<()> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        for refusal in refusals {
            let caller =
                self.sealer.index(REFUSED_TITLE, &format!("{}\n{}", refusal.ae_title, refusal.address))?;
            // The first time names the row: what is sealed opens under that name alone.
            let known: Option<(i64,)> =
                sqlx::query_as("SELECT first_at FROM refused_callers WHERE caller_index = ? AND reason = ?")
                    .bind(&caller)
                    .bind(&refusal.reason)
                    .fetch_optional(&mut *transaction)
                    .await?;
            let first = known.map_or(now, |row| row.0);
            let row = row_name(&refusal.reason, first);
            sqlx::query(
                "INSERT INTO refused_callers
                 (ae_title, address, reason, first_at, last_at, times, config, caller_index)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT (caller_index, reason) DO UPDATE SET
                 last_at = excluded.last_at, times = times + excluded.times, config = excluded.config",
            )
            .bind(self.sealer.seal(REFUSED_TITLE, &row, &refusal.ae_title)?)
            .bind(self.sealer.seal(REFUSED_ADDRESS, &row, &refusal.address)?)
            .bind(&refusal.reason)
            .bind(first)
            .bind(now)
            .bind(refusal.times)
            .bind(self.sealer.seal(REFUSED_CONFIG, &row, &refusal.config)?)
            .bind(&caller)
            .execute(&mut *transaction)
            .await?;
        }
        sqlx::query(
            "DELETE FROM refused_callers WHERE rowid NOT IN
             (SELECT rowid FROM refused_callers ORDER BY last_at DESC, rowid DESC LIMIT ?)",
        )
        .bind(KEPT)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Callers that were turned away, the newest first.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn refused(&self) -> Result<Vec<RefusedRow>> {
        let mut rows: Vec<RefusedRow> = sqlx::query_as(
            "SELECT ae_title, address, reason, first_at, last_at, times, config FROM refused_callers
             ORDER BY last_at DESC, rowid DESC LIMIT ?",
        )
        .bind(KEPT)
        .fetch_all(&self.pool)
        .await?;
        for row in &mut rows {
            let name = row_name(&row.reason, row.first_at);
            row.ae_title = self.sealer.open(REFUSED_TITLE, &name, &row.ae_title)?;
            row.address = self.sealer.open(REFUSED_ADDRESS, &name, &row.address)?;
            row.config = self.sealer.open(REFUSED_CONFIG, &name, &row.config)?;
        }
        Ok(rows)
    }
}

/// As `columns.rs` names the rows of this table.
fn row_name(reason: &str, first_at: i64) -> String {
    format!("{reason}/{first_at}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    fn refusal(title: &str, times: i64, config: &str) -> NewRefusal {
        NewRefusal {
            ae_title: title.into(),
            address: "10.0.0.9".into(),
            reason: "unknown".into(),
            config: config.into(),
            times,
        }
    }

    #[tokio::test]
    async fn repeats_are_counted_and_the_oldest_are_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::create(&folder.path().join("ledger.db"), &[7; 32]).await.unwrap();
        ledger.note_refused(&[refusal("CT1", 2, "old"), refusal("MR1", 1, "x")], 10).await.unwrap();
        ledger.note_refused(&[refusal("CT1", 3, "new")], 20).await.unwrap();
        let rows = ledger.refused().await.unwrap();
        assert_eq!(rows.len(), 2);
        let ct = &rows[0];
        assert_eq!((ct.ae_title.as_str(), ct.times, ct.config.as_str()), ("CT1", 5, "new"));
        assert_eq!((ct.first_at, ct.last_at), (10, 20));
        assert!(!format!("{rows:?}").contains("CT1"));
        let stored: Vec<(String, String, String)> =
            sqlx::query_as("SELECT ae_title, address, config FROM refused_callers")
                .fetch_all(&ledger.pool)
                .await
                .unwrap();
        let plain = |text: &String| ["CT1", "MR1", "10.0.0.9", "new"].iter().any(|word| text.contains(word));
        assert!(
            !stored.iter().any(|(title, address, config)| [title, address, config].into_iter().any(plain))
        );
        for batch in 0..10 {
            let many: Vec<_> = (0..50).map(|n| refusal(&format!("X{batch}.{n}"), 1, "")).collect();
            ledger.note_refused(&many, 30 + batch).await.unwrap();
        }
        let rows = ledger.refused().await.unwrap();
        assert_eq!((rows.len(), rows[0].last_at, rows[199].last_at), (200, 39, 36));
    }
}
