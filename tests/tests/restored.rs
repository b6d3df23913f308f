//! Behaviour: a lost ledger is restored by the documented commands, and nothing that was acknowledged is missing.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use fixtures::scanner::Outgoing;
use fixtures::study::{StudyKind, StudySpec};
use scanside_tests::support::backup_commands::{backup, beside_ledger, command, restore, wipe_ledger};
use scanside_tests::support::{
    Appliance, LIMIT, Pair, STORESCP, Settings, SmallDisk, Storescp, Terms, until,
};

/// A head CT of so many small slices.
fn objects(seed: u64, slices: usize) -> Vec<Outgoing> {
    let spec = StudySpec::new(StudyKind::HeadCt, seed).with_size(48, 48).with_slices(slices);
    spec.build().unwrap().instances.iter().map(Outgoing::from).collect()
}

/// An appliance without bundles, stable soon; it sends on to this port.
fn site(folder: &Path, archive: Option<u16>) -> Appliance {
    let appliance = Appliance::init(&folder.join("site"), &folder.join("log")).unwrap();
    let mut settings = Settings::read(&appliance.config)
        .unwrap()
        .with("triage", "bundles", Vec::<toml::Value>::new())
        .with("triage", "embed", Vec::<toml::Value>::new())
        .with("study", "quiet", "2s")
        .with("study", "after_release", "300ms")
        .with("store", "warn_free", "200MiB")
        .with("store", "refuse_free", "100MiB");
    if let Some(port) = archive {
        let rule = format!(
            "name = \"archive\"\naddress = \"localhost:{port}\"\ncalled_ae_title = \"{STORESCP}\"\n\
             retry_first = \"50ms\"\nretry_max = \"500ms\"\ntimeout = \"20s\"\n"
        );
        settings = settings.with_one_more("forward", rule.parse().unwrap());
    }
    settings.write().unwrap();
    appliance
}

fn send(appliance: &Appliance, objects: &[Outgoing]) {
    let outcomes = appliance.scanner().send_watched(objects, |_| Ok(())).complete().unwrap();
    assert_eq!(outcomes.iter().filter(|o| o.acknowledged()).count(), objects.len());
}

fn until_answered(appliance: &Appliance, studies: usize) {
    let mut ledger = appliance.ledger().unwrap();
    until("everything is answered", LIMIT, || {
        let rows = ledger.rows()?;
        Ok((rows.len() == studies && rows.iter().all(|row| row.answered())).then_some(()))
    })
    .unwrap();
}

/// Every object has its row, once, and its bytes; every revision its one disposition.
fn assert_whole(appliance: &Appliance, objects: &[Outgoing]) {
    let mut ledger = appliance.ledger().unwrap();
    let kept: BTreeMap<String, String> = ledger.instances().unwrap().into_iter().collect();
    let stored = appliance.stored().unwrap();
    for object in objects {
        let id = kept.get(&object.sop_instance_uid).expect("an acknowledged object is not in the ledger");
        let sent = blake3::hash(&object.data_set().unwrap()).to_hex();
        assert_eq!(stored.get(id).map(String::as_str), Some(sent.as_str()), "other bytes than were sent");
    }
    assert_eq!((kept.len(), stored.len()), (objects.len(), objects.len()));
    assert_eq!(ledger.doubled().unwrap(), 0);
    let without = "SELECT count(*) FROM revisions r LEFT JOIN dispositions d USING (study, revision) WHERE d.study IS NULL";
    assert_eq!(ledger.count(without).unwrap(), 0, "a revision has no disposition");
}

#[test]
fn the_whole_drill_thirty_backed_up_forty_more_and_the_ledger_lost() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Storescp::prepare(&folder.path().join("archive")).unwrap();
    let mut appliance = site(folder.path(), Some(archive.port));
    let to = folder.path().join("backup");
    let first: Vec<Vec<Outgoing>> = (0..3).map(|seed| objects(9_000 + seed, 12)).collect();
    let before: Vec<Outgoing> = first.iter().flat_map(|study| study[..10].to_vec()).collect();
    let late = first.iter().flat_map(|study| study[10..].to_vec());
    let after: Vec<Outgoing> = late.chain(objects(9_010, 17)).chain(objects(9_011, 17)).collect();
    assert_eq!((before.len(), after.len()), (30, 40));
    let all = [before.clone(), after.clone()].concat();

    appliance.start().unwrap();
    send(&appliance, &before);
    until_answered(&appliance, 3);
    backup(&appliance, &to).unwrap();
    let revisions = appliance.ledger().unwrap().count("SELECT count(*) FROM revisions").unwrap();
    send(&appliance, &after);
    until_answered(&appliance, 5);
    // An orderly stop files entries away to where a start does not look by itself.
    appliance.stop().unwrap();
    appliance.start().unwrap();
    appliance.kill();
    wipe_ledger(&appliance).unwrap();
    let refused = command(&appliance, &["run"]).unwrap();
    assert!(refused.code != 0 && refused.stderr.contains("restore"), "{}", refused.stderr);

    let said = restore(&mut appliance, &to).unwrap();
    assert!(said.contains("40 stored instances had no row in it and have one now"), "{said}");
    assert!(said.contains("the audit on this disk holds and goes on"), "{said}");
    assert!(said.contains("the chain holds") && said.contains("restored from a backup of 20"), "{said}");
    until_answered(&appliance, 5);
    assert_whole(&appliance, &all);
    // What was answered before the backup is as it was; what came after it is a new revision.
    let mut ledger = appliance.ledger().unwrap();
    let now = ledger.count("SELECT count(*) FROM revisions").unwrap();
    assert!(now >= revisions + 5 && ledger.rows().unwrap().iter().filter(|r| r.revision > 1).count() == 3);
    // Nothing had been delivered: all of it is.
    archive.start().unwrap();
    until("everything is delivered", LIMIT, || {
        Ok((appliance.destination("archive")?["waiting"] == 0).then_some(()))
    })
    .unwrap();
    let there = archive.data_sets().unwrap();
    assert_eq!(there.len(), 70);
    assert!(all.iter().all(|o| there.get(&o.sop_instance_uid) == Some(&o.data_set().unwrap())));

    // Not over a running appliance, and not over a ledger unless told.
    let name = to.display().to_string();
    let running = command(&appliance, &["restore", &name, "--replace"]).unwrap();
    assert!(running.code == 75 && running.stderr.contains("stop the appliance"), "{}", running.stderr);
    appliance.stop().unwrap();
    let over = command(&appliance, &["restore", &name]).unwrap();
    assert!(over.code == 1 && over.stderr.contains("--replace"), "{}", over.stderr);
    // The same backup again over the good ledger: what is delivered already goes once more, and stays one.
    let again = command(&appliance, &["restore", &name, "--replace"]).unwrap();
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert!(beside_ledger(&appliance).unwrap().iter().any(|path| path.to_string_lossy().contains(".aside-")));
    appliance.start().unwrap();
    until_answered(&appliance, 5);
    assert_whole(&appliance, &all);
    until("everything is delivered again", LIMIT, || {
        Ok((appliance.destination("archive")?["waiting"] == 0).then_some(()))
    })
    .unwrap();
    assert_eq!(archive.data_sets().unwrap().len(), 70);
    appliance.stop().unwrap();
    assert_eq!(command(&appliance, &["audit", "verify"]).unwrap().code, 0);
}

#[test]
fn a_backup_taken_while_images_come_is_whole_and_a_ledger_put_back_by_hand_is_brought_up_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut appliance = site(folder.path(), None);
    let to = folder.path().join("backup");
    let all: Vec<Outgoing> = (0..3).flat_map(|seed| objects(9_100 + seed, 40)).collect();
    appliance.start().unwrap();
    let mut sent = 0;
    let outcomes = appliance.scanner().send_watched(&all, |_| {
        sent += 1;
        if sent == 50 {
            backup(&appliance, &to).unwrap();
        }
        Ok(())
    });
    assert!(outcomes.complete().unwrap().iter().all(|o| o.acknowledged()));
    appliance.stop().unwrap();
    wipe_ledger(&appliance).unwrap();
    // As somebody does who has not read the handbook; no log of another ledger lies beside it.
    std::fs::copy(to.join("ledger.db"), appliance.ledger_path().unwrap()).unwrap();
    appliance.start().unwrap();
    until_answered(&appliance, 3);
    assert_whole(&appliance, &all);
    let audit = std::fs::read_to_string(appliance.folder.join("audit.jsonl")).unwrap();
    assert!(audit.contains("entries taken up"), "it is audited");
    appliance.stop().unwrap();
    // The next start has nothing to bring up.
    appliance.start().unwrap();
    appliance.stop().unwrap();
    let audit = std::fs::read_to_string(appliance.folder.join("audit.jsonl")).unwrap();
    assert_eq!(audit.matches("entries taken up").count(), 1);
}

#[test]
fn what_was_delivered_and_removed_since_the_backup_is_known_to_be_and_alarms_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let mut appliance = site(folder.path(), None);
    let (to, config) = (folder.path().join("backup"), appliance.config.clone());
    let set = |keys: &[(&str, &str, &str)]| {
        let settings = Settings::read(&config).unwrap();
        keys.iter().fold(settings, |s, (room, key, value)| s.with(room, key, *value)).write().unwrap();
    };
    set(&[("study", "quiet", "1h"), ("study", "after_release", "1h")]);
    let (removed, other) = (objects(9_500, 3), objects(9_501, 3));
    appliance.start().unwrap();
    send(&appliance, &[removed.clone(), other].concat());
    // Rows come right behind the acknowledgements; here they are to be in the backup.
    let mut ledger = appliance.ledger().unwrap();
    let rows = "SELECT count(*) FROM instances";
    until("all have their rows", LIMIT, || Ok((ledger.count(rows)? == 6).then_some(()))).unwrap();
    drop(ledger);
    backup(&appliance, &to).unwrap();
    appliance.stop().unwrap();
    // Both are answered, and go as delivered and old.
    set(&[("study", "quiet", "1s"), ("study", "after_release", "300ms")]);
    set(&[("store", "keep", "0s"), ("store", "evict", "answered")]);
    appliance.start().unwrap();
    until_answered(&appliance, 2);
    appliance.stop().unwrap();
    set(&[("store", "warn_free", "1000TiB")]);
    appliance.start().unwrap();
    // The audit's line comes last: with it the removal is known to whoever restores.
    until("both are removed", LIMIT, || {
        let audit = std::fs::read_to_string(appliance.folder.join("audit.jsonl"));
        let audit = audit.map_err(|e| scanside_tests::Error::other(e.to_string()))?;
        Ok((audit.matches("\"what\":\"evicted\"").count() == 2).then_some(()))
    })
    .unwrap();
    appliance.kill();
    set(&[("store", "warn_free", "200MiB")]);
    wipe_ledger(&appliance).unwrap();

    let said = restore(&mut appliance, &to).unwrap();
    assert!(said.contains("6 originals were delivered and removed since"), "{said}");
    let mut ledger = appliance.ledger().unwrap();
    let rows = until("both are answered", LIMIT, || {
        let rows = ledger.rows()?;
        Ok(rows.iter().all(|row| row.answered()).then_some(rows))
    })
    .unwrap();
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert_eq!(row.disposition.as_deref(), Some("not-analysed"), "{row:?}");
        assert!(row.reason.unwrap().contains("removed before the ledger was restored"));
    }
    // Sent again it counts anew.
    send(&appliance, &removed);
    until("it is here again", LIMIT, || Ok((appliance.stored()?.len() == removed.len()).then_some(())))
        .unwrap();
    appliance.stop().unwrap();
}

#[test]
fn a_case_that_was_delivered_after_the_backup_goes_once_more_and_the_cloud_keeps_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let mut pair = Pair::start(folder.path(), &Terms::default()).unwrap();
    let to = folder.path().join("backup");
    pair.link.cut();
    let spec = StudySpec::new(StudyKind::HeadCt, 9_400).with_size(64, 64).with_slices(4);
    let row = pair.answered(&spec.build().unwrap().instances).unwrap();
    if row.case.is_none() {
        pair.let_go(&row).unwrap();
    }
    pair.until_state("sealed").unwrap();
    backup(&pair.appliance, &to).unwrap();
    pair.link.mend();
    let home = pair.until_state("answered").unwrap();
    pair.appliance.kill();
    wipe_ledger(&pair.appliance).unwrap();
    restore(&mut pair.appliance, &to).unwrap();
    // The ledger of the backup wants to send an envelope that is no longer here. The report comes again unless the
    // cloud had heard that it is home.
    let again = until("the case is there", LIMIT, || {
        let rows = pair.appliance.ledger()?.rows()?;
        Ok(rows.into_iter().find(|row| matches!(row.state.as_deref(), Some("received" | "answered"))))
    })
    .unwrap();
    assert_eq!(again.case, home.case);
    let outbox = pair.appliance.store_path().unwrap().join("outbox");
    until("the second envelope is let go", LIMIT, || {
        let left =
            std::fs::read_dir(&outbox).map_err(|e| scanside_tests::Error::other(e.to_string()))?.count();
        Ok((left == 0).then_some(()))
    })
    .unwrap();
    assert_eq!(pair.cloud.cases().unwrap().len(), 1);
    pair.appliance.stop().unwrap();
}

#[test]
fn an_audit_that_is_lost_cut_or_headless_is_told_apart_and_stops_nobody_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let mut appliance = site(folder.path(), None);
    let (to, audit) = (folder.path().join("backup"), appliance.folder.join("audit.jsonl"));
    let head = appliance.folder.join("audit.jsonl.head");
    let name = to.display().to_string();
    appliance.start().unwrap();
    send(&appliance, &objects(9_200, 3));
    until_answered(&appliance, 1);
    backup(&appliance, &to).unwrap();
    send(&appliance, &objects(9_201, 3));
    until_answered(&appliance, 2);
    appliance.stop().unwrap();
    let (whole, good_head) = (std::fs::read_to_string(&audit).unwrap(), std::fs::read(&head).unwrap());
    let lines = whole.lines().count();
    let restored = |words: &str, aside: bool| {
        let said = command(&appliance, &["restore", &name, "--replace", "--json"]).unwrap();
        assert_eq!(said.code, 0, "{words}: {}", said.stderr);
        let done: serde_json::Value = serde_json::from_str(said.stdout.trim()).unwrap();
        assert!(done["audit"].as_str().unwrap().contains(words), "{words}: {done}");
        let put = done["aside"].as_array().unwrap();
        assert_eq!(put.iter().any(|p| p.as_str().unwrap().contains("audit.jsonl.aside")), aside, "{done}");
        let verified = command(&appliance, &["audit", "verify"]).unwrap();
        assert!(verified.code == 0 && verified.stdout.contains(words), "{words}: {}", verified.stdout);
    };
    // The audit of the backup put in its place by hand, as one did before: the start says what to do.
    std::fs::copy(to.join("audit.jsonl"), &audit).unwrap();
    let refused = command(&appliance, &["run"]).unwrap();
    assert!(refused.code == 1 && refused.stderr.contains("appliance restore"), "{}", refused.stderr);
    restored("was put aside: it does not reach line", true);
    // Altered in the middle.
    std::fs::write(&audit, whole.replacen("received", "recieved", 1)).unwrap();
    std::fs::write(&head, &good_head).unwrap();
    assert_eq!(command(&appliance, &["run"]).unwrap().code, 1);
    restored("was put aside: its chain is broken at line", true);
    // Gone.
    std::fs::remove_file(&audit).unwrap();
    assert_eq!(command(&appliance, &["run"]).unwrap().code, 1);
    restored("was gone", false);
    // Longer than the backup's, without its head: it is kept, and said.
    std::fs::write(&audit, &whole).unwrap();
    std::fs::remove_file(&head).unwrap();
    restored("goes on without its head", false);
    assert!(std::fs::read_to_string(&audit).unwrap().lines().count() > lines);
    appliance.start().unwrap();
    until_answered(&appliance, 2);
    appliance.stop().unwrap();
}

#[test]
fn without_its_key_or_with_another_or_altered_a_backup_is_refused_and_nothing_is_touched() {
    let folder = tempfile::tempdir().unwrap();
    let appliance = site(folder.path(), None);
    let (to, key) = (folder.path().join("backup"), appliance.folder.join("keys/store.key"));
    backup(&appliance, &to).unwrap();
    let name = to.display().to_string();
    let before = beside_ledger(&appliance).unwrap();
    let refused = |words: &str| {
        let said = command(&appliance, &["restore", &name, "--replace"]).unwrap();
        assert!(said.code != 0 && said.stderr.contains(words), "{words}: {}", said.stderr);
        assert_eq!(beside_ledger(&appliance).unwrap(), before, "{words}");
    };
    let good = std::fs::read_to_string(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    refused("store's key is missing");
    assert!(!key.exists(), "a new key would hide that the old one is lost");
    std::fs::write(&key, "ab".repeat(32)).unwrap();
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    refused("store key is not the one");
    std::fs::write(&key, good).unwrap();
    let copy = to.join("ledger.db");
    let mut bytes = std::fs::read(&copy).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&copy, &bytes).unwrap();
    refused("ledger.db is not what it was");
    std::fs::remove_file(to.join("BACKUP.json")).unwrap();
    refused("no BACKUP.json");
}

#[test]
fn a_disk_that_is_full_refuses_the_restore_and_keeps_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut appliance = site(folder.path(), None);
    let (small, to) = (appliance.folder.join("small"), folder.path().join("backup"));
    let Some(disk) = SmallDisk::mount(&small, 16, "a full disk").unwrap() else { return };
    std::fs::rename(appliance.ledger_path().unwrap(), folder.path().join("moved")).unwrap();
    std::fs::copy(folder.path().join("moved"), small.join("ledger.db")).unwrap();
    Settings::read(&appliance.config).unwrap().with("site", "ledger", "small/ledger.db").write().unwrap();
    appliance.start().unwrap();
    send(&appliance, &objects(9_300, 3));
    until_answered(&appliance, 1);
    backup(&appliance, &to).unwrap();
    send(&appliance, &objects(9_301, 3));
    until_answered(&appliance, 2);
    appliance.stop().unwrap();
    // Somebody fills the disk to the last byte.
    let filler = small.join("filler");
    let mut file = std::fs::File::create(&filler).unwrap();
    for piece in [1 << 16, 4096] {
        while file.write_all(&vec![0xA5; piece]).is_ok() {}
    }
    assert!(disk.free().unwrap() < 4096);
    let name = to.display().to_string();
    let files = beside_ledger(&appliance).unwrap();
    let refused = command(&appliance, &["restore", &name, "--replace"]).unwrap();
    assert!(refused.code == 1 && refused.stderr.contains("make room"), "{}", refused.stderr);
    assert_eq!(
        beside_ledger(&appliance).unwrap(),
        files,
        "nothing is left of the try, and the ledger is in its place"
    );
    drop(file);
    std::fs::remove_file(filler).unwrap();
    appliance.start().unwrap();
    until_answered(&appliance, 2);
    appliance.stop().unwrap();
    let done = command(&appliance, &["restore", &name, "--replace"]).unwrap();
    assert_eq!(done.code, 0, "{}", done.stderr);
    appliance.start().unwrap();
    until_answered(&appliance, 2);
    appliance.stop().unwrap();
}
