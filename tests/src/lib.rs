//! The real binaries as tests start them, to see the whole behave; and the demonstration.
//!
//! - [`support::Appliance`] and [`support::Cloud`]: initialise in a folder, start, kill -9, stop, restart; all ended on drop.
//! - [`support::Pair`]: both, enrolled with each other, a link between them that can be cut.
//! - [`support::Ledger`]: what the appliance's ledger says, read beside it.
//! - [`support::until`]: a condition with a deadline.
//! - [`demo`]: `make demo`.

pub mod demo;
mod error;
pub mod support;

pub use error::Error;

/// What everything here returns.
pub type Result<T> = std::result::Result<T, Error>;
