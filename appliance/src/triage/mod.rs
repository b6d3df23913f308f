//! Triage: which bundle takes the study, which frames are run, and what the answer is called.
//!
//! The bundle's rule lives in `models`; here it becomes the study's disposition with a reason in words.
//! A result text never says more than that no flag was raised.

mod answer;
mod prepare;
mod select;

pub use answer::{Outcome, not_analysed, outcome, unreadable};
pub use prepare::{prepare, window};
pub use select::{Item, Pick, Selection, largest_series, select, series_order, spread};

#[cfg(test)]
mod tests;
