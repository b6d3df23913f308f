//! Queues against scripted providers, with a real ledger and a real store.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::forward::{Forwards, Rule};
use dimse::test_support::{Act, Provider, Script};
use ledger::{Arrival, ForwardRow, Ledger};
use store::faults::damage;
use store::{Reception, Store, StoreConfig};

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const EXPLICIT_LE: &str = "1.2.840.10008.1.2.1";
const JPEG: &str = "1.2.840.10008.1.2.4.50";
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn rule(name: &str, address: &str) -> Rule {
    toml::from_str(&format!(
        "name = \"{name}\"\naddress = \"{address}\"\ncalled_ae_title = \"ARCHIVE\"\ncalling_ae_title = \"BOX\"\n\
         retry_first = \"20ms\"\nretry_max = \"200ms\"\nmax_attempts = 3\ntimeout = \"5s\"\n"
    ))
    .unwrap()
}

pub(super) fn data(n: u32) -> Vec<u8> {
    (0..50_000 + n).map(|i| (i.wrapping_mul(7) ^ n) as u8).collect()
}

pub(super) struct TestSite {
    _folder: TempDir,
    pub(super) ledger: Ledger,
    store: Store,
}

impl TestSite {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = StoreConfig::at(folder.path().join("store"));
        (config.warn_free.0, config.refuse_free.0) = (0, 0);
        let store = Store::open(&config).unwrap();
        let ledger = Ledger::create(&folder.path().join("ledger.db"), &[7; 32]).await.unwrap();
        Self { _folder: folder, ledger, store }
    }

    /// An instance `1.2.STUDY.N` arrives; returns its id.
    pub(super) async fn arrive(&self, forwards: &Forwards, study: u32, n: u32, syntax: &str) -> String {
        let mut incoming = self.store.inbox().begin().unwrap();
        incoming.write(&data(n)).unwrap();
        let reception = Reception {
            sop_class: CT.into(),
            sop_instance_uid: format!("1.2.{study}.{n}"),
            study_uid: format!("1.2.{study}"),
            series_uid: format!("1.2.{study}.0"),
            modality: "CT".into(),
            transfer_syntax: syntax.into(),
            calling_ae: "CT1".into(),
            arrived: i64::from(study) * 1_000 + i64::from(n),
            ..Reception::default()
        };
        let r = incoming.commit(reception).unwrap().reception;
        let arrival = Arrival {
            id: r.id.to_string(),
            study_uid: r.study_uid,
            sop_instance_uid: r.sop_instance_uid,
            series_uid: r.series_uid,
            sop_class: r.sop_class,
            transfer_syntax: r.transfer_syntax,
            modality: r.modality,
            calling_ae: r.calling_ae,
            address: "127.0.0.1".into(),
            association: "1".into(),
            arrived: r.arrived,
            bytes: r.length,
            blake3: r.digest.to_string(),
            identity: String::new(),
        };
        let to = |a: &Arrival| forwards.destinations(&a.modality, &a.calling_ae);
        self.ledger.record_arrivals_to(&[arrival], to).await.unwrap();
        self.store.inbox().settle(r.id).unwrap();
        forwards.news();
        r.id.to_string()
    }

    pub(super) fn run(&self, forwards: &Forwards) -> Running {
        let stop = CancellationToken::new();
        let task = tokio::spawn(forwards.clone().run(self.ledger.clone(), self.store.inbox(), stop.clone()));
        Running { stop, task }
    }

    async fn rows(&self, name: &str, states: &[&str]) -> Vec<ForwardRow> {
        self.ledger.forwards(name, states, 1_000).await.unwrap()
    }

    pub(super) async fn until(&self, name: &str, states: &[&str], count: usize) -> Vec<ForwardRow> {
        let wait = async {
            loop {
                let rows = self.rows(name, states).await;
                if rows.len() >= count {
                    return rows;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        match tokio::time::timeout(PATIENCE, wait).await {
            Ok(rows) => rows,
            Err(_) => panic!("{name}: {count} of {states:?} never came: {:?}", self.rows(name, &[]).await),
        }
    }
}

pub(super) struct Running {
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    pub(super) async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(PATIENCE, self.task).await.unwrap().unwrap();
    }
}

fn acts(act: impl Fn(usize, &str) -> Act + Send + Sync + 'static) -> Script {
    Script { act: Arc::new(act), ..Script::default() }
}

#[tokio::test]
async fn every_original_arrives_as_it_is_and_a_study_shares_an_association() {
    let (site, provider) = (TestSite::new().await, Provider::start(Script::default()).await);
    let forwards = Forwards::new(&[Rule { max_associations: 1, ..rule("pacs", &provider.address) }]);
    let mut ids = Vec::new();
    for study in 1..=3 {
        for n in 1..=5 {
            ids.push(site.arrive(&forwards, study, n, EXPLICIT_LE).await);
        }
    }
    assert!(!site.ledger.delivered_everywhere(&ids[0]).await.unwrap());
    let running = site.run(&forwards);
    site.until("pacs", &["delivered"], 15).await;
    running.stop().await;
    let got = provider.got.lock().unwrap().clone();
    assert_eq!(got.len(), 15);
    for g in &got {
        let n: u32 = g.instance.rsplit('.').next().unwrap().parse().unwrap();
        assert!(g.data == data(n), "{}", g.instance);
    }
    assert_eq!(*provider.associations.lock().unwrap(), 3);
    for id in &ids {
        assert!(site.ledger.delivered_everywhere(id).await.unwrap());
    }
    let row = &forwards.rows(&site.ledger.forward_queues().await.unwrap(), true)[0];
    assert_eq!((row.circuit, row.waiting, row.delivered), ("closed", 0, 15));
}

#[tokio::test]
async fn a_destination_that_is_away_keeps_no_other_from_its_originals_and_gets_its_own_later() {
    let (site, alive) = (TestSite::new().await, Provider::start(Script::default()).await);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let forwards = Forwards::new(&[rule("away", &address.to_string()), rule("alive", &alive.address)]);
    let running = site.run(&forwards);
    let id = site.arrive(&forwards, 1, 1, EXPLICIT_LE).await;
    site.until("alive", &["delivered"], 1).await;
    let wait = async {
        loop {
            let row = forwards.rows(&site.ledger.forward_queues().await.unwrap(), true)[0].clone();
            if row.circuit == "open" {
                return row;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let row = tokio::time::timeout(PATIENCE, wait).await.unwrap();
    assert!(row.state == "warn" && row.waiting == 1 && row.next_try.is_some(), "{row:?}");
    assert!(row.words.contains("no connection"), "{row:?}");
    assert!(!site.ledger.delivered_everywhere(&id).await.unwrap());
    let back = Provider::on(TcpListener::bind(address).await.unwrap(), Script::default());
    let rows = site.until("away", &["delivered"], 1).await;
    // However long it was away, that counted as no attempt.
    assert_eq!((rows[0].attempts, back.got.lock().unwrap().len()), (0, 1));
    assert!(site.ledger.delivered_everywhere(&id).await.unwrap());
    running.stop().await;
}

#[tokio::test]
async fn refusals_are_judged_one_by_one_and_a_person_may_try_again() {
    let site = TestSite::new().await;
    let healed = Arc::new(AtomicBool::new(false));
    let (seen, kind) = (Arc::new(Mutex::new(0)), Arc::clone(&healed));
    let provider = Provider::start(acts(move |_, uid| {
        let busy = uid == "1.2.1.1" && {
            let mut seen = seen.lock().unwrap();
            *seen += 1;
            *seen <= 2
        };
        match uid {
            _ if busy => Act::Status(0xA700),
            "1.2.1.2" if !kind.load(Ordering::SeqCst) => Act::Status(0xC123),
            "1.2.1.3" if !kind.load(Ordering::SeqCst) => Act::Status(0xA900),
            "1.2.1.4" => Act::Status(0xB000),
            _ => Act::Status(0),
        }
    }))
    .await;
    let forwards = Forwards::new(&[rule("pacs", &provider.address)]);
    let mut ids = Vec::new();
    for n in 1..=5 {
        ids.push(site.arrive(&forwards, 1, n, EXPLICIT_LE).await);
    }
    let running = site.run(&forwards);
    let done = site.until("pacs", &["delivered"], 3).await;
    let warned = done.iter().find(|r| r.instance == ids[3]).unwrap();
    assert_eq!(warned.status, Some(0xB000));
    assert!(warned.fault.as_deref().unwrap().starts_with("delivered"), "{warned:?}");
    let dead = site.until("pacs", &["dead"], 2).await;
    assert_eq!(dead.iter().map(|r| r.status).collect::<Vec<_>>(), [Some(0xC123), Some(0xA900)]);
    assert!(dead.iter().all(|r| r.fault.as_deref().unwrap().contains("the destination")), "{dead:?}");
    assert!(!site.ledger.delivered_everywhere(&ids[1]).await.unwrap());
    healed.store(true, Ordering::SeqCst);
    assert_eq!(site.ledger.retry_forwards("pacs", None).await.unwrap(), 2);
    assert!(forwards.urge("pacs") && !forwards.urge("other"));
    site.until("pacs", &["delivered"], 5).await;
    running.stop().await;
    let study = site.ledger.open_studies().await.unwrap()[0].0.clone();
    assert!(site.ledger.study_delivered_everywhere(&study).await.unwrap());
}

#[tokio::test]
async fn an_original_that_ends_every_association_becomes_a_dead_letter_and_blocks_none() {
    let site = TestSite::new().await;
    let provider =
        Provider::start(acts(|_, uid| if uid == "1.2.1.1" { Act::Abort } else { Act::Status(0) })).await;
    let forwards = Forwards::new(&[Rule { max_associations: 1, ..rule("pacs", &provider.address) }]);
    let poison = site.arrive(&forwards, 1, 1, EXPLICIT_LE).await;
    let running = site.run(&forwards);
    let mut n = 1;
    let flow = async {
        while site.rows("pacs", &["dead"]).await.is_empty() {
            n += 1;
            site.arrive(&forwards, 2, n, EXPLICIT_LE).await;
            site.until("pacs", &["delivered"], n as usize - 1).await;
        }
    };
    tokio::time::timeout(PATIENCE, flow).await.unwrap();
    let dead = site.rows("pacs", &["dead"]).await;
    assert_eq!((dead[0].instance.as_str(), dead[0].attempts), (poison.as_str(), 3));
    assert!(dead[0].fault.as_deref().unwrap().starts_with("tried 3 times"), "{dead:?}");
    running.stop().await;
}

#[tokio::test]
async fn what_is_not_accepted_as_stored_or_is_damaged_is_a_dead_letter_and_the_rest_goes() {
    let site = TestSite::new().await;
    let picky = Script { syntaxes: vec![EXPLICIT_LE.into()], ..Script::default() };
    let provider = Provider::start(picky).await;
    let forwards = Forwards::new(&[rule("pacs", &provider.address)]);
    let jpeg = site.arrive(&forwards, 1, 1, JPEG).await;
    let damaged = site.arrive(&forwards, 1, 2, EXPLICIT_LE).await;
    site.arrive(&forwards, 1, 3, EXPLICIT_LE).await;
    damage(&site.store.inbox(), damaged.parse().unwrap(), 25_000);
    let running = site.run(&forwards);
    let dead = site.until("pacs", &["dead"], 2).await;
    site.until("pacs", &["delivered"], 1).await;
    running.stop().await;
    let why = |id: &str| dead.iter().find(|r| r.instance == id).unwrap().fault.clone().unwrap();
    assert!(why(&jpeg).contains("never converted"), "{}", why(&jpeg));
    assert!(why(&damaged).contains("damaged"), "{}", why(&damaged));
    let got = provider.got.lock().unwrap();
    assert_eq!(got.iter().map(|g| g.instance.as_str()).collect::<Vec<_>>(), ["1.2.1.3"]);
}

#[tokio::test]
async fn a_full_destination_makes_no_dead_letters_and_gets_everything_when_it_has_room() {
    let site = TestSite::new().await;
    let room = Arc::new(AtomicBool::new(false));
    let has = Arc::clone(&room);
    let provider =
        Provider::start(acts(move |_, _| Act::Status(if has.load(Ordering::SeqCst) { 0 } else { 0xA700 })))
            .await;
    let forwards = Forwards::new(&[rule("pacs", &provider.address)]);
    for n in 1..=4 {
        site.arrive(&forwards, n, n, EXPLICIT_LE).await;
    }
    let running = site.run(&forwards);
    let many = async {
        while provider.got.lock().unwrap().len() < 12 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, many).await.unwrap();
    assert!(site.rows("pacs", &["dead"]).await.is_empty());
    room.store(true, Ordering::SeqCst);
    site.until("pacs", &["delivered"], 4).await;
    running.stop().await;
}

#[tokio::test]
async fn a_stop_in_the_middle_loses_nothing_and_the_next_start_goes_on() {
    let site = TestSite::new().await;
    let provider = Provider::start(Script::default()).await;
    let rules = [rule("pacs", &provider.address)];
    let forwards = Forwards::new(&rules);
    for n in 1..=40 {
        site.arrive(&forwards, n % 3, n, EXPLICIT_LE).await;
    }
    let running = site.run(&forwards);
    while provider.got.lock().unwrap().len() < 5 {
        tokio::task::yield_now().await;
    }
    running.stop().await;
    let delivered = site.rows("pacs", &["delivered"]).await.len();
    assert!((5..=40).contains(&delivered), "{delivered}");
    let running = site.run(&Forwards::new(&rules));
    site.until("pacs", &["delivered"], 40).await;
    running.stop().await;
    let mut there: Vec<String> = provider.got.lock().unwrap().iter().map(|g| g.instance.clone()).collect();
    there.sort();
    there.dedup();
    assert_eq!(there.len(), 40);
}

#[tokio::test]
async fn what_no_rule_names_any_more_is_shown_and_can_be_given_up() {
    let site = TestSite::new().await;
    let forwards = Forwards::new(&[rule("old", "127.0.0.1:1")]);
    let id = site.arrive(&forwards, 1, 1, EXPLICIT_LE).await;
    let queues = site.ledger.forward_queues().await.unwrap();
    let left = Forwards::new(&[rule("new", "127.0.0.1:2")]);
    let rows = left.rows(&queues, true);
    assert_eq!(
        rows.iter().map(|r| (r.name.as_str(), r.waiting)).collect::<Vec<_>>(),
        [("new", 0), ("old", 1)]
    );
    assert!(rows[1].words.contains("give-up"));
    assert_eq!(site.ledger.give_up_forwards("old", None, false, "gone", 9).await.unwrap(), 0);
    assert!(!site.ledger.delivered_everywhere(&id).await.unwrap());
    assert_eq!(site.ledger.give_up_forwards("old", None, true, "gone", 9).await.unwrap(), 1);
    assert!(site.ledger.delivered_everywhere(&id).await.unwrap());
    let row = &site.ledger.forwards_of(&id).await.unwrap()[0];
    assert_eq!((row.state.as_str(), row.fault.as_deref()), ("given-up", Some("gone")));
}
