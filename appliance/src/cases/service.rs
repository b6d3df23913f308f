//! Carries out what a named person decides about a study or a case. Every decision checks the state it starts from, is
//! audited, and stands in the study's timeline.

use std::time::Duration;

use audit::Audit;
use domain::case_state::{CaseState, first_state};
use domain::decision::{Decision, Subject, check_who, escalation};
use domain::refusal::Refusal;
use ledger::{CaseRow, Ledger, NewCase, Which};

use super::Error;

/// Over what decisions are made.
#[derive(Debug)]
pub struct CaseService<'a> {
    /// The ledger.
    pub ledger: &'a Ledger,
    /// The audit.
    pub audit: &'a Audit,
    /// How long "send" can be undone.
    pub countdown: Duration,
    /// Largest share of studies given `no-flag` that may hide a finding.
    pub hidden_most: f64,
}

impl CaseService<'_> {
    /// Carries a decision of `who` out. The audit line is written first: what is not audited does not happen.
    ///
    /// # Errors
    /// [`Error::Refused`] in words for the person; the ledger's own faults.
    pub async fn decide(&self, who: &str, decision: &Decision, now: i64) -> Result<(), Error> {
        check_who(who)?;
        let (study, case) = match decision.subject() {
            Subject::Case(case) => {
                let row = self.ledger.case(case).await?;
                (row.study.clone(), Some(row))
            }
            Subject::Study(study) => (study.to_owned(), None),
        };
        decision.check_reason()?;
        if let Some(case) = &case {
            let held = self.ledger.is_held(&case.id).await?;
            decision.permit(case.state, held)?;
            if let Decision::Note { text, .. } = decision
                && text.as_str().is_empty()
                && case.note.is_empty()
            {
                return Err(Refusal::NoNote.into());
            }
        }
        if decision.read().is_some() {
            // What is refused must not stand in the audit as a read.
            let revision = self.ledger.detail(&study).await?.row.revision;
            self.ledger.may_read(&study, revision, who).await?;
        }
        let collisions = Which { study: Some(study.as_str()), ..Which::default() };
        if matches!(decision, Decision::ArchiveChecked { .. }) {
            self.ledger.may_check_collisions(&collisions).await?;
        }
        let (what, reason) = (decision.words(), decision.reason().unwrap_or_default());
        self.audit
            .write(now, who, what, case.as_ref().map_or(study.as_str(), |c| c.id.as_str()), reason)
            .map_err(|_| Error::NotAudited)?;
        match decision {
            Decision::Acknowledge { study } => return Ok(self.ledger.acknowledge(study, who, now).await?),
            Decision::Unacknowledge { study } => {
                return Ok(self.ledger.unacknowledge(study, who, now).await?);
            }
            Decision::Stat { study } => {
                self.count(decision, study, who, now).await?;
                return Ok(self.ledger.raise_to_stat(study, who, now).await?);
            }
            Decision::ReadFinding { study } => return self.read(study, who, true, now).await,
            Decision::ReadNothing { study } => return self.read(study, who, false, now).await,
            Decision::ArchiveChecked { .. } => {
                self.ledger.check_collisions(&collisions, who, now).await?;
            }
            Decision::Note { case, text } => {
                self.ledger.set_note(case, who, text.as_str(), now).await?;
            }
            Decision::Escalate { study, reason } => {
                self.escalate(study, who, reason, now).await?;
                self.count(decision, study, who, now).await?;
            }
            _ => {
                if let Some(case) = &case {
                    self.move_case(decision, case, now).await?;
                    self.count(decision, &study, who, now).await?;
                }
            }
        }
        let line = if reason.is_empty() { what.to_owned() } else { format!("{what}: {reason}") };
        Ok(self.ledger.add_event(&study, who, &line, now).await?)
    }

    /// Counts what a person did against triage's answer; a study that nothing answered cannot be overridden.
    async fn count(&self, decision: &Decision, study: &str, who: &str, now: i64) -> Result<(), Error> {
        let Some(kind) = decision.overrides() else { return Ok(()) };
        match self.ledger.detail(study).await?.disposition {
            Some(d) if !d.verdict.bundle.is_empty() => {
                Ok(self.ledger.count_override(study, d.revision, who, kind, now).await?)
            }
            _ => Ok(()),
        }
    }

    async fn read(&self, study: &str, who: &str, finding: bool, now: i64) -> Result<(), Error> {
        let revision = self.ledger.detail(study).await?.row.revision;
        self.ledger.record_read((study, revision), who, finding, self.hidden_most, now).await?;
        Ok(())
    }

    async fn move_case(&self, decision: &Decision, case: &CaseRow, now: i64) -> Result<(), Error> {
        let from = [case.state];
        let moved = match decision {
            Decision::BlackOut { area, .. } => self.ledger.add_area(&case.id, area).await,
            Decision::Uncover { .. } => match self.ledger.drop_area(&case.id).await? {
                true => Ok(()),
                false => return Err(Refusal::NoArea.into()),
            },
            Decision::Undo { .. } => self.ledger.undo_case(&case.id).await.map(|_| ()),
            Decision::Retry { .. } if case.state == CaseState::Failed => {
                self.ledger.move_case(&case.id, &from, CaseState::Leaving, Some(now)).await
            }
            Decision::Retry { .. } => self.ledger.make_due().await,
            _ => match decision.target() {
                Some(CaseState::Leaving) => {
                    let (_, leaves) = first_state(false, Some(self.countdown), now);
                    self.ledger.move_case(&case.id, &from, CaseState::Leaving, leaves).await
                }
                Some(to) => self.ledger.move_case(&case.id, &from, to, None).await,
                None => Ok(()),
            },
        };
        Ok(moved?)
    }

    async fn escalate(&self, study: &str, who: &str, reason: &str, now: i64) -> Result<(), Error> {
        let d = self.ledger.detail(study).await?.disposition.ok_or(Refusal::NotAnswered)?;
        let asked = escalation(&d.verdict.plan_digest, d.verdict.priority, reason)?;
        let (state, leaves_at) = first_state(!d.verdict.holds.is_empty(), Some(self.countdown), now);
        let case = NewCase {
            study: study.to_owned(),
            revision: d.revision,
            state,
            priority: asked.priority,
            reason: asked.reason,
            transport: asked.transport,
            leaves_at,
        };
        match self.ledger.open_case(&case, now).await? {
            Some(_) => Ok(()),
            None => Err(Error::CaseThere(who.to_owned())),
        }
    }
}
