//! Behaviour: in a real browser a technician sees the study, a reader signs its draft, and the report is home.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;
use std::time::Duration;

use chromiumoxide::{Browser, BrowserConfig, Page};
use fixtures::planted::Planted;
use fixtures::study::{Study, StudyKind, StudySpec};
use futures::StreamExt as _;
use tests::cast::{LIMIT, Pair, Terms, until};

const PATIENCE: Duration = Duration::from_secs(60);

/// Chromium without a window, its profile under `folder`.
async fn browser(folder: &Path) -> Browser {
    let config =
        BrowserConfig::builder().user_data_dir(folder.join("profile")).arg("--disable-dev-shm-usage");
    // Its own sandbox does not work for root, as in a container.
    let config = if rustix::process::geteuid().is_root() { config.no_sandbox() } else { config };
    let (browser, mut handler) =
        Browser::launch(config.build().unwrap()).await.expect("Chromium (package chromium)");
    tokio::spawn(async move { while handler.next().await.is_some() {} });
    browser
}

/// Asks the page until the expression is true.
async fn seen(page: &Page, what: &str, expression: &str) {
    let look = async {
        let mut again = tokio::time::interval(Duration::from_millis(50));
        loop {
            again.tick().await;
            // In the middle of a navigation there is nothing to ask.
            let said = page.evaluate_expression(expression).await;
            if said.is_ok_and(|value| value.into_value::<bool>().unwrap_or(false)) {
                return;
            }
        }
    };
    if tokio::time::timeout(PATIENCE, look).await.is_err() {
        let text = page.evaluate_expression("document.body.innerText").await;
        let text = text.ok().and_then(|value| value.into_value::<String>().ok()).unwrap_or_default();
        panic!("not seen: {what}; the page at {:?} says: {text}", page.url().await);
    }
}

/// Clicks as soon as the element is there: looked up and clicked in one breath, so that no navigation comes between,
/// and after the answer is given, so that a navigation that follows cannot swallow it.
async fn press(page: &Page, selector: &str) {
    let click = format!(
        "(() => {{ const found = document.querySelector({selector:?}); \
         if (!found) return false; setTimeout(() => found.click()); return true; }})()"
    );
    seen(page, selector, &click).await;
}

/// What the page answers, once it stands still enough to be asked.
async fn said(page: &Page, expression: &str) -> String {
    seen(page, expression, &format!("({expression}) !== ''")).await;
    let look = async {
        let mut again = tokio::time::interval(Duration::from_millis(50));
        loop {
            again.tick().await;
            if let Ok(value) = page.evaluate_expression(expression).await {
                return value.into_value::<String>().unwrap_or_default();
            }
        }
    };
    tokio::time::timeout(PATIENCE, look).await.unwrap()
}

/// Neither title nor address of a page names the patient.
async fn nameless(page: &Page, planted: &Planted) {
    let (title, address) = (said(page, "document.title").await, said(page, "location.href").await);
    assert!(planted.search(format!("{title} {address}").as_bytes()).is_empty(), "{title} at {address}");
}

fn sent(pair: &Pair) -> Study {
    let study = StudySpec::new(StudyKind::HeadCt, 31).with_size(64, 64).with_slices(6).build().unwrap();
    assert!(
        pair.appliance.scanner().send(&study.instances).unwrap().iter().all(|outcome| outcome.acknowledged())
    );
    until("the cloud has a draft", LIMIT, || {
        Ok(pair.cloud.cases()?.iter().any(|case| case["state"] == "drafted").then_some(()))
    })
    .unwrap();
    study
}

async fn technician_sees(page: &Page, study: &Study, words: &str) {
    seen(
        page,
        "the study in the list",
        "document.querySelector('#rows a.row')?.innerText.includes('CT') === true",
    )
    .await;
    nameless(page, &study.planted).await;
    press(page, "#rows a.row").await;
    seen(page, words, &format!("document.querySelector('#result')?.innerText.includes({words:?}) === true"))
        .await;
    seen(
        page,
        "the image",
        "document.querySelector('#canvas')?.width > 0 && !document.querySelector('#image').hidden",
    )
    .await;
    nameless(page, &study.planted).await;
}

async fn reader_signs(page: &Page, study: &Study, opinion: &str) {
    press(page, "form[action='/welcome'] button").await;
    press(page, "a[href^='/case/']").await;
    nameless(page, &study.planted).await;
    press(page, "form[action$='/lease'] button").await;
    seen(page, "the frame", "document.querySelector('#frame')?.naturalWidth > 0").await;
    seen(page, "the draft", "document.querySelector('form[action$=\"/sign\"]') !== null").await;
    let write = format!("document.querySelector('textarea[name=impression]').value = {opinion:?}");
    page.evaluate_expression(write).await.unwrap();
    nameless(page, &study.planted).await;
    press(page, "form[action$='/sign'] button").await;
}

#[test]
fn a_technician_sees_the_study_and_a_reader_signs_its_draft() {
    let folder = tempfile::tempdir().unwrap();
    let mut pair = Pair::start(folder.path(), &Terms { drafts_leave: false, ..Terms::default() }).unwrap();
    let study = sent(&pair);
    let opinion = "No mass effect on the six slices that were sent.";
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut browser = browser(folder.path()).await;
        let technician = browser.new_page(pair.appliance.login.as_str()).await.unwrap();
        technician_sees(&technician, &study, "No bundle takes this study").await;
        let reader = browser.new_page(pair.cloud.login.as_str()).await.unwrap();
        reader_signs(&reader, &study, opinion).await;
        seen(
            &technician,
            "the signed report on the technician's page, by itself",
            &format!("document.querySelector('#result')?.innerText.includes({opinion:?}) === true"),
        )
        .await;
        browser.close().await.unwrap();
    });
    let rows = pair.appliance.ledger().unwrap().rows().unwrap();
    assert_eq!(rows[0].state.as_deref(), Some("answered"));
    assert_eq!(rows[0].unsigned, Some(0), "a person signed it");
    pair.appliance.stop().unwrap();
    pair.cloud.stop().unwrap();
}
