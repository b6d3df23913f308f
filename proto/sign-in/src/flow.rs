//! Signing in with a password or a one-time code, asking, changing something, signing out.

use std::net::IpAddr;
use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use subtle::ConstantTimeEq as _;

use crate::Error;
use crate::accounts::{Accounts, Code, UNKNOWN};
use crate::attempts::{Attempt, Attempts, Key};
use crate::channel::Channel;
use crate::cookie::Cookie;
use crate::password::{Hasher, Password};
use crate::session::{Session, Spans, random};

/// Longest name that is looked up, in characters.
const NAME_CHARS_MAX: usize = 64;

/// What differs between the pages.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// The cookie's name without prefix; cookies of one host are shared by all its ports.
    pub cookie: &'static str,
    /// A proxy in front speaks TLS.
    pub behind_tls: bool,
    /// How long a session lasts without being used; the last end of a session comes all the same.
    pub idle: Duration,
}

/// A request: from where, with which headers, when.
#[derive(Debug, Clone, Copy)]
pub struct Visit<'a> {
    /// The other end of the connection; behind a proxy that is the proxy.
    pub from: Option<IpAddr>,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// The time, ms.
    pub now: i64,
}

/// Somebody signed in.
#[derive(Debug)]
pub struct Opened {
    /// The person's name.
    pub user: String,
    /// The token that every change must carry.
    pub csrf: String,
    /// `Set-Cookie`.
    pub cookie: HeaderValue,
}

/// A signed-in person, with the token of the session's cookie.
#[derive(Clone)]
pub struct Person {
    /// The session.
    pub session: Session,
    token: String,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Person")
    }
}

impl Person {
    /// The person's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.session.user
    }

    /// The cookie's token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Whether a page of this session sent a change; compared in constant time.
    ///
    /// # Errors
    /// `Foreign` when the token is missing or another one.
    pub fn sent(&self, csrf: &[u8]) -> Result<(), Error> {
        let same = bool::from(csrf.ct_eq(self.session.csrf.as_bytes()));
        if same { Ok(()) } else { Err(Error::Foreign) }
    }
}

/// The sign-in of one page: what it remembers between requests.
#[derive(Debug)]
pub struct SignIn {
    settings: Settings,
    spans: Spans,
    attempts: Attempts,
    hasher: Hasher,
}

impl SignIn {
    /// Nobody has failed yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            spans: Spans::new(settings.idle),
            attempts: Attempts::default(),
            hasher: Hasher::default(),
        }
    }

    /// Signs in by name and password.
    ///
    /// # Errors
    /// `BadLogin` (audited), `TooMany`, and those of the product.
    pub async fn enter<A: Accounts>(
        &self,
        accounts: &A,
        visit: Visit<'_>,
        name: &str,
        password: Password,
    ) -> Result<Opened, A::Error> {
        let name: String = name.chars().take(NAME_CHARS_MAX).collect();
        // Behind a proxy every address is the proxy's.
        let from = visit.from.filter(|_| !self.settings.behind_tls).map(Key::Address);
        let keys = std::iter::once(Key::Name(name.clone())).chain(from).collect();
        let attempt = self.attempts.begin(keys, visit.now).ok_or(Error::TooMany)?;
        let (known, attempt) = answered(accounts.account(&name).await, attempt)?;
        let who = if known.is_some() { name.as_str() } else { UNKNOWN };
        let stored = known.and_then(|account| account.password);
        if !self.hasher.is(stored.clone(), password).await {
            accounts.failed(who, visit.now).await?;
            return Err(Error::BadLogin.into());
        }
        attempt.take_back();
        self.open(accounts, visit, name, stored).await
    }

    /// Whose a one-time code is, without using it up.
    ///
    /// # Errors
    /// `BadCode` (audited), `TooMany`, and those of the product.
    pub async fn code<A: Accounts>(
        &self,
        accounts: &A,
        visit: Visit<'_>,
        code: &str,
    ) -> Result<Code, A::Error> {
        let keys = visit.from.map(Key::Codes).into_iter().collect();
        let attempt = self.attempts.begin(keys, visit.now).ok_or(Error::TooMany)?;
        match answered(accounts.code(code, visit.now).await, attempt)? {
            (Some(code), attempt) => {
                attempt.take_back();
                Ok(code)
            }
            (None, _) => self.bad_code(accounts, visit).await,
        }
    }

    /// Signs in by a one-time code and sets the password chosen with it. A refused password does not cost the person
    /// the code.
    ///
    /// # Errors
    /// `BadCode` (audited), `TooMany`, `TooShort`, `TooLong`, and those of the product.
    pub async fn use_code<A: Accounts>(
        &self,
        accounts: &A,
        visit: Visit<'_>,
        code: &str,
        password: Option<Password>,
    ) -> Result<Opened, A::Error> {
        let phc = match self.code(accounts, visit, code).await? {
            Code { login_only: true, .. } => None,
            Code { .. } => Some(self.hasher.hash(password.ok_or(Error::TooShort)?).await?),
        };
        match accounts.use_code(code, phc.as_deref(), visit.now).await? {
            Some(user) => self.open(accounts, visit, user, phc).await,
            None => self.bad_code(accounts, visit).await,
        }
    }

    async fn bad_code<A: Accounts, T>(&self, accounts: &A, visit: Visit<'_>) -> Result<T, A::Error> {
        accounts.failed(UNKNOWN, visit.now).await?;
        Err(Error::BadCode.into())
    }

    /// Opens a session for whoever proved this password (PHC string; `None`: a code that only signs in).
    async fn open<A: Accounts>(
        &self,
        accounts: &A,
        visit: Visit<'_>,
        user: String,
        proved: Option<String>,
    ) -> Result<Opened, A::Error> {
        let (token, csrf) = (random()?, random()?);
        let cookie = self.cookie(visit.headers).set(&token)?;
        let session = self.spans.open(user.clone(), csrf.clone(), visit.now);
        accounts.open_session(&token, &session, visit.now).await?;
        // Hashes queue. Who was reset or removed meanwhile lost the sessions of then, which had this one not among them.
        let known = accounts.account(&user).await?;
        if proved.is_some() && known.and_then(|account| account.password) != proved {
            accounts.close_session(&token, &user, visit.now).await?;
            accounts.failed(&user, visit.now).await?;
            return Err(Error::BadLogin.into());
        }
        Ok(Opened { user, csrf, cookie })
    }

    /// Who asks, by the session cookie.
    ///
    /// # Errors
    /// `SignedOut`, and those of the product.
    pub async fn person<A: Accounts>(
        &self,
        accounts: &A,
        headers: &HeaderMap,
        now: i64,
    ) -> Result<Person, A::Error> {
        let token = self.cookie(headers).token(headers).ok_or(Error::SignedOut)?;
        let session = accounts.session(&token, now).await?.filter(|s| !s.is_over(now));
        Ok(Person { session: session.ok_or(Error::SignedOut)?, token })
    }

    /// Whether a person's session still goes on: it may have ended elsewhere.
    ///
    /// # Errors
    /// Those of the product.
    pub async fn goes_on<A: Accounts>(
        &self,
        accounts: &A,
        person: &Person,
        now: i64,
    ) -> Result<bool, A::Error> {
        Ok(accounts.session(&person.token, now).await?.is_some_and(|s| !s.is_over(now)))
    }

    /// A person loads a page: that is use, and keeps the session. What a page asks by itself is none.
    ///
    /// # Errors
    /// Those of the product.
    pub async fn used<A: Accounts>(&self, accounts: &A, person: &Person, now: i64) -> Result<(), A::Error> {
        match self.spans.renewed(&person.session, now) {
            Some(until) => accounts.keep_session(&person.token, until, now).await,
            None => Ok(()),
        }
    }

    /// A person changes something: only with the session's token. The origin was checked before
    /// ([`crate::from_our_page`]).
    ///
    /// # Errors
    /// `Foreign` when the token is missing or another one, and those of the product.
    pub async fn acts<A: Accounts>(
        &self,
        accounts: &A,
        person: &Person,
        csrf: &[u8],
        now: i64,
    ) -> Result<(), A::Error> {
        person.sent(csrf)?;
        self.used(accounts, person, now).await
    }

    /// Signs out; gives `Set-Cookie`.
    ///
    /// # Errors
    /// `Foreign` when the token is missing or another one, and those of the product.
    pub async fn leave<A: Accounts>(
        &self,
        accounts: &A,
        person: &Person,
        csrf: &[u8],
        visit: Visit<'_>,
    ) -> Result<HeaderValue, A::Error> {
        person.sent(csrf)?;
        accounts.close_session(&person.token, person.name(), visit.now).await?;
        Ok(self.cookie(visit.headers).clear()?)
    }

    fn cookie(&self, headers: &HeaderMap) -> Cookie {
        Cookie::new(self.settings.cookie, Channel::of(headers, self.settings.behind_tls))
    }
}

/// Rows that could not be read tell nothing about what was typed: the attempt is not held against anybody.
fn answered<'a, T, E>(read: Result<T, E>, attempt: Attempt<'a>) -> Result<(T, Attempt<'a>), E> {
    match read {
        Ok(read) => Ok((read, attempt)),
        Err(error) => {
            attempt.take_back();
            Err(error)
        }
    }
}
