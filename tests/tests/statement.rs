//! Behaviour: every case that left has a signed statement that names no value, and a changed one is found out.

use fixtures::study::{StudyKind, StudySpec};
use scanside_tests::support::{Pair, Terms, run};
use sqlx::ConnectOptions as _;

async fn change(ledger: &std::path::Path, sql: &'static str) {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(ledger);
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    sqlx::Connection::close(connection).await.unwrap();
}

#[test]
fn the_statement_of_a_case_says_what_was_done_and_holds_its_signature() {
    let folder = tempfile::tempdir().unwrap();
    let mut pair = Pair::start(folder.path(), &Terms::default()).unwrap();
    pair.until_up().unwrap();
    let study = StudySpec::new(StudyKind::HeadCt, 31).with_slices(12).with_bleed(None).build().unwrap();
    let row = pair.travelled(&study.instances).unwrap();
    pair.appliance.stop().unwrap();

    let case = row.case.unwrap();
    let config = pair.appliance.config.display().to_string();
    let read = run("appliance", &["case", "statement", &case, "--config", &config]).unwrap();
    assert_eq!(read.code, 0, "{}", read.stderr);
    for words in ["policy strict", "Instances: 12 de-identified", "(0010,0010) PatientName", "not anonymous"]
    {
        assert!(read.stdout.contains(words), "{words}: {}", read.stdout);
    }
    let json = run("appliance", &["case", "statement", &case, "--json", "--config", &config]).unwrap();

    for said in [&read.stdout, &json.stdout] {
        assert!(study.planted.search(said.as_bytes()).is_empty(), "a planted value in {said}");
    }

    let ledger = pair.appliance.ledger_path().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(change(
        &ledger,
        "UPDATE statements SET statement = replace(statement, '\"searched\":', '\"searched\":1')",
    ));
    let changed = run("appliance", &["case", "statement", &case, "--config", &config]).unwrap();
    assert_eq!(changed.code, 1);
    assert!(changed.stderr.contains("does not hold"), "{}", changed.stderr);
}
