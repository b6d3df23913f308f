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
//! | `negotiate`, `user_information`, `identity` | A-ASSOCIATE-RQ to AC or RJ |
//! | `callers`, `caller_config`, `limits` | who may send, how much, and what is forgiven |
//! | `conformance` | the conformance statement, from the tables |
//! | `transcript` | what each of the last associations did, for a person |
//! | `refusal` | why a caller was turned away, on the wire and for a person |
//! | `tls`, `tls_config`, `tls_keys` | the second listener: handshake, table, files |
//! | `command` | the command set |
//! | `receive` | scans and stores what arrives, on the thread of its association |
//! | `services` | performed procedure steps and storage commitment |
//! | `prescan`, `walk`, `element`, `patient`, `inflate` | the walk over element headers, and whose the data set is |
//! | `registry` (generated), `sop_classes`, `transfer_syntaxes`, `status` | the tables that negotiate and answer |

mod acceptor;
mod association;
mod caller_config;
mod callers;
mod command;
mod config;
mod conformance;
mod crowd;
mod element;
mod error;
mod identity;
mod inflate;
mod limits;
mod messages;
mod metrics;
mod negotiate;
mod patient;
mod prescan;
mod receive;
mod refusal;
mod services;
mod status;
#[cfg(test)]
mod tests;
mod tls;
mod tls_config;
mod tls_keys;
mod transcript;
mod user_information;
mod walk;
mod wire;

use futures::future::BoxFuture;

pub use acceptor::{CONNECTIONS_SPARE, Intake};
pub use caller_config::{Caller, Quirk};
pub use config::{ConfigFault, IntakeConfig};
pub use conformance::conformance_statement;
pub use error::Error;
pub use identity::{IdentityConfig, IdentityMode, IdentityUser};
pub use metrics::{Metrics, Refused};
pub use patient::whose;
pub use refusal::{Refusal, RefusedCaller};
pub use services::{Asker, Commitment, Event, Failure, Services, StepCreate, StepSet};
pub use status::Status;
pub use tls_config::{ClientCertificate, TlsConfig};
pub use tls_keys::{Lasting, Validity, inspect as inspect_tls, key_is_open};
pub use transcript::{ContextLine, MessageLine, Total, Transcript, Transcripts};

use store::Reception;

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

/// Where reception reports to; the integrator writes the ledger.
pub trait Sink: Send + Sync + 'static {
    /// Whether instances are taken now. While not, each is answered A700 before any of it is stored.
    fn takes(&self) -> bool {
        true
    }

    /// Called after the entry is durable and before status 0000. An error is answered with A700.
    fn stored<'a>(&'a self, reception: &'a Reception) -> BoxFuture<'a, Result<Acceptance, SinkError>>;

    /// The peer released the association after storing instances of these studies (Study Instance UIDs).
    /// Not called after an abort or a time-out: then quiet time decides.
    fn released(&self, association: u64, studies: &[String]);

    /// A caller was refused.
    fn refused(&self, caller: RefusedCaller);

    /// What carries out the N-services; without it they are not offered.
    fn services(&self) -> Option<&dyn Services> {
        None
    }
}
