//! The page as a function of requests: who may see what, and when.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode, header};
use tokio::sync::watch;
use tower::ServiceExt as _;

use super::*;
use crate::queue::{CaseState, Draft, Limits, Millis, Text};
use crate::testing::{Case, TestCloud, clock};

const LIMITS: Limits = Limits { lease: 600_000, attempts: 3, longest_wait: 3_600_000, backoff: 10 };

struct Phantom {
    view: View,
    opened: Arc<AtomicUsize>,
}

#[async_trait::async_trait]
impl Images for Phantom {
    async fn open(&self, _: i64) -> Result<View, String> {
        self.opened.fetch_add(1, Ordering::SeqCst);
        Ok(self.view.clone())
    }
}

struct Rig {
    cloud: TestCloud,
    router: Router,
    opened: Arc<AtomicUsize>,
    _stop: watch::Sender<bool>,
}

async fn rig_with(case: &Case) -> Rig {
    rig_by(case, clock).await
}

async fn rig_by(case: &Case, clock: fn() -> Millis) -> Rig {
    let cloud = TestCloud::new().await;
    let (stop, stopped) = watch::channel(false);
    let opened = Arc::new(AtomicUsize::new(0));
    let images = Phantom { view: case.view(), opened: Arc::clone(&opened) };
    let page = Page::new(cloud.queue.clone(), Arc::new(images), LIMITS, false, clock, stopped);
    Rig { cloud, router: page.router(), opened, _stop: stop }
}

/// An answer, read whole.
struct Answer {
    status: StatusCode,
    headers: axum::http::HeaderMap,
    body: String,
}

impl Answer {
    fn goes_to(&self) -> &str {
        self.headers.get(header::LOCATION).map_or("", |l| l.to_str().unwrap())
    }
}

impl Rig {
    async fn ask(&self, request: Request<Body>) -> Answer {
        let mut request = request;
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 9))));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    async fn get(&self, path: &str, cookie: &str) -> Answer {
        self.ask(Request::get(path).header(header::COOKIE, cookie).body(Body::empty()).unwrap()).await
    }

    async fn post(&self, path: &str, cookie: &str, form: &str) -> Answer {
        let request = Request::post(path)
            .header(header::COOKIE, cookie)
            .header(header::HOST, "cloud.test")
            .header(header::ORIGIN, "http://cloud.test")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form.to_owned()))
            .unwrap();
        self.ask(request).await
    }

    /// A signed-in person: cookie and form token.
    async fn person(&self, name: &str) -> (String, String) {
        self.cloud.queue.add_user(name, &format!("code-{name}"), true, i64::MAX, clock()).await.unwrap();
        let answer = self.post("/welcome", "", &format!("code=code-{name}")).await;
        assert_eq!((answer.status, answer.goes_to()), (StatusCode::SEE_OTHER, "/"));
        let set = answer.headers[header::SET_COOKIE].to_str().unwrap();
        assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict"));
        let cookie = set.split(';').next().unwrap().to_owned();
        let page = self.get("/", &cookie).await.body;
        let csrf = page.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        (cookie, csrf)
    }

    /// A case with a machine draft that waits for a person.
    async fn drafted(&self, case: &Case, text: &Text) -> i64 {
        let site = self.cloud.site("north-1").await;
        let key = self.cloud.receive(&site, case).await;
        let claim = self.cloud.queue.claim_next("m", "tm", &LIMITS, clock()).await.unwrap().unwrap();
        let model = r#"{"backend":"reference","model":"reference","version":"0.1.0"}"#.to_owned();
        let draft = Draft { text: text.clone(), model, made_at: clock() };
        self.cloud.queue.store_draft(key, &claim.token, &draft, "{}", false).await.unwrap();
        key
    }
}

fn text() -> Text {
    Text {
        findings: "Opacity <i>left</i>\nsecond line".into(),
        impression: "One.".into(),
        priority: None,
        closes_flag: false,
    }
}

#[tokio::test]
async fn nobody_sees_anything_before_signing_in() {
    let d = rig_with(&Case::image(8, 0)).await;
    for path in ["/", "/rows", "/events", "/case/1", "/case/1/facts", "/case/1/frame/0", "/case/1/draft"] {
        for cookie in ["", "scanside_cloud=forged"] {
            let a = d.get(path, cookie).await;
            assert_eq!((a.status, a.goes_to()), (StatusCode::SEE_OTHER, "/sign-in"), "{path}");
        }
    }
    assert_eq!(d.opened.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn every_answer_carries_the_policy_and_nothing_inline() {
    let case = Case::image(8, 0);
    let d = rig_with(&case).await;
    let key = d.drafted(&case, &text()).await;
    let (cookie, csrf) = d.person("ada").await;
    d.post(&format!("/case/{key}/lease"), &cookie, &format!("csrf={csrf}")).await;
    let case_path = format!("/case/{key}");
    let all = [
        "/sign-in",
        "/",
        case_path.as_str(),
        "/assets/page.css",
        "/assets/list.js",
        "/assets/image.js",
        "/welcome",
        "/favicon.ico",
        "/nowhere",
    ];
    for path in all {
        let a = d.get(path, &cookie).await;
        let policy = a.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        for needed in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"]
        {
            assert!(policy.contains(needed), "{path}");
        }
        assert!(!policy.contains("unsafe"));
        assert!(
            !a.body.contains("<script>") && !a.body.contains("style=") && !a.body.contains("onclick"),
            "{path}"
        );
        assert_eq!(a.status == StatusCode::NOT_FOUND, path == "/nowhere", "{path}");
        assert_eq!(
            a.headers[header::CACHE_CONTROL] == "no-cache",
            path.contains("asset") || path.contains("fav")
        );
    }
    assert!(d.get("/assets/../mod.rs", "").await.status == StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn titles_and_addresses_name_no_case() {
    let case = Case::image(8, 0);
    let d = rig_with(&case).await;
    let key = d.drafted(&case, &text()).await;
    let (cookie, _) = d.person("ada").await;
    let a = d.get(&format!("/case/{key}"), &cookie).await;
    let title = a.body.split("<title>").nth(1).unwrap().split("</title>").next().unwrap();
    assert_eq!(title, "Case - Scanside");
    let list = d.get("/", &cookie).await.body;
    for body in [&a.body, &list] {
        assert!(!body.contains(&case.id.to_string()));
    }
}

#[tokio::test]
async fn a_change_from_another_sites_page_is_refused() {
    let case = Case::image(8, 0);
    let d = rig_with(&case).await;
    let key = d.drafted(&case, &text()).await;
    let (cookie, csrf) = d.person("ada").await;
    let path = format!("/case/{key}/lease");
    let form = format!("csrf={csrf}");
    let bare = |origin: Option<&'static str>, site: Option<&'static str>| {
        let mut r = Request::post(&path)
            .header(header::COOKIE, &cookie)
            .header(header::HOST, "cloud.test")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(o) = origin {
            r = r.header(header::ORIGIN, o);
        }
        if let Some(s) = site {
            r = r.header("sec-fetch-site", s);
        }
        r.body(Body::from(form.clone())).unwrap()
    };
    for (origin, site) in [
        (None, None),
        (Some("null"), None),
        (Some("http://evil.test"), None),
        (Some("http://cloud.test.evil.test"), None),
        (Some("http://cloud.test"), Some("cross-site")),
    ] {
        assert_eq!(d.ask(bare(origin, site)).await.status, StatusCode::FORBIDDEN, "{origin:?}");
    }
    assert_eq!(d.post(&path, &cookie, "csrf=guess").await.status, StatusCode::FORBIDDEN);
    assert_eq!(d.cloud.queue.case(key).await.unwrap().state, CaseState::Drafted);
    assert_eq!(
        d.ask(bare(Some("http://cloud.test"), Some("same-origin"))).await.status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn a_code_sets_one_password_and_attempts_are_limited() {
    let d = rig_with(&Case::image(8, 0)).await;
    d.cloud.queue.add_user("ada", "code", false, i64::MAX, clock()).await.unwrap();
    let bare = d.get("/welcome?code=code", "").await.body;
    assert!(!bare.contains("ada") && !bare.contains("<form"), "a code in the query is nothing to this page");
    assert!(d.post("/welcome/code", "", "code=code").await.body.contains("You are <b>ada</b>"));
    assert_eq!(d.post("/welcome/code", "", "code=wrong").await.status, StatusCode::UNAUTHORIZED);
    let short = d.post("/welcome", "", "code=code&password=short").await;
    assert_eq!(short.status, StatusCode::UNPROCESSABLE_ENTITY);
    let set = d.post("/welcome", "", "code=code&password=correct+horse+battery").await;
    assert_eq!(set.status, StatusCode::SEE_OTHER);
    assert_eq!(d.post("/welcome/code", "", "code=code").await.status, StatusCode::UNAUTHORIZED);
    let stored = d.cloud.queue.account("ada").await.unwrap().unwrap().password.unwrap();
    assert!(stored.starts_with("$argon2id$"));
    let right = "name=ada&password=correct+horse+battery";
    assert_eq!(d.post("/sign-in", "", right).await.status, StatusCode::SEE_OTHER);
    for _ in 0..5 {
        let wrong = d.post("/sign-in", "", "name=ada&password=guess").await;
        assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(d.post("/sign-in", "", right).await.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_codes_age_is_judged_by_the_wall_that_dated_it() {
    let d = rig_by(&Case::image(8, 0), || clock() + 90 * 24 * 3_600_000).await;
    d.cloud.queue.add_user("ada", "code", true, clock() + 3_600_000, clock()).await.unwrap();
    assert!(d.post("/welcome/code", "", "code=code").await.body.contains("<b>ada</b>"));
    assert_eq!(d.post("/welcome", "", "code=code").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_draft_is_hidden_until_the_images_were_opened_and_says_what_it_is_in_every_line() {
    let case = Case::image(8, 0);
    let d = rig_with(&case).await;
    let key = d.drafted(&case, &text()).await;
    let (cookie, csrf) = d.person("ada").await;
    let base = format!("/case/{key}");
    for path in ["facts", "frame/0", "draft"] {
        assert_eq!(
            d.get(&format!("{base}/{path}"), &cookie).await.status,
            StatusCode::CONFLICT,
            "not leased: {path}"
        );
    }
    d.post(&format!("{base}/lease"), &cookie, &format!("csrf={csrf}")).await;
    assert!(!d.get(&base, &cookie).await.body.contains("Opacity"));
    let facts = d.get(&format!("{base}/facts"), &cookie).await.body;
    assert!(
        facts.contains("data-frames=\"[{&quot;index&quot;:0,&quot;kind&quot;:&quot;png8&quot;")
            && facts.contains("please look &lt;b&gt;twice&lt;/b&gt;"),
        "{facts}"
    );
    assert_eq!(d.get(&format!("{base}/draft"), &cookie).await.status, StatusCode::FORBIDDEN);
    let signing = format!("csrf={csrf}&findings=x&impression=y");
    let early = d.post(&format!("{base}/sign"), &cookie, &signing).await;
    assert_eq!(early.status, StatusCode::UNPROCESSABLE_ENTITY);
    let frame = d.get(&format!("{base}/frame/0"), &cookie).await;
    assert_eq!(frame.headers[header::CONTENT_TYPE], "image/png");
    assert_eq!(frame.headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(d.get(&format!("{base}/frame/7"), &cookie).await.status, StatusCode::NOT_FOUND);
    assert_eq!(d.opened.load(Ordering::SeqCst), 1, "opened once, then kept in memory");
    let draft = d.get(&format!("{base}/draft"), &cookie).await.body;
    let machine = draft.split("<div class=\"machine\">").nth(1).unwrap().split("</div>").next().unwrap();
    let lines: Vec<&str> = machine.split("<p>").filter(|l| !l.is_empty()).collect();
    assert!(lines.len() >= 5);
    assert!(lines.iter().all(|l| l.starts_with("UNSIGNED MACHINE DRAFT")), "{lines:?}");
    assert!(draft.contains("Opacity &lt;i&gt;left&lt;/i&gt;"));
}

#[tokio::test]
async fn a_person_corrects_signs_and_the_case_is_released_under_their_name() {
    let case = Case::image(8, 0);
    let d = rig_with(&case).await;
    let key = d.drafted(&case, &text()).await;
    let (ada, csrf) = d.person("ada").await;
    let (bob, bobs) = d.person("bob").await;
    let base = format!("/case/{key}");
    d.post(&format!("{base}/lease"), &ada, &format!("csrf={csrf}")).await;
    d.get(&format!("{base}/frame/0"), &ada).await;
    let other = d.post(&format!("{base}/lease"), &bob, &format!("csrf={bobs}")).await;
    assert_eq!(other.status, StatusCode::CONFLICT);
    assert!(d.get("/?view=mine", &ada).await.body.contains("leased by ada"));
    let renewed = d.post(&format!("{base}/renew"), &ada, &format!("csrf={csrf}")).await;
    assert!(renewed.body.parse::<i64>().unwrap() > 0);
    let sign = |form: String| {
        let (d, ada, base) = (&d, &ada, &base);
        async move { d.post(&format!("{base}/sign"), ada, &form).await.status }
    };
    let empty = sign(format!("csrf={csrf}&findings=+&impression=")).await;
    assert_eq!(empty, StatusCode::UNPROCESSABLE_ENTITY);
    let marked = sign(format!("csrf={csrf}&findings=UNSIGNED+MACHINE+DRAFT+x&impression=")).await;
    assert_eq!(marked, StatusCode::UNPROCESSABLE_ENTITY);
    let odd = sign(format!("csrf={csrf}&findings=a&impression=b&priority=LATER")).await;
    assert_eq!(odd, StatusCode::UNPROCESSABLE_ENTITY);
    let done =
        sign(format!("csrf={csrf}&findings=Corrected&impression=b&priority=URGENT&closes_flag=yes")).await;
    assert_eq!(done, StatusCode::SEE_OTHER);
    let release = d.cloud.queue.to_seal(9).await.unwrap().remove(0);
    assert_eq!(release.signed_by.as_deref(), Some("ada"));
    let signed = release.text;
    assert_eq!((signed.findings.as_str(), signed.closes_flag), ("Corrected", true));
    assert_eq!(sign(format!("csrf={csrf}&findings=again&impression=b")).await, StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_case_is_taken_over_returned_and_buried_with_reasons() {
    let case = Case::image(8, 0);
    let d = rig_with(&case).await;
    let key = d.drafted(&case, &text()).await;
    let (ada, csrf) = d.person("ada").await;
    let (bob, bobs) = d.person("bob").await;
    let base = format!("/case/{key}");
    d.post(&format!("{base}/lease"), &ada, &format!("csrf={csrf}")).await;
    assert!(d.get(&base, &bob).await.body.contains("Take over from ada"));
    let took = d.post(&format!("{base}/lease"), &bob, &format!("csrf={bobs}&take_over=true")).await;
    assert_eq!(took.status, StatusCode::SEE_OTHER);
    assert_eq!(
        d.post(&format!("{base}/renew"), &ada, &format!("csrf={csrf}")).await.status,
        StatusCode::CONFLICT
    );
    let lost = d.post(&format!("{base}/return"), &ada, &format!("csrf={csrf}&reason=x")).await;
    assert_eq!(lost.status, StatusCode::CONFLICT);
    d.post(&format!("{base}/return"), &bob, &format!("csrf={bobs}&reason=not+mine")).await;
    assert_eq!(d.cloud.queue.case(key).await.unwrap().state, CaseState::Drafted);
    d.post(&format!("{base}/lease"), &ada, &format!("csrf={csrf}")).await;
    let empty = d.post(&format!("{base}/bury"), &ada, &format!("csrf={csrf}&reason=+")).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    d.post(&format!("{base}/bury"), &ada, &format!("csrf={csrf}&reason=cut+off")).await;
    assert!(d.get("/?view=buried", &ada).await.body.contains("buried: cut off"));
    let timeline = d.get(&base, &bob).await.body;
    for word in ["envelope-committed", "taken-over", "returned", "buried", "north-1"] {
        assert!(timeline.contains(word), "{word}");
    }
}

#[tokio::test]
async fn an_empty_queue_says_so_and_shows_the_sites() {
    let d = rig_with(&Case::image(8, 0)).await;
    let (cookie, csrf) = d.person("ada").await;
    assert!(d.get("/", &cookie).await.body.contains("No case has ever come"));
    d.cloud.site("north-1").await;
    assert!(d.get("/rows", &cookie).await.body.contains("north-1"));
    let out = d.post("/sign-out", &cookie, &format!("csrf={csrf}")).await;
    assert_eq!(out.goes_to(), "/sign-in");
    assert_eq!(d.get("/", &cookie).await.goes_to(), "/sign-in");
}

#[tokio::test]
async fn a_case_without_images_cannot_be_signed() {
    let case = Case::embedding(&[0.5; 64], "reference 0.1.0");
    let d = rig_with(&case).await;
    let key = d.drafted(&case, &text()).await;
    let (cookie, csrf) = d.person("ada").await;
    let base = format!("/case/{key}");
    d.post(&format!("{base}/lease"), &cookie, &format!("csrf={csrf}")).await;
    assert!(d.get(&format!("{base}/facts"), &cookie).await.body.contains("carries no image"));
    assert_eq!(d.get(&format!("{base}/draft"), &cookie).await.status, StatusCode::FORBIDDEN);
}

mod access;
mod away;
mod priority;
