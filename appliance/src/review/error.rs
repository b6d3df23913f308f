//! Why the page cannot show or do what was asked.

/// Why the page cannot show or do what was asked, in words that may be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// What was asked for is not there. The person's; never worth trying again.
    #[error("no such {0}")]
    Unknown(&'static str),
    /// What was asked for may not be, or somebody was first. The person's; not as things stand.
    #[error("{0}")]
    Refused(String),
    /// It cannot be done now. Ours, later.
    #[error("{0}")]
    NotNow(String),
    /// Something of ours is broken. Never by itself.
    #[error("{0}")]
    Broken(String),
}

/// What the page says could not be written or read as JSON.
impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        ledger::Error::from(error).into()
    }
}

impl From<ledger::Error> for Error {
    fn from(error: ledger::Error) -> Self {
        let words = error.to_string();
        match error {
            ledger::Error::Unknown(what) => Self::Unknown(what),
            ledger::Error::Refused(_) => Self::Refused(words),
            e if e.retry_later() => Self::NotNow(words),
            _ => Self::Broken(words),
        }
    }
}
