//! Signing in and out at this page, over the queue's rows and its audit; the rules are those of `sign_in`.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use proto::clock;
use serde::Deserialize;
use sign_in::{Account, Accounts, Code, Opened, Password, Person, Visit};

use super::{Error, Page, html};
use crate::queue::{self, Session};

#[derive(Deserialize)]
pub(super) struct Entry {
    name: String,
    password: Password,
}

#[derive(Deserialize)]
pub(super) struct Asked {
    code: Password,
}

#[derive(Deserialize)]
pub(super) struct CodeEntry {
    code: Password,
    #[serde(default)]
    password: Password,
}

#[derive(Deserialize)]
pub(super) struct Leave {
    csrf: String,
}

/// A code's age is judged by the wall: a command in another process dated it.
impl Accounts for Page {
    type Error = Error;

    async fn account(&self, name: &str) -> Result<Option<Account>, Error> {
        Ok(self.queue.account(name).await?)
    }

    async fn code(&self, code: &str, _: i64) -> Result<Option<Code>, Error> {
        let found = good(self.queue.user_of_code(code, clock::wall()).await)?;
        Ok(found.map(|(user, login_only)| Code { user, login_only }))
    }

    async fn use_code(&self, code: &str, phc: Option<&str>, now: i64) -> Result<Option<String>, Error> {
        good(self.queue.use_code(code, phc, clock::wall(), now).await)
    }

    async fn open_session(&self, token: &str, session: &Session, now: i64) -> Result<(), Error> {
        Ok(self.queue.open_session(&session.user, token, &session.csrf, session.until, now).await?)
    }

    async fn session(&self, token: &str, now: i64) -> Result<Option<Session>, Error> {
        Ok(self.queue.session(token, now).await?)
    }

    async fn keep_session(&self, token: &str, until: i64, now: i64) -> Result<(), Error> {
        Ok(self.queue.keep_session(token, until, now).await?)
    }

    async fn close_session(&self, token: &str, user: &str, now: i64) -> Result<(), Error> {
        Ok(self.queue.close_session(token, user, now).await?)
    }

    async fn failed(&self, who: &str, now: i64) -> Result<(), Error> {
        Ok(self.queue.note(now, who, "sign-in-failed", None, "").await?)
    }
}

/// What a good code gave, or none.
fn good<T>(found: queue::Result<T>) -> Result<Option<T>, Error> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(queue::Error::BadLogin) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn form_page(status: StatusCode, problem: &str) -> Response {
    let alert = if problem.is_empty() {
        String::new()
    } else {
        format!("<p role=\"alert\">{}</p>", html::escape(problem))
    };
    let body = format!(
        "<div class=\"sign-in\"><h1>Sign in</h1>{alert}<form method=\"post\" action=\"/sign-in\" class=\"narrow\">\
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
    headers: HeaderMap,
    Form(entry): Form<Entry>,
) -> Result<Response, Error> {
    let visit = Visit { from: Some(from.ip()), headers: &headers, now: page.now() };
    match page.sign_in.enter(&page, visit, &entry.name, entry.password).await {
        Ok(opened) => Ok(go(opened)),
        Err(error @ (Error::TooMany | Error::Queue(queue::Error::BadLogin))) => {
            Ok(form_page(error.status(), &error.to_string()))
        }
        Err(error) => Err(error),
    }
}

/// To the queue, with the session.
fn go(opened: Opened) -> Response {
    ([(header::SET_COOKIE, opened.cookie)], Redirect::to("/")).into_response()
}

pub(super) async fn leave(
    State(page): State<Page>,
    person: Person,
    headers: HeaderMap,
    Form(form): Form<Leave>,
) -> Result<Response, Error> {
    let visit = Visit { from: None, headers: &headers, now: page.now() };
    let gone = page.sign_in.leave(&page, &person, form.csrf.as_bytes(), visit).await?;
    Ok(([(header::SET_COOKIE, gone)], Redirect::to("/sign-in")).into_response())
}

/// The page of a one-time link: its code stands in the fragment and is asked about by the page itself.
pub(super) async fn welcome() -> Response {
    welcome_page(StatusCode::OK, "")
}

fn welcome_page(status: StatusCode, form: &str) -> Response {
    let body = format!(
        "<div class=\"sign-in\"><h1>Welcome</h1><p id=\"said\" role=\"alert\"></p><div id=\"welcome\">{form}</div>\
         <noscript><p role=\"alert\">This page needs JavaScript. All of it comes from this service.</p></noscript></div>"
    );
    (status, html::page("Welcome", None, &["welcome.js"], &body)).into_response()
}

/// The form of a one-time code: asks for a password, or (a code that only signs in) for one press.
pub(super) async fn about_code(
    State(page): State<Page>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Form(asked): Form<Asked>,
) -> Result<Html<String>, Error> {
    let visit = Visit { from: Some(from.ip()), headers: &headers, now: page.now() };
    let code = page.sign_in.code(&page, visit, &asked.code).await?;
    Ok(Html(welcome_form(&code, &asked.code, "")))
}

fn welcome_form(whose: &Code, code: &str, problem: &str) -> String {
    let (name, code) = (html::escape(&whose.user), html::escape(code));
    let alert = if problem.is_empty() { String::new() } else { format!("<p role=\"alert\">{problem}</p>") };
    let hidden = format!("<input type=\"hidden\" name=\"code\" value=\"{code}\">");
    let form = format!("{alert}<form method=\"post\" action=\"/welcome\" class=\"narrow\">{hidden}");
    if whose.login_only {
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
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Form(form): Form<CodeEntry>,
) -> Result<Response, Error> {
    let visit = Visit { from: Some(from.ip()), headers: &headers, now: page.now() };
    let code = page.sign_in.code(&page, visit, &form.code).await?;
    match page.sign_in.use_code(&page, visit, &form.code, Some(form.password)).await {
        Ok(opened) => Ok(go(opened)),
        Err(Error::Password) => {
            let again = welcome_form(&code, &form.code, &Error::Password.to_string());
            Ok(welcome_page(Error::Password.status(), &again))
        }
        Err(error) => Err(error),
    }
}
