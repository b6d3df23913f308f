//! Behaviour: what DCMTK's storescu sends is answered in the ledger and shown by `status`; echoscu is answered.

use std::path::PathBuf;
use std::process::Command;

use fixtures::study::{StudyKind, StudySpec};
use scanside_tests::support::{Appliance, LIMIT, Terms, until};

fn dcmtk(tool: &str, appliance: &Appliance, files: &[PathBuf]) {
    let port = appliance.intake.port().to_string();
    let mut command = Command::new(tool);
    command.args(["-aet", "CT1", "-aec", "SCANSIDE", "127.0.0.1", &port]).args(files);
    let output = command.output().unwrap_or_else(|error| panic!("{tool} (package dcmtk): {error}"));
    assert!(output.status.success(), "{tool}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_film_and_a_series_sent_by_dcmtk_are_answered_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let mut appliance = Appliance::init(&folder.path().join("site"), &folder.path().join("log")).unwrap();
    Terms::default().shape(&appliance).unwrap();
    appliance.start().unwrap();
    dcmtk("echoscu", &appliance, &[]);

    let film = StudySpec::new(StudyKind::Cr, 11).with_size(880, 1070).build().unwrap();
    let series = StudySpec::new(StudyKind::HeadCt, 12).with_size(256, 256).with_slices(12).build().unwrap();
    let screen_shot = StudySpec::new(StudyKind::SecondaryCapture, 13).build().unwrap();
    for (name, study) in [("film", &film), ("series", &series), ("screen shot", &screen_shot)] {
        dcmtk("storescu", &appliance, &study.write(&folder.path().join(name)).unwrap());
    }

    let mut ledger = appliance.ledger().unwrap();
    let rows = until("three studies are answered", LIMIT, || {
        let rows = ledger.rows()?;
        Ok((rows.len() == 3 && rows.iter().all(|row| row.answered())).then_some(rows))
    })
    .unwrap();
    let of = |uid: &str| rows.iter().find(|row| row.uid == uid).unwrap();
    let answers = ["no-flag", "flag", "escalate"];
    assert!(
        answers.contains(&of(&film.study_uid).disposition.as_deref().unwrap()),
        "{:?}",
        of(&film.study_uid)
    );
    // The head CT bundle never counts its silence.
    let head = of(&series.study_uid);
    assert!(["flag", "escalate"].contains(&head.disposition.as_deref().unwrap()), "{head:?}");
    assert_eq!(head.instances, 12);
    // Not enrolled: nothing can leave, and what must wait is held whatever the link says.
    assert_eq!(of(&screen_shot.study_uid).state.as_deref(), Some("held"));
    assert_eq!(of(&screen_shot.study_uid).disposition.as_deref(), Some("not-analysed"));

    let status = appliance.status().unwrap();
    assert_eq!(status["counts"]["studies"], 3);
    assert_eq!(status["counts"]["instances"], 14);
    assert_eq!(status["counts"]["unanswered"], 0);
    assert_eq!(status["counts"]["cases"]["held"], 1);
    assert_eq!(status["mode"], "settle");
    assert_eq!(status["scanner"]["state"], "ok");
    appliance.stop().unwrap();
}

#[test]
fn a_caller_that_is_not_on_the_list_is_turned_away_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let mut appliance = Appliance::init(&folder.path().join("site"), &folder.path().join("log")).unwrap();
    let caller: toml::Table = "ae_title = \"CT1\"\naddress = \"127.0.0.1\"".parse().unwrap();
    let callers = vec![toml::Value::Table(caller)];
    scanside_tests::support::Settings::read(&appliance.config)
        .unwrap()
        .with("intake", "callers", callers)
        .write()
        .unwrap();
    appliance.start().unwrap();
    let stranger = fixtures::scanner::Scanner::new(appliance.intake.to_string(), "SCANSIDE", "STRANGER");
    assert!(stranger.echo().is_err());
    assert_eq!(appliance.scanner().echo().unwrap(), 0);
    let refused = until("the stranger is shown", LIMIT, || {
        let status = appliance.status()?;
        Ok(status["refused"].as_array().filter(|all| !all.is_empty()).cloned())
    })
    .unwrap();
    assert_eq!(refused[0]["ae_title"], "STRANGER");
    appliance.stop().unwrap();
}
