//! A text that is no word of a closed set.

/// A stored or sent text that is none of the words it may be. It names the set and never repeats the text. Whose fault:
/// whoever wrote it; to try again is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no word for a {0}")]
pub struct Unknown(pub &'static str);
