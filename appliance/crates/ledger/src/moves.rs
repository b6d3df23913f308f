//! Moves of a case from state to state, and taking a person's move back. Every move checks the state it starts from.

use sqlx::{AssertSqlSafe, Sqlite, Transaction};

use crate::error::{Error, Result};
use crate::ledger::Ledger;
use domain::case_state::{CaseEvent, CaseState};

use crate::word::{Word, case_states};

/// In `cases.before`, of a case that a person opened: undoing that leaves none.
pub(super) const NO_CASE: &str = "none";

/// State, states before, and whether de-identification holds the case, it has areas and it has a statement.
type CaseToUndo = (Word<CaseState>, Option<String>, bool, bool, bool);

impl Ledger {
    /// A person moves a case from one of `from` to `to`; where it was is remembered for undo.
    ///
    /// # Errors
    /// [`Error::Refused`] when it is in none of them any more.
    pub async fn move_case(
        &self,
        id: &str,
        from: &[CaseState],
        to: CaseState,
        leaves_at: Option<i64>,
    ) -> Result<()> {
        if to == CaseState::Leaving {
            let study = self.case(id).await?.study;
            self.refuse_evicted(&study).await?;
        }
        let done = sqlx::query(
            "UPDATE cases SET before = trim(coalesce(before, '') || ' ' || state), leaves_at = ?2,
             withdraw = CASE WHEN ?5 AND state = ?6 THEN 1 ELSE withdraw END, state = ?1
             WHERE id = ?3 AND state IN (SELECT value FROM json_each(?4))",
        )
        .bind(Word(to))
        .bind(leaves_at)
        .bind(id)
        .bind(serde_json::to_string(from)?)
        .bind(to.takes_back())
        .bind(Word(CaseState::Sending))
        .execute(&self.pool)
        .await?;
        if done.rows_affected() == 1 {
            return Ok(());
        }
        let now = self.case(id).await?.state;
        Err(Error::Refused(format!("the case is {now} by now: somebody or something was first")))
    }

    /// A case whose time has come is packed now; `false`: a person was first.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn begin_packing(&self, id: &str) -> Result<bool> {
        self.event(id, CaseEvent::Due, None).await
    }

    /// A case that was being packed is due again at `now`; `false`: a person was first.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn repack(&self, id: &str, now: i64) -> Result<bool> {
        self.event(id, CaseEvent::PackedAnew, Some(now)).await
    }

    /// A move that nobody takes back: what is remembered for undo stays.
    async fn event(&self, id: &str, event: CaseEvent, leaves_at: Option<i64>) -> Result<bool> {
        let from = case_states(|state| event.moves(state));
        let sql = format!("UPDATE cases SET state = ?, leaves_at = ? WHERE id = ? AND state IN {from}");
        let done = sqlx::query(AssertSqlSafe(sql))
            .bind(Word(event.to()))
            .bind(leaves_at)
            .bind(id)
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Takes the last move by a person back: the case is where it was before, a hold with its reasons included. A
    /// countdown never restarts by itself, and what was sealed before an area was drawn must not leave: then it is where
    /// it was before that. `None`: a person had opened the case, nothing was made of it, and there is none any more.
    ///
    /// # Errors
    /// [`Error::Refused`] when nothing can be undone any more.
    pub async fn undo_case(&self, id: &str) -> Result<Option<CaseState>> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let row: Option<CaseToUndo> = sqlx::query_as(
            "SELECT c.state, c.before, coalesce(d.holds, '[]') <> '[]',
             EXISTS (SELECT 1 FROM areas a WHERE a.case_id = c.id),
             EXISTS (SELECT 1 FROM statements s WHERE s.case_id = c.id)
             FROM cases c LEFT JOIN dispositions d ON d.study = c.study AND d.revision = c.revision WHERE c.id = ?",
        )
        .bind(id)
        .fetch_optional(&mut *tx)
        .await?;
        let (Word(now), before, held, covered, sealed) = row.ok_or(Error::Unknown("case"))?;
        let mut trail: Vec<&str> = before.as_deref().unwrap_or_default().split_ascii_whitespace().collect();
        let back = match now.undoable() {
            true => last_stop(now, &mut trail, covered),
            false => None,
        };
        let back = match back {
            None => return Err(Error::Refused(format!("nothing to undo: the case is {now}"))),
            Some(Stop::NoCase) if !covered && !sealed => {
                sqlx::query("DELETE FROM cases WHERE id = ?").bind(id).execute(&mut *tx).await?;
                tx.commit().await?;
                return Ok(None);
            }
            Some(Stop::State(back)) => back,
            Some(Stop::Decision | Stop::NoCase) if held => CaseState::Held,
            Some(Stop::Decision | Stop::NoCase) => CaseState::Review,
        };
        sqlx::query(
            "UPDATE cases SET state = ?1, before = nullif(?2, ''), leaves_at = NULL,
             withdraw = CASE WHEN ?4 AND withdraw = 1 THEN 0 ELSE withdraw END WHERE id = ?3",
        )
        .bind(Word(back))
        .bind(trail.join(" "))
        .bind(id)
        .bind(back.in_upload())
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(Some(back))
    }

    /// Whether de-identification holds what a case is made of, released or not.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn is_held(&self, id: &str) -> Result<bool> {
        let row: (bool,) = sqlx::query_as(
            "SELECT EXISTS (SELECT 1 FROM cases c JOIN dispositions d ON d.study = c.study AND d.revision = c.revision
             WHERE c.id = ? AND d.holds <> '[]')",
        )
        .bind(id)
        .fetch_one(&self.pool)
        .await?;
        Ok(row.0)
    }
}

/// Where undo leads to.
enum Stop {
    State(CaseState),
    /// The decision that a machine began a countdown without.
    Decision,
    NoCase,
}

/// The last state of the trail at which a case can be again; the trail ends before it then. `None`: there is none.
fn last_stop(now: CaseState, trail: &mut Vec<&str>, covered: bool) -> Option<Stop> {
    let mut countdown = now == CaseState::Leaving;
    while let Some(word) = trail.pop() {
        match word.parse::<CaseState>() {
            _ if word == NO_CASE && now == CaseState::Leaving => return Some(Stop::NoCase),
            _ if word == NO_CASE => return Some(Stop::Decision),
            Ok(CaseState::Leaving | CaseState::Packing) => countdown = true,
            Ok(state) if state.in_upload() && covered => countdown = true,
            Ok(state) if state.before_handover() => return Some(Stop::State(state)),
            _ => return None,
        }
    }
    countdown.then_some(Stop::Decision)
}

/// Lets cases of earlier revisions go that nobody has sent yet.
pub(super) async fn supersede(tx: &mut Transaction<'_, Sqlite>, study: &str, revision: u32) -> Result<()> {
    let from = case_states(|state| CaseEvent::Superseded.moves(state));
    let sql = format!(
        "UPDATE cases SET state = ?, before = NULL, fault = 'a newer revision of the study took its place'
         WHERE study = ? AND revision < ? AND state IN {from}"
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(Word(CaseEvent::Superseded.to()))
        .bind(study)
        .bind(revision)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
