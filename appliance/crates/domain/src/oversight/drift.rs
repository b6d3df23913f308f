//! Whether studies still look as they did when a bundle came into use: a sequential test over scores, distances and
//! flags. It needs no threshold of the model's, only the order of values.
//!
//! Each new value is placed among the earlier ones; its place is even between 0 and 1 as long as nothing has changed
//! (Vovk, Gammerman, Shafer, Algorithmic Learning in a Random World, 2005). Bets on it being high or low are kept as
//! an e-detector (Shin, Ramdas, Rinaldo, Annals of Applied Statistics 2024): until it first reaches a number, that
//! many studies pass on average at least while nothing has changed. Exact while every earlier value is compared with;
//! comparing with the first thousand alone makes it an approximation.

use serde::{Deserialize, Serialize};

/// Values that are learned from before anything is said.
const LEARNED: usize = 60;
/// Values that are kept to compare with: enough to place a value to a thousandth.
const KEPT: usize = 1_000;
/// How strongly is bet on a high (above 0) or a low place. At most 2, so that no bet loses everything.
const BETS: [f64; 4] = [-1.8, -0.9, 0.9, 1.8];
/// From here on fewer studies get `no-flag`: each of the three streams gives one false alarm in this many studies at
/// most, on average.
const DEGRADE: f64 = 100.0;
/// Evidence is not counted beyond this.
const CERTAIN: f64 = 1e12;
/// Values are not told apart beyond this.
const FAR: f64 = 1e30;
/// From here on none does.
pub(crate) const WITHDRAW: f64 = 2_000.0;

/// What is known of one study when it was answered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// Highest score of its findings.
    pub score: f64,
    /// What the input check measured.
    pub distance: f64,
    /// Whether it was flagged.
    pub flag: bool,
    /// Whether it was given `no-flag`.
    pub no_flag: bool,
    /// A random number, even between 0 and 1: places equal values.
    pub tie: f64,
}

/// How far `no-flag` may be relied upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Nothing has been seen.
    #[default]
    Steady,
    /// Something may have changed: of the studies given `no-flag` only the half with the lower scores keeps it. Earlier
    /// versions stored `wary`.
    #[serde(alias = "wary")]
    Degraded,
    /// Something has changed: none gets it until a person restores it.
    Withdrawn,
}

impl Level {
    /// As stored, and as JSON has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Steady => "steady",
            Self::Degraded => "degraded",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// One stream of values.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Stream {
    /// Earlier values, in order of size.
    kept: Vec<f32>,
    wealth: [f64; BETS.len()],
}

impl Stream {
    fn see(&mut self, value: f64, tie: f64) {
        let value = value.clamp(-FAR, FAR) as f32;
        let (below, equal) = self.kept.iter().fold((0_u32, 0_u32), |(below, equal), v| {
            (below + u32::from(*v < value), equal + u32::from(*v == value))
        });
        let count = self.kept.len();
        if count >= LEARNED {
            let place =
                (f64::from(below) + tie.clamp(0.0, 1.0) * f64::from(equal + 1)) / (count as f64 + 1.0);
            for (wealth, bet) in self.wealth.iter_mut().zip(BETS) {
                // Enough to be certain; beyond it a number could no longer be written down.
                *wealth = (wealth.max(1.0) * (1.0 + bet * (place - 0.5))).min(CERTAIN);
            }
        }
        if count < KEPT {
            let at = self.kept.partition_point(|v| *v < value);
            self.kept.insert(at, value);
        }
    }

    fn evidence(&self) -> f64 {
        self.wealth.iter().sum::<f64>() / BETS.len() as f64
    }
}

/// What is watched of one bundle.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    scores: Stream,
    distances: Stream,
    flags: Stream,
    /// Scores of studies that were given `no-flag`, in order of size. Earlier versions stored `quiet`.
    #[serde(alias = "quiet")]
    no_flag: Vec<f32>,
    /// Studies seen.
    pub studies: u64,
}

impl Watch {
    /// One more study was answered.
    pub fn see(&mut self, study: &Seen) {
        if !study.score.is_finite() || !study.distance.is_finite() {
            return;
        }
        self.studies += 1;
        // Three places of one number would move together; each stream gets its own.
        let tie = |turn: f64| (study.tie + turn).fract();
        self.scores.see(study.score, tie(0.0));
        self.distances.see(study.distance, tie(0.33));
        self.flags.see(f64::from(u8::from(study.flag)), tie(0.67));
        if study.no_flag && self.no_flag.len() < KEPT {
            let score = study.score as f32;
            let at = self.no_flag.partition_point(|v| *v < score);
            self.no_flag.insert(at, score);
        }
    }

    /// Whether so many studies were seen that something can be said.
    #[must_use]
    pub fn learned(&self) -> bool {
        self.scores.kept.len() >= LEARNED
    }

    /// The strongest evidence of a change, and what changed.
    #[must_use]
    pub fn evidence(&self) -> (f64, &'static str) {
        let all = [
            (self.scores.evidence(), "scores"),
            (self.distances.evidence(), "images"),
            (self.flags.evidence(), "the share of flags"),
        ];
        all.into_iter().fold((0.0, "scores"), |best, one| if one.0 > best.0 { one } else { best })
    }

    /// What follows from it.
    #[must_use]
    pub fn level(&self) -> Level {
        match self.evidence().0 {
            e if e >= WITHDRAW => Level::Withdrawn,
            e if e >= DEGRADE => Level::Degraded,
            _ => Level::Steady,
        }
    }

    /// The score up to which a study given `no-flag` is in the half with the lower scores.
    #[must_use]
    pub fn median_no_flag(&self) -> Option<f64> {
        self.no_flag.get(self.no_flag.len() / 2).map(|v| f64::from(*v))
    }

    /// Begins to bet anew after a person restored it. What it compares with is kept, unless the person says that
    /// studies look different from now on.
    pub fn restore(&mut self, anew: bool) {
        if anew {
            *self = Self::default();
        } else {
            for stream in [&mut self.scores, &mut self.distances, &mut self.flags] {
                stream.wealth = [0.0; BETS.len()];
            }
        }
    }
}

#[cfg(test)]
#[path = "drift_tests.rs"]
mod tests;
