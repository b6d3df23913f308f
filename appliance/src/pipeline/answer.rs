//! What became of a job: a checked answer, or a death that blames an instance.

use sandbox::{Death as SandboxDeath, DeathKind};

use super::Error;
use domain::job::{Answer, check_answer};

/// What became of a job.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// An answer that passed the check.
    Answered(Answer),
    /// The worker ended without one and the data may be to blame.
    Died(Death),
}

/// A worker's death, in words a person can act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Death {
    /// The instance that it had named, by its number in the job.
    pub touching: Option<u32>,
    /// Why it ended.
    pub words: &'static str,
}

/// Turns what came from the pool into an outcome. Deaths that no instance is to blame for are the appliance's own fault.
pub(super) fn checked(
    answered: Result<Answer, SandboxDeath>,
    touching: Option<u32>,
    instances: usize,
    output_bytes: u64,
) -> Result<Outcome, Error> {
    match answered {
        Ok(answer) => match check_answer(&answer, instances, output_bytes) {
            Ok(()) => Ok(Outcome::Answered(answer)),
            Err(fault) => {
                tracing::warn!(%fault, "a worker's answer was refused");
                Ok(Outcome::Died(Death { touching, words: "its answer did not hold" }))
            }
        },
        Err(death) if death.blames_data() => {
            let touching = death.touching.or(touching);
            let words = words(death.kind);
            tracing::warn!(kind = ?death.kind, ?touching, "a worker ended without an answer");
            Ok(Outcome::Died(Death { touching: touching.filter(|t| (*t as usize) < instances), words }))
        }
        Err(_) => Err(Error::Worker),
    }
}

fn words(kind: DeathKind) -> &'static str {
    match kind {
        DeathKind::OutOfMemory => "it needs more memory than a study may use",
        DeathKind::TimedOut => "it takes longer than a study may take",
        DeathKind::Seccomp => "reading it led to a forbidden system call",
        DeathKind::StackOverflow => "it is nested deeper than can be read",
        DeathKind::Protocol => "the answer about it did not hold",
        DeathKind::Killed(_) | DeathKind::Exit(_) | DeathKind::NotStarted => "reading it ended the worker",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use deid::{Policy, ReidentificationMap, Statement};
    use domain::job::{DeidAnswer, DeidLine, Failure};

    #[test]
    fn an_answer_about_an_instance_outside_the_job_counts_as_a_death() {
        let line = DeidLine {
            instance: 7,
            status: "done".into(),
            reason: String::new(),
            actions: Default::default(),
            boxes: 0,
            piece: None,
        };
        let statement = Statement::new(&Policy::strict(), &Default::default());
        let answer = DeidAnswer { lines: vec![line], statement, patients: ReidentificationMap::default() };
        let outcome = checked(Ok(Answer::Deid(Box::new(answer))), Some(1), 3, 0);
        assert!(matches!(outcome, Ok(Outcome::Died(Death { touching: Some(1), .. }))));
    }

    #[test]
    fn a_failure_in_words_is_an_answer() {
        let failure = Failure { reason: "no frame".into(), instance: None, retry: false, replanned: None };
        assert!(matches!(
            checked(Ok(Answer::Failed(failure)), None, 1, 0),
            Ok(Outcome::Answered(Answer::Failed(_)))
        ));
    }
}
