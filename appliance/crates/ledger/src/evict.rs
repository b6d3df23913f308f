//! What may be removed from disk: previews, which can be made again, and originals that are proven delivered.
//!
//! Delivered means: every revision answered, nothing still arriving, no case open, every report confirmed, no flag
//! without a person's acknowledgement, every forward delivered and, where the destination is asked to, committed, no
//! collision that nobody has checked at the archive, no scanner waiting for our word. Rows stay: what was decided is kept,
//! only the bytes go.

use std::collections::{BTreeMap, HashSet};

use domain::case_state::CaseState;
use domain::forward_state::ForwardState;
use sqlx::AssertSqlSafe;
use store::Id;

use crate::error::{Error, Result};
use crate::events;
use crate::ledger::Ledger;
use crate::name::Name;
use crate::word::{FLAG, STAT, case_states, forward_states};

/// Which originals may go once they are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Proof {
    /// Every instance was sent on and taken: the only copy is never here.
    #[default]
    Forwarded,
    /// Being answered is enough: the site says that originals are elsewhere (the PACS sends us copies).
    Answered,
}

/// What keeps studies on disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct HeldBack {
    /// Could go now.
    pub evictable: i64,
    /// Delivered, but younger than the retention.
    pub young: i64,
    /// Not answered yet, or still arriving.
    pub unanswered: i64,
    /// A case waits for a person or the link, or a report for its confirmation.
    pub open_cases: i64,
    /// A flag that nobody acknowledged.
    pub open_flags: i64,
    /// Not sent on, or nothing proves that the originals are elsewhere.
    pub not_forwarded: i64,
}

const LEFT: &str = "EXISTS (SELECT 1 FROM instances i WHERE i.study = s.id AND i.evicted_at IS NULL)";

const ANSWERED: &str = "s.revision > 0
    AND NOT EXISTS (SELECT 1 FROM instances i WHERE i.study = s.id AND i.revision = 0)
    AND NOT EXISTS (SELECT 1 FROM revisions r LEFT JOIN dispositions d ON d.study = r.study AND d.revision = r.revision
                    WHERE r.study = s.id AND d.study IS NULL)";

/// No case of the study is open.
fn cases_closed() -> String {
    let over = case_states(CaseState::is_over);
    format!(
        "NOT EXISTS (SELECT 1 FROM cases c LEFT JOIN reports p ON p.case_id = c.id
         WHERE c.study = s.id AND (c.state NOT IN {over} OR c.withdraw = 1
                                   OR (p.case_id IS NOT NULL AND p.confirmed_at IS NULL)))"
    )
}

/// Somebody has seen the flag, and the read that it was sampled for is made or was waited for long enough.
fn flag_seen() -> String {
    format!(
        "(s.acknowledged_by IS NOT NULL OR (s.priority <> '{STAT}'
         AND NOT EXISTS (SELECT 1 FROM dispositions d WHERE d.study = s.id AND d.revision = s.revision
                         AND d.disposition = '{FLAG}')))
         AND NOT EXISTS (SELECT 1 FROM samples p LEFT JOIN reads q ON q.study = p.study AND q.revision = p.revision
             WHERE p.study = s.id AND p.revision = s.revision AND q.study IS NULL
             AND p.drawn_at > (SELECT max(last_arrival) FROM studies) - 14 * 86400000)"
    )
}

/// Everything that was queued is where it was to go.
fn forwarded() -> String {
    let free = forward_states(ForwardState::frees);
    format!(
        "NOT EXISTS (SELECT 1 FROM forwards f WHERE f.study = s.id
         AND (f.state NOT IN {free} OR (f.commit_due = 1 AND f.committed_at IS NULL)))"
    )
}

const ALL_FORWARDED: &str =
    "NOT EXISTS (SELECT 1 FROM instances i WHERE i.study = s.id AND i.evicted_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM forwards f WHERE f.instance = i.id))";
/// A scanner waits for our word about one of its instances.
const COMMITTED: &str = "NOT EXISTS (SELECT 1 FROM instances i
    JOIN commitment_items ci ON ci.sop_instance_index = i.sop_instance_index
    JOIN commitments c ON c.id = ci.commitment
    WHERE i.study = s.id AND c.told_at IS NULL)";

/// An archive that took two instances of one UID may have kept one: its word proves neither before a person has looked.
const CHECKED: &str =
    "NOT EXISTS (SELECT 1 FROM instances i JOIN collisions c ON c.sop_instance_index = i.sop_instance_index
    WHERE i.study = s.id AND i.collides <> 0 AND c.checked_at IS NULL)";

/// The condition that every original of a study is elsewhere.
fn elsewhere(proof: Proof) -> String {
    let forwarded = forwarded();
    let mut all = vec![forwarded.as_str(), CHECKED, COMMITTED];
    match proof {
        Proof::Forwarded => all.push(ALL_FORWARDED),
        Proof::Answered => {}
    }
    all.join(" AND ")
}

impl Ledger {
    /// Outputs with previews of answered studies, those of the oldest study first.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn evictable_previews(&self, limit: u32) -> Result<Vec<Id>> {
        // A study that waits for a person keeps its pictures: they are what the person decides on.
        let (closed, seen) = (cases_closed(), flag_seen());
        let sql = format!(
            "SELECT d.bag FROM dispositions d JOIN studies s ON s.id = d.study
             WHERE d.bag IS NOT NULL AND {ANSWERED} AND {closed} AND {seen}
             ORDER BY s.last_arrival, d.revision LIMIT ?"
        );
        let rows: Vec<(Name<Id>,)> =
            sqlx::query_as(AssertSqlSafe(sql)).bind(limit).fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(|r| r.0.0).collect())
    }

    /// The previews of a worker's output are gone.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn forget_preview(&self, output: Id) -> Result<()> {
        sqlx::query("UPDATE dispositions SET bag = NULL WHERE bag = ?")
            .bind(Name(output))
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Studies whose originals may go: delivered, and without an arrival since `before` (ms); the oldest first.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn evictable(&self, before: i64, proof: Proof, limit: u32) -> Result<Vec<String>> {
        let (elsewhere, closed, seen) = (elsewhere(proof), cases_closed(), flag_seen());
        let sql = format!(
            "SELECT s.id FROM studies s WHERE s.last_arrival < ? AND {LEFT} AND {ANSWERED} AND {closed}
             AND {seen} AND {elsewhere} ORDER BY s.last_arrival, s.id LIMIT ?"
        );
        let rows: Vec<(String,)> =
            sqlx::query_as(AssertSqlSafe(sql)).bind(before).bind(limit).fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(|r| r.0).collect())
    }

    /// Marks the originals of a study as removed, if it still may go; returns their entries by SOP class and the
    /// outputs with previews. The files are removed after this: a crash in between leaves files, never rows without one.
    ///
    /// # Errors
    /// [`Error::Refused`] when something came in between.
    pub async fn evict(&self, study: &str, before: i64, proof: Proof, now: i64) -> Result<Evicted> {
        let (elsewhere, closed, seen) = (elsewhere(proof), cases_closed(), flag_seen());
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let sql = format!(
            "SELECT count(*) FROM studies s WHERE s.id = ? AND s.last_arrival < ? AND {LEFT} AND {ANSWERED}
             AND {closed} AND {seen} AND {elsewhere}"
        );
        let (may,): (i64,) =
            sqlx::query_as(AssertSqlSafe(sql)).bind(study).bind(before).fetch_one(&mut *tx).await?;
        if may == 0 {
            return Err(Error::Refused("the study is needed again: it stays".into()));
        }
        let entries: Vec<(Name<Id>, String)> = sqlx::query_as(
            "UPDATE instances SET evicted_at = ? WHERE study = ? AND evicted_at IS NULL RETURNING id, sop_class",
        )
        .bind(now)
        .bind(study)
        .fetch_all(&mut *tx)
        .await?;
        let outputs: Vec<(Name<Id>,)> =
            sqlx::query_as("SELECT bag FROM dispositions WHERE study = ? AND bag IS NOT NULL")
                .bind(study)
                .fetch_all(&mut *tx)
                .await?;
        sqlx::query("UPDATE dispositions SET bag = NULL WHERE study = ?")
            .bind(study)
            .execute(&mut *tx)
            .await?;
        let line = "originals removed from this disk: delivered, and past retention";
        events::add(&mut *tx, &self.sealer, study, "appliance", line, now).await?;
        tx.commit().await?;
        let mut classes = BTreeMap::new();
        for (_, class) in &entries {
            *classes.entry(class.clone()).or_insert(0_u64) += 1;
        }
        let entries = entries.into_iter().map(|(id, _)| id.0).collect();
        Ok(Evicted { entries, classes, outputs: outputs.into_iter().map(|b| b.0.0).collect() })
    }

    /// Entries that were evicted: a file of one of these was left by a crash.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn evicted_instances(&self) -> Result<HashSet<Id>> {
        let rows: Vec<(Name<Id>,)> = sqlx::query_as("SELECT id FROM instances WHERE evicted_at IS NOT NULL")
            .fetch_all(&self.pool)
            .await?;
        Ok(rows.into_iter().map(|r| r.0.0).collect())
    }

    /// Refuses what needs originals that are gone.
    pub(super) async fn refuse_evicted(&self, study: &str) -> Result<()> {
        let sql = format!(
            "SELECT count(*) FROM studies s WHERE s.id = ? AND NOT {LEFT}
             AND EXISTS (SELECT 1 FROM instances i WHERE i.study = s.id)"
        );
        let (gone,): (i64,) = sqlx::query_as(AssertSqlSafe(sql)).bind(study).fetch_one(&self.pool).await?;
        if gone == 0 {
            return Ok(());
        }
        Err(Error::Refused(
            "the study's originals were removed from this disk: send it here again first".into(),
        ))
    }

    /// What keeps studies on disk, each study counted under the first reason that holds.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn held_back(&self, before: i64, proof: Proof) -> Result<HeldBack> {
        let (elsewhere, closed, seen) = (elsewhere(proof), cases_closed(), flag_seen());
        let sql = format!(
            "SELECT CASE WHEN NOT ({ANSWERED}) THEN 'unanswered' WHEN NOT ({closed}) THEN 'case'
                    WHEN NOT ({seen}) THEN 'flag' WHEN NOT ({elsewhere}) THEN 'forward'
                    WHEN s.last_arrival >= ? THEN 'young' ELSE 'evictable' END AS why, count(*)
             FROM studies s WHERE {LEFT} GROUP BY why"
        );
        let rows: Vec<(String, i64)> =
            sqlx::query_as(AssertSqlSafe(sql)).bind(before).fetch_all(&self.pool).await?;
        let of = |why: &str| rows.iter().find(|r| r.0 == why).map_or(0, |r| r.1);
        Ok(HeldBack {
            evictable: of("evictable"),
            young: of("young"),
            unanswered: of("unanswered"),
            open_cases: of("case"),
            open_flags: of("flag"),
            not_forwarded: of("forward"),
        })
    }
}

/// What was marked as removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evicted {
    /// Names of entry files.
    pub entries: Vec<Id>,
    /// How many by SOP Class UID.
    pub classes: BTreeMap<String, u64>,
    /// Outputs of workers that hold previews.
    pub outputs: Vec<Id>,
}
