//! Why somebody is not let in, whose fault it is, and whether to try again.

/// A refusal. No variant carries what was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nobody is signed in, or the session is over.
    #[error("nobody is signed in")]
    SignedOut,
    /// The request did not come from a page of this session.
    #[error("the request did not come from this page")]
    Foreign,
    /// Too many attempts failed, or too many names failed for another one to be counted.
    #[error("too many attempts: wait a quarter of an hour")]
    TooMany,
    /// The name or the password is wrong; which of them is not said.
    #[error("the name or the password is wrong")]
    BadLogin,
    /// The one-time code is wrong, was used, or is too old.
    #[error("the one-time code is wrong, was used, or is too old")]
    BadCode,
    /// A new password is too short, or missing.
    #[error("the password is shorter than 12 characters")]
    TooShort,
    /// A new password is too long.
    #[error("the password is longer than 256 characters")]
    TooLong,
    /// The system gives no random bytes, or no thread to hash on.
    #[error("the system gives no randomness")]
    NoRandom,
}

/// Whose fault a refusal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The one who asked.
    Peer,
    /// This machine.
    Us,
}

/// Whether the same request may be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The answer will be the same.
    Never,
    /// After a while.
    Later,
}

impl Error {
    /// Whose fault this is.
    #[must_use]
    pub const fn fault(self) -> Fault {
        match self {
            Self::NoRandom => Fault::Us,
            _ => Fault::Peer,
        }
    }

    /// Whether to try again.
    #[must_use]
    pub const fn retry(self) -> Retry {
        match self {
            Self::TooMany | Self::NoRandom => Retry::Later,
            _ => Retry::Never,
        }
    }
}
