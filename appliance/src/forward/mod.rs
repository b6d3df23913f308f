//! Sending what we hold to others, as a DICOM user: C-ECHO and C-STORE. Rules that send originals on come later.
//!
//! Uses dicom-ul's association requester; its errors print what came over the wire, so none of their text is kept.

use std::net::SocketAddr;
use std::time::Duration;

use dicom_ul::association::client::ClientAssociationOptions;
use dicom_ul::pdu::{PDataValue, PDataValueType, Pdu};

/// Verification SOP Class (PS3.4 A.4).
const VERIFICATION: &str = "1.2.840.10008.1.1";
/// Implicit VR Little Endian, which every peer speaks (PS3.5 10.1).
const IMPLICIT_LE: &str = "1.2.840.10008.1.2";
/// Bytes of one data fragment.
const FRAGMENT: usize = 16_000;
const PATIENCE: Duration = Duration::from_secs(30);

/// Why a peer could not be talked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No association: not reachable, or refused.
    #[error("the peer is not reachable or refuses the association: check address, port and both AE titles")]
    NoAssociation,
    /// The presentation context was not accepted.
    #[error("the peer does not accept this SOP class in this transfer syntax")]
    NotAccepted,
    /// The association broke.
    #[error("the association broke off")]
    Broken,
    /// The peer answered with a status other than success.
    #[error("the peer answered with status {0:04X}")]
    Status(u16),
}

/// A peer and the titles to use.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Where.
    pub address: SocketAddr,
    /// Its AE title.
    pub called: String,
    /// Ours.
    pub calling: String,
}

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

fn options(peer: &Peer) -> ClientAssociationOptions<'static> {
    ClientAssociationOptions::new()
        .calling_ae_title(peer.calling.clone())
        .called_ae_title(peer.called.clone())
        .read_timeout(PATIENCE)
        .write_timeout(PATIENCE)
        .connection_timeout(PATIENCE)
}

/// C-ECHO (PS3.7 9.1.5).
///
/// # Errors
/// [`Error`].
pub fn echo(peer: &Peer) -> Result<(), Error> {
    exchange(peer, VERIFICATION, IMPLICIT_LE, &echo_command(), None)
}

/// C-STORE of one object over an association of its own (PS3.7 9.1.1).
///
/// # Errors
/// [`Error`]; a warning status (Bxxx) counts as stored.
pub fn store(peer: &Peer, object: &Object) -> Result<(), Error> {
    let command = store_command(&object.sop_class, &object.sop_instance);
    exchange(peer, &object.sop_class, &object.transfer_syntax, &command, Some(&object.data_set))
}

fn exchange(
    peer: &Peer,
    class: &str,
    syntax: &str,
    command: &[u8],
    data: Option<&[u8]>,
) -> Result<(), Error> {
    let mut association = options(peer)
        .with_presentation_context(class.to_owned(), vec![syntax.to_owned()])
        .establish(peer.address)
        .map_err(|_| Error::NoAssociation)?;
    let context = association.presentation_contexts().first().map(|c| c.id).ok_or(Error::NotAccepted)?;
    let mut pieces = vec![(PDataValueType::Command, command, true)];
    if let Some(data) = data {
        let count = data.len().div_ceil(FRAGMENT);
        let fragments = data.chunks(FRAGMENT).enumerate();
        pieces.extend(fragments.map(|(i, c)| (PDataValueType::Data, c, i + 1 == count)));
    }
    for (value_type, bytes, is_last) in pieces {
        let value =
            PDataValue { presentation_context_id: context, value_type, is_last, data: bytes.to_vec() };
        association.send(&Pdu::PData { data: vec![value] }).map_err(|_| Error::Broken)?;
    }
    let answer = association.receive().map_err(|_| Error::Broken)?;
    let Pdu::PData { data } = answer else { return Err(Error::Broken) };
    let status = data.first().and_then(|v| status(&v.data)).ok_or(Error::Broken)?;
    // The object is stored whatever becomes of the release.
    let _ = association.release();
    if status == 0 || status >> 12 == 0xB { Ok(()) } else { Err(Error::Status(status)) }
}

/// One element of a command set: implicit little endian, group 0000 (PS3.7 6.3.1).
fn element(out: &mut Vec<u8>, number: u16, value: &[u8]) {
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(&number.to_le_bytes());
    out.extend_from_slice(&u32::try_from(value.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(value);
}

fn uid(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    if bytes.len() % 2 == 1 {
        bytes.push(0);
    }
    bytes
}

fn with_group_length(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 12);
    element(&mut out, 0x0000, &u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(body);
    out
}

fn echo_command() -> Vec<u8> {
    let mut body = Vec::new();
    element(&mut body, 0x0002, &uid(VERIFICATION));
    element(&mut body, 0x0100, &0x0030_u16.to_le_bytes());
    element(&mut body, 0x0110, &1_u16.to_le_bytes());
    element(&mut body, 0x0800, &0x0101_u16.to_le_bytes());
    with_group_length(&body)
}

fn store_command(class: &str, instance: &str) -> Vec<u8> {
    let mut body = Vec::new();
    element(&mut body, 0x0002, &uid(class));
    element(&mut body, 0x0100, &0x0001_u16.to_le_bytes());
    element(&mut body, 0x0110, &1_u16.to_le_bytes());
    element(&mut body, 0x0700, &0_u16.to_le_bytes());
    element(&mut body, 0x0800, &0x0001_u16.to_le_bytes());
    element(&mut body, 0x1000, &uid(instance));
    with_group_length(&body)
}

/// Status (0000,0900) of a response.
fn status(command: &[u8]) -> Option<u16> {
    let mut rest = command;
    while rest.len() >= 8 {
        let (header, tail) = rest.split_at(8);
        let number = u16::from_le_bytes([*header.get(2)?, *header.get(3)?]);
        let length = u32::from_le_bytes([*header.get(4)?, *header.get(5)?, *header.get(6)?, *header.get(7)?]);
        let length = usize::try_from(length).ok()?;
        let value = tail.get(..length)?;
        if number == 0x0900 {
            return Some(u16::from_le_bytes([*value.first()?, *value.get(1)?]));
        }
        rest = tail.get(length..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_of_a_response_is_found_and_nonsense_is_not() {
        let mut body = Vec::new();
        element(&mut body, 0x0100, &0x8001_u16.to_le_bytes());
        element(&mut body, 0x0900, &0xA700_u16.to_le_bytes());
        assert_eq!(status(&with_group_length(&body)), Some(0xA700));
        assert_eq!(status(&[0, 0, 0, 9, 255, 255, 255, 255]), None);
        assert_eq!(status(&[]), None);
    }
}
