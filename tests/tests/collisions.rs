//! Behaviour: two patients' films under one SOP Instance UID in two studies. Nothing is lost, nothing merges, and a
//! person is told to look at the archive, whatever it answers.

use std::path::Path;

use fixtures::identity::Person;
use fixtures::scanner::Outgoing;
use fixtures::study::{Study, StudyKind, StudySpec};
use scanside_tests::support::{Appliance, LIMIT, Row, ScriptedArchive, Settings, run_ok, until};
use serde_json::Value;

/// A film about the person of a seed.
fn film(seed: u64) -> Study {
    let spec = StudySpec::new(StudyKind::Cr, seed).with_size(96, 80);
    spec.with_person(Person::from_seed(seed)).build().unwrap()
}

/// Two films of two people in two studies; the second has the first one's SOP Instance UID.
fn two_films() -> (Outgoing, Outgoing, [u64; 2]) {
    let first = film(8_700);
    let uid = first.instances[0].sop_instance_uid.clone();
    let mut others = (8_701..).map(|seed| (seed, film(seed)));
    let (seed, second) = others.find(|(_, f)| f.instances[0].sop_instance_uid.len() == uid.len()).unwrap();
    assert_ne!(first.study_uid, second.study_uid);
    let film = &second.instances[0];
    let mut data = film.data_set().to_vec();
    let own = film.sop_instance_uid.as_bytes();
    let at = data.windows(own.len()).position(|w| w == own).unwrap();
    data[at..at + own.len()].copy_from_slice(uid.as_bytes());
    let again = Outgoing::raw(&film.sop_class_uid, &uid, &film.transfer_syntax_uid, data);
    (Outgoing::from(&first.instances[0]), again, [8_700, seed])
}

fn rule(name: &str, keeper: &ScriptedArchive) -> toml::Table {
    let text = format!(
        "name = \"{name}\"\naddress = \"127.0.0.1:{}\"\ncalled_ae_title = \"{}\"\nretry_first = \"50ms\"\n\
         retry_max = \"1s\"\ntimeout = \"20s\"\n",
        keeper.port,
        name.to_uppercase()
    );
    text.parse().unwrap()
}

fn send(appliance: &Appliance, film: &Outgoing) {
    let sent = appliance.scanner().send_watched(std::slice::from_ref(film), |_| Ok(())).complete().unwrap();
    assert!(sent[0].acknowledged());
}

fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row[key].as_str().unwrap_or_default()
}

type Archives = [(&'static str, ScriptedArchive); 3];

/// Archives that keep what they get and answer to whatever is not the first film as they are named.
fn archives() -> Archives {
    let keeper = |status: u16| {
        let answer = move |kept: &[Vec<u8>], data: &[u8]| match kept.first() {
            Some(first) if first != data => status,
            _ => 0,
        };
        ScriptedArchive::start(answer).unwrap()
    };
    [("keeps", keeper(0)), ("refuses", keeper(0x0111)), ("coerces", keeper(0xB000))]
}

/// An appliance without models that sends everything on to the archives.
fn appliance(folder: &Path, archives: &Archives) -> Appliance {
    let appliance = Appliance::init(&folder.join("site"), &folder.join("log")).unwrap();
    let mut settings = Settings::read(&appliance.config)
        .unwrap()
        .with("triage", "bundles", Vec::<toml::Value>::new())
        .with("triage", "embed", Vec::<toml::Value>::new());
    for (name, keeper) in archives {
        settings = settings.with_one_more("forward", rule(name, keeper));
    }
    settings.write().unwrap();
    appliance
}

/// Every row of `forward list` for these states once there are so many and each is answered.
fn until_answered(appliance: &Appliance, states: &[&str], count: usize) -> Vec<Value> {
    let words: Vec<&str> = ["list"].into_iter().chain(states.iter().flat_map(|s| ["--state", s])).collect();
    until("every archive has answered", LIMIT, || {
        let rows = appliance.forward(&words)?;
        let answered =
            rows.len() == count && rows.iter().all(|r| r["status"].is_u64() && r["state"] != "waiting");
        Ok(answered.then_some(rows))
    })
    .unwrap()
}

/// State, answer and words of each study's row at one archive.
fn answers<'a>(rows: &'a [Value], studies: &[Row], name: &str) -> Vec<(&'a str, &'a str, &'a str)> {
    let of = |study: &Row| rows.iter().find(|r| r["destination"] == name && r["study"] == study.id).unwrap();
    let said = studies
        .iter()
        .map(of)
        .inspect(|r| assert!(r["collision"] == true && r["checked_by"].is_null(), "{r}"));
    said.map(|r| (text(r, "state"), text(r, "answer"), text(r, "fault"))).collect()
}

#[test]
fn both_films_reach_every_archive_byte_for_byte_and_each_answer_waits_for_a_person() {
    let folder = tempfile::tempdir().unwrap();
    let archives = archives();
    let mut appliance = appliance(folder.path(), &archives);
    appliance.start().unwrap();
    let (ann, bob, seeds) = two_films();
    send(&appliance, &ann);
    until_answered(&appliance, &["delivered"], 3);
    // The process dies with the second film somewhere between its entry and its row: the next start makes the same of it.
    send(&appliance, &bob);
    appliance.kill();
    appliance.start().unwrap();
    let mut ledger = appliance.ledger().unwrap();
    let studies = until("both studies are answered", LIMIT, || {
        let rows = ledger.rows()?;
        Ok((rows.len() == 2 && rows.iter().all(Row::answered)).then_some(rows))
    })
    .unwrap();
    assert_eq!(studies[0].reason, studies[1].reason);
    assert!(!studies[0].reason.as_ref().unwrap().contains("key object"), "{:?}", studies[0].reason);
    let listed = until_answered(&appliance, &[], 6);
    let films = [ann.data_set().unwrap(), bob.data_set().unwrap()];
    for (name, keeper) in &archives {
        let mut kept = keeper.kept();
        // What was sent when the process was killed may be sent twice, never less.
        kept.dedup();
        assert!(kept == films, "{name}: not as received");
        let second = match *name {
            "keeps" => ("delivered", "accepted", ""),
            "refuses" => ("dead", "refused", "the destination holds another instance of this UID (0111)"),
            _ => ("delivered", "coerced", "delivered; the destination changed elements of its copy"),
        };
        assert_eq!(answers(&listed, &studies, name), [("delivered", "accepted", ""), second], "{name}");
    }
    assert_eq!(appliance.status().unwrap()["counts"]["collisions"], 1);
    assert_eq!(appliance.forward(&["checked", "keeps", "--by", "eva"]).unwrap()[0]["changed"], 1);
    let left = appliance.forward(&["list"]).unwrap();
    assert!(left.len() == 4 && left.iter().all(|r| r["destination"] != "keeps"), "{left:?}");
    let config = appliance.config.display().to_string();
    let human = run_ok("appliance", &["forward", "list", "refuses", "--config", &config]).unwrap();
    assert!(
        human.stdout.contains("collision") && human.stdout.contains("refused (0111)"),
        "{}",
        human.stdout
    );
    appliance.stop().unwrap();
    audited(&appliance, &studies, &seeds, &ann.sop_instance_uid);
}

/// The audit names both studies and who looked; neither it nor the log names a patient or a UID.
fn audited(appliance: &Appliance, studies: &[Row], seeds: &[u64], uid: &str) {
    let audit = std::fs::read_to_string(appliance.folder.join("audit.jsonl")).unwrap();
    let lines: Vec<&str> = audit.lines().filter(|l| l.contains("UID collision")).collect();
    assert!(studies.iter().all(|s| lines.iter().any(|l| l.contains(&s.id))), "{lines:?}");
    assert!(audit.contains("collisions checked at the archive") && audit.contains("eva"));
    let log = std::fs::read_to_string(&appliance.log).unwrap();
    for about in seeds {
        let p = Person::from_seed(*about);
        for secret in [p.family.as_str(), &p.patient_id, uid] {
            assert!(!log.contains(secret) && !audit.contains(secret), "a patient or a UID is named");
        }
    }
}
