//! The house in memory: an outbox that counts what happens to it.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use proto::case::{CaseFormat, CaseManifest, Disposition, FrameEntry, FrameKind, Plan, Priority};
use proto::content::Leaf;
use proto::envelope::{Address, Kind, Leaves, Sealer};
use proto::ids::{CaseId, EnvelopeDigest, EnvelopeId, StatementDigest};
use tokio::sync::watch;

use crate::escalation::{
    Backlog, DueCase, HomeReport, Identity, Link, Outbox, OutboxFailed, Phase, Refusal, Stored,
};

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

#[derive(Default)]
pub(super) struct Seen {
    pub cases: BTreeMap<EnvelopeId, (DueCase, Option<SystemTime>, bool)>,
    pub received: Vec<EnvelopeId>,
    pub refused: Vec<(EnvelopeId, Refusal)>,
    pub reports: Vec<HomeReport>,
    pub stored_again: usize,
    pub confirmed: Vec<EnvelopeId>,
    pub reports_refused: Vec<CaseId>,
    pub withdrawals: Vec<CaseId>,
    pub superseded: Vec<(EnvelopeId, bool)>,
    pub links: Vec<Link>,
    pub phases: Vec<Phase>,
    pub progress: u32,
    pub postponed: u32,
    pub writes: usize,
}

pub(super) struct House {
    folder: PathBuf,
    seen: Mutex<Seen>,
    changed: watch::Sender<u64>,
}

impl House {
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), seen: Mutex::default(), changed: watch::Sender::new(0) }
    }

    pub(super) fn look<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.seen.lock().unwrap())
    }

    fn change<T>(&self, change: impl FnOnce(&mut Seen) -> T) -> T {
        let out = {
            let mut seen = self.seen.lock().unwrap();
            seen.writes += 1;
            change(&mut seen)
        };
        self.changed.send_modify(|count| *count += 1);
        out
    }

    pub(super) async fn until(&self, wanted: impl Fn(&Seen) -> bool) {
        let mut changed = self.changed.subscribe();
        let waiting = changed.wait_for(|_| self.look(&wanted));
        tokio::time::timeout(Duration::from_secs(60), waiting)
            .await
            .expect("it happens within a minute")
            .unwrap();
    }

    /// Waits for the n-th write, or until every case is answered; says which.
    pub(super) async fn until_or_done(&self, writes: usize) -> bool {
        let done = |seen: &Seen| seen.confirmed.len() == seen.cases.len();
        self.until(|seen| seen.writes >= writes || done(seen)).await;
        self.look(done)
    }

    /// Seals a case with a frame of this many bytes; returns the envelope's length.
    pub(super) fn add_case(&self, identity: &Identity, priority: Priority, frame_bytes: usize) -> u64 {
        let address = Address { site: identity.site(), case: CaseId::random().unwrap(), revision: 1 };
        let mut frame = vec![0; frame_bytes];
        blake3::Hasher::new().update(address.case.as_bytes()).finalize_xof().fill(&mut frame);
        let manifest = CaseManifest {
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
            plan: Plan::Image,
            frames: vec![FrameEntry {
                index: 0,
                name: "frame-0000.png".into(),
                kind: FrameKind::Png8,
                rows: 1,
                columns: 1,
                bytes: frame_bytes as u64,
                window: None,
                photometric: "MONOCHROME2".into(),
                encoder: None,
            }],
        };
        let content = Proven { manifest: manifest.to_json().unwrap(), frame };
        let mut bytes = Vec::new();
        let sealer = Sealer::new(&address, identity.signer(), identity.reader().unwrap());
        let sealed = sealer.seal(&content, &mut bytes).unwrap();
        std::fs::write(self.path(sealed.envelope), bytes).unwrap();
        let due = DueCase {
            envelope: sealed.envelope,
            case: address.case,
            revision: 1,
            digest: sealed.digest,
            priority,
            modality: "DX".into(),
            failures: 0,
        };
        self.change(|seen| seen.cases.insert(sealed.envelope, (due, None, false)));
        sealed.bytes
    }

    pub(super) fn priority_of(&self, envelope: EnvelopeId) -> Priority {
        self.look(|seen| seen.cases[&envelope].0.priority)
    }

    pub(super) fn truncate(&self, envelope: EnvelopeId) {
        let file = File::options().write(true).open(self.path(envelope)).unwrap();
        file.set_len(file.metadata().unwrap().len() / 2).unwrap();
    }

    pub(super) fn withdraw(&self, case: CaseId) {
        self.change(|seen| seen.withdrawals.push(case));
    }

    pub(super) fn path(&self, envelope: EnvelopeId) -> PathBuf {
        self.folder.join(envelope.to_string())
    }

    pub(super) fn assert_each_answered_once(&self) {
        self.look(|seen| {
            let mut answered: Vec<_> = seen.reports.iter().map(|report| report.case).collect();
            let mut wanted: Vec<_> = seen.cases.values().map(|(due, ..)| due.case).collect();
            answered.sort();
            wanted.sort();
            assert_eq!(answered, wanted);
            assert!(seen.refused.is_empty() && seen.reports_refused.is_empty());
        });
    }
}

impl Outbox for House {
    async fn due(&self, now: SystemTime, limit: usize) -> Result<Vec<DueCase>, OutboxFailed> {
        Ok(self.look(|seen| {
            let ready =
                |entry: &&(DueCase, Option<SystemTime>, bool)| !entry.2 && entry.1.is_none_or(|at| at <= now);
            let mut due: Vec<_> = seen.cases.values().filter(ready).map(|entry| entry.0.clone()).collect();
            due.sort_by_key(|case| std::cmp::Reverse(case.priority));
            due.truncate(limit);
            due
        }))
    }

    async fn next_due(&self) -> Result<Option<SystemTime>, OutboxFailed> {
        Ok(self.look(|seen| seen.cases.values().filter(|entry| !entry.2).filter_map(|entry| entry.1).min()))
    }

    async fn backlog(&self) -> Result<Backlog, OutboxFailed> {
        Ok(self.look(|seen| Backlog {
            waiting: seen.cases.values().filter(|entry| !entry.2).count() as u32,
            oldest_seconds: 0,
            awaiting_report: (seen.received.len() - seen.reports.len().min(seen.received.len())) as u32,
        }))
    }

    async fn open(&self, envelope: EnvelopeId) -> Result<File, OutboxFailed> {
        File::open(self.path(envelope)).map_err(|_| OutboxFailed)
    }

    async fn sent(
        &self,
        envelope: EnvelopeId,
        there: u32,
        parts: u32,
        _bytes: u64,
    ) -> Result<(), OutboxFailed> {
        assert!(there <= parts);
        self.change(|seen| {
            seen.progress += 1;
            seen.cases.get_mut(&envelope).unwrap().0.failures = 0;
        });
        Ok(())
    }

    async fn received(&self, envelope: EnvelopeId, unix_ms: i64) -> Result<(), OutboxFailed> {
        assert!(unix_ms > 0);
        self.change(|seen| {
            let case = seen.cases.get_mut(&envelope).unwrap();
            assert!(!case.2, "received once only");
            case.2 = true;
            seen.received.push(envelope);
        });
        Ok(())
    }

    async fn postponed(
        &self,
        envelope: EnvelopeId,
        failures: u32,
        until: SystemTime,
    ) -> Result<(), OutboxFailed> {
        self.change(|seen| {
            seen.postponed += 1;
            let case = seen.cases.get_mut(&envelope).unwrap();
            case.0.failures = failures;
            case.1 = Some(until);
        });
        Ok(())
    }

    async fn refused(&self, envelope: EnvelopeId, why: Refusal) -> Result<(), OutboxFailed> {
        self.change(|seen| {
            seen.refused.push((envelope, why));
            seen.cases.remove(&envelope);
        });
        Ok(())
    }

    async fn superseded(&self, envelope: EnvelopeId, committed: bool) -> Result<(), OutboxFailed> {
        self.change(|seen| {
            seen.superseded.push((envelope, committed));
            seen.cases.remove(&envelope)
        });
        Ok(())
    }

    async fn withdrawals(&self) -> Result<Vec<(CaseId, u32)>, OutboxFailed> {
        Ok(self.look(|seen| seen.withdrawals.iter().map(|case| (*case, 0)).collect()))
    }

    async fn withdrawn(&self, case: CaseId, _revision: u32) -> Result<(), OutboxFailed> {
        self.change(|seen| seen.withdrawals.retain(|other| *other != case));
        Ok(())
    }

    async fn store_report(&self, report: HomeReport) -> Result<Stored, OutboxFailed> {
        self.change(|seen| {
            if seen.reports.iter().any(|kept| kept.envelope == report.envelope) {
                seen.stored_again += 1;
            } else {
                seen.reports.push(report);
            }
        });
        Ok(Stored::Kept)
    }

    async fn unconfirmed(&self) -> Result<Vec<(EnvelopeId, EnvelopeDigest)>, OutboxFailed> {
        let open = |seen: &Seen, report: &&HomeReport| !seen.confirmed.contains(&report.envelope);
        Ok(self.look(|seen| {
            seen.reports.iter().filter(|report| open(seen, report)).map(|r| (r.envelope, r.digest)).collect()
        }))
    }

    async fn confirmed(&self, envelope: EnvelopeId) -> Result<(), OutboxFailed> {
        self.change(|seen| {
            if !seen.confirmed.contains(&envelope) {
                seen.confirmed.push(envelope);
            }
        });
        Ok(())
    }

    async fn report_refused(&self, case: CaseId, _revision: u32, _why: Refusal) -> Result<(), OutboxFailed> {
        self.change(|seen| seen.reports_refused.push(case));
        Ok(())
    }

    async fn phases(&self, phases: Vec<Phase>) -> Result<(), OutboxFailed> {
        self.change(|seen| seen.phases = phases);
        Ok(())
    }

    async fn link(&self, link: Link) -> Result<(), OutboxFailed> {
        self.change(|seen| seen.links.push(link));
        Ok(())
    }
}
