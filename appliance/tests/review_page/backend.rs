//! A backend with a real ledger and a real audit, without models, cloud or scanner.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom, Write};
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use audit::Audit;
use domain::case_state::CaseState;
use domain::decision::Decision;
use domain::job::{Answer, Explained, FrameJob, InstanceRef, Job, ListFacts, PreviewMark};
use domain::picture::{Piece, Preview};
use domain::verdict::{Timings, Verdict};
use ledger::{Arrival, Ledger, NewCase, NewDisposition};
use proto::case::{Disposition, Finding, Priority, Transport, TriageMode};
use scanside_appliance::cases::{self, CaseService};
use scanside_appliance::review::{Backend, Config, Error, Frame, LightRow, Lights, Mode};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

pub(super) const START: i64 = 1_790_000_000_000;
pub(super) const HOST: &str = "127.0.0.1:8080";
/// Planted identity: must be in no page, address or title, and only in the answer to "I am looking".
pub(super) const NAME: &str = "PLANTED^NAME";
pub(super) const PASSWORD: &str = "four quiet lead aprons";

/// A backend with a real ledger and a real audit, without models, cloud or scanner.
pub(super) struct Fake {
    pub(super) ledger: Ledger,
    pub(super) audit: Audit,
    pub(super) config: Config,
    pub(super) now: AtomicI64,
    pub(super) demo: bool,
    pub(super) away: Mutex<Option<i64>>,
    pub(super) accounts: Mutex<Vec<(String, &'static str)>>,
    pub(super) frames: Mutex<BTreeMap<String, Vec<Vec<u8>>>>,
    /// P10 files of studies with one instance.
    pub(super) originals: Mutex<BTreeMap<String, Vec<u8>>>,
    /// What a full frame waits for, where one is to wait.
    pub(super) held_up: Mutex<Option<Arc<Semaphore>>>,
    /// Full frames that wait so.
    pub(super) waiting: AtomicU32,
    pub(super) folder: tempfile::TempDir,
}

/// What a worker makes of a job about one P10 file, and all that it wrote.
pub(super) fn worked(job: &Job, original: &[u8]) -> (Answer, Vec<u8>) {
    let (mut output, mut file) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
    file.write_all(original).unwrap();
    let models = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../models");
    let text_detector = worker::TextDetector::open(&models.join("burned-in-text")).unwrap();
    let mut tools = worker::Tools { text_detector, classifiers: Vec::new(), encoders: Vec::new() };
    let answer = worker::work(job, &[output.try_clone().unwrap(), file], &mut tools, &|_| {});
    let mut written = Vec::new();
    output.seek(SeekFrom::Start(0)).unwrap();
    output.read_to_end(&mut written).unwrap();
    domain::job::check_answer(&answer, 1, written.len() as u64).unwrap();
    (answer, written)
}

impl Backend for Fake {
    fn ledger(&self) -> &Ledger {
        &self.ledger
    }
    fn config(&self) -> &Config {
        &self.config
    }
    fn now(&self) -> i64 {
        self.now.load(Ordering::Relaxed)
    }
    async fn decide(&self, who: &str, decision: &Decision) -> Result<(), Error> {
        let service = CaseService {
            ledger: &self.ledger,
            audit: &self.audit,
            countdown: self.config.countdown,
            hidden_most: 0.02,
        };
        service.decide(who, decision, self.now()).await.map_err(|error| match error {
            cases::Error::Ledger(error) => error.into(),
            refused => Error::Refused(refused.to_string()),
        })
    }
    async fn process_now(&self, who: &str, study: &str) -> Result<(), Error> {
        Ok(self.ledger.add_event(study, who, "process now", self.now()).await?)
    }
    fn expected(&self, _: &str) -> Option<(i64, &'static str)> {
        Some((self.now() + 20_000, "quiet time"))
    }
    async fn lights(&self) -> Result<Lights, Error> {
        let away = *self.away.lock().unwrap();
        let row =
            |name, state: &str, words: &str| LightRow { name, state: state.into(), words: words.into() };
        Ok(Lights {
            site: "North <1>".into(),
            mode: "settle".into(),
            lights: vec![
                row("scanner", "ok", "9 studies received"),
                row("models", "ok", "2 bundles, mode settle"),
                if away.is_some() {
                    row("cloud", "warn", "away")
                } else {
                    row("cloud", "ok", "the cloud answers")
                },
                row("disk", "ok", "120 GiB free"),
            ],
            cloud_away_since: away,
            waiting_sealed: if away.is_some() { 2 } else { 0 },
            demo: self.demo,
        })
    }
    async fn preview(&self, study: &str, index: usize) -> Result<Frame, Error> {
        let detail = self.ledger.detail(study).await?;
        let d = detail.disposition.ok_or(Error::Unknown("image"))?;
        let about = d.verdict.previews.get(index).cloned().ok_or(Error::Unknown("image"))?;
        let values = self.frames.lock().unwrap().get(study).and_then(|f| f.get(index).cloned());
        Ok(Frame { about, values: values.ok_or(Error::Unknown("image"))? })
    }
    async fn full_frame(&self, study: &str, index: usize) -> Result<Frame, Error> {
        let d = self.ledger.detail(study).await?.disposition.ok_or(Error::Unknown("image"))?;
        let preview = d.verdict.previews.get(index).ok_or(Error::Unknown("image"))?;
        let held = self.held_up.lock().unwrap().clone();
        if let Some(held) = held {
            self.waiting.fetch_add(1, Ordering::SeqCst);
            held.acquire().await.unwrap().forget();
        }
        let original = self.originals.lock().unwrap().get(study).cloned();
        let original = original.ok_or(Error::Refused("the original is no longer on this disk".into()))?;
        let mark = PreviewMark { level: preview.level, blake3: preview.piece.blake3.clone() };
        let job = Job::Frame(FrameJob {
            instance: InstanceRef::p10(),
            frame: preview.frame,
            most_bytes: 1 << 20,
            preview: Some(mark),
        });
        match worked(&job, &original) {
            (Answer::Frame(about), values) => Ok(Frame { about, values }),
            (Answer::Failed(failure), _) => Err(Error::Refused(failure.reason)),
            other => panic!("{other:?}"),
        }
    }
    fn destination(&self) -> Option<(String, u16)> {
        Some(("SCANSIDE".into(), 11112))
    }
    fn looked(&self, who: &str, study: &str) -> Result<(), Error> {
        self.audit
            .write(self.now(), who, "looked at the name", study, "")
            .map_err(|_| Error::Refused("the audit cannot be written: nothing was done".into()))
    }
    async fn attributes(
        &self,
        by: Option<&str>,
        study: &str,
        instance: u32,
    ) -> Result<Vec<Explained>, Error> {
        if let Some(who) = by {
            self.audit
                .write(self.now(), who, "looked at attributes", study, "")
                .map_err(|_| Error::Refused("the audit cannot be written: nothing was done".into()))?;
        }
        let before = by.map(|_| "PLANTED^NAME".to_owned());
        let (attribute, action, rule) =
            (format!("instance {instance} PatientName"), "Z".into(), "table".into());
        Ok(vec![Explained { attribute, action, rule, before, after: Some("P0".into()) }])
    }
    fn account(&self, who: &str, what: &'static str) -> Result<(), Error> {
        self.accounts.lock().unwrap().push((who.to_owned(), what));
        Ok(())
    }
}

impl Fake {
    pub(super) async fn new(demo: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            ledger: Ledger::create(&folder.path().join("ledger.db"), &[7; 32]).await.unwrap(),
            audit: Audit::open(&folder.path().join("audit.jsonl"), &[7; 32]).unwrap(),
            config: Config { mode: Mode::Veto, reading_room: "2345".into(), ..Config::default() },
            now: AtomicI64::new(START),
            demo,
            away: Mutex::new(None),
            accounts: Mutex::new(Vec::new()),
            frames: Mutex::new(BTreeMap::new()),
            originals: Mutex::default(),
            held_up: Mutex::default(),
            waiting: AtomicU32::new(0),
            folder,
        }
    }

    pub(super) fn audit_text(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("audit.jsonl")).unwrap()
    }

    pub(super) async fn invite(&self, name: &str, code: &str) {
        let hash = hex::encode(Sha256::digest(code.as_bytes()));
        self.ledger.put_user(name, &hash, self.now() + 86_400_000, false, self.now()).await.unwrap();
    }

    /// A study with one instance that is stable but not answered; returns its id.
    pub(super) async fn arrive(&self, n: u32, modality: &str) -> String {
        self.ledger.record_arrivals(&[self.arrival(n, modality)]).await.unwrap()[0].study.clone()
    }

    /// The one instance of such a study.
    pub(super) fn arrival(&self, n: u32, modality: &str) -> Arrival {
        Arrival {
            id: format!("{n:032x}"),
            study_uid: format!("1.2.999.1.{n}"),
            sop_instance_uid: format!("1.2.999.2.{n}"),
            series_uid: format!("1.2.999.3.{n}"),
            sop_class: "1.2.840.10008.5.1.4.1.1.1.1".into(),
            transfer_syntax: "1.2.840.10008.1.2.1".into(),
            modality: modality.into(),
            calling_ae: "CT1".into(),
            address: "127.0.0.1".into(),
            association: "a".into(),
            arrived: self.now(),
            bytes: 8_000_000,
            blake3: format!("{n:064x}"),
            identity: String::new(),
        }
    }

    /// A study answered with `d`, and a case in `state` where there is one.
    pub(super) async fn answered(&self, n: u32, d: NewDisposition, state: Option<CaseState>) -> String {
        let study = self.arrive(n, &d.facts.modality).await;
        self.ledger.make_revision(&study, "quiet time", self.now()).await.unwrap();
        let case = state.map(|state| NewCase {
            study: study.clone(),
            revision: 1,
            state,
            priority: d.verdict.priority,
            reason: d.verdict.reason.clone(),
            transport: Transport::Image,
            leaves_at: (state == CaseState::Leaving).then(|| self.now() + 8_000),
        });
        assert!(self.ledger.record_disposition(&study, 1, &d, case.as_ref(), self.now()).await.unwrap());
        study
    }
}

pub(super) fn disposition(disposition: Disposition, priority: Priority) -> NewDisposition {
    let reason = match disposition {
        Disposition::NotAnalysed => "no bundle takes MR",
        Disposition::Unreadable => "the pixel data ends early",
        Disposition::Escalate => "two findings near their thresholds",
        _ => "pneumothorax 0.91 over 0.50",
    };
    let verdict = Verdict {
        bundle: if disposition == Disposition::NotAnalysed { String::new() } else { "chest-xray".into() },
        version: "1.2".into(),
        digest: "ab".repeat(32),
        findings: vec![
            finding("pneumothorax", 0.91, 0.5, disposition == Disposition::Flag),
            finding("pleural effusion", 0.12, 0.4, false),
        ],
        priority,
        plan_digest: "ab".repeat(32),
        actions: BTreeMap::from([("X".into(), 41), ("U".into(), 7), ("Z".into(), 6), ("D".into(), 2)]),
        ms: Timings { total: 812.0, ..Timings::default() },
        ..Verdict::without_model(disposition, reason.into())
    };
    NewDisposition {
        verdict,
        mode: TriageMode::Settle,
        facts: ListFacts {
            modality: "DX".into(),
            body_part: "CHEST".into(),
            view: "PA".into(),
            accession_tail: "4711".into(),
            station: "ROOM 2".into(),
            patient_name: NAME.into(),
        },
        pseudonym_key: String::new(),
        output: None,
        cloud_up: true,
        seen: None,
        sample: None,
    }
}

pub(super) fn finding(name: &str, score: f32, threshold: f32, positive: bool) -> Finding {
    Finding { scheme: "RADLEX".into(), code: "RID1".into(), name: name.into(), score, threshold, positive }
}

pub(super) fn preview(level: u8, rows: u32, columns: u32) -> Preview {
    Preview {
        instance: 0,
        frame: 0,
        level,
        rows,
        columns,
        piece: Piece { offset: 0, length: u64::from(rows * columns * 2), blake3: "00".repeat(32) },
        first: 0.0,
        step: 1.0,
        window: (2048.0, 4096.0),
        inverted: false,
    }
}

pub(super) async fn backend() -> Arc<Fake> {
    Arc::new(Fake::new(false).await)
}
