//! Behaviour: in a real browser a technician draws an area on a held image; what leaves is black there and says so.

use std::time::Duration;

use domain::decision::Decision;
use fixtures::study::{StudyKind, StudySpec};
use scanside_tests::support::{Browser, LIMIT, Pair, Tab, Terms, run, until};

/// The grey value in the middle of the canvas.
const MIDDLE: &str = "(() => { const c = document.querySelector('#canvas'); \
    const x = Math.round(c.width / 2) + 10; const y = Math.round(c.height / 2) + 10; \
    return c.getContext('2d').getImageData(x, y, 1, 1).data[0]; })()";
const SAYS: &str = "document.querySelector('#more').innerText";

fn redacted(page: &Tab) {
    page.until("the study", "document.querySelector('#rows a.row') !== null").unwrap();
    page.press("#rows a.row").unwrap();
    page.until("the image", "document.querySelector('#cap-window')?.textContent.includes('width') === true")
        .unwrap();
    page.until("something to see in the middle", &format!("{MIDDLE} > 20")).unwrap();
    page.key("b").unwrap();
    page.until("the drawing", "document.querySelector('#canvas.drawing') !== null").unwrap();
    page.drag("#canvas", (60.0, 40.0)).unwrap();
    page.until("the area on the page", &format!("{SAYS}.includes('1 area redacted by a person')")).unwrap();
    page.until("black", &format!("{MIDDLE} === 0")).unwrap();
    page.key("m").unwrap();
    page.until("what is under it", &format!("{MIDDLE} > 20")).unwrap();
    page.key("z").unwrap();
    page.until("no area", &format!("!{SAYS}.includes('redacted by a person')")).unwrap();
    page.key("b").unwrap();
    page.until("the drawing again", "document.querySelector('#canvas.drawing') !== null").unwrap();
    page.drag("#canvas", (60.0, 40.0)).unwrap();
    page.until("the area again", &format!("{SAYS}.includes('1 area redacted by a person')")).unwrap();
}

#[test]
fn what_a_technician_blacks_out_is_black_in_what_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let mut pair = Pair::start(folder.path(), &Terms::default()).unwrap();
    let study = StudySpec::new(StudyKind::SecondaryCapture, 41).build().unwrap();
    pair.appliance.scanner().send(&study.instances).unwrap();
    until("it is held", LIMIT, || {
        Ok(pair.appliance.ledger()?.rows()?.into_iter().find(|row| row.state.as_deref() == Some("held")))
    })
    .unwrap();
    let browser = Browser::start(folder.path()).unwrap();
    let page = browser.open(&pair.appliance.login, (1366, 768)).unwrap();
    redacted(&page);
    browser.stop().unwrap();
    let case = pair.appliance.ledger().unwrap().rows().unwrap()[0].case.clone().unwrap();
    let decision = Decision::Release { case: case.clone(), reason: "the text is covered".into() };
    pair.appliance.decide("technician", decision).unwrap();
    until("the case has left", Duration::from_secs(60), || {
        let rows = pair.appliance.ledger()?.rows()?;
        Ok(rows.into_iter().find(|row| matches!(row.state.as_deref(), Some("received" | "answered"))))
    })
    .unwrap();
    pair.appliance.stop().unwrap();
    pair.cloud.stop().unwrap();
    let config = pair.appliance.config.display().to_string();
    let read = run("appliance", &["case", "statement", &case, "--config", &config]).unwrap();
    assert_eq!(read.code, 0, "{}", read.stderr);
    assert!(read.stdout.contains("0 areas of text are black, 1 that a person redacted"), "{}", read.stdout);
    assert!(read.stdout.contains("Waited for a person, who released it"), "{}", read.stdout);
}
