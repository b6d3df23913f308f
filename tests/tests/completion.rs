//! When a study is whole: a real appliance, a scanner that reports its performed step, the wait shown in `status`.

use std::time::Duration;

use fixtures::scanner::implicit::{element, item};
use fixtures::scanner::pdu;
use fixtures::scanner::raw::RawPeer;
use fixtures::study::{StudyKind, StudySpec};
use scanside_tests::support::{Appliance, LIMIT, Ledger, Settings, until};

const MPPS: &str = "1.2.840.10008.3.1.2.3.3";

/// Sends one request of the performed step class; gives its status.
fn ask(peer: &mut RawPeer, field: u16, step: &str, data: &[u8]) -> u16 {
    let (class, instance) = if field == 0x0140 { (0x0002, 0x1000) } else { (0x0003, 0x1001) };
    let command = pdu::command(&[
        (class, MPPS.as_bytes().to_vec()),
        (0x0100, field.to_le_bytes().to_vec()),
        (0x0110, 1_u16.to_le_bytes().to_vec()),
        (0x0800, 1_u16.to_le_bytes().to_vec()),
        (instance, step.as_bytes().to_vec()),
    ]);
    peer.write(&pdu::p_data(&[pdu::pdv(1, true, true, &command), pdu::pdv(1, false, true, data)])).unwrap();
    peer.read_status().unwrap()
}

#[test]
fn a_completed_step_closes_the_study_as_soon_as_everything_it_lists_is_here() {
    let folder = tempfile::tempdir().unwrap();
    let mut appliance = Appliance::init(&folder.path().join("site"), &folder.path().join("log")).unwrap();
    // Nothing but the step may close the study within the test.
    let settings = Settings::read(&appliance.config).unwrap();
    settings.with("study", "quiet", "1h").with("study", "after_release", "1h").write().unwrap();
    appliance.start().unwrap();
    let study = StudySpec::new(StudyKind::HeadCt, 31).with_size(64, 64).with_slices(3).build().unwrap();
    let mut scanner = RawPeer::associate(
        &appliance.intake.to_string(),
        "SCANSIDE",
        "CT1",
        &[(MPPS, &[pdu::IMPLICIT_LITTLE])],
        Duration::from_secs(30),
    )
    .unwrap();
    let scheduled = item(&element(0x0020, 0x000D, study.study_uid.as_bytes()));
    let begin = [element(0x0040, 0x0252, b"IN PROGRESS"), element(0x0040, 0x0270, &scheduled)].concat();
    assert_eq!(ask(&mut scanner, 0x0140, "2.25.4711", &begin), 0);
    assert_eq!(ask(&mut scanner, 0x0140, "2.25.4711", &begin), 0x0111);
    appliance.scanner().send(&study.instances[..2]).unwrap();

    let image = |uid: &str| {
        item(
            &[element(0x0008, 0x1150, b"1.2.840.10008.5.1.4.1.1.2"), element(0x0008, 0x1155, uid.as_bytes())]
                .concat(),
        )
    };
    let images: Vec<u8> = study.instances.iter().flat_map(|i| image(&i.sop_instance_uid)).collect();
    let series = item(&element(0x0008, 0x1140, &images));
    let end = [element(0x0040, 0x0252, b"COMPLETED"), element(0x0040, 0x0340, &series)].concat();
    assert_eq!(ask(&mut scanner, 0x0120, "2.25.4711", &end), 0);
    assert_eq!(ask(&mut scanner, 0x0120, "2.25.4711", &end), 0x0110, "a step that ended changes no more");

    let waiting = until("status names what is missing", LIMIT, || {
        let status = appliance.status()?;
        let row = status["arriving"][0].clone();
        Ok((row["missing"] == serde_json::json!([1, 3])).then_some(row))
    })
    .unwrap();
    assert!(waiting["reason"].as_str().unwrap().contains("have not come"), "{waiting}");
    appliance.scanner().send(&study.instances[2..]).unwrap();
    let mut ledger = appliance.ledger().unwrap();
    until("the study is answered", LIMIT, || Ok(ledger.rows()?.iter().all(|r| r.answered()).then_some(())))
        .unwrap();
    let reasons: Vec<String> = ledger.query("SELECT json_quote(stable_reason) FROM revisions").unwrap();
    assert_eq!(
        reasons,
        ["performed step completed, all it lists is here"],
        "one revision, closed by the step"
    );

    // Sent again as it was: nothing new on the disk, no new revision.
    appliance.scanner().send(&study.instances).unwrap();
    let kept = |ledger: &mut Ledger| ledger.count("SELECT count(*) FROM instances").unwrap();
    assert_eq!(kept(&mut ledger), 3);
    // One image with other pixels under its UID: kept beside, shown, and a revision of its own.
    let mut other = study.instances[0].clone();
    let last = other.file.len() - 1;
    other.file[last] ^= 1;
    appliance.scanner().send(&[other]).unwrap();
    until("status shows what is kept beside", LIMIT, || {
        Ok((appliance.status()?["counts"]["beside"] == 1).then_some(()))
    })
    .unwrap();
    assert_eq!(kept(&mut ledger), 4);
    appliance.stop().unwrap();
}
