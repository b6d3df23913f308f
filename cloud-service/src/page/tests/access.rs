//! Who gets in, for how long, and what the audit says about it. The rules themselves are tested in `sign_in`.
use std::sync::atomic::AtomicI64;

use super::*;

const HOUR: Millis = 3_600_000;
const PASSWORD: &str = "correct+horse+battery";
static HOURS: AtomicI64 = AtomicI64::new(0);

/// The clock of the one test that moves it.
fn moved() -> Millis {
    clock() + HOURS.load(Ordering::SeqCst) * HOUR
}

impl Rig {
    /// As a browser asks that speaks TLS or plain HTTP to this host.
    async fn posts(&self, origin: &str, path: &str, form: &str) -> Answer {
        let host = origin.split_once("://").unwrap().1;
        let request = Request::post(path)
            .header(header::HOST, host)
            .header(header::ORIGIN, origin)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form.to_owned()))
            .unwrap();
        self.ask(request).await
    }

    /// With a password; who signs in with it uses up a code first.
    async fn known(&self, name: &str) {
        self.cloud.queue.add_user(name, name, false, i64::MAX, clock()).await.unwrap();
        let set = self.post("/welcome", "", &format!("code={name}&password={PASSWORD}")).await;
        assert_eq!(set.status, StatusCode::SEE_OTHER);
    }

    async fn enters(&self, name: &str, password: &str) -> StatusCode {
        self.post("/sign-in", "", &format!("name={name}&password={password}")).await.status
    }

    /// Who did what about signing in, oldest first.
    async fn audited(&self) -> Vec<(String, String)> {
        let rows = self.cloud.queue.audited().await.unwrap();
        rows.into_iter().map(|r| (r.actor, r.action)).collect()
    }
}

async fn rig_behind_tls() -> Rig {
    let mut rig = rig_with(&Case::image(8, 0)).await;
    let (stop, stopped) = watch::channel(false);
    let images = Phantom { view: Case::image(8, 0).view(), opened: Arc::clone(&rig.opened) };
    let page = Page::new(rig.cloud.queue.clone(), Arc::new(images), LIMITS, true, clock, stopped);
    (rig.router, rig._stop) = (page.router(), stop);
    rig
}

#[tokio::test]
async fn behind_tls_a_change_comes_from_https_and_the_cookie_is_bound_to_the_host() {
    let d = rig_behind_tls().await;
    d.cloud.queue.add_user("ada", "code", true, i64::MAX, clock()).await.unwrap();
    let plain = d.posts("http://cloud.test", "/welcome", "code=code").await;
    assert_eq!(plain.status, StatusCode::FORBIDDEN, "an http origin is foreign behind TLS");
    let set = d.posts("https://cloud.test", "/welcome", "code=code").await;
    assert_eq!(set.status, StatusCode::SEE_OTHER);
    let cookie = set.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with("__Host-scanside_cloud=") && cookie.ends_with("; Secure"), "{cookie}");
}

#[tokio::test]
async fn on_loopback_the_cookie_is_bound_to_the_host_too_and_https_is_foreign() {
    let d = rig_with(&Case::image(8, 0)).await;
    d.cloud.queue.add_user("ada", "code", true, i64::MAX, clock()).await.unwrap();
    let other = d.posts("https://127.0.0.1:8480", "/welcome", "code=code").await;
    assert_eq!(other.status, StatusCode::FORBIDDEN);
    let set = d.posts("http://127.0.0.1:8480", "/welcome", "code=code").await;
    let cookie = set.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with("__Host-scanside_cloud=") && cookie.ends_with("; Secure"), "{cookie}");
    let pair = cookie.split(';').next().unwrap();
    let home = |host: &str, pair: &str| {
        let request = Request::get("/").header(header::HOST, host).header(header::COOKIE, pair);
        d.ask(request.body(Body::empty()).unwrap())
    };
    assert_eq!(home("127.0.0.1:8480", pair).await.status, StatusCode::OK);
    let bare = pair.strip_prefix("__Host-").unwrap();
    assert_eq!(home("127.0.0.1:8480", bare).await.status, StatusCode::SEE_OTHER, "anybody may set that one");
}

#[tokio::test]
async fn what_fails_is_audited_and_nothing_that_was_typed_is() {
    let d = rig_with(&Case::image(8, 0)).await;
    d.known("ada").await;
    assert_eq!(d.enters("ada", "guess").await, StatusCode::UNAUTHORIZED);
    assert_eq!(d.enters("PLANTED", PASSWORD).await, StatusCode::UNAUTHORIZED);
    assert_eq!(d.post("/welcome", "", "code=PLANTED").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(d.post("/welcome/code", "", "code=PLANTED").await.status, StatusCode::UNAUTHORIZED);
    let (cookie, csrf) = d.person("bob").await;
    d.post("/sign-out", &cookie, &format!("csrf={csrf}")).await;
    let line = |who: &str, what: &str| (who.to_owned(), what.to_owned());
    assert_eq!(
        d.audited().await,
        [
            line("operator", "user-added"),
            line("ada", "code-used"),
            line("ada", "signed-in"),
            line("ada", "sign-in-failed"),
            line("unknown", "sign-in-failed"),
            line("unknown", "sign-in-failed"),
            line("unknown", "sign-in-failed"),
            line("operator", "user-added"),
            line("bob", "code-used"),
            line("bob", "signed-in"),
            line("bob", "signed-out"),
        ]
    );
}

#[tokio::test]
async fn many_tries_at_once_are_checked_no_more_often_than_one_after_another() {
    let d = rig_with(&Case::image(8, 0)).await;
    d.known("ada").await;
    let tries = (0..12).map(|_| d.enters("ada", "guess"));
    let answers = futures::future::join_all(tries).await;
    let checked = answers.iter().filter(|a| **a == StatusCode::UNAUTHORIZED).count();
    let waits = answers.iter().filter(|a| **a == StatusCode::TOO_MANY_REQUESTS).count();
    assert_eq!((checked, waits), (5, 7));
}

#[tokio::test]
async fn codes_cannot_be_tried_in_bulk() {
    let d = rig_with(&Case::image(8, 0)).await;
    d.cloud.queue.add_user("ada", "code", true, i64::MAX, clock()).await.unwrap();
    for n in 0..5 {
        let path = ["/welcome", "/welcome/code"][n % 2];
        assert_eq!(d.post(path, "", "code=guess").await.status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(d.post("/welcome", "", "code=code").await.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_session_ends_when_it_is_not_used_and_at_its_last_end() {
    let d = rig_by(&Case::image(8, 0), moved).await;
    let at = |hours: i64| HOURS.store(hours, Ordering::SeqCst);
    let (cookie, _) = d.person("ada").await;
    at(7);
    assert_eq!(d.get("/rows", &cookie).await.status, StatusCode::OK);
    at(9);
    assert_eq!(d.get("/rows", &cookie).await.status, StatusCode::SEE_OTHER, "asking by itself is no use");
    at(0);
    let (cookie, _) = d.person("bob").await;
    for hours in [4, 8, 11] {
        at(hours);
        assert_eq!(d.get("/", &cookie).await.status, StatusCode::OK, "{hours}");
    }
    at(13);
    assert_eq!(d.get("/", &cookie).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_form_of_the_session_keeps_it_and_the_lease_that_a_page_renews_does_not() {
    let d = rig_with(&Case::image(8, 0)).await;
    let key = d.drafted(&Case::image(8, 0), &text()).await;
    let (cookie, csrf) = d.person("ada").await;
    let token = cookie.split_once('=').unwrap().1;
    let soon = clock() + HOUR;
    let until = || async { d.cloud.queue.session(token, clock()).await.unwrap().unwrap().until };
    let forget = || d.cloud.queue.keep_session(token, soon, clock());
    let base = format!("/case/{key}");
    forget().await.unwrap();
    d.post(&format!("{base}/lease"), &cookie, &format!("csrf={csrf}")).await;
    assert!(until().await > soon + HOUR);
    forget().await.unwrap();
    let renewed = d.post(&format!("{base}/renew"), &cookie, &format!("csrf={csrf}")).await;
    assert_eq!(renewed.status, StatusCode::OK);
    assert_eq!(d.post(&format!("{base}/lease"), &cookie, "csrf=guess").await.status, StatusCode::FORBIDDEN);
    assert_eq!(until().await, soon);
}

#[tokio::test]
async fn the_stream_of_a_session_that_ended_elsewhere_ends() {
    let d = rig_with(&Case::image(8, 0)).await;
    let (cookie, csrf) = d.person("ada").await;
    let mut request = Request::get("/events").header(header::COOKIE, &cookie).body(Body::empty()).unwrap();
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 9))));
    let mut stream = d.router.clone().oneshot(request).await.unwrap().into_body().into_data_stream();
    let first = futures::StreamExt::next(&mut stream).await.unwrap().unwrap();
    assert!(first.starts_with(b"event: rows"), "{first:?}");
    // Signing out is a commit, which the stream hears of.
    d.post("/sign-out", &cookie, &format!("csrf={csrf}")).await;
    assert!(futures::StreamExt::next(&mut stream).await.is_none());
}
