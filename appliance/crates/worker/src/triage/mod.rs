//! Triage: which bundle takes the study, which frames are run, and what the answer is called.
//!
//! A study is judged by its headers first (`facts`), by the model after that. The bundle's rule lives in `models`; here
//! it becomes the study's disposition with a reason in words.
//! A result text never says more than that no flag was raised.

mod answer;
mod facts;
mod prepare;
mod select;

pub use answer::{Reservations, not_analysed, places, unreadable, verdict};
pub use facts::{Ages, age};
pub use prepare::{prepare, window};
pub use select::{
    Item, Pick, Selection, is_slice, largest_series, select, select_sent, series_order, spread,
};

#[cfg(test)]
mod tests;
