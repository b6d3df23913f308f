//! Behaviour: the page shows a reduced preview, and the frame at full resolution when a person asks for it.

use fixtures::study::{StudyKind, StudySpec};
use scanside_tests::support::{Appliance, Browser, LIMIT, Terms, until};

/// What stands under the image.
const SAID: &str = "document.querySelector('#cap-window').textContent";

#[test]
fn a_person_asks_for_full_resolution_and_gets_every_stored_row_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let mut appliance = Appliance::init(&folder.path().join("site"), &folder.path().join("log")).unwrap();
    Terms::default().shape(&appliance).unwrap();
    appliance.start().unwrap();
    let film = StudySpec::new(StudyKind::Cr, 41).with_size(2_200, 2_300).build().unwrap();
    let sent = appliance.scanner().send(&film.instances).unwrap();
    assert!(sent.iter().all(|outcome| outcome.acknowledged()));
    let mut ledger = appliance.ledger().unwrap();
    until("the film is answered", LIMIT, || Ok(ledger.rows()?.iter().any(|r| r.answered()).then_some(())))
        .unwrap();
    let browser = Browser::start(folder.path()).unwrap();
    let page = browser.open(&appliance.login, (1366, 768)).unwrap();
    page.until("the film in the list", "document.querySelector('#rows a.row') !== null").unwrap();
    page.press("#rows a.row").unwrap();
    page.until("a reduced preview", &format!("{SAID}.includes('preview')")).unwrap();
    page.press("#full").unwrap();
    page.until(
        "the whole frame",
        &format!("{SAID}.includes('2300 × 2200') || {SAID}.includes('2200 × 2300')"),
    )
    .unwrap();
    let was: String = page.said(SAID).unwrap();
    assert!(!was.contains("preview"), "{was}");
    page.drag("#canvas", (90.0, 60.0)).unwrap();
    page.until("another window on it", &format!("{SAID} !== {was:?} && !{SAID}.includes('preview')"))
        .unwrap();
    page.press("#full").unwrap();
    page.until("what fits again", &format!("{SAID}.includes('preview')")).unwrap();
    assert!(film.planted.search(page.asked().join(" ").as_bytes()).is_empty());
    browser.stop().unwrap();
    appliance.stop().unwrap();
}
