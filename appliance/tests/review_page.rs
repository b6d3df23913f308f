//! The technician's page as a function of a request: sign-in, the door, words, decisions. No sockets; a real ledger.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use appliance::audit::Audit;
use appliance::job::{ListFacts, Piece, Preview, Timings};
use appliance::ledger::{Arrival, CaseState, Error, Ledger, NewCase, NewDisposition};
use appliance::review::{Config, Decision, Desk, Frame, House, LightRow, Lights, Mode, router};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use proto::case::{Disposition, Finding, Plan, Priority, TriageMode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

const START: i64 = 1_790_000_000_000;
const HOST: &str = "127.0.0.1:8080";
/// Planted identity: must be in no page, address or title, and only in the answer to "I am looking".
const NAME: &str = "PLANTED^NAME";
const PASSWORD: &str = "four quiet lead aprons";

/// A house with a real ledger and a real audit, without models, cloud or scanner.
struct Fake {
    ledger: Ledger,
    audit: Audit,
    config: Config,
    now: AtomicI64,
    demo: bool,
    away: Mutex<Option<i64>>,
    accounts: Mutex<Vec<(String, &'static str)>>,
    frames: Mutex<BTreeMap<String, Vec<Vec<u8>>>>,
    folder: tempfile::TempDir,
}

impl House for Fake {
    fn ledger(&self) -> &Ledger {
        &self.ledger
    }
    fn config(&self) -> &Config {
        &self.config
    }
    fn now(&self) -> i64 {
        self.now.load(Ordering::Relaxed)
    }
    async fn decide(&self, who: &str, decision: &Decision) -> Result<(), Error> {
        let desk = Desk { ledger: &self.ledger, audit: &self.audit, countdown: self.config.countdown };
        desk.decide(who, decision, self.now()).await
    }
    async fn process_now(&self, who: &str, study: &str) -> Result<(), Error> {
        self.ledger.add_event(study, who, "process now", self.now()).await
    }
    fn expected(&self, _: &str) -> Option<(i64, &'static str)> {
        Some((self.now() + 20_000, "quiet time"))
    }
    async fn lights(&self) -> Result<Lights, Error> {
        let away = *self.away.lock().unwrap();
        let row =
            |name, state: &str, words: &str| LightRow { name, state: state.into(), words: words.into() };
        Ok(Lights {
            site: "North <1>".into(),
            mode: "settle".into(),
            lights: vec![
                row("scanner", "ok", "9 studies received"),
                row("models", "ok", "2 bundles, mode settle"),
                if away.is_some() {
                    row("cloud", "warn", "away")
                } else {
                    row("cloud", "ok", "the cloud answers")
                },
                row("disk", "ok", "120 GiB free"),
            ],
            cloud_away_since: away,
            waiting_sealed: if away.is_some() { 2 } else { 0 },
            demo: self.demo,
        })
    }
    async fn preview(&self, study: &str, index: usize) -> Result<Frame, Error> {
        let detail = self.ledger.detail(study).await?;
        let d = detail.disposition.ok_or(Error::Unknown("image"))?;
        let about = d.previews.get(index).cloned().ok_or(Error::Unknown("image"))?;
        let values = self.frames.lock().unwrap().get(study).and_then(|f| f.get(index).cloned());
        Ok(Frame { about, values: values.ok_or(Error::Unknown("image"))? })
    }
    fn looked(&self, who: &str, study: &str) -> Result<(), Error> {
        self.audit
            .write(self.now(), who, "looked at the name", study, "")
            .map_err(|_| Error::Refused("the audit cannot be written: nothing was done".into()))
    }
    fn account(&self, who: &str, what: &'static str) -> Result<(), Error> {
        self.accounts.lock().unwrap().push((who.to_owned(), what));
        Ok(())
    }
}

impl Fake {
    async fn new(demo: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            ledger: Ledger::create(&folder.path().join("ledger.db"), &[7; 32]).await.unwrap(),
            audit: Audit::open(&folder.path().join("audit.jsonl"), &[7; 32]).unwrap(),
            config: Config { mode: Mode::Veto, reading_room: "2345".into(), ..Config::default() },
            now: AtomicI64::new(START),
            demo,
            away: Mutex::new(None),
            accounts: Mutex::new(Vec::new()),
            frames: Mutex::new(BTreeMap::new()),
            folder,
        }
    }

    fn audit_text(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("audit.jsonl")).unwrap()
    }

    async fn invite(&self, name: &str, code: &str) {
        let hash = hex::encode(Sha256::digest(code.as_bytes()));
        self.ledger.put_user(name, &hash, self.now() + 86_400_000, false, self.now()).await.unwrap();
    }

    /// A study with one instance that is stable but not answered; returns its id.
    async fn arrive(&self, n: u32, modality: &str) -> String {
        let arrival = Arrival {
            id: format!("{n:032x}"),
            study_uid: format!("1.2.999.1.{n}"),
            sop_instance_uid: format!("1.2.999.2.{n}"),
            series_uid: format!("1.2.999.3.{n}"),
            sop_class: "1.2.840.10008.5.1.4.1.1.1.1".into(),
            transfer_syntax: "1.2.840.10008.1.2.1".into(),
            modality: modality.into(),
            calling_ae: "CT1".into(),
            address: "127.0.0.1".into(),
            association: "a".into(),
            arrived: self.now(),
            bytes: 8_000_000,
            blake3: format!("{n:064x}"),
        };
        self.ledger.record_arrivals(&[arrival]).await.unwrap()[0].study.clone()
    }

    /// A study answered with `d`, and a case in `state` where there is one.
    async fn answered(&self, n: u32, d: NewDisposition, state: Option<CaseState>) -> String {
        let study = self.arrive(n, &d.facts.modality).await;
        self.ledger.make_revision(&study, "quiet time", self.now()).await.unwrap();
        let case = state.map(|state| NewCase {
            study: study.clone(),
            revision: 1,
            state,
            priority: d.priority,
            reason: d.reason.clone(),
            plan: Plan::Image,
            leaves_at: (state == CaseState::Leaving).then(|| self.now() + 8_000),
        });
        assert!(self.ledger.record_disposition(&study, 1, &d, case.as_ref(), self.now()).await.unwrap());
        study
    }
}

fn disposition(disposition: Disposition, priority: Priority) -> NewDisposition {
    NewDisposition {
        disposition,
        reason: match disposition {
            Disposition::NotAnalysed => "no bundle takes MR".into(),
            Disposition::Unreadable => "the pixel data ends early".into(),
            Disposition::Escalate => "two findings near their thresholds".into(),
            _ => "pneumothorax 0.91 over 0.50".into(),
        },
        bundle: if disposition == Disposition::NotAnalysed { String::new() } else { "chest-xray".into() },
        version: "1.2".into(),
        mode: TriageMode::Settle,
        findings: vec![
            finding("pneumothorax", 0.91, 0.5, disposition == Disposition::Flag),
            finding("pleural effusion", 0.12, 0.4, false),
        ],
        priority,
        gate: None,
        holds: Vec::new(),
        actions: BTreeMap::from([("X".into(), 41), ("U".into(), 7), ("Z".into(), 6), ("D".into(), 2)]),
        plan_digest: "ab".repeat(32),
        previews: Vec::new(),
        bag: None,
        ms: Timings { total: 812.0, ..Timings::default() },
        facts: ListFacts {
            modality: "DX".into(),
            body_part: "CHEST".into(),
            view: "PA".into(),
            accession_tail: "4711".into(),
            station: "ROOM 2".into(),
            patient_name: NAME.into(),
        },
        cloud_up: true,
    }
}

fn finding(name: &str, score: f32, threshold: f32, positive: bool) -> Finding {
    Finding { scheme: "RADLEX".into(), code: "RID1".into(), name: name.into(), score, threshold, positive }
}

fn preview(level: u8, rows: u32, columns: u32) -> Preview {
    Preview {
        instance: 0,
        frame: 0,
        level,
        rows,
        columns,
        piece: Piece { offset: 0, length: u64::from(rows * columns * 2), blake3: "00".repeat(32) },
        first: 0.0,
        step: 1.0,
        window: (2048.0, 4096.0),
        inverted: false,
    }
}

/// A browser without a screen: keeps the cookie and the token.
struct Client {
    page: Router,
    cookie: Option<String>,
    csrf: String,
    stop: CancellationToken,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }
    fn error(&self) -> String {
        self.json()["error"].as_str().unwrap().to_owned()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Client {
    fn new(house: &Arc<Fake>) -> Self {
        let stop = CancellationToken::new();
        Self { page: router(Arc::clone(house), stop.clone()), cookie: None, csrf: String::new(), stop }
    }

    async fn signed_in(house: &Arc<Fake>, name: &str) -> Self {
        let mut client = Self::new(house);
        house.invite(name, &format!("code of {name}")).await;
        let setup = json!({ "code": format!("code of {name}"), "password": PASSWORD });
        assert_eq!(client.post("/api/setup", &setup).await.status, StatusCode::OK);
        client
    }

    async fn ask(&mut self, request: Request<Body>) -> Answer {
        let answer = self.page.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let text = String::from_utf8_lossy(&to_bytes(body, 8 << 20).await.unwrap()).into_owned();
        let policy = parts.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
        ] {
            assert_eq!(parts.headers[name], value);
        }
        if let Some(cookie) = parts.headers.get("set-cookie") {
            self.cookie = Some(cookie.to_str().unwrap().split(';').next().unwrap().to_owned());
        }
        if parts.status == StatusCode::OK
            && let Some(csrf) =
                serde_json::from_str::<Value>(&text).ok().and_then(|v| v["csrf"].as_str().map(str::to_owned))
        {
            self.csrf = csrf;
        }
        Answer { status: parts.status, headers: parts.headers, text }
    }

    fn request(&self, method: &str, path: &str) -> axum::http::request::Builder {
        let mut request = Request::builder().method(method).uri(path).header("host", HOST);
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        request
    }

    async fn get(&mut self, path: &str) -> Answer {
        let request = self.request("GET", path).body(Body::empty()).unwrap();
        self.ask(request).await
    }

    async fn post(&mut self, path: &str, what: &Value) -> Answer {
        let request = self
            .request("POST", path)
            .header("origin", format!("http://{HOST}"))
            .header("content-type", "application/json")
            .header("x-csrf", &self.csrf)
            .body(Body::from(what.to_string()))
            .unwrap();
        self.ask(request).await
    }

    async fn detail(&mut self, study: &str) -> Value {
        let answer = self.get(&format!("/api/study/{study}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer.json()
    }

    /// Presses a button as the page does: with what was seen.
    async fn press(&mut self, seen: &Value, action: &str, reason: Option<&str>) -> Answer {
        let study = seen["row"]["id"].clone();
        let mut decision = json!({ "action": action });
        if ["escalate", "acknowledge", "unacknowledge", "stat"].contains(&action) {
            decision["study"] = study.clone();
        } else {
            decision["case"] = seen["case"]["id"].clone();
        }
        if let Some(reason) = reason {
            decision["reason"] = reason.into();
        }
        let events = seen["events"].as_array().unwrap().len();
        let asked = json!({ "decision": decision, "study": study, "revision": seen["row"]["revision"], "events": events });
        self.post("/api/decide", &asked).await
    }
}

fn possible(detail: &Value) -> Vec<String> {
    let all = detail["actions"].as_array().unwrap().iter();
    all.filter(|a| a["not"].is_null()).map(|a| a["action"].as_str().unwrap().to_owned()).collect()
}

async fn house() -> Arc<Fake> {
    Arc::new(Fake::new(false).await)
}

#[tokio::test]
async fn nobody_sees_anything_before_signing_in() {
    let house = house().await;
    let study = house.answered(1, disposition(Disposition::Flag, Priority::Stat), None).await;
    let mut client = Client::new(&house);
    for path in ["/", &format!("/study/{study}")] {
        let answer = client.get(path).await;
        assert!(answer.text.contains("id=\"enter\"") && !answer.text.contains("id=\"rows\""));
    }
    for path in
        ["/api/list", "/api/live", &format!("/api/study/{study}"), &format!("/api/study/{study}/frame/0")]
    {
        assert_eq!(client.get(path).await.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    for path in [
        "/api/find",
        "/api/sign-out",
        &format!("/api/study/{study}/name"),
        &format!("/api/study/{study}/process"),
    ] {
        assert_eq!(client.post(path, &json!({})).await.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    let asked = json!({ "decision": { "action": "stat", "study": study }, "study": study, "revision": 1, "events": 0 });
    assert_eq!(client.post("/api/decide", &asked).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(client.get("/favicon.ico").await.headers["content-type"], "image/svg+xml");
    assert_eq!(client.get("/assets/../page.rs").await.status, StatusCode::NOT_FOUND);
    assert_eq!(client.get("/study/not-one-of-ours").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_code_sets_a_password_once_and_the_password_signs_in() {
    let house = house().await;
    house.invite("ada", "one-time").await;
    let mut client = Client::new(&house);
    let short = client.post("/api/setup", &json!({ "code": "one-time", "password": "short" })).await;
    assert_eq!(short.status, StatusCode::BAD_REQUEST);
    let without = client.post("/api/setup", &json!({ "code": "one-time" })).await;
    assert_eq!(without.status, StatusCode::BAD_REQUEST, "only a demonstration signs in by code alone");
    let chosen = client.post("/api/setup", &json!({ "code": "one-time", "password": PASSWORD })).await;
    assert_eq!(chosen.status, StatusCode::OK);
    let cookie = chosen.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && !cookie.contains("Secure"));
    let again =
        Client::new(&house).post("/api/setup", &json!({ "code": "one-time", "password": PASSWORD })).await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED);
    let stored = house.ledger.user("ada").await.unwrap().unwrap().password.unwrap();
    assert!(stored.starts_with("$argon2id$") && !stored.contains(PASSWORD));

    let mut other = Client::new(&house);
    let wrong = other.post("/api/sign-in", &json!({ "user": "ada", "password": "not the password" })).await;
    let nobody =
        other.post("/api/sign-in", &json!({ "user": "PLANTED", "password": "not the password" })).await;
    assert_eq!(
        (wrong.status, &wrong.text),
        (nobody.status, &nobody.text),
        "a name that exists looks like one that does not"
    );
    assert_eq!(
        other.post("/api/sign-in", &json!({ "user": "ada", "password": PASSWORD })).await.status,
        StatusCode::OK
    );
    assert!(other.get("/").await.text.contains("id=\"rows\""));
    assert_eq!(other.post("/api/sign-out", &json!({})).await.status, StatusCode::OK);
    assert_eq!(other.get("/api/list").await.status, StatusCode::UNAUTHORIZED);
    let accounts = house.accounts.lock().unwrap().clone();
    let whats: Vec<_> = accounts.iter().map(|(who, what)| (who.as_str(), *what)).collect();
    assert_eq!(
        whats,
        [
            ("ada", "login"),
            ("unknown", "failed login"),
            ("ada", "failed login"),
            ("unknown", "failed login"),
            ("ada", "login"),
            ("ada", "logout")
        ]
    );
}

#[tokio::test]
async fn a_demonstration_signs_in_by_code_alone_and_tls_marks_the_cookie() {
    let mut fake = Fake::new(true).await;
    fake.config.behind_tls = true;
    let house = Arc::new(fake);
    house.invite("demo", "one-time").await;
    let mut client = Client::new(&house);
    let plain = client.post("/api/setup", &json!({ "code": "one-time" })).await;
    assert_eq!(plain.status, StatusCode::FORBIDDEN, "an http origin is foreign behind TLS");
    let request = client.request("POST", "/api/setup").header("origin", format!("https://{HOST}"));
    let answer =
        client.ask(request.body(Body::from(json!({ "code": "one-time" }).to_string())).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("__Host-") && cookie.contains("; Secure"), "{cookie}");
}

#[tokio::test]
async fn passwords_cannot_be_tried_in_bulk() {
    let house = house().await;
    let mut client = Client::signed_in(&house, "ada").await;
    let wrong = json!({ "user": "ada", "password": "not the password" });
    for _ in 0..8 {
        assert_eq!(client.post("/api/sign-in", &wrong).await.status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(client.post("/api/sign-in", &wrong).await.status, StatusCode::TOO_MANY_REQUESTS);
    let right = json!({ "user": "ada", "password": PASSWORD });
    assert_eq!(client.post("/api/sign-in", &right).await.status, StatusCode::TOO_MANY_REQUESTS);
    house.now.fetch_add(16 * 60_000, Ordering::Relaxed);
    assert_eq!(client.post("/api/sign-in", &right).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_change_needs_our_origin_and_the_sessions_token() {
    let house = house().await;
    let study = house.answered(1, disposition(Disposition::Flag, Priority::Urgent), None).await;
    let mut client = Client::signed_in(&house, "ada").await;
    let asked = json!({ "decision": { "action": "acknowledge", "study": study }, "study": study, "revision": 1, "events": 99 });
    let forged = |client: &Client, origin: Option<&str>, csrf: &str, site: Option<&str>| {
        let mut request = client.request("POST", "/api/decide").header("content-type", "application/json");
        request = request.header("x-csrf", csrf);
        for (name, value) in [("origin", origin), ("sec-fetch-site", site)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        request.body(Body::from(asked.to_string())).unwrap()
    };
    let ours = format!("http://{HOST}");
    let token = client.csrf.clone();
    for (origin, csrf, site) in [
        (None, token.as_str(), None),
        (Some("null"), token.as_str(), None),
        (Some("http://elsewhere.example"), token.as_str(), None),
        (Some(ours.as_str()), "", None),
        (Some(ours.as_str()), &token[1..], None),
        (Some(ours.as_str()), token.as_str(), Some("cross-site")),
    ] {
        let request = forged(&client, origin, csrf, site);
        assert_eq!(client.ask(request).await.status, StatusCode::FORBIDDEN, "{origin:?} {site:?}");
    }
    assert_eq!(house.ledger.detail(&study).await.unwrap().row.acknowledged_by, None);
    let request = forged(&client, Some(&ours), &token, Some("same-origin"));
    assert_eq!(client.ask(request).await.status, StatusCode::OK);
    assert_eq!(house.ledger.detail(&study).await.unwrap().row.acknowledged_by.as_deref(), Some("ada"));
}

#[tokio::test]
async fn a_session_that_is_used_goes_on_and_one_that_is_not_ends() {
    let house = house().await;
    let mut client = Client::signed_in(&house, "ada").await;
    let hours = |n: i64| n * 3_600_000;
    for _ in 0..4 {
        house.now.fetch_add(hours(5), Ordering::Relaxed);
        assert!(client.get("/").await.text.contains("id=\"rows\""));
    }
    house.now.fetch_add(hours(4), Ordering::Relaxed);
    assert_eq!(client.get("/api/list").await.status, StatusCode::OK, "asking by itself is no use");
    house.now.fetch_add(hours(5), Ordering::Relaxed);
    assert_eq!(client.get("/api/list").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_name_is_shown_on_request_audited_and_nowhere_else() {
    let house = house().await;
    let study = house
        .answered(1, disposition(Disposition::Escalate, Priority::Urgent), Some(CaseState::Review))
        .await;
    let mut client = Client::signed_in(&house, "ada").await;
    let mut pages = vec![];
    for path in ["/".to_owned(), format!("/study/{study}"), "/api/list".into(), format!("/api/study/{study}")]
    {
        let answer = client.get(&path).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(!answer.headers.iter().any(|(_, v)| v.to_str().is_ok_and(|v| v.contains("PLANTED"))));
        pages.push(answer.text);
    }
    pages.push(client.post("/api/find", &json!({ "find": "room 2" })).await.text);
    for text in &pages {
        assert!(!text.contains("PLANTED") && !text.contains("1.2.999"), "identity in {text}");
    }
    assert!(pages[0].contains("<title>Studies - Scanside</title>"));
    assert!(pages[0].contains("North &lt;1&gt;"), "the site's name is escaped");
    assert!(!pages[0].contains("{{"), "every mark is filled in");
    assert!(!house.audit_text().contains("looked"));
    let name = client.post(&format!("/api/study/{study}/name"), &json!({})).await;
    assert_eq!(name.json(), json!({ "name": "PLANTED NAME" }));
    let audit = house.audit_text();
    assert!(audit.contains("looked at the name") && audit.contains(&study) && !audit.contains("PLANTED"));
}

#[tokio::test]
async fn results_are_said_in_the_words_of_the_vocabulary_and_never_as_an_all_clear() {
    let house = house().await;
    let all = [
        Disposition::NoFlag,
        Disposition::Flag,
        Disposition::Escalate,
        Disposition::NotAnalysed,
        Disposition::Unreadable,
    ];
    let mut client = Client::signed_in(&house, "ada").await;
    let mut texts = vec![];
    for (n, d) in (1..).zip(all) {
        let study = house.answered(n, disposition(d, Priority::Routine), None).await;
        let detail = client.detail(&study).await;
        assert_eq!(detail["result"]["disposition"], d.as_str());
        texts.push(detail["result"]["words"].as_str().unwrap().to_owned());
    }
    assert_eq!(
        texts[0],
        "No flag raised by chest-xray 1.2. Not a normal result. Ordinary reading still applies."
    );
    assert!(texts[3].starts_with("Not analysed: no bundle takes MR"));
    let list = client.get("/api/list").await.json();
    texts.extend(
        list["rows"].as_array().unwrap().iter().map(|r| format!("{} {}", r["line"], r["state_words"])),
    );
    for text in texts {
        let said = text.replace("Not a normal result.", "").to_lowercase();
        for banned in ["clear", "normal", "negative", "ruled out", "\u{2713}", "\u{2714}"] {
            assert!(!said.contains(banned), "{banned} in {said}");
        }
    }
    let flagged =
        list["rows"].as_array().unwrap().iter().find(|r| r["disposition"] == "flag").unwrap().clone();
    assert_eq!(flagged["line"], "pneumothorax 0.91 (flag from 0.50)");
    assert_eq!(flagged["state_words"], "to be acknowledged");
}

#[tokio::test]
async fn a_case_is_sent_stopped_and_taken_back_through_the_page() {
    let house = house().await;
    let study = house
        .answered(1, disposition(Disposition::Escalate, Priority::Urgent), Some(CaseState::Review))
        .await;
    let mut client = Client::signed_in(&house, "ada").await;
    let seen = client.detail(&study).await;
    assert_eq!(possible(&seen), ["send", "wait", "dont-send", "identity-visible", "acknowledge", "stat"]);
    assert_eq!(client.press(&seen, "send", None).await.status, StatusCode::OK);
    let seen = client.detail(&study).await;
    assert_eq!(seen["row"]["state"], "leaving");
    assert_eq!(seen["row"]["state_words"], "leaves in {leaves} s, U to undo");
    assert_eq!(seen["row"]["leaves_at"], START + 8_000);
    assert!(possible(&seen).contains(&"undo".to_owned()));
    assert_eq!(client.press(&seen, "undo", None).await.status, StatusCode::OK);
    assert_eq!(client.detail(&study).await["row"]["state"], "review");
    let seen = client.detail(&study).await;
    let without = client.press(&seen, "dont-send", Some(" ")).await;
    assert_eq!((without.status, without.error().as_str()), (StatusCode::CONFLICT, "give a reason"));
    assert_eq!(client.press(&seen, "dont-send", Some("motion")).await.status, StatusCode::OK);
    let seen = client.detail(&study).await;
    assert_eq!(seen["row"]["state_words"], "not sent: a person decided");
    assert!(
        seen["events"]
            .as_array()
            .unwrap()
            .iter()
            .any(|e| e["what"] == "do not send: motion" && e["who"] == "ada")
    );
    assert_eq!(client.press(&seen, "identity-visible", None).await.status, StatusCode::OK);
    assert_eq!(client.detail(&study).await["row"]["state"], "stopped");
    assert!(house.audit_text().contains("identity visible"));
}

#[tokio::test]
async fn what_the_gate_holds_leaves_only_by_a_named_release_with_a_reason() {
    let house = house().await;
    let mut held = disposition(Disposition::Escalate, Priority::Urgent);
    held.holds = vec!["burned-in annotation: YES".into()];
    let study = house.answered(1, held, Some(CaseState::Held)).await;
    let mut client = Client::signed_in(&house, "ada").await;
    let seen = client.detail(&study).await;
    assert_eq!(seen["result"]["holds"], json!(["burned-in annotation: YES"]));
    assert!(!possible(&seen).contains(&"send".to_owned()) && possible(&seen).contains(&"release".to_owned()));
    assert_eq!(client.press(&seen, "send", None).await.status, StatusCode::CONFLICT);
    assert_eq!(client.press(&seen, "release", Some("")).await.status, StatusCode::CONFLICT);
    assert_eq!(client.press(&seen, "release", Some("no text in the image")).await.status, StatusCode::OK);
    assert_eq!(client.detail(&study).await["row"]["state"], "leaving");
}

#[tokio::test]
async fn whoever_comes_second_is_told_who_was_first() {
    let house = house().await;
    let study = house
        .answered(1, disposition(Disposition::Escalate, Priority::Urgent), Some(CaseState::Review))
        .await;
    let (mut ada, mut bo) = (Client::signed_in(&house, "ada").await, Client::signed_in(&house, "bo").await);
    let seen = ada.detail(&study).await;
    assert_eq!(bo.press(&seen, "wait", None).await.status, StatusCode::OK);
    let second = ada.press(&seen, "dont-send", Some("motion")).await;
    assert_eq!(
        (second.status, second.error().as_str()),
        (StatusCode::CONFLICT, "bo was first: wait. Nothing was changed by you.")
    );
    assert_eq!(ada.detail(&study).await["row"]["state"], "waiting");
    // Seeing identity stops it whoever was first.
    assert_eq!(ada.press(&seen, "identity-visible", None).await.status, StatusCode::OK);
    let mut old = ada.detail(&study).await;
    old["row"]["revision"] = 7.into();
    assert!(ada.press(&old, "undo", None).await.error().starts_with("New images"));
}

#[tokio::test]
async fn a_flag_is_open_until_a_named_person_acknowledges_it() {
    let house = house().await;
    let study = house.answered(1, disposition(Disposition::Flag, Priority::Stat), None).await;
    let mut client = Client::signed_in(&house, "ada").await;
    let list = client.get("/api/list").await.json();
    assert_eq!((&list["head"]["stat"], &list["rows"][0]["open"]), (&json!(1), &json!(true)));
    let seen = client.detail(&study).await;
    assert_eq!(client.press(&seen, "acknowledge", None).await.status, StatusCode::OK);
    let seen = client.detail(&study).await;
    assert_eq!(seen["row"]["state_words"], "acknowledged by ada");
    assert_eq!(client.press(&seen, "unacknowledge", None).await.status, StatusCode::OK);
    let seen = client.detail(&study).await;
    assert_eq!(client.press(&seen, "escalate", Some("please look")).await.status, StatusCode::OK);
    assert_eq!(client.detail(&study).await["case"]["reason"], "raised by a technician: please look");
}

#[tokio::test]
async fn an_unsigned_draft_says_so_in_every_line() {
    let house = house().await;
    let study = house
        .answered(1, disposition(Disposition::Escalate, Priority::Urgent), Some(CaseState::Review))
        .await;
    let case = house.ledger.case_of(&study, 1).await.unwrap().unwrap();
    let content = json!({
        "format": "scanside-report/1", "case": case.id, "revision": 1,
        "origin": { "backend": "reference", "model": "reference", "version": "0.1" },
        "authority": { "kind": "unsigned" },
        "sections": { "findings": "Opacity in the right base.\nNo effusion seen.", "impression": "Likely consolidation." },
        "created": "2026-11-21T10:00:00Z"
    });
    house.ledger.record_report(&case.id, ("e", "d"), &content.to_string(), true, START).await.unwrap();
    let mut client = Client::signed_in(&house, "ada").await;
    let detail = client.detail(&study).await;
    let lines = detail["report"]["lines"].as_array().unwrap();
    assert!(lines.len() >= 5);
    for line in lines {
        assert!(line.as_str().unwrap().starts_with("UNSIGNED MACHINE DRAFT"), "{line}");
    }
    assert_eq!(detail["row"]["state_words"], "unsigned machine draft is home");
    assert_eq!(detail["row"]["case_state"], "answered");
}

#[tokio::test]
async fn the_fixed_line_says_the_worst_true_thing_and_refused_callers_what_to_add() {
    let house = house().await;
    let mut client = Client::signed_in(&house, "ada").await;
    let line = |list: &Value| list["head"]["line"]["words"].as_str().unwrap().to_owned();
    assert_eq!(
        line(&client.get("/api/list").await.json()),
        "Nothing received yet. New studies appear by themselves."
    );
    *house.away.lock().unwrap() = Some(START - 60_000);
    house.ledger.note_refused("CT\"9", "10.0.0.9", "not on the list of callers", START).await.unwrap();
    // A second page looks afresh: the first one gathers its head every few seconds.
    let mut other = Client::signed_in(&house, "bo").await;
    let list = other.get("/api/list").await.json();
    assert_eq!(
        line(&list),
        "Cloud away since {since}; 2 cases wait sealed here. Triage goes on. For STAT, phone the reading room: 2345."
    );
    assert_eq!(list["head"]["line"]["since"], START - 60_000);
    let config = list["head"]["refused"][0]["config"].as_str().unwrap();
    let parsed: toml::Value = toml::from_str(config).unwrap();
    assert_eq!(parsed["intake"]["callers"][0]["ae_title"].as_str(), Some("CT\"9"));
}

#[tokio::test]
async fn image_values_come_as_stored_and_arriving_studies_say_when() {
    let house = house().await;
    let mut d = disposition(Disposition::Flag, Priority::Routine);
    d.previews = vec![preview(0, 2, 2)];
    let study = house.answered(1, d, None).await;
    house.frames.lock().unwrap().insert(study.clone(), vec![b"abcdefgh".to_vec()]);
    let arriving = house.arrive(2, "CT").await;
    let mut client = Client::signed_in(&house, "ada").await;
    let frame = client.get(&format!("/api/study/{study}/frame/0")).await;
    assert_eq!(
        (frame.text.as_str(), &frame.headers["content-type"]),
        ("abcdefgh", &"application/octet-stream".parse().unwrap())
    );
    assert_eq!(client.get(&format!("/api/study/{study}/frame/1")).await.status, StatusCode::NOT_FOUND);
    let preview = &client.detail(&study).await["result"]["previews"][0];
    assert!(preview.get("piece").is_none(), "where it lies is the house's business");
    let detail = client.detail(&arriving).await;
    assert_eq!(detail["row"]["state_words"], "arriving, 1 instance");
    assert_eq!(detail["row"]["expected"], json!([START + 20_000, "quiet time"]));
    assert_eq!(
        client.post(&format!("/api/study/{arriving}/process"), &json!({})).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn the_stream_sends_a_snapshot_and_then_what_changed() {
    use futures::StreamExt;
    let house = house().await;
    let study = house.answered(1, disposition(Disposition::Flag, Priority::Urgent), None).await;
    let client = Client::signed_in(&house, "ada").await;
    let request = client.request("GET", "/api/live").body(Body::empty()).unwrap();
    let answer = client.page.clone().oneshot(request).await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut events = answer.into_body().into_data_stream();
    let mut next = async || {
        let piece = tokio::time::timeout(Duration::from_secs(10), events.next()).await.unwrap();
        piece.map(|p| String::from_utf8(p.unwrap().to_vec()).unwrap())
    };
    let first = next().await.unwrap();
    assert!(first.starts_with("event: snapshot") && first.contains(&study));
    let other = house.arrive(2, "CT").await;
    let second = next().await.unwrap();
    assert!(second.starts_with("event: changes") && second.contains(&other), "{second}");
    let data: Value = serde_json::from_str(second.split_once("data: ").unwrap().1.trim()).unwrap();
    assert_eq!(data["rows"].as_array().unwrap().len(), 1, "only what changed: {data}");
    client.stop.cancel();
    while next().await.is_some() {}
}
