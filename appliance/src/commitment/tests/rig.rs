//! A rig with the engine, an archive and a scanner that are scripted, all over real associations.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops where something is not as it must be"
)]

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::FutureExt;
use futures::future::BoxFuture;

use super::super::config::Reply;
use super::super::*;
use crate::arrivals::{Listener, ServiceHandler, event_queue};
use audit::Audit;
use dicom::commitment::{
    ACTION_REQUEST, Reason, Reference, STORAGE_COMMITMENT, WELL_KNOWN_INSTANCE, decode_report, encode_request,
};
use dimse::command::{self, Command};
use dimse::{Association, Peer, Proposal};
use domain::study::Arriving;
use intake::{
    Caller, Commitment, Intake, IntakeConfig, RefusedCaller, Services, Sink, SinkError, StepCreate, StepSet,
    TlsConfig,
};
use ledger::{Arrival, ForwardOutcome, Ledger};
use store::{Reception, Store, StoreConfig};

pub(super) const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
pub(super) const MR: &str = "1.2.840.10008.5.1.4.1.1.4";
pub(super) const IMPLICIT: &str = "1.2.840.10008.1.2";
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// An archive, or a scanner that listens: our own reception with scripted services behind it.
#[derive(Default)]
pub(super) struct Scripted {
    pub(super) asked: Mutex<Vec<Transaction>>,
    pub(super) heard: Mutex<Vec<Report>>,
    pub(super) failures: Mutex<HashMap<String, u16>>,
    pub(super) events: Mutex<Option<mpsc::Sender<Event>>>,
    pub(super) silent: AtomicBool,
}

impl Scripted {
    /// What it answers to a request.
    pub(super) fn answer(&self, asked: &Transaction) -> Report {
        let failures = self.failures.lock().unwrap();
        let mut report = Report { transaction: asked.uid.clone(), ..Report::default() };
        for reference in asked.references.clone() {
            match failures.get(&reference.sop_instance) {
                Some(code) => report.failed.push((reference, Reason(*code))),
                None => report.committed.push(reference),
            }
        }
        report
    }
}

pub(super) struct Face(Arc<Scripted>);

impl Sink for Face {
    fn stored<'a>(&'a self, _: &'a Reception) -> BoxFuture<'a, Result<(), SinkError>> {
        async { Ok(()) }.boxed()
    }
    fn released(&self, _: u64, _: &[String]) {}
    fn refused(&self, _: RefusedCaller) {}
    fn services(&self) -> Option<&dyn Services> {
        Some(self)
    }
}

impl Services for Face {
    fn create_step(&self, _: Asker, _: StepCreate) -> BoxFuture<'_, Result<(), Failure>> {
        async { Err(Failure::Later) }.boxed()
    }
    fn set_step(&self, _: StepSet) -> BoxFuture<'_, Result<(), Failure>> {
        async { Err(Failure::Later) }.boxed()
    }
    fn commit(&self, _: Asker, asked: Transaction) -> BoxFuture<'_, Result<(), Failure>> {
        let report = self.0.answer(&asked);
        self.0.asked.lock().unwrap().push(asked);
        if !self.0.silent.load(Ordering::Relaxed) {
            let events = self.0.events.lock().unwrap().clone().unwrap();
            let (answered, _) = tokio::sync::oneshot::channel();
            events.try_send(Event { report, answered }).unwrap();
        }
        async { Ok(()) }.boxed()
    }
    fn reported(&self, report: Report) -> BoxFuture<'_, Result<(), Failure>> {
        self.0.heard.lock().unwrap().push(report);
        async { Ok(()) }.boxed()
    }
    fn events(&self, _: u64) -> mpsc::Receiver<Event> {
        let (send, receive) = mpsc::channel(8);
        *self.0.events.lock().unwrap() = Some(send);
        receive
    }
}

/// A listening side that ends with the test.
pub(super) struct Listening {
    pub(super) address: SocketAddr,
    pub(super) stop: CancellationToken,
    _folder: tempfile::TempDir,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

pub(super) fn intake(listen: SocketAddr, title: &str, commitment: Commitment) -> IntakeConfig {
    let caller = |ae_title: &str| Caller::new(ae_title, "127.0.0.1");
    IntakeConfig {
        listen,
        ae_title: title.into(),
        callers: vec![caller("CT1"), caller("SCANSIDE"), caller("PACS")],
        commitment,
        ..IntakeConfig::default()
    }
}

pub(super) async fn listen(
    scripted: &Arc<Scripted>,
    at: SocketAddr,
    title: &str,
    commitment: Commitment,
) -> Listening {
    serve(scripted, intake(at, title, commitment)).await
}

/// On its port for TLS where it has one.
async fn serve(scripted: &Arc<Scripted>, config: IntakeConfig) -> Listening {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&StoreConfig::at(folder.path())).unwrap();
    let stop = CancellationToken::new();
    let face = Arc::new(Face(Arc::clone(scripted)));
    let intake = Intake::bind(config, false, &store, face, stop.clone()).await.unwrap();
    let address = intake.tls_addr().unwrap_or(intake.local_addr().unwrap());
    tokio::spawn(intake.run());
    Listening { address, stop, _folder: folder }
}

pub(super) const ANY: ([u8; 4], u16) = ([127, 0, 0, 1], 0);
pub(super) const PROVIDE: Commitment = Commitment { provide: true, user: false };
pub(super) const USER: Commitment = Commitment { provide: false, user: true };

pub(super) struct Rig {
    pub(super) site: Site,
    pub(super) folder: tempfile::TempDir,
    pub(super) pacs: Arc<Scripted>,
    _pacs_at: Listening,
}

/// A started rig; it ends when dropped, as by a kill.
pub(super) struct Started {
    pub(super) engine: Arc<Engine>,
    pub(super) address: SocketAddr,
    pub(super) stop: CancellationToken,
}

impl Drop for Started {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Rig {
    pub(super) async fn new() -> Self {
        let pacs = Arc::new(Scripted::default());
        let pacs_at = listen(&pacs, ANY.into(), "PACS", PROVIDE).await;
        Self::with(tempfile::tempdir().unwrap(), pacs, pacs_at, "").await
    }

    /// The archive takes nothing but what comes over TLS.
    pub(super) async fn secured() -> Self {
        let (folder, pacs) = (tempfile::tempdir().unwrap(), Arc::new(Scripted::default()));
        let authority = fixtures::pki::Authority::new("archive's authority").unwrap();
        let leaf = authority.leaf("pacs.example", 1).unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("ca.pem"), authority.certificate_pem()).unwrap();
        std::fs::write(at("pacs.pem"), &leaf.certificate_pem).unwrap();
        std::fs::write(at("pacs.key"), &leaf.key_pem).unwrap();
        let mut config = intake(ANY.into(), "PACS", PROVIDE);
        let tls = TlsConfig { listen: ANY.into(), ..TlsConfig::new(at("pacs.pem"), at("pacs.key")) };
        config.tls = Some(tls);
        config.callers.iter_mut().for_each(|caller| caller.tls_only = true);
        let pacs_at = serve(&pacs, config).await;
        let table = format!("\n[tls]\nca = '{}'\nserver_name = 'pacs.example'", at("ca.pem").display());
        Self::with(folder, pacs, pacs_at, &table).await
    }

    async fn with(folder: tempfile::TempDir, pacs: Arc<Scripted>, pacs_at: Listening, tls: &str) -> Self {
        let rule = format!(
            "name = 'pacs'\naddress = '{}'\ncalled_ae_title = 'PACS'\ncalling_ae_title = 'SCANSIDE'\ncommit = true\ncallers = ['CT1']{tls}",
            pacs_at.address
        );
        let site = Site {
            ledger: Ledger::create(&folder.path().join("ledger.db"), &[7; 32]).await.unwrap(),
            store: Store::open(&StoreConfig::at(folder.path().join("store"))).unwrap(),
            audit: Arc::new(Audit::open(&folder.path().join("audit.jsonl"), &[7; 32]).unwrap()),
            forwards: crate::forward::Forwards::new(&[toml::from_str(&rule).unwrap()]),
        };
        Self { site, folder, pacs, _pacs_at: pacs_at }
    }

    pub(super) async fn start(&self, replies: Vec<Reply>) -> Started {
        let config = Config { provide: true, retry: Duration::from_millis(30), replies, ..Config::default() };
        let engine = Arc::new(Engine::new(self.site.clone(), config, "SCANSIDE".into()));
        let stop = CancellationToken::new();
        let arriving = Arc::new(Mutex::new(Arriving::new(domain::study::Config::default())));
        let (queue, recorder) =
            event_queue(self.site.clone(), arriving, Arc::new(Notify::new()), stop.clone());
        tokio::spawn(recorder.run());
        let handler =
            ServiceHandler { site: self.site.clone(), queue: queue.clone(), engine: Arc::clone(&engine) };
        let both = Commitment { provide: true, user: true };
        let intake = Intake::bind(
            intake(ANY.into(), "SCANSIDE", both),
            false,
            &self.site.store,
            Arc::new(Listener { queue, services: handler }),
            stop.clone(),
        )
        .await
        .unwrap();
        let address = intake.local_addr().unwrap();
        tokio::spawn(intake.run());
        tokio::spawn(Arc::clone(&engine).run(stop.clone()));
        Started { engine, address, stop }
    }

    /// Keeps an instance that goes to the archive; gives its entry's name.
    pub(super) async fn keep(&self, class: &str, uid: &str, bytes: &[u8]) -> String {
        self.keep_from("CT1", class, uid, bytes).await
    }

    /// Keeps an instance; only what comes from `CT1` goes to the archive.
    pub(super) async fn keep_from(&self, caller: &str, class: &str, uid: &str, bytes: &[u8]) -> String {
        self.keep_in("1.2.1", caller, class, uid, bytes).await
    }

    /// Keeps an instance of this study.
    pub(super) async fn keep_in(
        &self,
        study: &str,
        caller: &str,
        class: &str,
        uid: &str,
        bytes: &[u8],
    ) -> String {
        let mut incoming = self.site.store.inbox().begin().unwrap();
        incoming.write(bytes).unwrap();
        let reception =
            Reception { sop_instance_uid: uid.into(), sop_class: class.into(), ..Reception::default() };
        let r = incoming.commit(reception).unwrap().reception;
        let arrival = Arrival {
            id: r.id.to_string(),
            study_uid: study.into(),
            sop_instance_uid: uid.into(),
            series_uid: "1.2.9".into(),
            sop_class: class.into(),
            transfer_syntax: IMPLICIT.into(),
            modality: "CT".into(),
            calling_ae: caller.into(),
            address: "127.0.0.1".into(),
            association: "1".into(),
            arrived: 1,
            bytes: r.length,
            blake3: r.digest.to_string(),
            identity: String::new(),
        };
        let to = |a: &Arrival| self.site.forwards.destinations(&a.modality, &a.calling_ae);
        self.site.ledger.record_arrivals_to(&[arrival], to).await.unwrap();
        r.id.to_string()
    }

    /// Waits until the archive was asked so many times.
    pub(super) async fn until_asked(&self, what: &str, times: usize) {
        let asked = || async { (self.pacs.asked.lock().unwrap().len() == times).then_some(()) };
        until(what, asked).await;
    }

    /// The archive answers what it was asked at this place, over an association of its own.
    pub(super) async fn archive_answers(&self, which: usize, started: &Started) {
        let transaction = self.pacs.asked.lock().unwrap()[which].clone();
        tell_as_archive(started.address, &self.pacs.answer(&transaction)).await;
    }

    /// What sending it on came to; `at` is when, ms.
    pub(super) async fn sent_on(&self, instance: &str, outcome: ForwardOutcome, at: i64) {
        self.site.ledger.record_forwards("pacs", &[(instance.to_owned(), outcome)], at).await.unwrap();
    }

    /// The archive has taken it, just now and for good: nobody asks it on its own account before long.
    pub(super) async fn deliver(&self, instance: &str) {
        self.sent_on(instance, ForwardOutcome::Delivered { status: 0, note: None }, i64::MAX).await;
    }
}

pub(super) fn reference(class: &str, uid: &str) -> Reference {
    Reference { sop_class: class.into(), sop_instance: uid.into() }
}

pub(super) fn asked(uid: &str, instances: &[&str]) -> Transaction {
    Transaction { uid: uid.into(), references: instances.iter().map(|i| reference(CT, i)).collect() }
}

/// A scanner on an association of its own.
pub(super) struct Scanner(pub(super) Association, u8);

impl Scanner {
    pub(super) async fn associate(address: SocketAddr) -> Self {
        let peer = Peer {
            address: address.to_string(),
            called: "SCANSIDE".into(),
            calling: "CT1".into(),
            patience: PATIENCE,
            tls: None,
        };
        let association =
            Association::open(&peer, &[Proposal::new(STORAGE_COMMITMENT, IMPLICIT)]).await.unwrap();
        let context = association.context(STORAGE_COMMITMENT, IMPLICIT).unwrap();
        Self(association, context)
    }

    pub(super) async fn ask(&mut self, transaction: &Transaction) {
        let request = Command::new(0x0130)
            .with_uid(command::REQUESTED_SOP_CLASS, STORAGE_COMMITMENT)
            .with_uid(command::REQUESTED_SOP_INSTANCE, WELL_KNOWN_INSTANCE)
            .with_us(command::ACTION_TYPE, ACTION_REQUEST)
            .with_data_set();
        let answer = self.0.ask(self.1, request, Some(&encode_request(transaction, IMPLICIT))).await.unwrap();
        assert_eq!(answer.command.us(command::STATUS), Some(0));
    }

    /// The next report on this association; answered with success.
    pub(super) async fn report(&mut self) -> Report {
        let message = self.0.receive().await.unwrap();
        assert_eq!(message.command.us(command::FIELD), Some(0x0100));
        let report = decode_report(&message.data.unwrap(), IMPLICIT).unwrap();
        assert_eq!(message.command.us(command::EVENT_TYPE), Some(report.event_type()));
        let response = Command::new(0x8100)
            .with_us(command::RESPONDED_TO, message.command.us(command::MESSAGE_ID).unwrap())
            .with_us(command::STATUS, 0);
        self.0.send(self.1, &response, None).await.unwrap();
        report
    }
}

pub(super) async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(tokio::time::Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// N-EVENT-REPORT as an archive sends it on an association of its own.
pub(super) async fn tell_as_archive(address: SocketAddr, report: &Report) {
    let peer = Peer {
        address: address.to_string(),
        called: "SCANSIDE".into(),
        calling: "PACS".into(),
        patience: PATIENCE,
        tls: None,
    };
    let proposal = Proposal { as_provider: true, ..Proposal::new(STORAGE_COMMITMENT, IMPLICIT) };
    let mut association = Association::open(&peer, &[proposal]).await.unwrap();
    let context = association.context(STORAGE_COMMITMENT, IMPLICIT).unwrap();
    let request = Command::new(0x0100)
        .with_uid(command::AFFECTED_SOP_CLASS, STORAGE_COMMITMENT)
        .with_uid(command::AFFECTED_SOP_INSTANCE, WELL_KNOWN_INSTANCE)
        .with_us(command::EVENT_TYPE, report.event_type())
        .with_data_set();
    let data = dicom::commitment::encode_report(report, IMPLICIT);
    let answer = association.ask(context, request, Some(&data)).await.unwrap();
    assert_eq!(answer.command.us(command::STATUS), Some(0));
    association.release().await;
}
