//! What a person decides about originals that go on: tried again, or given up; always audited.

use serde::{Deserialize, Serialize};

use super::Opened;
use crate::audit::Audit;
use crate::conveyor::now;
use crate::forward::Forwards;
use crate::ledger::{Error, Ledger};

/// An order about one destination.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForwardOrder {
    /// The destination's name.
    pub destination: String,
    /// Only this instance.
    pub instance: Option<String>,
    /// Who orders it.
    pub who: String,
    /// Given up for this reason; without one, tried again.
    pub give_up: Option<String>,
    /// Giving up: also what waits, not only dead letters.
    pub waiting: bool,
}

impl ForwardOrder {
    /// Carries it out; returns how many rows it changed.
    ///
    /// # Errors
    /// [`Error::Unknown`] when neither a rule nor a row names the destination; [`Error::Refused`] when the audit cannot
    /// be written.
    pub async fn carry_out(&self, ledger: &Ledger, audit: &Audit, forwards: &Forwards) -> Result<u64, Error> {
        let queued = ledger.forward_queues().await?.iter().any(|q| q.destination == self.destination);
        let named = forwards.rows(&[], false).iter().any(|d| d.name == self.destination);
        if !queued && !named {
            return Err(Error::Unknown("destination: see `appliance status`"));
        }
        let what = if self.give_up.is_some() { "forward give-up" } else { "forward retry" };
        audit
            .write(now(), &self.who, what, &self.destination, self.give_up.as_deref().unwrap_or_default())
            .map_err(|_| Error::Refused("the audit cannot be written: nothing was done".into()))?;
        let (name, instance) = (&self.destination, self.instance.as_deref());
        let changed = match &self.give_up {
            Some(reason) => ledger.give_up_forwards(name, instance, self.waiting, reason, now()).await?,
            None => ledger.retry_forwards(name, instance).await?,
        };
        forwards.urge(name);
        Ok(changed)
    }
}

impl Opened {
    /// Carries an order out in the running house.
    pub(super) async fn order_forward(&self, order: &ForwardOrder) -> Result<u64, Error> {
        order.carry_out(&self.ledger, &self.audit, &self.forwards).await
    }
}
