//! The functional core: what a worker is asked, its verdict, when a study is stable, what watches triage. Values only.

pub mod job;
pub mod oversight;
pub mod picture;
pub mod study;
pub mod verdict;
