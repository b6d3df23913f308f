//! What a product keeps of its people: accounts, one-time codes, sessions, and an audit of who signed in.

use crate::{Error, Session};

/// Who failed, for the audit, when no account has that name: what somebody typed there may be a password.
pub const UNKNOWN: &str = "unknown";

/// The rule for names of new accounts, in words.
pub const NAME_RULE: &str = "a user's name is 1 to 32 lower-case letters, digits, dots and hyphens";

/// Whether a new account may have this name ([`NAME_RULE`]). Two names must not differ by the case of a letter alone.
#[must_use]
pub fn account_name_fits(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    (1..=32).contains(&name.len()) && name.bytes().all(fits)
}

/// An account.
#[derive(Clone)]
pub struct Account {
    /// PHC string of the password (argon2id); `None` until the person chose one.
    pub password: Option<String>,
}

/// A one-time code that is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// Whose it is.
    pub user: String,
    /// It signs in once and sets no password (the demonstration).
    pub login_only: bool,
}

/// A product's rows and its audit. Tokens and codes come in plain and are stored hashed.
///
/// A method that says "audited" writes the audit before it answers, and does nothing when that fails.
pub trait Accounts: Sync {
    /// The product's error; a refusal of ours becomes one.
    type Error: From<Error> + Send;

    /// The account of a name; `None` when there is none.
    fn account(&self, name: &str) -> impl Future<Output = Result<Option<Account>, Self::Error>> + Send;

    /// Whose a one-time code is; does not use it up. `None` when it is wrong, used, or too old.
    fn code(&self, code: &str, now: i64) -> impl Future<Output = Result<Option<Code>, Self::Error>> + Send;

    /// Uses up a one-time code and sets the password hash (PHC string) chosen with it, both or neither. Whose it was;
    /// `None` when it is wrong, used, or too old.
    fn use_code(
        &self,
        code: &str,
        password: Option<&str>,
        now: i64,
    ) -> impl Future<Output = Result<Option<String>, Self::Error>> + Send;

    /// Stores a new session. Audited as a sign-in.
    fn open_session(
        &self,
        token: &str,
        session: &Session,
        now: i64,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// The session of a token.
    fn session(
        &self,
        token: &str,
        now: i64,
    ) -> impl Future<Output = Result<Option<Session>, Self::Error>> + Send;

    /// Moves the idle end of a session that is not over; never opens one.
    fn keep_session(
        &self,
        token: &str,
        until: i64,
        now: i64,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Ends a session. Audited as a sign-out.
    fn close_session(
        &self,
        token: &str,
        user: &str,
        now: i64,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Writes a failed sign-in to the audit: the account's name, or [`UNKNOWN`].
    fn failed(&self, who: &str, now: i64) -> impl Future<Output = Result<(), Self::Error>> + Send;
}
