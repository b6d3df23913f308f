//! Behaviour: hostile associations and files leave the control process small, running, and answering its next caller.

use std::time::Duration;

use fixtures::malformed::{self, streams};
use fixtures::scanner::Outgoing;
use fixtures::scanner::raw::RawPeer;
use fixtures::study::Instance;
use scanside_tests::support::{Appliance, LIMIT, Settings, Terms, until};

/// What the control process may hold at its peak beside the bytes it received.
const RESIDENT: u64 = 64 << 20;
const SECONDARY_CAPTURE: &str = "1.2.840.10008.5.1.4.1.1.7";
const EXPLICIT: &str = "1.2.840.10008.1.2.1";

fn impatient(folder: &std::path::Path) -> Appliance {
    let mut appliance = Appliance::init(&folder.join("site"), &folder.join("log")).unwrap();
    Terms { without_model: Vec::new(), ..Terms::default() }.shape(&appliance).unwrap();
    Settings::read(&appliance.config)
        .unwrap()
        .with("intake", "artim_timeout", "2s")
        .with("intake", "read_timeout", "2s")
        .with("intake", "idle_timeout", "5s")
        .write()
        .unwrap();
    appliance.start().unwrap();
    appliance
}

#[test]
fn hostile_associations_are_cut_and_the_next_caller_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let mut appliance = impatient(folder.path());
    let address = appliance.intake.to_string();
    let patience = Duration::from_secs(30);
    let mut sent = 0u64;
    for stream in streams::all("SCANSIDE", "CT1") {
        let peer = if stream.needs_association {
            RawPeer::associate(&address, "SCANSIDE", "CT1", &streams::CONTEXTS, patience)
        } else {
            RawPeer::connect(&address, patience)
        };
        let mut peer = peer.unwrap_or_else(|error| panic!("{}: {error}", stream.name));
        for write in &stream.writes {
            sent += write.len() as u64;
            // It may have lost patience in the middle, which is its right.
            if peer.write(write).is_err() {
                break;
            }
        }
        let _ = peer.half_close();
        assert!(peer.closed_by_peer(), "{}: the connection stays open", stream.name);
        assert_eq!(appliance.scanner().echo().unwrap(), 0, "after: {}", stream.name);
        assert!(appliance.running(), "after: {}", stream.name);
    }
    let peak = appliance.process().unwrap().resident().unwrap();
    assert!(peak < RESIDENT + sent, "{} MiB resident at the peak", peak >> 20);
    assert_eq!(appliance.status().unwrap()["counts"]["instances"], 0, "half an object was kept");
    appliance.stop().unwrap();
}

#[test]
fn hostile_files_are_refused_or_set_aside_and_odd_ones_taken() {
    let folder = tempfile::tempdir().unwrap();
    let mut appliance = impatient(folder.path());
    let scanner = appliance.scanner();
    let mut sent = 0u64;
    let mut acknowledged = 0u64;
    let mut wrong = Vec::new();
    for case in malformed::files() {
        let outgoing = match Instance::from_file(case.bytes.clone()) {
            Ok(instance) => Outgoing::from(&instance),
            Err(_) => Outgoing::raw(SECONDARY_CAPTURE, "1.2.3.4.5", EXPLICIT, case.bytes.clone()),
        };
        sent += case.bytes.len() as u64;
        let result = scanner.send_watched(std::slice::from_ref(&outgoing), |_| Ok(()));
        let taken = result.outcomes.first().is_some_and(|outcome| outcome.acknowledged());
        acknowledged += u64::from(taken);
        // What cannot be taken is refused with a status, or its reader sets it aside later; what is odd is taken.
        if case.acceptable && !taken {
            wrong.push(format!("{}: {:?}", case.name, result));
        }
        assert_eq!(scanner.echo().unwrap(), 0, "after: {}", case.name);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let peak = appliance.process().unwrap().resident().unwrap();
    assert!(peak < RESIDENT + 4 * sent, "{} MiB resident at the peak", peak >> 20);

    let mut ledger = appliance.ledger().unwrap();
    let rows = until("what was taken is answered", LIMIT, || {
        let rows = ledger.rows()?;
        Ok((!rows.is_empty() && rows.iter().all(|row| row.answered())).then_some(rows))
    })
    .unwrap();
    assert!(
        rows.iter().map(|row| row.instances).sum::<u64>() <= acknowledged,
        "kept more than was acknowledged"
    );
    assert!(appliance.running());
    appliance.stop().unwrap();
}
