//! Triage: which bundle takes the study, which frames are run, and what the answer is called.
//!
//! A study is judged by its headers first (`facts`), by the model after that. The bundle's rule lives in `models`; here
//! it becomes the study's disposition with a reason in words.
//! A result text never says more than that no flag was raised.

mod answer;
mod facts;
mod prepare;
mod select;

pub(crate) use answer::{Reservations, not_analysed, places, unreadable, verdict};
pub(crate) use facts::{Ages, age};
pub(crate) use prepare::{prepare, window};
pub(crate) use select::{Item, Pick, Selection, select, spread};
pub(crate) use select::{is_slice, largest_series, select_sent, series_order};

#[cfg(test)]
mod tests;
