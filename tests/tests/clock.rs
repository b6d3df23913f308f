//! Behaviour: whichever way the clock of a running process is set, nothing waits for it, nothing ends by it, and it is
//! written down. Only that process sees the clock; the machine's own stays.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::mpsc;

use domain::decision::Decision;
use fixtures::study::{Instance, StudyKind, StudySpec};
use scanside_tests::support::{Appliance, Clock, LIMIT, Pair, STORESCP, Settings, Storescp, Terms, until};
use serde_json::{Value, json};

const HOUR: i64 = 3_600;
const YEARS: i64 = 3 * 365 * 24 * HOUR;

/// A site without models, with a clock of its own; not started.
fn site(folder: &Path, quiet: &str) -> (Appliance, Clock) {
    let mut site = Appliance::init(&folder.join("site"), &folder.join("log")).unwrap();
    Settings::read(&site.config)
        .unwrap()
        .with("triage", "bundles", Vec::<toml::Value>::new())
        .with("triage", "embed", Vec::<toml::Value>::new())
        .with("store", "warn_free", "200MiB")
        .with("store", "refuse_free", "100MiB")
        .with("study", "quiet", quiet)
        .with("study", "after_release", quiet)
        .write()
        .unwrap();
    let clock = Clock::new(folder).unwrap();
    site.clock = Some(clock.clone());
    (site, clock)
}

fn film(seed: u64) -> Vec<Instance> {
    StudySpec::new(StudyKind::Cr, seed).with_size(96, 80).build().unwrap().instances
}

fn audit(site: &Appliance) -> Vec<Value> {
    let text = std::fs::read_to_string(site.folder.join("audit.jsonl")).unwrap();
    // The last line may be half written.
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// How the clock was set, as the audit says.
fn steps(site: &Appliance) -> Vec<String> {
    let set = audit(site).into_iter().filter(|line| line["what"] == "clock set");
    set.map(|line| line["detail"].as_str().unwrap().to_owned()).collect()
}

/// Sets the clock and waits until the appliance has seen it.
fn set(site: &Appliance, clock: &Clock, seconds: i64) {
    let before = steps(site).len();
    clock.set(seconds).unwrap();
    until("the step is in the audit", LIMIT, || Ok((steps(site).len() > before).then_some(()))).unwrap();
}

#[test]
fn a_study_that_arrives_while_the_clock_is_set_back_is_answered_after_its_quiet_time() {
    let folder = tempfile::tempdir().unwrap();
    let (mut site, clock) = site(folder.path(), "2s");
    site.start().unwrap();
    let mut ledger = site.ledger().unwrap();
    for (n, behind) in [(1, -HOUR), (2, -YEARS)] {
        site.scanner().send(&film(n)).unwrap();
        clock.set(behind).unwrap();
        until("the study is answered", LIMIT, || {
            let rows = ledger.rows()?;
            Ok((rows.len() == n as usize && rows.iter().all(|row| row.answered())).then_some(()))
        })
        .unwrap();
    }
    site.stop().unwrap();
}

#[test]
fn a_study_that_arrives_while_the_clock_is_set_forward_is_not_cut_short() {
    let folder = tempfile::tempdir().unwrap();
    let (mut site, clock) = site(folder.path(), "10m");
    site.start().unwrap();
    let mut ledger = site.ledger().unwrap();
    site.scanner().send(&film(1)).unwrap();
    let first = until("it arrives", LIMIT, || Ok(ledger.rows()?.pop())).unwrap().id;
    set(&site, &clock, HOUR);
    // The work is looked through at least once after the step: another study goes all the way.
    site.scanner().send(&film(2)).unwrap();
    let second =
        until("another arrives", LIMIT, || Ok(ledger.rows()?.into_iter().find(|row| row.id != first)))
            .unwrap()
            .id;
    until("it is known as arriving", LIMIT, || {
        let status = site.status()?;
        Ok((status["arriving"].as_array().unwrap().len() == 2).then_some(()))
    })
    .unwrap();
    site.process_now(&second).unwrap();
    let rows = until("the other is answered", LIMIT, || {
        let rows = ledger.rows()?;
        Ok(rows.iter().any(|row| row.id == second && row.answered()).then_some(rows))
    })
    .unwrap();
    let row = rows.iter().find(|row| row.id == first).unwrap();
    assert_eq!((row.revision, row.arriving), (0, 1), "it still arrives");
    let status = site.status().unwrap();
    assert_eq!(status["arriving"][0]["study"], first, "{status}");
    assert_eq!(status["clock"]["state"], "warn", "{status}");
    assert!(status["clock"]["words"].as_str().unwrap().contains("forward by"), "{status}");
    site.stop().unwrap();
}

#[test]
fn originals_go_on_as_soon_as_their_archive_is_back_whichever_way_the_clock_was_set() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Storescp::prepare(&folder.path().join("archive")).unwrap();
    let (mut site, clock) = site(folder.path(), "2s");
    let rule = format!(
        "name = \"pacs\"\naddress = \"localhost:{}\"\ncalled_ae_title = \"{STORESCP}\"\nretry_first = \"50ms\"\n\
         retry_max = \"1s\"\n",
        archive.port
    );
    let rule: toml::Table = rule.parse().unwrap();
    Settings::read(&site.config).unwrap().with_one_more("forward", rule).write().unwrap();
    site.start().unwrap();
    for (n, seconds) in [(1, -HOUR), (2, HOUR), (3, -YEARS)] {
        site.scanner().send(&film(n)).unwrap();
        until("the archive is away", LIMIT, || {
            let row = site.destination("pacs")?;
            Ok((row["state"] == "warn" && row["waiting"] == 1 && row["next_try"].is_i64()).then_some(()))
        })
        .unwrap();
        set(&site, &clock, seconds);
        archive.start().unwrap();
        until("it is delivered", LIMIT, || Ok((site.destination("pacs")?["waiting"] == 0).then_some(())))
            .unwrap();
        assert_eq!(archive.data_sets().unwrap().len() as u64, n);
        assert_eq!(site.destination("pacs").unwrap()["dead"], 0);
        archive.kill();
    }
    site.stop().unwrap();
}

/// The page's answer to whoever is signed in with this cookie.
fn page(site: &Appliance, cookie: &str) -> u16 {
    let url = format!("http://{}/api/list", site.page);
    let got = block(async { reqwest::Client::new().get(url).header("cookie", cookie).send().await.unwrap() });
    got.status().as_u16()
}

fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn sign_in(site: &Appliance) -> String {
    let code = site.login.split_once('#').unwrap().1.to_owned();
    let origin = format!("http://{}", site.page);
    let answer = block(async {
        let asked = reqwest::Client::new().post(format!("{origin}/api/setup")).header("origin", &origin);
        let body = json!({ "code": code }).to_string();
        asked.header("content-type", "application/json").body(body).send().await.unwrap()
    });
    assert_eq!(answer.status(), 200);
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    cookie.split_once(';').unwrap().0.to_owned()
}

#[test]
fn a_session_lasts_as_long_as_it_should_and_the_audit_says_how_the_clock_was_set() {
    let folder = tempfile::tempdir().unwrap();
    let (mut site, clock) = site(folder.path(), "2s");
    Settings::read(&site.config).unwrap().with("review", "session", "30m").write().unwrap();
    site.start().unwrap();
    let cookie = sign_in(&site);
    assert_eq!((page(&site, &cookie), page(&site, "")), (200, 401));
    set(&site, &clock, HOUR);
    assert_eq!(page(&site, &cookie), 200, "nobody is thrown out");
    set(&site, &clock, -HOUR);
    assert_eq!(page(&site, &cookie), 200);

    // A start takes the clock's time, and the session with it: two hours back have not made it longer.
    let end =
        |site: &Appliance| site.ledger().unwrap().count("SELECT max(until) FROM sessions").unwrap() as i64;
    let before = end(&site);
    site.stop().unwrap();
    site.start().unwrap();
    assert_eq!(page(&site, &cookie), 200);
    let moved = (end(&site) - before) / 1_000;
    assert!((-HOUR - 60..=-HOUR + 60).contains(&moved), "{moved}");

    let lines = audit(&site);
    let said = steps(&site);
    assert_eq!(said[..2], ["forward by 1h", "back by 2h"], "{said:?}");
    assert!(said[2].contains("back by") && said[2].contains("since the last run"), "{said:?}");
    // The chain is the order, checked by the start above; each line carries what the clock said then.
    let at: Vec<i64> = lines.iter().map(|line| line["at"].as_i64().unwrap()).collect();
    let jumps: Vec<i64> = at.windows(2).map(|w| (w[1] - w[0]) / 60_000).filter(|m| m.abs() > 30).collect();
    assert_eq!(jumps.iter().map(|m| (*m as f64 / 60.0).round()).collect::<Vec<_>>(), [1.0, -2.0]);
    site.stop().unwrap();
}

#[test]
fn a_box_that_starts_long_ago_and_hears_of_the_time_loses_nothing_by_it() {
    let folder = tempfile::tempdir().unwrap();
    let (mut site, clock) = site(folder.path(), "2s");
    clock.set(-26 * 365 * 24 * HOUR).unwrap();
    site.start().unwrap();
    let cookie = sign_in(&site);
    let status = site.status().unwrap();
    assert_eq!(status["clock"]["state"], "bad", "{status}");
    assert!(status["now"].as_i64().unwrap() >= proto::clock::EARLIEST_MS, "{status}");
    site.scanner().send(&film(1)).unwrap();
    set(&site, &clock, 0);
    let mut ledger = site.ledger().unwrap();
    until("the study is answered", LIMIT, || {
        Ok(ledger.rows()?.iter().any(|row| row.answered()).then_some(()))
    })
    .unwrap();
    assert_eq!(page(&site, &cookie), 200, "who has signed in stays so");
    assert_eq!(site.status().unwrap()["clock"]["state"], "warn", "its times are not true yet");
    site.stop().unwrap();
    site.start().unwrap();
    let status = site.status().unwrap();
    assert_eq!(status["clock"]["state"], "ok", "{status}");
    assert_eq!(page(&site, &cookie), 200, "in one run of the machine a session keeps what is left of it");
    site.stop().unwrap();
}

/// A server that tells of each question and answers, with a model's draft, when it is told to.
fn slow() -> (String, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let (tell, asked) = mpsc::channel();
    let (go, may) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut line, mut length) = (String::new(), 0);
            while reader.read_line(&mut line).unwrap() > 2 {
                if let Some(n) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = n.trim().parse().unwrap();
                }
                line.clear();
            }
            reader.read_exact(&mut vec![0; length]).unwrap();
            // Without a body it is asked whether it is there, which it is.
            if length > 0 {
                tell.send(()).unwrap();
                if may.recv().is_err() {
                    return;
                }
            }
            let draft = r#"{"findings":"A ramp of grey.","impression":"A phantom.","priority":null}"#;
            let choice = json!({ "finish_reason": "stop", "message": { "content": draft } });
            let answer = json!({ "choices": [choice] }).to_string();
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", answer.len());
            stream.write_all((head + &answer).as_bytes()).unwrap();
        }
    });
    (url, asked, go)
}

#[test]
fn a_lease_is_held_and_no_case_buried_whichever_way_the_clouds_clock_is_set() {
    let folder = tempfile::tempdir().unwrap();
    let mut pair = Pair::start(folder.path(), &Terms::default()).unwrap();
    let (url, asked, go) = slow();
    let clock = Clock::new(folder.path()).unwrap();
    pair.cloud.stop().unwrap();
    Settings::read(&pair.cloud.config)
        .unwrap()
        .with("diagnosis", "backend", "openai")
        .with("diagnosis", "base_url", url)
        .with("diagnosis", "model", "seer")
        .write()
        .unwrap();
    pair.cloud.clock = Some(clock.clone());
    pair.cloud.start().unwrap();
    pair.until_up().unwrap();

    let study = StudySpec::new(StudyKind::HeadCt, 77).with_size(64, 64).with_slices(3).build().unwrap();
    let row = pair.answered(&study.instances).unwrap();
    if row.case.is_none() {
        pair.let_go(&row).unwrap();
    }
    asked.recv_timeout(LIMIT).unwrap();
    // Each step is seen by the loop that ends leases, and ended leases are looked for between each two.
    let said =
        || Ok::<_, scanside_tests::Error>(std::fs::read_to_string(&pair.cloud.log).unwrap_or_default());
    for (n, seconds) in [HOUR, -HOUR, YEARS, 0].into_iter().enumerate() {
        clock.set(seconds).unwrap();
        until("the cloud has seen the step", LIMIT, || {
            Ok((said()?.matches("the machine's clock was set").count() > n).then_some(()))
        })
        .unwrap();
    }
    let cases = pair.cloud.cases().unwrap();
    assert_eq!(
        (cases.len(), &cases[0]["state"], &cases[0]["attempts"]),
        (1, &json!("leased"), &json!(1)),
        "{cases:?}"
    );
    go.send(()).unwrap();
    pair.until_state("answered").unwrap();
    assert!(asked.try_recv().is_err(), "it was asked once");
    drop(go);
    pair.appliance.stop().unwrap();
    pair.cloud.stop().unwrap();
}

#[test]
fn contacts_are_called_in_time_although_calls_began_by_a_clock_that_was_ahead_and_is_set_back() {
    let folder = tempfile::tempdir().unwrap();
    let (mut site, clock) = site(folder.path(), "2s");
    let (url, called, go) = slow();
    let contact: toml::Table = format!("name = \"duty\"\nwebhook = \"{url}\"").parse().unwrap();
    Settings::read(&site.config)
        .unwrap()
        .with("alarm", "stat", "10s")
        .with("alarm", "contact", vec![toml::Value::Table(contact)])
        .write()
        .unwrap();
    clock.set(2 * HOUR).unwrap();
    site.start().unwrap();
    // Calls begin with the first look of the one who makes them.
    until("calls have begun", LIMIT, || {
        let begun = site.ledger()?.count("SELECT count(*) FROM facts WHERE key = 'alarm_since'")?;
        Ok((begun == 1).then_some(()))
    })
    .unwrap();
    site.stop().unwrap();
    clock.set(0).unwrap();
    site.start().unwrap();
    site.scanner().send(&film(1)).unwrap();
    let mut ledger = site.ledger().unwrap();
    let row =
        until("the study is answered", LIMIT, || Ok(ledger.rows()?.into_iter().find(|row| row.answered())));
    site.decide("technician", Decision::Stat { study: row.unwrap().id }).unwrap();
    clock.set(-HOUR).unwrap();
    go.send(()).unwrap();
    called.recv_timeout(LIMIT).unwrap();
    until("the call is on record", LIMIT, || {
        Ok((ledger.count("SELECT count(*) FROM calls WHERE fault IS NULL")? == 1).then_some(()))
    })
    .unwrap();
    drop(go);
    site.stop().unwrap();
}

#[test]
fn a_clock_that_is_years_off_shuts_the_link_until_it_is_set_and_the_page_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut pair = Pair::start(folder.path(), &Terms::default()).unwrap();
    pair.appliance.stop().unwrap();
    let clock = Clock::new(folder.path()).unwrap();
    clock.set(YEARS).unwrap();
    pair.appliance.clock = Some(clock.clone());
    pair.appliance.start().unwrap();
    let words = until("the cloud is away", LIMIT, || {
        let words = pair.appliance.status()?["cloud"]["words"].as_str().unwrap_or_default().to_owned();
        Ok(words.contains("certificate").then_some(words))
    })
    .unwrap();
    assert!(words.contains("clock"), "{words}");
    set(&pair.appliance, &clock, 0);
    pair.until_up().unwrap();
    // And a case travels: nothing waits for the three years to pass again.
    let study = StudySpec::new(StudyKind::HeadCt, 78).with_size(64, 64).with_slices(3).build().unwrap();
    pair.travelled(&study.instances).unwrap();
    pair.appliance.stop().unwrap();
    pair.cloud.stop().unwrap();
}
