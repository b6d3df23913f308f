//! Studies that were corrected: another patient's identity under the same UIDs, instances that a rejection note takes
//! back. What has not left is stopped, what has left is marked; nothing is deleted.

use domain::case_state::{CaseEvent, CaseState};
use domain::forward_state::ForwardState;
use sqlx::{AssertSqlSafe, FromRow, Sqlite, Transaction};

use crate::columns::SOP_INSTANCE_UID;
use crate::error::Result;
use crate::events;
use crate::ledger::Ledger;
use crate::sealer::Sealer;
use crate::word::{Word, case_states, forward_states};
use domain::study::{RejectionNote, Unreadable, rejection_words};

/// A key object selection that nobody looked at yet.
#[derive(Debug, Clone, FromRow)]
pub struct UnreadNote {
    /// Name of the entry file.
    pub id: String,
    /// Local id of its study.
    pub study: String,
    /// Transfer syntax.
    pub transfer_syntax: String,
    /// Bytes.
    pub bytes: i64,
}

/// A case of an earlier revision.
#[derive(Debug, Clone, FromRow, serde::Serialize)]
pub struct EarlierCase {
    /// Random id.
    pub id: String,
    /// Revision.
    pub revision: u32,
    /// State.
    #[sqlx(try_from = "Word<CaseState>")]
    pub state: CaseState,
    /// When the study was corrected after this had left, ms.
    pub corrected_at: Option<i64>,
    /// Its report, parsed.
    #[sqlx(skip)]
    pub report: Option<serde_json::Value>,
}

impl Ledger {
    /// Key object selections that came since the last look, the oldest first, at most 64.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn unread_notes(&self) -> Result<Vec<UnreadNote>> {
        // The class in full: only so does the index of unread notes serve.
        Ok(sqlx::query_as(
            "SELECT id, study, transfer_syntax, bytes FROM instances WHERE note_read = 0
             AND sop_class = '1.2.840.10008.5.1.4.1.1.88.59' AND evicted_at IS NULL ORDER BY arrived, id LIMIT 64",
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// Carries out what a key object selection was read to say, once: a rejection takes back what it names of its own
    /// study, now or when it comes; that it could not be read is told to a person.
    ///
    /// # Errors
    /// The database's refusal; then it is unread still.
    pub async fn apply_note(
        &self,
        note: &UnreadNote,
        said: &std::result::Result<Option<RejectionNote>, Unreadable>,
        now: i64,
    ) -> Result<()> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query("UPDATE instances SET note_read = 1 WHERE id = ?")
            .bind(&note.id)
            .execute(&mut *tx)
            .await?;
        match said {
            Ok(None) => {}
            Err(Unreadable) => {
                let line =
                    "a key object selection could not be read: if it rejects instances, look at the archive";
                events::add(&mut *tx, &self.sealer, &note.study, "appliance", line, now).await?;
            }
            Ok(Some(rejection)) => {
                let taken = reject(&mut tx, &self.sealer, &note.study, rejection).await?;
                if taken > 0 {
                    let line = format!("{taken} instances {}", rejection_words(rejection.code));
                    correct(&mut tx, &self.sealer, &note.study, &line, now).await?;
                }
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// Cases of revisions before this one, the newest first.
    ///
    /// # Errors
    /// The database's refusal.
    pub(crate) async fn earlier_cases(&self, study: &str, revision: u32) -> Result<Vec<EarlierCase>> {
        let mut cases: Vec<EarlierCase> = sqlx::query_as(
            "SELECT id, revision, state, corrected_at FROM cases WHERE study = ? AND revision < ?
             ORDER BY revision DESC",
        )
        .bind(study)
        .bind(revision)
        .fetch_all(&self.pool)
        .await?;
        for case in &mut cases {
            case.report = self.report(&case.id).await?.map(|t| serde_json::from_str(&t)).transpose()?;
        }
        Ok(cases)
    }
}

/// Takes back what is here of the study, and remembers what has not come.
async fn reject(
    tx: &mut Transaction<'_, Sqlite>,
    sealer: &Sealer,
    study: &str,
    note: &RejectionNote,
) -> Result<u64> {
    let mut taken = 0;
    for uid in &note.instances {
        let index = sealer.index(SOP_INSTANCE_UID, uid)?;
        let here: (i64,) =
            sqlx::query_as("SELECT count(*) FROM instances WHERE sop_instance_index = ? AND study = ?")
                .bind(&index)
                .bind(study)
                .fetch_one(&mut **tx)
                .await?;
        if here.0 == 0 {
            sqlx::query("INSERT INTO rejections VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
                .bind(study)
                .bind(&index)
                .bind(note.code)
                .execute(&mut **tx)
                .await?;
            continue;
        }
        let done = sqlx::query(
            "UPDATE instances SET rejected = ? WHERE sop_instance_index = ? AND study = ? AND rejected IS NULL",
        )
        .bind(note.code)
        .bind(&index)
        .bind(study)
        .execute(&mut **tx)
        .await?;
        taken += done.rows_affected();
    }
    Ok(taken)
}

/// The note that came before the instance it takes back; it is spent.
pub(super) async fn take_back(
    tx: &mut Transaction<'_, Sqlite>,
    study: &str,
    sop_instance_index: &str,
) -> Result<Option<String>> {
    let row: Option<(String,)> =
        sqlx::query_as("DELETE FROM rejections WHERE study = ? AND sop_instance_index = ? RETURNING code")
            .bind(study)
            .bind(sop_instance_index)
            .fetch_optional(&mut **tx)
            .await?;
    Ok(row.map(|r| r.0))
}

/// A new instance takes the place of these of its study; what of them still waits to be sent on is not sent: an archive
/// that gets both keeps the first.
pub(super) async fn replace(tx: &mut Transaction<'_, Sqlite>, instances: &[String], now: i64) -> Result<()> {
    for instance in instances {
        let sql = format!(
            "UPDATE forwards SET state = ?, fault = 'a corrected instance takes its place', done_at = ?
             WHERE state IN {} AND instance = ?",
            forward_states(ForwardState::may_be_replaced)
        );
        sqlx::query(AssertSqlSafe(sql))
            .bind(Word(ForwardState::Replaced))
            .bind(now)
            .bind(instance)
            .execute(&mut **tx)
            .await?;
        sqlx::query("UPDATE instances SET replaced_at = ? WHERE id = ? AND replaced_at IS NULL")
            .bind(now)
            .bind(instance)
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

/// Stops every case of a study that the cloud does not hold, withdraws what it holds unanswered, and marks what has
/// left. `why` in words, without identity.
pub(super) async fn correct(
    tx: &mut Transaction<'_, Sqlite>,
    sealer: &Sealer,
    study: &str,
    why: &str,
    now: i64,
) -> Result<()> {
    // Nothing to go back to: a person cannot undo what the archive corrected.
    let sql = format!(
        "UPDATE cases SET withdraw = CASE WHEN state = ?3 THEN 1 ELSE withdraw END, before = NULL, leaves_at = NULL,
         state = ?2, fault = 'the study was corrected before this had left' WHERE study = ?1 AND state IN {}",
        case_states(|state| CaseEvent::Corrected.moves(state))
    );
    let stopped = sqlx::query(AssertSqlSafe(sql))
        .bind(study)
        .bind(Word(CaseEvent::Corrected.to()))
        .bind(Word(CaseState::Sending))
        .execute(&mut **tx)
        .await?
        .rows_affected();
    let sql = format!(
        "UPDATE cases SET corrected_at = ?2, withdraw = CASE WHEN state = ?3 THEN 1 ELSE withdraw END,
         fault = 'the study was corrected after this had left'
         WHERE study = ?1 AND state IN {} AND corrected_at IS NULL",
        case_states(|state| !state.before_handover())
    );
    let marked = sqlx::query(AssertSqlSafe(sql))
        .bind(study)
        .bind(now)
        .bind(Word(CaseState::Received))
        .execute(&mut **tx)
        .await?
        .rows_affected();
    let line = format!("corrected: {why}; {stopped} cases stopped, {marked} had left and are marked");
    events::add(&mut **tx, sealer, study, "appliance", &line, now).await?;
    Ok(())
}

#[cfg(test)]
pub(super) mod tests;
