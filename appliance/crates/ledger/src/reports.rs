//! Reports that came home: recorded once, a signed one in the place of an unsigned draft.

use domain::case_state::CaseEvent;

use crate::columns::REPORT;
use crate::error::Result;
use crate::events;
use crate::ledger::Ledger;
use crate::name::Name;
use crate::word::Word;
use proto::ids::{EnvelopeDigest, EnvelopeId};

impl Ledger {
    /// Records a report once; `false` when it was here already.
    ///
    /// # Errors
    /// [`Error::Unknown`] when there is no such case.
    pub async fn record_report(
        &self,
        case: &str,
        (envelope, digest): (&str, &str),
        content: &str,
        unsigned: bool,
        now: i64,
    ) -> Result<bool> {
        let row = self.case(case).await?;
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let done = sqlx::query(
            "INSERT INTO reports (case_id, envelope, digest, content, unsigned, arrived_at, closes_flag)
             VALUES (?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (case_id) DO UPDATE SET envelope = excluded.envelope, digest = excluded.digest, content = excluded.content, unsigned = excluded.unsigned,
             closes_flag = excluded.closes_flag, arrived_at = excluded.arrived_at, confirmed_at = NULL WHERE reports.unsigned = 1 AND excluded.unsigned = 0",
        )
        .bind(case)
        .bind(envelope)
        .bind(digest)
        .bind(self.sealer.seal(REPORT, case, content)?)
        .bind(i64::from(unsigned))
        .bind(now)
        .bind(closes_flag(content))
        .execute(&mut *tx)
        .await?;
        sqlx::query("UPDATE cases SET state = ?, answered_at = ?, received_at = coalesce(received_at, ?), fault = NULL WHERE id = ?")
            .bind(Word(CaseEvent::Report.to()))
            .bind(now)
            .bind(now)
            .bind(case)
            .execute(&mut *tx)
            .await?;
        if done.rows_affected() == 1 {
            let what = if unsigned { "unsigned machine draft is home" } else { "signed report is home" };
            events::add(&mut *tx, &self.sealer, &row.study, "cloud", what, now).await?;
        }
        tx.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// The report of a case as JSON text.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn report(&self, case: &str) -> Result<Option<String>> {
        let row: Option<(String,)> = sqlx::query_as("SELECT content FROM reports WHERE case_id = ?")
            .bind(case)
            .fetch_optional(&self.pool)
            .await?;
        row.map(|r| self.sealer.open(REPORT, case, &r.0)).transpose()
    }

    /// Envelopes of reports that were stored and not yet confirmed, with their digests.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn unconfirmed(&self) -> Result<Vec<(EnvelopeId, EnvelopeDigest)>> {
        let rows: Vec<(Name<EnvelopeId>, Name<EnvelopeDigest>)> =
            sqlx::query_as("SELECT envelope, digest FROM reports WHERE confirmed_at IS NULL")
                .fetch_all(&self.pool)
                .await?;
        Ok(rows.into_iter().map(|(envelope, digest)| (envelope.0, digest.0)).collect())
    }

    /// Records that the cloud was told it may forget the report that came in this envelope.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn record_confirmed(&self, envelope: &str, now: i64) -> Result<()> {
        sqlx::query("UPDATE reports SET confirmed_at = ? WHERE envelope = ?")
            .bind(now)
            .bind(envelope)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

/// What the content says about triage's flag; an unsigned draft closes none, whatever it says.
fn closes_flag(content: &str) -> bool {
    serde_json::from_str::<proto::report::ReportContent>(content)
        .is_ok_and(|report| report.closes_flag && !report.is_unsigned())
}
