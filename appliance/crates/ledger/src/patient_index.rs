//! Whose instances are, as far as the ledger keeps it: keyed indexes of each fact, to be compared within one SOP Instance
//! UID alone. What earlier versions kept is one index over the values as they were written; it says only that something
//! was said, so such a row is looked at anew when an instance of its UID comes again.

use sqlx::FromRow;

use crate::arrival::Arrival;
use crate::columns::SOP_INSTANCE_UID;
use crate::error::Result;
use crate::ledger::Ledger;
use crate::sealer::Column;
use crate::sealer::Sealer;
use deid::PatientDigests;

/// Key of the indexes that tell patients apart; the identity itself is not kept.
const IDENTITY: Column = Column::new("instances", "identity_index");
/// Hex digits of each fact's index.
const DIGITS: usize = 16;

/// An instance of which is known only in the form of earlier versions whose it is.
#[derive(Debug, Clone, FromRow)]
pub struct OldIdentity {
    /// Name of the entry file.
    pub id: String,
    /// Transfer syntax.
    pub transfer_syntax: String,
}

impl Ledger {
    /// Instances that these arrivals will be compared with and that earlier versions recorded.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn old_identities(&self, batch: &[Arrival]) -> Result<Vec<OldIdentity>> {
        let mut found = Vec::new();
        for arrival in batch {
            let rows: Vec<OldIdentity> = sqlx::query_as(
                "SELECT id, transfer_syntax FROM instances WHERE sop_instance_index = ? AND blake3 <> ?
                 AND length(identity_index) = 32 AND evicted_at IS NULL",
            )
            .bind(self.sealer.index(SOP_INSTANCE_UID, &arrival.sop_instance_uid)?)
            .bind(&arrival.blake3)
            .fetch_all(&self.pool)
            .await?;
            found.extend(rows);
        }
        Ok(found)
    }

    /// Records whose such an instance is, as its file says; that it says nothing is recorded too.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn renew_identity(&self, instance: &str, said: Option<&PatientDigests>) -> Result<()> {
        let uid: Option<(String,)> = sqlx::query_as("SELECT sop_instance_index FROM instances WHERE id = ?")
            .bind(instance)
            .fetch_optional(&self.pool)
            .await?;
        let Some((uid,)) = uid else { return Ok(()) };
        let said = said.map(PatientDigests::to_text).unwrap_or_default();
        sqlx::query("UPDATE instances SET identity_index = ? WHERE id = ?")
            .bind(index(&self.sealer, &uid, &said)?)
            .bind(instance)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

/// What is kept of whose an instance is; `uid` is the index of its SOP Instance UID. It goes into every index, so that
/// equal facts of two instances do not look equal.
pub(super) fn index(sealer: &Sealer, uid: &str, said: &str) -> Result<Option<String>> {
    if said.is_empty() {
        return Ok(None);
    }
    let Some(whose) = PatientDigests::from_text(said) else { return Ok(Some(sealer.index(IDENTITY, said)?)) };
    let keyed = whose.map(|at, digest| {
        let whole = sealer.index(IDENTITY, &format!("{uid} {at} {digest}"))?;
        Ok::<_, crate::error::Error>(whole.get(..DIGITS).unwrap_or_default().to_owned())
    })?;
    Ok(Some(keyed.to_text()))
}

/// Whether an instance names another patient than the one before it; never where one of them does not say, or said so to
/// an earlier version.
pub(super) fn is_other(now: Option<&str>, before: Option<&str>) -> bool {
    let whose = |kept: Option<&str>| kept.and_then(PatientDigests::from_text);
    whose(now).zip(whose(before)).is_some_and(|(now, before)| now.is_other(&before))
}
