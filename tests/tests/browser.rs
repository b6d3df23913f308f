//! Behaviour: in a real browser a technician sees the study, a reader windows it and signs its draft with one Enter, which
//! lowers no priority, and the report is home.

use fixtures::planted::Planted;
use fixtures::study::{Study, StudyKind, StudySpec};
use scanside_tests::support::{Browser, Cloud, LIMIT, Pair, Tab, Terms, until};
use sqlx::ConnectOptions as _;

const SIZE: (u32, u32) = (1366, 768);
/// Sum of a canvas's pixels, weighted by place: moves when the picture does.
const PIXELS: &str = "(() => { const c = document.querySelector('#canvas'); \
    const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; \
    let sum = 0; for (let i = 0; i < d.length; i += 4) sum += d[i] * (1 + i % 7); return sum; })()";

/// Neither title nor address of a page names the patient.
fn nameless(page: &Tab, planted: &Planted) {
    let (title, address): (String, String) =
        (page.said("document.title").unwrap(), page.said("location.href").unwrap());
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

/// A picture stands on the canvas and a drag over it, as well as a key, shows it in another window.
fn windows(page: &Tab) {
    page.until("the image", "document.querySelector('#cap-window')?.textContent.includes('width') === true")
        .unwrap();
    let before: f64 = page.said(PIXELS).unwrap();
    assert!(before > 0.0, "the pane is not black");
    let was: String = page.said("document.querySelector('#cap-window').textContent").unwrap();
    page.drag("#canvas", (90.0, 60.0)).unwrap();
    page.until("another window", &format!("document.querySelector('#cap-window').textContent !== {was:?}"))
        .unwrap();
    page.until("other pixels", &format!("{PIXELS} !== {before}")).unwrap();
    page.key("i").unwrap();
    page.until("inverted", "document.querySelector('#cap-window').textContent.includes('inverted')").unwrap();
    page.key("0").unwrap();
    page.until(
        "the first window again",
        &format!("document.querySelector('#cap-window').textContent === {was:?}"),
    )
    .unwrap();
    page.until("the first pixels again", &format!("{PIXELS} === {before}")).unwrap();
}

fn technician_sees(page: &Tab, study: &Study, words: &str) {
    page.until(
        "the study in the list",
        "document.querySelector('#rows a.row')?.innerText.includes('CT') === true",
    )
    .unwrap();
    nameless(page, &study.planted);
    page.press("#rows a.row").unwrap();
    page.until(words, &format!("document.querySelector('#result')?.innerText.includes({words:?}) === true"))
        .unwrap();
    windows(page);
    nameless(page, &study.planted);
}

/// The table of attributes shows what they say afterwards; what they said before stands there only while held.
fn attributes_before_and_after(page: &Tab, study: &Study) {
    const WAS: &str =
        "[...document.querySelectorAll('.attributes td.was')].map((c) => c.textContent).join('')";
    const HOLD: &str = "document.querySelector('.attributes .before')";
    page.press(".attributes summary").unwrap();
    page.until(
        "the attributes",
        "document.querySelector('.attributes table')?.innerText.includes('PatientName') === true",
    )
    .unwrap();
    let after: String = page.said("document.querySelector('.attributes table').innerText").unwrap();
    assert!(study.planted.search(after.as_bytes()).is_empty(), "a planted value after");
    assert_eq!(page.said::<String>(WAS).unwrap(), "");
    page.said::<bool>(&format!("{HOLD}.dispatchEvent(new PointerEvent('pointerdown'))")).unwrap();
    page.until("what it said before", &format!("{WAS} !== ''")).unwrap();
    let before: String = page.said(WAS).unwrap();
    assert!(!study.planted.search(before.as_bytes()).is_empty(), "the planted name before");
    page.said::<bool>(&format!("{HOLD}.dispatchEvent(new PointerEvent('pointerup'))")).unwrap();
    assert_eq!(page.said::<String>(WAS).unwrap(), "", "gone with the finger");
    nameless(page, &study.planted);
    page.press(".attributes summary").unwrap();
}

fn reader_signs(page: &Tab, study: &Study, opinion: &str) {
    page.press("form[action='/welcome'] button").unwrap();
    page.press("a[href^='/case/']").unwrap();
    nameless(page, &study.planted);
    page.press("form[action$='/lease'] button").unwrap();
    windows(page);
    page.until("the draft", "document.querySelector('form[action$=\"/sign\"]') !== null").unwrap();
    let write = format!("(document.querySelector('textarea[name=impression]').value = {opinion:?}) !== ''");
    page.until("the opinion", &write).unwrap();
    nameless(page, &study.planted);
    let offered: Vec<String> = page
        .said("[...document.querySelectorAll('form[action$=\"/sign\"] option')].map((o) => o.textContent)")
        .unwrap();
    assert_eq!(offered, ["stays STAT"], "a signature lowers nothing");
    page.enter("form[action$='/sign'] input[type=checkbox]").unwrap();
}

/// The cloud's only case becomes STAT, and its draft suggests less.
fn stat_with_a_lower_suggestion(cloud: &Cloud) {
    let change = async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(cloud.folder.join("queue.sqlite"));
        let mut connection = options.connect().await.unwrap();
        let sql =
            "UPDATE cases SET priority = 0; UPDATE drafts SET text = json_set(text, '$.priority', 'URGENT');";
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        sqlx::Connection::close(connection).await.unwrap();
    };
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(change);
}

/// Everything a page asked for came from its own host, none of it with the one-time code, and browsers get their icon.
fn keeps_to_itself(page: &Tab, host: &str, link: &str) {
    let code = link.rsplit(['#', '=']).next().unwrap();
    assert!(link.contains('#') && code.len() >= 16, "the code stands in the fragment: {link}");
    let icon: bool = page
        .said("fetch('/favicon.ico').then((a) => a.ok && a.headers.get('content-type') === 'image/svg+xml')")
        .unwrap();
    assert!(icon, "/favicon.ico answers");
    let asked = page.asked();
    assert!(asked.len() > 5, "{asked:?}");
    for address in asked.iter().filter(|a| a.as_str() != "about:blank") {
        let rest = address.strip_prefix(&format!("http://{host}/"));
        let before_fragment = rest.map(|r| r.split('#').next().unwrap());
        assert!(before_fragment.is_some_and(|r| !r.contains(code)), "{address}");
    }
    assert!(!page.said::<String>("location.href").unwrap().contains(code));
}

#[test]
fn a_technician_sees_the_study_and_a_reader_signs_its_draft() {
    let folder = tempfile::tempdir().unwrap();
    let mut pair = Pair::start(folder.path(), &Terms { drafts_leave: false, ..Terms::default() }).unwrap();
    let study = sent(&pair);
    stat_with_a_lower_suggestion(&pair.cloud);
    let opinion = "No mass effect on the six slices that were sent.";
    let browser = Browser::start(folder.path()).unwrap();
    let technician = browser.open(&pair.appliance.login, SIZE).unwrap();
    technician_sees(&technician, &study, "No bundle takes this study");
    attributes_before_and_after(&technician, &study);
    let reader = browser.open(&pair.cloud.login, SIZE).unwrap();
    reader_signs(&reader, &study, opinion);
    technician
        .until(
            "the signed report on the technician's page, by itself",
            &format!("document.querySelector('#result')?.innerText.includes({opinion:?}) === true"),
        )
        .unwrap();
    reader.until("the queue again", "document.querySelector('#live') !== null").unwrap();
    keeps_to_itself(&technician, &pair.appliance.page.to_string(), &pair.appliance.login);
    keeps_to_itself(&reader, &pair.cloud.page.to_string(), &pair.cloud.login);
    browser.stop().unwrap();
    assert!(
        pair.cloud.cases().unwrap().iter().all(|case| case["priority"] == "STAT"),
        "one Enter lowered nothing"
    );
    let rows = pair.appliance.ledger().unwrap().rows().unwrap();
    assert_eq!(rows[0].state.as_deref(), Some("answered"));
    assert_eq!(rows[0].unsigned, Some(0), "a person signed it");
    pair.appliance.stop().unwrap();
    pair.cloud.stop().unwrap();
}

#[test]
fn both_pages_show_values_by_the_same_code() {
    let root = scanside_tests::support::project();
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    let (here, there) =
        (read("appliance/src/review/assets/window.js"), read("cloud-service/src/page/assets/window.js"));
    assert!(here.contains("export function greys") && here == there, "copy the one over the other");
}
