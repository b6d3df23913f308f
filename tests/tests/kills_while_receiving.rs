//! Behaviour: kill -9 at random moments of a send, 20 times: whatever was acknowledged is there afterwards, once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc;

use fixtures::scanner::{Outgoing, Record, read_record};
use fixtures::study::{StudyKind, StudySpec};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use scanside_tests::support::{Appliance, LIMIT, Terms, until};

const ROUNDS: u64 = 20;
const SEED: u64 = 20_261_121;

/// 200 small objects in four studies; slices below the bundle's size, so that triage costs little.
fn objects(round: u64) -> Vec<Outgoing> {
    let study = |n| {
        let spec =
            StudySpec::new(StudyKind::HeadCt, 1_000 + round * 10 + n).with_size(48, 48).with_slices(50);
        spec.build().unwrap().instances
    };
    (0..4).flat_map(study).map(|instance| Outgoing::from(&instance)).collect()
}

#[test]
fn every_acknowledged_object_survives_twenty_kills_and_is_answered_once() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record");
    let rng = &mut ChaCha8Rng::seed_from_u64(SEED);
    let mut appliance = Appliance::init(&folder.path().join("site"), &folder.path().join("log")).unwrap();
    Terms { without_model: Vec::new(), ..Terms::default() }.shape(&appliance).unwrap();
    let mut sent: BTreeMap<String, Outgoing> = BTreeMap::new();
    for round in 0..ROUNDS {
        appliance.start().unwrap();
        let objects = objects(round);
        sent.extend(objects.iter().map(|item| (item.sop_instance_uid.clone(), item.clone())));
        let moment = rng.random_range(0..objects.len());
        let scanner = appliance.scanner();
        let mut log = Record::open(&record).unwrap();
        let (tell, hear) = mpsc::channel();
        std::thread::scope(|scope| {
            let sending = scope.spawn(|| {
                scanner.send_watched(&objects, move |outcome| {
                    log.append(outcome)?;
                    let _ = tell.send(());
                    Ok(())
                })
            });
            assert_eq!(
                hear.iter().take(moment).count(),
                moment,
                "seed {SEED}, round {round}: the send ended early"
            );
            // From here the sender goes on while the kill arrives: inside a command, a data set, a sync, an answer.
            appliance.kill();
            drop(hear);
            assert!(sending.join().unwrap().ended.is_some() || moment + 1 >= objects.len());
        });
    }
    appliance.start().unwrap();
    let acknowledged: BTreeSet<String> = read_record(&record)
        .unwrap()
        .into_iter()
        .filter(|outcome| outcome.acknowledged())
        .map(|outcome| outcome.sop_instance_uid)
        .collect();
    assert!(acknowledged.len() > 500, "too few for a test: {}", acknowledged.len());
    let mut ledger = appliance.ledger().unwrap();
    until("everything is answered", LIMIT, || {
        Ok(ledger.rows()?.iter().all(|row| row.answered()).then_some(()))
    })
    .unwrap();

    let kept: BTreeMap<String, String> = ledger.instances().unwrap().into_iter().collect();
    // Each entry as it is stored, opened with the site's key and verified by the appliance's own command.
    let stored = appliance.stored().unwrap();
    for uid in &acknowledged {
        let id = kept
            .get(uid)
            .unwrap_or_else(|| panic!("seed {SEED}: an acknowledged object is not in the ledger"));
        let digest = stored
            .get(id)
            .unwrap_or_else(|| panic!("seed {SEED}: the entry of an acknowledged object is gone"));
        let sent = blake3::hash(&sent[uid].data_set().unwrap()).to_hex();
        assert_eq!(digest, sent.as_str(), "seed {SEED}: other bytes than were sent");
    }
    assert_eq!(ledger.doubled().unwrap(), 0);
    let without = "SELECT count(*) FROM revisions r LEFT JOIN dispositions d USING (study, revision) WHERE d.study IS NULL";
    assert_eq!(ledger.count(without).unwrap(), 0, "a revision has no disposition");
    appliance.stop().unwrap();
}
