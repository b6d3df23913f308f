//! Cases: what is to leave, what has left, what came home.

use proto::case::{Plan, Priority};
use sqlx::{FromRow, Sqlite, Transaction};

use super::columns::{CASE_NOTE, CASE_REASON};
use super::moves::NO_CASE;
use super::revisions::word;
use super::{CaseState, Error, Ledger, Result, Seal, new_id, notes};

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
    pub plan: Plan,
    /// When it leaves, for [`CaseState::Leaving`], ms.
    pub leaves_at: Option<i64>,
}

/// What packing made.
#[derive(Debug)]
pub struct Sealed {
    /// Envelope id, hex.
    pub envelope: String,
    /// BLAKE3 of the envelope, hex.
    pub digest: String,
    /// Bytes of the plain content.
    pub plain_bytes: u64,
    /// Bytes of the envelope.
    pub sealed_bytes: u64,
    /// Bytes the image plan takes.
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
    /// State, one of [`CaseState`]'s words.
    pub state: String,
    /// Priority word.
    pub priority: String,
    /// Why it was escalated.
    pub reason: String,
    /// Technician's note.
    pub note: String,
    /// Who wrote it.
    pub note_by: Option<String>,
    /// When, ms.
    pub note_at: Option<i64>,
    /// `image` or `embedding`.
    pub plan: String,
    /// When it leaves, ms.
    pub leaves_at: Option<i64>,
    /// Envelope id.
    pub envelope: Option<String>,
    /// Envelope digest.
    pub envelope_digest: Option<String>,
    /// Bytes of the plain content.
    pub plain_bytes: i64,
    /// Bytes of the envelope.
    pub sealed_bytes: i64,
    /// Bytes the image plan takes.
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

impl CaseRow {
    /// The state as a value.
    ///
    /// # Errors
    /// [`Error::Row`] for a word no version of ours writes.
    pub fn state(&self) -> Result<CaseState> {
        CaseState::parse(&self.state).ok_or(Error::Row("case state"))
    }
}

impl Ledger {
    /// Opens a case that a person asked for; undoing that takes it away again. `None`: the revision has one already.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn open_case(&self, c: &NewCase, now: i64) -> Result<Option<String>> {
        self.refuse_evicted(&c.study).await?;
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let id = insert(&mut tx, &self.seal, c, now).await?;
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
        let rows = sqlx::query_as(
            "SELECT * FROM cases WHERE state = ?
             ORDER BY CASE priority WHEN 'STAT' THEN 0 WHEN 'URGENT' THEN 1 ELSE 2 END, created_at, id",
        )
        .bind(state.as_str())
        .fetch_all(&self.pool)
        .await?;
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
        row.reason = self.seal.open(CASE_REASON, &row.id, &row.reason)?;
        row.note = self.seal.open(CASE_NOTE, &row.id, &row.note)?;
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
            "UPDATE cases SET state = 'sealed', envelope = ?, envelope_digest = ?, plain_bytes = ?, sealed_bytes = ?,
             image_bytes = ?, frame_bytes = ?, searched = ?, fault = NULL, attempts = 0, next_attempt = 0,
             parts_sent = 0, parts_total = 0 WHERE id = ? AND state = 'packing'",
        )
        .bind(&s.envelope)
        .bind(&s.digest)
        .bind(int(s.plain_bytes)?)
        .bind(int(s.sealed_bytes)?)
        .bind(int(s.image_bytes)?)
        .bind(int(s.frame_bytes)?)
        .bind(int(s.searched)?)
        .bind(id)
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
        sqlx::query("UPDATE cases SET state = 'failed', fault = ? WHERE id = ? AND state = 'packing'")
            .bind(fault)
            .bind(id)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Holds a case that was being packed, with the reason among those of the gate; under the digest of another plan where
    /// there is one. `false`: somebody or something was first, and nothing is held.
    ///
    /// # Errors
    /// The database's refusal; [`Error::Row`] when the digest is none.
    pub async fn hold_packing(&self, case: &CaseRow, digest: Option<&str>, why: &str) -> Result<bool> {
        if digest.is_some_and(|d| d.len() != 64 || !d.bytes().all(|b| b.is_ascii_hexdigit())) {
            return Err(Error::Row("plan digest"));
        }
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        // Nothing to go back to: undo never leads past a hold.
        let held = sqlx::query(
            "UPDATE cases SET state = 'held', before = NULL, fault = ? WHERE id = ? AND state = 'packing'",
        )
        .bind(why)
        .bind(&case.id)
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
        sqlx::query("UPDATE cases SET state = 'buried', fault = ? WHERE id = ? AND state = 'received'")
            .bind(reason)
            .bind(case)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

/// Opens a case inside a transaction; `None` when the revision has one.
pub(super) async fn insert(
    tx: &mut Transaction<'_, Sqlite>,
    seal: &Seal,
    c: &NewCase,
    now: i64,
) -> Result<Option<String>> {
    let id = new_id()?;
    let done = sqlx::query(
        "INSERT INTO cases (id, study, revision, state, priority, reason, plan, leaves_at, created_at)
         VALUES (?1, ?2, ?3, ?4, iif((SELECT raised_at FROM studies WHERE id = ?2) IS NULL, ?5, 'STAT'), ?6, ?7, ?8, ?9)
         ON CONFLICT (study, revision) DO NOTHING",
    )
    .bind(&id)
    .bind(&c.study)
    .bind(c.revision)
    .bind(c.state.as_str())
    .bind(word(&c.priority)?)
    .bind(seal.seal(CASE_REASON, &id, &c.reason)?)
    .bind(word(&c.plan)?)
    .bind(c.leaves_at)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() != 1 {
        return Ok(None);
    }
    notes::carry(tx, seal, &id, (&c.study, c.revision)).await?;
    Ok(Some(id))
}
