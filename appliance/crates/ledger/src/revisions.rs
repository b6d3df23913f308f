//! Study revisions and their one disposition record each.

#[cfg(any(test, feature = "test-support"))]
use proto::case::Disposition;
use proto::case::{Priority, TriageMode};
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row, Sqlite, Transaction};

use domain::job::ListFacts;
use domain::verdict::Verdict;

use crate::cases;
use crate::cases::NewCase;
use crate::columns::{ACCESSION_TAIL, PATIENT_NAME, STATION};
use crate::error::Result;
use crate::events;
use crate::ledger::Ledger;
use crate::moves;
use crate::oversight;
use crate::sealer::Sealer;
use crate::word::{Word, parse_word, word};
use domain::oversight::Seen;

/// A stable revision that has no disposition yet.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Pending {
    /// Study id.
    pub study: String,
    /// Revision from 1.
    pub revision: u32,
    /// How many workers died on it.
    pub deaths: u32,
}

/// A verdict to record, with what the site adds to it.
#[derive(Debug)]
pub struct NewDisposition {
    /// What triage answers.
    pub verdict: Verdict,
    /// Mode in force.
    pub mode: TriageMode,
    /// Facts for the list.
    pub facts: ListFacts,
    /// Name of the pseudonym key it was made under; empty in rows from before keys had names.
    pub pseudonym_key: String,
    /// The worker's output that holds the pictures.
    pub output: Option<String>,
    /// Whether the cloud answered at that moment.
    pub cloud_up: bool,
    /// What is watched of it; `None` when no bundle took the study.
    pub seen: Option<Seen>,
    /// Why it was sampled for a physician's read, when it was.
    pub sample: Option<&'static str>,
}

#[cfg(any(test, feature = "test-support"))]
impl NewDisposition {
    /// Nothing raised, nothing held.
    pub fn no_flag(output: Option<String>) -> Self {
        let verdict = Verdict {
            bundle: "b".into(),
            version: "1".into(),
            digest: "d".into(),
            ..Verdict::without_model(Disposition::NoFlag, "r".into())
        };
        Self {
            verdict,
            mode: TriageMode::Assist,
            facts: ListFacts::default(),
            pseudonym_key: String::new(),
            output,
            cloud_up: true,
            seen: None,
            sample: None,
        }
    }
}

/// A recorded verdict.
#[derive(Debug, Clone)]
pub struct DispositionRow {
    /// Revision.
    pub revision: u32,
    /// What triage answered.
    pub verdict: Verdict,
    /// Mode then in force.
    pub mode: TriageMode,
    /// Name of the pseudonym key it was made under; empty in rows from before keys had names.
    pub pseudonym_key: String,
    /// The worker's output that holds the pictures.
    pub output: Option<String>,
    /// When, ms.
    pub decided_at: i64,
    /// Whether the cloud answered then.
    pub cloud_up: bool,
}

/// Looks that the work loop makes again and again: they read partial indexes, whatever was received before.
const UNANSWERED: &str = "SELECT study, revision, deaths FROM revisions WHERE answered = 0 ORDER BY stable_at, study, revision LIMIT ?";
const OPEN: &str =
    "SELECT id, last_arrival FROM studies WHERE id IN (SELECT study FROM instances WHERE revision = 0)";

impl Ledger {
    /// Makes the next revision of a study from all that has arrived. `None` when nothing new is there.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn make_revision(&self, study: &str, reason: &str, now: i64) -> Result<Option<u32>> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let fresh: (i64,) = sqlx::query_as("SELECT count(*) FROM instances WHERE study = ? AND revision = 0")
            .bind(study)
            .fetch_one(&mut *tx)
            .await?;
        sqlx::query("UPDATE studies SET open = 0 WHERE id = ?").bind(study).execute(&mut *tx).await?;
        if fresh.0 == 0 {
            tx.commit().await?;
            return Ok(None);
        }
        let next: (u32,) =
            sqlx::query_as("UPDATE studies SET revision = revision + 1 WHERE id = ? RETURNING revision")
                .bind(study)
                .fetch_one(&mut *tx)
                .await?;
        sqlx::query("UPDATE instances SET revision = ? WHERE study = ? AND revision = 0")
            .bind(next.0)
            .bind(study)
            .execute(&mut *tx)
            .await?;
        sqlx::query("INSERT INTO revisions (study, revision, stable_at, stable_reason) VALUES (?, ?, ?, ?)")
            .bind(study)
            .bind(next.0)
            .bind(now)
            .bind(reason)
            .execute(&mut *tx)
            .await?;
        let line = format!("revision {} stable: {reason}", next.0);
        events::add(&mut *tx, &self.sealer, study, "appliance", &line, now).await?;
        tx.commit().await?;
        Ok(Some(next.0))
    }

    /// Studies that have arrivals which belong to no revision yet, with the last arrival in ms.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn open_studies(&self) -> Result<Vec<(String, i64)>> {
        Ok(sqlx::query_as(OPEN).fetch_all(&self.pool).await?)
    }

    /// Stable revisions without a disposition, the oldest first, at most `limit`. Earlier revisions of a study are among
    /// them: each gets its one disposition, so that nothing that was stable stays unanswered.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn pending(&self, limit: u32) -> Result<Vec<Pending>> {
        Ok(sqlx::query_as(UNANSWERED).bind(limit).fetch_all(&self.pool).await?)
    }

    /// Counts a worker's death on a revision and returns how many there were.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn count_death(&self, study: &str, revision: u32) -> Result<u32> {
        // By itself such a statement commits when it is reset, and the driver passes over what that answers.
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let row: (u32,) = sqlx::query_as(
            "UPDATE revisions SET deaths = deaths + 1 WHERE study = ? AND revision = ? RETURNING deaths",
        )
        .bind(study)
        .bind(revision)
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(row.0)
    }

    /// Forgets deaths after the instance to blame was set aside.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn clear_deaths(&self, study: &str, revision: u32) -> Result<()> {
        sqlx::query("UPDATE revisions SET deaths = 0 WHERE study = ? AND revision = ?")
            .bind(study)
            .bind(revision)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Records the one disposition of a revision together with the case that follows from it.
    /// `false`: it had one already and nothing was changed. Cases of earlier revisions that nobody has sent are
    /// taken over by this one.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn record_disposition(
        &self,
        study: &str,
        revision: u32,
        d: &NewDisposition,
        case: Option<&NewCase>,
        now: i64,
    ) -> Result<bool> {
        let v = &d.verdict;
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let done = sqlx::query(
            "INSERT INTO dispositions (study, revision, disposition, reason, bundle, version, mode, findings, priority,
             gate, holds, actions, plan_digest, pseudonym_key, previews, bag, ms, decided_at, cloud_up, digest, places, quiet)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        )
        .bind(study)
        .bind(revision)
        .bind(word(&v.disposition)?)
        .bind(&v.reason)
        .bind(&v.bundle)
        .bind(&v.version)
        .bind(word(&d.mode)?)
        .bind(serde_json::to_string(&v.findings)?)
        .bind(word(&v.priority)?)
        .bind(v.input_check.as_ref().map(serde_json::to_string).transpose()?)
        .bind(serde_json::to_string(&v.holds)?)
        .bind(serde_json::to_string(&v.actions)?)
        .bind(&v.plan_digest)
        .bind(&d.pseudonym_key)
        .bind(serde_json::to_string(&v.previews)?)
        .bind(&d.output)
        .bind(serde_json::to_string(&v.ms)?)
        .bind(now)
        .bind(i64::from(d.cloud_up))
        .bind(&v.digest)
        .bind(serde_json::to_string(&v.places)?)
        .bind(d.seen.is_some_and(|seen| seen.no_flag))
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        show(&mut tx, &self.sealer, study, d).await?;
        moves::supersede(&mut tx, study, revision).await?;
        // Images that come again would be seen twice: only the first answer of a study is watched.
        if let Some(seen) = d.seen.as_ref().filter(|_| revision == 1) {
            oversight::watch(&mut tx, (&v.bundle, &v.digest), seen, now).await?;
        }
        if let Some(why) = d.sample {
            sample(&mut tx, study, revision, why, now).await?;
        }
        if let Some(case) = case {
            cases::insert(&mut tx, &self.sealer, case, now).await?;
        }
        let line = format!("revision {revision}: {}", word(&v.disposition)?);
        events::add(&mut *tx, &self.sealer, study, "appliance", &line, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The disposition of a revision.
    ///
    /// # Errors
    /// The database's refusal, [`Error::Row`] for a row no version of ours writes.
    pub async fn disposition(&self, study: &str, revision: u32) -> Result<Option<DispositionRow>> {
        let row = sqlx::query("SELECT * FROM dispositions WHERE study = ? AND revision = ?")
            .bind(study)
            .bind(revision)
            .fetch_optional(&self.pool)
            .await?;
        row.map(|r| disposition_row(&r)).transpose()
    }
}

/// Brings the list's row up to date with what triage found out.
async fn show(
    tx: &mut Transaction<'_, Sqlite>,
    sealer: &Sealer,
    study: &str,
    d: &NewDisposition,
) -> Result<()> {
    sqlx::query(
        "UPDATE studies SET modality = ?, body_part = ?, view = ?, accession_tail = ?, station = ?,
         patient_name = ?, priority = iif(raised_at IS NULL, ?, ?), acknowledged_by = NULL, acknowledged_at = NULL,
         opened_at = NULL WHERE id = ?",
    )
    .bind(&d.facts.modality)
    .bind(&d.facts.body_part)
    .bind(&d.facts.view)
    .bind(sealer.seal(ACCESSION_TAIL, study, &d.facts.accession_tail)?)
    .bind(sealer.seal(STATION, study, &d.facts.station)?)
    .bind(sealer.seal(PATIENT_NAME, study, &d.facts.patient_name)?)
    .bind(word(&d.verdict.priority)?)
    .bind(Word(Priority::Stat))
    .bind(study)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Samples the study for a physician's read.
async fn sample(
    tx: &mut Transaction<'_, Sqlite>,
    study: &str,
    revision: u32,
    why: &str,
    now: i64,
) -> Result<()> {
    sqlx::query("INSERT INTO samples (study, revision, why, drawn_at) VALUES (?, ?, ?, ?)")
        .bind(study)
        .bind(revision)
        .bind(why)
        .bind(now)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

fn disposition_row(r: &SqliteRow) -> Result<DispositionRow> {
    Ok(DispositionRow {
        revision: r.try_get("revision")?,
        verdict: verdict(r)?,
        mode: parse_word(&r.try_get::<String, _>("mode")?)?,
        pseudonym_key: r.try_get("pseudonym_key")?,
        output: r.try_get("bag")?,
        decided_at: r.try_get("decided_at")?,
        cloud_up: r.try_get::<i64, _>("cloud_up")? != 0,
    })
}

fn verdict(r: &SqliteRow) -> Result<Verdict> {
    let text = |name: &str| -> Result<String> { Ok(r.try_get::<String, _>(name)?) };
    let input_check: Option<String> = r.try_get("gate")?;
    Ok(Verdict {
        disposition: parse_word(&text("disposition")?)?,
        reason: text("reason")?,
        bundle: text("bundle")?,
        version: text("version")?,
        digest: text("digest")?,
        findings: serde_json::from_str(&text("findings")?)?,
        priority: parse_word(&text("priority")?)?,
        input_check: input_check.as_deref().map(serde_json::from_str).transpose()?,
        places: serde_json::from_str(&text("places")?)?,
        holds: serde_json::from_str(&text("holds")?)?,
        plan_digest: text("plan_digest")?,
        actions: serde_json::from_str(&text("actions")?)?,
        previews: serde_json::from_str(&text("previews")?)?,
        ms: serde_json::from_str(&text("ms")?)?,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use sqlx::AssertSqlSafe;

    use super::*;

    /// Each step of how SQLite would answer a look.
    async fn steps_of(ledger: &Ledger, look: &str) -> Vec<String> {
        let rows: Vec<(i64, i64, i64, String)> =
            sqlx::query_as(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", look.replace('?', "16"))))
                .fetch_all(&ledger.pool)
                .await
                .unwrap();
        rows.into_iter().map(|row| row.3).collect()
    }

    #[tokio::test]
    async fn looks_of_the_work_loop_read_what_is_open_and_not_all_that_was_ever_received() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::create(&folder.path().join("ledger.db"), &[7; 32]).await.unwrap();
        let pending = steps_of(&ledger, UNANSWERED).await;
        assert_eq!(pending.len(), 1, "{pending:?}");
        assert!(pending.iter().all(|step| step.contains("USING INDEX revisions_unanswered")), "{pending:?}");
        let open = steps_of(&ledger, OPEN).await;
        let partial = |step: &&String| step.contains("COVERING INDEX instances_open");
        assert_eq!(open.iter().filter(partial).count(), 1, "{open:?}");
        let whole = |step: &String| step.starts_with("SCAN") && !step.contains("instances_open");
        assert!(!open.iter().any(whole), "{open:?}");
    }
}
