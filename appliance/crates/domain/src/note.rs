//! The technician's note as a person writes it, and when it can be written.

use std::fmt;

use proto::limits::NOTE_CHARS_MAX;

use crate::case_state::CaseState;
use crate::refusal::Refusal;

/// What a technician writes to whoever reads the case. Prints a stub: people write names although they should not.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(from = "String")]
pub struct NoteText(String);

impl From<String> for NoteText {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl fmt::Debug for NoteText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoteText({} bytes)", self.0.len())
    }
}

impl NoteText {
    /// The text without blanks around it, lines ended by one character.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.replace("\r\n", "\n").trim().to_owned())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it can be kept.
    ///
    /// # Errors
    /// [`Refusal::LongNote`], [`Refusal::NoteNoText`].
    pub fn check(&self) -> Result<(), Refusal> {
        if self.0.chars().count() > NOTE_CHARS_MAX {
            return Err(Refusal::LongNote);
        }
        let odd = |c: char| c.is_control() && c != '\n' && c != '\t';
        if self.0.contains(odd) { Err(Refusal::NoteNoText) } else { Ok(()) }
    }
}

/// Whether the note of a case in `state` can be written.
///
/// # Errors
/// [`Refusal::NoteSealed`], [`Refusal::NoteSent`].
pub fn check_state(state: CaseState) -> Result<(), Refusal> {
    if state.takes_note() {
        Ok(())
    } else if state.before_handover() {
        Err(Refusal::NoteSealed)
    } else {
        Err(Refusal::NoteSent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refusal_names_the_limit() {
        assert!(Refusal::LongNote.to_string().contains(&NOTE_CHARS_MAX.to_string()));
    }

    #[test]
    fn a_note_is_bounded_text_and_never_printed() {
        let note = NoteText::new("  PLANTED\r\nleft side \n");
        assert_eq!(note.as_str(), "PLANTED\nleft side");
        assert_eq!(note.check(), Ok(()));
        let sent: NoteText =
            serde_json::from_str("\"  PLANTED\\r\\nleft side \"").unwrap_or(NoteText::new(""));
        assert_eq!(
            (&sent, serde_json::to_string(&sent).ok().as_deref()),
            (&note, Some("\"PLANTED\\nleft side\""))
        );
        assert_eq!(format!("{note:?}"), "NoteText(17 bytes)");
        assert_eq!(NoteText::new(&"ä".repeat(NOTE_CHARS_MAX)).check(), Ok(()));
        assert!(NoteText::new(&"ä".repeat(NOTE_CHARS_MAX + 1)).check().is_err());
        assert!(NoteText::new("a\u{1b}[2J").check().is_err());
    }

    #[test]
    fn every_state_says_whether_a_note_can_be_written() {
        let can: Vec<&str> =
            CaseState::ALL.into_iter().filter(|s| check_state(*s).is_ok()).map(CaseState::as_str).collect();
        assert_eq!(can, ["held", "review", "waiting", "leaving", "not-sent", "stopped", "failed"]);
    }
}
