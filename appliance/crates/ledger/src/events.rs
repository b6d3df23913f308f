//! Lines of a study's timeline, sealed: a person's words may stand in them.

use sqlx::{FromRow, SqliteExecutor};

use crate::columns::EVENT;
use crate::error::Result;
use crate::ledger::Ledger;
use crate::sealer::Sealer;

/// One line of a study's timeline.
#[derive(Debug, Clone, FromRow, serde::Serialize)]
pub struct EventRow {
    /// When, ms.
    pub at: i64,
    /// Who.
    pub who: String,
    /// What, in words.
    pub what: String,
}

fn row(study: &str, at: i64) -> String {
    format!("{study}/{at}")
}

/// Adds a line; `what` holds no value of a data set.
pub(super) async fn add(
    to: impl SqliteExecutor<'_>,
    sealer: &Sealer,
    study: &str,
    who: &str,
    what: &str,
    now: i64,
) -> Result<()> {
    sqlx::query("INSERT INTO events (at, study, who, what) VALUES (?, ?, ?, ?)")
        .bind(now)
        .bind(study)
        .bind(who)
        .bind(sealer.seal(EVENT, &row(study, now), what)?)
        .execute(to)
        .await?;
    Ok(())
}

impl Ledger {
    /// Adds a line to a study's timeline; `what` holds no identity.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn add_event(&self, study: &str, who: &str, what: &str, now: i64) -> Result<()> {
        add(&self.pool, &self.sealer, study, who, what, now).await
    }

    /// The pseudonym under which a peer's AE title stands in the audit: `AE-` and 12 hex characters.
    ///
    /// # Errors
    /// None that can be reached.
    pub fn peer_name(&self, title: &str) -> Result<String> {
        self.sealer.peer(title)
    }

    /// A study's timeline, oldest first.
    pub(super) async fn events(&self, study: &str) -> Result<Vec<EventRow>> {
        let mut events: Vec<EventRow> =
            sqlx::query_as("SELECT at, who, what FROM events WHERE study = ? ORDER BY seq")
                .bind(study)
                .fetch_all(&self.pool)
                .await?;
        for event in &mut events {
            event.what = self.sealer.open(EVENT, &row(study, event.at), &event.what)?;
        }
        Ok(events)
    }
}
