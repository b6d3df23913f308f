//! Behaviour: an open flag calls the next contact until somebody acknowledges it; a study without a flag is sampled and only a
//! physician reads it; a mode that needs a contact is refused without one.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

use domain::decision::Decision;
use fixtures::study::{Study, StudyKind, StudySpec};
use scanside_tests::support::{Appliance, LIMIT, Row, Settings, Terms, run, run_ok, until};

/// A pager: an address, and what it is sent.
fn pager() -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/hook", listener.local_addr().unwrap());
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let text = request(&mut stream);
            let _ = stream
                .write_all(b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            if tell.send(text).is_err() {
                return;
            }
        }
    });
    (address, told)
}

/// One request with its body.
fn request(stream: &mut TcpStream) -> String {
    let (mut text, mut bytes) = (String::new(), [0_u8; 4096]);
    loop {
        let n = stream.read(&mut bytes).unwrap_or(0);
        text.push_str(&String::from_utf8_lossy(&bytes[..n]));
        if n == 0 || text.contains("\r\n\r\n") && text.ends_with('}') {
            return text;
        }
    }
}

fn contacts(addresses: [&str; 2]) -> Vec<toml::Value> {
    let one = |(n, url): (usize, &&str)| {
        let table: toml::Table = format!("name = \"contact {n}\"\nwebhook = \"{url}\"").parse().unwrap();
        toml::Value::Table(table)
    };
    addresses.iter().enumerate().map(one).collect()
}

fn site(folder: &std::path::Path) -> Appliance {
    let site = Appliance::init(&folder.join("site"), &folder.join("log")).unwrap();
    Terms::default().shape(&site).unwrap();
    site
}

/// Films of which some are flagged and some are not, answered.
fn answered(site: &Appliance) -> (Vec<Study>, Vec<Row>) {
    let film = |seed| StudySpec::new(StudyKind::Cr, seed).with_size(880, 1070).build().unwrap();
    let films: Vec<Study> = (101..109).map(film).collect();
    for film in &films {
        assert!(site.scanner().send(&film.instances).is_ok());
    }
    let mut ledger = site.ledger().unwrap();
    let rows = until("every film is answered", LIMIT, || {
        let rows = ledger.rows()?;
        Ok((rows.len() == films.len() && rows.iter().all(Row::answered)).then_some(rows))
    });
    (films, rows.unwrap())
}

fn given(rows: &[Row], word: &str) -> String {
    let row = rows.iter().find(|r| r.disposition.as_deref() == Some(word));
    row.unwrap_or_else(|| panic!("none is {word}")).id.clone()
}

#[test]
fn an_open_flag_calls_the_next_contact_when_the_first_cannot_be_reached() {
    let folder = tempfile::tempdir().unwrap();
    let mut site = site(folder.path());
    let (url, told) = pager();
    // Nobody listens there.
    let dead =
        TcpListener::bind("127.0.0.1:0").map(|l| format!("http://{}/", l.local_addr().unwrap())).unwrap();
    let mut settings = Settings::read(&site.config).unwrap();
    for target in ["stat", "urgent", "routine"] {
        settings = settings.with("alarm", target, "10s");
    }
    settings.with("alarm", "contact", contacts([&dead, &url])).write().unwrap();
    site.start().unwrap();
    let (films, rows) = answered(&site);
    let flag = given(&rows, "flag");
    let call = told.recv_timeout(Duration::from_secs(90)).expect("the second contact is called");
    let body: serde_json::Value = serde_json::from_str(call.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    let called = body["study"].as_str().unwrap();
    assert!(rows.iter().any(|r| r.id == called), "our own id");
    assert!(
        films.iter().all(|film| film.planted.search(call.as_bytes()).is_empty()),
        "an identifier is in the call"
    );
    let faults: Vec<Vec<Option<String>>> =
        site.ledger().unwrap().query("SELECT json_array(fault) FROM calls").unwrap();
    assert!(faults.iter().flatten().any(Option::is_some), "that the first could not be reached is on record");
    site.decide("tech", Decision::Acknowledge { study: flag }).unwrap();
    let audit = std::fs::read_to_string(folder.path().join("site/audit.jsonl")).unwrap();
    assert!(audit.contains("contact called") && audit.contains("contact not reached"));
    site.stop().unwrap();
}

#[test]
fn a_drawn_silent_study_is_read_by_a_physician_alone_and_acceptance_asks_for_more() {
    let folder = tempfile::tempdir().unwrap();
    let mut site = site(folder.path());
    Settings::read(&site.config).unwrap().with("oversight", "share", 1.0).write().unwrap();
    site.start().unwrap();
    let unflagged = given(&answered(&site).1, "no-flag");
    let read = |who: &str| site.decide(who, Decision::ReadNothing { study: unflagged.clone() });
    assert!(read("tech").unwrap_err().to_string().contains("only a physician's read counts"));
    site.add_user("dr").unwrap();
    let config = site.config.to_string_lossy().into_owned();
    run_ok("appliance", &["user", "physician", "dr", "--by", "officer", "--config", &config]).unwrap();
    read("dr").unwrap();
    assert!(read("dr").unwrap_err().to_string().contains("somebody has read it"));
    let standing = run_ok("appliance", &["model", "standing", "--json", "--config", &config]).unwrap();
    let standing = standing.lines().unwrap();
    let chest = standing.iter().find(|line| line["bundle"] == "chest-xray").unwrap();
    assert_eq!((&chest["watch"]["no_flag"]["reads"], &chest["meets"]), (&1.into(), &false.into()));
    let report = folder.path().join("report.txt");
    std::fs::write(&report, "read").unwrap();
    let report = report.to_string_lossy();
    let accept =
        ["model", "accept", "chest-xray", "--by", "officer", "--reason", "trial", "--report", &report];
    let refused = run("appliance", &[&accept[..], &["--config", &config]].concat()).unwrap();
    assert!(refused.stderr.contains("the local set does not show it"), "{}", refused.stderr);
    let audit = std::fs::read_to_string(folder.path().join("site/audit.jsonl")).unwrap();
    assert_eq!(audit.matches("physician's read").count(), 1, "what was refused is no read");
    assert!(!audit.contains("bundle accepted"));
    site.stop().unwrap();
}

#[test]
fn assist_without_a_contact_is_refused_by_check_and_runs_as_shadow() {
    let folder = tempfile::tempdir().unwrap();
    let mut site = site(folder.path());
    Settings::read(&site.config)
        .unwrap()
        .with("site", "demo", false)
        .with("triage", "mode", "assist")
        .with("intake", "callers", Vec::<toml::Value>::new())
        .write()
        .unwrap();
    let config = site.config.to_string_lossy().into_owned();
    let checked = run("appliance", &["check", "--config", &config]).unwrap();
    assert!(
        checked.stderr.contains("alarm.contact") && checked.stderr.contains("runs as shadow"),
        "{}",
        checked.stderr
    );
    assert_eq!(checked.code, 64);
    site.start().unwrap();
    let status = site.status().unwrap();
    assert!(status["models"]["words"].as_str().unwrap().contains("runs as shadow"), "{}", status["models"]);
    site.stop().unwrap();
}

#[test]
fn a_trial_call_says_who_was_reached_and_ends_with_69_when_somebody_was_not() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    let config = site.config.to_string_lossy().into_owned();
    let call = |more: &[&str]| {
        run("appliance", &[&["alarm", "try", "--json", "--config", &config][..], more].concat()).unwrap()
    };
    assert_eq!(call(&[]).code, 64, "nobody would be called");
    let (url, told) = pager();
    let dead =
        TcpListener::bind("127.0.0.1:0").map(|l| format!("http://{}/", l.local_addr().unwrap())).unwrap();
    Settings::read(&site.config).unwrap().with("alarm", "contact", contacts([&dead, &url])).write().unwrap();
    let both = call(&[]);
    assert_eq!(both.code, 69, "{}", both.stderr);
    let lines = both.lines().unwrap();
    assert_eq!((&lines[0]["reached"], &lines[1]["reached"]), (&false.into(), &true.into()));
    assert!(told.recv_timeout(LIMIT).unwrap().contains("trial call"));
    assert_eq!(call(&["contact 1"]).code, 0);
    assert_eq!(call(&["nobody"]).code, 64);
}
