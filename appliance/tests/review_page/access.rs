//! Who gets in: nobody unsigned, codes once, passwords, origins, sessions.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::http::StatusCode;
use proto::case::{Disposition, Priority};
use serde_json::json;

use super::backend::{Fake, HOST, PASSWORD, backend, disposition};
use super::client::Client;

#[tokio::test]
async fn nobody_sees_anything_before_signing_in() {
    let backend = backend().await;
    let study = backend.answered(1, disposition(Disposition::Flag, Priority::Stat), None).await;
    let mut client = Client::new(&backend);
    for path in ["/", &format!("/study/{study}")] {
        let answer = client.get(path).await;
        assert!(answer.text.contains("id=\"enter\"") && !answer.text.contains("id=\"rows\""));
    }
    for path in [
        "/api/list",
        "/api/live",
        &format!("/api/study/{study}"),
        &format!("/api/study/{study}/frame/0"),
        &format!("/api/study/{study}/full/0"),
    ] {
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
    let backend = backend().await;
    backend.invite("ada", "one-time").await;
    let mut client = Client::new(&backend);
    let short = client.post("/api/setup", &json!({ "code": "one-time", "password": "short" })).await;
    assert_eq!(short.status, StatusCode::BAD_REQUEST);
    let without = client.post("/api/setup", &json!({ "code": "one-time" })).await;
    assert_eq!(without.status, StatusCode::BAD_REQUEST, "only a demonstration signs in by code alone");
    let chosen = client.post("/api/setup", &json!({ "code": "one-time", "password": PASSWORD })).await;
    assert_eq!(chosen.status, StatusCode::OK);
    let cookie = chosen.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"));
    assert!(cookie.starts_with("__Host-") && cookie.contains("; Secure"), "on loopback too: {cookie}");
    let again =
        Client::new(&backend).post("/api/setup", &json!({ "code": "one-time", "password": PASSWORD })).await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED);
    let stored = backend.ledger.user("ada").await.unwrap().unwrap().password.unwrap();
    assert!(stored.starts_with("$argon2id$") && !stored.contains(PASSWORD));

    let mut other = Client::new(&backend);
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
    let accounts = backend.accounts.lock().unwrap().clone();
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
    let backend = Arc::new(fake);
    backend.invite("demo", "one-time").await;
    let mut client = Client::new(&backend);
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
    let backend = backend().await;
    let mut client = Client::signed_in(&backend, "ada").await;
    let wrong = json!({ "user": "ada", "password": "not the password" });
    for _ in 0..5 {
        assert_eq!(client.post("/api/sign-in", &wrong).await.status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(client.post("/api/sign-in", &wrong).await.status, StatusCode::TOO_MANY_REQUESTS);
    let right = json!({ "user": "ada", "password": PASSWORD });
    assert_eq!(client.post("/api/sign-in", &right).await.status, StatusCode::TOO_MANY_REQUESTS);
    backend.now.fetch_add(16 * 60_000, Ordering::Relaxed);
    assert_eq!(client.post("/api/sign-in", &right).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_change_needs_our_origin_and_the_sessions_token() {
    let backend = backend().await;
    let study = backend.answered(1, disposition(Disposition::Flag, Priority::Urgent), None).await;
    let mut client = Client::signed_in(&backend, "ada").await;
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
        (Some("https://127.0.0.1:8080"), token.as_str(), None),
        (Some(ours.as_str()), "", None),
        (Some(ours.as_str()), &token[1..], None),
        (Some(ours.as_str()), token.as_str(), Some("cross-site")),
    ] {
        let request = forged(&client, origin, csrf, site);
        assert_eq!(client.ask(request).await.status, StatusCode::FORBIDDEN, "{origin:?} {site:?}");
    }
    assert_eq!(backend.ledger.detail(&study).await.unwrap().row.acknowledged_by, None);
    let request = forged(&client, Some(&ours), &token, Some("same-origin"));
    assert_eq!(client.ask(request).await.status, StatusCode::OK);
    assert_eq!(backend.ledger.detail(&study).await.unwrap().row.acknowledged_by.as_deref(), Some("ada"));
}

#[tokio::test]
async fn a_session_that_is_used_goes_on_and_one_that_is_not_ends() {
    let backend = backend().await;
    let mut client = Client::signed_in(&backend, "ada").await;
    let hours = |n: i64| n * 3_600_000;
    backend.now.fetch_add(hours(3), Ordering::Relaxed);
    assert!(client.get("/").await.text.contains("id=\"rows\""));
    backend.now.fetch_add(hours(7), Ordering::Relaxed);
    assert_eq!(client.get("/api/list").await.status, StatusCode::OK, "ten hours on, it was used");
    backend.now.fetch_add(hours(1), Ordering::Relaxed);
    assert_eq!(client.get("/api/list").await.status, StatusCode::UNAUTHORIZED, "asking by itself is no use");
}

#[tokio::test]
async fn a_session_ends_twelve_hours_after_signing_in_however_much_it_is_used() {
    let backend = backend().await;
    let mut client = Client::signed_in(&backend, "ada").await;
    for _ in 0..11 {
        backend.now.fetch_add(3_600_000, Ordering::Relaxed);
        assert!(client.get("/").await.text.contains("id=\"rows\""));
    }
    backend.now.fetch_add(3_600_000 - 1, Ordering::Relaxed);
    assert!(client.get("/").await.text.contains("id=\"rows\""));
    backend.now.fetch_add(1, Ordering::Relaxed);
    assert_eq!(client.get("/api/list").await.status, StatusCode::UNAUTHORIZED);
    assert!(client.get("/").await.text.contains("id=\"enter\""));
}

#[tokio::test]
async fn a_right_password_takes_back_no_failure() {
    let backend = backend().await;
    let mut client = Client::signed_in(&backend, "ada").await;
    let wrong = json!({ "user": "ada", "password": "not the password" });
    let right = json!({ "user": "ada", "password": PASSWORD });
    for _ in 0..4 {
        assert_eq!(client.post("/api/sign-in", &wrong).await.status, StatusCode::UNAUTHORIZED);
        assert_eq!(client.post("/api/sign-in", &right).await.status, StatusCode::OK);
    }
    assert_eq!(client.post("/api/sign-in", &wrong).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(client.post("/api/sign-in", &right).await.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn plain_http_from_another_machine_has_a_cookie_that_its_browser_keeps() {
    let backend = Arc::new(Fake::new(true).await);
    backend.invite("demo", "one-time").await;
    let mut client = Client::new(&backend);
    let request = |client: &Client| {
        let request = client.request("POST", "/api/setup").header("origin", "http://192.0.2.7:8080");
        let mut request = request.body(Body::from(json!({ "code": "one-time" }).to_string())).unwrap();
        request.headers_mut().insert("host", "192.0.2.7:8080".parse().unwrap());
        request
    };
    let answer = client.ask(request(&client)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("scanside_appliance=") && !cookie.contains("Secure"), "{cookie}");
    assert_eq!(client.get("/api/list").await.status, StatusCode::UNAUTHORIZED, "of another host");
}
