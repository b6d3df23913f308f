//! What the triage mode does to an answer: `shadow` counts it and changes nothing, `assist` raises and never lowers,
//! `settle` lets `no-flag` count, but only of a bundle that a person has accepted.

use proto::case::{Disposition, Priority, TriageMode};

/// The mode in force: `settle` needs an acceptance, without one it is `assist`.
pub(super) fn in_force(configured: TriageMode, accepted: bool) -> TriageMode {
    if configured == TriageMode::Settle && !accepted { TriageMode::Assist } else { configured }
}

/// The priority that the list shows. Shadow changes nothing: not the order of the list either.
pub(super) fn priority(mode: TriageMode, asked: Priority) -> Priority {
    if mode == TriageMode::Shadow { Priority::Routine } else { asked }
}

/// Whether an answer becomes a case without a person: `escalate` does, in every mode but shadow.
pub(super) fn makes_a_case(mode: TriageMode, given: Disposition) -> bool {
    given == Disposition::Escalate && mode != TriageMode::Shadow
}

/// Whether a flag may be hidden until a physician has read the study: only where no flag gets lost by that.
pub(super) fn may_hide_a_flag(mode: TriageMode) -> bool {
    mode == TriageMode::Shadow
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [TriageMode; 3] = [TriageMode::Shadow, TriageMode::Assist, TriageMode::Settle];

    #[test]
    fn settle_without_an_acceptance_is_assist() {
        assert_eq!(ALL.map(|mode| in_force(mode, true)), ALL);
        let [shadow, assist, _] = ALL;
        assert_eq!(ALL.map(|mode| in_force(mode, false)), [shadow, assist, assist]);
    }

    #[test]
    fn shadow_raises_nothing_sends_nothing_and_alone_may_hide_a_flag() {
        let raised = ALL.map(|mode| priority(mode, Priority::Stat));
        assert_eq!(raised, [Priority::Routine, Priority::Stat, Priority::Stat]);
        assert_eq!(ALL.map(|mode| makes_a_case(mode, Disposition::Escalate)), [false, true, true]);
        for given in
            [Disposition::NoFlag, Disposition::Flag, Disposition::NotAnalysed, Disposition::Unreadable]
        {
            assert_eq!(ALL.map(|mode| makes_a_case(mode, given)), [false; 3]);
        }
        assert_eq!(ALL.map(may_hide_a_flag), [true, false, false]);
    }
}
