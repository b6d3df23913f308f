//! The vault: what leads back from the pseudonyms of what has left, sealed column by column, deletable by patient.

use sqlx::{FromRow, Sqlite, Transaction};

use super::columns::{VAULT_PATIENT, VAULT_STUDY, VAULT_UID};
use super::{Ledger, Result, Seal};
use crate::deid::{Originals, PatientBack, WayBack};

/// A patient in the vault, without identity.
#[derive(Debug, Clone, FromRow, serde::Serialize)]
pub struct VaultRow {
    /// The pseudonym.
    pub pseudonym: String,
    /// Name of the pseudonym key that made it.
    pub key_name: String,
    /// When something of it was sealed first, ms.
    pub first_at: i64,
    /// And last, ms.
    pub last_at: i64,
    /// Studies.
    pub studies: i64,
    /// Replaced UIDs.
    pub uids: i64,
}

/// What `vault_patients.identity` seals.
#[derive(serde::Serialize, serde::Deserialize)]
struct Identity {
    attributes: Originals,
    days: i64,
}

impl Ledger {
    /// Keeps the way back of what was just sealed. What is known already stays, or gets its later value.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn keep_way_back(&self, way: &WayBack, key_name: &str, now: i64) -> Result<()> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        for (pseudonym, patient) in &way.0 {
            keep_patient(&mut tx, &self.seal, (pseudonym, patient), key_name, now).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The way back of these pseudonyms, of patients and of UIDs, as far as the vault knows it.
    ///
    /// # Errors
    /// The database's refusal; [`super::Error::Row`] for a value that does not open.
    pub async fn way_back(&self, pseudonyms: impl IntoIterator<Item = &String>) -> Result<WayBack> {
        let mut way = WayBack::default();
        for pseudonym in pseudonyms {
            // One UID may be of several patients: a collision leaves as it came.
            let uids: Vec<(String, String)> =
                sqlx::query_as("SELECT patient, original FROM vault_uids WHERE pseudonym = ?")
                    .bind(pseudonym)
                    .fetch_all(&self.pool)
                    .await?;
            for (patient, sealed) in uids {
                let original = self.seal.open(VAULT_UID, pseudonym, &sealed)?;
                way.0.entry(patient).or_default().uids.insert(pseudonym.clone(), original);
            }
            let study: Option<(String, String)> =
                sqlx::query_as("SELECT patient, identity FROM vault_studies WHERE pseudonym = ?")
                    .bind(pseudonym)
                    .fetch_optional(&self.pool)
                    .await?;
            if let Some((patient, sealed)) = study {
                let originals = serde_json::from_str(&self.seal.open(VAULT_STUDY, pseudonym, &sealed)?)?;
                way.0.entry(patient).or_default().studies.insert(pseudonym.clone(), originals);
            }
            if let Some(identity) = self.vault_identity(pseudonym).await? {
                let patient = way.0.entry(pseudonym.clone()).or_default();
                (patient.attributes, patient.days) = (identity.attributes, identity.days);
            }
        }
        // A UID alone leads to its patient too.
        let bare = way.0.iter().filter(|(_, p)| p.attributes.is_empty()).map(|(name, _)| name.clone());
        for name in bare.collect::<Vec<String>>() {
            if let (Some(identity), Some(patient)) = (self.vault_identity(&name).await?, way.0.get_mut(&name))
            {
                (patient.attributes, patient.days) = (identity.attributes, identity.days);
            }
        }
        Ok(way)
    }

    async fn vault_identity(&self, pseudonym: &str) -> Result<Option<Identity>> {
        let row: Option<(String,)> =
            sqlx::query_as("SELECT identity FROM vault_patients WHERE pseudonym = ?")
                .bind(pseudonym)
                .fetch_optional(&self.pool)
                .await?;
        let Some((sealed,)) = row else { return Ok(None) };
        Ok(Some(serde_json::from_str(&self.seal.open(VAULT_PATIENT, pseudonym, &sealed)?)?))
    }

    /// Everything the vault knows of one patient.
    ///
    /// # Errors
    /// As [`Self::way_back`].
    pub async fn vault_patient(&self, pseudonym: &str) -> Result<WayBack> {
        let names: Vec<(String,)> = sqlx::query_as(
            "SELECT pseudonym FROM vault_uids WHERE patient = ?1
             UNION SELECT pseudonym FROM vault_studies WHERE patient = ?1",
        )
        .bind(pseudonym)
        .fetch_all(&self.pool)
        .await?;
        let names = names.into_iter().map(|(name,)| name).chain([pseudonym.to_owned()]);
        self.way_back(&names.collect::<Vec<String>>()).await
    }

    /// Who is in the vault, without identity, the last first.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn vault(&self) -> Result<Vec<VaultRow>> {
        Ok(sqlx::query_as(
            "SELECT pseudonym, key_name, first_at, last_at,
             (SELECT count(*) FROM vault_studies s WHERE s.patient = p.pseudonym) AS studies,
             (SELECT count(*) FROM vault_uids u WHERE u.patient = p.pseudonym) AS uids
             FROM vault_patients p ORDER BY last_at DESC, pseudonym",
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// Takes patients out of the vault for good: the freed pages are overwritten, and so is the log that held them.
    /// Gives how many there were.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn forget_patients(&self, pseudonyms: &[String]) -> Result<u64> {
        let mut connection = self.pool.acquire().await?;
        sqlx::query("PRAGMA secure_delete = ON").execute(&mut *connection).await?;
        let mut gone = 0;
        for pseudonym in pseudonyms {
            let done = sqlx::query("DELETE FROM vault_patients WHERE pseudonym = ?")
                .bind(pseudonym)
                .execute(&mut *connection)
                .await?;
            gone += done.rows_affected();
        }
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut *connection).await?;
        Ok(gone)
    }
}

async fn keep_patient(
    tx: &mut Transaction<'_, Sqlite>,
    seal: &Seal,
    (pseudonym, patient): (&str, &PatientBack),
    key_name: &str,
    now: i64,
) -> Result<()> {
    let identity = Identity { attributes: patient.attributes.clone(), days: patient.days };
    sqlx::query(
        "INSERT INTO vault_patients (pseudonym, identity, key_name, first_at, last_at) VALUES (?1, ?2, ?3, ?4, ?4)
         ON CONFLICT (pseudonym) DO UPDATE SET identity = excluded.identity, last_at = excluded.last_at",
    )
    .bind(pseudonym)
    .bind(seal.seal(VAULT_PATIENT, pseudonym, &serde_json::to_string(&identity)?)?)
    .bind(key_name)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    for (study, originals) in &patient.studies {
        sqlx::query(
            "INSERT INTO vault_studies (pseudonym, patient, identity) VALUES (?, ?, ?)
             ON CONFLICT (pseudonym) DO UPDATE SET patient = excluded.patient, identity = excluded.identity",
        )
        .bind(study)
        .bind(pseudonym)
        .bind(seal.seal(VAULT_STUDY, study, &serde_json::to_string(originals)?)?)
        .execute(&mut **tx)
        .await?;
    }
    for (uid, original) in &patient.uids {
        sqlx::query(
            "INSERT INTO vault_uids (pseudonym, patient, original) VALUES (?, ?, ?)
             ON CONFLICT DO NOTHING",
        )
        .bind(uid)
        .bind(pseudonym)
        .bind(seal.seal(VAULT_UID, uid, original)?)
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}
