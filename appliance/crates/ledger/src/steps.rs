//! Modality Performed Procedure Steps: what scanners say they did, and what that means for when a study is whole.

use std::collections::BTreeSet;

use crate::columns::{SOP_INSTANCE_UID, STUDY_UID};
use crate::error::Result;
use crate::events;
use crate::ledger::Ledger;
use crate::sealer::Column;
use crate::word::Word;
use domain::study::{Expected, StepEnd, StepState};

/// Key of a step's index; the UID itself is not kept.
const STEP: Column = Column::new("performed_steps", "step_index");
/// Steps older than this are forgotten when a new one comes, ms.
const KEPT_MS: i64 = 90 * 24 * 3_600_000;
/// Most steps kept; more within [`KEPT_MS`] are refused.
const STEPS_MAX: i64 = 200_000;

/// A step that began (N-CREATE). UIDs are identifying.
#[derive(Clone)]
pub struct NewStep {
    /// SOP Instance UID of the step.
    pub uid: String,
    /// Study Instance UIDs of its scheduled steps.
    pub studies: Vec<String>,
}

/// What became of a new step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepMade {
    /// It is recorded; the indexes of its studies, for [`Ledger::study_by_index`].
    New(Vec<String>),
    /// There is one of that UID.
    Duplicate,
    /// Too many are kept.
    TooMany,
}

/// A change of a step (N-SET).
#[derive(Clone, Default)]
pub struct StepChange {
    /// How it ended; `None`: it goes on.
    pub end: Option<(StepEnd, String)>,
    /// The instances it lists, when the change says so; they take the place of those listed before.
    pub instances: Option<BTreeSet<String>>,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepChanged {
    /// It is recorded; the indexes of the studies it belongs to, for [`Ledger::study_by_index`].
    Done(Vec<String>),
    /// There is no such step.
    Unknown,
    /// It has ended: nothing of it changes any more.
    Final,
}

impl Ledger {
    /// Records a new step.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn create_step(&self, step: &NewStep, now: i64) -> Result<StepMade> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query("DELETE FROM performed_steps WHERE created_at < ?")
            .bind(now.saturating_sub(KEPT_MS))
            .execute(&mut *tx)
            .await?;
        let kept: (i64,) = sqlx::query_as("SELECT count(*) FROM performed_steps").fetch_one(&mut *tx).await?;
        if kept.0 >= STEPS_MAX {
            return Ok(StepMade::TooMany);
        }
        let index = self.sealer.index(STEP, &step.uid)?;
        let done = sqlx::query(
            "INSERT INTO performed_steps (step_index, state, created_at)
             VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        )
        .bind(&index)
        .bind(Word(StepState::InProgress))
        .bind(now)
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(StepMade::Duplicate);
        }
        let studies: Result<Vec<String>> =
            step.studies.iter().map(|uid| self.sealer.index(STUDY_UID, uid)).collect();
        let studies = studies?;
        for study in &studies {
            sqlx::query("INSERT INTO step_studies VALUES (?, ?) ON CONFLICT DO NOTHING")
                .bind(&index)
                .bind(study)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(StepMade::New(studies))
    }

    /// Changes a step that is in progress.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn change_step(&self, uid: &str, change: &StepChange, now: i64) -> Result<StepChanged> {
        let index = self.sealer.index(STEP, uid)?;
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let state: Option<(Word<StepState>,)> =
            sqlx::query_as("SELECT state FROM performed_steps WHERE step_index = ?")
                .bind(&index)
                .fetch_optional(&mut *tx)
                .await?;
        match state.map(|(Word(state),)| state.end()) {
            None => return Ok(StepChanged::Unknown),
            Some(None) => {}
            Some(Some(_)) => return Ok(StepChanged::Final),
        }
        if let Some(instances) = &change.instances {
            sqlx::query("DELETE FROM step_instances WHERE step_index = ?")
                .bind(&index)
                .execute(&mut *tx)
                .await?;
            let all: Result<Vec<String>> =
                instances.iter().map(|i| self.sealer.index(SOP_INSTANCE_UID, i)).collect();
            // One statement for the whole list.
            sqlx::query("INSERT INTO step_instances SELECT ?1, value FROM json_each(?2)")
                .bind(&index)
                .bind(serde_json::to_string(&all?)?)
                .execute(&mut *tx)
                .await?;
        }
        if let Some((end, _)) = &change.end {
            sqlx::query("UPDATE performed_steps SET state = ?, ended_at = ? WHERE step_index = ?")
                .bind(Word(StepState::from(*end)))
                .bind(now)
                .bind(&index)
                .execute(&mut *tx)
                .await?;
        }
        let studies: Vec<(String, Option<String>)> = sqlx::query_as(
            "SELECT t.uid_index, s.id FROM step_studies t LEFT JOIN studies s ON s.uid_index = t.uid_index
             WHERE t.step_index = ?",
        )
        .bind(&index)
        .fetch_all(&mut *tx)
        .await?;
        if let Some((end, reason)) = &change.end {
            let line = match (end, reason.as_str()) {
                (StepEnd::Completed, _) => "performed step completed".to_owned(),
                (StepEnd::Discontinued, "") => "performed step discontinued".to_owned(),
                (StepEnd::Discontinued, code) => format!("performed step discontinued, reason {code}"),
            };
            for study in studies.iter().filter_map(|s| s.1.as_deref()) {
                events::add(&mut *tx, &self.sealer, study, "scanner", &line, now).await?;
            }
        }
        tx.commit().await?;
        Ok(StepChanged::Done(studies.into_iter().map(|s| s.0).collect()))
    }

    /// The keyed index of a Study Instance UID.
    ///
    /// # Errors
    /// None that can be reached.
    pub fn study_index(&self, uid: &str) -> Result<String> {
        self.sealer.index(STUDY_UID, uid)
    }

    /// A study's local id by the index of its UID.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn study_by_index(&self, index: &str) -> Result<Option<String>> {
        let row: Option<(String,)> = sqlx::query_as("SELECT id FROM studies WHERE uid_index = ?")
            .bind(index)
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.map(|r| r.0))
    }

    /// What the performed steps of a study say, with everything counted that has a row in a study of the same step: a
    /// list names no studies, and another study may hold an instance of the same UID.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn expected_of(&self, study: &str) -> Result<Expected> {
        let steps: Vec<(Word<StepState>, i64)> = sqlx::query_as(
            "SELECT p.state, coalesce(p.ended_at, 0) FROM studies s JOIN step_studies t ON t.uid_index = s.uid_index
             JOIN performed_steps p ON p.step_index = t.step_index WHERE s.id = ? ORDER BY p.ended_at",
        )
        .bind(study)
        .fetch_all(&self.pool)
        .await?;
        if steps.is_empty() {
            return Ok(Expected::default());
        }
        let listed: Vec<(String, Option<i64>)> = sqlx::query_as(
            "SELECT l.sop_instance_index, max(i.revision) FROM studies s
             JOIN step_studies t ON t.uid_index = s.uid_index
             JOIN performed_steps p ON p.step_index = t.step_index AND p.state <> ?2
             JOIN step_instances l ON l.step_index = p.step_index
             LEFT JOIN instances i ON i.sop_instance_index = l.sop_instance_index AND i.study IN
                 (SELECT o.id FROM step_studies w JOIN studies o ON o.uid_index = w.uid_index
                  WHERE w.step_index = l.step_index)
             WHERE s.id = ?1 GROUP BY 1",
        )
        .bind(study)
        .bind(Word(StepState::InProgress))
        .fetch_all(&self.pool)
        .await?;
        let ended = steps.iter().rev().find_map(|(state, at)| Some((state.0.end()?, *at)));
        Ok(Expected {
            in_progress: steps.iter().filter(|(state, _)| state.0.end().is_none()).count(),
            ended,
            listed: listed.len(),
            fresh: listed.iter().any(|(_, revision)| *revision == Some(0)),
            missing: listed.into_iter().filter(|(_, r)| r.is_none()).map(|(index, _)| index).collect(),
        })
    }
}
