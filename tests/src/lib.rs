//! A small cast for behaviours of the whole with the real binaries, and the demonstration.
//!
//! - [`cast::Appliance`] and [`cast::Cloud`]: initialise in a folder, start, kill -9, stop, restart; all ended on drop.
//! - [`cast::Pair`]: both, enrolled with each other, a link between them that can be cut.
//! - [`cast::Ledger`]: what the appliance's ledger says, read beside it.
//! - [`cast::until`]: a condition with a deadline.
//! - [`demo`]: `make demo`.

pub mod cast;
pub mod demo;
mod error;

pub use error::Error;

/// What everything here returns.
pub type Result<T> = std::result::Result<T, Error>;
