//! Whom to call about a flag that nobody acknowledged, and when: past each further target the next contact.

/// What is known of an open flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ladder {
    /// Since when it is open, ms.
    pub since: i64,
    /// The site's target for its priority, ms.
    pub target: i64,
    /// Calls made so far.
    pub made: u32,
    /// When the last of them was made, ms.
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

/// Calls about one flag at most: after them only the page goes on showing it.
const CALLS_MAX: u32 = 24;

/// The call that is due now, or when the next one will be, ms. Contacts are called in their order, one a target; the
/// last one again and again, for a flag stays open until a person acknowledges it.
///
/// # Errors
/// When nothing is due: the time of the next call, `None` when there is none.
pub fn due(flag: &Ladder, contacts: usize, now: i64) -> Result<Call, Option<i64>> {
    if contacts == 0 || flag.made >= CALLS_MAX {
        return Err(None);
    }
    let target = flag.target.max(1);
    // An appliance that was off calls one contact at a time, not all that were missed at once.
    let from = flag.last.unwrap_or(flag.since);
    let at = from.saturating_add(target);
    if now < at {
        return Err(Some(at));
    }
    let contact = usize::try_from(flag.made).unwrap_or(usize::MAX).min(contacts - 1);
    Ok(Call { number: flag.made, contact })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_target_calls_the_next_contact_and_the_last_one_again() {
        let mut flag = Ladder { since: 0, target: 100, made: 0, last: None };
        let mut called = Vec::new();
        for now in (0..=450).step_by(10) {
            if let Ok(call) = due(&flag, 2, now) {
                called.push((now, call.contact));
                flag = Ladder { made: flag.made + 1, last: Some(now), ..flag };
            }
        }
        assert_eq!(called, [(100, 0), (200, 1), (300, 1), (400, 1)]);
    }

    #[test]
    fn after_a_night_switched_off_one_contact_is_called_not_all() {
        let flag = Ladder { since: 0, target: 100, made: 0, last: None };
        assert_eq!(due(&flag, 3, 9_000), Ok(Call { number: 0, contact: 0 }));
        let next = Ladder { made: 1, last: Some(9_000), ..flag };
        assert_eq!(due(&next, 3, 9_050), Err(Some(9_100)));
    }

    #[test]
    fn without_a_contact_and_after_the_last_call_nothing_is_due() {
        let flag = Ladder { since: 0, target: 1, made: 0, last: None };
        assert_eq!(due(&flag, 0, 100), Err(None));
        assert_eq!(due(&Ladder { made: CALLS_MAX, ..flag }, 1, 100), Err(None));
    }
}
