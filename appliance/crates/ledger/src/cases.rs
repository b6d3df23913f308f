//! Cases: what is to leave, what has left, what came home.

use proto::case::{Priority, Transport};
use proto::ids::{EnvelopeDigest, EnvelopeId};
use sqlx::{AssertSqlSafe, FromRow, Sqlite, Transaction};

use crate::columns::{CASE_NOTE, CASE_REASON};
use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::moves::NO_CASE;
use crate::name::{MaybeName, Name};
use crate::new_id::new_id;
use crate::notes;
use crate::sealer::Sealer;
use crate::word::{Word, by_priority};
use domain::case_state::{CaseEvent, CaseState};

/// A case to open for a study revision.
#[derive(Debug)]
pub struct NewCase {
    /// Study id.
    pub study: String,
    /// Revision.
    pub revision: u32,
    /// First state: held, review or leaving.
    pub state: CaseState,
    /// Priority.
    pub priority: Priority,
    /// Why it was escalated, in words.
    pub reason: String,
    /// What the frames travel as.
    pub transport: Transport,
    /// When it leaves, for [`CaseState::Leaving`], ms.
    pub leaves_at: Option<i64>,
}

/// What packing made.
#[derive(Debug)]
pub struct Sealed {
    /// The envelope.
    pub envelope: EnvelopeId,
    /// Its digest.
    pub digest: EnvelopeDigest,
    /// Bytes of the plain content.
    pub plain_bytes: u64,
    /// Bytes of the envelope.
    pub sealed_bytes: u64,
    /// Bytes that it takes as images.
    pub image_bytes: u64,
    /// Bytes of the frames as sent.
    pub frame_bytes: u64,
    /// Values searched for by the second pass.
    pub searched: u64,
}

/// One case.
#[derive(Debug, Clone, FromRow, serde::Serialize)]
pub struct CaseRow {
    /// Random id.
    pub id: String,
    /// Study id.
    pub study: String,
    /// Revision.
    pub revision: u32,
    /// State.
    #[sqlx(try_from = "Word<CaseState>")]
    pub state: CaseState,
    /// Priority.
    #[sqlx(try_from = "Word<Priority>")]
    pub priority: Priority,
    /// Why it was escalated.
    pub reason: String,
    /// Technician's note.
    pub note: String,
    /// Who wrote it.
    pub note_by: Option<String>,
    /// When, ms.
    pub note_at: Option<i64>,
    /// What the frames travel as.
    #[sqlx(rename = "plan", try_from = "Word<Transport>")]
    #[serde(rename = "plan")]
    pub transport: Transport,
    /// When it leaves, ms.
    pub leaves_at: Option<i64>,
    /// Its envelope, once it is sealed.
    #[sqlx(try_from = "MaybeName<EnvelopeId>")]
    pub envelope: Option<EnvelopeId>,
    /// Digest of the envelope.
    #[sqlx(try_from = "MaybeName<EnvelopeDigest>")]
    pub envelope_digest: Option<EnvelopeDigest>,
    /// Bytes of the plain content.
    pub plain_bytes: i64,
    /// Bytes of the envelope.
    pub sealed_bytes: i64,
    /// Bytes that it takes as images.
    pub image_bytes: i64,
    /// Bytes of the frames as sent.
    pub frame_bytes: i64,
    /// Values the second pass searched for.
    pub searched: i64,
    /// Parts.
    pub parts_total: i64,
    /// Parts the cloud has.
    pub parts_sent: i64,
    /// Bytes put on the link, repeats included.
    pub bytes_sent: i64,
    /// Attempts so far.
    pub attempts: i64,
    /// Not before, ms.
    pub next_attempt: i64,
    /// Last fault in words.
    pub fault: Option<String>,
    /// Opened, ms.
    pub created_at: i64,
    /// Receipt, ms.
    pub received_at: Option<i64>,
    /// Report home, ms.
    pub answered_at: Option<i64>,
}

impl Ledger {
    /// Opens a case that a person asked for; undoing that takes it away again. `None`: the revision has one already.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn open_case(&self, c: &NewCase, now: i64) -> Result<Option<String>> {
        self.refuse_evicted(&c.study).await?;
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let id = insert(&mut tx, &self.sealer, c, now).await?;
        sqlx::query("UPDATE cases SET before = ? WHERE id = ?")
            .bind(NO_CASE)
            .bind(&id)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(id)
    }

    /// A case by id.
    ///
    /// # Errors
    /// [`Error::Unknown`] when there is none.
    pub async fn case(&self, id: &str) -> Result<CaseRow> {
        let row = sqlx::query_as("SELECT * FROM cases WHERE id = ?")
            .bind(id)
            .fetch_optional(&self.pool)
            .await?
            .ok_or(Error::Unknown("case"))?;
        self.opened(row)
    }

    /// The case of a study's revision.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn case_of(&self, study: &str, revision: u32) -> Result<Option<CaseRow>> {
        let row: Option<CaseRow> = sqlx::query_as("SELECT * FROM cases WHERE study = ? AND revision = ?")
            .bind(study)
            .bind(revision)
            .fetch_optional(&self.pool)
            .await?;
        row.map(|r| self.opened(r)).transpose()
    }

    /// All cases in a state, STAT first, then by age.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn cases_in(&self, state: CaseState) -> Result<Vec<CaseRow>> {
        let sql = format!(
            "SELECT * FROM cases WHERE state = ? ORDER BY {}, created_at, id",
            by_priority("priority")
        );
        let rows = sqlx::query_as(AssertSqlSafe(sql)).bind(Word(state)).fetch_all(&self.pool).await?;
        self.all_opened(rows)
    }

    /// All cases, the newest first, at most `limit`.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn cases(&self, limit: u32) -> Result<Vec<CaseRow>> {
        let rows = sqlx::query_as("SELECT * FROM cases ORDER BY created_at DESC, id LIMIT ?")
            .bind(limit)
            .fetch_all(&self.pool)
            .await?;
        self.all_opened(rows)
    }

    fn opened(&self, mut row: CaseRow) -> Result<CaseRow> {
        row.reason = self.sealer.open(CASE_REASON, &row.id, &row.reason)?;
        row.note = self.sealer.open(CASE_NOTE, &row.id, &row.note)?;
        Ok(row)
    }

    /// Rows of cases with their sealed columns opened.
    pub(super) fn all_opened(&self, rows: Vec<CaseRow>) -> Result<Vec<CaseRow>> {
        rows.into_iter().map(|r| self.opened(r)).collect()
    }

    /// Records what packing made; the case waits for the link.
    ///
    /// # Errors
    /// [`Error::Refused`] when a person stopped it meanwhile.
    pub async fn record_sealed(&self, id: &str, s: &Sealed) -> Result<()> {
        let int = |v: u64| i64::try_from(v).map_err(|_| Error::Row("bytes"));
        let done = sqlx::query(
            "UPDATE cases SET state = ?, envelope = ?, envelope_digest = ?, plain_bytes = ?, sealed_bytes = ?,
             image_bytes = ?, frame_bytes = ?, searched = ?, fault = NULL, attempts = 0, next_attempt = 0,
             parts_sent = 0, parts_total = 0 WHERE id = ? AND state = ?",
        )
        .bind(Word(CaseEvent::Packed.to()))
        .bind(Name(s.envelope))
        .bind(Name(s.digest))
        .bind(int(s.plain_bytes)?)
        .bind(int(s.sealed_bytes)?)
        .bind(int(s.image_bytes)?)
        .bind(int(s.frame_bytes)?)
        .bind(int(s.searched)?)
        .bind(id)
        .bind(Word(CaseState::Packing))
        .execute(&self.pool)
        .await?;
        if done.rows_affected() == 1 {
            Ok(())
        } else {
            Err(Error::Refused("the case was stopped while it was packed".into()))
        }
    }

    /// Marks a case that could not be packed.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn fail_case(&self, id: &str, fault: &str) -> Result<()> {
        sqlx::query("UPDATE cases SET state = ?, fault = ? WHERE id = ? AND state = ?")
            .bind(Word(CaseEvent::Unpackable.to()))
            .bind(fault)
            .bind(id)
            .bind(Word(CaseState::Packing))
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Holds a case that was being packed, with the reason among its holds; under the digest of another plan where
    /// there is one. `false`: its state had changed before, and nothing is held.
    ///
    /// # Errors
    /// The database's refusal; [`Error::Row`] when the digest is none.
    pub async fn hold_packing(&self, case: &CaseRow, digest: Option<&str>, why: &str) -> Result<bool> {
        if digest.is_some_and(|d| d.len() != 64 || !d.bytes().all(|b| b.is_ascii_hexdigit())) {
            return Err(Error::Row("plan digest"));
        }
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        // Nothing to go back to: undo never leads past a hold.
        let held =
            sqlx::query("UPDATE cases SET state = ?, before = NULL, fault = ? WHERE id = ? AND state = ?")
                .bind(Word(CaseEvent::PackingHeld.to()))
                .bind(why)
                .bind(&case.id)
                .bind(Word(CaseState::Packing))
                .execute(&mut *tx)
                .await?;
        if held.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query(
            "UPDATE dispositions SET plan_digest = coalesce(?, plan_digest), holds = json_insert(holds, '$[#]', ?)
             WHERE study = ? AND revision = ?",
        )
        .bind(digest)
        .bind(why)
        .bind(&case.study)
        .bind(case.revision)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Marks a case the cloud has put aside visibly.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn record_buried(&self, case: &str, reason: &str) -> Result<()> {
        sqlx::query("UPDATE cases SET state = ?, fault = ? WHERE id = ? AND state = ?")
            .bind(Word(CaseEvent::CloudBuried.to()))
            .bind(reason)
            .bind(case)
            .bind(Word(CaseState::Received))
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

/// Opens a case inside a transaction; `None` when the revision has one.
pub(super) async fn insert(
    tx: &mut Transaction<'_, Sqlite>,
    sealer: &Sealer,
    c: &NewCase,
    now: i64,
) -> Result<Option<String>> {
    let id = new_id()?;
    let done = sqlx::query(
        "INSERT INTO cases (id, study, revision, state, priority, reason, plan, leaves_at, created_at)
         VALUES (?1, ?2, ?3, ?4, iif((SELECT raised_at FROM studies WHERE id = ?2) IS NULL, ?5, ?10), ?6, ?7, ?8, ?9)
         ON CONFLICT (study, revision) DO NOTHING",
    )
    .bind(&id)
    .bind(&c.study)
    .bind(c.revision)
    .bind(Word(c.state))
    .bind(Word(c.priority))
    .bind(sealer.seal(CASE_REASON, &id, &c.reason)?)
    .bind(Word(c.transport))
    .bind(c.leaves_at)
    .bind(now)
    .bind(Word(Priority::Stat))
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() != 1 {
        return Ok(None);
    }
    notes::carry(tx, sealer, &id, (&c.study, c.revision)).await?;
    Ok(Some(id))
}
