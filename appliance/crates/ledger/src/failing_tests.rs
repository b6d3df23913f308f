//! What a full or failing disk leaves behind: nothing half written, nothing lost, and connections that work again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::cell::Cell;

use fixtures::failing_disk::{FailingDisk, Fault, Lasts};

use super::*;
use std::sync::Arc;

use crate::connect::pool;

const KEY: [u8; 32] = [7; 32];
const NOW: i64 = 1_790_000_900_000;
/// Few, so that an act has few steps: each of them fails once.
const BATCH: u32 = 2;
/// More steps than any act here takes.
const STEPS_MOST: u64 = 1_000;

struct Site {
    ledger: Ledger,
    disk: FailingDisk,
    folder: tempfile::TempDir,
    rounds: Cell<u32>,
}

impl Site {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let disk = FailingDisk::under(folder.path()).unwrap();
        let ledger = Ledger::create(&folder.path().join("ledger.db"), &KEY).await.unwrap();
        Self { ledger, disk, folder, rounds: Cell::new(0) }
    }

    /// Lets the first step of `act` on the disk fail, then the second, and so on until it meets no fault: full once
    /// and lasting, broken once. After each failure the disk is mended and the same act must go well on the same
    /// ledger. How many acts were refused.
    async fn sweep(&self, act: impl AsyncFn(u32) -> Result<()>) -> u32 {
        let mut refused = 0;
        for (fault, lasts) in
            [(Fault::Full, Lasts::On), (Fault::Full, Lasts::Once), (Fault::Broken, Lasts::Once)]
        {
            for before in 0.. {
                assert!(before < STEPS_MOST, "it never goes well");
                let round = self.rounds.get() + 1;
                self.rounds.set(round);
                self.disk.fail(before, fault, lasts);
                let tried = act(round).await;
                if !self.disk.heal() {
                    tried.unwrap();
                    break;
                }
                if let Err(error) = tried {
                    refused += 1;
                    assert!(error.retry_later(), "{error:?}");
                    let again = act(round).await;
                    again.unwrap_or_else(|e| panic!("{fault:?} {lasts:?} after {before} steps: {e}"));
                }
            }
        }
        self.ledger.check().await.unwrap();
        refused
    }

    async fn rows(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.ledger.pool).await.unwrap()
    }
}

fn arrivals(round: u32) -> Vec<Arrival> {
    let one = |n: u32| Arrival {
        id: format!("{round:016x}{n:016x}"),
        study_uid: format!("1.2.3.{round}"),
        sop_instance_uid: format!("1.2.4.{round}.{n}"),
        series_uid: format!("1.2.5.{round}"),
        sop_class: "1.2.840.10008.5.1.4.1.1.2".into(),
        transfer_syntax: "1.2.840.10008.1.2.1".into(),
        modality: "CT".into(),
        calling_ae: "CT1".into(),
        address: "192.0.2.1".into(),
        association: "1".into(),
        arrived: NOW + i64::from(n),
        bytes: 5,
        blake3: format!("{round:032x}{n:032x}"),
        identity: String::new(),
    };
    (0..BATCH).map(one).collect()
}

async fn record(ledger: &Ledger, round: u32) -> Result<()> {
    let to = |_: &Arrival| vec![Onward { destination: "pacs".into(), commit: false }];
    let made = ledger.record_arrivals_to(&arrivals(round), to).await?;
    assert!(made.iter().all(|a| !a.repeated && !a.conflict), "nothing of a refused batch was kept");
    Ok(())
}

#[tokio::test]
async fn arrivals_refused_at_any_step_are_recorded_whole_once_the_disk_takes_them() {
    let site = Site::new().await;
    let refused = site.sweep(async |round| record(&site.ledger, round).await).await;
    assert!(refused > 10, "the fault was met: {refused}");
    let rounds = i64::from(site.rounds.get());
    assert_eq!(site.rows("SELECT count(*) FROM studies").await, rounds);
    assert_eq!(site.rows("SELECT count(*) FROM instances").await, i64::from(BATCH) * rounds);
    assert_eq!(site.rows("SELECT count(*) FROM forwards").await, i64::from(BATCH) * rounds);
}

/// The log folded into the file at almost every commit, on a ledger with one connection: the first one is opened
/// again and again.
#[tokio::test]
async fn a_checkpoint_that_fails_costs_no_row_and_no_connection() {
    let site = Site::new().await;
    site.ledger.close().await;
    let one = pool(&site.folder.path().join("ledger.db"), false, 1).await.unwrap();
    let one = Ledger { anchor: one.clone(), pool: one, sealer: Arc::clone(&site.ledger.sealer) };
    let site = Site { ledger: one, ..site };
    site.sweep(async |round| {
        sqlx::query("PRAGMA wal_autocheckpoint = 2").execute(&site.ledger.pool).await?;
        record(&site.ledger, round).await
    })
    .await;
    assert_eq!(site.rows("SELECT count(*) FROM instances").await, i64::from(BATCH * site.rounds.get()));
}

#[tokio::test]
async fn while_the_disk_is_full_every_write_says_so_reads_go_on_and_afterwards_all_work() {
    let site = Site::new().await;
    record(&site.ledger, 1).await.unwrap();
    for (fault, round) in [(Fault::Full, 2), (Fault::Broken, 3)] {
        site.disk.fail(0, fault, Lasts::On);
        for n in 0..20 {
            let error = record(&site.ledger, round).await.unwrap_err();
            assert!(
                error.retry_later() && (fault == Fault::Broken || matches!(error, Error::Full)),
                "{error}"
            );
            // Another value each time: what changes nothing is not written.
            let fact = site.ledger.set_fact("k", Some(&format!("{round}.{n}"))).await.unwrap_err();
            assert!(fact.retry_later(), "{fact}");
            assert_eq!(site.rows("SELECT count(*) FROM instances").await, i64::from(BATCH * (round - 1)));
        }
        site.disk.heal();
        // More often than there are connections.
        for n in 0..12 {
            site.ledger.set_fact("k", Some(&format!("{n}"))).await.unwrap();
            site.ledger.make_revision("none", "quiet", NOW).await.unwrap();
        }
        record(&site.ledger, round).await.unwrap();
    }
    let said = Error::Full.to_string();
    assert!(said.contains("make room") && said.contains("nothing acknowledged is lost"), "{said}");
}

#[tokio::test]
async fn other_writes_refused_at_any_step_say_so_and_go_well_afterwards() {
    let site = Site::new().await;
    let ledger = &site.ledger;
    let refused = site
        .sweep(async |round| {
            let made = ledger.record_arrivals(&arrivals(round)).await?;
            let study = made[0].study.clone();
            ledger.make_revision(&study, "quiet", NOW).await?;
            let record = NewDisposition::no_flag(None);
            ledger.record_disposition(&study, 1, &record, None, NOW).await?;
            ledger.add_event(&study, "somebody", "words", NOW).await?;
            let note = |ae_title: &str| NewRefusal {
                ae_title: ae_title.into(),
                address: "192.0.2.1".into(),
                reason: "reason".into(),
                config: String::new(),
                times: 1,
            };
            ledger.note_refused(&[note("A"), note("B")], NOW).await?;
            let step = NewStep { uid: format!("1.2.6.{round}"), studies: vec!["1.2.3".into()] };
            ledger.create_step(&step, NOW).await.map(|_| ())
        })
        .await;
    assert!(refused > 20, "the fault was met: {refused}");
    let rounds = i64::from(site.rounds.get());
    assert_eq!(site.rows("SELECT count(*) FROM instances").await, i64::from(BATCH) * rounds);
    assert_eq!(site.rows("SELECT count(*) FROM dispositions").await, rounds);
    assert_eq!(site.rows("SELECT count(*) FROM performed_steps").await, rounds);
}

/// A statement that returns rows commits when it is reset, where the driver hears of no error: what is said to be done
/// must be there afterwards.
#[tokio::test]
async fn what_is_answered_from_a_changed_row_was_changed() {
    let site = Site::new().await;
    let ledger = &site.ledger;
    let study = ledger.record_arrivals(&arrivals(0)).await.unwrap()[0].study.clone();
    ledger.make_revision(&study, "quiet", NOW).await.unwrap();
    let counted = Cell::new(0);
    let refused = site
        .sweep(async |_| {
            let deaths = ledger.count_death(&study, 1).await?;
            counted.set(counted.get() + 1);
            assert_eq!(deaths, counted.get(), "a counted death stays counted");
            Ok(())
        })
        .await;
    assert!(refused > 2, "the fault was met: {refused}");

    let refused = site
        .sweep(async |round| {
            let (name, code) = (format!("user-{round}"), format!("{round:064x}"));
            if ledger.user(&name).await?.is_none() {
                ledger.put_user(&name, &code, NOW + 1, false, NOW).await?;
            }
            assert_eq!(ledger.use_code(&code, None, NOW).await?, name);
            assert!(ledger.use_code(&code, None, NOW).await.is_err(), "a code works once");
            Ok(())
        })
        .await;
    assert!(refused > 4, "the fault was met: {refused}");
}
