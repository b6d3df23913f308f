//! Passing originals on: the rules that say where each one goes, and the queues that bring it there by C-STORE.
//!
//! `rules` says where originals go, `tls_config` how a destination is secured, `queue` keeps a loop for each
//! destination, `deliver` is one association of it, `judge` what an answer means, `breaker` when to try again, `board`
//! what a person sees of it, `orders` what a person decides about it. Rules meet reception in the ledger: a row per instance and destination. The association
//! itself is `dimse`'s.

mod board;
mod breaker;
mod deliver;
mod judge;
mod orders;
mod queue;
mod rules;
#[cfg(test)]
mod tests;
mod tls_config;

pub(crate) use board::DestinationRow;
pub(crate) use orders::{ForwardOrder, ForwardStep};
pub(crate) use queue::Forwards;
pub(crate) use rules::{Rule, faults};
pub(crate) use tls_config::{DestinationTls, TLS_TABLE};
