//! Which object folders are in use, and which are doomed: deleted after the commit that made them so.

use sqlx::{Sqlite, Transaction};

use super::{Millis, Queue, Result};

impl Queue {
    /// Object folders that may be deleted now.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn doomed(&self) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar("SELECT folder FROM doomed ORDER BY since LIMIT 100")
            .fetch_all(&self.read)
            .await?)
    }

    /// Notes that a doomed folder is gone.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn folder_gone(&self, folder: &str) -> Result<()> {
        sqlx::query("DELETE FROM doomed WHERE folder = ?").bind(folder).execute(&self.write).await?;
        Ok(())
    }

    /// Whether any live envelope or report keeps its objects in this folder.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn folder_in_use(&self, folder: &str) -> Result<bool> {
        let Some((room, id)) = folder.split_once('/') else { return Ok(true) };
        let hit = match room {
            "envelopes" => {
                sqlx::query("SELECT 1 FROM envelopes WHERE id = ? AND state <> 'dropped'")
                    .bind(id)
                    .fetch_optional(&self.read)
                    .await?
            }
            "reports" => {
                sqlx::query("SELECT 1 FROM reports WHERE id = ?").bind(id).fetch_optional(&self.read).await?
            }
            _ => return Ok(true),
        };
        Ok(hit.is_some())
    }
}

pub(super) fn envelope_folder(id: &str) -> String {
    format!("envelopes/{id}")
}

pub(super) async fn doom(tx: &mut Transaction<'_, Sqlite>, folder: &str, now: Millis) -> Result<()> {
    sqlx::query("INSERT INTO doomed (folder, since) VALUES (?, ?) ON CONFLICT DO NOTHING")
        .bind(folder)
        .bind(now)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

pub(super) fn report_folder(id: &str) -> String {
    format!("reports/{id}")
}
