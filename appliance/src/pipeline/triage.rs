//! From a stable revision to its one disposition, and to the case that follows from it.

use std::sync::atomic::Ordering;

use proto::case::{Disposition, Priority, Transport, TriageMode};

use super::{Error, Outcome, Pipeline, Unopened, mode, now};
use domain::case_state::first_state;
use domain::job::{Answer, EncryptedOutput, Job, ListFacts, MAX_INSTANCES, Secret, TriageAnswer, TriageJob};
use domain::study::{KEY_OBJECT_SELECTION, rejection_words};
use domain::verdict::Verdict;
use ledger::{InstanceRow, NewCase, NewDisposition, Pending};
use store::{FILE_HEADER, Id};

/// Deaths without a named instance after which a revision is given up as unreadable.
const DEATHS_MAX: u32 = 3;

/// What a triaged revision came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Triaged {
    /// A disposition was recorded.
    Decided,
    /// It had one already.
    Already,
    /// A worker died on it; it will be tried again without the instance that is to blame.
    Again,
}

impl Pipeline {
    /// Takes one stable revision to its disposition.
    ///
    /// # Errors
    /// The appliance's own faults; the revision stays pending.
    pub(crate) async fn triage_revision(&self, pending: &Pending) -> Result<Triaged, Error> {
        let all = self.ledger.instances(&pending.study, pending.revision).await?;
        let rows: Vec<InstanceRow> = all.iter().filter(|r| r.counts()).cloned().collect();
        let first = all.first().map(|r| r.modality.clone()).unwrap_or_default();
        if let Some(reason) = nothing_counts(&all) {
            return self.decide(pending, not_analysed(&first, reason), None).await;
        }
        if all.is_empty() && self.ledger.is_evicted(&pending.study).await? {
            // Only a restored ledger knows such a revision: what answered it before is lost with the former one.
            let reason = "its originals were delivered and removed before the ledger was restored".to_owned();
            return self.decide(pending, not_analysed("", reason), None).await;
        }
        if let Some(reason) = not_to_be_tried(&rows, pending.deaths) {
            let answer = unreadable(&first, reason);
            return self.decide(pending, answer, None).await;
        }
        let (instances, files) = match self.hand_over(&rows) {
            Ok(handed) => handed,
            Err(Unopened::Missing(row)) => {
                self.set_aside(pending, &row, "its file is missing from the store").await?;
                return Ok(Triaged::Again);
            }
            Err(Unopened::Store(error)) => return Err(error),
        };
        let id = Id::random().map_err(|_| Error::Store)?;
        let output = self.store.derived().begin_sealed(id)?;
        let encrypted = output.key().map(|(id, key)| EncryptedOutput {
            id: id.to_string(),
            offset: FILE_HEADER,
            key: Secret::new(key.reveal().to_string()),
        });
        let deid = self.deid.clone();
        let job = Job::Triage(TriageJob { instances, deid, previews: true, output: encrypted });
        match self.ask(&job, &output, files, &rows).await? {
            Outcome::Answered(Answer::Triage(mut answer)) => {
                note_set_aside(&all, &mut answer.verdict);
                if !answer.verdict.previews.is_empty() {
                    output.adopt(id)?;
                }
                self.decide(pending, *answer, Some(id)).await
            }
            // The disk was full or failed: the same job may succeed later.
            Outcome::Answered(Answer::Failed(failure)) if failure.retry => Err(Error::Store),
            Outcome::Answered(Answer::Failed(failure)) => {
                self.decide(pending, unreadable(&first, failure.reason), None).await
            }
            Outcome::Answered(_) => {
                self.decide(pending, unreadable(&first, "the answer did not fit".into()), None).await
            }
            Outcome::Died(death) => {
                let deaths = self.ledger.count_death(&pending.study, pending.revision).await?;
                // The second death on a named instance sets it aside and the study goes on without it.
                if let Some(row) = death.touching.and_then(|t| rows.get(t as usize))
                    && deaths >= 2
                {
                    self.set_aside(pending, &row.id, death.words).await?;
                    self.ledger.clear_deaths(&pending.study, pending.revision).await?;
                }
                Ok(Triaged::Again)
            }
        }
    }

    /// The study goes on without this instance, and says so.
    async fn set_aside(&self, pending: &Pending, row: &str, why: &str) -> Result<(), Error> {
        self.ledger.set_aside(row, why).await?;
        let words = format!("an instance was set aside: {why}");
        self.ledger.add_event(&pending.study, "appliance", &words, now()).await?;
        Ok(())
    }

    async fn decide(
        &self,
        pending: &Pending,
        mut answer: TriageAnswer,
        output: Option<Id>,
    ) -> Result<Triaged, Error> {
        let now = now();
        let overseen = self.oversee(&mut answer.verdict).await?;
        let case = self.case_for(pending, &answer, overseen.mode, now);
        let TriageAnswer { mut verdict, facts, .. } = answer;
        verdict.priority = mode::priority(overseen.mode, verdict.priority);
        let output = output.filter(|_| !verdict.previews.is_empty()).map(|id| id.to_string());
        let record = NewDisposition {
            verdict,
            facts,
            output,
            mode: overseen.mode,
            pseudonym_key: self.deid.pseudonym_keys().map(|keys| keys.name()).unwrap_or_default(),
            cloud_up: self.cloud_up.load(Ordering::Relaxed),
            seen: overseen.seen,
            sample: overseen.sample,
        };
        let fresh = self
            .ledger
            .record_disposition(&pending.study, pending.revision, &record, case.as_ref(), now)
            .await?;
        tracing::info!(
            study = %pending.study,
            revision = pending.revision,
            disposition = record.verdict.disposition.as_str(),
            ms = record.verdict.ms.total,
            "study answered"
        );
        Ok(if fresh { Triaged::Decided } else { Triaged::Already })
    }

    /// The case that follows from an answer by itself; `None` when nothing leaves without a person.
    fn case_for(
        &self,
        pending: &Pending,
        answer: &TriageAnswer,
        mode: TriageMode,
        now: i64,
    ) -> Option<NewCase> {
        let given = answer.verdict.disposition;
        let without_model =
            given == Disposition::NotAnalysed && self.rules.without_model.contains(&answer.facts.modality);
        (mode::makes_a_case(mode, given) || without_model).then(|| self.new_case(pending, answer, now))
    }

    fn new_case(&self, pending: &Pending, answer: &TriageAnswer, now: i64) -> NewCase {
        let (state, leaves_at) = first_state(!answer.verdict.holds.is_empty(), self.rules.veto, now);
        NewCase {
            study: pending.study.clone(),
            revision: pending.revision,
            state,
            priority: answer.verdict.priority,
            reason: answer.verdict.reason.clone(),
            transport: if self.rules.embed.contains(&answer.facts.modality) {
                Transport::Embedding
            } else {
                Transport::Image
            },
            leaves_at,
        }
    }
}

/// Why nothing of a study is there to be analysed although everything could be read.
fn nothing_counts(all: &[InstanceRow]) -> Option<String> {
    if all.is_empty() || all.iter().any(|r| r.counts() || r.set_aside.is_some()) {
        return None;
    }
    if let Some(code) = all.iter().find_map(|r| r.rejected.as_deref()) {
        return Some(format!("every instance was {}", rejection_words(code)));
    }
    let notes = all.iter().all(|r| r.sop_class == KEY_OBJECT_SELECTION);
    let words = if notes {
        "key object selections only"
    } else {
        "only instances that came again with other bytes: those that count have left this disk"
    };
    Some(words.to_owned())
}

fn not_analysed(modality: &str, reason: String) -> TriageAnswer {
    without_worker(modality, Disposition::NotAnalysed, Priority::Routine, reason)
}

fn unreadable(modality: &str, reason: String) -> TriageAnswer {
    without_worker(modality, Disposition::Unreadable, Priority::Urgent, reason)
}

/// An answer that no worker gave: nothing of the study leaves without a person.
fn without_worker(
    modality: &str,
    disposition: Disposition,
    priority: Priority,
    reason: String,
) -> TriageAnswer {
    let holds = vec!["the study could not be read".to_owned()];
    TriageAnswer {
        verdict: Verdict { priority, holds, ..Verdict::without_model(disposition, reason) },
        facts: ListFacts { modality: modality.to_owned(), ..ListFacts::default() },
        unreadable: Vec::new(),
    }
}

fn not_to_be_tried(rows: &[InstanceRow], deaths: u32) -> Option<String> {
    if rows.is_empty() {
        return Some("no instance of the study could be read".to_owned());
    }
    if rows.len() > MAX_INSTANCES {
        return Some(format!("the study has {} instances; at most {MAX_INSTANCES} are analysed", rows.len()));
    }
    (deaths >= DEATHS_MAX).then(|| "reading the study ended the worker three times".to_owned())
}

fn note_set_aside(all: &[InstanceRow], verdict: &mut Verdict) {
    let aside = all.iter().filter(|r| r.set_aside.is_some()).count();
    if aside > 0 {
        verdict.reason = format!("{} ({aside} of {} instances could not be read)", verdict.reason, all.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_study_is_given_up_after_three_deaths_or_without_instances() {
        assert!(not_to_be_tried(&[], 0).is_some());
        let row = InstanceRow {
            id: "0".into(),
            sop_class: String::new(),
            transfer_syntax: String::new(),
            modality: String::new(),
            bytes: 1,
            blake3: String::new(),
            conflict: false,
            set_aside: None,
            replaced: false,
            rejected: None,
        };
        assert!(not_to_be_tried(std::slice::from_ref(&row), 2).is_none());
        assert!(not_to_be_tried(&[row], 3).is_some());
    }
}
