//! Signing in and out: argon2 passwords, one-time codes, sessions on the server, and a limit on attempts.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use axum::extract::{ConnectInfo, Form, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use proto::clock;
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use super::door::{COOKIE, Person};
use super::{Error, Page, html};
use crate::queue::{self, Millis};

const SESSION_MS: Millis = 12 * 3_600_000;
const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 12..=256;
const FAILURES_MAX: usize = 5;
const FAILURES_WITHIN_MS: Millis = 15 * 60_000;
/// Names and addresses remembered; the oldest go first.
const REMEMBERED_MAX: usize = 4096;

/// Failed attempts by name and by address.
#[derive(Default)]
pub(super) struct Attempts(Mutex<HashMap<String, Vec<Millis>>>);

impl Attempts {
    fn refused(&self, keys: &[String], now: Millis) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.iter().any(|key| {
            let Some(times) = all.get_mut(key) else { return false };
            times.retain(|t| now - *t < FAILURES_WITHIN_MS);
            times.len() >= FAILURES_MAX
        })
    }

    fn failed(&self, keys: Vec<String>, now: Millis) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED_MAX {
            all.retain(|_, times| times.last().is_some_and(|t| now - *t < FAILURES_WITHIN_MS));
            if all.len() >= REMEMBERED_MAX {
                all.clear();
            }
        }
        for key in keys {
            all.entry(key).or_default().push(now);
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Entry {
    name: String,
    #[serde(deserialize_with = "secret")]
    password: Zeroizing<String>,
}

#[derive(Deserialize)]
pub(super) struct Code {
    code: String,
}

#[derive(Deserialize)]
pub(super) struct CodeEntry {
    code: String,
    #[serde(default, deserialize_with = "secret")]
    password: Zeroizing<String>,
}

/// Read into memory that is wiped when dropped.
fn secret<'de, D: Deserializer<'de>>(d: D) -> Result<Zeroizing<String>, D::Error> {
    String::deserialize(d).map(Zeroizing::new)
}

#[derive(Deserialize)]
pub(super) struct Leave {
    csrf: String,
}

fn form_page(status: StatusCode, problem: &str) -> Response {
    let alert = if problem.is_empty() {
        String::new()
    } else {
        format!("<p role=\"alert\">{}</p>", html::escape(problem))
    };
    let body = format!(
        "<div class=\"door\"><h1>Sign in</h1>{alert}<form method=\"post\" action=\"/sign-in\" class=\"narrow\">\
         <label>Name <input name=\"name\" autocomplete=\"username\" required autofocus></label>\
         <label>Password <input name=\"password\" type=\"password\" autocomplete=\"current-password\" required></label>\
         <button class=\"primary\">Sign in</button></form>\
         <p class=\"hint\">No account yet, or password forgotten? An operator makes a one-time link: \
         <code>cloud-service user add NAME</code> or <code>cloud-service user reset NAME</code>.</p></div>"
    );
    (status, html::page("Sign in", None, &[], &body)).into_response()
}

pub(super) async fn form() -> Response {
    form_page(StatusCode::OK, "")
}

pub(super) async fn enter(
    State(page): State<Page>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    Form(entry): Form<Entry>,
) -> Result<Response, Error> {
    let now = page.now();
    let name = entry.name.chars().take(64).collect::<String>();
    let keys = vec![format!("name {name}"), format!("address {}", from.ip())];
    // Behind a proxy every address is the proxy's: then only the name counts.
    let keys = if page.secure { keys.into_iter().take(1).collect() } else { keys };
    if page.attempts.refused(&keys, now) {
        return Ok(form_page(StatusCode::TOO_MANY_REQUESTS, &Error::TooMany.to_string()));
    }
    let stored = page.queue.password_of(&name).await?;
    if verify(&page, stored, entry.password).await {
        return open(&page, &name).await;
    }
    page.attempts.failed(keys, now);
    Ok(form_page(StatusCode::UNAUTHORIZED, &queue::Error::BadLogin.to_string()))
}

/// Checks a password; an unknown name costs as much time as a known one.
async fn verify(page: &Page, stored: Option<String>, password: Zeroizing<String>) -> bool {
    let Ok(_permit) = page.hashing.acquire().await else { return false };
    tokio::task::spawn_blocking(move || match stored {
        Some(stored) => PasswordHash::new(&stored)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()),
        None => {
            let _ = Argon2::default().hash_password(password.as_bytes());
            false
        }
    })
    .await
    .unwrap_or(false)
}

/// Opens a session and goes to the queue.
async fn open(page: &Page, user: &str) -> Result<Response, Error> {
    let (token, csrf) = (random()?, random()?);
    let now = page.now();
    page.queue.open_session(user, &token, &csrf, now + SESSION_MS, now).await?;
    let secure = if page.secure { "; Secure" } else { "" };
    let cookie =
        format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}{secure}", SESSION_MS / 1000);
    let mut response = Redirect::to("/").into_response();
    let cookie = HeaderValue::from_str(&cookie).map_err(|_| Error::NotFound)?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

pub(super) async fn leave(
    State(page): State<Page>,
    person: Person,
    Form(form): Form<Leave>,
) -> Result<Response, Error> {
    person.check(&form.csrf)?;
    page.queue.close_session(person.token()).await?;
    let mut response = Redirect::to("/sign-in").into_response();
    let gone = HeaderValue::from_static("scanside_cloud=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
    response.headers_mut().insert(header::SET_COOKIE, gone);
    Ok(response)
}

/// The page of a one-time link: its code stands in the fragment and is asked about by the page itself.
pub(super) async fn welcome() -> Response {
    welcome_page(StatusCode::OK, "")
}

fn welcome_page(status: StatusCode, form: &str) -> Response {
    let body = format!(
        "<div class=\"door\"><h1>Welcome</h1><p id=\"said\" role=\"alert\"></p><div id=\"welcome\">{form}</div>\
         <noscript><p role=\"alert\">This page needs JavaScript. All of it comes from this service.</p></noscript></div>"
    );
    (status, html::page("Welcome", None, &["welcome.js"], &body)).into_response()
}

/// The form of a one-time code: asks for a password, or (a code that only signs in) for one press.
pub(super) async fn about_code(
    State(page): State<Page>,
    Form(form): Form<Code>,
) -> Result<Html<String>, Error> {
    let (name, login_only) = page.queue.user_of_code(&form.code, clock::wall()).await?;
    Ok(Html(welcome_form(&name, &form.code, login_only, "")))
}

fn welcome_form(name: &str, code: &str, login_only: bool, problem: &str) -> String {
    let (name, code) = (html::escape(name), html::escape(code));
    let alert = if problem.is_empty() { String::new() } else { format!("<p role=\"alert\">{problem}</p>") };
    let hidden = format!("<input type=\"hidden\" name=\"code\" value=\"{code}\">");
    let form = format!("{alert}<form method=\"post\" action=\"/welcome\" class=\"narrow\">{hidden}");
    if login_only {
        format!(
            "{form}<p>This link signs <b>{name}</b> in, once.</p><button class=\"primary\">Sign in</button></form>"
        )
    } else {
        format!(
            "{form}<p>You are <b>{name}</b>. This link works once.</p>\
             <label>Choose a password of at least 12 characters; several words are good \
             <input name=\"password\" type=\"password\" autocomplete=\"new-password\" minlength=\"12\" maxlength=\"256\" \
             required></label><button class=\"primary\">Set password and sign in</button></form>"
        )
    }
}

pub(super) async fn use_code(
    State(page): State<Page>,
    Form(form): Form<CodeEntry>,
) -> Result<Response, Error> {
    let wall = clock::wall();
    let (name, login_only) = page.queue.user_of_code(&form.code, wall).await?;
    let phc = if login_only {
        None
    } else if PASSWORD_CHARS.contains(&form.password.chars().count()) {
        Some(hash(&page, form.password).await?)
    } else {
        let rule = "The password needs 12 to 256 characters.";
        let again = welcome_form(&name, &form.code, false, rule);
        return Ok(welcome_page(StatusCode::UNPROCESSABLE_ENTITY, &again));
    };
    let name = page.queue.use_code(&form.code, phc.as_deref(), wall, page.now()).await?;
    open(&page, &name).await
}

async fn hash(page: &Page, password: Zeroizing<String>) -> Result<String, Error> {
    let _permit = page.hashing.acquire().await.map_err(|_| Error::NotFound)?;
    let hashed = tokio::task::spawn_blocking(move || {
        Argon2::default().hash_password(password.as_bytes()).map(|h| h.to_string())
    });
    hashed
        .await
        .ok()
        .and_then(Result::ok)
        .ok_or(Error::Queue(queue::Error::Rule("the password cannot be hashed")))
}

fn random() -> Result<String, Error> {
    use base64::Engine as _;
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|_| Error::Queue(queue::Error::Rule("no random bytes")))?;
    Ok(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes))
}
