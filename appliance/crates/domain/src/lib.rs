//! The functional core: what a worker is asked, when a study is stable, what watches triage. Values only.

pub mod job;
pub mod oversight;
pub mod study;
