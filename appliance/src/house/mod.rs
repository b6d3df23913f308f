//! The house: builds the rooms bottom up, drains them top down, and lets them meet in the ledger.

#[cfg(test)]
mod arrival_tests;
mod auditing;
mod backup;
mod commitment;
mod config;
mod control;
mod descriptors;
mod desk;
mod evict;
mod forwards;
mod keys;
mod metrics;
mod open;
mod outbox;
mod oversight;
mod parts;
mod profile;
mod reception_metrics;
mod recover;
mod restore;
mod run;
mod services;
mod sink;
mod status;
mod supervisor;
mod time;
mod vault;
mod warden;
mod work;

pub use auditing::source as audit_source;
pub use backup::{HOLDS, backup};
pub use commitment::{Config as CommitmentConfig, Reply as CommitmentReply};
pub use config::{LogConfig, Settings, SiteConfig, TriageConfig};
pub use control::{Request, Response, ask, socket_path};
pub use descriptors::needed as descriptors_needed;
pub use forwards::{ForwardOrder, ForwardStep};
pub use keys::{open_audit, open_ledger, store_key};
pub use open::{Opened, deid_order, pool, rules, workers, write_secret};
pub use oversight::{OversightOrder, OversightUse};
pub use profile::{DeidConfig, read_profile};
pub use restore::{Restored, restore};
pub use run::{Addresses, run};
pub use status::{ArrivingRow, Light, Report};
pub use vault::{VaultOrder, VaultUse, rotate};

/// Why the house cannot be opened or kept. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The ledger.
    #[error("{0}")]
    Ledger(#[from] ledger::Error),
    /// The store.
    #[error("{0}")]
    Store(#[from] store::Error),
    /// The audit.
    #[error("{0}")]
    Audit(#[from] audit::Error),
    /// Reception.
    #[error("{0}")]
    Intake(#[from] intake::Error),
    /// The conveyor.
    #[error("{0}")]
    Conveyor(#[from] crate::conveyor::Error),
    /// The site's identity.
    #[error("{0}")]
    Escalation(#[from] crate::escalation::Error),
    /// The model runtime.
    #[error("{0}")]
    Models(String),
    /// A restore that cannot be done, with what to do; nothing was changed.
    #[error("{0}")]
    Restore(String),
    /// The de-identification policy.
    #[error("[deid] policy: {0}")]
    Policy(String),
    /// A part of the running appliance ended by itself and cannot be started again.
    #[error(
        "{part} {how}: the appliance stops so that it can be started anew, and loses nothing; see the log"
    )]
    Part {
        /// Which.
        part: &'static str,
        /// How it ended.
        how: &'static str,
    },
    /// A file of the site.
    #[error("{what} cannot be read or written ({kind}): {todo}")]
    File {
        /// Which.
        what: &'static str,
        /// How.
        kind: std::io::ErrorKind,
        /// What to do.
        todo: &'static str,
    },
}
