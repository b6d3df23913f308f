//! The vault never answers with one of two: contradictions are told when they would be written, and found where an
//! earlier version wrote them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use sqlx::AssertSqlSafe;

use super::*;
use crate::connect::pool;
use crate::upgrade::MIGRATIONS;
use deid::{Originals, PatientEntry, ReidentificationMap};

const BO: [(&str, &str); 3] =
    [("PatientName", "Andersson^Bo"), ("PatientID", "12345"), ("PatientBirthDate", "19400101")];
const ADA: [(&str, &str); 3] =
    [("PatientName", "Zyxwort^Ada"), ("PatientID", "12345"), ("PatientBirthDate", "19900202")];

async fn ledger() -> (Ledger, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (Ledger::create(&folder.path().join("l.db"), &[7; 32]).await.unwrap(), folder)
}

fn originals(texts: &[(&str, &str)]) -> Originals {
    texts.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

/// One study of one person, as packing gives it back.
fn way(pseudonym: &str, person: &[(&str, &str)], study: &str) -> ReidentificationMap {
    let attributes = originals(person);
    let then = attributes.clone().into_iter().chain(originals(&[("AccessionNumber", study)])).collect();
    let patient = PatientEntry {
        attributes,
        days: -40,
        studies: [(format!("s.{study}"), then)].into(),
        uids: [(format!("s.{study}"), format!("1.2.{study}"))].into(),
        ..PatientEntry::default()
    };
    ReidentificationMap([(pseudonym.to_owned(), patient)].into())
}

async fn keep(ledger: &Ledger, way: &ReidentificationMap, released: bool, now: i64) -> Option<Contradiction> {
    ledger.keep_reidentification_map(way, "k", |_| released, now).await.unwrap()
}

async fn back(ledger: &Ledger, words: &[&str]) -> ReidentificationMap {
    ledger.reidentification_map(&words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>()).await.unwrap()
}

#[tokio::test]
async fn another_person_under_a_pseudonym_is_told_and_nothing_is_overwritten() {
    let (ledger, _folder) = ledger().await;
    assert_eq!(keep(&ledger, &way("P", &BO, "1"), false, 1).await, None);
    assert_eq!(keep(&ledger, &way("P", &BO, "1"), false, 2).await, None, "again");
    let refused = keep(&ledger, &way("P", &ADA, "2"), false, 3).await;
    assert_eq!(refused, Some(Contradiction::Person));
    assert!(back(&ledger, &["s.2"]).await.is_empty(), "as a whole or not at all");
    let known = &back(&ledger, &["P"]).await.0["P"];
    assert!(known.attributes["PatientName"] == "Andersson^Bo" && known.ambiguous.is_empty());

    // A person was told and let it go: each study leads to its own patient, the pseudonym alone to nobody.
    assert_eq!(keep(&ledger, &way("P", &ADA, "2"), true, 4).await, None);
    let both = back(&ledger, &["P", "s.1", "s.2"]).await;
    let patient = &both.0["P"];
    assert_eq!(patient.attributes["PatientName"], "Andersson^Bo", "not the last writer");
    assert!(patient.ambiguous.contains("P"));
    let names = ["s.1", "s.2"].map(|s| patient.studies[s]["PatientName"].as_str());
    assert_eq!(names, ["Andersson^Bo", "Zyxwort^Ada"]);
    // What was let go once need not be let go again.
    assert_eq!(keep(&ledger, &way("P", &ADA, "3"), false, 5).await, None);
}

#[tokio::test]
async fn a_name_that_changes_and_facts_that_are_added_are_no_contradiction() {
    let (ledger, _folder) = ledger().await;
    keep(&ledger, &way("P", &BO[..2], "1"), false, 1).await;
    assert_eq!(keep(&ledger, &way("P", &BO, "2"), false, 2).await, None);
    let married = [("PatientName", "Berg^Bo"), BO[1], BO[2]];
    assert_eq!(keep(&ledger, &way("P", &married, "3"), false, 3).await, None);
    let known = &back(&ledger, &["P", "s.3"]).await.0["P"];
    assert_eq!(known.attributes, originals(&BO), "as it was met first, completed");
    assert_eq!(known.studies["s.3"]["PatientName"], "Berg^Bo");
}

#[tokio::test]
async fn a_uid_that_stands_for_another_is_told() {
    let (ledger, _folder) = ledger().await;
    keep(&ledger, &way("P", &BO, "1"), false, 1).await;
    let mut other = way("Q", &ADA, "1");
    // The same UID of another patient leads back for both: a study that was corrected.
    assert_eq!(keep(&ledger, &other, false, 2).await, None);
    let both = back(&ledger, &["s.1"]).await;
    assert_eq!(both.0.values().map(|p| p.uids["s.1"].as_str()).collect::<Vec<_>>(), ["1.2.1", "1.2.1"]);
    other.0.get_mut("Q").unwrap().uids.insert("s.1".into(), "1.2.999".into());
    assert_eq!(keep(&ledger, &other, false, 3).await, Some(Contradiction::Uid));
    assert_eq!(keep(&ledger, &other, true, 4).await, None);
    let unsure = back(&ledger, &["s.1"]).await;
    assert!(unsure.0.values().all(|p| p.ambiguous.contains("s.1") && p.uids["s.1"] == "1.2.1"));
}

#[tokio::test]
async fn forgetting_one_patient_leaves_the_other_its_uids() {
    let (ledger, _folder) = ledger().await;
    keep(&ledger, &way("P", &BO, "1"), false, 1).await;
    keep(&ledger, &way("Q", &ADA, "1"), false, 2).await;
    assert_eq!(ledger.forget_patients(&["P".into()]).await.unwrap(), 1);
    let left = back(&ledger, &["s.1", "P"]).await;
    assert_eq!(left.0.keys().collect::<Vec<_>>(), ["Q"]);
}

/// A study of the ledger with this name, and its row in the vault as earlier versions wrote it: without its patient.
async fn earlier(ledger: &Ledger, pseudonym: &str, study: &str, name: &str) {
    let (uid, sealer) = (format!("1.2.{study}"), &ledger.sealer);
    sqlx::query(
        "INSERT INTO studies (id, uid, uid_index, first_arrival, last_arrival, modality, patient_name)
         VALUES (?, ?, ?, 1, 1, 'CR', ?)",
    )
    .bind(study)
    .bind(sealer.seal(columns::STUDY_UID, study, &uid).unwrap())
    .bind(sealer.index(columns::STUDY_UID, &uid).unwrap())
    .bind(sealer.seal(columns::PATIENT_NAME, study, name).unwrap())
    .execute(&ledger.pool)
    .await
    .unwrap();
    let new = format!("s.{study}");
    sqlx::query("INSERT INTO vault_studies VALUES (?, ?, ?)")
        .bind(&new)
        .bind(pseudonym)
        .bind(sealer.seal(columns::VAULT_STUDY, &new, "{\"AccessionNumber\":\"A\"}").unwrap())
        .execute(&ledger.pool)
        .await
        .unwrap();
    sqlx::query("INSERT INTO vault_uids (pseudonym, patient, original) VALUES (?, ?, ?)")
        .bind(&new)
        .bind(pseudonym)
        .bind(sealer.seal(columns::VAULT_UID, &new, &uid).unwrap())
        .execute(&ledger.pool)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_pseudonym_that_an_earlier_version_gave_to_two_leads_to_nobody() {
    let (ledger, _folder) = ledger().await;
    for (pseudonym, person) in [("P", &ADA), ("Q", &BO)] {
        let identity = serde_json::json!({ "attributes": originals(person), "days": -40 }).to_string();
        sqlx::query("INSERT INTO vault_patients (pseudonym, identity, key_name, first_at, last_at) VALUES (?, ?, 'k', 1, 1)")
            .bind(pseudonym)
            .bind(ledger.sealer.seal(columns::VAULT_PATIENT, pseudonym, &identity).unwrap())
            .execute(&ledger.pool)
            .await
            .unwrap();
    }
    // Both studies of P went under one pseudonym; the second overwrote the first one's patient.
    earlier(&ledger, "P", "1", "Andersson^Bo").await;
    earlier(&ledger, "P", "2", "ZYXWORT^ADA^^").await;
    earlier(&ledger, "Q", "3", "Andersson^Bo").await;
    let known = back(&ledger, &["P", "s.1", "s.2", "Q"]).await;
    assert!(known.0["P"].ambiguous.contains("P"));
    assert!(known.0["Q"].ambiguous.is_empty(), "one person alone");
}

#[tokio::test]
async fn a_vault_of_an_earlier_version_is_carried_over_row_by_row() {
    let folder = tempfile::tempdir().unwrap();
    let alone = pool(&folder.path().join("l.db"), true, 1).await.unwrap();
    let step = |m: &sqlx::migrate::Migration| m.sql.as_str().to_owned();
    let (before, after): (Vec<_>, Vec<_>) = MIGRATIONS.iter().partition(|m| m.version < 13);
    for sql in before.iter().map(|m| step(m)) {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&alone).await.unwrap();
    }
    let filled = "INSERT INTO vault_patients VALUES ('P', 'i', 'k', 1, 2);
        INSERT INTO vault_studies VALUES ('s', 'P', 'j');
        INSERT INTO vault_uids VALUES ('s', 'P', 'o'), ('u', 'P', 'q');";
    sqlx::raw_sql(filled).execute(&alone).await.unwrap();
    for sql in after.iter().map(|m| step(m)) {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&alone).await.unwrap();
    }
    let all = "SELECT p.pseudonym || p.identity || p.ambiguous || s.pseudonym || s.identity || group_concat(u.original || u.ambiguous)
        FROM vault_patients p JOIN vault_studies s ON s.patient = p.pseudonym JOIN vault_uids u ON u.patient = p.pseudonym";
    let (row,): (String,) = sqlx::query_as(all).fetch_one(&alone).await.unwrap();
    assert_eq!(row, "Pi0sjo0,q0");
    sqlx::query("DELETE FROM vault_patients").execute(&alone).await.unwrap();
    let left: (i64,) =
        sqlx::query_as("SELECT (SELECT count(*) FROM vault_uids) + (SELECT count(*) FROM vault_studies)")
            .fetch_one(&alone)
            .await
            .unwrap();
    assert_eq!(left.0, 0, "what is forgotten goes as a whole");
}
