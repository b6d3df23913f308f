//! Storage Commitment Push Model (PS3.4 annex J): its data sets as values, read within bounds and written.
//!
//! No clock, no disk, no network: reception answers with it, forwarding asks with it, others decide.

mod data;
mod error;
#[cfg(test)]
mod tests;
mod types;

pub use data::{decode_report, decode_request, encode_report, encode_request};
pub use error::Fault;
pub use types::{
    ACTION_REQUEST, REASONS_GIVEN, Reason, Reference, Report, STORAGE_COMMITMENT, Transaction,
    WELL_KNOWN_INSTANCE,
};
