//! Behaviour: `/metrics` tells what reception counted, over HTTP, and names nobody.

use fixtures::scanner::Scanner;
use fixtures::study::{StudyKind, StudySpec};
use scanside_tests::support::{Appliance, LIMIT, Terms, until};

fn metrics(appliance: &Appliance) -> String {
    let url = format!("http://{}/metrics", appliance.page);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { reqwest::get(url).await.unwrap().text().await.unwrap() })
}

/// The value of one sample, named with its labels.
fn value(text: &str, sample: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("scanside_{sample} ")));
    line.unwrap_or_else(|| panic!("no {sample} in:\n{text}")).parse().unwrap()
}

#[test]
fn what_a_scanner_stored_and_who_was_turned_away_stands_in_the_metrics() {
    let folder = tempfile::tempdir().unwrap();
    let mut appliance = Appliance::init(&folder.path().join("site"), &folder.path().join("log")).unwrap();
    Terms::default().shape(&appliance).unwrap();
    appliance.start().unwrap();
    assert_eq!(value(&metrics(&appliance), "instances_stored_total"), 0);

    let film = StudySpec::new(StudyKind::Cr, 71).with_size(880, 1070).build().unwrap();
    let sent = appliance.scanner().send(&film.instances).unwrap();
    assert!(sent.iter().all(|outcome| outcome.acknowledged()));
    let stranger = Scanner::new(appliance.intake.to_string(), "PLANTED_OTHER", "PLANTED_CALLER");
    stranger.echo().unwrap_err();

    let text = until("the associations have ended", LIMIT, || {
        let text = metrics(&appliance);
        Ok((value(&text, "associations_ended_total{how=\"released\"}") == 1).then_some(text))
    })
    .unwrap();
    assert_eq!(value(&text, "associations_accepted_total{transport=\"plain\"}"), 1);
    assert_eq!(value(&text, "associations_refused_total{reason=\"wrong_called_title\"}"), 1);
    assert_eq!(value(&text, "associations_refused_total{reason=\"unknown_title\"}"), 0);
    assert_eq!(value(&text, "associations_open"), 0);
    assert_eq!(value(&text, "instances_stored_total"), film.instances.len() as u64);
    assert!(value(&text, "instances_stored_bytes_total") > 880 * 1070);
    assert_eq!(value(&text, "requests_failed_total{status=\"A700\"}"), 0);
    for name in ["PLANTED", "CT1", "127.0.0.1"] {
        assert!(!text.contains(name), "{name} in:\n{text}");
    }
    appliance.stop().unwrap();
}
