//! One request over an association of its own: C-ECHO, and C-STORE of what is in memory.

use dicom::sop_classes::VERIFICATION;
use dicom::transfer_syntaxes::IMPLICIT_LE;

use crate::association::Association;
use crate::command::{self, Command};
use crate::error::{Error, Violation};
use crate::peer::{Peer, Proposal};

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
        None => Err(Violation::NoStatus.into()),
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
