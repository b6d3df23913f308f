//! What stands before every handler: headers of every answer, the origin of every change, the session of every request.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use sign_in::{Person, from_our_page};

use super::{Error, Page};

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
pub(super) async fn origin(State(page): State<Page>, request: Request, next: Next) -> Response {
    if from_our_page(request.method(), request.headers(), page.behind_tls) {
        return next.run(request).await;
    }
    Error::Foreign.into_response()
}

/// The lease token of a person's session for a case: nobody else can make it, and nothing of it is stored in the page.
pub(super) fn lease_token(person: &Person, case: i64) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("scanside 2026 cloud page lease token v1");
    hasher.update(person.token().as_bytes()).update(&case.to_be_bytes());
    hasher.finalize().to_hex().to_string()
}

impl FromRequestParts<Page> for Person {
    type Rejection = Error;
    async fn from_request_parts(parts: &mut Parts, page: &Page) -> Result<Self, Error> {
        page.sign_in.person(page, &parts.headers, page.now()).await
    }
}

impl Page {
    /// A person loads a page: that keeps the session.
    pub(super) async fn visited(&self, person: &Person) -> Result<(), Error> {
        self.sign_in.used(self, person, self.now()).await
    }

    /// A person changes something: only with a form of the session, and that keeps it.
    pub(super) async fn acts(&self, person: &Person, csrf: &str) -> Result<(), Error> {
        self.sign_in.acts(self, person, csrf.as_bytes(), self.now()).await
    }
}
