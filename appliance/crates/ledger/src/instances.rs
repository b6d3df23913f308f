//! Rows of arrived instances: recorded in batches, rebuilt from entry files after a crash.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{FromRow, Sqlite, Transaction};

use crate::arrival::Arrival;
use crate::collisions::{self, Place};
use crate::columns::{ADDRESS, CALLING_AE, SERIES_UID, SOP_INSTANCE_UID, STUDY_UID};
use crate::corrections;
use crate::error::{Error, Result};
use crate::events;
use crate::forwards;
use crate::forwards::Onward;
use crate::ledger::Ledger;
use crate::new_id::new_id;
use crate::patient_index;
use crate::sealer::Sealer;
use domain::study::KEY_OBJECT_SELECTION;

/// Said of a study in which an instance came again: an earlier version recorded the one before, whose file is gone.
const UNCOMPARED: &str =
    "what came again could not be compared with what has left this disk: look at the archive";

/// What the ledger made of an arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived {
    /// The study's local id.
    pub study: String,
    /// Name of the entry whose row stands for it.
    pub kept: String,
    /// Keyed index of its SOP Instance UID, as [`domain::study::Expected`] names instances.
    pub instance_index: String,
    /// The same bytes were there already: the entry file may go where that of `kept` is there.
    pub repeated: bool,
    /// The same SOP Instance UID was there in this study with other bytes: kept beside, flagged.
    pub conflict: bool,
    /// It took the place of one of the same UID in this study that was about another patient.
    pub corrects: bool,
    /// The studies, this one among them, of which it is news that an instance of its UID is elsewhere too: each counts in
    /// its own study. Empty: it is alone.
    pub collides: BTreeSet<String>,
}

/// An arrival with its row.
struct Recorded {
    arrived: Arrived,
    /// The row was made now.
    new: bool,
    /// Something of its study was about another patient.
    other_patient: bool,
    /// What it would be compared with has left this disk.
    uncompared: bool,
}

/// One stored instance.
#[derive(Clone, FromRow)]
pub struct InstanceRow {
    /// Name of the entry file.
    pub id: String,
    /// SOP class.
    pub sop_class: String,
    /// Transfer syntax.
    pub transfer_syntax: String,
    /// Modality.
    pub modality: String,
    /// Bytes.
    pub bytes: i64,
    /// BLAKE3, hex.
    pub blake3: String,
    /// Same UID as another with other bytes.
    pub conflict: bool,
    /// Why it is set aside as unreadable.
    pub set_aside: Option<String>,
    /// A corrected one took its place.
    pub replaced: bool,
    /// Code of the rejection note that took it back.
    pub rejected: Option<String>,
}

impl InstanceRow {
    /// Whether it is part of the study as it stands now. Of a study's instances with one UID the first counts, or the one
    /// that corrected it; notes about other instances are no part of it.
    #[must_use]
    pub fn counts(&self) -> bool {
        let note = self.sop_class == KEY_OBJECT_SELECTION;
        self.set_aside.is_none() && !self.conflict && !self.replaced && self.rejected.is_none() && !note
    }
}

impl Ledger {
    /// Records a batch of arrivals in one transaction, in order, and queues each instance for the destinations that `to`
    /// names. An instance that arrives again is queued only where it never was.
    ///
    /// # Errors
    /// The database's refusal; then none of the batch is recorded.
    pub async fn record_arrivals_to(
        &self,
        batch: &[Arrival],
        to: impl Fn(&Arrival) -> Vec<Onward> + Send,
    ) -> Result<Vec<Arrived>> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let mut out = Vec::with_capacity(batch.len());
        let mut corrected: BTreeMap<String, u32> = BTreeMap::new();
        let mut collided: BTreeMap<String, u64> = BTreeMap::new();
        let mut uncompared: BTreeSet<String> = BTreeSet::new();
        for arrival in batch {
            let made = record(&mut tx, &self.sealer, arrival).await?;
            let Recorded { arrived, new, other_patient, .. } = made;
            let (kept, to) = (&arrived.kept, to(arrival));
            let queued = forwards::queue(&mut tx, kept, &arrived.study, &to, arrival.arrived).await?;
            if !arrived.collides.is_empty() && (new || queued > 0) {
                collisions::mark(&mut tx, &arrived.instance_index, kept, arrival.arrived).await?;
            }
            for study in arrived.collides.iter().filter(|_| new) {
                *collided.entry(study.clone()).or_insert(0) += 1;
            }
            if other_patient {
                *corrected.entry(arrived.study.clone()).or_insert(0) += 1;
            }
            uncompared.extend(made.uncompared.then(|| arrived.study.clone()));
            out.push(arrived);
        }
        let now = batch.iter().map(|a| a.arrived).max().unwrap_or_default();
        for (study, count) in corrected {
            let why = format!("{count} instances came again about another patient");
            corrections::correct(&mut tx, &self.sealer, &study, &why, now).await?;
        }
        for (study, count) in collided {
            let line = collisions::collision_line(count);
            events::add(&mut *tx, &self.sealer, &study, "appliance", &line, now).await?;
        }
        for study in uncompared {
            events::add(&mut *tx, &self.sealer, &study, "appliance", UNCOMPARED, now).await?;
        }
        tx.commit().await?;
        Ok(out)
    }

    /// Instances of a revision, in order of arrival, those set aside included.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn instances(&self, study: &str, revision: u32) -> Result<Vec<InstanceRow>> {
        Ok(sqlx::query_as(
            "SELECT id, sop_class, transfer_syntax, modality, bytes, blake3, conflict <> 0 AS conflict, set_aside,
             replaced_at IS NOT NULL AS replaced, rejected
             FROM instances WHERE study = ? AND revision BETWEEN 1 AND ? AND evicted_at IS NULL ORDER BY arrived, id",
        )
        .bind(study)
        .bind(revision)
        .fetch_all(&self.pool)
        .await?)
    }

    /// Sets an instance aside as unreadable.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn set_aside(&self, instance: &str, reason: &str) -> Result<()> {
        sqlx::query("UPDATE instances SET set_aside = ? WHERE id = ?")
            .bind(reason)
            .bind(instance)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

async fn record(tx: &mut Transaction<'_, Sqlite>, sealer: &Sealer, a: &Arrival) -> Result<Recorded> {
    let index = sealer.index(SOP_INSTANCE_UID, &a.sop_instance_uid)?;
    if let Some((study, kept, collides)) = known(tx, &index, a).await? {
        // The same entry seen again (start-up after a crash) is not a repetition whose file may go.
        let repeated = kept != a.id;
        let collides = collides.then(|| study.clone()).into_iter().collect();
        let (conflict, corrects) = (false, false);
        let arrived = Arrived { study, kept, instance_index: index, repeated, conflict, corrects, collides };
        return Ok(Recorded { arrived, new: false, other_patient: false, uncompared: false });
    }
    let study = study_of(tx, sealer, a).await?;
    let identity = patient_index::index(sealer, &index, &a.identity)?;
    let place = Place::of(tx, sealer, (a, &index, &study, identity.as_deref())).await?;
    let rejected = corrections::take_back(tx, &study, &index).await?;
    let bytes = i64::try_from(a.bytes).map_err(|_| Error::Row("bytes"))?;
    sqlx::query(
        "INSERT INTO instances (id, study, sop_instance_uid, series_uid, sop_class, transfer_syntax, modality,
         calling_ae, address, association, arrived, bytes, blake3, conflict, sop_instance_index, identity_index, rejected)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&a.id)
    .bind(&study)
    .bind(sealer.seal(SOP_INSTANCE_UID, &a.id, &a.sop_instance_uid)?)
    .bind(sealer.seal(SERIES_UID, &a.id, &a.series_uid)?)
    .bind(&a.sop_class)
    .bind(&a.transfer_syntax)
    .bind(&a.modality)
    .bind(sealer.seal(CALLING_AE, &a.id, &a.calling_ae)?)
    .bind(sealer.seal(ADDRESS, &a.id, &a.address)?)
    .bind(&a.association)
    .bind(a.arrived)
    .bind(bytes)
    .bind(&a.blake3)
    .bind(i64::from(place.conflict))
    .bind(&index)
    .bind(identity)
    .bind(rejected)
    .execute(&mut **tx)
    .await?;
    corrections::replace(tx, &place.replaces, a.arrived).await?;
    let arrived = Arrived {
        study,
        kept: a.id.clone(),
        instance_index: index,
        repeated: false,
        conflict: place.conflict,
        corrects: place.corrects,
        collides: place.collides,
    };
    let other_patient = place.corrects || place.beside_another;
    let uncompared = place.uncompared;
    Ok(Recorded { arrived, new: true, other_patient, uncompared })
}

/// Study and entry of the row that stands for these bytes, and whether it collides. An entry that has its row, also one whose removal a crash cut
/// short, is that one before it is any other.
async fn known(
    tx: &mut Transaction<'_, Sqlite>,
    index: &str,
    a: &Arrival,
) -> Result<Option<(String, String, bool)>> {
    Ok(sqlx::query_as(
        "SELECT study, id, collides <> 0 FROM instances WHERE (sop_instance_index = ?1 AND blake3 = ?2 AND evicted_at IS NULL)
         OR id = ?3 ORDER BY id = ?3 DESC LIMIT 1",
    )
    .bind(index)
    .bind(&a.blake3)
    .bind(&a.id)
    .fetch_optional(&mut **tx)
    .await?)
}

async fn study_of(tx: &mut Transaction<'_, Sqlite>, sealer: &Sealer, a: &Arrival) -> Result<String> {
    let index = sealer.index(STUDY_UID, &a.study_uid)?;
    let known: Option<(String,)> = sqlx::query_as("SELECT id FROM studies WHERE uid_index = ?")
        .bind(&index)
        .fetch_optional(&mut **tx)
        .await?;
    if let Some((id,)) = known {
        sqlx::query("UPDATE studies SET open = 1, last_arrival = max(last_arrival, ?) WHERE id = ?")
            .bind(a.arrived)
            .bind(&id)
            .execute(&mut **tx)
            .await?;
        return Ok(id);
    }
    let id = new_id()?;
    sqlx::query(
        "INSERT INTO studies (id, uid, uid_index, first_arrival, last_arrival, modality) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(&id)
    .bind(sealer.seal(STUDY_UID, &id, &a.study_uid)?)
    .bind(&index)
    .bind(a.arrived)
    .bind(a.arrived)
    .bind(&a.modality)
    .execute(&mut **tx)
    .await?;
    Ok(id)
}
