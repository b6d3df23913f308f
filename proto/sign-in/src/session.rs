//! A session: its tokens, its idle end and its last end.

use std::time::Duration;

use crate::Error;

/// How long a session lasts without being used, where no configuration says otherwise.
pub const IDLE: Duration = Duration::from_secs(8 * 3_600);
/// How long a session lasts however much it is used, ms.
pub(crate) const LONGEST_MS: i64 = 12 * 3_600_000;

const TOKEN_BYTES: usize = 32;

/// A session as it is stored beside the hash of its token.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// The person's name.
    pub user: String,
    /// The token that every change must carry.
    pub csrf: String,
    /// When the person signed in, ms.
    pub opened: i64,
    /// When it ends unless it is used before, ms.
    pub until: i64,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Session")
    }
}

impl Session {
    /// When it ends however much it is used, ms.
    const fn last(&self) -> i64 {
        self.opened.saturating_add(LONGEST_MS)
    }

    pub(crate) const fn is_over(&self, now: i64) -> bool {
        now >= self.until || now >= self.last()
    }
}

/// How long sessions of one page last.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spans {
    idle: i64,
}

impl Spans {
    pub(crate) fn new(idle: Duration) -> Self {
        Self { idle: i64::try_from(idle.as_millis()).unwrap_or(LONGEST_MS).min(LONGEST_MS) }
    }

    /// A session that begins now.
    pub(crate) fn open(self, user: String, csrf: String, now: i64) -> Session {
        Session { user, csrf, opened: now, until: now.saturating_add(self.idle) }
    }

    /// The idle end of a session that is being used, once a quarter of its span is gone; never beyond its last end.
    pub(crate) fn renewed(self, session: &Session, now: i64) -> Option<i64> {
        let left = session.until.saturating_sub(now);
        let until = now.saturating_add(self.idle).min(session.last());
        (left < self.idle / 4 * 3 && until > session.until).then_some(until)
    }
}

/// A token: 32 random bytes in hex.
pub(crate) fn random() -> Result<String, Error> {
    let mut bytes = [0_u8; TOKEN_BYTES];
    getrandom::fill(&mut bytes).map_err(|_| Error::NoRandom)?;
    Ok(hex::encode(bytes))
}

/// Whether a text can be a token of ours.
pub(crate) fn is_token(text: &str) -> bool {
    text.len() == TOKEN_BYTES * 2 && text.bytes().all(|b| b.is_ascii_hexdigit())
}
