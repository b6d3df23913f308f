//! Single values that are remembered by name.

use crate::error::Result;
use crate::ledger::Ledger;

impl Ledger {
    /// A remembered single value, e.g. since when the cloud is away.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn fact(&self, key: &str) -> Result<Option<String>> {
        let row: Option<(String,)> = sqlx::query_as("SELECT value FROM facts WHERE key = ?")
            .bind(key)
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.map(|r| r.0))
    }

    /// Remembers a single value, or forgets it.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn set_fact(&self, key: &str, value: Option<&str>) -> Result<()> {
        match value {
            Some(v) => {
                sqlx::query(
                    "INSERT INTO facts VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                )
                .bind(key)
                .bind(v)
                .execute(&self.pool)
                .await?
            }
            None => sqlx::query("DELETE FROM facts WHERE key = ?").bind(key).execute(&self.pool).await?,
        };
        Ok(())
    }

    /// Since when the cloud is away, in ms; `None` while it answers or none is configured.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn cloud_away_since(&self) -> Result<Option<i64>> {
        Ok(self.fact("cloud_away_since").await?.and_then(|v| v.parse().ok()))
    }
}
