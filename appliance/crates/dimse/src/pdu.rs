//! Protocol data units (PS3.8 9.3): their types, the six bytes before each, and presentation data values.
//!
//! P-DATA-TF is read and written by our own code. For the others this module hands on the types of `dicom-ul`, whose
//! errors print whole PDUs: they are dropped, unread, where they occur.

pub use dicom_ul::pdu::{
    AbortRQServiceProviderReason, AbortRQSource, AssociationAC, AssociationRJ, AssociationRJResult,
    AssociationRJServiceProviderASCEReason, AssociationRJServiceProviderPresentationReason,
    AssociationRJServiceUserReason, AssociationRJSource, AssociationRQ, Pdu, PresentationContextProposed,
    PresentationContextResult, PresentationContextResultReason, RequestorRoles, UserIdentity,
    UserIdentityType, UserVariableItem, read_pdu, write_pdu,
};

/// A-ASSOCIATE-RQ.
pub const ASSOCIATE_RQ: u8 = 0x01;
/// A-ASSOCIATE-AC.
pub(crate) const ASSOCIATE_AC: u8 = 0x02;
/// A-ASSOCIATE-RJ.
pub(crate) const ASSOCIATE_RJ: u8 = 0x03;
/// P-DATA-TF.
pub const P_DATA: u8 = 0x04;
/// A-RELEASE-RQ.
pub const RELEASE_RQ: u8 = 0x05;
/// A-RELEASE-RP.
pub(crate) const RELEASE_RP: u8 = 0x06;
/// A-ABORT.
pub const ABORT: u8 = 0x07;

/// Longest P-DATA-TF variable field we send or announce that we take (PS3.8 D.1).
pub const MAX_PDU: u32 = 128 << 10;

/// The first six bytes of a PDU (PS3.8 9.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// PDU type.
    pub kind: u8,
    /// Bytes that follow.
    pub length: u32,
}

/// What a presentation data value carries a piece of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A command set.
    Command,
    /// A data set.
    Data,
}

/// Most bytes of one presentation data value for a peer that takes PDUs of `peer_max` bytes (0: no limit). Six bytes
/// of header belong to each value (PS3.8 D.1), and fragments are even (PS3.8 E.2).
#[must_use]
pub fn fragment(peer_max: u32) -> usize {
    let most = if peer_max == 0 { MAX_PDU } else { peer_max.min(MAX_PDU) };
    (most.saturating_sub(6) & !1).max(2) as usize
}

/// Appends P-DATA-TF PDUs of one value each, no longer than `fragment`; `ends` says whether these are the last bytes.
pub(crate) fn push_values(
    out: &mut Vec<u8>,
    context: u8,
    piece: Piece,
    bytes: &[u8],
    ends: bool,
    fragment: usize,
) {
    let mut rest = bytes;
    loop {
        let (value, after) = rest.split_at(rest.len().min(fragment));
        rest = after;
        let last = ends && rest.is_empty();
        let length = u32::try_from(value.len()).unwrap_or(u32::MAX);
        out.extend_from_slice(&[P_DATA, 0]);
        out.extend_from_slice(&length.saturating_add(6).to_be_bytes());
        out.extend_from_slice(&length.saturating_add(2).to_be_bytes());
        out.extend_from_slice(&[context, u8::from(piece == Piece::Command) | u8::from(last) << 1]);
        out.extend_from_slice(value);
        if rest.is_empty() {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fragment_is_even_and_fits_what_the_peer_takes() {
        for (peer_max, most) in
            [(0, 131_066), (8, 2), (7, 2), (1, 2), (4096, 4090), (16_383, 16_376), (1 << 20, 131_066)]
        {
            assert_eq!(fragment(peer_max), most, "{peer_max}");
        }
    }
}
