//! Behaviours of a start over a ledger that is not the store's own, and of one that a crash left half done.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;
use crate::retention::evict_tests::{Clinic, DAY, KEY, NOW};
use crate::retention::sweep;
use ledger::{Ledger, Onward, Proof};

#[tokio::test]
async fn an_older_ledger_is_brought_up_to_the_store_once_and_knows_what_was_removed_since() {
    let folder = tempfile::tempdir().unwrap();
    // The disk is always short here, and never so short that nothing is taken.
    let mut clinic = Clinic::new(folder.path(), u64::MAX, 0).await;
    assert_eq!(reconcile(&clinic.site).await.unwrap(), TakenUp::default());
    let (old, removed) = clinic.answered(1, 4_000, NOW - 40 * DAY, None).await.unwrap();
    let (_, stays) = clinic.answered(2, 4_000, NOW - DAY, None).await.unwrap();
    let (_, lost) = clinic.answered(3, 4_000, NOW - DAY, None).await.unwrap();
    let copy = folder.path().join("copy.db");
    assert_eq!(clinic.site.ledger.backup(&copy).await.unwrap().instances, 3);

    let late = [4, 5].map(|n| clinic.store(n, 4_000, NOW).unwrap());
    clinic.site.ledger.record_arrivals(&late.each_ref().map(arrival)).await.unwrap();
    clinic.site.store.inbox().settle(late[0].id).unwrap();
    assert_eq!(clinic.evictor().round(NOW).await.unwrap().studies, 1);
    assert!(!clinic.here(removed));
    clinic.site.store.inbox().remove(lost).unwrap();
    clinic.site.ledger.close().await;

    clinic.site.ledger = Ledger::open(&copy, &KEY).await.unwrap();
    let ledger = clinic.site.ledger.clone();
    // The copy still wants to send on what has been delivered and removed since.
    let row = ledger.instances(&old, 1).await.unwrap().remove(0);
    let known = Arrival { id: row.id, blake3: row.blake3, ..arrival(&late[0]) };
    let pacs = |_: &Arrival| vec![Onward { destination: "pacs".into(), commit: true }];
    assert!(!ledger.record_arrivals_to(&[known], pacs).await.unwrap()[0].repeated);
    assert_eq!(ledger.forward_queues().await.unwrap()[0].waiting, 1);

    let made = reconcile(&clinic.site).await.unwrap();
    assert_eq!(made, TakenUp { entries: 2, evicted: 1, missing: 1, damaged: 0 });
    assert!(ledger.is_evicted(&old).await.unwrap());
    assert!(ledger.forward_queues().await.unwrap().iter().all(|queue| queue.waiting == 0));
    let known = ledger.known_entries().await.unwrap();
    assert_eq!(known.len(), 5);
    assert!(late.iter().all(|r| known.contains_key(&r.id.to_string()) && clinic.here(r.id)));
    assert!(clinic.here(stays) && !known[&stays.to_string()].evicted);
    let open = ledger.open_studies().await.unwrap();
    assert_eq!(open.len(), 2, "what was taken up is answered again");
    assert_eq!(reconcile(&clinic.site).await.unwrap(), TakenUp::default(), "once");
    let text = std::fs::read_to_string(folder.path().join("audit.jsonl")).unwrap();
    assert!(text.contains("2 stored instances had no row, 1 were removed since, 1 are missing"), "{text}");
    // Once more a copy, by any means: it has another mark, or none.
    ledger.set_pair(Some("of another day")).await.unwrap();
    let again = TakenUp { missing: 1, ..TakenUp::default() };
    assert_eq!(reconcile(&clinic.site).await.unwrap(), again);
}

#[tokio::test]
async fn an_entry_whose_removal_a_crash_cut_short_does_not_stop_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let clinic = Clinic::new(folder.path(), u64::MAX, 0).await;
    let (study, entry) = clinic.answered(1, 4_000, NOW - 40 * DAY, None).await.unwrap();
    clinic.site.ledger.evict(&study, NOW, Proof::Answered, NOW).await.unwrap();
    let left = store::Id::random().unwrap();
    clinic.site.store.derived().put(left, b"a output of a ledger that is gone").unwrap();
    let arriving = Mutex::new(Arriving::new(domain::study::Config::default()));
    recover(&clinic.site, &arriving).await.unwrap();
    assert!(clinic.here(entry));
    // The output of the study that was marked as removed goes too.
    assert_eq!(sweep(&clinic.site).await.unwrap(), 3);
    assert!(!clinic.here(entry) && clinic.site.store.derived().list().unwrap().is_empty());
    let (_, stays) = clinic.answered(2, 4_000, NOW, None).await.unwrap();
    assert_eq!(sweep(&clinic.site).await.unwrap(), 0);
    assert!(clinic.here(stays) && clinic.site.store.derived().list().unwrap().len() == 1);
}

/// The rows of a study's revision: entry, and whether it counts.
async fn counting(ledger: &Ledger, study: &str, revision: u32) -> Vec<(String, bool)> {
    let rows = ledger.instances(study, revision).await.unwrap();
    rows.into_iter().map(|row| (row.id.clone(), row.counts())).collect()
}

#[tokio::test]
async fn what_was_removed_and_came_again_after_the_backup_outlives_the_restore() {
    let folder = tempfile::tempdir().unwrap();
    let mut clinic = Clinic::new(folder.path(), u64::MAX, 0).await;
    let (study, removed) = clinic.answered(1, 4_000, NOW - 40 * DAY, None).await.unwrap();
    let copy = folder.path().join("copy.db");
    clinic.site.ledger.backup(&copy).await.unwrap();
    assert_eq!(clinic.evictor().round(NOW).await.unwrap().studies, 1);
    let again = clinic.store(1, 4_000, NOW).unwrap();
    assert!(!clinic.site.ledger.record_arrivals(&[arrival(&again)]).await.unwrap()[0].repeated);
    clinic.site.ledger.close().await;

    clinic.site.ledger = Ledger::open(&copy, &KEY).await.unwrap();
    // The entry is in the inbox still: the start meets it twice.
    recover(&clinic.site, &Mutex::new(Arriving::new(domain::study::Config::default()))).await.unwrap();
    assert!(!clinic.here(removed) && clinic.here(again.id));
    assert_eq!(clinic.site.ledger.make_revision(&study, "quiet", NOW).await.unwrap(), Some(2));
    assert_eq!(counting(&clinic.site.ledger, &study, 2).await, [(again.id.to_string(), true)]);
    assert_eq!(sweep(&clinic.site).await.unwrap(), 0);
    let text = std::fs::read_to_string(folder.path().join("audit.jsonl")).unwrap();
    assert!(text.contains("1 stored instances had no row, 1 were removed since, 0 are missing"), "{text}");
}

#[tokio::test]
async fn what_was_lost_and_came_again_takes_the_place_of_the_lost_one() {
    // `settled`: an orderly stop filed it away; `aside`: a start has already missed the lost one.
    for (settled, aside) in [(false, false), (false, true), (true, false), (true, true)] {
        let folder = tempfile::tempdir().unwrap();
        let mut clinic = Clinic::new(folder.path(), u64::MAX, 0).await;
        let (study, lost) = clinic.answered(1, 4_000, NOW - DAY, None).await.unwrap();
        let first = clinic.site.store.inbox().read(lost).unwrap();
        let pacs = |_: &Arrival| vec![Onward { destination: "pacs".into(), commit: false }];
        clinic.site.ledger.record_arrivals_to(&[arrival(&first)], pacs).await.unwrap();
        if aside {
            clinic.site.ledger.set_aside(&lost.to_string(), "its file is missing").await.unwrap();
        }
        let copy = folder.path().join("copy.db");
        clinic.site.ledger.backup(&copy).await.unwrap();
        clinic.site.store.inbox().remove(lost).unwrap();
        let again = [NOW, NOW + 1].map(|at| clinic.store(1, 4_000, at).unwrap().id);
        if settled {
            again.iter().for_each(|id| clinic.site.store.inbox().settle(*id).unwrap());
        }
        clinic.site.ledger.close().await;

        clinic.site.ledger = Ledger::open(&copy, &KEY).await.unwrap();
        let arriving = Mutex::new(Arriving::new(domain::study::Config::default()));
        recover(&clinic.site, &arriving).await.unwrap();
        recover(&clinic.site, &arriving).await.unwrap();
        let ledger = &clinic.site.ledger;
        assert!(clinic.here(again[0]) && !clinic.here(again[1]), "once");
        let anew = ledger.make_revision(&study, "quiet", NOW).await.unwrap();
        assert_eq!(anew, aside.then_some(2), "what could not be read is answered again");
        let place = again[0].to_string();
        assert_eq!(counting(ledger, &study, anew.unwrap_or(1)).await, [(place.clone(), true)]);
        let forwards = ledger.forwards("pacs", &[], 9).await.unwrap();
        assert_eq!(forwards.iter().map(|f| &f.instance).collect::<Vec<_>>(), [&place]);
        let text = std::fs::read_to_string(folder.path().join("audit.jsonl")).unwrap();
        assert!(
            text.contains("2 stored instances had no row, 0 were removed since, 0 are missing"),
            "{text}"
        );
    }
}
