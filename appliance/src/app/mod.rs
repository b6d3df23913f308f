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

pub use auditing::source as audit_source;
pub use backup::{HOLDS, backup};
pub use config::{LogConfig, Settings, SiteConfig, TriageConfig};
pub use control::{Request, Response, ask, socket_path};
pub use descriptors::needed as descriptors_needed;
pub use error::Error;
pub use keys::{open_audit, open_ledger, store_key};
pub use light::Light;
pub use open::{Opened, deid_order, pool, rules, workers, write_secret};
pub use profile::{DeidConfig, read_profile};
pub use restore::{Restored, restore};
pub use run::{Addresses, run};
pub use status::Report;
