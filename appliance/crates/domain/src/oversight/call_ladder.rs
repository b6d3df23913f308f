//! Whom to call about a flag that nobody acknowledged, and when: past each further target the next contact, and soon
//! somebody else when one could not be reached.

/// What is known of an open flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ladder {
    /// Since when it is open, ms.
    pub since: i64,
    /// The site's target for its priority, ms.
    pub target: i64,
    /// Calls tried so far.
    pub tried: u32,
    /// How many of the last tries in a row did not get through.
    pub failed: u32,
    /// When the last was tried, ms.
    pub last: Option<i64>,
}

/// A call that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// Its number, from 0.
    pub number: u32,
    /// The contact's place in the site's list.
    pub contact: usize,
}

/// Pause after a call that did not get through, ms; it doubles up to [`FAILED_MOST`].
const FAILED: i64 = 30_000;
const FAILED_MOST: i64 = 16 * 60_000;
/// Least pause between calls once every contact was called, ms: a flag stays open until a person acknowledges it, and
/// a telephone that never stops is switched off.
const AGAIN: i64 = 15 * 60_000;

/// The call that is due now, or when the next one will be, ms. Contacts are called in their order, one a target; then
/// the last one again and again.
///
/// # Errors
/// When nothing is due: the time of the next call, `None` when there is nobody to call.
pub fn due(flag: &Ladder, contacts: usize, now: i64) -> Result<Call, Option<i64>> {
    let Some(last_contact) = contacts.checked_sub(1) else { return Err(None) };
    let tried = usize::try_from(flag.tried).unwrap_or(usize::MAX);
    let target = flag.target.max(1);
    let pause = match (flag.failed, tried >= contacts) {
        (0, false) => target,
        (0, true) => target.max(AGAIN),
        (n, _) => FAILED.saturating_mul(1 << (n - 1).min(10)).min(FAILED_MOST).min(target.max(FAILED)),
    };
    // An appliance that was off calls one contact at a time, not all that were missed at once.
    let from = flag.last.unwrap_or(flag.since);
    let at = from.saturating_add(pause);
    // A flag of a time to come is of a clock that was set back since: nobody knows how long it has been open.
    if (from..at).contains(&now) {
        return Err(Some(at));
    }
    // No contact reached: call each in turn until one is.
    let contact = if flag.failed > 0 { tried % contacts } else { tried.min(last_contact) };
    Ok(Call { number: flag.tried, contact })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLAG: Ladder = Ladder { since: 0, target: 1_800_000, tried: 0, failed: 0, last: None };

    /// Contacts called within a time, when those at `dead` cannot be reached.
    fn called(contacts: usize, dead: &[usize], until: i64) -> Vec<(i64, usize)> {
        let (mut flag, mut all) = (FLAG, Vec::new());
        for now in (0..=until).step_by(10_000) {
            if let Ok(call) = due(&flag, contacts, now) {
                all.push((now / 60_000, call.contact));
                let failed = if dead.contains(&call.contact) { flag.failed + 1 } else { 0 };
                flag = Ladder { tried: flag.tried + 1, failed, last: Some(now), ..flag };
            }
        }
        all
    }

    #[test]
    fn each_target_calls_the_next_contact_and_the_last_one_again_and_again() {
        assert_eq!(called(2, &[], 7_200_000), [(30, 0), (60, 1), (90, 1), (120, 1)]);
    }

    #[test]
    fn who_cannot_be_reached_costs_half_a_minute_not_a_target() {
        assert_eq!(called(2, &[0], 4_000_000), [(30, 0), (30, 1), (60, 1)]);
    }

    #[test]
    fn while_nobody_can_be_reached_it_goes_on_round_for_ever_ever_more_slowly() {
        let all = called(2, &[0, 1], 48 * 3_600_000);
        assert!(all.len() > 100 && all.last().is_some_and(|(at, _)| *at > 47 * 60), "{}", all.len());
        assert_eq!(
            all.get(..4).map(|c| c.iter().map(|(_, who)| *who).collect::<Vec<_>>()),
            Some(vec![0, 1, 0, 1])
        );
    }

    #[test]
    fn after_a_night_switched_off_one_contact_is_called_not_all() {
        assert_eq!(due(&FLAG, 3, 90_000_000), Ok(Call { number: 0, contact: 0 }));
        let next = Ladder { tried: 1, last: Some(90_000_000), ..FLAG };
        assert_eq!(due(&next, 3, 90_000_050), Err(Some(91_800_000)));
    }

    #[test]
    fn a_flag_of_a_clock_that_was_set_back_is_called_about_at_once_and_then_in_its_time() {
        let flag = Ladder { since: 90_000_000, ..FLAG };
        assert_eq!(due(&flag, 3, 86_400_000), Ok(Call { number: 0, contact: 0 }));
        let next = Ladder { tried: 1, last: Some(86_400_000), ..flag };
        assert_eq!(due(&next, 3, 86_400_050), Err(Some(88_200_000)));
    }

    #[test]
    fn without_a_contact_nothing_is_due() {
        assert_eq!(due(&FLAG, 0, 100_000_000), Err(None));
    }
}
