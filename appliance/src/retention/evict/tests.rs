//! Behaviours on a disk that fills up: what may go goes, in order; what may not stays, whole, to the last byte.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use proto::case::{Priority, Transport};

use super::*;
use crate::arrivals::arrival;
use crate::forward::Forwards;
use audit::{Audit, verify};
use domain::case_state::CaseState;
use ledger::{Ledger, NewCase, NewDisposition};
use store::units::{Size, Span};
use store::{Level, Reception, StoreConfig};

pub(crate) const KEY: [u8; 32] = [7; 32];
pub(crate) const DAY: i64 = 86_400_000;
pub(crate) const NOW: i64 = 1_790_000_000_000;

/// The rooms of a site in a folder, with a small evictor's view of what is in them.
pub(crate) struct Clinic {
    pub(crate) site: Site,
    config: StoreConfig,
    folder: PathBuf,
}

impl Clinic {
    pub(crate) async fn new(folder: &Path, warn: u64, refuse: u64) -> Self {
        let config = StoreConfig {
            warn_free: Size(warn),
            refuse_free: Size(refuse),
            keep: Span(Duration::from_secs(30 * 86_400)),
            evict: Eviction::Answered,
            ..StoreConfig::at(folder.join("store"))
        };
        let site = Site {
            store: Store::open(&config).unwrap(),
            ledger: Ledger::create(&folder.join("ledger.db"), &KEY).await.unwrap(),
            audit: Arc::new(Audit::open(&folder.join("audit.jsonl"), &KEY).unwrap()),
            forwards: Forwards::new(&[]),
        };
        Self { site, config, folder: folder.to_owned() }
    }

    pub(crate) fn evictor(&self) -> Evictor {
        Evictor::new(&self.config, self.site.clone())
    }

    /// One instance as reception stores it; `None` when it is refused for want of room.
    pub(crate) fn store(&self, n: u32, bytes: usize, at: i64) -> Option<Reception> {
        let stored = self.site.store.inbox().begin().and_then(|mut incoming| {
            incoming.write(&vec![n as u8; bytes])?;
            incoming.commit(Reception {
                study_uid: format!("1.2.999.1.{n}"),
                sop_instance_uid: format!("1.2.999.2.{n}"),
                series_uid: format!("1.2.999.3.{n}"),
                sop_class: "1.2.840.10008.5.1.4.1.1.2".into(),
                arrived: at,
                ..Reception::default()
            })
        });
        match stored {
            Ok(stored) => Some(stored.reception),
            Err(store::Error::Full) => None,
            Err(error) => panic!("{error}"),
        }
    }

    /// A study of one instance, answered, with a preview; its id and its entry.
    pub(crate) async fn answered(
        &self,
        n: u32,
        bytes: usize,
        at: i64,
        state: Option<CaseState>,
    ) -> Option<(String, Id)> {
        let reception = self.store(n, bytes, at)?;
        let ledger = &self.site.ledger;
        let study = ledger.record_arrivals(&[arrival(&reception)]).await.unwrap()[0].study.clone();
        self.site.store.inbox().settle(reception.id).unwrap();
        ledger.make_revision(&study, "quiet time", at).await.unwrap();
        let output = Id::random().unwrap();
        self.site.store.derived().put(output, &vec![1; bytes / 4]).ok()?;
        let case = state.map(|state| NewCase {
            study: study.clone(),
            revision: 1,
            state,
            priority: Priority::Routine,
            reason: "r".into(),
            transport: Transport::Image,
            leaves_at: None,
        });
        let d = NewDisposition::no_flag(Some(output.to_string()));
        assert!(ledger.record_disposition(&study, 1, &d, case.as_ref(), at).await.unwrap());
        Some((study, reception.id))
    }

    pub(crate) fn here(&self, id: Id) -> bool {
        self.site.store.inbox().verify(id).is_ok()
    }
}

#[tokio::test]
async fn what_is_delivered_and_old_goes_and_everything_else_stays() {
    let folder = tempfile::tempdir().unwrap();
    // The disk is always short here, and never so short that nothing is taken.
    let site = Clinic::new(folder.path(), u64::MAX, 0).await;
    let old = NOW - 40 * DAY;
    let (gone, entry) = site.answered(1, 4_000, old, None).await.unwrap();
    let (_, young) = site.answered(2, 4_000, NOW - DAY, None).await.unwrap();
    let (_, open) = site.answered(3, 4_000, old, Some(CaseState::Review)).await.unwrap();
    let waiting = site.store(4, 4_000, old).unwrap();
    site.site.ledger.record_arrivals(&[arrival(&waiting)]).await.unwrap();

    let freed = site.evictor().round(NOW).await.unwrap();
    // The case's study keeps its pictures for whoever decides on it.
    assert_eq!(freed, Freed { previews: 2, studies: 1, instances: 1 });
    assert!(!site.here(entry) && site.here(young) && site.here(open) && site.here(waiting.id));
    assert_eq!(site.site.store.derived().list().unwrap().len(), 1);
    assert_eq!(site.evictor().round(NOW).await.unwrap(), Freed::default(), "nothing more may go");
    let held = site.site.ledger.held_back(past(&site.config, NOW), proof(&site.config)).await.unwrap();
    assert_eq!((held.evictable, held.young, held.open_cases, held.unanswered), (0, 1, 1, 1));
    let text = std::fs::read_to_string(folder.path().join("audit.jsonl")).unwrap();
    assert!(text.contains("evicted") && text.contains(&gone), "{text}");
    let case = NewCase {
        study: gone.clone(),
        revision: 1,
        state: CaseState::Leaving,
        priority: Priority::Routine,
        reason: "r".into(),
        transport: Transport::Image,
        leaves_at: None,
    };
    let refused = site.site.ledger.open_case(&case, NOW).await.unwrap_err();
    assert!(refused.to_string().contains("send it here again"), "{refused}");

    // The same bytes may come again, and count as new.
    let again = site.store(1, 4_000, NOW).unwrap();
    let made = site.site.ledger.record_arrivals(&[arrival(&again)]).await.unwrap();
    assert!(!made[0].repeated && !made[0].conflict && made[0].study == gone);
    assert_eq!(site.site.ledger.make_revision(&gone, "quiet time", NOW).await.unwrap(), Some(2));
    let rows = site.site.ledger.instances(&gone, 2).await.unwrap();
    assert_eq!(rows.iter().map(|r| r.id.clone()).collect::<Vec<_>>(), [again.id.to_string()]);
}

#[tokio::test]
async fn a_site_that_proves_nothing_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut site = Clinic::new(folder.path(), u64::MAX, 0).await;
    site.config.evict = Eviction::Forwarded;
    let (_, entry) = site.answered(1, 4_000, NOW - 40 * DAY, None).await.unwrap();
    let freed = site.evictor().round(NOW).await.unwrap();
    assert_eq!((freed.studies, freed.previews), (0, 1));
    assert!(site.here(entry));
}

#[tokio::test]
async fn files_that_a_crash_left_behind_their_rows_are_removed_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let site = Clinic::new(folder.path(), u64::MAX, 0).await;
    let (study, entry) = site.answered(1, 4_000, NOW - 40 * DAY, None).await.unwrap();
    let (_, other) = site.answered(2, 4_000, NOW - 40 * DAY, None).await.unwrap();
    site.site.ledger.evict(&study, NOW, Proof::Answered, NOW).await.unwrap();
    assert!(site.here(entry), "killed before the file was removed");
    // Its original and its pictures.
    assert_eq!(sweep(&site.site).await.unwrap(), 2);
    assert!(!site.here(entry) && site.here(other));
}

/// A small file system of memory, unmounted when dropped.
struct Small(PathBuf);

impl Small {
    fn mount(at: &Path, size: &str) -> Option<Self> {
        let options = format!("size={size}");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(at).output();
        done.is_ok_and(|d| d.status.success()).then(|| Self(at.to_owned()))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn fill(path: &Path) {
    let mut file = std::fs::File::create(path).unwrap();
    for piece in [1 << 20, 4096, 1] {
        while file.write_all(&vec![0xa5; piece]).is_ok() {}
    }
}

#[tokio::test]
async fn a_disk_filled_to_the_last_byte_loses_nothing_and_recovers() {
    let folder = tempfile::tempdir().unwrap();
    let Some(small) = Small::mount(folder.path(), "48m") else {
        use std::io::Write as _;
        let words = "a small file system could not be mounted (that needs root): a full disk was NOT tested";
        writeln!(std::io::stderr(), "{words}").unwrap();
        return;
    };
    let site = Clinic::new(&small.0, 24 << 20, 12 << 20).await;
    let old = NOW - 40 * DAY;
    // Old delivered studies, then ones that must stay, until reception is refused.
    let (mut may_go, mut must_stay) = (Vec::new(), Vec::new());
    for n in 0..200 {
        let state = (n % 2 == 1).then_some(CaseState::Review);
        let Some((_, entry)) = site.answered(n, 1 << 20, old + i64::from(n), state).await else { break };
        if state.is_some() { must_stay.push(entry) } else { may_go.push(entry) }
    }
    assert!(may_go.len() > 5 && must_stay.len() > 5, "{} {}", may_go.len(), must_stay.len());
    assert_eq!(site.site.store.space().unwrap().level, Level::Refusing);
    assert!(site.site.store.space().unwrap().free > 8 << 20, "refused long before anything is at risk");

    // Somebody else fills what is left, to the last byte.
    let filler = site.folder.join("filler");
    fill(&filler);
    assert_eq!(site.site.store.space().unwrap().free, 0);
    assert!(site.store(900, 10, NOW).is_none(), "nothing is taken");
    for n in 0..2_000 {
        // The log may still have room of its own: what is refused is refused, what is taken is kept.
        if site.site.audit.write(n, "ada", "login", "", "").is_err() {
            break;
        }
    }
    assert!(site.site.audit.write(1, "ada", "login", "", "").is_err(), "a full disk shows");
    for entry in may_go.iter().chain(&must_stay) {
        assert!(site.here(*entry), "what was taken is whole");
    }

    // Previews make the first room, delivered studies the rest; the filler stays.
    let freed = site.evictor().round(NOW).await.unwrap();
    assert!(freed.previews > 0 && freed.studies > 0, "{freed:?}");
    assert!(must_stay.iter().all(|e| site.here(*e)), "what is not delivered stays");
    let left: Vec<bool> = may_go.iter().map(|e| site.here(*e)).collect();
    assert!(left.windows(2).all(|w| w[1] || !w[0]), "the oldest first: {left:?}");
    site.site.audit.write(2, "ada", "login", "", "").unwrap();
    site.site.ledger.check().await.unwrap();
    verify(&site.folder.join("audit.jsonl"), &KEY).unwrap();

    // With the filler gone reception goes on.
    std::fs::remove_file(filler).unwrap();
    site.evictor().round(NOW).await.unwrap();
    assert_eq!(site.site.store.space().unwrap().level, Level::Ample);
    assert!(site.answered(901, 1 << 20, NOW, None).await.is_some());
    site.site.ledger.close().await;
    assert!(Ledger::open(&site.folder.join("ledger.db"), &KEY).await.is_ok());
}

#[tokio::test]
async fn no_preview_goes_for_an_object_that_may_yet_be_refused() {
    let folder = tempfile::tempdir().unwrap();
    let Some(small) = Small::mount(folder.path(), "64m") else {
        use std::io::Write as _;
        let words = "a small file system could not be mounted (that needs root): eviction was NOT tested";
        writeln!(std::io::stderr(), "{words}").unwrap();
        return;
    };
    let site = Clinic::new(&small.0, 32 << 20, 8 << 20).await;
    site.answered(1, 1 << 20, NOW - DAY, None).await.unwrap();
    let mut long = site.site.store.inbox().begin().unwrap();
    for _ in 0..36 {
        long.write(&vec![7; 1 << 20]).unwrap();
    }
    assert!(site.site.store.space().unwrap().free < 32 << 20);
    assert_eq!(site.evictor().round(NOW).await.unwrap(), Freed::default(), "while it arrives");
    drop(long);
    assert_eq!(site.evictor().round(NOW).await.unwrap(), Freed::default(), "after it was refused");
    assert!(site.store(2, 36 << 20, NOW).is_some());
    assert_eq!(site.evictor().round(NOW).await.unwrap().previews, 1, "for one that is here to stay");
}
