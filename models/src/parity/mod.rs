//! `parity.json`: what the recipe computed for three images given by formula, compared with what runs here.

mod compare;
mod file;

pub use compare::{TOLERANCE, verify};
pub(crate) use file::FILE;
pub use file::Formula;
pub(crate) use file::{check_file, is_probability, text};
