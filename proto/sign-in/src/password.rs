//! Passwords: what one may be, and its argon2id hash (RFC 9106). Few at once, for each takes 19 MiB on purpose.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use serde::Deserialize;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::Error;

/// Fewest characters of a password.
pub(crate) const PASSWORD_CHARS_MIN: usize = 12;
/// Most characters of a password.
pub(crate) const PASSWORD_CHARS_MAX: usize = 256;
/// Hashes at a time.
const HASHES_MAX: usize = 2;

/// A hash that is nobody's and costs what a new one does: what a name without a password is checked against.
pub(crate) const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGhhcyB0aGlzIQ\
    $AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A password or a one-time code as it was typed: in memory that is wiped when dropped.
#[derive(Clone, Default, Deserialize)]
#[serde(from = "String")]
pub struct Password(Zeroizing<String>);

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl std::ops::Deref for Password {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password")
    }
}

impl Password {
    fn too_long(&self) -> bool {
        self.chars().count() > PASSWORD_CHARS_MAX
    }

    /// Whether it may be chosen.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.chars().count() < PASSWORD_CHARS_MIN {
            return Err(Error::TooShort);
        }
        if self.too_long() { Err(Error::TooLong) } else { Ok(()) }
    }
}

/// Hashes passwords, a few at a time.
#[derive(Debug)]
pub(crate) struct Hasher(Arc<Semaphore>);

impl Default for Hasher {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(HASHES_MAX)))
    }
}

impl Hasher {
    /// Runs one hash. Its place goes with it: a client that leaves makes no room for another while it still runs.
    async fn run<T: Send + 'static>(&self, hash: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let place = Arc::clone(&self.0).acquire_owned().await.ok()?;
        let task = move || {
            let out = hash();
            drop(place);
            out
        };
        tokio::task::spawn_blocking(task).await.ok()
    }

    /// The PHC string of a password: argon2id with 19 MiB and two passes, salted at random.
    ///
    /// # Errors
    /// `TooShort`, `TooLong`, `NoRandom`.
    pub(crate) async fn hash(&self, password: Password) -> Result<String, Error> {
        password.check()?;
        let hash = move || Argon2::default().hash_password(password.as_bytes()).map(|h| h.to_string());
        self.run(hash).await.and_then(Result::ok).ok_or(Error::NoRandom)
    }

    /// Whether a password is the one of this PHC string. Without one (no such name, or no password yet) the answer costs
    /// one hash as well.
    pub(crate) async fn is(&self, stored: Option<String>, password: Password) -> bool {
        let verify = move || {
            let stored = stored.filter(|_| !password.too_long());
            let right = PasswordHash::new(stored.as_deref().unwrap_or(NOBODY))
                .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
            right && stored.is_some()
        };
        self.run(verify).await.unwrap_or(false)
    }
}
