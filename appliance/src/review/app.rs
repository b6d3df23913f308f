//! What every answer of the page needs: who asks, whether a change may be asked for, how a refusal is said.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::http::header::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use sign_in::{Fault, Person, Settings, SignIn};
use tokio::sync::{Mutex, OnceCell, Semaphore};
use tokio_util::sync::CancellationToken;

use super::live::Live;
use super::words::say;
use super::{Backend, Error};

/// Live streams at a time; a page beyond them asks every few seconds instead.
const STREAMS_MAX: usize = 64;
/// Full frames decoded at a time: each takes a worker and up to 128 MiB of memory.
const FRAMES_MAX: usize = 2;
/// Full frames on their way to a browser, those being decoded among them: each takes up to 64 MiB until the last byte went.
const SENDING_MAX: usize = 8;
/// The session's cookie.
const COOKIE: &str = "scanside_appliance";

/// The page's state, shared by all requests.
pub(super) struct App<H> {
    pub(super) backend: Arc<H>,
    pub(super) live: Live,
    pub(super) sign_in: SignIn,
    pub(super) streams: Arc<Semaphore>,
    pub(super) frames: Semaphore,
    pub(super) sending: Arc<Semaphore>,
    /// Held from the look at what a person saw to the decision: of two at once the second sees the first.
    pub(super) deciding: Mutex<()>,
    pub(super) stop: CancellationToken,
    /// Site name and whether this is a demonstration: neither changes while the appliance runs.
    about: OnceCell<(String, bool)>,
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
            Error::NotNow(_) => StatusCode::SERVICE_UNAVAILABLE,
            Error::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self { status, words: error.to_string() }
    }
}

impl From<ledger::Error> for Refusal {
    fn from(error: ledger::Error) -> Self {
        Error::from(error).into()
    }
}

impl From<sign_in::Error> for Refusal {
    fn from(error: sign_in::Error) -> Self {
        use sign_in::Error as E;
        let (status, words) = match error {
            E::SignedOut => (StatusCode::UNAUTHORIZED, say::SESSION_ENDED),
            E::Foreign => (StatusCode::FORBIDDEN, say::FOREIGN),
            E::TooMany => (StatusCode::TOO_MANY_REQUESTS, say::TOO_MANY),
            E::BadLogin => (StatusCode::UNAUTHORIZED, say::BAD_LOGIN),
            E::BadCode => (StatusCode::UNAUTHORIZED, say::BAD_CODE),
            E::TooShort => (StatusCode::BAD_REQUEST, say::SHORT),
            E::TooLong => (StatusCode::BAD_REQUEST, say::LONG),
            E::NoRandom => (StatusCode::SERVICE_UNAVAILABLE, say::NO_RANDOM),
        };
        if error.fault() == Fault::Us {
            tracing::error!(%error, "nobody can sign in");
        }
        Self::new(status, words)
    }
}

/// Whether a text can be one of our study or case ids.
pub(super) fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

impl<H: Backend> App<H> {
    pub(super) fn new(backend: Arc<H>, stop: CancellationToken) -> Self {
        let config = backend.config();
        let settings = Settings { cookie: COOKIE, behind_tls: config.behind_tls, idle: config.session };
        Self {
            sign_in: SignIn::new(settings),
            backend,
            live: Live::default(),
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
            frames: Semaphore::new(FRAMES_MAX),
            sending: Arc::new(Semaphore::new(SENDING_MAX)),
            deciding: Mutex::new(()),
            stop,
            about: OnceCell::new(),
        }
    }

    /// Site name and whether this is a demonstration.
    pub(super) async fn about(&self) -> Result<(String, bool), Error> {
        let known = self.about.get_or_try_init(|| async {
            let lights = self.backend.lights().await?;
            Ok::<_, Error>((lights.site, lights.demo))
        });
        known.await.cloned()
    }

    /// Who asks, by the session cookie.
    ///
    /// # Errors
    /// 401 when nobody is signed in.
    pub(super) async fn person(&self, headers: &HeaderMap) -> Result<Person, Refusal> {
        self.sign_in.person(self, headers, self.backend.now()).await
    }

    /// Who loads a page: that keeps the session.
    ///
    /// # Errors
    /// 401 when nobody is signed in.
    pub(super) async fn visitor(&self, headers: &HeaderMap) -> Result<Person, Refusal> {
        let person = self.person(headers).await?;
        self.sign_in.used(self, &person, self.backend.now()).await?;
        Ok(person)
    }

    /// Who asks for a change: signed in, with the session's token. The door has checked the origin. Keeps the session.
    ///
    /// # Errors
    /// 401 when nobody is signed in, 403 when the token is missing or another one.
    pub(super) async fn acting(&self, headers: &HeaderMap) -> Result<Person, Refusal> {
        let person = self.person(headers).await?;
        self.sign_in.acts(self, &person, csrf(headers), self.backend.now()).await?;
        Ok(person)
    }
}

/// The session's token as a change carries it.
pub(super) fn csrf(headers: &HeaderMap) -> &[u8] {
    headers.get("x-csrf").map(|v| v.as_bytes()).unwrap_or_default()
}
