//! The vault: what leads back from the pseudonyms of what has left, sealed column by column, deletable by patient.

use sqlx::FromRow;

use crate::columns::{PATIENT_NAME, STUDY_UID, VAULT_PATIENT, VAULT_STUDY, VAULT_UID};
use crate::error::Result;
use crate::ledger::Ledger;
use deid::{Originals, PatientEntry, ReidentificationMap, says_whose};

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
#[derive(Default, serde::Serialize, serde::Deserialize)]
pub(super) struct Identity {
    pub(super) attributes: Originals,
    pub(super) days: i64,
}

impl Ledger {
    /// The re-identification map of these pseudonyms, of patients and of UIDs, as far as the vault knows it.
    ///
    /// # Errors
    /// The database's refusal; [`crate::error::Error::Row`] for a value that does not open.
    pub async fn reidentification_map(
        &self,
        pseudonyms: impl IntoIterator<Item = &String>,
    ) -> Result<ReidentificationMap> {
        let mut way = ReidentificationMap::default();
        for pseudonym in pseudonyms {
            self.add_uid(&mut way, pseudonym).await?;
            self.add_study(&mut way, pseudonym).await?;
            if self.vault_identity(pseudonym).await?.is_some() {
                way.0.entry(pseudonym.clone()).or_default();
            }
        }
        // A UID alone leads to its patient too.
        for (name, patient) in &mut way.0 {
            let Some((identity, ambiguous)) = self.vault_identity(name).await? else { continue };
            (patient.attributes, patient.days) = (identity.attributes, identity.days);
            if ambiguous || self.is_mixed(name, patient).await? {
                patient.ambiguous.insert(name.clone());
            }
        }
        Ok(way)
    }

    async fn add_uid(&self, way: &mut ReidentificationMap, pseudonym: &str) -> Result<()> {
        let rows: Vec<(String, String, bool)> =
            sqlx::query_as("SELECT patient, original, ambiguous <> 0 FROM vault_uids WHERE pseudonym = ?")
                .bind(pseudonym)
                .fetch_all(&self.pool)
                .await?;
        for (patient, sealed, ambiguous) in rows {
            let original = self.sealer.open(VAULT_UID, pseudonym, &sealed)?;
            let back = way.0.entry(patient).or_default();
            back.uids.insert(pseudonym.to_owned(), original);
            if ambiguous {
                back.ambiguous.insert(pseudonym.to_owned());
            }
        }
        Ok(())
    }

    async fn add_study(&self, way: &mut ReidentificationMap, pseudonym: &str) -> Result<()> {
        let rows: Vec<(String, String)> =
            sqlx::query_as("SELECT patient, identity FROM vault_studies WHERE pseudonym = ?")
                .bind(pseudonym)
                .fetch_all(&self.pool)
                .await?;
        for (patient, sealed) in rows {
            let originals = serde_json::from_str(&self.sealer.open(VAULT_STUDY, pseudonym, &sealed)?)?;
            way.0.entry(patient).or_default().studies.insert(pseudonym.to_owned(), originals);
        }
        Ok(())
    }

    /// What the vault has of a patient, and whether that is known to be of more than one person.
    async fn vault_identity(&self, pseudonym: &str) -> Result<Option<(Identity, bool)>> {
        let row: Option<(String, bool)> =
            sqlx::query_as("SELECT identity, ambiguous <> 0 FROM vault_patients WHERE pseudonym = ?")
                .bind(pseudonym)
                .fetch_optional(&self.pool)
                .await?;
        let Some((sealed, ambiguous)) = row else { return Ok(None) };
        Ok(Some((serde_json::from_str(&self.sealer.open(VAULT_PATIENT, pseudonym, &sealed)?)?, ambiguous)))
    }

    /// Whether studies of several persons are filed under this pseudonym. Versions that gave one pseudonym to two issuers'
    /// ids kept the attributes of the last patient alone; of which study's they are, the ledger's own names tell.
    async fn is_mixed(&self, pseudonym: &str, patient: &PatientEntry) -> Result<bool> {
        let rows: Vec<(String, String)> =
            sqlx::query_as("SELECT pseudonym, identity FROM vault_studies WHERE patient = ?")
                .bind(pseudonym)
                .fetch_all(&self.pool)
                .await?;
        let mut bare = Vec::new();
        for (study, sealed) in rows {
            let originals: Originals =
                serde_json::from_str(&self.sealer.open(VAULT_STUDY, &study, &sealed)?)?;
            if !says_whose(&originals) {
                bare.push(study);
            }
        }
        // The attributes are one study's at least.
        for study in bare.iter().filter(|_| bare.len() > 1) {
            if self.name_of(study, pseudonym).await?.is_some_and(|name| patient.is_another_name(&name)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Patient's Name of a replaced study, where the study is in this ledger.
    async fn name_of(&self, study: &str, patient: &str) -> Result<Option<String>> {
        let row: Option<(String,)> =
            sqlx::query_as("SELECT original FROM vault_uids WHERE pseudonym = ? AND patient = ?")
                .bind(study)
                .bind(patient)
                .fetch_optional(&self.pool)
                .await?;
        let Some((sealed,)) = row else { return Ok(None) };
        let uid = self.sealer.open(VAULT_UID, study, &sealed)?;
        let row: Option<(String, String)> =
            sqlx::query_as("SELECT id, patient_name FROM studies WHERE uid_index = ?")
                .bind(self.sealer.index(STUDY_UID, &uid)?)
                .fetch_optional(&self.pool)
                .await?;
        row.map(|(id, name)| self.sealer.open(PATIENT_NAME, &id, &name)).transpose()
    }

    /// Everything the vault knows of one patient.
    ///
    /// # Errors
    /// As [`Self::reidentification_map`].
    pub async fn vault_patient(&self, pseudonym: &str) -> Result<ReidentificationMap> {
        let names: Vec<(String,)> = sqlx::query_as(
            "SELECT pseudonym FROM vault_uids WHERE patient = ?1
             UNION SELECT pseudonym FROM vault_studies WHERE patient = ?1",
        )
        .bind(pseudonym)
        .fetch_all(&self.pool)
        .await?;
        let names = names.into_iter().map(|(name,)| name).chain([pseudonym.to_owned()]);
        let mut way = self.reidentification_map(&names.collect::<Vec<String>>()).await?;
        way.0.retain(|name, _| name == pseudonym);
        Ok(way)
    }

    /// Every patient of the vault with attributes alone, by pseudonym. Identified.
    ///
    /// # Errors
    /// As [`Self::reidentification_map`].
    pub async fn vault_patients(&self) -> Result<ReidentificationMap> {
        let rows: Vec<(String, String)> =
            sqlx::query_as("SELECT pseudonym, identity FROM vault_patients").fetch_all(&self.pool).await?;
        let mut way = ReidentificationMap::default();
        for (pseudonym, sealed) in rows {
            let identity: Identity =
                serde_json::from_str(&self.sealer.open(VAULT_PATIENT, &pseudonym, &sealed)?)?;
            let back =
                PatientEntry { attributes: identity.attributes, days: identity.days, ..Default::default() };
            way.0.insert(pseudonym, back);
        }
        Ok(way)
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
