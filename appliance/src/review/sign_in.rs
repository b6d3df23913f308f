//! Signing in and out: argon2id passwords, one-time codes, and the same cost for names that do not exist.
//!
//! A one-time code stands in the fragment of its link, which no browser sends and no server logs; the page reads
//! it there and posts it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::Backend;
use super::app::{App, Refusal, digest};
use super::limit::Key;
use super::words::say;
use ledger::Error;

const PASSWORD_CHARS_MIN: usize = 12;
const PASSWORD_CHARS_MAX: usize = 256;
const NAME_CHARS_MAX: usize = 64;
/// Longest body of a sign-in in bytes.
const BODY_BYTES_MAX: usize = 8 << 10;

/// Read into memory that is wiped when dropped.
#[derive(Deserialize)]
#[serde(from = "String")]
struct Secret(Zeroizing<String>);

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl std::ops::Deref for Secret {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    user: String,
    password: Secret,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Setup {
    code: Secret,
    /// Missing only in the demonstration, where the code alone signs in.
    #[serde(default)]
    password: Option<Secret>,
}

fn refuse<T>(status: StatusCode, words: &str) -> Result<T, Refusal> {
    Err(Refusal::new(status, words))
}

fn address(request: &Request) -> Option<IpAddr> {
    request.extensions().get::<axum::extract::ConnectInfo<SocketAddr>>().map(|c| c.0.ip())
}

async fn body<T: serde::de::DeserializeOwned>(request: Request) -> Result<T, Refusal> {
    let broken = || Refusal::new(StatusCode::BAD_REQUEST, say::BROKEN);
    let bytes = axum::body::to_bytes(request.into_body(), BODY_BYTES_MAX).await.map_err(|_| broken())?;
    serde_json::from_slice(&bytes).map_err(|_| broken())
}

impl<H: Backend> App<H> {
    /// The keys under which an attempt counts. Behind a proxy every address is the proxy's.
    fn keys(&self, user: &str, from: Option<IpAddr>) -> Vec<Key> {
        let from = from.filter(|_| !self.house.config().behind_tls).map(Key::Address);
        std::iter::once(Key::Name(user.to_owned())).chain(from).collect()
    }
}

/// `POST /api/sign-in`: name and password.
pub(super) async fn enter<H: Backend>(
    State(app): State<Arc<App<H>>>,
    request: Request,
) -> Result<Response, Refusal> {
    let from = address(&request);
    let entry: Entry = body(request).await?;
    let name: String = entry.user.chars().take(NAME_CHARS_MAX).collect();
    let keys = app.keys(&name, from);
    if !app.limit.begin(&keys, app.house.now()) {
        return refuse(StatusCode::TOO_MANY_REQUESTS, say::TOO_MANY);
    }
    let known = app.house.ledger().user(&name).await?;
    let who = if known.is_some() { name.as_str() } else { "unknown" };
    let stored = known.as_ref().and_then(|u| u.password.clone());
    if !verify(&app, stored, entry.password).await {
        app.house.account(who, "failed login")?;
        return refuse(StatusCode::UNAUTHORIZED, say::BAD_LOGIN);
    }
    app.limit.right(&keys);
    app.house.account(who, "login")?;
    signed_in(&app, name).await
}

/// `POST /api/setup`: a one-time code and the password chosen with it.
pub(super) async fn setup<H: Backend>(
    State(app): State<Arc<App<H>>>,
    request: Request,
) -> Result<Response, Refusal> {
    let keys: Vec<Key> = address(&request).map(Key::Address).into_iter().collect();
    let given: Setup = body(request).await?;
    let now = app.house.now();
    if !app.limit.begin(&keys, now) {
        return refuse(StatusCode::TOO_MANY_REQUESTS, say::TOO_MANY);
    }
    let (_, demo) = app.about().await?;
    // Hashed before the code is used up: a refusal must not cost the person the link.
    let phc = match given.password {
        None if demo => None,
        None => return refuse(StatusCode::BAD_REQUEST, say::SHORT),
        Some(p) if p.chars().count() < PASSWORD_CHARS_MIN => {
            return refuse(StatusCode::BAD_REQUEST, say::SHORT);
        }
        Some(p) if p.chars().count() > PASSWORD_CHARS_MAX => {
            return refuse(StatusCode::BAD_REQUEST, say::LONG);
        }
        Some(p) => Some(hash(&app, p).await?),
    };
    let user = match app.house.ledger().use_code(&digest(&given.code), phc.as_deref(), now).await {
        Ok(user) => user,
        Err(Error::Unknown(_)) => {
            app.house.account("unknown", "failed login")?;
            return refuse(StatusCode::UNAUTHORIZED, say::BAD_CODE);
        }
        // A ledger that cannot be written says nothing about the link: it still works.
        Err(error) => return Err(error.into()),
    };
    app.limit.right(&keys);
    app.house.account(&user, "login")?;
    signed_in(&app, user).await
}

async fn signed_in<H: Backend>(app: &App<H>, user: String) -> Result<Response, Refusal> {
    let answer = json!({ "user": user });
    let (cookie, csrf) = app.open_session(user).await?;
    let mut answer = answer;
    if let Some(map) = answer.as_object_mut() {
        map.insert("csrf".into(), csrf.into());
    }
    Ok(([(header::SET_COOKIE, cookie)], Json(answer)).into_response())
}

/// `POST /api/sign-out`.
pub(super) async fn leave<H: Backend>(
    State(app): State<Arc<App<H>>>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let person = app.acting(&headers).await?;
    app.house.account(&person.name, "logout")?;
    app.house.ledger().end_session(&person.token_hash).await?;
    Ok(([(header::SET_COOKIE, app.cookie(""))], Json(json!({}))).into_response())
}

/// Checks a password. A name that does not exist, or has no password yet, costs one hash as well.
async fn verify<H: Backend>(app: &App<H>, stored: Option<String>, password: Secret) -> bool {
    let Ok(_permit) = app.hashing.acquire().await else { return false };
    tokio::task::spawn_blocking(move || {
        let too_long = password.chars().count() > PASSWORD_CHARS_MAX;
        match stored.filter(|_| !too_long) {
            Some(stored) => PasswordHash::new(&stored)
                .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()),
            None => {
                let _ = Argon2::default().hash_password(b"a name that does not exist");
                false
            }
        }
    })
    .await
    .unwrap_or(false)
}

/// The PHC string of a password: argon2id with 19 MiB and two passes, salted at random.
async fn hash<H: Backend>(app: &App<H>, password: Secret) -> Result<String, Refusal> {
    let broken = || Refusal::new(StatusCode::SERVICE_UNAVAILABLE, say::NO_RANDOM);
    let _permit = app.hashing.acquire().await.map_err(|_| broken())?;
    tokio::task::spawn_blocking(move || {
        Argon2::default().hash_password(password.as_bytes()).map(|h| h.to_string())
    })
    .await
    .map_err(|_| broken())?
    .map_err(|_| broken())
}
