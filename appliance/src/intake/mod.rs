//! Reception: our own DICOM acceptor (C-ECHO, C-STORE) that answers success only for what is durable.
//!
//! The control process parses nothing here but PDUs (PS3.8), the command set (PS3.7) and a bounded pre-scan
//! of element headers. Memory does not depend on what a length field claims or on how large an object is.
//!
//! | file | purpose |
//! |---|---|
//! | `acceptor` | listen, permits, one task per connection |
//! | `association`, `messages` | one association from request to release |
//! | `wire` | bounded PDU reading and writing with time-outs |
//! | `negotiate` | A-ASSOCIATE-RQ to AC or RJ |
//! | `command` | the command set |
//! | `receive` | scans and stores what arrives, on the thread of its association |
//! | `prescan`, `walk`, `element`, `inflate` | the walk over element headers |
//! | `sop_classes`, `transfer_syntaxes`, `status` | the tables that negotiate and answer |

mod acceptor;
mod association;
mod callers;
mod command;
mod config;
mod element;
mod error;
mod inflate;
mod messages;
mod metrics;
mod negotiate;
mod prescan;
mod receive;
mod sop_classes;
mod status;
#[cfg(test)]
mod tests;
mod transfer_syntaxes;
mod walk;
mod wire;

use std::fmt;
use std::net::IpAddr;

use futures::future::BoxFuture;

pub use acceptor::Intake;
pub use config::{Caller, ConfigFault, IntakeConfig};
pub use error::Error;
pub use metrics::Metrics;
pub use sop_classes::{STORAGE_SOP_CLASSES, VERIFICATION};
pub use status::Status;
pub use transfer_syntaxes::TRANSFER_SYNTAXES;

use crate::store::Reception;

/// Implementation Class UID we send (PS3.7 D.3.3.2), derived from a UUID (PS3.5 B.2).
pub const IMPLEMENTATION_CLASS_UID: &str = "2.25.90496306014294370813591941873641963839";
/// Implementation Version Name we send, at most 16 characters.
pub const IMPLEMENTATION_VERSION: &str = concat!("SCANSIDE_", env!("CARGO_PKG_VERSION"));
/// Largest P-DATA-TF variable field we take (PS3.8 D.1).
pub const MAX_PDU: u32 = 128 << 10;

/// What became of a durable instance in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acceptance {
    /// A row exists; keep the entry.
    New,
    /// The same bytes are held already: the new entry is removed again, the sender gets 0000.
    Duplicate,
}

/// Why the ledger could not take a durable instance; the sender gets A700 and keeps its copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SinkError {
    /// Certainly no row was written: the entry is removed again.
    #[error("not recorded")]
    NotRecorded,
    /// A row may have been written: the entry stays, and the start-up scan will reconcile.
    #[error("not known whether recorded")]
    Unknown,
}

/// Why a caller was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Its AE title is in no `[[intake.callers]]`.
    UnknownTitle,
    /// Its AE title is known, from another address.
    WrongAddress,
    /// It called another AE title than ours.
    WrongCalledTitle,
    /// All associations are taken.
    Busy,
    /// The application context is not DICOM's.
    ApplicationContext,
    /// The protocol version is not 1.
    ProtocolVersion,
}

impl Refusal {
    /// In plain words, for the page and `status`.
    pub fn words(self) -> &'static str {
        match self {
            Refusal::UnknownTitle => "its AE title is not in the list of callers",
            Refusal::WrongAddress => "its AE title is allowed from another address only",
            Refusal::WrongCalledTitle => "it called an AE title that is not ours",
            Refusal::Busy => "all associations are taken",
            Refusal::ApplicationContext => "it does not speak the DICOM application context",
            Refusal::ProtocolVersion => "it does not speak version 1 of the protocol",
        }
    }
}

/// A caller that was refused, for a person to see. Holds a name from the wire: show it, never log it.
#[derive(Clone, PartialEq, Eq)]
pub struct RefusedCaller {
    /// The calling AE title, printable ASCII only, at most 16 characters.
    pub ae_title: String,
    /// Where it came from.
    pub address: IpAddr,
    /// Why.
    pub reason: Refusal,
    /// The configuration lines (TOML) that would admit it; empty where configuration would not help.
    pub config_lines: String,
}

impl fmt::Debug for RefusedCaller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefusedCaller")
            .field("address", &self.address)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

/// Where reception reports to; the integrator writes the ledger.
pub trait Sink: Send + Sync + 'static {
    /// Called after the entry is durable and before status 0000. An error is answered with A700.
    fn stored<'a>(&'a self, reception: &'a Reception) -> BoxFuture<'a, Result<Acceptance, SinkError>>;

    /// The peer released the association after storing instances of these studies (Study Instance UIDs).
    /// Not called after an abort or a time-out: then quiet time decides.
    fn released(&self, association: u64, studies: &[String]);

    /// A caller was refused.
    fn refused(&self, caller: RefusedCaller);
}
