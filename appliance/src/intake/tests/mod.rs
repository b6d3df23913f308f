//! Behaviours of reception over real sockets with bytes of our own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod behaviour;
mod ending;
mod hostile;
mod negotiation;
mod scan;
mod support;
mod terms;
