//! How long a session lasts.

use super::*;

#[tokio::test]
async fn a_session_that_is_not_used_ends_after_eight_hours() {
    let (page, rows, opened) = ada().await;
    let headers = with_cookie(&opened);
    assert!(page.person(&rows, &headers, NOW + 8 * HOUR - 1).await.is_ok(), "asking is no use");
    let late = page.person(&rows, &headers, NOW + 8 * HOUR).await;
    assert_eq!(late.unwrap_err(), Error::SignedOut);
}

#[tokio::test]
async fn a_session_that_is_used_goes_on_to_its_last_end_and_no_longer() {
    let (page, rows, opened) = ada().await;
    let headers = with_cookie(&opened);
    for hours in [3, 6, 9] {
        let now = NOW + hours * HOUR;
        let person = page.person(&rows, &headers, now).await.unwrap();
        page.acts(&rows, &person, opened.csrf.as_bytes(), now).await.unwrap();
    }
    let last = NOW + 12 * HOUR;
    let person = page.person(&rows, &headers, last - 1).await.unwrap();
    page.used(&rows, &person, last - 1).await.unwrap();
    assert!(page.goes_on(&rows, &person, last - 1).await.unwrap());
    assert!(!page.goes_on(&rows, &person, last).await.unwrap());
    assert_eq!(page.person(&rows, &headers, last).await.unwrap_err(), Error::SignedOut);
}

#[tokio::test]
async fn a_page_that_asks_to_keep_sessions_longer_gets_no_more_than_the_longest() {
    let page = SignIn::new(Settings {
        cookie: "page",
        behind_tls: false,
        idle: std::time::Duration::from_secs(86_400),
    });
    let rows = Rows::default();
    rows.invite("ada", "code", true);
    let opened = page.use_code(&rows, visit(&here(), NOW), "code", None).await.unwrap();
    let headers = with_cookie(&opened);
    assert!(page.person(&rows, &headers, NOW + LONGEST_MS - 1).await.is_ok());
    assert!(page.person(&rows, &headers, NOW + LONGEST_MS).await.is_err());
}

#[tokio::test]
async fn a_session_of_before_sessions_had_a_last_end_is_over() {
    let (page, rows, opened) = ada().await;
    rows.sessions.lock().unwrap().values_mut().for_each(|s| s.opened = 0);
    let late = page.person(&rows, &with_cookie(&opened), NOW + 1).await;
    assert_eq!(late.unwrap_err(), Error::SignedOut);
}

#[tokio::test]
async fn a_change_needs_the_sessions_token_and_a_refused_one_is_no_use() {
    let (page, rows, opened) = ada().await;
    let now = NOW + 7 * HOUR;
    let person = page.person(&rows, &with_cookie(&opened), now).await.unwrap();
    for csrf in ["", "guess", &opened.csrf[1..]] {
        let refused = page.acts(&rows, &person, csrf.as_bytes(), now).await;
        assert_eq!(refused.unwrap_err(), Error::Foreign);
        let headers = here();
        let refused = page.leave(&rows, &person, csrf.as_bytes(), visit(&headers, now)).await;
        assert_eq!(refused.unwrap_err(), Error::Foreign);
    }
    assert!(!page.goes_on(&rows, &person, NOW + 8 * HOUR).await.unwrap());
}

#[tokio::test]
async fn who_signs_out_is_out_at_once_and_the_cookie_goes() {
    let (page, rows, opened) = ada().await;
    let headers = with_cookie(&opened);
    let person = page.person(&rows, &headers, NOW).await.unwrap();
    let gone = page.leave(&rows, &person, opened.csrf.as_bytes(), visit(&headers, NOW)).await.unwrap();
    assert!(gone.to_str().unwrap().contains("Max-Age=0"));
    assert!(page.person(&rows, &headers, NOW).await.is_err());
    // A request that was under way keeps nothing alive.
    page.used(&rows, &person, NOW + 7 * HOUR).await.unwrap();
    assert!(page.person(&rows, &headers, NOW).await.is_err());
    assert_eq!(rows.audited(), [("ada".into(), "in"), ("ada".into(), "out")]);
}

#[test]
fn nothing_of_a_session_is_in_a_debug_print() {
    let session = Session { user: "ada".into(), csrf: "secret".into(), opened: 0, until: 1 };
    assert_eq!(format!("{session:?} {:?}", typed("secret")), "Session Password");
}
