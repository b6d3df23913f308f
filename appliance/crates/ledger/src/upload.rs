//! The way of a sealed case to the cloud: due, progress, receipt, refusal, withdrawal.

use domain::case_state::{CaseEvent, CaseState};
use sqlx::{AssertSqlSafe, FromRow};

use crate::cases::CaseRow;
use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::name::Name;
use crate::word::{Word, by_priority, case_states};
use proto::ids::CaseId;

/// Numbers of what waits.
#[derive(Debug, Clone, Copy, Default, FromRow)]
pub struct Waiting {
    /// Sealed cases without a receipt.
    pub waiting: i64,
    /// Creation of the oldest of them, ms.
    pub oldest: Option<i64>,
    /// Cases with a receipt and without a report.
    pub awaiting_report: i64,
}

/// SQL list of the states of what is on its way to the cloud.
fn in_upload() -> String {
    case_states(CaseState::in_upload)
}

/// SQL list of the states that an event moves a case from.
fn moved_by(event: CaseEvent) -> String {
    case_states(|state| event.moves(state))
}

impl Ledger {
    /// Sealed or half-sent cases whose time has come, STAT first.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn due_cases(&self, now: i64, limit: u32) -> Result<Vec<CaseRow>> {
        let sql = format!(
            "SELECT * FROM cases WHERE state IN {} AND next_attempt <= ? ORDER BY {}, created_at, id LIMIT ?",
            in_upload(),
            by_priority("priority")
        );
        let rows = sqlx::query_as(AssertSqlSafe(sql)).bind(now).bind(limit).fetch_all(&self.pool).await?;
        self.all_opened(rows)
    }

    /// When the earliest waiting case becomes due, ms.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn next_due(&self) -> Result<Option<i64>> {
        let sql = format!("SELECT min(next_attempt) FROM cases WHERE state IN {}", in_upload());
        let row: (Option<i64>,) = sqlx::query_as(AssertSqlSafe(sql)).fetch_one(&self.pool).await?;
        Ok(row.0)
    }

    /// Numbers of what waits.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn waiting(&self) -> Result<Waiting> {
        let sent = in_upload();
        let sql = format!(
            "SELECT (SELECT count(*) FROM cases WHERE state IN {sent}) AS waiting,
                    (SELECT min(created_at) FROM cases WHERE state IN {sent}) AS oldest,
                    (SELECT count(*) FROM cases WHERE state = ?) AS awaiting_report"
        );
        Ok(sqlx::query_as(AssertSqlSafe(sql)).bind(Word(CaseState::Received)).fetch_one(&self.pool).await?)
    }

    /// Every envelope named in the ledger that may still be needed, those of cases that undo would send again included.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn envelopes_in_use(&self) -> Result<Vec<String>> {
        let was = |state: CaseState| format!("before LIKE '%{state}%'");
        let sql = format!(
            "SELECT envelope FROM cases WHERE envelope IS NOT NULL AND (state IN {} OR state IN {} AND ({} OR {}))",
            in_upload(),
            case_states(CaseState::undoable),
            was(CaseState::Sealed),
            was(CaseState::Sending)
        );
        let rows: Vec<(String,)> = sqlx::query_as(AssertSqlSafe(sql)).fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(|r| r.0).collect())
    }

    /// The study whose case an envelope holds.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn study_of_envelope(&self, envelope: &str) -> Result<Option<String>> {
        let row: Option<(String,)> = sqlx::query_as("SELECT study FROM cases WHERE envelope = ?")
            .bind(envelope)
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.map(|r| r.0))
    }

    /// Makes every waiting upload due now: a person asked.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn make_due(&self) -> Result<()> {
        let sql = format!("UPDATE cases SET next_attempt = 0 WHERE state IN {}", in_upload());
        sqlx::query(AssertSqlSafe(sql)).execute(&self.pool).await?;
        Ok(())
    }

    /// The link is back: what waits is due now. What failed twice in a row without a part getting through keeps its
    /// pause, for it may be what breaks the link, and an urgent one would keep all others waiting.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn link_is_back(&self) -> Result<()> {
        let sql =
            format!("UPDATE cases SET next_attempt = 0 WHERE state IN {} AND attempts < 2", in_upload());
        sqlx::query(AssertSqlSafe(sql)).execute(&self.pool).await?;
        Ok(())
    }

    /// Progress of an upload: parts the cloud has, parts in all, bytes put on the link since the last call.
    ///
    /// # Errors
    /// [`Error::Refused`] when a person stopped the case: the upload must end.
    pub async fn record_progress(&self, envelope: &str, there: u32, parts: u32, bytes: u64) -> Result<()> {
        let bytes = i64::try_from(bytes).map_err(|_| Error::Row("bytes"))?;
        let sql = format!(
            "UPDATE cases SET state = ?, parts_sent = ?, parts_total = ?, bytes_sent = bytes_sent + ?,
             attempts = 0, fault = NULL WHERE envelope = ? AND state IN {}",
            moved_by(CaseEvent::PartsSent)
        );
        let done = sqlx::query(AssertSqlSafe(sql))
            .bind(Word(CaseEvent::PartsSent.to()))
            .bind(there)
            .bind(parts)
            .bind(bytes)
            .bind(envelope)
            .execute(&self.pool)
            .await?;
        if done.rows_affected() == 1 { Ok(()) } else { Err(Error::Refused("the case was stopped".into())) }
    }

    /// Records the receipt: the cloud holds the whole envelope durably. A case that was stopped meanwhile stays
    /// stopped and is withdrawn.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn record_received(&self, envelope: &str, now: i64) -> Result<()> {
        let sql = format!(
            "UPDATE cases SET state = ?, received_at = ?, fault = NULL, parts_sent = parts_total
             WHERE envelope = ? AND state IN {}",
            moved_by(CaseEvent::Receipt)
        );
        sqlx::query(AssertSqlSafe(sql))
            .bind(Word(CaseEvent::Receipt.to()))
            .bind(now)
            .bind(envelope)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Records a failed attempt and when the next may be made.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn record_postponed(&self, envelope: &str, failures: u32, not_before: i64) -> Result<()> {
        sqlx::query("UPDATE cases SET attempts = ?, next_attempt = ? WHERE envelope = ?")
            .bind(failures)
            .bind(not_before)
            .bind(envelope)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// The envelope will not be sent again by itself.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn record_unsendable(&self, envelope: &str, why: &str) -> Result<()> {
        let from = moved_by(CaseEvent::Unsendable);
        let sql = format!("UPDATE cases SET state = ?, fault = ? WHERE envelope = ? AND state IN {from}");
        sqlx::query(AssertSqlSafe(sql))
            .bind(Word(CaseEvent::Unsendable.to()))
            .bind(why)
            .bind(envelope)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Lets an envelope go whose case has another one here: that one is sent in its place.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn record_let_go(&self, envelope: &str) -> Result<()> {
        let sql = format!(
            "UPDATE cases SET state = ?, leaves_at = 0, envelope = NULL, envelope_digest = NULL
             WHERE envelope = ? AND state IN {}",
            moved_by(CaseEvent::LetGo)
        );
        sqlx::query(AssertSqlSafe(sql))
            .bind(Word(CaseEvent::LetGo.to()))
            .bind(envelope)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Cases that were stopped, or whose study was corrected, and of which the cloud may hold parts.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn withdrawals(&self) -> Result<Vec<(CaseId, u32)>> {
        let rows: Vec<(Name<CaseId>, u32)> =
            sqlx::query_as("SELECT id, revision FROM cases WHERE withdraw = 1").fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(|(id, revision)| (id.0, revision)).collect())
    }

    /// The cloud was told of a withdrawal.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn record_withdrawn(&self, case: &str) -> Result<()> {
        // What was corrected while the cloud held it unanswered is over; a report that came first stays.
        sqlx::query(
            "UPDATE cases SET withdraw = 2, state = CASE WHEN state = ?2 AND corrected_at IS NOT NULL
             THEN ?3 ELSE state END WHERE id = ?1",
        )
        .bind(case)
        .bind(Word(CaseState::Received))
        .bind(Word(CaseEvent::Withdrawn.to()))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Marks a case whose fault a person should see, whatever its state.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn record_fault(&self, case: &str, fault: &str) -> Result<()> {
        sqlx::query("UPDATE cases SET fault = ? WHERE id = ?")
            .bind(fault)
            .bind(case)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}
