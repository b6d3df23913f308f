//! The running appliance: opens ledger, store and audit, starts the features, and drains them from the top down.

mod auditing;
mod backend;
mod backup;
mod config;
mod control;
mod descriptors;
mod error;
mod keys;
mod light;
mod metrics;
mod open;
mod parts;
mod profile;
mod reception_metrics;
mod restore;
mod run;
mod running;
mod status;
mod supervisor;
mod time;

pub(crate) use auditing::source as audit_source;
pub(crate) use backup::backup;
pub(crate) use config::{LogConfig, Settings};
pub(crate) use control::socket_path;
pub use control::{Request, Response, ask};
pub(crate) use descriptors::needed as descriptors_needed;
pub(crate) use error::Error;
pub(crate) use keys::{open_audit, open_ledger, store_key};
pub(crate) use light::Light;
pub(crate) use open::{Opened, deid_order, pool, workers, write_secret};
pub(crate) use profile::read_profile;
pub(crate) use restore::restore;
pub(crate) use run::run;
