//! Arrivals while the ledger's disk is full: senders are told, nothing durable is forgotten, a stop does not wait.
use fixtures::failing_disk::{Fault, Lasts};

use super::*;

/// Instances of the one study, in the order in which the ledger recorded them.
async fn recorded(ledger: &Ledger) -> Vec<String> {
    let Some(study) = the_study(ledger).await else { return Vec::new() };
    ledger.make_revision(&study, "quiet", 9).await.unwrap();
    ledger.instances(&study, 1).await.unwrap().into_iter().map(|row| row.blake3).collect()
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let look = async {
        while !holds().await {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), look).await.expect(what);
}

#[tokio::test]
async fn while_the_ledger_takes_no_rows_senders_keep_theirs_and_what_is_durable_is_recorded_by_itself() {
    let rig = Rig::new().await;
    rig.receive("1.2.1", "1.2.1.0", b"0", 1, 0).await;
    until("the first is recorded", async || the_study(&rig.site.ledger).await.is_some()).await;
    rig.disk.fail(0, Fault::Full, Lasts::On);
    for n in 1..=5_u8 {
        rig.receive("1.2.1", &format!("1.2.1.{n}"), &[b'0' + n], 1, i64::from(n)).await;
    }
    until("senders are told", async || !rig.queue.takes()).await;
    rig.disk.heal();
    until("the ledger takes rows again", async || rig.queue.takes()).await;
    let settled = rig.settle().await;
    let sent: Vec<String> = (0..=5_u8).map(|n| blake3::hash(&[b'0' + n]).to_hex().to_string()).collect();
    assert_eq!(recorded(&settled.site.ledger).await, sent, "all of them, in order, without a restart");
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_full_disk_and_the_next_start_records_what_was_durable() {
    let rig = Rig::new().await;
    rig.disk.fail(0, Fault::Full, Lasts::On);
    for n in 1..=5_u8 {
        rig.receive("1.2.1", &format!("1.2.1.{n}"), &[b'0' + n], 1, i64::from(n)).await;
    }
    rig.stop.cancel();
    let ended = tokio::time::timeout(std::time::Duration::from_secs(10), rig.settle());
    let settled = ended.await.expect("the recorder ends");
    assert!(the_study(&settled.site.ledger).await.is_none());
    settled.disk.heal();
    crate::arrivals::recover::recover(&settled.site, &settled.arriving).await.unwrap();
    assert_eq!(recorded(&settled.site.ledger).await.len(), 5);
}
