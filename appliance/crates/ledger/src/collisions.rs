//! Collisions: one SOP Instance UID in two studies, or about two patients. Nothing takes anything's place; a person looks
//! at what each archive made of it.

use std::collections::BTreeSet;

use sqlx::{AssertSqlSafe, FromRow, Sqlite, Transaction};

use crate::arrival::Arrival;
use crate::columns::SERIES_UID;
use crate::error::{Error, Result};
use crate::forward_rows;
use crate::ledger::Ledger;
use crate::patient_index;
use crate::sealer::Sealer;
use crate::word::{REPLACED, WAITING, Word};
use domain::forward_state::ForwardState;

/// What is said of a study that instances of a collision are in; no UID, no patient.
#[must_use]
pub fn collision_line(instances: u64) -> String {
    let these =
        if instances == 1 { "1 instance has".to_owned() } else { format!("{instances} instances have") };
    format!(
        "collision: {these} a SOP Instance UID that came in another study or about another patient too; all are kept \
         and go on as received: look at the archive"
    )
}

/// What destinations made of the instances of one study that collide, those with one answer together.
#[derive(Debug, Clone, PartialEq, Eq, FromRow, serde::Serialize)]
pub struct CollisionAnswer {
    /// The rule's name.
    pub destination: String,
    /// State of the forward rows.
    #[sqlx(try_from = "Word<ForwardState>")]
    pub state: ForwardState,
    /// `accepted`, `coerced` or `refused`, where it has answered.
    pub answer: Option<String>,
    /// Status of the answer.
    pub status: Option<u32>,
    /// How many instances.
    pub instances: i64,
    /// How many of them nobody has checked at the archive since.
    pub unchecked: i64,
    /// Who checked last.
    pub checked_by: Option<String>,
}

/// The collisions of one study.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Collisions {
    /// The other studies by local id, the first to arrive first, at most 20.
    pub studies: Vec<String>,
    /// What became of its instances where others of their UID went too.
    pub answers: Vec<CollisionAnswer>,
}

impl Ledger {
    /// The collisions of a study.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn collisions_of(&self, study: &str) -> Result<Collisions> {
        let studies: Vec<(String,)> = sqlx::query_as(
            "SELECT DISTINCT s.id FROM instances i JOIN instances o ON o.sop_instance_index = i.sop_instance_index
             JOIN studies s ON s.id = o.study WHERE i.study = ?1 AND i.collides <> 0 AND o.study <> ?1
             ORDER BY s.first_arrival, s.id LIMIT 20",
        )
        .bind(study)
        .fetch_all(&self.pool)
        .await?;
        let sql = format!(
            "SELECT f.destination, f.state, {} AS answer, f.status, count(*) AS instances,
             sum(c.checked_at IS NULL) AS unchecked, max(c.checked_by) AS checked_by
             FROM instances i JOIN collisions c ON c.sop_instance_index = i.sop_instance_index
             JOIN forwards f ON f.instance = i.id AND f.destination = c.destination AND f.state <> '{REPLACED}'
             WHERE i.study = ? AND i.collides <> 0 GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 4",
            forward_rows::ANSWER
        );
        let answers = sqlx::query_as(AssertSqlSafe(sql)).bind(study).fetch_all(&self.pool).await?;
        Ok(Collisions { studies: studies.into_iter().map(|s| s.0).collect(), answers })
    }

    /// Whether a person may say so now: [`Self::check_collisions`] would be refused otherwise.
    ///
    /// # Errors
    /// As there.
    pub async fn may_check_collisions(&self, which: &Which<'_>) -> Result<()> {
        which.may_be_checked(&mut self.pool.begin().await?).await
    }

    /// A person has looked at the archive for these collisions. Gives how many there were.
    ///
    /// # Errors
    /// [`Error::Refused`] when none is open, or something of them still waits to be sent: what the archive will make of
    /// it is not known yet.
    pub async fn check_collisions(&self, which: &Which<'_>, who: &str, now: i64) -> Result<u64> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        which.may_be_checked(&mut tx).await?;
        let sql = format!("UPDATE collisions AS c SET checked_by = ?4, checked_at = ?5 WHERE {OPEN}");
        let done = sqlx::query(AssertSqlSafe(sql))
            .bind(which.destination)
            .bind(which.study)
            .bind(which.instance)
            .bind(who)
            .bind(now)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(done.rows_affected())
    }
}

/// Open collisions that a person means, by the fields that are given.
#[derive(Debug, Clone, Copy, Default)]
pub struct Which<'a> {
    /// Of instances of this study.
    pub study: Option<&'a str>,
    /// Of this instance.
    pub instance: Option<&'a str>,
    /// At this destination.
    pub destination: Option<&'a str>,
}

/// The open ones among the rows `c`; destination, study, instance are bound.
const OPEN: &str = "c.checked_at IS NULL AND (?1 IS NULL OR c.destination = ?1) AND c.sop_instance_index IN
    (SELECT i.sop_instance_index FROM instances i WHERE i.collides <> 0
     AND (?2 IS NULL OR i.study = ?2) AND (?3 IS NULL OR i.id = ?3))";

impl Which<'_> {
    async fn may_be_checked(&self, tx: &mut Transaction<'_, Sqlite>) -> Result<()> {
        let sql = format!(
            "SELECT count(*), coalesce(sum(EXISTS (SELECT 1 FROM instances o JOIN forwards f ON f.instance = o.id
                 WHERE o.sop_instance_index = c.sop_instance_index AND f.destination = c.destination
                 AND f.state = '{WAITING}')), 0) FROM collisions c WHERE {OPEN}"
        );
        let (open, waiting): (i64, i64) = sqlx::query_as(AssertSqlSafe(sql))
            .bind(self.destination)
            .bind(self.study)
            .bind(self.instance)
            .fetch_one(&mut **tx)
            .await?;
        match (open, waiting) {
            (0, _) => Err(Error::Refused("there is no collision to be checked".into())),
            (_, 0) => Ok(()),
            (_, n) => Err(Error::Refused(format!(
                "{n} of the collisions still wait to be sent on: look at the archive once it has answered"
            ))),
        }
    }
}

/// An instance with other bytes that is here under the UID of an arrival, and that nothing took the place of.
#[derive(FromRow)]
struct Known {
    id: String,
    series_uid: String,
    identity_index: Option<String>,
    /// It counts.
    stands: bool,
    rejected: bool,
    /// It left this disk, and an earlier version said whose it is.
    gone: bool,
}

/// What an arrival is to the instances of its UID that came before it.
#[derive(Default)]
pub(super) struct Place {
    /// Kept beside the first one of its study.
    pub(super) conflict: bool,
    /// About another patient than the one of its study and series: it takes its place.
    pub(super) corrects: bool,
    /// Entries whose place it takes.
    pub(super) replaces: Vec<String>,
    /// Kept beside one that it could not be compared with: that has left this disk.
    pub(super) uncompared: bool,
    /// Beside one of its study in another series, about another patient or corrected in its own: both count.
    pub(super) beside_another: bool,
    /// The studies, its own among them, of which it is news that they share the UID. Empty: it is alone.
    pub(super) collides: BTreeSet<String>,
}

impl Place {
    /// Within a study other bytes about the same patient, or about an unknown one, are kept beside; about another one
    /// they are a correction, unless they are in another series, as no correction is. What is in the same series decides,
    /// and the rest where that has nothing to say. What was taken back makes room for what comes in its place. What is in
    /// another study is another instance, whoever it is about.
    pub(super) async fn of(
        tx: &mut Transaction<'_, Sqlite>,
        sealer: &Sealer,
        (a, index, study, identity): (&Arrival, &str, &str, Option<&str>),
    ) -> Result<Self> {
        let mut place = Self::default();
        let studies: Vec<(String,)> =
            sqlx::query_as("SELECT DISTINCT study FROM instances WHERE sop_instance_index = ? LIMIT 3")
                .bind(index)
                .fetch_all(&mut **tx)
                .await?;
        // It is news to another study if this is the second one: where there were two all of them were told.
        if let [(only,)] = studies.as_slice()
            && only != study
        {
            place.collides.insert(only.clone());
        }
        let here: Vec<Known> = sqlx::query_as(
            "SELECT id, series_uid, identity_index, rejected IS NOT NULL AS rejected,
             conflict = 0 AND set_aside IS NULL AND rejected IS NULL AS stands,
             evicted_at IS NOT NULL AND coalesce(length(identity_index), 0) = 32 AS gone
             FROM instances WHERE sop_instance_index = ? AND study = ? AND blake3 <> ? AND replaced_at IS NULL
             ORDER BY arrived, id",
        )
        .bind(index)
        .bind(study)
        .bind(&a.blake3)
        .fetch_all(&mut **tx)
        .await?;
        place.among(
            here,
            |k| patient_index::is_other(identity, k.identity_index.as_deref()),
            |k| {
                // What does not open is in no series that is known: it stops no reception.
                sealer.open(SERIES_UID, &k.id, &k.series_uid).is_ok_and(|series| series == a.series_uid)
            },
        );
        if place.beside_another || studies.iter().any(|(other,)| other != study) {
            place.collides.insert(study.to_owned());
        }
        Ok(place)
    }

    /// Its place among those of its study, by what is about another patient and what is in its series.
    fn among(&mut self, here: Vec<Known>, other: impl Fn(&Known) -> bool, mine: impl Fn(&Known) -> bool) {
        let (mine, rest): (Vec<_>, Vec<_>) = here.into_iter().partition(mine);
        let (another, same): (Vec<_>, Vec<_>) = rest.into_iter().partition(|k| other(k) && !k.rejected);
        let decides = mine.iter().any(|k| k.stands || k.rejected || other(k));
        let both = decides && same.iter().any(|k| k.stands);
        let before = if decides { mine } else { same };
        let stands = before.iter().find(|k| k.stands);
        self.corrects = stands.map_or_else(|| before.iter().any(&other), &other);
        self.conflict = stands.is_some() && !self.corrects;
        self.uncompared = self.conflict && stands.is_some_and(|k| k.gone);
        self.beside_another = !another.is_empty() || both && !self.conflict;
        if self.corrects || stands.is_none() && before.iter().any(|k| k.rejected) {
            self.replaces = before.into_iter().map(|k| k.id).collect();
        }
    }
}

/// Marks every instance of a UID, and the destinations of this one that are given others of it too; what was checked
/// there is open again.
pub(super) async fn mark(
    tx: &mut Transaction<'_, Sqlite>,
    sop_instance_index: &str,
    instance: &str,
    now: i64,
) -> Result<()> {
    sqlx::query("UPDATE instances SET collides = 1 WHERE sop_instance_index = ? AND collides = 0")
        .bind(sop_instance_index)
        .execute(&mut **tx)
        .await?;
    sqlx::query(AssertSqlSafe(format!(
        "INSERT INTO collisions (sop_instance_index, destination, found_at)
         SELECT ?1, f.destination, ?2 FROM forwards f JOIN instances n ON n.id = f.instance
         WHERE n.id = ?3 AND f.state <> '{REPLACED}' AND EXISTS
             (SELECT 1 FROM instances o JOIN forwards g ON g.instance = o.id AND g.destination = f.destination
              WHERE o.sop_instance_index = ?1 AND g.state <> '{REPLACED}'
              AND (o.study <> n.study OR o.identity_index <> n.identity_index OR
                  o.id <> n.id AND n.conflict = 0 AND o.conflict = 0 AND o.replaced_at IS NULL))
         ON CONFLICT DO UPDATE SET checked_by = NULL, checked_at = NULL"
    )))
    .bind(sop_instance_index)
    .bind(now)
    .bind(instance)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A destination has answered to an instance: what a person checked there before is old news.
pub(super) async fn answered(
    tx: &mut Transaction<'_, Sqlite>,
    instance: &str,
    destination: &str,
) -> Result<()> {
    sqlx::query(
        "UPDATE collisions SET checked_by = NULL, checked_at = NULL WHERE destination = ? AND sop_instance_index =
         (SELECT sop_instance_index FROM instances WHERE id = ?)",
    )
    .bind(destination)
    .bind(instance)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
