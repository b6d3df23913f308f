//! What de-identification does to a study's attributes, asked of a worker when a person wants to see it.

use super::{Error, Outcome, Pipeline, Unopened};
use domain::job::{Answer, ExplainJob, Explained, Job};
use ledger::InstanceRow;

impl Pipeline {
    /// What is done to every attribute of one instance of a study's revision; `None` when it cannot be read. With
    /// `before` the values that stay here are told too: the caller has audited that.
    ///
    /// # Errors
    /// The appliance's own faults.
    pub(crate) async fn explain(
        &self,
        study: &str,
        revision: u32,
        instance: u32,
        before: bool,
    ) -> Result<Option<Vec<Explained>>, Error> {
        let all = self.ledger.instances(study, revision).await?;
        let rows: Vec<InstanceRow> = all.into_iter().filter(InstanceRow::counts).collect();
        if rows.get(instance as usize).is_none() {
            return Ok(None);
        }
        let (instances, files) = match self.hand_over(&rows) {
            Ok(handed) => handed,
            Err(Unopened::Missing(_)) => return Ok(None),
            Err(Unopened::Store(error)) => return Err(error),
        };
        let job = ExplainJob { instances, of: instance, deid: self.deid.clone(), before };
        let output = self.store.outbox().begin()?;
        match self.ask(&Job::Explain(job), &output, files, &rows).await? {
            Outcome::Answered(Answer::Explained(rows)) => Ok(Some(rows)),
            Outcome::Answered(_) | Outcome::Died(_) => Ok(None),
        }
    }
}
