//! Sending what we hold to others, as a DICOM user: C-ECHO, C-STORE, and the rules that send every original on.
//!
//! `scu` is one association and knows no rule; `rules` says where originals go, `queue` keeps a loop for each
//! destination, `deliver` is one association of it, `judge` what an answer means, `breaker` when to try again, `board`
//! what a person sees of it. Rules meet reception in the ledger: a row per instance and destination. Outside errors print what came over the wire, so none of their
//! text is kept.

mod board;
mod breaker;
pub mod command;
mod deliver;
mod error;
mod judge;
mod link;
mod negotiation;
mod orders;
mod queue;
mod rules;
pub mod scu;
#[cfg(test)]
mod tests;

use command::Command;

pub use board::DestinationRow;
pub use error::{Error, Rejection, may_pass};
pub use orders::{ForwardOrder, ForwardStep};
pub use queue::Forwards;
pub use rules::{Rule, RuleFault, faults};
pub use scu::{Association, Peer, Proposal};

/// Verification SOP Class (PS3.4 A.4).
const VERIFICATION: &str = "1.2.840.10008.1.1";
/// Implicit VR Little Endian, which every peer speaks (PS3.5 10.1).
const IMPLICIT_LE: &str = "1.2.840.10008.1.2";

/// One object to store.
#[derive(Debug)]
pub struct Object {
    /// SOP Class UID.
    pub sop_class: String,
    /// SOP Instance UID.
    pub sop_instance: String,
    /// Transfer syntax of `data_set`.
    pub transfer_syntax: String,
    /// The data set as it is.
    pub data_set: Vec<u8>,
}

/// C-ECHO (PS3.7 9.1.5) over an association of its own.
///
/// # Errors
/// [`Error`].
pub async fn echo(peer: &Peer) -> Result<(), Error> {
    let mut association = Association::open(peer, &[Proposal::new(VERIFICATION, IMPLICIT_LE)]).await?;
    let context = association.context(VERIFICATION, IMPLICIT_LE).ok_or(Error::NotAccepted)?;
    let request = Command::new(command::C_ECHO_RQ).with_uid(command::AFFECTED_SOP_CLASS, VERIFICATION);
    let answer = association.ask(context, request, None).await?;
    association.release().await;
    match answer.command.us(command::STATUS) {
        Some(0) => Ok(()),
        Some(status) => Err(Error::Status(status)),
        None => Err(Error::Protocol("response without status")),
    }
}

/// C-STORE of one object over an association of its own (PS3.7 9.1.1).
///
/// # Errors
/// [`Error`]; a warning status (Bxxx) counts as stored.
pub async fn store(peer: &Peer, object: Object) -> Result<(), Error> {
    let proposal = Proposal::new(&object.sop_class, &object.transfer_syntax);
    let mut association = Association::open(peer, &[proposal]).await?;
    let context =
        association.context(&object.sop_class, &object.transfer_syntax).ok_or(Error::NotAccepted)?;
    let length = object.data_set.len() as u64;
    let source = std::io::Cursor::new(object.data_set);
    let status = association.store(context, &object.sop_class, &object.sop_instance, length, source).await?;
    association.release().await;
    if status == 0 || status >> 12 == 0xB { Ok(()) } else { Err(Error::Status(status)) }
}
