//! What the page and `status` read: rows of the list, one study in detail, counts.

use domain::case_state::CaseState;
use proto::case::{Disposition, Priority, TriageMode};
use sqlx::{AssertSqlSafe, FromRow};

use crate::cases::CaseRow;
use crate::columns::PATIENT_NAME;
use crate::corrections::EarlierCase;
use crate::error::{Error, Result};
use crate::events::{self, EventRow};
use crate::ledger::Ledger;
use crate::revisions::DispositionRow;
use crate::word::{FLAG, MaybeWord, SHADOW, STAT, URGENT, Word, case_states};

/// What part of the list is wanted.
#[derive(Debug, Clone, Default)]
pub struct ListQuery {
    /// Case state word, disposition word, or empty for all.
    pub filter: String,
    /// Text in modality, body part, station or accession tail.
    pub find: String,
    /// At most so many rows; the page holds 200.
    pub limit: u32,
    /// What was answered before this, in ms, and still asks for a person comes right after STAT.
    pub waited_since: i64,
}

/// One row of the technician's list.
#[derive(Debug, Clone, FromRow, serde::Serialize)]
pub struct StudyRow {
    /// Local id.
    pub id: String,
    /// Revision; 0 while nothing is stable.
    pub revision: u32,
    /// Instances so far.
    pub instances: u32,
    /// Instances that belong to no revision yet.
    pub arriving: u32,
    /// First arrival, ms.
    pub first_arrival: i64,
    /// Last arrival, ms.
    pub last_arrival: i64,
    /// Modality.
    pub modality: String,
    /// Body part.
    pub body_part: String,
    /// View.
    pub view: String,
    /// Last four of the accession number.
    pub accession_tail: String,
    /// Station.
    pub station: String,
    /// Priority.
    #[sqlx(try_from = "Word<Priority>")]
    pub priority: Priority,
    /// What triage answered; `None` while analysing.
    #[sqlx(try_from = "MaybeWord<Disposition>")]
    pub disposition: Option<Disposition>,
    /// Reason in words.
    pub reason: String,
    /// Bundle.
    pub bundle: String,
    /// Version.
    pub version: String,
    /// Mode then in force; `None` while analysing.
    #[sqlx(try_from = "MaybeWord<TriageMode>")]
    pub mode: Option<TriageMode>,
    /// When decided, ms.
    pub decided_at: Option<i64>,
    /// Milliseconds of the job, as JSON.
    pub ms: Option<String>,
    /// Whether the cloud answered when it was decided.
    pub cloud_up: Option<bool>,
    /// Case id, when it has one.
    pub case_id: Option<String>,
    /// State of its case.
    #[sqlx(try_from = "MaybeWord<CaseState>")]
    pub case_state: Option<CaseState>,
    /// When it leaves, ms.
    pub leaves_at: Option<i64>,
    /// Parts the cloud has.
    pub parts_sent: Option<i64>,
    /// Parts in all.
    pub parts_total: Option<i64>,
    /// Bytes put on the link.
    pub bytes_sent: Option<i64>,
    /// Bytes of the envelope.
    pub sealed_bytes: Option<i64>,
    /// Bytes of the originals.
    pub bytes: i64,
    /// Whether the report here is an unsigned draft.
    pub unsigned: Option<bool>,
    /// Who acknowledged.
    pub acknowledged_by: Option<String>,
    /// Instances whose UID came again with other bytes: kept beside.
    pub beside: u32,
    /// Instances that a corrected one replaced, or a note took back.
    pub corrected: u32,
    /// Instances whose UID is in another study, or about another patient, too.
    pub collisions: u32,
    /// How many of their UIDs somebody must still look for at an archive.
    pub unchecked: u32,
    /// Whether it was sampled for a physician's read that nobody has made: nobody is shown the answer until then.
    pub sampled: bool,
}

/// One study with everything the page shows of it.
#[derive(Debug, Clone)]
pub struct StudyDetail {
    /// Its row.
    pub row: StudyRow,
    /// Disposition of the newest decided revision.
    pub disposition: Option<DispositionRow>,
    /// Its case.
    pub case: Option<CaseRow>,
    /// Cases of earlier revisions.
    pub earlier: Vec<EarlierCase>,
    /// The report, parsed.
    pub report: Option<serde_json::Value>,
    /// Timeline, oldest first.
    pub events: Vec<EventRow>,
}

const ROW: &str = "SELECT s.id, s.revision, s.first_arrival, s.last_arrival, s.modality, s.body_part, s.view,
    s.accession_tail, s.station, s.priority, s.acknowledged_by,
    (SELECT count(*) FROM instances i WHERE i.study = s.id) AS instances,
    (SELECT count(*) FROM instances i WHERE i.study = s.id AND i.revision = 0) AS arriving,
    (SELECT coalesce(sum(bytes), 0) FROM instances i WHERE i.study = s.id) AS bytes,
    (SELECT count(*) FROM instances i WHERE i.study = s.id AND i.conflict <> 0) AS beside,
    (SELECT count(*) FROM instances i WHERE i.study = s.id AND (i.replaced_at IS NOT NULL OR i.rejected IS NOT NULL))
        AS corrected,
    (SELECT count(*) FROM instances i WHERE i.study = s.id AND i.collides <> 0) AS collisions,
    (SELECT count(DISTINCT c.sop_instance_index) FROM instances i JOIN collisions c
        ON c.sop_instance_index = i.sop_instance_index
        WHERE i.study = s.id AND i.collides <> 0 AND c.checked_at IS NULL) AS unchecked,
    d.disposition, coalesce(d.reason, '') AS reason, coalesce(d.bundle, '') AS bundle,
    coalesce(d.version, '') AS version, d.mode, d.decided_at, d.ms, d.cloud_up <> 0 AS cloud_up,
    c.id AS case_id, c.state AS case_state, c.leaves_at, c.parts_sent, c.parts_total, c.bytes_sent, c.sealed_bytes,
    r.unsigned <> 0 AS unsigned,
    EXISTS (SELECT 1 FROM samples p WHERE p.study = s.id AND p.revision = s.revision)
        AND NOT EXISTS (SELECT 1 FROM reads q WHERE q.study = s.id AND q.revision = s.revision) AS sampled
    FROM studies s
    LEFT JOIN dispositions d ON d.study = s.id AND d.revision = s.revision
    LEFT JOIN cases c ON c.study = s.id AND c.revision = s.revision
    LEFT JOIN reports r ON r.case_id = c.id";

/// A study of the list that still asks for a person: its flag is open, or its case waits for somebody.
fn asks() -> String {
    let waits = case_states(CaseState::asks_for_a_person);
    format!("(d.disposition = '{FLAG}' OR c.state IN {waits})")
}

/// What asks for a person comes first: STAT; then, the longest waiting first, what has waited past the cap whatever its
/// priority, so that nothing sinks; then URGENT, then other flags; then the newest. In shadow mode triage changes nothing,
/// the order included, and the place of a study that was sampled for a read tells nothing of its answer.
fn order() -> String {
    let asks = asks();
    format!(
        "CASE WHEN s.acknowledged_by IS NULL AND s.priority = '{STAT}' THEN 0
         WHEN s.acknowledged_by IS NULL AND d.mode <> '{SHADOW}' AND NOT sampled AND d.decided_at < ?4 AND {asks} THEN 1
         WHEN s.acknowledged_by IS NULL AND s.priority = '{URGENT}' AND NOT sampled THEN 2
         WHEN s.acknowledged_by IS NULL AND d.mode <> '{SHADOW}' AND NOT sampled AND d.disposition = '{FLAG}' THEN 3
         ELSE 5 END,
         CASE WHEN s.acknowledged_by IS NULL AND s.priority <> '{STAT}' AND d.mode <> '{SHADOW}' AND NOT sampled
         AND d.decided_at < ?4 AND {asks} THEN d.decided_at END"
    )
}

impl Ledger {
    /// Rows of the list: what asks for a person first, then the newest.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn list(&self, q: &ListQuery) -> Result<Vec<StudyRow>> {
        let sql = format!(
            "{ROW} WHERE (?1 = '' OR (d.disposition = ?1 AND NOT sampled) OR c.state = ?1 OR (?1 = 'sampled' AND sampled))
             AND (?2 IS NULL OR s.id IN (SELECT value FROM json_each(?2)))
             ORDER BY {}, s.last_arrival DESC, s.id LIMIT ?3",
            order()
        );
        let found = if q.find.is_empty() { None } else { Some(self.find(&q.find).await?) };
        let rows: Vec<StudyRow> = sqlx::query_as(AssertSqlSafe(sql))
            .bind(&q.filter)
            .bind(found.map(|ids| serde_json::to_string(&ids)).transpose()?)
            .bind(q.limit.clamp(1, 5_000))
            .bind(q.waited_since)
            .fetch_all(&self.pool)
            .await?;
        rows.into_iter().map(|r| self.shown(r)).collect()
    }

    /// One study with disposition, case, report and timeline.
    ///
    /// # Errors
    /// [`Error::Unknown`] when there is none.
    pub async fn detail(&self, study: &str) -> Result<StudyDetail> {
        let row: StudyRow = sqlx::query_as(AssertSqlSafe(format!("{ROW} WHERE s.id = ?")))
            .bind(study)
            .fetch_optional(&self.pool)
            .await?
            .ok_or(Error::Unknown("study"))?;
        let row = self.shown(row)?;
        let disposition = self.disposition(study, row.revision).await?;
        let case = self.case_of(study, row.revision).await?;
        let report = match &case {
            Some(c) => self.report(&c.id).await?.map(|t| serde_json::from_str(&t)).transpose()?,
            None => None,
        };
        let events = self.events(study).await?;
        let earlier = self.earlier_cases(study, row.revision).await?;
        Ok(StudyDetail { row, disposition, case, earlier, report, events })
    }

    /// The patient's name as stored, for "I am looking" alone. Identifying: never logged, never cached.
    ///
    /// # Errors
    /// [`Error::Unknown`] when there is no such study.
    pub async fn patient_name(&self, study: &str) -> Result<String> {
        let row: Option<(String,)> = sqlx::query_as("SELECT patient_name FROM studies WHERE id = ?")
            .bind(study)
            .fetch_optional(&self.pool)
            .await?;
        let (name,) = row.ok_or(Error::Unknown("study"))?;
        self.sealer.open(PATIENT_NAME, study, &name)
    }

    /// A named person acknowledges a study's flag.
    ///
    /// # Errors
    /// [`Error::Refused`] when somebody did already.
    pub async fn acknowledge(&self, study: &str, who: &str, now: i64) -> Result<()> {
        let done = sqlx::query(
            "UPDATE studies SET acknowledged_by = ?, acknowledged_at = ? WHERE id = ? AND acknowledged_by IS NULL",
        )
        .bind(who)
        .bind(now)
        .bind(study)
        .execute(&self.pool)
        .await?;
        if done.rows_affected() == 0 {
            let by: Option<(Option<String>,)> =
                sqlx::query_as("SELECT acknowledged_by FROM studies WHERE id = ?")
                    .bind(study)
                    .fetch_optional(&self.pool)
                    .await?;
            return match by {
                None => Err(Error::Unknown("study")),
                Some((by,)) => {
                    Err(Error::Refused(format!("acknowledged already by {}", by.unwrap_or_default())))
                }
            };
        }
        self.add_event(study, who, "acknowledged", now).await
    }

    /// Takes an acknowledgement back.
    ///
    /// # Errors
    /// [`Error::Refused`] when somebody else made it.
    pub async fn unacknowledge(&self, study: &str, who: &str, now: i64) -> Result<()> {
        let done = sqlx::query(
            "UPDATE studies SET acknowledged_by = NULL, acknowledged_at = NULL WHERE id = ? AND acknowledged_by = ?",
        )
        .bind(study)
        .bind(who)
        .execute(&self.pool)
        .await?;
        if done.rows_affected() == 0 {
            return Err(Error::Refused("nothing of yours to undo".into()));
        }
        self.add_event(study, who, "acknowledgement undone", now).await
    }

    /// Raises the priority of a study and of its case, whatever triage says now or later; lowering is not offered here.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn raise_to_stat(&self, study: &str, who: &str, now: i64) -> Result<()> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query("UPDATE studies SET priority = ?, raised_at = coalesce(raised_at, ?) WHERE id = ?")
            .bind(Word(Priority::Stat))
            .bind(now)
            .bind(study)
            .execute(&mut *tx)
            .await?;
        sqlx::query("UPDATE cases SET priority = ? WHERE study = ?")
            .bind(Word(Priority::Stat))
            .bind(study)
            .execute(&mut *tx)
            .await?;
        events::add(&mut *tx, &self.sealer, study, who, "raised to STAT", now).await?;
        tx.commit().await?;
        Ok(())
    }
}
