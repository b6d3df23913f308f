//! Open flags and the calls made about them.

use sqlx::{AssertSqlSafe, FromRow};

use crate::error::Result;
use crate::events;
use crate::ledger::Ledger;
use crate::word::{FLAG, SHADOW, STAT, Word, by_priority};
use domain::oversight::Ladder;
use proto::case::Priority;

/// A flag that nobody has acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct OpenFlag {
    /// Study.
    pub study: String,
    /// Revision that was answered.
    pub revision: u32,
    /// Priority.
    #[sqlx(try_from = "Word<Priority>")]
    pub priority: Priority,
    /// Since when it is open, ms.
    pub since: i64,
    /// Calls tried so far.
    pub tried: u32,
    /// How many of the last tries in a row did not get through.
    pub failed: u32,
    /// When the last was tried, ms.
    pub last: Option<i64>,
}

impl OpenFlag {
    /// As the ladder sees it, with the site's target in ms.
    #[must_use]
    pub fn ladder(&self, target: i64) -> Ladder {
        Ladder { since: self.since, target, tried: self.tried, failed: self.failed, last: self.last }
    }
}

/// A call about a flag.
#[derive(Debug, Clone, PartialEq, Eq, FromRow, serde::Serialize)]
pub struct CallRow {
    /// Its number, from 0.
    pub number: u32,
    /// The contact's name.
    pub contact: String,
    /// When, ms.
    pub called_at: i64,
    /// Why it did not get through.
    pub fault: Option<String>,
}

impl Ledger {
    /// Flags and STAT studies open since `since` (ms) or later that nobody has acknowledged: STAT, then URGENT, then the
    /// longest open. What triage says in shadow mode, then or now (`shadow`), calls nobody; a STAT that a person raised does.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn open_flags(&self, since: i64, shadow: bool) -> Result<Vec<OpenFlag>> {
        let urgency = by_priority("s.priority");
        Ok(sqlx::query_as(AssertSqlSafe(format!(
            "SELECT s.id AS study, s.revision, s.priority,
             ?2 = 0 AND d.mode <> '{SHADOW}' AND (d.disposition = '{FLAG}' OR d.priority = '{STAT}') AS flagged,
             CASE WHEN ?2 = 0 AND d.mode <> '{SHADOW}' AND (d.disposition = '{FLAG}' OR d.priority = '{STAT}')
                 THEN d.decided_at ELSE s.raised_at END AS since,
             (SELECT count(*) FROM calls c WHERE c.study = s.id AND c.revision = s.revision) AS tried,
             (SELECT count(*) FROM calls c WHERE c.study = s.id AND c.revision = s.revision
                 AND c.number > coalesce((SELECT max(g.number) FROM calls g WHERE g.study = s.id
                     AND g.revision = s.revision AND g.fault IS NULL), -1)) AS failed,
             (SELECT called_at FROM calls c WHERE c.study = s.id AND c.revision = s.revision
                 ORDER BY number DESC LIMIT 1) AS last
             FROM studies s JOIN dispositions d ON d.study = s.id AND d.revision = s.revision
             WHERE s.acknowledged_by IS NULL AND (flagged OR s.raised_at IS NOT NULL) AND since >= ?1
             ORDER BY {urgency}, since, s.id"
        )))
        .bind(since)
        .bind(shadow)
        .fetch_all(&self.pool)
        .await?)
    }

    /// Records a call, whether it got through or not; `false`: this call was recorded already.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn record_call(
        &self,
        (study, revision): (&str, u32),
        (number, contact): (u32, &str),
        fault: Option<&str>,
        now: i64,
    ) -> Result<bool> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let done = sqlx::query(
            "INSERT INTO calls (study, revision, number, contact, called_at, fault) VALUES (?, ?, ?, ?, ?, ?)
             ON CONFLICT DO NOTHING",
        )
        .bind(study)
        .bind(revision)
        .bind(number)
        .bind(contact)
        .bind(now)
        .bind(fault)
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        let line = match fault {
            None => format!("{contact} was called: nobody has acknowledged it"),
            Some(fault) => format!("{contact} could not be called: {fault}"),
        };
        events::add(&mut *tx, &self.sealer, study, "appliance", &line, now).await?;
        tx.commit().await?;
        Ok(true)
    }
}
