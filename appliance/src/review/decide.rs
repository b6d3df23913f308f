//! What a named person may decide about a study or a case: one place for the page and the command line.
//! Every decision checks the state it starts from, is audited, and stands in the study's timeline.

use std::time::Duration;

use proto::case::{Plan, Priority};

use audit::Audit;
use domain::job::RedactedArea;
use ledger::{CaseRow, CaseState, Error, Ledger, NewCase, Which};

/// What a person asks for.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Decision {
    /// Let the case leave after the countdown.
    Send {
        /// Case id.
        case: String,
    },
    /// Let it wait.
    Wait {
        /// Case id.
        case: String,
    },
    /// Do not send it. Deletes nothing.
    DontSend {
        /// Case id.
        case: String,
        /// Why, in words without identity.
        reason: String,
    },
    /// Identity is visible: stop it at once, whatever its state before handover.
    IdentityVisible {
        /// Case id.
        case: String,
    },
    /// Take the last decision back.
    Undo {
        /// Case id.
        case: String,
    },
    /// Release from the de-identification gate, by name, what is held, or was and waits elsewhere.
    Release {
        /// Case id.
        case: String,
        /// Why it may leave.
        reason: String,
    },
    /// Black an area out in what leaves of a case that waits.
    BlackOut {
        /// Case id.
        case: String,
        /// Where.
        area: RedactedArea,
    },
    /// Take the last area back.
    Uncover {
        /// Case id.
        case: String,
    },
    /// Try a case again that could not be packed or sent.
    Retry {
        /// Case id.
        case: String,
    },
    /// Put a case aside for good, with the reason.
    Bury {
        /// Case id.
        case: String,
        /// Why.
        reason: String,
    },
    /// Send a study to the cloud that triage did not escalate.
    Escalate {
        /// Study id.
        study: String,
        /// Why; it travels with the case, so it holds no identity.
        reason: String,
    },
    /// Acknowledge a study's flag.
    Acknowledge {
        /// Study id.
        study: String,
    },
    /// Take the acknowledgement back.
    Unacknowledge {
        /// Study id.
        study: String,
    },
    /// Somebody has looked at the archive for the collisions of a study.
    ArchiveChecked {
        /// Study id.
        study: String,
    },
    /// Raise to STAT.
    Stat {
        /// Study id.
        study: String,
    },
    /// A physician's read of a drawn study: there is a finding of those the bundle looks for.
    ReadFinding {
        /// Study id.
        study: String,
    },
    /// A physician's read of a drawn study: there is none of them.
    ReadNothing {
        /// Study id.
        study: String,
    },
}

/// Longest reason in characters.
const REASON_MAX: usize = 200;

/// Over what decisions are made.
#[derive(Debug)]
pub struct Desk<'a> {
    /// The ledger.
    pub ledger: &'a Ledger,
    /// The audit.
    pub audit: &'a Audit,
    /// How long "send" can be undone.
    pub countdown: Duration,
    /// Largest share of silent studies that may hide a finding.
    pub hidden_most: f64,
}

impl Desk<'_> {
    /// Carries a decision of `who` out. The audit line is written first: what is not audited does not happen.
    ///
    /// # Errors
    /// [`Error::Refused`] in words for the person; the ledger's own faults.
    pub async fn decide(&self, who: &str, decision: &Decision, now: i64) -> Result<(), Error> {
        let (study, case) = self.subject(decision).await?;
        let gated = match &case {
            Some(case) => self.ledger.gate_holds(&case.id).await?,
            None => false,
        };
        self.permit(decision, case.as_ref(), gated)?;
        if matches!(decision, Decision::ReadFinding { .. } | Decision::ReadNothing { .. }) {
            // What is refused must not stand in the audit as a read.
            let revision = self.ledger.detail(&study).await?.row.revision;
            self.ledger.may_read(&study, revision, who).await?;
        }
        let collisions = Which { study: Some(study.as_str()), ..Which::default() };
        if matches!(decision, Decision::ArchiveChecked { .. }) {
            self.ledger.may_check_collisions(&collisions).await?;
        }
        let (what, reason) = words(decision);
        self.audit
            .write(now, who, what, case.as_ref().map_or(study.as_str(), |c| c.id.as_str()), reason)
            .map_err(|_| Error::Refused("the audit cannot be written: nothing was changed".into()))?;
        match decision {
            Decision::Acknowledge { study } => return self.ledger.acknowledge(study, who, now).await,
            Decision::Unacknowledge { study } => return self.ledger.unacknowledge(study, who, now).await,
            Decision::Stat { study } => {
                self.overrides(study, who, "raised", now).await?;
                return self.ledger.raise_to_stat(study, who, now).await;
            }
            Decision::ReadFinding { study } => return self.read(study, who, true, now).await,
            Decision::ReadNothing { study } => return self.read(study, who, false, now).await,
            Decision::ArchiveChecked { .. } => {
                self.ledger.check_collisions(&collisions, who, now).await?;
            }
            Decision::Escalate { study, reason } => {
                self.escalate(study, who, reason, now).await?;
                self.overrides(study, who, "escalated", now).await?;
            }
            _ => {
                if let Some(case) = &case {
                    self.move_case(decision, case, now).await?;
                    if matches!(decision, Decision::DontSend { .. }) {
                        self.overrides(&study, who, "not-sent", now).await?;
                    }
                }
            }
        }
        let line = if reason.is_empty() { what.to_owned() } else { format!("{what}: {reason}") };
        self.ledger.add_event(&study, who, &line, now).await
    }

    /// Counts what a person did against triage's answer; a study that nothing answered cannot be overridden.
    async fn overrides(&self, study: &str, who: &str, kind: &'static str, now: i64) -> Result<(), Error> {
        match self.ledger.detail(study).await?.disposition {
            Some(d) if !d.verdict.bundle.is_empty() => {
                self.ledger.count_override(study, d.revision, who, kind, now).await
            }
            _ => Ok(()),
        }
    }

    async fn read(&self, study: &str, who: &str, finding: bool, now: i64) -> Result<(), Error> {
        let revision = self.ledger.detail(study).await?.row.revision;
        self.ledger.record_read((study, revision), who, finding, self.hidden_most, now).await.map(|_| ())
    }

    async fn subject(&self, decision: &Decision) -> Result<(String, Option<CaseRow>), Error> {
        match decision {
            Decision::Send { case }
            | Decision::Wait { case }
            | Decision::DontSend { case, .. }
            | Decision::IdentityVisible { case }
            | Decision::Undo { case }
            | Decision::Release { case, .. }
            | Decision::BlackOut { case, .. }
            | Decision::Uncover { case }
            | Decision::Retry { case }
            | Decision::Bury { case, .. } => {
                let row = self.ledger.case(case).await?;
                Ok((row.study.clone(), Some(row)))
            }
            Decision::Escalate { study, .. }
            | Decision::Acknowledge { study }
            | Decision::Unacknowledge { study }
            | Decision::ArchiveChecked { study }
            | Decision::ReadFinding { study }
            | Decision::ReadNothing { study }
            | Decision::Stat { study } => Ok((study.clone(), None)),
        }
    }

    /// `gated`: the gate holds what the case is made of. Such a case leaves by a release alone, wherever it waits.
    fn permit(&self, decision: &Decision, case: Option<&CaseRow>, gated: bool) -> Result<(), Error> {
        let refuse = |words: &str| Err(Error::Refused(words.to_owned()));
        let (_, reason) = words(decision);
        if reason.chars().count() > REASON_MAX || reason.chars().any(char::is_control) {
            return refuse("the reason is too long: at most 200 characters on one line");
        }
        let needs_reason = matches!(
            decision,
            Decision::Release { .. }
                | Decision::Bury { .. }
                | Decision::DontSend { .. }
                | Decision::Escalate { .. }
        );
        if needs_reason && reason.trim().is_empty() {
            return refuse("give a reason");
        }
        let Some(case) = case else { return Ok(()) };
        let (state, to) = (case.state()?, target(decision));
        match decision {
            Decision::Release { .. } if !state.may_be_released(gated) => {
                refuse("only a held case can be released")
            }
            Decision::Send { .. } if state.may_be_released(gated) => {
                refuse("the gate holds it: release it, with a reason")
            }
            Decision::Retry { .. }
                if !matches!(state, CaseState::Failed | CaseState::Sealed | CaseState::Sending) =>
            {
                refuse("only a case that could not be packed or waits for the link can be tried again")
            }
            Decision::BlackOut { .. } | Decision::Uncover { .. } if !state.at_rest() => {
                refuse("stop it first (P): only what waits can be blacked out")
            }
            Decision::BlackOut { area, .. } if area.x0 >= area.x1 || area.y0 >= area.y1 => {
                refuse("the area is empty: draw it from one corner to the other")
            }
            Decision::Bury { .. } if !state.before_handover() => refuse("the cloud has it already"),
            Decision::Send { .. }
            | Decision::Wait { .. }
            | Decision::DontSend { .. }
            | Decision::IdentityVisible { .. } => match to {
                Some(to) if !state.person_may(to) => Err(Error::Refused(format!(
                    "the case is {} by now: that cannot be done any more",
                    state.as_str()
                ))),
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    async fn move_case(&self, decision: &Decision, case: &CaseRow, now: i64) -> Result<(), Error> {
        let from = [case.state()?];
        let leaves = now.saturating_add(i64::try_from(self.countdown.as_millis()).unwrap_or(i64::MAX));
        match decision {
            Decision::BlackOut { area, .. } => self.ledger.add_area(&case.id, area).await,
            Decision::Uncover { .. } => match self.ledger.drop_area(&case.id).await? {
                true => Ok(()),
                false => Err(Error::Refused("there is no area to take back".into())),
            },
            Decision::Undo { .. } => self.ledger.undo_case(&case.id).await.map(|_| ()),
            Decision::Send { .. } | Decision::Release { .. } => {
                self.ledger.move_case(&case.id, &from, CaseState::Leaving, Some(leaves)).await
            }
            Decision::Retry { .. } if from == [CaseState::Failed] => {
                self.ledger.move_case(&case.id, &from, CaseState::Leaving, Some(now)).await
            }
            Decision::Retry { .. } => self.ledger.make_due().await,
            _ => match target(decision) {
                Some(to) => self.ledger.move_case(&case.id, &from, to, None).await,
                None => Ok(()),
            },
        }
    }

    async fn escalate(&self, study: &str, who: &str, reason: &str, now: i64) -> Result<(), Error> {
        let detail = self.ledger.detail(study).await?;
        let Some(d) = detail.disposition else {
            return Err(Error::Refused("the study is not answered yet: wait until it is".into()));
        };
        if d.verdict.plan_digest.is_empty() {
            return Err(Error::Refused(
                "the study could not be read, so it cannot be de-identified and sent".into(),
            ));
        }
        let held = !d.verdict.holds.is_empty();
        let leaves = now.saturating_add(i64::try_from(self.countdown.as_millis()).unwrap_or(i64::MAX));
        let case = NewCase {
            study: study.to_owned(),
            revision: d.revision,
            state: if held { CaseState::Held } else { CaseState::Leaving },
            priority: if d.verdict.priority == Priority::Stat { Priority::Stat } else { Priority::Urgent },
            reason: format!("raised by a technician: {reason}"),
            plan: Plan::Image,
            leaves_at: (!held).then_some(leaves),
        };
        match self.ledger.open_case(&case, now).await? {
            Some(_) => Ok(()),
            None => {
                Err(Error::Refused(format!("there is a case of this study already; {who} changed nothing")))
            }
        }
    }
}

fn target(decision: &Decision) -> Option<CaseState> {
    match decision {
        Decision::Send { .. } | Decision::Release { .. } => Some(CaseState::Leaving),
        Decision::Wait { .. } => Some(CaseState::Waiting),
        Decision::DontSend { .. } | Decision::Bury { .. } => Some(CaseState::NotSent),
        Decision::IdentityVisible { .. } => Some(CaseState::Stopped),
        _ => None,
    }
}

fn words(decision: &Decision) -> (&'static str, &str) {
    match decision {
        Decision::Send { .. } => ("send", ""),
        Decision::Wait { .. } => ("wait", ""),
        Decision::DontSend { reason, .. } => ("do not send", reason),
        Decision::IdentityVisible { .. } => ("stopped: identity visible", ""),
        Decision::Undo { .. } => ("undo", ""),
        Decision::Release { reason, .. } => ("released from the gate", reason),
        Decision::BlackOut { .. } => ("blacked an area out", ""),
        Decision::Uncover { .. } => ("took the last area back", ""),
        Decision::Retry { .. } => ("retry", ""),
        Decision::Bury { reason, .. } => ("buried", reason),
        Decision::Escalate { reason, .. } => ("escalate", reason),
        Decision::Acknowledge { .. } => ("acknowledge", ""),
        Decision::Unacknowledge { .. } => ("take acknowledgement back", ""),
        Decision::ArchiveChecked { .. } => ("collisions checked at the archive", ""),
        Decision::Stat { .. } => ("raise to STAT", ""),
        Decision::ReadFinding { .. } => ("physician's read: a finding", ""),
        Decision::ReadNothing { .. } => ("physician's read: none of the findings", ""),
    }
}
