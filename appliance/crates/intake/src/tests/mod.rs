//! Behaviours of reception over real sockets with bytes of our own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops where something is not as it must be"
)]

mod behaviour;
mod bytes;
mod ending;
mod hostile;
mod long;
mod negotiation;
mod patient;
mod scan;
pub(super) mod support;
mod terms;
