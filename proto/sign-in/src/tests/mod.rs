//! Who gets in, for how long, and what is written down about it: the same for both pages.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod attempts;
mod channels;
mod flow;
mod sessions;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Mutex;

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::session::LONGEST_MS;
use crate::*;

const NOW: i64 = 1_800_000_000_000;
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const PASSWORD: &str = "four quiet lead aprons";
const PLANTED: &str = "PLANTED-typed-as-a-name";
const AWAY: Error = Error::NoRandom;

/// A product's rows and audit in memory.
#[derive(Default)]
struct Rows {
    accounts: Mutex<BTreeMap<String, Account>>,
    codes: Mutex<BTreeMap<String, Code>>,
    sessions: Mutex<BTreeMap<String, Session>>,
    audit: Mutex<Vec<(String, &'static str)>>,
    away: Mutex<bool>,
    looks: Mutex<usize>,
}

impl Rows {
    fn note(&self, who: &str, what: &'static str) {
        self.audit.lock().unwrap().push((who.to_owned(), what));
    }

    fn audited(&self) -> Vec<(String, &'static str)> {
        self.audit.lock().unwrap().clone()
    }

    fn invite(&self, user: &str, code: &str, login_only: bool) {
        self.accounts.lock().unwrap().entry(user.to_owned()).or_insert(Account { password: None });
        self.codes.lock().unwrap().insert(code.to_owned(), Code { user: user.to_owned(), login_only });
    }

    fn password(&self, user: &str) -> Option<String> {
        self.accounts.lock().unwrap()[user].password.clone()
    }
}

impl Accounts for Rows {
    type Error = Error;

    async fn account(&self, name: &str) -> Result<Option<Account>, Error> {
        *self.looks.lock().unwrap() += 1;
        if *self.away.lock().unwrap() {
            return Err(AWAY);
        }
        Ok(self.accounts.lock().unwrap().get(name).cloned())
    }
    async fn code(&self, code: &str, _: i64) -> Result<Option<Code>, Error> {
        Ok(self.codes.lock().unwrap().get(code).cloned())
    }
    async fn use_code(&self, code: &str, password: Option<&str>, _: i64) -> Result<Option<String>, Error> {
        let Some(code) = self.codes.lock().unwrap().remove(code) else { return Ok(None) };
        if let (Some(phc), Some(account)) = (password, self.accounts.lock().unwrap().get_mut(&code.user)) {
            account.password = Some(phc.to_owned());
        }
        Ok(Some(code.user))
    }
    async fn open_session(&self, token: &str, session: &Session, _: i64) -> Result<(), Error> {
        self.note(&session.user, "in");
        self.sessions.lock().unwrap().insert(token.to_owned(), session.clone());
        Ok(())
    }
    async fn session(&self, token: &str, _: i64) -> Result<Option<Session>, Error> {
        Ok(self.sessions.lock().unwrap().get(token).cloned())
    }
    async fn keep_session(&self, token: &str, until: i64, _: i64) -> Result<(), Error> {
        if let Some(session) = self.sessions.lock().unwrap().get_mut(token) {
            session.until = until;
        }
        Ok(())
    }
    async fn close_session(&self, token: &str, user: &str, _: i64) -> Result<(), Error> {
        self.note(user, "out");
        self.sessions.lock().unwrap().remove(token);
        Ok(())
    }
    async fn failed(&self, who: &str, _: i64) -> Result<(), Error> {
        self.note(who, "failed");
        Ok(())
    }
}

fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&'static str, &str)| {
        (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
    };
    let mut out = HeaderMap::new();
    for (name, value) in all.iter().map(pair) {
        out.append(name, value);
    }
    out
}

fn here() -> HeaderMap {
    headers(&[("host", "127.0.0.1:8080")])
}

const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn visit(headers: &HeaderMap, now: i64) -> Visit<'_> {
    Visit { from: Some(HOME), headers, now }
}

fn page(behind_tls: bool) -> SignIn {
    SignIn::new(Settings { cookie: "page", behind_tls, idle: IDLE })
}

fn typed(text: &str) -> Password {
    Password::from(text.to_owned())
}

/// The headers of somebody who came in: what the browser sends back.
fn with_cookie(opened: &Opened) -> HeaderMap {
    let pair = opened.cookie.to_str().unwrap().split(';').next().unwrap();
    let mut headers = here();
    headers.insert(header::COOKIE, HeaderValue::from_str(pair).unwrap());
    headers
}

/// A page on which ada has chosen her password and is signed in since `NOW`.
async fn ada() -> (SignIn, Rows, Opened) {
    let (page, rows) = (page(false), Rows::default());
    rows.invite("ada", "code", false);
    let opened = page.use_code(&rows, visit(&here(), NOW), "code", Some(typed(PASSWORD))).await.unwrap();
    (page, rows, opened)
}
