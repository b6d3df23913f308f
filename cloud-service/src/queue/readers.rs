//! What the readers of each process can do, kept beside the cases so that the page and `status` can tell.

use sqlx::Row;

use super::{Millis, Queue, Result};

/// The readers of one process.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Readers {
    /// `reader-` and the process number; the names in its leases begin with it.
    pub process: String,
    /// Since when they can draft nothing.
    #[serde(rename = "away_since_ms")]
    pub away_since: Option<Millis>,
    /// Why, and what to do; words of ours.
    pub why: String,
}

impl Queue {
    /// Keeps what the readers of a process can do.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn say_readers(&self, readers: &Readers) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO readers (process, away_since, why) VALUES (?, ?, ?) ON CONFLICT (process) \
             DO UPDATE SET away_since = excluded.away_since, why = excluded.why",
        )
        .bind(&readers.process)
        .bind(readers.away_since)
        .bind(&readers.why)
        .execute(&mut *tx)
        .await?;
        self.commit(tx).await
    }

    /// The readers of every process that has any.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn readers(&self) -> Result<Vec<Readers>> {
        let rows = sqlx::query("SELECT process, away_since, why FROM readers ORDER BY process")
            .fetch_all(&self.read)
            .await?;
        rows.iter()
            .map(|r| {
                Ok(Readers {
                    process: r.try_get("process")?,
                    away_since: r.try_get("away_since")?,
                    why: r.try_get("why")?,
                })
            })
            .collect()
    }

    /// Forgets the readers of processes that have ended; `gone` says so of a process. Where there are none, no watcher is told.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn forget_readers(&self, gone: impl Fn(&str) -> bool) -> Result<()> {
        let mut ended = self.readers().await?;
        ended.retain(|r| gone(&r.process));
        if ended.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        for readers in &ended {
            sqlx::query("DELETE FROM readers WHERE process = ?")
                .bind(&readers.process)
                .execute(&mut *tx)
                .await?;
        }
        self.commit(tx).await
    }
}
