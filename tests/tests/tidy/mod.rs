//! The tree keeps its own rules, read from its syntax: floors, circles, sizes, first lines, lints, waits, words.

mod allowed;
mod circles;
mod floors;
mod modules;
mod needs;
mod sizes;
mod tree;
mod waits;
mod words;

pub(crate) use modules::{krates, tests};
