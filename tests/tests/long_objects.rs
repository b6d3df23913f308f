//! Behaviour: a long object that is cut, refused or too long takes no room from anybody, and nobody is refused for it.

use std::time::Duration;

use fixtures::malformed::{element, long_claiming, tag};
use fixtures::scanner::pdu;
use fixtures::scanner::raw::RawPeer;
use fixtures::study::{StudyKind, StudySpec};
use scanside_tests::support::{Appliance, LIMIT, Settings, SmallDisk, Terms, until};

const MIB: u64 = 1 << 20;
const DISK: u64 = 400;
const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const EXPLICIT: &str = "1.2.840.10008.1.2.1";
const PIECE: usize = 100_000;

fn site(folder: &std::path::Path) -> Option<(Appliance, SmallDisk)> {
    let appliance = Appliance::init(&folder.join("site"), &folder.join("log")).unwrap();
    Terms { without_model: Vec::new(), ..Terms::default() }.shape(&appliance).unwrap();
    Settings::read(&appliance.config)
        .unwrap()
        .with("store", "warn_free", "60MiB")
        .with("store", "refuse_free", "40MiB")
        .with("store", "max_object", "1GiB")
        .write()
        .unwrap();
    let disk = SmallDisk::mount(&appliance.store_path().unwrap(), DISK, "a long object").unwrap()?;
    Some((appliance, disk))
}

/// A scanner in the middle of a message: the command and a data set as far as the header of its Pixel Data.
fn begun(appliance: &Appliance, sop: &str, claimed: u32) -> RawPeer {
    let address = appliance.intake.to_string();
    let contexts: [(&str, &[&str]); 1] = [(CT, &[EXPLICIT])];
    let patience = Duration::from_secs(60);
    let mut peer = RawPeer::associate(&address, "SCANSIDE", "CT1", &contexts, patience).unwrap();
    let mut data = Vec::new();
    for (group, number, vr, value) in [
        (0x0008, 0x0016, b"UI", CT),
        (0x0008, 0x0018, b"UI", sop),
        (0x0020, 0x000D, b"UI", "1.2.999.4"),
        (0x0020, 0x000E, b"UI", "1.2.999.5"),
    ] {
        data.extend(element(group, number, vr, value.as_bytes()));
    }
    let vr = if claimed == u32::MAX { b"OB" } else { b"OW" };
    data.extend(long_claiming(0x7FE0, 0x0010, vr, claimed, &[]));
    if claimed == u32::MAX {
        data.extend(tag(0xFFFE, 0xE000, 0));
    }
    let command = pdu::store_request(1, CT, sop);
    peer.write(&pdu::p_data(&[pdu::pdv(1, true, true, &command), pdu::pdv(1, false, false, &data)])).unwrap();
    peer
}

/// Sends so many MiB of fragments.
fn push(peer: &mut RawPeer, mebibytes: u64) {
    let fragment = [tag(0xFFFE, 0xE000, PIECE as u32), vec![7; PIECE]].concat();
    let piece = pdu::p_data(&[pdu::pdv(1, false, false, &fragment)]);
    for _ in 0..mebibytes * MIB / PIECE as u64 {
        peer.write(&piece).unwrap();
    }
}

fn end(peer: &mut RawPeer) -> u16 {
    peer.write(&pdu::p_data(&[pdu::pdv(1, false, true, &[])])).unwrap();
    peer.read_status().unwrap()
}

/// A small study goes in at once.
fn taken(appliance: &Appliance, seed: u64) {
    let study = StudySpec::new(StudyKind::HeadCt, seed).with_size(48, 48).with_slices(3).build().unwrap();
    let outcomes = appliance.scanner().send(&study.instances).unwrap();
    assert!(outcomes.iter().all(|outcome| outcome.acknowledged()), "{outcomes:?}");
}

#[test]
fn a_long_object_that_is_cut_or_refused_gives_its_room_back_and_stops_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let Some((mut appliance, disk)) = site(folder.path()) else { return };
    appliance.start().unwrap();
    taken(&appliance, 1);
    let mut ledger = appliance.ledger().unwrap();
    let previews = "SELECT count(*) FROM dispositions WHERE bag IS NOT NULL";
    until("the study has its pictures", LIMIT, || Ok((ledger.count(previews)? == 1).then_some(()))).unwrap();
    let before = disk.free().unwrap();
    assert!(before > 350 * MIB, "{before}");

    // Cut in the middle: by an abort, and by a closed connection.
    for how in [pdu::abort(), Vec::new()] {
        let mut peer = begun(&appliance, "1.2.999.6", u32::MAX);
        push(&mut peer, 200);
        until("most of it is on the disk", LIMIT, || Ok((disk.free()? + 180 * MIB < before).then_some(())))
            .unwrap();
        taken(&appliance, 2);
        peer.write(&how).unwrap();
        drop(peer);
        until("its room is back", LIMIT, || Ok((disk.free()? + 4 * MIB > before).then_some(()))).unwrap();
        taken(&appliance, 3);
    }

    // Longer than there is room for, and nobody can know: refused when there is none, and nobody else is.
    let mut peer = begun(&appliance, "1.2.999.7", u32::MAX);
    for round in 0..6 {
        push(&mut peer, 100);
        taken(&appliance, 10 + round);
    }
    assert_eq!(end(&mut peer), 0xA700);
    assert!(disk.free().unwrap() + 8 * MIB > before);
    // What says so itself is refused before it takes any.
    for (claimed, status) in [(600 << 20, 0xA700), (1500 << 20, 0xA701)] {
        let mut peer = begun(&appliance, "1.2.999.8", claimed);
        push(&mut peer, 1);
        assert!(disk.free().unwrap() + 8 * MIB > before);
        assert_eq!(end(&mut peer), status);
        taken(&appliance, u64::from(claimed));
    }
    assert_eq!(appliance.status().unwrap()["disk"]["state"], "ok");
    let left = "SELECT count(*) FROM dispositions WHERE bag IS NULL AND disposition <> 'unreadable'";
    until("every small study is answered", LIMIT, || {
        let rows = ledger.rows()?;
        Ok((rows.len() == 11 && rows.iter().all(|row| row.answered() && row.instances == 3)).then_some(()))
    })
    .unwrap();
    assert_eq!(ledger.count(left).unwrap(), 0, "no picture went for what was refused");
    appliance.stop().unwrap();
}
