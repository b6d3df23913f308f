//! Signing in and out at this page, over the ledger's rows and the audit; the rules are those of `sign_in`.
//!
//! A one-time code stands in the fragment of its link, which no browser sends and no server logs; the page reads
//! it there and posts it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use sign_in::{Account, Accounts, Code, Opened, Password, Visit};

use super::Backend;
use super::app::{App, Refusal, csrf};
use super::words::say;
use ledger::{Error, Session};

/// Longest body of a sign-in in bytes.
const BODY_BYTES_MAX: usize = 8 << 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    user: String,
    password: Password,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Setup {
    code: Password,
    /// Missing only in the demonstration, where the code alone signs in.
    #[serde(default)]
    password: Option<Password>,
}

/// SHA-256 of a text in hex: how tokens and codes are stored.
fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

impl<H: Backend> Accounts for App<H> {
    type Error = Refusal;

    async fn account(&self, name: &str) -> Result<Option<Account>, Refusal> {
        let row = self.backend.ledger().user(name).await?;
        Ok(row.map(|row| Account { password: row.password }))
    }

    async fn code(&self, code: &str, now: i64) -> Result<Option<Code>, Refusal> {
        let (_, login_only) = self.about().await?;
        let user = self.backend.ledger().user_of_code(&digest(code), now).await?;
        Ok(user.map(|user| Code { user, login_only }))
    }

    async fn use_code(&self, code: &str, phc: Option<&str>, now: i64) -> Result<Option<String>, Refusal> {
        match self.backend.ledger().use_code(&digest(code), phc, now).await {
            Ok(user) => Ok(Some(user)),
            Err(Error::Unknown(_)) => Ok(None),
            // A ledger that cannot be written says nothing about the link: it still works.
            Err(error) => Err(error.into()),
        }
    }

    async fn open_session(&self, token: &str, session: &Session, now: i64) -> Result<(), Refusal> {
        self.backend.account(&session.user, "login")?;
        Ok(self.backend.ledger().put_session(&digest(token), session, now).await?)
    }

    async fn session(&self, token: &str, now: i64) -> Result<Option<Session>, Refusal> {
        Ok(self.backend.ledger().session(&digest(token), now).await?)
    }

    async fn keep_session(&self, token: &str, until: i64, now: i64) -> Result<(), Refusal> {
        Ok(self.backend.ledger().keep_session(&digest(token), until, now).await?)
    }

    async fn close_session(&self, token: &str, user: &str, _: i64) -> Result<(), Refusal> {
        self.backend.account(user, "logout")?;
        Ok(self.backend.ledger().end_session(&digest(token)).await?)
    }

    async fn failed(&self, who: &str, _: i64) -> Result<(), Refusal> {
        Ok(self.backend.account(who, "failed login")?)
    }
}

/// A request's body, and what else signing in asks about it.
async fn read<T: serde::de::DeserializeOwned>(
    request: Request,
) -> Result<(T, Option<IpAddr>, HeaderMap), Refusal> {
    let broken = || Refusal::new(StatusCode::BAD_REQUEST, say::BROKEN);
    let from = request.extensions().get::<axum::extract::ConnectInfo<SocketAddr>>().map(|c| c.0.ip());
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| broken())?;
    Ok((serde_json::from_slice(&bytes).map_err(|_| broken())?, from, parts.headers))
}

/// `POST /api/sign-in`: name and password.
pub(super) async fn enter<H: Backend>(
    State(app): State<Arc<App<H>>>,
    request: Request,
) -> Result<Response, Refusal> {
    let (entry, from, headers): (Entry, _, _) = read(request).await?;
    let visit = Visit { from, headers: &headers, now: app.backend.now() };
    Ok(answer(app.sign_in.enter(&*app, visit, &entry.user, entry.password).await?))
}

/// `POST /api/setup`: a one-time code and the password chosen with it.
pub(super) async fn setup<H: Backend>(
    State(app): State<Arc<App<H>>>,
    request: Request,
) -> Result<Response, Refusal> {
    let (given, from, headers): (Setup, _, _) = read(request).await?;
    let visit = Visit { from, headers: &headers, now: app.backend.now() };
    Ok(answer(app.sign_in.use_code(&*app, visit, &given.code, given.password).await?))
}

fn answer(opened: Opened) -> Response {
    let body = json!({ "user": opened.user, "csrf": opened.csrf });
    ([(header::SET_COOKIE, opened.cookie)], Json(body)).into_response()
}

/// `POST /api/sign-out`.
pub(super) async fn leave<H: Backend>(
    State(app): State<Arc<App<H>>>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let person = app.person(&headers).await?;
    let visit = Visit { from: None, headers: &headers, now: app.backend.now() };
    let gone = app.sign_in.leave(&*app, &person, csrf(&headers), visit).await?;
    Ok(([(header::SET_COOKIE, gone)], Json(json!({}))).into_response())
}
