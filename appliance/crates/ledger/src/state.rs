//! States of a case on its way out and home, and the moves a person may make between them.

/// State of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaseState {
    /// Waits at the de-identification gate for a named person.
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
    /// As stored and shown in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
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

    /// The inverse of [`Self::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }

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

    /// Whether nothing of it has been handed over yet, so that a person may still stop it.
    #[must_use]
    pub fn before_handover(self) -> bool {
        !matches!(self, Self::Received | Self::Answered | Self::Buried)
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

    /// Whether the last move by a person can be taken back.
    #[must_use]
    pub fn undoable(self) -> bool {
        matches!(self, Self::Leaving | Self::Waiting | Self::NotSent | Self::Stopped)
    }

    /// Whether a case leaves from here by a release with a reason; `gated`: the gate holds what it is made of.
    #[must_use]
    pub fn may_be_released(self, gated: bool) -> bool {
        self == Self::Held || gated && self.person_may(Self::Leaving)
    }

    /// Whether a person may move a case from `self` to `to`. Release from the gate is a move of its own.
    #[must_use]
    pub fn person_may(self, to: Self) -> bool {
        use CaseState::{Failed, Leaving, NotSent, Review, Stopped, Waiting};
        match to {
            Leaving => matches!(self, Review | Waiting | NotSent | Failed),
            Waiting => matches!(self, Review | Leaving),
            NotSent => matches!(self, Review | Waiting | Leaving | Self::Held),
            Stopped => self.before_handover() && self != Stopped,
            Review => matches!(self, Leaving | Waiting | NotSent),
            _ => false,
        }
    }
}
