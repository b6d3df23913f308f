//! Why a person's decision is not carried out, in words for the person.

use crate::case_state::CaseState;

/// Why a person's decision is not carried out: never a fault of ours, and never worth trying again unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The reason does not fit.
    #[error("the reason is too long: at most 200 characters on one line")]
    LongReason,
    /// There is none.
    #[error("give a reason")]
    NoReason,
    /// Nobody is named.
    #[error("say who decides: a name on one line of at most 200 characters")]
    NoName,
    /// An order without a name or a reason.
    #[error("give a name and a reason, each on one line of at most 200 characters")]
    Unnamed,
    /// A release of what nothing holds.
    #[error("only a held case can be released")]
    NotHeld,
    /// A bare "send" of what de-identification holds.
    #[error("it is held: release it, with a reason")]
    ByReleaseOnly,
    /// Nothing failed, and nothing waits for the link.
    #[error("only a case that could not be packed or waits for the link can be tried again")]
    NotRetryable,
    /// What is under way cannot be changed.
    #[error("stop it first (P): only what waits can be blacked out")]
    NotAtRest,
    /// An area without a pixel.
    #[error("the area is empty: draw it from one corner to the other")]
    EmptyArea,
    /// The note does not fit.
    #[error("the note is too long: at most 2000 characters")]
    LongNote,
    /// Control characters in the note.
    #[error("the note holds characters that are no text")]
    NoteNoText,
    /// There is no note.
    #[error("there is no note to take back")]
    NoNote,
    /// The case is on its way without the note.
    #[error(
        "it is being sealed or waits for the link: stop it first (P), then write the note and send it again"
    )]
    NoteSealed,
    /// The case has left without the note.
    #[error("the cloud has it already: a note does not reach it any more")]
    NoteSent,
    /// There is no area.
    #[error("there is no area to take back")]
    NoArea,
    /// The cloud holds it.
    #[error("the cloud has it already")]
    HandedOver,
    /// The case has moved on.
    #[error("the case is {0} by now: that cannot be done any more")]
    Moved(CaseState),
    /// Triage has not answered.
    #[error("the study is not answered yet: wait until it is")]
    NotAnswered,
    /// Nothing of the study could be read.
    #[error("the study could not be read, so it cannot be de-identified and sent")]
    NotReadable,
    /// The reader is no physician.
    #[error("only a physician's read counts: `appliance user physician NAME` says who is one")]
    NotPhysician,
    /// The study is none of the sampled ones.
    #[error("this study was not sampled for a read")]
    NotSampled,
    /// One read counts.
    #[error("somebody has read it already")]
    ReadAlready,
}
