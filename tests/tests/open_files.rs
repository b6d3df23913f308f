//! Behaviour: with the usual 1,024 open files a study of 1,200 images is answered while the page is held open by many.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use fixtures::scanner::Outgoing;
use fixtures::study::{StudyKind, StudySpec};
use scanside_tests::support::{Appliance, LIMIT, Terms, run, until};

const IMAGES: usize = 1_200;
const IDLE: usize = 900;

fn answered_under(limit: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut appliance = Appliance::init(&folder.path().join("site"), &folder.path().join("log")).unwrap();
    Terms { without_model: Vec::new(), ..Terms::default() }.shape(&appliance).unwrap();
    appliance.start_under(limit).unwrap();
    let idle: Vec<TcpStream> = (0..IDLE)
        .map(|_| TcpStream::connect_timeout(&appliance.page, Duration::from_secs(10)).unwrap())
        .collect();

    let spec = StudySpec::new(StudyKind::HeadCt, 6).with_size(16, 16).with_slices(IMAGES);
    let items: Vec<Outgoing> = spec.build().unwrap().instances.iter().map(Outgoing::from).collect();
    let outcomes = appliance.scanner().send_watched(&items, |_| Ok(())).complete().unwrap();
    assert!(outcomes.len() == IMAGES && outcomes.iter().all(|outcome| outcome.acknowledged()));
    let row = until("the study is answered", LIMIT, || {
        Ok(appliance.ledger()?.rows()?.into_iter().find(|row| row.answered()))
    })
    .unwrap();
    assert_eq!(row.instances, IMAGES as u64);
    assert_ne!(row.disposition.as_deref(), Some("unreadable"), "{row:?}");
    assert_eq!(appliance.scanner().echo().unwrap(), 0, "reception has room while the page is full");
    assert_eq!(appliance.status().unwrap()["counts"]["unanswered"], 0);

    // Held open by those that ask nothing, the page is there for who asks.
    let page = format!("http://{}/login", appliance.page);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let status = runtime.block_on(async { reqwest::get(page).await.unwrap().status() });
    assert!(status.is_success(), "{status}");
    let begun = Instant::now();
    appliance.stop().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(20), "it stopped after {:?}", begun.elapsed());
    drop(idle);
}

#[test]
fn a_large_study_is_answered_from_a_soft_limit_of_1024_while_900_idle_connections_hold_the_page() {
    answered_under("ulimit -S -n 1024");
}

#[test]
fn a_large_study_is_answered_under_a_hard_limit_of_1024_while_900_idle_connections_hold_the_page() {
    answered_under("ulimit -n 1024");
}

#[test]
fn check_says_what_it_found_and_what_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    let appliance = Appliance::init(&folder.path().join("site"), &folder.path().join("log")).unwrap();
    let config = appliance.config.display().to_string();
    let said = run("appliance", &["check", "--json", "--config", &config]).unwrap().first().unwrap();
    let words = said["open_files"].as_str().unwrap();
    assert!(
        words.contains("soft limit") && words.contains("hard limit") && words.contains("are needed"),
        "{words}"
    );
    scanside_tests::support::Settings::read(&appliance.config)
        .unwrap()
        .with("intake", "max_associations", 1_024)
        .write()
        .unwrap();
    let few = scanside_tests::support::run_under(
        "ulimit -n 1024",
        "appliance",
        &["check", "--json", "--config", &config],
    );
    let said = few.unwrap().first().unwrap();
    assert_eq!(said["open_files_enough"], false);
    let notes = said["notes"].to_string();
    assert!(notes.contains("too few") && notes.contains("LimitNOFILE="), "{notes}");
}
