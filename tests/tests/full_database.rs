//! Behaviour: while the disk of a database is full senders are told to keep what they have, nothing acknowledged is
//! lost, it goes on by itself once there is room, and a stop does not wait for that.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use fixtures::scanner::Outgoing;
use fixtures::study::{StudyKind, StudySpec};
use scanside_tests::support::{Appliance, FILES_MAY_BE_FULL, LIMIT, Pair, Terms, fill_up, make_room, until};

/// How long a stop may take while the database refuses.
const STOP: Duration = Duration::from_secs(20);
const OUT_OF_RESOURCES: u16 = 0xA700;

fn objects(seed: u64, slices: usize) -> Vec<Outgoing> {
    let spec = StudySpec::new(StudyKind::HeadCt, seed).with_size(48, 48).with_slices(slices);
    spec.build().unwrap().instances.iter().map(Outgoing::from).collect()
}

/// Sends over an association of its own; what was acknowledged is added, and the last status comes back.
fn send(appliance: &Appliance, items: &[Outgoing], acknowledged: &mut BTreeSet<String>) -> u16 {
    let outcomes = appliance.scanner().send_watched(items, |_| Ok(())).complete().unwrap();
    let taken = outcomes.iter().filter(|outcome| outcome.acknowledged());
    acknowledged.extend(taken.map(|outcome| outcome.sop_instance_uid.clone()));
    outcomes.last().unwrap().status
}

/// Uses the one-time code of the first person on the page.
fn first_sign_in(appliance: &Appliance) -> (u16, String) {
    let (page, code) = appliance.login.split_once("/setup#").unwrap();
    let (page, code) = (page.to_owned(), serde_json::json!({ "code": code }));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let request =
            reqwest::Client::new().post(format!("{page}/api/setup")).header("origin", &page).json(&code);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    })
}

fn recorded(appliance: &Appliance) -> BTreeSet<String> {
    appliance.ledger().unwrap().instances().unwrap().into_iter().map(|(uid, _)| uid).collect()
}

#[test]
fn what_was_acknowledged_over_a_full_disk_is_recorded_once_there_is_room_or_by_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut appliance = Appliance::init(&folder.path().join("site"), &folder.path().join("log")).unwrap();
    Terms { without_model: Vec::new(), ..Terms::default() }.shape(&appliance).unwrap();
    appliance.start_under(FILES_MAY_BE_FULL).unwrap();
    let ledger = appliance.ledger_path().unwrap();
    let mut acknowledged = BTreeSet::new();
    assert_eq!(send(&appliance, &objects(1, 10), &mut acknowledged), 0);
    until("the first study is answered", LIMIT, || {
        Ok(appliance.ledger()?.rows()?.iter().any(|row| row.answered()).then_some(()))
    })
    .unwrap();

    fill_up(&ledger, appliance.process().unwrap()).unwrap();
    send(&appliance, &objects(2, 10), &mut acknowledged);
    let kept = until("senders are told to keep what they have", LIMIT, || {
        let more = objects(3, 1);
        let status = send(&appliance, &more, &mut acknowledged);
        assert!([0, OUT_OF_RESOURCES].contains(&status), "{status:04X}");
        Ok((status == OUT_OF_RESOURCES).then_some(more))
    })
    .unwrap();
    assert!(acknowledged.len() >= 20, "a moment is no reason to refuse");
    assert_eq!(recorded(&appliance).len(), 10, "the disk is full");
    assert_eq!(appliance.status().unwrap()["counts"]["instances"], 10, "what is there can be read");
    let log = std::fs::read_to_string(&appliance.log).unwrap();
    assert!(log.contains("senders are answered A700 until it does"), "for the ledger and not for the store");
    let (status, words) = first_sign_in(&appliance);
    assert_eq!(status, 503, "{words}");
    assert!(words.contains("the ledger"), "{words}");

    make_room(appliance.process().unwrap()).unwrap();
    until("everything acknowledged is in the ledger", LIMIT, || {
        Ok(recorded(&appliance).is_superset(&acknowledged).then_some(()))
    })
    .unwrap();
    until("senders are taken from again", LIMIT, || {
        Ok((send(&appliance, &kept, &mut acknowledged) == 0).then_some(()))
    })
    .unwrap();
    let (status, words) = first_sign_in(&appliance);
    assert_eq!(status, 200, "the code was not used up: {words}");
    until("every study is answered", LIMIT, || {
        Ok(appliance.ledger()?.rows()?.iter().all(|row| row.answered()).then_some(()))
    })
    .unwrap();

    fill_up(&ledger, appliance.process().unwrap()).unwrap();
    assert_eq!(send(&appliance, &objects(4, 5), &mut acknowledged), 0);
    let begun = Instant::now();
    appliance.stop().unwrap();
    assert!(begun.elapsed() < STOP, "it stopped after {:?}", begun.elapsed());
    appliance.start().unwrap();
    assert!(recorded(&appliance).is_superset(&acknowledged), "the next start records what is durable");
    appliance.stop().unwrap();
}

#[test]
fn a_cloud_whose_disk_is_full_takes_the_case_once_there_is_room_and_stops_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let mut pair = Pair::start(folder.path(), &Terms::default()).unwrap();
    pair.cloud.stop().unwrap();
    pair.cloud.start_under(FILES_MAY_BE_FULL).unwrap();
    pair.until_up().unwrap();
    let database = pair.cloud.folder.join("queue.sqlite");
    fill_up(&database, pair.cloud.process().unwrap()).unwrap();
    let study = StudySpec::new(StudyKind::HeadCt, 5).with_size(48, 48).with_slices(3).build().unwrap();
    let row = pair.answered(&study.instances).unwrap();
    if row.case.is_none() {
        pair.let_go(&row).unwrap();
    }
    let log = || std::fs::read_to_string(&pair.cloud.log).unwrap();
    until("the cloud refuses for its database", LIMIT, || {
        Ok(log().contains("the queue's database failed").then_some(()))
    })
    .unwrap();
    assert!(!log().contains("code 0"), "whose fault it is, is said");

    make_room(pair.cloud.process().unwrap()).unwrap();
    pair.until_state("answered").unwrap();

    fill_up(&database, pair.cloud.process().unwrap()).unwrap();
    let begun = Instant::now();
    pair.cloud.stop().unwrap();
    assert!(begun.elapsed() < STOP, "it stopped after {:?}", begun.elapsed());
    pair.appliance.stop().unwrap();
}
