//! Physicians' reads: which studies were sampled for one, what was read, and what people did against triage.

use sqlx::AssertSqlSafe;

use crate::error::{Error, Result};
use crate::events;
use crate::ledger::Ledger;
use crate::oversight::{no_flag_of, withdraw};
use crate::word::{NO_FLAG, Word};
use domain::decision::{Override, check_read};
use domain::oversight::NoFlagReads;

impl Ledger {
    /// Samples one study given `no-flag` of each day that is over and has none, at random, among those that nobody has opened
    /// and that still have their pictures; returns how many. `days`: how many days back are looked at.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn sample_of_days(&self, days: u32, now: i64) -> Result<u64> {
        const DAY: i64 = 24 * 3_600_000;
        let today = now.div_euclid(DAY);
        let mut sampled = 0;
        for day in (today - i64::from(days))..today {
            let done = sqlx::query(AssertSqlSafe(format!(
                "INSERT INTO samples (study, revision, why, drawn_at)
                 SELECT d.study, d.revision, 'day', ?3 FROM dispositions d
                 JOIN studies t ON t.id = d.study AND t.revision = d.revision
                 WHERE d.disposition = '{NO_FLAG}' AND d.decided_at >= ?1 AND d.decided_at < ?2
                 AND t.opened_at IS NULL AND t.acknowledged_by IS NULL AND d.bag IS NOT NULL
                 AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.study = d.study)
                 AND NOT EXISTS (SELECT 1 FROM samples s JOIN dispositions e
                     ON e.study = s.study AND e.revision = s.revision
                     JOIN studies u ON u.id = e.study AND u.revision = e.revision
                     WHERE e.disposition = '{NO_FLAG}' AND e.decided_at >= ?1 AND e.decided_at < ?2)
                 ORDER BY random() LIMIT 1"
            )))
            .bind(day * DAY)
            .bind((day + 1) * DAY)
            .bind(now)
            .execute(&self.pool)
            .await?;
            sampled += done.rows_affected();
        }
        Ok(sampled)
    }

    /// Records a physician's read of a sampled study, once. When reads show that more studies given `no-flag` hide a finding than
    /// `hidden_most`, `no-flag` of the bundle is withdrawn in the same step. Returns what the reads say then.
    ///
    /// # Errors
    /// [`Error::Refused`] when the reader is no physician, the study was not sampled, or somebody has read it.
    pub async fn record_read(
        &self,
        (study, revision): (&str, u32),
        reader: &str,
        finding: bool,
        hidden_most: f64,
        now: i64,
    ) -> Result<NoFlagReads> {
        let physician = self.is_physician(reader).await?;
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let sample: Option<(String, String)> = sqlx::query_as(
            "SELECT d.digest, d.bundle FROM samples s
             JOIN dispositions d ON d.study = s.study AND d.revision = s.revision
             WHERE s.study = ? AND s.revision = ?",
        )
        .bind(study)
        .bind(revision)
        .fetch_optional(&mut *tx)
        .await?;
        check_read(physician, sample.is_some(), false)?;
        let (digest, bundle) = sample.unwrap_or_default();
        let done = sqlx::query(
            "INSERT INTO reads (study, revision, reader, finding, read_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        )
        .bind(study)
        .bind(revision)
        .bind(reader)
        .bind(finding)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        check_read(physician, true, done.rows_affected() == 0)?;
        let says = no_flag_of(&mut tx, &digest, hidden_most).await?;
        if says.crossed() {
            let why = format!(
                "physicians found something in {} of {} studies given no-flag by {bundle}: more than the site's limit of {:.1} %",
                says.hidden,
                says.reads,
                hidden_most * 100.0
            );
            withdraw(&mut tx, (&bundle, &digest), &why, now).await?;
        }
        // Without what was read: the timeline must not tell a second reader.
        events::add(&mut *tx, &self.sealer, study, reader, "read by a physician", now).await?;
        tx.commit().await?;
        Ok(says)
    }

    /// Whether this person may record a read of this study revision, for what must be known before it is recorded.
    ///
    /// # Errors
    /// [`Error::Refused`] with why not.
    pub async fn may_read(&self, study: &str, revision: u32, reader: &str) -> Result<()> {
        let physician = self.is_physician(reader).await?;
        let sample: Option<(bool,)> = sqlx::query_as(
            "SELECT r.study IS NOT NULL FROM samples s
             LEFT JOIN reads r ON r.study = s.study AND r.revision = s.revision
             WHERE s.study = ? AND s.revision = ?",
        )
        .bind(study)
        .bind(revision)
        .fetch_optional(&self.pool)
        .await?;
        Ok(check_read(physician, sample.is_some(), sample.is_some_and(|(read,)| read))?)
    }

    /// Whether reads of this person count.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn is_physician(&self, name: &str) -> Result<bool> {
        let row: Option<(bool,)> = sqlx::query_as("SELECT physician FROM users WHERE name = ?")
            .bind(name)
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.is_some_and(|r| r.0))
    }

    /// Says whether reads of this person count.
    ///
    /// # Errors
    /// [`Error::Unknown`] when there is no such user.
    pub async fn set_physician(&self, name: &str, physician: bool) -> Result<()> {
        let done = sqlx::query("UPDATE users SET physician = ? WHERE name = ?")
            .bind(physician)
            .bind(name)
            .execute(&self.pool)
            .await?;
        if done.rows_affected() == 0 { Err(Error::Unknown("user")) } else { Ok(()) }
    }

    /// Counts what a person did against triage's answer.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn count_override(
        &self,
        study: &str,
        revision: u32,
        who: &str,
        kind: Override,
        now: i64,
    ) -> Result<()> {
        sqlx::query("INSERT INTO overrides (study, revision, who, kind, at) VALUES (?, ?, ?, ?, ?)")
            .bind(study)
            .bind(revision)
            .bind(who)
            .bind(Word(kind))
            .bind(now)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// A person opened a study on the page; only the first time counts.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn note_opened(&self, study: &str, now: i64) -> Result<()> {
        sqlx::query("UPDATE studies SET opened_at = ? WHERE id = ? AND opened_at IS NULL")
            .bind(now)
            .bind(study)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}
