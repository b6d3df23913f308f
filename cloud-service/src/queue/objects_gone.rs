//! Which object folders are in use, and which are doomed: deleted after the commit that made them so.

use sqlx::{Sqlite, Transaction};

use super::{Millis, Queue, Result, audit};

impl Queue {
    /// Object folders that may be deleted now.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn doomed(&self) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar("SELECT folder FROM doomed ORDER BY since LIMIT 100")
            .fetch_all(&self.read)
            .await?)
    }

    /// Notes that a doomed folder is gone.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn folder_gone(&self, folder: &str) -> Result<()> {
        sqlx::query("DELETE FROM doomed WHERE folder = ?").bind(folder).execute(&self.write).await?;
        Ok(())
    }

    /// Gives up what has arrived of envelopes of which nothing has come since `before`: its objects are doomed, and a
    /// site that comes back begins that envelope anew. Says how many there were.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn forget_unfinished(&self, before: Millis, now: Millis) -> Result<u64> {
        let mut tx = self.begin().await?;
        let rows: Vec<(String, i64, String)> = sqlx::query_as(
            "SELECT id, case_key, site FROM envelopes e WHERE state = 'arriving' AND begun_at < ?1 AND NOT EXISTS \
             (SELECT 1 FROM parts p WHERE p.envelope = e.id AND p.arrived_at >= ?1)",
        )
        .bind(before)
        .fetch_all(&mut *tx)
        .await?;
        // Nothing to tell the others: this is asked all the time.
        if rows.is_empty() {
            return Ok(0);
        }
        for (id, case, site) in &rows {
            sqlx::query("DELETE FROM parts WHERE envelope = ?").bind(id).execute(&mut *tx).await?;
            sqlx::query("DELETE FROM envelopes WHERE id = ?").bind(id).execute(&mut *tx).await?;
            doom(&mut tx, &envelope_folder(id), now).await?;
            audit::note(&mut tx, now, site, "envelope-forgotten", Some(*case), "it was never finished")
                .await?;
        }
        self.commit(tx).await?;
        Ok(rows.len() as u64)
    }

    /// Whether any live envelope or report keeps its objects in this folder.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn folder_in_use(&self, folder: &str) -> Result<bool> {
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

/// Whether a folder is about to be deleted: nothing may be put into it until it is.
pub(super) async fn is_doomed(tx: &mut Transaction<'_, Sqlite>, folder: &str) -> Result<bool> {
    let hit = sqlx::query("SELECT 1 FROM doomed WHERE folder = ?").bind(folder).fetch_optional(&mut **tx);
    Ok(hit.await?.is_some())
}

pub(super) fn report_folder(id: &str) -> String {
    format!("reports/{id}")
}
