//! States of an original on its way to one destination.

use std::fmt;

use serde::{Deserialize, Serialize};

/// State of one instance at one destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardState {
    /// It is to be sent.
    Waiting,
    /// The destination has it.
    Delivered,
    /// It is not tried again without a person.
    Dead,
    /// A named person gave it up.
    GivenUp,
    /// A corrected instance took its place before it was sent.
    Replaced,
}

impl ForwardState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Delivered, Self::Dead, Self::GivenUp, Self::Replaced];

    /// As stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
            Self::GivenUp => "given-up",
            Self::Replaced => "replaced",
        }
    }

    /// Whether nothing more is sent and nobody is asked: the destination has it, or needs it no more.
    #[must_use]
    pub fn is_closed(self) -> bool {
        matches!(self, Self::Delivered | Self::GivenUp | Self::Replaced)
    }

    /// Whether the original may leave this disk as far as this destination goes. What was given up may not: nothing proves
    /// that it is elsewhere.
    #[must_use]
    pub fn frees(self) -> bool {
        matches!(self, Self::Delivered | Self::Replaced)
    }

    /// Whether a corrected instance takes its place: it has not been sent.
    #[must_use]
    pub fn may_be_replaced(self) -> bool {
        matches!(self, Self::Waiting | Self::Dead)
    }
}

impl fmt::Display for ForwardState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn those(holds: impl Fn(ForwardState) -> bool) -> String {
        let words: Vec<&str> =
            ForwardState::ALL.into_iter().filter(|s| holds(*s)).map(ForwardState::as_str).collect();
        words.join(" ")
    }

    #[test]
    fn what_was_given_up_is_closed_and_stays_on_this_disk() {
        assert_eq!(those(ForwardState::is_closed), "delivered given-up replaced");
        assert_eq!(those(ForwardState::frees), "delivered replaced");
        assert_eq!(those(ForwardState::may_be_replaced), "waiting dead");
    }
}
