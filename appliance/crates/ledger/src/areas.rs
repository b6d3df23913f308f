//! Areas that a person has blacked out: part of what leaves from the moment they are drawn.

use sqlx::FromRow;

use crate::error::{Error, Result};
use crate::ledger::Ledger;
use domain::case_state::CaseState;

use crate::word::Word;
use domain::job::RedactedArea;

#[derive(FromRow)]
struct Row {
    instance: u32,
    everywhere: bool,
    x0: u32,
    y0: u32,
    x1: u32,
    y1: u32,
}

/// Most areas of one case.
const MOST: i64 = 200;

impl Ledger {
    /// Adds an area to a case that is at rest; what is being packed or has left cannot be changed.
    ///
    /// # Errors
    /// [`Error::Refused`] when the case is not at rest, or has too many.
    pub async fn add_area(&self, case: &str, area: &RedactedArea) -> Result<()> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let row: Option<(Word<CaseState>, i64)> = sqlx::query_as(
            "SELECT state, (SELECT count(*) FROM areas a WHERE a.case_id = c.id) FROM cases c WHERE id = ?",
        )
        .bind(case)
        .fetch_optional(&mut *tx)
        .await?;
        let (Word(state), count) = row.ok_or(Error::Unknown("case"))?;
        if !state.at_rest() {
            return Err(Error::Refused(format!(
                "the case is {state}: only one that waits can be blacked out"
            )));
        }
        if count >= MOST {
            return Err(Error::Refused("there are too many areas: do not send this study".into()));
        }
        sqlx::query(
            "INSERT INTO areas (case_id, number, instance, everywhere, x0, y0, x1, y1)
             VALUES (?, (SELECT coalesce(max(number), 0) + 1 FROM areas WHERE case_id = ?), ?, ?, ?, ?, ?, ?)",
        )
        .bind(case)
        .bind(case)
        .bind(area.instance)
        .bind(area.everywhere)
        .bind(area.x0)
        .bind(area.y0)
        .bind(area.x1)
        .bind(area.y1)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Takes the last area of a case at rest back; `false` when there is none.
    ///
    /// # Errors
    /// [`Error::Refused`] when the case is not at rest.
    pub async fn drop_area(&self, case: &str) -> Result<bool> {
        let row = self.case(case).await?;
        if !row.state.at_rest() {
            return Err(Error::Refused(format!("the case is {}: its areas cannot be changed", row.state)));
        }
        let done = sqlx::query(
            "DELETE FROM areas WHERE case_id = ? AND number = (SELECT max(number) FROM areas WHERE case_id = ?)",
        )
        .bind(case)
        .bind(case)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// The areas of a case, in the order drawn.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn areas(&self, case: &str) -> Result<Vec<RedactedArea>> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT instance, everywhere, x0, y0, x1, y1 FROM areas WHERE case_id = ? ORDER BY number",
        )
        .bind(case)
        .fetch_all(&self.pool)
        .await?;
        let area = |r: Row| RedactedArea {
            instance: r.instance,
            everywhere: r.everywhere,
            x0: r.x0,
            y0: r.y0,
            x1: r.x1,
            y1: r.y1,
        };
        Ok(rows.into_iter().map(area).collect())
    }
}
