//! States of a case on its way out and home, and every move between them: by itself, and by a person.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::unknown::Unknown;

/// State of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaseState {
    /// De-identification holds it: it waits for a named person.
    Held,
    /// Waits for a person's decision (`review.mode = "required"`).
    Review,
    /// A person asked it to wait.
    Waiting,
    /// Leaves at `leaves_at` unless somebody undoes it.
    Leaving,
    /// Is being de-identified again, searched and sealed.
    Packing,
    /// Sealed, waits for the link.
    Sealed,
    /// Parts are on the way.
    Sending,
    /// Durable in the cloud: the receipt is here.
    Received,
    /// The report is here.
    Answered,
    /// A person decided that it does not leave.
    NotSent,
    /// A person saw identity in it.
    Stopped,
    /// Put aside visibly by the cloud after its last attempt.
    Buried,
    /// Could not be packed; the fault says why.
    Failed,
}

impl CaseState {
    /// Every state.
    pub const ALL: [Self; 13] = [
        Self::Held,
        Self::Review,
        Self::Waiting,
        Self::Leaving,
        Self::Packing,
        Self::Sealed,
        Self::Sending,
        Self::Received,
        Self::Answered,
        Self::NotSent,
        Self::Stopped,
        Self::Buried,
        Self::Failed,
    ];

    /// As stored and shown in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Review => "review",
            Self::Waiting => "waiting",
            Self::Leaving => "leaving",
            Self::Packing => "packing",
            Self::Sealed => "sealed",
            Self::Sending => "sending",
            Self::Received => "received",
            Self::Answered => "answered",
            Self::NotSent => "not-sent",
            Self::Stopped => "stopped",
            Self::Buried => "buried",
            Self::Failed => "failed",
        }
    }

    /// Whether nothing of it has been handed over yet, so that a person may still stop it.
    #[must_use]
    pub fn before_handover(self) -> bool {
        !matches!(self, Self::Received | Self::Answered | Self::Buried)
    }

    /// Whether nothing happens to it any more by itself.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Answered | Self::NotSent | Self::Stopped | Self::Buried)
    }

    /// Whether its envelope is here and on its way to the cloud.
    #[must_use]
    pub fn in_upload(self) -> bool {
        matches!(self, Self::Sealed | Self::Sending)
    }

    /// Whether it waits for a person, so that what would leave of it may still be changed.
    #[must_use]
    pub fn at_rest(self) -> bool {
        matches!(self, Self::Held | Self::Review | Self::Waiting | Self::NotSent | Self::Stopped)
    }

    /// Whether the technician's note can be written: nothing of it is being sealed or has left.
    #[must_use]
    pub fn takes_note(self) -> bool {
        self.at_rest() || matches!(self, Self::Leaving | Self::Failed)
    }

    /// Whether the list shows it among what a person should look at.
    #[must_use]
    pub fn asks_for_a_person(self) -> bool {
        matches!(self, Self::Held | Self::Review | Self::Waiting | Self::Stopped | Self::Failed)
    }

    /// Whether the last move by a person can be taken back.
    #[must_use]
    pub fn undoable(self) -> bool {
        matches!(self, Self::Leaving | Self::Waiting | Self::NotSent | Self::Stopped)
    }

    /// Whether a person can have it tried again.
    #[must_use]
    pub fn may_be_retried(self) -> bool {
        self == Self::Failed || self.in_upload()
    }

    /// Whether a move here takes back what the cloud may hold parts of.
    #[must_use]
    pub fn takes_back(self) -> bool {
        matches!(self, Self::NotSent | Self::Stopped)
    }

    /// Whether a case leaves from here by a release with a reason; `held`: de-identification holds what it is made of.
    #[must_use]
    pub fn may_be_released(self, held: bool) -> bool {
        self == Self::Held || held && self.person_may(Self::Leaving)
    }

    /// Whether a person may move a case from `self` to `to`. A release and an undo are moves of their own.
    #[must_use]
    pub fn person_may(self, to: Self) -> bool {
        use CaseState::{Failed, Held, Leaving, NotSent, Review, Stopped, Waiting};
        match to {
            Leaving => matches!(self, Review | Waiting | NotSent | Failed),
            Waiting => matches!(self, Review | Leaving),
            NotSent => matches!(self, Review | Waiting | Leaving | Held),
            Stopped => self.before_handover() && self != Stopped,
            _ => false,
        }
    }
}

impl fmt::Display for CaseState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for CaseState {
    type Err = Unknown;

    fn from_str(text: &str) -> Result<Self, Unknown> {
        Self::ALL.into_iter().find(|s| s.as_str() == text).ok_or(Unknown("case state"))
    }
}

impl TryFrom<String> for CaseState {
    type Error = Unknown;

    fn try_from(text: String) -> Result<Self, Unknown> {
        text.parse()
    }
}

/// What moves a case without a person's decision about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseEvent {
    /// Its time has come.
    Due,
    /// Packing was cut short and begins anew.
    PackedAnew,
    /// It is sealed.
    Packed,
    /// It cannot be packed.
    Unpackable,
    /// Packing found what a person must see first.
    PackingHeld,
    /// Parts of it are in the cloud.
    PartsSent,
    /// The receipt is here.
    Receipt,
    /// Its envelope cannot be sent.
    Unsendable,
    /// Its envelope is let go for a newer one.
    LetGo,
    /// The cloud has put it aside.
    CloudBuried,
    /// Its report is here, whatever was decided meanwhile.
    Report,
    /// A newer revision of the study was answered.
    Superseded,
    /// The study was corrected before it left.
    Corrected,
    /// The cloud was told that what it holds unanswered was corrected.
    Withdrawn,
}

impl CaseEvent {
    /// Every event.
    pub const ALL: [Self; 14] = [
        Self::Due,
        Self::PackedAnew,
        Self::Packed,
        Self::Unpackable,
        Self::PackingHeld,
        Self::PartsSent,
        Self::Receipt,
        Self::Unsendable,
        Self::LetGo,
        Self::CloudBuried,
        Self::Report,
        Self::Superseded,
        Self::Corrected,
        Self::Withdrawn,
    ];

    /// The state it leads to.
    #[must_use]
    pub const fn to(self) -> CaseState {
        match self {
            Self::Due => CaseState::Packing,
            Self::PackedAnew | Self::LetGo => CaseState::Leaving,
            Self::Packed => CaseState::Sealed,
            Self::Unpackable | Self::Unsendable => CaseState::Failed,
            Self::PackingHeld => CaseState::Held,
            Self::PartsSent => CaseState::Sending,
            Self::Receipt => CaseState::Received,
            Self::CloudBuried => CaseState::Buried,
            Self::Report => CaseState::Answered,
            Self::Superseded => CaseState::NotSent,
            Self::Corrected | Self::Withdrawn => CaseState::Stopped,
        }
    }

    /// Whether it moves a case that is in `state`; one elsewhere stays where it is.
    #[must_use]
    pub fn moves(self, state: CaseState) -> bool {
        use CaseState::{Held, Leaving, Packing, Received, Review, Waiting};
        match self {
            Self::Due => state == Leaving,
            Self::PackedAnew | Self::Packed | Self::Unpackable | Self::PackingHeld => state == Packing,
            Self::PartsSent | Self::Receipt | Self::Unsendable | Self::LetGo => state.in_upload(),
            Self::CloudBuried | Self::Withdrawn => state == Received,
            Self::Report => true,
            Self::Superseded => matches!(state, Held | Review | Waiting | Leaving),
            Self::Corrected => state.before_handover() && !state.is_over(),
        }
    }
}

/// Where a new case begins, and when it leaves (ms). What is held waits for a named person whatever the review mode
/// says; without a countdown (`veto`) a person decides on every case.
#[must_use]
pub fn first_state(held: bool, veto: Option<Duration>, now: i64) -> (CaseState, Option<i64>) {
    match (held, veto) {
        (true, _) => (CaseState::Held, None),
        (false, None) => (CaseState::Review, None),
        (false, Some(wait)) => {
            let wait = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
            (CaseState::Leaving, Some(now.saturating_add(wait)))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The states for which `holds` says yes.
    fn those(holds: impl Fn(CaseState) -> bool) -> String {
        let words: Vec<&str> =
            CaseState::ALL.into_iter().filter(|s| holds(*s)).map(CaseState::as_str).collect();
        words.join(" ")
    }

    #[test]
    fn what_is_held_never_begins_with_a_countdown() {
        let veto = Some(Duration::from_secs(8));
        assert_eq!(first_state(true, veto, 100), (CaseState::Held, None));
        assert_eq!(first_state(true, None, 100), (CaseState::Held, None));
        assert_eq!(first_state(false, None, 100), (CaseState::Review, None));
        assert_eq!(first_state(false, veto, 100), (CaseState::Leaving, Some(8_100)));
    }

    #[test]
    fn a_state_is_read_from_its_word_alone_and_no_error_repeats_another() {
        for state in CaseState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
        let error = CaseState::try_from("PLANTED".to_owned()).unwrap_err();
        assert_eq!(error.to_string(), "no word for a case state");
    }

    #[test]
    fn a_person_moves_a_case_only_as_the_table_says() {
        let from = |to| those(|s| s.person_may(to));
        assert_eq!(from(CaseState::Leaving), "review waiting not-sent failed");
        assert_eq!(from(CaseState::Waiting), "review leaving");
        assert_eq!(from(CaseState::NotSent), "held review waiting leaving");
        assert_eq!(
            from(CaseState::Stopped),
            "held review waiting leaving packing sealed sending not-sent failed"
        );
        for to in CaseState::ALL
            .into_iter()
            .filter(|to| !matches!(to.as_str(), "leaving" | "waiting"))
            .filter(|to| !to.takes_back())
        {
            assert_eq!(from(to), "", "{to}");
        }
    }

    #[test]
    fn an_event_moves_a_case_only_as_the_table_says() {
        let table = [
            (CaseEvent::Due, "leaving", "packing"),
            (CaseEvent::PackedAnew, "packing", "leaving"),
            (CaseEvent::Packed, "packing", "sealed"),
            (CaseEvent::Unpackable, "packing", "failed"),
            (CaseEvent::PackingHeld, "packing", "held"),
            (CaseEvent::PartsSent, "sealed sending", "sending"),
            (CaseEvent::Receipt, "sealed sending", "received"),
            (CaseEvent::Unsendable, "sealed sending", "failed"),
            (CaseEvent::LetGo, "sealed sending", "leaving"),
            (CaseEvent::CloudBuried, "received", "buried"),
            (CaseEvent::Superseded, "held review waiting leaving", "not-sent"),
            (CaseEvent::Corrected, "held review waiting leaving packing sealed sending failed", "stopped"),
            (CaseEvent::Withdrawn, "received", "stopped"),
        ];
        for (event, from, to) in table {
            assert_eq!((those(|s| event.moves(s)).as_str(), event.to().as_str()), (from, to), "{event:?}");
        }
        assert_eq!(table.len() + 1, CaseEvent::ALL.len());
        assert!(CaseState::ALL.into_iter().all(|s| CaseEvent::Report.moves(s)), "a report is never refused");
    }

    #[test]
    fn what_is_over_what_can_be_undone_and_what_asks_for_a_person() {
        assert_eq!(those(CaseState::is_over), "answered not-sent stopped buried");
        assert_eq!(those(CaseState::undoable), "waiting leaving not-sent stopped");
        assert_eq!(those(CaseState::asks_for_a_person), "held review waiting stopped failed");
        assert_eq!(those(CaseState::may_be_retried), "sealed sending failed");
        assert_eq!(those(CaseState::takes_note), "held review waiting leaving not-sent stopped failed");
        assert_eq!(those(|s| s.may_be_released(false)), "held");
        assert_eq!(those(|s| s.may_be_released(true)), "held review waiting not-sent failed");
        assert_eq!(those(|s| !s.before_handover()), "received answered buried");
    }
}
