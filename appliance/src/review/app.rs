//! What every answer of the page needs: who asks, whether a change may be asked for, how a refusal is said.

use std::sync::Arc;

use axum::http::header::{COOKIE, HeaderMap};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::sync::{OnceCell, RwLock, Semaphore};
use tokio_util::sync::CancellationToken;

use super::Backend;
use super::limit::Limit;
use super::live::Live;
use super::words::say;
use ledger::{Error, Session};

/// Live streams at a time; a page beyond them asks every few seconds instead.
const STREAMS_MAX: usize = 64;
/// Full frames at a time: each takes a worker and up to 128 MiB of memory.
const FRAMES_MAX: usize = 2;
/// Password hashes at a time: each takes 19 MiB.
const HASHES_MAX: usize = 2;

/// The page's state, shared by all requests.
pub(super) struct App<H> {
    pub(super) house: Arc<H>,
    pub(super) live: Live,
    pub(super) limit: Limit,
    pub(super) hashing: Semaphore,
    pub(super) streams: Arc<Semaphore>,
    pub(super) frames: Semaphore,
    pub(super) stop: CancellationToken,
    /// Site name and whether this is a demonstration: neither changes while the house runs.
    about: OnceCell<(String, bool)>,
    /// Held for writing while a session is renewed, so that no request falls between its two ends.
    renewal: RwLock<()>,
}

/// A signed-in person.
pub(super) struct Person {
    pub(super) name: String,
    pub(super) csrf: String,
    /// SHA-256 of the cookie's value, hex.
    pub(super) token_hash: String,
}

/// A request that is not answered as asked, in words.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) words: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, words: &str) -> Self {
        Self { status, words: words.to_owned() }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, axum::Json(json!({ "error": self.words }))).into_response()
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let status = match &error {
            Error::Unknown(_) => StatusCode::NOT_FOUND,
            Error::Refused(_) => StatusCode::CONFLICT,
            e if e.retry_later() => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self { status, words: error.to_string() }
    }
}

/// SHA-256 of a text in hex: how tokens and codes are stored.
pub(super) fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// 32 random bytes in hex.
pub(super) fn random() -> Result<String, Refusal> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|_| Refusal::new(StatusCode::SERVICE_UNAVAILABLE, say::NO_RANDOM))?;
    Ok(hex::encode(bytes))
}

/// Whether a text can be one of our study or case ids.
pub(super) fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

impl<H: Backend> App<H> {
    pub(super) fn new(house: Arc<H>, stop: CancellationToken) -> Self {
        Self {
            house,
            live: Live::default(),
            limit: Limit::default(),
            hashing: Semaphore::new(HASHES_MAX),
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
            frames: Semaphore::new(FRAMES_MAX),
            stop,
            about: OnceCell::new(),
            renewal: RwLock::new(()),
        }
    }

    /// Site name and whether this is a demonstration.
    pub(super) async fn about(&self) -> Result<(String, bool), Error> {
        let known = self.about.get_or_try_init(|| async {
            let lights = self.house.lights().await?;
            Ok::<_, Error>((lights.site, lights.demo))
        });
        known.await.cloned()
    }

    /// The cookie's name; the prefix binds it to the host where TLS is spoken (RFC 6265bis 4.1.3.2).
    pub(super) fn cookie_name(&self) -> &'static str {
        if self.house.config().behind_tls { "__Host-scanside_appliance" } else { "scanside_appliance" }
    }

    /// The cookie for a token; an empty token takes it away.
    pub(super) fn cookie(&self, token: &str) -> String {
        let config = self.house.config();
        let age = if token.is_empty() { 0 } else { config.session.as_secs() };
        let secure = if config.behind_tls { "; Secure" } else { "" };
        format!("{}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age}{secure}", self.cookie_name())
    }

    fn token(&self, headers: &HeaderMap) -> Option<String> {
        let name = self.cookie_name();
        let pairs = headers.get_all(COOKIE).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(';'));
        pairs
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(n, _)| *n == name)
            .map(|(_, token)| token.to_owned())
            .filter(|token| token.len() == 64)
    }

    /// Who asks, by the session cookie.
    ///
    /// # Errors
    /// 401 when nobody is signed in.
    pub(super) async fn person(&self, headers: &HeaderMap) -> Result<Person, Refusal> {
        let ended = || Refusal::new(StatusCode::UNAUTHORIZED, say::SESSION_ENDED);
        let token_hash = digest(&self.token(headers).ok_or_else(ended)?);
        let session = self.session(&token_hash).await?.ok_or_else(ended)?;
        Ok(Person { name: session.user, csrf: session.csrf, token_hash })
    }

    /// A session that is not over.
    pub(super) async fn session(&self, token_hash: &str) -> Result<Option<Session>, Error> {
        let _whole = self.renewal.read().await;
        self.house.ledger().session(token_hash, self.house.now()).await
    }

    /// Who asks for a change: signed in, with the session's token. The door has checked the origin. Renews the session.
    ///
    /// # Errors
    /// 401 when nobody is signed in, 403 when the token is missing or another one.
    pub(super) async fn acting(&self, headers: &HeaderMap) -> Result<Person, Refusal> {
        let person = self.person(headers).await?;
        let given = headers.get("x-csrf").map(|v| v.as_bytes()).unwrap_or_default();
        if !bool::from(given.ct_eq(person.csrf.as_bytes())) {
            return Err(Refusal::new(StatusCode::FORBIDDEN, say::FOREIGN));
        }
        self.renew(&person.token_hash).await?;
        Ok(person)
    }

    /// Gives a session that is being used its whole span again once a quarter of it is gone.
    pub(super) async fn renew(&self, token_hash: &str) -> Result<(), Error> {
        let (ledger, now) = (self.house.ledger(), self.house.now());
        let _alone = self.renewal.write().await;
        let span = self.span();
        let Some(mut session) = ledger.session(token_hash, now).await? else { return Ok(()) };
        if session.until.saturating_sub(now) < span / 4 * 3 {
            ledger.end_session(token_hash).await?;
            session.until = now.saturating_add(span);
            ledger.put_session(token_hash, &session, now).await?;
        }
        Ok(())
    }

    /// Opens a session; returns the cookie and the token for changes.
    pub(super) async fn open_session(&self, user: String) -> Result<(String, String), Refusal> {
        let (token, csrf, now) = (random()?, random()?, self.house.now());
        let until = now.saturating_add(self.span());
        let session = Session { user, csrf: csrf.clone(), until };
        self.house.ledger().put_session(&digest(&token), &session, now).await?;
        Ok((self.cookie(&token), csrf))
    }

    fn span(&self) -> i64 {
        i64::try_from(self.house.config().session.as_millis()).unwrap_or(i64::MAX / 8)
    }
}

/// Whether a request that changes something was made by a page of this very host (RFC 6454; Fetch 3.2).
pub(super) fn same_origin(headers: &HeaderMap, authority: Option<&str>, tls: bool) -> bool {
    let site = headers.get("sec-fetch-site").map(|v| v.as_bytes());
    if site.is_some_and(|s| s != b"same-origin") {
        return false;
    }
    let host = headers.get(header::HOST).and_then(|v| v.to_str().ok()).or(authority);
    let origin = headers.get(header::ORIGIN).and_then(|v| v.to_str().ok());
    let scheme = if tls { "https" } else { "http" };
    matches!((host, origin), (Some(host), Some(origin)) if origin == format!("{scheme}://{host}"))
}
