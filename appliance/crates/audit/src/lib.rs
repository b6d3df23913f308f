//! The audit: who did what to which study, one JSON line each, chained by digest, synced before it counts.
//!
//! A line names people by login, peers by pseudonym and address, studies and cases by our own ids; it holds no value
//! of a data set. Callers give the steady clock's time; a line carries what the machine's clock said then, and the chain alone
//! says the order. Lines become messages of the DICOM audit trail (PS3.15 A.5, `dicom.rs`) and go to a syslog
//! collector over TLS (`collector.rs`); the file is the buffer while the collector is away.

mod audit_file;
mod chain;
mod collector;
mod config;
mod dicom;
mod entry;
mod error;
mod restore;
mod syslog;
#[cfg(test)]
mod tests;

pub use audit_file::{Audit, Delivery};
pub use chain::{Reach, each, head_path, verify};
pub use collector::Collector;
pub use config::AuditConfig;
pub use dicom::{Source, message};
pub use entry::{Entry, timestamp};
pub use error::Error;
pub use restore::{RESTORED, Resumed, copy, resume};
