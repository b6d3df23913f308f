//! Reception: our own DICOM acceptor (C-ECHO, C-STORE) that answers success only for what is durable.
//!
//! The control process parses nothing here but PDUs (PS3.8), the command set (PS3.7) and a bounded pre-scan
//! of element headers. Memory does not depend on what a length field claims or on how large an object is.
//!
//! | file | purpose |
//! |---|---|
//! | `acceptor`, `connection_limiter`, `shared` | listen, permits, one thread per connection, what they share |
//! | `association`, `messages` | one association from request to release |
//! | `negotiate`, `terms`, `user_information`, `identity` | A-ASSOCIATE-RQ to AC or RJ |
//! | `callers`, `network`, `limits` | who may send, how much |
//! | `config`, `caller_config`, `identity_config`, `tls_config`, `config_rules` | the `[intake]` table |
//! | `conformance` | the conformance statement, from the tables |
//! | `transcript` | what each of the last associations did, for a person |
//! | `refusal` | why a caller was turned away, on the wire and for a person |
//! | `tls`, `tls_files` | the second listener: handshake, files |
//! | `request`, `answers` | what we use of a request, and what it is answered with |
//! | `receive` | scans and stores what arrives, on the thread of its association |
//! | `services` | performed procedure steps and storage commitment |
//! | `prescan`, `walk`, `element`, `patient`, `inflate`, `whose` | the walk over element headers, and whose the data set is |
//! | `sink` | where reception reports to |
//!
//! PDUs, command sets and TLS sessions are `dimse`'s, which speaks them in both directions.

mod acceptor;
mod association;
mod caller_config;
mod caller_refusal;
mod callers;
mod config;
mod config_rules;
mod conformance;
mod connection_limiter;
mod element;
mod error;
mod identity;
mod identity_config;
mod inflate;
mod limits;
mod messages;
mod metrics;
mod negotiate;
mod network;
mod patient;
mod prescan;
mod receive;
mod request;
mod services;
mod shared;
mod sink;
mod statuses;
mod stored_patient;
mod terms;
#[cfg(test)]
mod tests;
mod tls;
mod tls_config;
mod tls_files;
mod transcript;
mod user_information;
mod walk;

pub use acceptor::Intake;
pub use caller_config::{Caller, Quirk};
pub use caller_refusal::{Refusal, RefusedCaller};
pub use config::{Commitment, IntakeConfig};
pub use conformance::conformance_statement;
pub use connection_limiter::CONNECTIONS_SPARE;
pub use error::{ConfigFault, Error, Failure, SinkError};
pub use identity_config::{IdentityConfig, IdentityMode, IdentityUser};
pub use metrics::{Metrics, Refused};
pub use services::{Asker, Event, Services, StepCreate, StepSet};
pub use sink::Sink;
pub use stored_patient::patient_of;
pub use tls_config::TlsConfig;
pub use tls_files::{TLS_TABLE, inspect_tls, key_is_open};
pub use transcript::{ContextLine, MessageLine, Total, Transcript, Transcripts};
