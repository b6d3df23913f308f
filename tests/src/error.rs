//! What can go wrong while playing the whole with real processes.

/// One error for the crate; its text is for the person who runs the test.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or a process of ours.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// How it failed.
        source: std::io::Error,
    },
    /// A command ended with another code than 0.
    #[error("`{command}` ended with {code}: {stderr}")]
    Command {
        /// The command line.
        command: String,
        /// Its exit code, or -1 for a signal.
        code: i32,
        /// What it said.
        stderr: String,
    },
    /// A condition did not come true in time.
    #[error("not within {seconds} s: {what}")]
    Late {
        /// The condition.
        what: String,
        /// The limit.
        seconds: u64,
    },
    /// Something else, in words.
    #[error("{0}")]
    Other(String),
    /// The scripted scanner.
    #[error("scanner: {0}")]
    Fixtures(#[from] fixtures::Error),
    /// The ledger read beside the appliance.
    #[error("ledger: {0}")]
    Ledger(#[from] sqlx::Error),
    /// Text that is not the JSON it should be.
    #[error("not the JSON it should be: {0}")]
    Json(#[from] serde_json::Error),
}

impl Error {
    /// Puts what was tried in front of an I/O error.
    pub fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    /// In words.
    pub fn other(words: impl Into<String>) -> Self {
        Self::Other(words.into())
    }
}
