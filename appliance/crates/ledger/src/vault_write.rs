//! What is written into the vault: the re-identification map of what was just sealed. Nothing that is known is
//! overwritten; what would contradict it is told, and written only after a person has let the case go, beside what is known.

use std::collections::BTreeSet;

use sqlx::{Sqlite, Transaction};

use crate::columns::{VAULT_PATIENT, VAULT_STUDY, VAULT_UID};
use crate::error::Result;
use crate::ledger::Ledger;
use crate::sealer::Sealer;
use crate::vault::Identity;
use deid::{Originals, PatientEntry, ReidentificationMap, says_whose};

/// What the vault has to say against a re-identification map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Contradiction {
    /// Somebody else is filed under a pseudonym of the case.
    Person,
    /// A replaced UID stands for another one already.
    Uid,
}

impl Contradiction {
    /// What a person is told who must decide: who releases the case says that it is right as it is.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Person => {
                "The Patient ID of this study belongs to somebody with another name, birth date or sex in the vault: \
                 compare both at the archive. If it is one person, release the case; if not, do not send it, correct \
                 the Patient ID or its issuer at the archive and send the study again."
            }
            Self::Uid => {
                "A UID of this study would be replaced by one that stands for another UID in the vault: the vault or \
                 the pseudonym key is damaged. Do not release the case; restore both from their backup."
            }
        }
    }
}

impl Ledger {
    /// Keeps the re-identification map of what was just sealed, as a whole or not at all: nothing is written where the vault
    /// contradicts it in a way that no person has `released`. Of what was released, what is known stays as it is and
    /// counts as ambiguous, and the study leads to its own patient.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn keep_reidentification_map(
        &self,
        way: &ReidentificationMap,
        key_name: &str,
        released: impl Fn(Contradiction) -> bool + Send,
        now: i64,
    ) -> Result<Option<Contradiction>> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let mut found = BTreeSet::new();
        for (pseudonym, patient) in &way.0 {
            let of = (pseudonym.as_str(), patient);
            if keep_patient(&mut tx, &self.sealer, of, key_name, now).await? {
                found.insert(Contradiction::Person);
            }
            if keep_uids(&mut tx, &self.sealer, of).await? {
                found.insert(Contradiction::Uid);
            }
            keep_studies(&mut tx, &self.sealer, of).await?;
        }
        let open = found.into_iter().find(|contradiction| !released(*contradiction));
        match open {
            Some(_) => tx.rollback().await?,
            None => tx.commit().await?,
        }
        Ok(open)
    }
}

/// Adds what is new of a patient; whether the vault has somebody else under the pseudonym.
async fn keep_patient(
    tx: &mut Transaction<'_, Sqlite>,
    sealer: &Sealer,
    (pseudonym, patient): (&str, &PatientEntry),
    key_name: &str,
    now: i64,
) -> Result<bool> {
    let row: Option<(String,)> = sqlx::query_as("SELECT identity FROM vault_patients WHERE pseudonym = ?")
        .bind(pseudonym)
        .fetch_optional(&mut **tx)
        .await?;
    let known: Option<Identity> = match row {
        Some((sealed,)) => Some(serde_json::from_str(&sealer.open(VAULT_PATIENT, pseudonym, &sealed)?)?),
        None => None,
    };
    let days = known.as_ref().map_or(0, |k| k.days);
    let mut back = PatientEntry { attributes: known.unwrap_or_default().attributes, ..Default::default() };
    let strange = back.is_other(&patient.attributes) && !knows(tx, sealer, pseudonym, patient).await?;
    let other = strange || patient.ambiguous.contains(pseudonym);
    if !back.is_other(&patient.attributes) {
        back.complete(&patient.attributes);
    }
    let days = if days == 0 { patient.days } else { days };
    let identity = serde_json::to_string(&Identity { attributes: back.attributes, days })?;
    sqlx::query(
        "INSERT INTO vault_patients (pseudonym, identity, key_name, first_at, last_at, ambiguous)
         VALUES (?1, ?2, ?3, ?4, ?4, ?5)
         ON CONFLICT (pseudonym) DO UPDATE SET identity = excluded.identity, last_at = excluded.last_at,
         ambiguous = max(ambiguous, excluded.ambiguous)",
    )
    .bind(pseudonym)
    .bind(sealer.seal(VAULT_PATIENT, pseudonym, &identity)?)
    .bind(key_name)
    .bind(now)
    .bind(i64::from(other))
    .execute(&mut **tx)
    .await?;
    Ok(other)
}

/// Whether a study of this pseudonym had its patient so: a person let it go then.
async fn knows(
    tx: &mut Transaction<'_, Sqlite>,
    sealer: &Sealer,
    pseudonym: &str,
    patient: &PatientEntry,
) -> Result<bool> {
    let rows: Vec<(String, String)> =
        sqlx::query_as("SELECT pseudonym, identity FROM vault_studies WHERE patient = ?")
            .bind(pseudonym)
            .fetch_all(&mut **tx)
            .await?;
    for (study, sealed) in rows {
        let originals: Originals = serde_json::from_str(&sealer.open(VAULT_STUDY, &study, &sealed)?)?;
        if says_whose(&originals) && !patient.is_other(&originals) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Studies with their patient as they had them: the same patient's own later word counts.
async fn keep_studies(
    tx: &mut Transaction<'_, Sqlite>,
    sealer: &Sealer,
    (pseudonym, patient): (&str, &PatientEntry),
) -> Result<()> {
    for (study, originals) in &patient.studies {
        sqlx::query(
            "INSERT INTO vault_studies (pseudonym, patient, identity) VALUES (?, ?, ?)
             ON CONFLICT (pseudonym, patient) DO UPDATE SET identity = excluded.identity",
        )
        .bind(study)
        .bind(pseudonym)
        .bind(sealer.seal(VAULT_STUDY, study, &serde_json::to_string(originals)?)?)
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

/// Adds replaced UIDs; whether one of the pseudonyms stands for another UID already.
async fn keep_uids(
    tx: &mut Transaction<'_, Sqlite>,
    sealer: &Sealer,
    (pseudonym, patient): (&str, &PatientEntry),
) -> Result<bool> {
    let mut contradicted = false;
    for (uid, original) in &patient.uids {
        let known: Vec<(String,)> = sqlx::query_as("SELECT original FROM vault_uids WHERE pseudonym = ?")
            .bind(uid)
            .fetch_all(&mut **tx)
            .await?;
        let mut other = patient.ambiguous.contains(uid);
        for (sealed,) in known {
            other |= sealer.open(VAULT_UID, uid, &sealed)? != *original;
        }
        contradicted |= other;
        sqlx::query(
            "INSERT INTO vault_uids (pseudonym, patient, original) VALUES (?, ?, ?)
             ON CONFLICT (pseudonym, patient) DO NOTHING",
        )
        .bind(uid)
        .bind(pseudonym)
        .bind(sealer.seal(VAULT_UID, uid, original)?)
        .execute(&mut **tx)
        .await?;
        if other {
            sqlx::query("UPDATE vault_uids SET ambiguous = 1 WHERE pseudonym = ?")
                .bind(uid)
                .execute(&mut **tx)
                .await?;
        }
    }
    Ok(contradicted)
}
