//! What a person decides about originals that go on: tried again, given up, looked for at the archive; always audited.

use serde::{Deserialize, Serialize};

use super::Forwards;
use audit::Audit;
use domain::decision::check_who;
use ledger::{Error, Ledger, Which};
use proto::clock::now;

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
    /// What is ordered.
    pub what: ForwardStep,
}

/// What is ordered.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ForwardStep {
    /// Dead letters are tried again.
    Retry,
    /// They are given up.
    GiveUp {
        /// Why.
        reason: String,
        /// Also what waits, not only dead letters.
        waiting: bool,
    },
    /// Somebody has looked at the archive for collisions.
    Checked,
}

impl ForwardOrder {
    /// Carries it out; returns how many rows it changed.
    ///
    /// # Errors
    /// [`Error::Unknown`] when neither a rule nor a row names the destination; [`Error::Refused`] when nobody is named or
    /// the audit cannot be written.
    pub(crate) async fn carry_out(
        &self,
        ledger: &Ledger,
        audit: &Audit,
        forwards: &Forwards,
    ) -> Result<u64, Error> {
        check_who(&self.who)?;
        let queued = ledger.forward_queues().await?.iter().any(|q| q.destination == self.destination);
        let named = forwards.rows(&[], false).iter().any(|d| d.name == self.destination);
        if !queued && !named && !matches!(self.what, ForwardStep::Checked) {
            return Err(Error::Unknown("destination: see `appliance status`"));
        }
        let (name, instance) = (&self.destination, self.instance.as_deref());
        let which = Which { instance, destination: Some(name), ..Which::default() };
        if matches!(self.what, ForwardStep::Checked) {
            // What is refused must not stand in the audit as done.
            ledger.may_check_collisions(&which).await?;
        }
        let (what, reason) = match &self.what {
            ForwardStep::Retry => ("forward retry", ""),
            ForwardStep::GiveUp { reason, .. } => ("forward give-up", reason.as_str()),
            ForwardStep::Checked => ("collisions checked at the archive", ""),
        };
        audit
            .write(now(), &self.who, what, &self.destination, reason)
            .map_err(|_| Error::Refused("the audit cannot be written: nothing was done".into()))?;
        let changed = match &self.what {
            ForwardStep::Retry => ledger.retry_forwards(name, instance).await?,
            ForwardStep::GiveUp { reason, waiting } => {
                ledger.give_up_forwards(name, instance, *waiting, reason, now()).await?
            }
            ForwardStep::Checked => {
                return ledger.check_collisions(&which, &self.who, now()).await;
            }
        };
        forwards.urge(name);
        Ok(changed)
    }
}
