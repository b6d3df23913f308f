//! The technician's note as a person writes it, and when it can be written.

use std::fmt;

use proto::limits::NOTE_CHARS_MAX;

use ledger::CaseState;

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

    /// Why it cannot be kept; `None`: it can.
    pub(super) fn fault(&self) -> Option<String> {
        if self.0.chars().count() > NOTE_CHARS_MAX {
            return Some(format!("the note is too long: at most {NOTE_CHARS_MAX} characters"));
        }
        let odd = |c: char| c.is_control() && c != '\n' && c != '\t';
        self.0.contains(odd).then(|| "the note holds characters that are no text".to_owned())
    }
}

/// Why the note of a case cannot be written now; `None`: it can.
pub(super) fn cannot_write(state: CaseState) -> Option<&'static str> {
    if state.takes_note() {
        None
    } else if state.before_handover() {
        Some(
            "it is being sealed or waits for the link: stop it first (P), then write the note and send it again",
        )
    } else {
        Some("the cloud has it already: a note does not reach it any more")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_bounded_text_and_never_printed() {
        let note = NoteText::new("  PLANTED\r\nleft side \n");
        assert_eq!(note.as_str(), "PLANTED\nleft side");
        assert_eq!(note.fault(), None);
        let sent: NoteText =
            serde_json::from_str("\"  PLANTED\\r\\nleft side \"").unwrap_or(NoteText::new(""));
        assert_eq!(
            (&sent, serde_json::to_string(&sent).ok().as_deref()),
            (&note, Some("\"PLANTED\\nleft side\""))
        );
        assert_eq!(format!("{note:?}"), "NoteText(17 bytes)");
        assert_eq!(NoteText::new(&"ä".repeat(NOTE_CHARS_MAX)).fault(), None);
        assert!(NoteText::new(&"ä".repeat(NOTE_CHARS_MAX + 1)).fault().is_some());
        assert!(NoteText::new("a\u{1b}[2J").fault().is_some());
    }

    #[test]
    fn every_state_says_whether_a_note_can_be_written() {
        let can: Vec<&str> = CaseState::ALL
            .into_iter()
            .filter(|s| cannot_write(*s).is_none())
            .map(CaseState::as_str)
            .collect();
        assert_eq!(can, ["held", "review", "waiting", "leaving", "not-sent", "stopped", "failed"]);
    }
}
