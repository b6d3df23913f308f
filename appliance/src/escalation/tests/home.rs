//! A site with a real ledger and store, whose cases leave for a pretended cloud, and what can be seen of them.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use audit::Audit;
use domain::case_state::CaseState;
use ledger::{CaseRow, Ledger, NewCase, NewDisposition, Sealed};
use proto::case::{CaseFormat, CaseManifest, Disposition, FrameEntry, FrameKind, Priority, Transport};
use proto::clock::now;
use proto::content::Leaf;
use proto::envelope::{Address, Kind, Leaves, Sealer};
use proto::ids::{CaseId, EnvelopeId, StatementDigest};
use store::{Id, Reception, Store, StoreConfig};

use crate::arrivals::arrival;
use crate::escalation::{CaseQueue, Identity};
use crate::forward::Forwards;
use crate::site::Site;

struct Proven {
    manifest: Vec<u8>,
    frame: Vec<u8>,
}

impl Leaves for Proven {
    const KIND: Kind = Kind::Case;
    fn leaves(&self) -> Vec<Leaf<'_>> {
        vec![
            Leaf { name: "case.json", bytes: &self.manifest },
            Leaf { name: "frame-0000.png", bytes: &self.frame },
        ]
    }
}

/// What was sealed, to hold against what the cloud got.
#[derive(Clone)]
pub(super) struct Made {
    pub case: CaseId,
    pub bytes: Vec<u8>,
}

pub(super) struct Home {
    pub queue: CaseQueue,
    folder: PathBuf,
    made: Mutex<BTreeMap<EnvelopeId, Made>>,
}

impl Home {
    pub(super) async fn new(folder: &Path) -> Self {
        let site = Site {
            ledger: Ledger::create(&folder.join("ledger.db"), &[7; 32]).await.unwrap(),
            store: Store::open(&StoreConfig::at(folder.join("store"))).unwrap(),
            audit: Arc::new(Audit::open(&folder.join("audit.jsonl"), &[7; 32]).unwrap()),
            forwards: Forwards::new(&[]),
        };
        let queue = CaseQueue { site, cloud_up: Arc::default() };
        Self { queue, folder: folder.to_owned(), made: Mutex::default() }
    }

    pub(super) fn ledger(&self) -> &Ledger {
        &self.queue.site.ledger
    }

    /// Every case that was made, by its first envelope.
    pub(super) fn made(&self) -> BTreeMap<EnvelopeId, Made> {
        self.made.lock().unwrap().clone()
    }

    /// Waits until the ledger says so, for a minute at most.
    pub(super) async fn until(&self, wanted: impl AsyncFn() -> bool) {
        let waiting = async {
            let mut look = tokio::time::interval(Duration::from_millis(3));
            while !wanted().await {
                look.tick().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), waiting).await.expect("it happens within a minute");
    }

    /// Seals a case with a frame of this many bytes; gives its envelope.
    pub(super) async fn add_case(
        &self,
        identity: &Identity,
        priority: Priority,
        frame_bytes: usize,
    ) -> EnvelopeId {
        let id = self.open_case(priority).await;
        let address = Address { site: identity.site(), case: id.parse().unwrap(), revision: 1 };
        let mut frame = vec![0; frame_bytes];
        blake3::Hasher::new().update(address.case.as_bytes()).finalize_xof().fill(&mut frame);
        let manifest = manifest(&address, priority, frame_bytes as u64);
        let content = Proven { manifest: manifest.to_json().unwrap(), frame };
        let mut bytes = Vec::new();
        let sealer = Sealer::new(&address, identity.signer(), identity.reader().unwrap());
        let sealed = sealer.seal(&content, &mut bytes).unwrap();
        let outbox = self.queue.site.store.outbox();
        outbox.put(Id::from_bytes(*sealed.envelope.as_bytes()), &bytes).unwrap();
        let row = Sealed {
            envelope: sealed.envelope,
            digest: sealed.digest,
            plain_bytes: 1,
            sealed_bytes: sealed.bytes,
            image_bytes: 1,
            frame_bytes: 1,
            searched: 1,
        };
        self.ledger().record_sealed(&id, &row).await.unwrap();
        self.made.lock().unwrap().insert(sealed.envelope, Made { case: address.case, bytes });
        sealed.envelope
    }

    /// A study with a case that is being packed; the case's id.
    async fn open_case(&self, priority: Priority) -> String {
        let n = self.made.lock().unwrap().len();
        let reception = Reception {
            id: Id::random().unwrap(),
            study_uid: format!("1.2.999.1.{n}"),
            sop_instance_uid: format!("1.2.999.2.{n}"),
            modality: "DX".into(),
            ..Reception::default()
        };
        let ledger = self.ledger();
        let study = ledger.record_arrivals(&[arrival(&reception)]).await.unwrap()[0].study.clone();
        ledger.make_revision(&study, "quiet time", now()).await.unwrap();
        let case = NewCase {
            study: study.clone(),
            revision: 1,
            state: CaseState::Leaving,
            priority,
            reason: "test".into(),
            transport: Transport::Image,
            leaves_at: None,
        };
        let d = NewDisposition::no_flag(None);
        assert!(ledger.record_disposition(&study, 1, &d, Some(&case), now()).await.unwrap());
        let id = ledger.case_of(&study, 1).await.unwrap().unwrap().id;
        assert!(ledger.begin_packing(&id).await.unwrap());
        id
    }

    /// The case of an envelope that was made here.
    pub(super) async fn row(&self, envelope: EnvelopeId) -> CaseRow {
        let id = self.made()[&envelope].case.to_string();
        self.ledger().case(&id).await.unwrap()
    }

    /// All cases.
    pub(super) async fn rows(&self) -> Vec<CaseRow> {
        self.ledger().cases(100).await.unwrap()
    }

    /// How many cases the cloud has confirmed to hold.
    pub(super) async fn received(&self) -> usize {
        self.rows().await.iter().filter(|row| row.received_at.is_some()).count()
    }

    /// How many reports are here and may be forgotten by the cloud.
    pub(super) async fn confirmed(&self) -> usize {
        let answered = self.rows().await.iter().filter(|row| row.answered_at.is_some()).count();
        // Between the two looks more may have come home: those are not counted yet.
        answered.saturating_sub(self.ledger().unconfirmed().await.unwrap().len())
    }

    /// A number that grows with each write of the courier.
    pub(super) async fn writes(&self) -> usize {
        let rows = self.rows().await;
        let of_row = |row: &CaseRow| {
            let parts = usize::try_from(row.parts_sent).unwrap();
            parts + usize::from(row.received_at.is_some()) + usize::from(row.answered_at.is_some())
        };
        rows.iter().map(of_row).sum::<usize>() + self.confirmed().await
    }

    /// Waits for so many writes, or until every case is answered; says which.
    pub(super) async fn until_or_done(&self, writes: usize) -> bool {
        let done = async || self.confirmed().await == self.made().len();
        self.until(async || self.writes().await >= writes || done().await).await;
        done().await
    }

    /// A fact that the ledger keeps about the link.
    pub(super) async fn fact(&self, name: &str) -> Option<String> {
        self.ledger().fact(name).await.unwrap()
    }

    /// Whether the cloud answers, as the courier last heard.
    pub(super) fn cloud_is_up(&self) -> bool {
        self.queue.cloud_up.load(std::sync::atomic::Ordering::Relaxed)
    }

    pub(super) fn path(&self, envelope: EnvelopeId) -> PathBuf {
        self.folder.join("store/outbox").join(envelope.to_string())
    }

    pub(super) fn truncate(&self, envelope: EnvelopeId) {
        let file = File::options().write(true).open(self.path(envelope)).unwrap();
        file.set_len(file.metadata().unwrap().len() / 2).unwrap();
    }

    pub(super) async fn assert_each_answered_once(&self) {
        let rows = self.rows().await;
        assert_eq!(rows.len(), self.made().len());
        for row in rows {
            assert_eq!((row.state, row.fault.as_deref()), (CaseState::Answered, None));
            assert!(self.ledger().report(&row.id).await.unwrap().is_some());
            let events = self.ledger().detail(&row.study).await.unwrap().events;
            let home = events.iter().filter(|event| event.what.ends_with("is home")).count();
            assert_eq!(home, 1, "each report is recorded once");
        }
    }
}

fn manifest(address: &Address, priority: Priority, bytes: u64) -> CaseManifest {
    CaseManifest {
        format: CaseFormat::V1,
        case: address.case,
        revision: 1,
        study: "a1".into(),
        modality: "DX".into(),
        body_part: None,
        view: None,
        age: None,
        sex: None,
        priority,
        findings: vec![],
        disposition: Disposition::Escalate,
        reasons: vec!["test".into()],
        note: None,
        statement: StatementDigest::from_bytes([0; 32]),
        transport: Transport::Image,
        frames: vec![FrameEntry {
            index: 0,
            name: "frame-0000.png".into(),
            kind: FrameKind::Png8,
            rows: 1,
            columns: 1,
            bytes,
            window: None,
            photometric: "MONOCHROME2".into(),
            encoder: None,
        }],
    }
}
