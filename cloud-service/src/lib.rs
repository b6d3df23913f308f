//! The diagnostics queue and the large model: keeps sealed cases, leases them to readers, returns sealed reports.
//!
//! | floor | rooms |
//! |---|---|
//! | 3 | `cli` (and the binary) |
//! | 2 | `service`, `page`, `diagnosis` |
//! | 1 | `queue`, `objects` |
//! | 0 | the crates `proto` and `models` |

pub mod cli;
pub mod diagnosis;
pub mod objects;
pub mod page;
pub mod queue;
pub mod service;
#[cfg(test)]
#[path = "../tests/support/mod.rs"]
mod testing;
