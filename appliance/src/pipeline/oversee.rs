//! What oversight makes of a bundle's answer: `no-flag` that may not be relied upon is withheld, and some studies are
//! sampled for a physician's read. What the mode does to an answer stands in `mode.rs`.

use proto::case::{Disposition, TriageMode};

use super::{Error, Pipeline, mode};
use domain::oversight::{Level, Seen};
use domain::verdict::Verdict;
use ledger::{Reliance, WITHDRAWN};

/// What is recorded beside an answer.
#[derive(Debug)]
pub(super) struct Overseen {
    /// The mode in force for this bundle.
    pub(super) mode: TriageMode,
    /// What is watched.
    pub(super) seen: Option<Seen>,
    /// Why it was sampled.
    pub(super) sample: Option<&'static str>,
}

impl Pipeline {
    /// Changes the answer where its `no-flag` may not be relied upon, and says what to record beside it.
    pub(super) async fn oversee(&self, verdict: &mut Verdict) -> Result<Overseen, Error> {
        if verdict.digest.is_empty() {
            let mode = mode::in_force(self.rules.mode, self.rules.demo);
            return Ok(Overseen { mode, seen: None, sample: None });
        }
        let relies = self.ledger.reliance(&verdict.digest).await?;
        let seen = seen(verdict, even()?);
        withhold(verdict, &relies, seen.score);
        let mode = mode::in_force(self.rules.mode, self.rules.demo || relies.accepted);
        let random = (even()?, even()?);
        Ok(Overseen {
            mode,
            sample: sample(verdict.disposition, mode, &self.rules.oversight, random),
            seen: Some(seen),
        })
    }
}

fn seen(verdict: &Verdict, tie: f64) -> Seen {
    let highest = verdict.findings.iter().map(|f| f64::from(f.score)).fold(0.0, f64::max);
    Seen {
        score: highest,
        distance: verdict.input_check.as_ref().map_or(0.0, |check| check.score),
        flag: verdict.disposition == Disposition::Flag,
        no_flag: verdict.disposition == Disposition::NoFlag,
        tie,
    }
}

/// Turns a `no-flag` that may not be relied upon into `escalate`, with the reason.
fn withhold(verdict: &mut Verdict, relies: &Reliance, score: f64) {
    if verdict.disposition != Disposition::NoFlag {
        return;
    }
    let because = match relies.level {
        Level::Steady => return,
        // Lowered coverage: the half with the lower scores keeps it.
        Level::Degraded if relies.median_no_flag.is_some_and(|median| score <= median) => return,
        Level::Degraded => format!("{WITHDRAWN}coverage is lowered because {}", relies.why),
        Level::Withdrawn => format!("{WITHDRAWN}it is withdrawn because {}", relies.why),
    };
    verdict.disposition = Disposition::Escalate;
    verdict.reason = because;
}

/// Why a study is sampled, by two random numbers, even from 0 to 1.
fn sample(
    given: Disposition,
    mode: TriageMode,
    site: &domain::oversight::Config,
    (any, no_flag): (f64, f64),
) -> Option<&'static str> {
    // A study that is sampled hides its answer.
    if mode::may_hide_a_flag(mode) && any < site.trial {
        return Some("trial");
    }
    (given == Disposition::NoFlag && no_flag < site.share).then_some("share")
}

/// A random number, even from 0 to 1. Nobody can foresee which studies are sampled.
fn even() -> Result<f64, Error> {
    let mut bytes = [0_u8; 8];
    getrandom::fill(&mut bytes).map_err(|_| Error::Store)?;
    Ok((u64::from_le_bytes(bytes) >> 11) as f64 / (1_u64 << 53) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::oversight::Config;

    fn no_flag() -> Verdict {
        Verdict::without_model(Disposition::NoFlag, "r".into())
    }

    fn relies(level: Level) -> Reliance {
        Reliance { level, why: "images changed".into(), median_no_flag: Some(0.02), ..Reliance::default() }
    }

    #[test]
    fn a_withdrawn_no_flag_is_escalated_with_the_reason_and_a_flag_stays() {
        let mut answer = no_flag();
        withhold(&mut answer, &relies(Level::Withdrawn), 0.0);
        assert_eq!(answer.disposition, Disposition::Escalate);
        assert_eq!(answer.reason, "no-flag withheld: it is withdrawn because images changed");
        let mut flagged = no_flag();
        flagged.disposition = Disposition::Flag;
        withhold(&mut flagged, &relies(Level::Withdrawn), 0.9);
        assert_eq!(flagged.disposition, Disposition::Flag);
    }

    #[test]
    fn lowered_coverage_keeps_the_half_with_the_lower_scores() {
        let (mut lower, mut higher, mut unknown) = (no_flag(), no_flag(), no_flag());
        withhold(&mut lower, &relies(Level::Degraded), 0.01);
        withhold(&mut higher, &relies(Level::Degraded), 0.03);
        withhold(&mut unknown, &Reliance { median_no_flag: None, ..relies(Level::Degraded) }, 0.0);
        let got = [lower, higher, unknown].map(|a| a.disposition);
        assert_eq!(got, [Disposition::NoFlag, Disposition::Escalate, Disposition::Escalate]);
    }

    #[test]
    fn studies_without_a_flag_are_sampled_by_share_and_a_trial_samples_any() {
        let site = Config { share: 0.05, trial: 0.5, ..Config::default() };
        let shadow = |given, random| sample(given, TriageMode::Shadow, &site, random);
        assert_eq!(shadow(Disposition::NoFlag, (0.9, 0.04)), Some("share"));
        assert_eq!(shadow(Disposition::NoFlag, (0.9, 0.06)), None);
        assert_eq!(shadow(Disposition::Flag, (0.9, 0.0)), None);
        assert_eq!(shadow(Disposition::Escalate, (0.4, 0.9)), Some("trial"));
        assert_eq!(
            sample(Disposition::Flag, TriageMode::Assist, &site, (0.0, 0.0)),
            None,
            "no flag is hidden"
        );
    }
}
