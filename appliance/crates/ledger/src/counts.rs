//! Counts for the page's tiles, `status` and the demonstration.

use std::collections::BTreeMap;

use proto::case::Priority;
use sqlx::AssertSqlSafe;

use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::word::{FLAG, STAT, Word, case_states};

/// Counts for the page's tiles, `status` and the demonstration.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Counts {
    /// Studies.
    pub studies: i64,
    /// Instances.
    pub instances: i64,
    /// Bytes of all instances.
    pub bytes: i64,
    /// Studies whose newest revision has no disposition.
    pub unanswered: i64,
    /// By disposition word, newest revision of each study.
    pub dispositions: BTreeMap<String, i64>,
    /// By case state word.
    pub cases: BTreeMap<String, i64>,
    /// Disposition records decided while the cloud was away.
    pub decided_offline: i64,
    /// Bytes put on the link.
    pub bytes_sent: i64,
    /// Open flags: `flag` or STAT, not acknowledged.
    pub open_flags: i64,
    /// Reports here.
    pub reports: i64,
    /// Last arrival, ms.
    pub last_arrival: Option<i64>,
    /// Instances whose UID came again with other bytes: kept beside.
    pub beside: i64,
    /// SOP Instance UIDs of which an archive was given several instances and nobody has looked there since.
    pub collisions: i64,
}

impl Ledger {
    /// Studies that came since a time (ms), how many of them left, and STAT studies that nobody has acknowledged.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn day(&self, since: i64) -> Result<(i64, i64, i64)> {
        let sql = format!(
            "SELECT count(*), coalesce(sum(EXISTS (SELECT 1 FROM cases c WHERE c.study = s.id AND c.revision = s.revision
             AND c.state IN {})), 0) FROM studies s WHERE s.first_arrival >= ?",
            case_states(|state| !state.before_handover())
        );
        let (studies, sent) = sqlx::query_as(AssertSqlSafe(sql)).bind(since).fetch_one(&self.pool).await?;
        let (stat,) =
            sqlx::query_as("SELECT count(*) FROM studies WHERE priority = ? AND acknowledged_by IS NULL")
                .bind(Word(Priority::Stat))
                .fetch_one(&self.pool)
                .await?;
        Ok((studies, sent, stat))
    }

    /// Counts of everything.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn counts(&self) -> Result<Counts> {
        let open_flags = format!(
            "SELECT count(*) FROM studies s JOIN dispositions d ON d.study = s.id AND d.revision = s.revision
             WHERE s.acknowledged_by IS NULL AND (d.disposition = '{FLAG}' OR s.priority = '{STAT}')"
        );
        let (open_flags,) = sqlx::query_as(AssertSqlSafe(open_flags)).fetch_one(&self.pool).await?;
        let one = |sql: &'static str| async move {
            let row: (i64,) = sqlx::query_as(sql).fetch_one(&self.pool).await?;
            Ok::<i64, Error>(row.0)
        };
        let by = |sql: &'static str| async move {
            let rows: Vec<(String, i64)> = sqlx::query_as(sql).fetch_all(&self.pool).await?;
            Ok::<BTreeMap<String, i64>, Error>(rows.into_iter().collect())
        };
        let last: (Option<i64>,) =
            sqlx::query_as("SELECT max(last_arrival) FROM studies").fetch_one(&self.pool).await?;
        Ok(Counts {
            studies: one("SELECT count(*) FROM studies").await?,
            instances: one("SELECT count(*) FROM instances").await?,
            bytes: one("SELECT coalesce(sum(bytes), 0) FROM instances").await?,
            unanswered: one(
                "SELECT count(*) FROM (SELECT study FROM instances WHERE revision = 0
                 UNION SELECT s.id FROM revisions r JOIN studies s ON s.id = r.study AND s.revision = r.revision
                 WHERE r.answered = 0)",
            )
            .await?,
            dispositions: by(
                // What is sampled and not read is counted in its own place: a count that moves would tell its answer.
                "SELECT d.disposition, count(*) FROM dispositions d JOIN studies s
                 ON s.id = d.study AND s.revision = d.revision
                 WHERE NOT EXISTS (SELECT 1 FROM samples p LEFT JOIN reads q
                     ON q.study = p.study AND q.revision = p.revision
                     WHERE p.study = d.study AND p.revision = d.revision AND q.study IS NULL) GROUP BY 1",
            )
            .await?,
            cases: by("SELECT state, count(*) FROM cases GROUP BY 1").await?,
            decided_offline: one("SELECT count(*) FROM dispositions WHERE cloud_up = 0").await?,
            bytes_sent: one("SELECT coalesce(sum(bytes_sent), 0) FROM cases").await?,
            open_flags,
            reports: one("SELECT count(*) FROM reports").await?,
            last_arrival: last.0,
            beside: one("SELECT count(*) FROM instances WHERE conflict <> 0").await?,
            collisions: one(
                "SELECT count(DISTINCT sop_instance_index) FROM collisions WHERE checked_at IS NULL",
            )
            .await?,
        })
    }
}
