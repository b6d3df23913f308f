//! Who did what and when: rows are only ever added (the schema refuses anything else).

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite, SqliteConnection, Transaction};

use super::{Millis, Queue, Result};

/// One line of the audit.
#[derive(Debug, Clone, serde::Serialize)]
pub struct AuditRow {
    /// When.
    pub at: Millis,
    /// A user's name, `reader`, `service`, `operator` (a command), or a site's name.
    pub actor: String,
    /// A verb of ours.
    pub action: String,
    /// Words of ours or a reason a person typed; never anything from a case.
    pub detail: String,
}

pub(super) async fn note(
    tx: &mut Transaction<'_, Sqlite>,
    at: Millis,
    actor: &str,
    action: &str,
    case: Option<i64>,
    detail: &str,
) -> Result<()> {
    note_on(&mut *tx, at, actor, action, case, detail).await
}

async fn note_on(
    conn: &mut SqliteConnection,
    at: Millis,
    actor: &str,
    action: &str,
    case: Option<i64>,
    detail: &str,
) -> Result<()> {
    sqlx::query("INSERT INTO audit (at, actor, action, case_key, detail) VALUES (?, ?, ?, ?, ?)")
        .bind(at)
        .bind(actor)
        .bind(action)
        .bind(case)
        .bind(detail)
        .execute(conn)
        .await?;
    Ok(())
}

impl Queue {
    /// Notes an action that changes nothing else here (a sign-in, an export).
    ///
    /// # Errors
    /// Those of the database.
    pub async fn note(
        &self,
        at: Millis,
        actor: &str,
        action: &str,
        case: Option<i64>,
        detail: &str,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        note(&mut tx, at, actor, action, case, detail).await?;
        self.commit(tx).await?;
        Ok(())
    }

    /// The timeline of a case, oldest first: its last 200 lines.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn timeline(&self, case: i64) -> Result<Vec<AuditRow>> {
        let rows = sqlx::query(
            "SELECT at, actor, action, detail FROM (SELECT * FROM audit WHERE case_key = ? \
             ORDER BY number DESC LIMIT 200) ORDER BY number",
        )
        .bind(case)
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(line).collect()
    }

    /// What was noted of no case, oldest first.
    #[cfg(test)]
    pub(crate) async fn audited(&self) -> Result<Vec<AuditRow>> {
        let sql = "SELECT at, actor, action, detail FROM audit WHERE case_key IS NULL ORDER BY number";
        sqlx::query(sql).fetch_all(&self.read).await?.iter().map(line).collect()
    }
}

fn line(r: &SqliteRow) -> Result<AuditRow> {
    Ok(AuditRow {
        at: r.try_get("at")?,
        actor: r.try_get("actor")?,
        action: r.try_get("action")?,
        detail: r.try_get("detail")?,
    })
}
