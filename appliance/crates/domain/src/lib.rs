//! The functional core: what a worker is asked and its verdict, when a study is stable, states of a case and who decides
//! about it, what watches triage. Values only.

pub mod case_state;
pub mod decision;
#[cfg(test)]
mod decision_tests;
pub mod forward_state;
pub mod job;
pub mod note;
pub mod oversight;
pub mod picture;
pub mod refusal;
pub mod study;
pub mod unknown;
pub mod verdict;
