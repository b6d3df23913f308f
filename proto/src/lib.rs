//! What the appliance and the cloud service agree on, on the wire and at rest.
//!
//! | room | what it holds |
//! |---|---|
//! | `clock` | the time both products go by |
//! | `limits` | every bound, with its unit in its name, checked against each other at compile time |
//! | `ids` | random names of sites, cases and envelopes |
//! | `words` | the words of triage, with the checks every text passes |
//! | `case` | `case.json`: the case manifest and its validator |
//! | `report` | `report.json`: what a report says and may do |
//! | `settings` | how both products read their configuration file: all faults at once |
//! | `content` | the plain content as one length-prefixed list |
//! | `keys` | signing and opening keys of a site and of a reader, and their text form |
//! | `envelope` | sealing, checking and opening |
//! | `token` | the enrolment token |
//! | `wire` | the gRPC service, generated from `scanside.proto` |
//! | `pki` | the cloud's certificate authority |
//! | `tls` | both ends of the transport |
//!
//! And what both do alike without the other: `failure` says whose fault an error is, `descriptors` raises the limit of open files, `serve` takes connections.

pub mod case;
pub mod clock;
pub mod content;
pub mod descriptors;
pub mod envelope;
pub mod failure;
pub mod ids;
pub mod keys;
pub mod limits;
pub mod pki;
pub mod report;
pub mod serve;
pub mod settings;
pub mod tls;
pub mod token;
pub mod units;
pub mod wire;
pub mod words;

/// The version of the wire contract this build speaks; `Hello` exchanges it.
pub const WIRE_VERSION: u32 = 1;
