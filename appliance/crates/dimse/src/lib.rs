//! The DICOM upper layer (PS3.8) and DIMSE messages (PS3.7), once for both directions: reception answers with them,
//! forwarding and commitment ask with them.
//!
//! | file | purpose |
//! |---|---|
//! | `link`, `wire` | a byte stream, and PDUs read from it and written to it within bounds and time |
//! | `pdu` | PDU types, P-DATA-TF values, and the outside library's types for the other PDUs |
//! | `items` | the items of an association request and its answer |
//! | `command`, `status` | command sets, and what a response says |
//! | `choice` | which of the proposed transfer syntaxes is accepted |
//! | `negotiation` | the association request of ours and the answer to it |
//! | `peer`, `connect`, `association`, `exchange` | the user's side: where to, the way there, one association, one message over it |
//! | `tls` | both ends of TLS by the profile of PS3.15 B.12 |
//!
//! Reception's own decisions (who may send, which classes are taken, what becomes of an object) are `intake`'s.

mod association;
mod choice;
pub mod command;
mod connect;
mod error;
mod exchange;
pub mod items;
mod link;
mod negotiation;
pub mod pdu;
mod peer;
mod status;
#[cfg(any(test, feature = "test-support"))]
pub mod test_support;
#[cfg(test)]
mod tests;
pub mod tls;
mod wire;

pub use association::{Association, Message};
pub use choice::{Order, choose};
pub use command::Command;
pub use error::{Error, FileFault, Rejection, TlsFailure, Violation};
pub use exchange::{Object, echo, store};
pub use items::{Context, MOST_CONTEXTS};
pub use link::Link;
pub use peer::{Peer, Proposal, host_of};
pub use status::{Status, may_pass};
pub use wire::{RECEIVING, Wire};
