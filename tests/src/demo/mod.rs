//! `make demo`: both sides on this machine, a scanner that plays four acts, and the proof that nothing was lost.

mod acts;
mod headers;
mod home;
mod leave;
#[cfg(feature = "browser")]
pub mod pictures;
mod plan;
mod play;
mod say;
mod stage;
mod summary;
mod table;

pub use play::{Args, main};
