//! What tests ask of a ledger and the product does not.

use domain::forward_state::ForwardState;
use sqlx::AssertSqlSafe;

use crate::arrival::Arrival;
use crate::error::Result;
use crate::instances::Arrived;
use crate::ledger::Ledger;
use crate::word::forward_states;

impl Ledger {
    /// Records a batch of arrivals in one transaction, in order.
    ///
    /// # Errors
    /// The database's refusal; then none of the batch is recorded.
    pub async fn record_arrivals(&self, batch: &[Arrival]) -> Result<Vec<Arrived>> {
        self.record_arrivals_to(batch, |_| Vec::new()).await
    }

    /// Whether an instance waits for a commitment to be decided: it must not be removed before.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn commitment_holds(&self, instance: &str) -> Result<bool> {
        let row: (bool,) = sqlx::query_as(
            "SELECT EXISTS (SELECT 1 FROM instances i JOIN commitment_items t ON t.sop_instance_index = i.sop_instance_index
             JOIN commitments c ON c.id = t.commitment WHERE i.id = ? AND c.told_at IS NULL)",
        )
        .bind(instance)
        .fetch_one(&self.pool)
        .await?;
        Ok(row.0)
    }

    /// Whether every destination has this instance, or a named person gave it up there. An instance that no rule
    /// sends anywhere is `true`: whether its sender keeps it is not this table's to say.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn delivered_everywhere(&self, instance: &str) -> Result<bool> {
        let closed = forward_states(ForwardState::is_closed);
        let row: (bool,) = sqlx::query_as(AssertSqlSafe(format!(
            "SELECT NOT EXISTS (SELECT 1 FROM forwards WHERE instance = ?
             AND state NOT IN {closed})"
        )))
        .bind(instance)
        .fetch_one(&self.pool)
        .await?;
        Ok(row.0)
    }

    /// The same for all instances of a study at once.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn study_delivered_everywhere(&self, study: &str) -> Result<bool> {
        let closed = forward_states(ForwardState::is_closed);
        let row: (bool,) = sqlx::query_as(AssertSqlSafe(format!(
            "SELECT NOT EXISTS (SELECT 1 FROM forwards WHERE study = ?
             AND state NOT IN {closed})"
        )))
        .bind(study)
        .fetch_one(&self.pool)
        .await?;
        Ok(row.0)
    }
}
