//! What the page and `status` read: rows of the list, one study in detail, counts.

use std::collections::BTreeMap;

use sqlx::FromRow;

use super::columns::PATIENT_NAME;
use super::{CaseRow, DispositionRow, EarlierCase, Error, Ledger, Result, events};

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
    /// Priority word.
    pub priority: String,
    /// Disposition word, empty while analysing.
    pub disposition: String,
    /// Reason in words.
    pub reason: String,
    /// Bundle.
    pub bundle: String,
    /// Version.
    pub version: String,
    /// Mode.
    pub mode: String,
    /// When decided, ms.
    pub decided_at: Option<i64>,
    /// Milliseconds of the job, as JSON.
    pub ms: Option<String>,
    /// Whether the cloud answered when it was decided.
    pub cloud_up: Option<bool>,
    /// Case id, when it has one.
    pub case_id: Option<String>,
    /// Case state word.
    pub case_state: Option<String>,
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
    /// Whether it was drawn for a physician's read that nobody has made: nobody is shown the answer until then.
    pub drawn: bool,
}

/// One line of a study's timeline.
#[derive(Debug, Clone, FromRow, serde::Serialize)]
pub struct EventRow {
    /// When, ms.
    pub at: i64,
    /// Who.
    pub who: String,
    /// What, in words.
    pub what: String,
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
    coalesce(d.disposition, '') AS disposition, coalesce(d.reason, '') AS reason, coalesce(d.bundle, '') AS bundle,
    coalesce(d.version, '') AS version, coalesce(d.mode, '') AS mode, d.decided_at, d.ms, d.cloud_up <> 0 AS cloud_up,
    c.id AS case_id, c.state AS case_state, c.leaves_at, c.parts_sent, c.parts_total, c.bytes_sent, c.sealed_bytes,
    r.unsigned <> 0 AS unsigned,
    EXISTS (SELECT 1 FROM samples p WHERE p.study = s.id AND p.revision = s.revision)
        AND NOT EXISTS (SELECT 1 FROM reads q WHERE q.study = s.id AND q.revision = s.revision) AS drawn
    FROM studies s
    LEFT JOIN dispositions d ON d.study = s.id AND d.revision = s.revision
    LEFT JOIN cases c ON c.study = s.id AND c.revision = s.revision
    LEFT JOIN reports r ON r.case_id = c.id";

/// What asks for a person comes first: STAT; then, the longest waiting first, what has waited past the cap whatever its
/// priority, so that nothing sinks; then URGENT, then other flags; then the newest. In shadow mode triage changes nothing,
/// the order included, and the place of a study that was drawn for a read tells nothing of its answer.
const ORDER: &str = "CASE WHEN s.acknowledged_by IS NULL AND s.priority = 'STAT' THEN 0
        WHEN s.acknowledged_by IS NULL AND d.mode <> 'shadow' AND NOT drawn AND d.decided_at < ?4
            AND (d.disposition = 'flag' OR c.state IN ('review', 'held', 'waiting', 'stopped', 'failed')) THEN 1
        WHEN s.acknowledged_by IS NULL AND s.priority = 'URGENT' AND NOT drawn THEN 2
        WHEN s.acknowledged_by IS NULL AND d.mode <> 'shadow' AND NOT drawn AND d.disposition = 'flag' THEN 3
        ELSE 5 END";
/// Among what waited past the cap.
const LONGEST: &str =
    "CASE WHEN s.acknowledged_by IS NULL AND s.priority <> 'STAT' AND d.mode <> 'shadow' AND NOT drawn
        AND d.decided_at < ?4
        AND (d.disposition = 'flag' OR c.state IN ('review', 'held', 'waiting', 'stopped', 'failed'))
        THEN d.decided_at END";

impl Ledger {
    /// Rows of the list: what asks for a person first, then the newest.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn list(&self, q: &ListQuery) -> Result<Vec<StudyRow>> {
        let sql = format!(
            "{ROW} WHERE (?1 = '' OR (d.disposition = ?1 AND NOT drawn) OR c.state = ?1 OR (?1 = 'drawn' AND drawn))
             AND (?2 IS NULL OR s.id IN (SELECT value FROM json_each(?2)))
             ORDER BY {ORDER}, {LONGEST}, s.last_arrival DESC, s.id LIMIT ?3"
        );
        let found = if q.find.is_empty() { None } else { Some(self.find(&q.find).await?) };
        let rows: Vec<StudyRow> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
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
        let row: StudyRow = sqlx::query_as(sqlx::AssertSqlSafe(format!("{ROW} WHERE s.id = ?")))
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
        self.seal.open(PATIENT_NAME, study, &name)
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
        sqlx::query("UPDATE studies SET priority = 'STAT', raised_at = coalesce(raised_at, ?) WHERE id = ?")
            .bind(now)
            .bind(study)
            .execute(&mut *tx)
            .await?;
        sqlx::query("UPDATE cases SET priority = 'STAT' WHERE study = ?")
            .bind(study)
            .execute(&mut *tx)
            .await?;
        events::add(&mut *tx, &self.seal, study, who, "raised to STAT", now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Studies that came since a time (ms), how many of them left, and STAT studies that nobody has acknowledged.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn day(&self, since: i64) -> Result<(i64, i64, i64)> {
        let (studies, sent) = sqlx::query_as(
            "SELECT count(*), coalesce(sum(EXISTS (SELECT 1 FROM cases c WHERE c.study = s.id AND c.revision = s.revision
             AND c.state IN ('received', 'answered', 'buried'))), 0) FROM studies s WHERE s.first_arrival >= ?",
        )
        .bind(since)
        .fetch_one(&self.pool)
        .await?;
        let (stat,) = sqlx::query_as(
            "SELECT count(*) FROM studies WHERE priority = 'STAT' AND acknowledged_by IS NULL",
        )
        .fetch_one(&self.pool)
        .await?;
        Ok((studies, sent, stat))
    }

    /// Counts of everything.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn counts(&self) -> Result<Counts> {
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
                "SELECT count(*) FROM studies s LEFT JOIN dispositions d ON d.study = s.id AND d.revision = s.revision
                 WHERE d.study IS NULL OR EXISTS (SELECT 1 FROM instances i WHERE i.study = s.id AND i.revision = 0)",
            )
            .await?,
            dispositions: by(
                // What is drawn and not read is counted in its own place: a count that moves would tell its answer.
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
            open_flags: one(
                "SELECT count(*) FROM studies s JOIN dispositions d ON d.study = s.id AND d.revision = s.revision
                 WHERE s.acknowledged_by IS NULL AND (d.disposition = 'flag' OR s.priority = 'STAT')",
            )
            .await?,
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
