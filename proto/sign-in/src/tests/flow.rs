//! Signing in.

use argon2::password_hash::phc::PasswordHash;

use super::*;
use crate::password::NOBODY;

async fn enter(page: &SignIn, rows: &Rows, name: &str, password: &str, now: i64) -> Result<Opened, Error> {
    page.enter(rows, visit(&here(), now), name, typed(password)).await
}

#[tokio::test]
async fn a_code_sets_a_password_once_and_the_password_signs_in() {
    let (page, rows) = (page(false), Rows::default());
    rows.invite("ada", "code", false);
    let here = here();
    let with = |password: Option<&str>| page.use_code(&rows, visit(&here, NOW), "code", password.map(typed));
    assert_eq!(with(None).await.unwrap_err(), Error::TooShort);
    assert_eq!(with(Some("eleven char")).await.unwrap_err(), Error::TooShort);
    assert_eq!(with(Some(&"x".repeat(257))).await.unwrap_err(), Error::TooLong);
    assert_eq!(with(Some(PASSWORD)).await.unwrap().user, "ada", "a refused password does not cost the code");
    assert_eq!(with(Some(PASSWORD)).await.unwrap_err(), Error::BadCode);
    let stored = rows.password("ada").unwrap();
    assert!(stored.starts_with("$argon2id$") && !stored.contains(PASSWORD));
    let opened = enter(&page, &rows, "ada", PASSWORD, NOW).await.unwrap();
    assert_eq!(page.person(&rows, &with_cookie(&opened), NOW).await.unwrap().name(), "ada");
}

#[tokio::test]
async fn a_code_that_only_signs_in_sets_no_password() {
    let (page, rows) = (page(false), Rows::default());
    rows.invite("demo", "code", true);
    let here = here();
    let code = page.code(&rows, visit(&here, NOW), "code").await.unwrap();
    assert_eq!(code, Code { user: "demo".into(), login_only: true });
    page.use_code(&rows, visit(&here, NOW), "code", Some(typed(PASSWORD))).await.unwrap();
    assert_eq!(rows.password("demo"), None);
}

#[tokio::test]
async fn failures_are_audited_and_nothing_that_was_typed_is() {
    let (page, rows, _) = ada().await;
    assert_eq!(enter(&page, &rows, "ada", "wrong", NOW).await.unwrap_err(), Error::BadLogin);
    assert_eq!(enter(&page, &rows, PLANTED, PASSWORD, NOW).await.unwrap_err(), Error::BadLogin);
    let bad = page.use_code(&rows, visit(&here(), NOW), PLANTED, None).await;
    assert_eq!(bad.unwrap_err(), Error::BadCode);
    assert_eq!(page.code(&rows, visit(&here(), NOW), PLANTED).await.unwrap_err(), Error::BadCode);
    let failed = |who: &str| (who.to_owned(), "failed");
    assert_eq!(
        rows.audited(),
        [("ada".into(), "in"), failed("ada"), failed(UNKNOWN), failed(UNKNOWN), failed(UNKNOWN)]
    );
}

#[tokio::test]
async fn five_failures_of_a_name_and_even_the_right_password_waits() {
    let (page, rows, _) = ada().await;
    for _ in 0..5 {
        assert_eq!(enter(&page, &rows, "ada", "wrong", NOW).await.unwrap_err(), Error::BadLogin);
    }
    let looks = *rows.looks.lock().unwrap();
    assert_eq!(enter(&page, &rows, "ada", PASSWORD, NOW + 1).await.unwrap_err(), Error::TooMany);
    assert_eq!(*rows.looks.lock().unwrap(), looks, "refused before anything is looked up or hashed");
    assert!(enter(&page, &rows, "ada", PASSWORD, NOW + 15 * MINUTE).await.is_ok());
}

#[tokio::test]
async fn many_tries_at_once_are_checked_no_more_often_than_one_after_another() {
    let (page, rows, _) = ada().await;
    let here = here();
    let tries = (0..12).map(|_| page.enter(&rows, visit(&here, NOW), "ada", typed("wrong")));
    let mut tries: Vec<_> = tries.map(Box::pin).collect();
    let mut checked = 0;
    // Each is begun before the first is answered.
    let mut answers = Vec::new();
    std::future::poll_fn(|cx| {
        tries.retain_mut(|t| match t.as_mut().poll(cx) {
            std::task::Poll::Ready(answer) => {
                answers.push(answer.unwrap_err());
                false
            }
            std::task::Poll::Pending => true,
        });
        if tries.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    for answer in answers {
        checked += usize::from(answer == Error::BadLogin);
    }
    assert_eq!(checked, 5);
}

#[tokio::test]
async fn behind_a_proxy_only_the_name_counts() {
    let (page, rows) = (page(true), Rows::default());
    for n in 0..9 {
        let name = format!("nobody-{n}");
        assert_eq!(enter(&page, &rows, &name, "wrong", NOW).await.unwrap_err(), Error::BadLogin);
    }
}

#[tokio::test]
async fn codes_cannot_be_tried_in_bulk() {
    let (page, rows) = (page(true), Rows::default());
    rows.invite("ada", "code", true);
    for _ in 0..3 {
        page.code(&rows, visit(&here(), NOW), "code").await.unwrap();
    }
    for _ in 0..5 {
        assert_eq!(page.code(&rows, visit(&here(), NOW), "guess").await.unwrap_err(), Error::BadCode);
    }
    assert_eq!(page.code(&rows, visit(&here(), NOW), "code").await.unwrap_err(), Error::TooMany);
    let waits = page.use_code(&rows, visit(&here(), NOW), "code", None).await;
    assert_eq!(waits.unwrap_err(), Error::TooMany);
    assert!(page.use_code(&rows, visit(&here(), NOW + 15 * MINUTE), "code", None).await.is_ok());
}

#[tokio::test]
async fn rows_that_cannot_be_read_hold_nothing_against_anybody() {
    let (page, rows, _) = ada().await;
    *rows.away.lock().unwrap() = true;
    for _ in 0..9 {
        assert_eq!(enter(&page, &rows, "ada", PASSWORD, NOW).await.unwrap_err(), AWAY);
    }
    *rows.away.lock().unwrap() = false;
    assert!(enter(&page, &rows, "ada", PASSWORD, NOW).await.is_ok());
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_checked_at_the_cost_of_one_that_does() {
    let (_, rows, _) = ada().await;
    let stored = rows.password("ada").unwrap();
    let (real, nobody) = (PasswordHash::new(&stored).unwrap(), PasswordHash::new(NOBODY).unwrap());
    assert_eq!(
        (real.algorithm, real.version, &real.params),
        (nobody.algorithm, nobody.version, &nobody.params)
    );
    let lengths = |h: &PasswordHash| (h.salt.unwrap().len(), h.hash.unwrap().len());
    assert_eq!(lengths(&real), lengths(&nobody));
}

#[tokio::test]
async fn a_password_beyond_all_measure_is_wrong() {
    let (page, rows, _) = ada().await;
    let long = PASSWORD.repeat(20);
    assert_eq!(enter(&page, &rows, "ada", &long, NOW).await.unwrap_err(), Error::BadLogin);
}

#[test]
fn names_of_new_accounts_differ_by_more_than_case() {
    for good in ["a", "ada", "dr.ada-2", &"x".repeat(32)] {
        assert!(account_name_fits(good), "{good}");
    }
    for bad in ["", "Ada", "a b", "a_b", "ä", "a\n", &"x".repeat(33)] {
        assert!(!account_name_fits(bad), "{bad}");
    }
}

#[test]
fn a_refusal_says_whose_fault_it_is_and_whether_to_try_again() {
    for error in
        [Error::SignedOut, Error::Foreign, Error::BadLogin, Error::BadCode, Error::TooShort, Error::TooLong]
    {
        assert_eq!((error.fault(), error.retry()), (Fault::Peer, Retry::Never));
    }
    assert_eq!((Error::TooMany.fault(), Error::TooMany.retry()), (Fault::Peer, Retry::Later));
    assert_eq!((Error::NoRandom.fault(), Error::NoRandom.retry()), (Fault::Us, Retry::Later));
}

#[tokio::test]
async fn a_password_that_is_taken_back_while_it_is_checked_opens_nothing() {
    let (page, rows, opened) = ada().await;
    for now in ["another", "none"] {
        let here = here();
        let mut entering = std::pin::pin!(page.enter(&rows, visit(&here, NOW), "ada", typed(PASSWORD)));
        // Its hash is being made; what the rows said before is known.
        let waits =
            std::future::poll_fn(|cx| std::task::Poll::Ready(entering.as_mut().poll(cx).is_pending()));
        assert!(waits.await);
        let before = rows.accounts.lock().unwrap().clone();
        if now == "another" {
            rows.accounts.lock().unwrap().insert("ada".to_owned(), Account { password: None });
        } else {
            rows.accounts.lock().unwrap().remove("ada");
        }
        rows.sessions.lock().unwrap().clear();
        assert_eq!(entering.await.unwrap_err(), Error::BadLogin, "{now}");
        assert!(rows.sessions.lock().unwrap().is_empty(), "{now}");
        *rows.accounts.lock().unwrap() = before;
    }
    assert!(page.person(&rows, &with_cookie(&opened), NOW).await.is_err());
}
