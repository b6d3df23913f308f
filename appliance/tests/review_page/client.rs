//! The cast: a browser without a screen.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use scanside_appliance::review::router;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::cast::{Fake, HOST, PASSWORD};

/// A browser without a screen: keeps the cookie and the token.
pub(super) struct Client {
    pub(super) page: Router,
    pub(super) cookie: Option<String>,
    pub(super) csrf: String,
    pub(super) stop: CancellationToken,
}

pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
    pub(super) bytes: Vec<u8>,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }
    pub(super) fn error(&self) -> String {
        self.json()["error"].as_str().unwrap().to_owned()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Client {
    pub(super) fn new(house: &Arc<Fake>) -> Self {
        let stop = CancellationToken::new();
        let (page, looks) = router(Arc::clone(house), stop.clone());
        tokio::spawn(looks);
        Self { page, cookie: None, csrf: String::new(), stop }
    }

    pub(super) async fn signed_in(house: &Arc<Fake>, name: &str) -> Self {
        let mut client = Self::new(house);
        house.invite(name, &format!("code of {name}")).await;
        let setup = json!({ "code": format!("code of {name}"), "password": PASSWORD });
        assert_eq!(client.post("/api/setup", &setup).await.status, StatusCode::OK);
        client
    }

    pub(super) async fn ask(&mut self, request: Request<Body>) -> Answer {
        let answer = self.page.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let bytes = to_bytes(body, 8 << 20).await.unwrap().to_vec();
        let text = String::from_utf8_lossy(&bytes).into_owned();
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
        Answer { status: parts.status, headers: parts.headers, text, bytes }
    }

    pub(super) fn request(&self, method: &str, path: &str) -> axum::http::request::Builder {
        let mut request = Request::builder().method(method).uri(path).header("host", HOST);
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        request
    }

    pub(super) async fn get(&mut self, path: &str) -> Answer {
        let request = self.request("GET", path).body(Body::empty()).unwrap();
        self.ask(request).await
    }

    pub(super) async fn post(&mut self, path: &str, what: &Value) -> Answer {
        let request = self
            .request("POST", path)
            .header("origin", format!("http://{HOST}"))
            .header("content-type", "application/json")
            .header("x-csrf", &self.csrf)
            .body(Body::from(what.to_string()))
            .unwrap();
        self.ask(request).await
    }

    pub(super) async fn detail(&mut self, study: &str) -> Value {
        let answer = self.get(&format!("/api/study/{study}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer.json()
    }

    /// Presses a button as the page does: with what was seen.
    pub(super) async fn press(&mut self, seen: &Value, action: &str, reason: Option<&str>) -> Answer {
        let mut decision = json!({ "action": action });
        if ["escalate", "acknowledge", "unacknowledge", "archive-checked", "stat"].contains(&action) {
            decision["study"] = seen["row"]["id"].clone();
        } else {
            decision["case"] = seen["case"]["id"].clone();
        }
        if let Some(reason) = reason {
            decision["reason"] = reason.into();
        }
        self.decide(seen, decision).await
    }

    /// Asks for a decision about a study as it was seen.
    pub(super) async fn decide(&mut self, seen: &Value, decision: Value) -> Answer {
        let (study, revision) = (seen["row"]["id"].clone(), seen["row"]["revision"].clone());
        let events = seen["events"].as_array().unwrap().len();
        let asked = json!({ "decision": decision, "study": study, "revision": revision, "events": events });
        self.post("/api/decide", &asked).await
    }
}

pub(super) fn possible(detail: &Value) -> Vec<String> {
    let all = detail["actions"].as_array().unwrap().iter();
    all.filter(|a| a["not"].is_null()).map(|a| a["action"].as_str().unwrap().to_owned()).collect()
}
