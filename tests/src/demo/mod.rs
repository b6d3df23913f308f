//! `make demo`: both sides on this machine, a scanner that plays four acts, and the proof that nothing was lost.

mod acts;
mod both_sides;
mod came_home;
mod command;
mod headers;
mod interrupt;
#[cfg(feature = "browser")]
pub mod pictures;
mod schedule;
mod screen;
mod summary;
mod table;

pub use command::{Args, main};
