//! What a named person may decide about a study or a case: who may, from which state, to which, in which words.

use proto::case::{Priority, Transport};
use serde::{Deserialize, Serialize};

use crate::case_state::CaseState;
use crate::job::RedactedArea;
use crate::note::{NoteText, check_state};
use crate::refusal::Refusal;

/// Longest name or reason in characters.
pub const WORDS_MAX: usize = 200;

/// What a person asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Release, by name, what de-identification holds, or held and waits elsewhere.
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
    /// Write the technician's note of a case, which travels with it.
    Note {
        /// Case id.
        case: String,
        /// The note; empty takes the one that is there away.
        text: NoteText,
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
    /// A physician's read of a sampled study: there is a finding of those the bundle looks for.
    ReadFinding {
        /// Study id.
        study: String,
    },
    /// A physician's read of a sampled study: there is none of them.
    ReadNothing {
        /// Study id.
        study: String,
    },
}

/// What a decision is about, by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject<'a> {
    /// A study.
    Study(&'a str),
    /// A case.
    Case(&'a str),
}

/// Who may take a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Anybody with a name.
    Person,
    /// Somebody whose reads count as a physician's.
    Physician,
}

/// What a person did against triage's answer, as it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Override {
    /// Sent a study to the cloud that triage did not escalate.
    Escalated,
    /// Kept a case here that triage escalated.
    NotSent,
    /// Raised to STAT.
    Raised,
}

impl Decision {
    /// What it is counted as where triage had answered the study.
    #[must_use]
    pub fn overrides(&self) -> Option<Override> {
        match self {
            Self::Escalate { .. } => Some(Override::Escalated),
            Self::DontSend { .. } => Some(Override::NotSent),
            Self::Stat { .. } => Some(Override::Raised),
            _ => None,
        }
    }

    /// What it is about.
    #[must_use]
    pub fn subject(&self) -> Subject<'_> {
        match self {
            Self::Send { case }
            | Self::Wait { case }
            | Self::DontSend { case, .. }
            | Self::IdentityVisible { case }
            | Self::Undo { case }
            | Self::Release { case, .. }
            | Self::BlackOut { case, .. }
            | Self::Uncover { case }
            | Self::Note { case, .. }
            | Self::Retry { case }
            | Self::Bury { case, .. } => Subject::Case(case),
            Self::Escalate { study, .. }
            | Self::Acknowledge { study }
            | Self::Unacknowledge { study }
            | Self::ArchiveChecked { study }
            | Self::ReadFinding { study }
            | Self::ReadNothing { study }
            | Self::Stat { study } => Subject::Study(study),
        }
    }

    /// Who may take it.
    #[must_use]
    pub fn role(&self) -> Role {
        match self.read() {
            Some(_) => Role::Physician,
            None => Role::Person,
        }
    }

    /// Of a physician's read: whether there is a finding.
    #[must_use]
    pub fn read(&self) -> Option<bool> {
        match self {
            Self::ReadFinding { .. } => Some(true),
            Self::ReadNothing { .. } => Some(false),
            _ => None,
        }
    }

    /// Whether it is safe whatever happened since the person looked: it stops or hastens, and shows nothing.
    #[must_use]
    pub fn is_always_safe(&self) -> bool {
        matches!(self, Self::IdentityVisible { .. } | Self::Stat { .. })
    }

    /// The state it moves a case to; `None` where it moves none, or where that depends on the case.
    #[must_use]
    pub fn target(&self) -> Option<CaseState> {
        match self {
            Self::Send { .. } | Self::Release { .. } => Some(CaseState::Leaving),
            Self::Wait { .. } => Some(CaseState::Waiting),
            Self::DontSend { .. } | Self::Bury { .. } => Some(CaseState::NotSent),
            Self::IdentityVisible { .. } => Some(CaseState::Stopped),
            _ => None,
        }
    }

    /// As audit and timeline say it.
    #[must_use]
    pub fn words(&self) -> &'static str {
        match self {
            Self::Send { .. } => "send",
            Self::Wait { .. } => "wait",
            Self::DontSend { .. } => "do not send",
            Self::IdentityVisible { .. } => "stopped: identity visible",
            Self::Undo { .. } => "undo",
            Self::Release { .. } => "released from hold",
            Self::BlackOut { .. } => "blacked an area out",
            Self::Uncover { .. } => "took the last area back",
            // Its text stands with the case alone.
            Self::Note { text, .. } if text.as_str().is_empty() => "took the note back",
            Self::Note { .. } => "wrote a note for the reader",
            Self::Retry { .. } => "retry",
            Self::Bury { .. } => "buried",
            Self::Escalate { .. } => "escalate",
            Self::Acknowledge { .. } => "acknowledge",
            Self::Unacknowledge { .. } => "take acknowledgement back",
            Self::ArchiveChecked { .. } => "collisions checked at the archive",
            Self::Stat { .. } => "raise to STAT",
            Self::ReadFinding { .. } => "physician's read: a finding",
            Self::ReadNothing { .. } => "physician's read: none of the findings",
        }
    }

    /// The person's reason; `None` where none is asked for.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::DontSend { reason, .. }
            | Self::Release { reason, .. }
            | Self::Bury { reason, .. }
            | Self::Escalate { reason, .. } => Some(reason),
            _ => None,
        }
    }

    /// Whether a reason is given where one is asked for.
    ///
    /// # Errors
    /// Why not.
    pub fn check_reason(&self) -> Result<(), Refusal> {
        let Some(reason) = self.reason() else { return Ok(()) };
        if reason.chars().count() > WORDS_MAX || reason.chars().any(char::is_control) {
            return Err(Refusal::LongReason);
        }
        if reason.trim().is_empty() { Err(Refusal::NoReason) } else { Ok(()) }
    }

    /// Whether it may be taken about a case in `state`. `held`: de-identification holds what the case is made of. Such a
    /// case leaves by a release alone, wherever it waits. Decisions about studies move no case and are not refused here.
    ///
    /// # Errors
    /// Why not.
    pub fn permit(&self, state: CaseState, held: bool) -> Result<(), Refusal> {
        let when = |may: bool, refusal: Refusal| if may { Ok(()) } else { Err(refusal) };
        match self {
            Self::Release { .. } => when(state.may_be_released(held), Refusal::NotHeld),
            Self::Send { .. } if state.may_be_released(held) => Err(Refusal::ByReleaseOnly),
            Self::Retry { .. } => when(state.may_be_retried(), Refusal::NotRetryable),
            Self::BlackOut { .. } | Self::Uncover { .. } if !state.at_rest() => Err(Refusal::NotAtRest),
            Self::BlackOut { area: a, .. } => when(a.x0 < a.x1 && a.y0 < a.y1, Refusal::EmptyArea),
            Self::Note { text, .. } => text.check().and_then(|()| check_state(state)),
            Self::Bury { .. } => when(state.before_handover(), Refusal::HandedOver),
            Self::Send { .. } | Self::Wait { .. } | Self::DontSend { .. } | Self::IdentityVisible { .. } => {
                when(self.target().is_none_or(|to| state.person_may(to)), Refusal::Moved(state))
            }
            // What can be undone depends on where the case was before, which the ledger knows.
            Self::Undo { .. } | Self::Uncover { .. } => Ok(()),
            Self::Escalate { .. }
            | Self::Acknowledge { .. }
            | Self::Unacknowledge { .. }
            | Self::ArchiveChecked { .. }
            | Self::Stat { .. }
            | Self::ReadFinding { .. }
            | Self::ReadNothing { .. } => Ok(()),
        }
    }
}

/// Whether an order says who gives it and why, each on one line.
///
/// # Errors
/// [`Refusal::Unnamed`].
pub fn check_named(who: &str, reason: &str) -> Result<(), Refusal> {
    if fits(who) && fits(reason) { Ok(()) } else { Err(Refusal::Unnamed) }
}

/// Whether it is said who decides, on one line.
///
/// # Errors
/// [`Refusal::NoName`].
pub fn check_who(who: &str) -> Result<(), Refusal> {
    if fits(who) { Ok(()) } else { Err(Refusal::NoName) }
}

fn fits(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= WORDS_MAX && !text.chars().any(char::is_control)
}

/// Whether a person may record a read of a study. `physician`: whether reads of this person count; `sampled`: whether the
/// study was sampled for a read; `read`: whether somebody has read it.
///
/// # Errors
/// Why not.
pub fn check_read(physician: bool, sampled: bool, read: bool) -> Result<(), Refusal> {
    match (physician, sampled, read) {
        (false, ..) => Err(Refusal::NotPhysician),
        (true, false, _) => Err(Refusal::NotSampled),
        (true, true, true) => Err(Refusal::ReadAlready),
        (true, true, false) => Ok(()),
    }
}

/// A case that a person opens for a study.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalation {
    /// Priority: at least urgent, since a person asks.
    pub priority: Priority,
    /// What the frames travel as.
    pub transport: Transport,
    /// Why, as it travels with the case.
    pub reason: String,
}

/// The case that a person opens for an answered study with a reason. `plan_digest`: of the de-identification plan made for
/// it, empty where the study could not be read.
///
/// # Errors
/// [`Refusal::NotReadable`].
pub fn escalation(plan_digest: &str, priority: Priority, reason: &str) -> Result<Escalation, Refusal> {
    if plan_digest.is_empty() {
        return Err(Refusal::NotReadable);
    }
    Ok(Escalation {
        priority: if priority == Priority::Stat { Priority::Stat } else { Priority::Urgent },
        transport: Transport::Image,
        reason: format!("raised by a technician: {reason}"),
    })
}
