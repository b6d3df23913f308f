//! What stands before every handler: headers of every answer, the origin of every change, the session of every request.

use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use subtle::ConstantTimeEq as _;

use super::{Error, Page};
use crate::queue::Session;

pub(super) const COOKIE: &str = "scanside_cloud";

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; \
    connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Sets the headers of every answer.
pub(super) async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let all: [(HeaderName, &'static str); 6] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // Not `no-referrer`: with it a browser sends `Origin: null` with our own forms, and every change is refused.
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in all {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Nothing of a case stays in a browser's cache; assets say otherwise themselves.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Refuses every change that another site's page could have sent.
pub(super) async fn origin(request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if reads || same_origin(request.headers()) {
        return next.run(request).await;
    }
    Error::Foreign.into_response()
}

fn same_origin(headers: &HeaderMap) -> bool {
    let text = |name: &HeaderName| headers.get(name).and_then(|v| v.to_str().ok());
    if let Some(site) = headers.get("sec-fetch-site").and_then(|v| v.to_str().ok())
        && site != "same-origin"
    {
        return false;
    }
    let (Some(origin), Some(host)) = (text(&header::ORIGIN), text(&header::HOST)) else { return false };
    origin.split_once("://").is_some_and(|(scheme, rest)| matches!(scheme, "http" | "https") && rest == host)
}

/// A signed-in person, with the token of the session's cookie.
pub(super) struct Person {
    pub session: Session,
    token: String,
}

impl Person {
    /// Whether a form came from this session's page.
    pub fn check(&self, csrf: &str) -> Result<(), Error> {
        let same = bool::from(csrf.as_bytes().ct_eq(self.session.csrf.as_bytes()));
        if same { Ok(()) } else { Err(Error::Foreign) }
    }

    /// The lease token of this session for a case: nobody else can make it, and nothing of it is stored in the page.
    pub fn lease_token(&self, case: i64) -> String {
        let mut hasher = blake3::Hasher::new_derive_key("scanside 2026 cloud page lease token v1");
        hasher.update(self.token.as_bytes()).update(&case.to_be_bytes());
        hasher.finalize().to_hex().to_string()
    }

    /// The cookie's token, to end the session.
    pub fn token(&self) -> &str {
        &self.token
    }
}

impl FromRequestParts<Page> for Person {
    type Rejection = Error;
    async fn from_request_parts(parts: &mut Parts, page: &Page) -> Result<Self, Error> {
        let token = cookie(&parts.headers).ok_or(Error::SignIn)?;
        let session = page.queue.session(&token, page.now()).await?.ok_or(Error::SignIn)?;
        Ok(Self { session, token })
    }
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value.to_owned())
}
