//! What an attempt means for its instance: delivered, again later, or a dead letter (PS3.4 B.2.3).

use dimse::{Error, may_pass};
use ledger::{DueForward, ForwardOutcome};
use proto::failure::Retry;

use super::breaker::pause;
use super::rules::Rule;

/// What is known when an attempt has ended.
pub(super) struct Attempt<'a> {
    pub(super) rule: &'a Rule,
    pub(super) row: &'a DueForward,
    /// Now, ms.
    pub(super) now: i64,
    /// When the destination last took anything, ms; 0 for never since the start.
    pub(super) last_delivered: i64,
    /// A uniform random number.
    pub(super) jitter: u32,
}

impl Attempt<'_> {
    /// The meaning of a C-STORE response's status.
    pub(super) fn answered(&self, status: u16) -> ForwardOutcome {
        match status {
            0x0000 => ForwardOutcome::Delivered { status, note: None },
            0xB000 | 0xB006 | 0xB007 => {
                ForwardOutcome::Delivered { status, note: Some(words(status).to_owned()) }
            }
            _ if may_pass(status) => self.again(Some(status), words(status)),
            _ => self.dead(Some(status), format!("{} ({status:04X})", words(status))),
        }
    }

    /// The meaning of an attempt that got no status.
    pub(super) fn failed(&self, error: Error) -> ForwardOutcome {
        match error {
            Error::NotAccepted => self.dead(
                None,
                "the destination does not accept this SOP class in the transfer syntax as stored; \
                 an original is never converted"
                    .to_owned(),
            ),
            Error::Source => {
                self.dead(None, "the stored original is damaged or gone: have it sent again".to_owned())
            }
            other if other.retry() == Retry::Never => self.dead(None, other.to_string()),
            other => self.again(None, &other.to_string()),
        }
    }

    /// Our own disk failed: it counts as no attempt of the destination and is tried again after the longest pause.
    pub(super) fn ours(&self) -> ForwardOutcome {
        let wait = pause(self.rule.retry_max.0, self.rule.retry_max.0, 1, self.jitter);
        ForwardOutcome::Postponed {
            status: None,
            fault: "the store could not read it: look at the disk".to_owned(),
            attempts: self.row.attempts,
            next_attempt: self.now.saturating_add(wait),
        }
    }

    fn dead(&self, status: Option<u16>, fault: String) -> ForwardOutcome {
        ForwardOutcome::Dead { status, fault, attempts: self.row.attempts.saturating_add(1) }
    }

    /// An attempt counts only when the destination has taken something since the one before: a destination that
    /// takes nothing at all, however long, makes no dead letters; an instance that it takes no part in does.
    fn again(&self, status: Option<u16>, fault: &str) -> ForwardOutcome {
        let counts = self.last_delivered > self.row.tried_at;
        let attempts = self.row.attempts.saturating_add(u32::from(counts));
        if attempts >= self.rule.max_attempts {
            return self.dead(status, format!("tried {attempts} times, and at last: {fault}"));
        }
        let wait = pause(self.rule.retry_first.0, self.rule.retry_max.0, attempts.max(1), self.jitter);
        let next_attempt = self.now.saturating_add(wait);
        ForwardOutcome::Postponed { status, fault: fault.to_owned(), attempts, next_attempt }
    }
}

/// A status in words (PS3.4 table B.2-1, PS3.7 annex C).
fn words(status: u16) -> &'static str {
    match status {
        0xB000 => "delivered; the destination changed elements of its copy",
        0xB006 => "delivered; the destination left elements out of its copy",
        0xB007 => "delivered; the destination says the data set does not match its SOP class",
        0x0110 => "the destination failed while processing it",
        0x0111 => "the destination holds another instance of this UID",
        0x0122 => "the destination does not support this SOP class",
        0x0124 => "the destination does not allow us to store",
        _ if status >> 8 == 0xA7 => "the destination is out of resources",
        _ if status >> 8 == 0xA9 => "the destination says the data set does not match its SOP class",
        _ if status >> 12 == 0xC => "the destination cannot understand the data set",
        _ => "the destination refuses it",
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::panic,
        reason = "a test stops where something is not as it must be"
    )]
    use super::*;

    fn rule() -> Rule {
        toml::from_str("name = \"p\"\naddress = \"h:1\"\ncalled_ae_title = \"P\"\nmax_attempts = 3").unwrap()
    }

    fn judged(
        attempts: u32,
        last_delivered: i64,
        say: impl Fn(&Attempt<'_>) -> ForwardOutcome,
    ) -> ForwardOutcome {
        let row = DueForward {
            instance: "i".into(),
            sop_class: String::new(),
            transfer_syntax: String::new(),
            attempts,
            tried_at: 1_000,
        };
        say(&Attempt { rule: &rule(), row: &row, now: 10_000, last_delivered, jitter: u32::MAX })
    }

    #[test]
    fn each_class_of_status_has_its_consequence() {
        for status in [0x0000, 0xB000, 0xB006, 0xB007] {
            let got = judged(0, 0, |a| a.answered(status));
            assert!(matches!(got, ForwardOutcome::Delivered { .. }), "{status:04X} {got:?}");
        }
        for status in [0xA700, 0xA7FF, 0x0110] {
            let got = judged(0, 0, |a| a.answered(status));
            assert!(matches!(got, ForwardOutcome::Postponed { .. }), "{status:04X} {got:?}");
        }
        for status in [0xA900, 0xA9FF, 0xC000, 0xCFFF, 0x0122, 0x0124, 0x0111, 0xB001, 0xFF00, 0x0001] {
            let got = judged(0, 0, |a| a.answered(status));
            assert!(matches!(got, ForwardOutcome::Dead { .. }), "{status:04X} {got:?}");
        }
        assert!(matches!(judged(0, 0, |a| a.failed(Error::NotAccepted)), ForwardOutcome::Dead { .. }));
        assert!(matches!(judged(0, 0, |a| a.failed(Error::Source)), ForwardOutcome::Dead { .. }));
        assert!(matches!(judged(0, 0, |a| a.failed(Error::Closed)), ForwardOutcome::Postponed { .. }));
    }

    #[test]
    fn attempts_count_only_against_a_destination_that_takes_others() {
        let full = judged(2, 1_000, |a| a.answered(0xA700));
        let expected = ForwardOutcome::Postponed {
            status: Some(0xA700),
            fault: "the destination is out of resources".into(),
            attempts: 2,
            next_attempt: 20_000,
        };
        assert_eq!(full, expected);
        let odd = judged(2, 1_001, |a| a.answered(0xA700));
        assert!(matches!(odd, ForwardOutcome::Dead { attempts: 3, .. }), "{odd:?}");
        let once = judged(0, 1_001, |a| a.failed(Error::Aborted));
        assert!(
            matches!(once, ForwardOutcome::Postponed { attempts: 1, next_attempt: 15_000, .. }),
            "{once:?}"
        );
    }
}
