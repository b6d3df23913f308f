//! Retention: makes room on a disk that fills up, from what is delivered and past its time.

mod evict;

#[cfg(test)]
pub(crate) use evict::tests as evict_tests;
pub(crate) use evict::{Evictor, past, proof, sweep};
