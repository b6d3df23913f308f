//! The association request we make and the answers to it (PS3.8 9.3.2 to 9.3.4, PS3.7 annex D.3).

use dicom_ul::pdu::{
    AssociationRQ, Pdu, PresentationContextProposed, RequestorRoles, UserVariableItem, write_pdu,
};

use super::error::{Error, Rejection};
use super::scu::{Peer, Proposal};
use dicom::{IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME};

/// PS3.7 A.2.1.
const APPLICATION_CONTEXT: &str = "1.2.840.10008.3.1.1.1";
/// Longest P-DATA-TF we take; responses are short.
pub(super) const OUR_MAX_PDU: u32 = 64 << 10;
/// Odd numbers from 1 to 255 (PS3.8 9.3.2.2).
pub(super) const MOST_CONTEXTS: usize = 128;

const ITEM_CONTEXT_RESULT: u8 = 0x21;
const ITEM_TRANSFER_SYNTAX: u8 = 0x40;
const ITEM_USER_INFORMATION: u8 = 0x50;
const SUB_ITEM_MAX_LENGTH: u8 = 0x51;

/// An accepted presentation context.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Context {
    pub(super) id: u8,
    pub(super) abstract_syntax: String,
    pub(super) transfer_syntax: String,
}

/// What an acceptance says.
pub(super) struct Accepted {
    pub(super) contexts: Vec<Context>,
    /// Largest P-DATA-TF the peer takes; 0: no limit.
    pub(super) peer_max: u32,
}

/// The A-ASSOCIATE-RQ.
pub(super) fn request(peer: &Peer, proposals: &[Proposal]) -> Result<Vec<u8>, Error> {
    if proposals.is_empty() || proposals.len() > MOST_CONTEXTS {
        return Err(Error::Unencodable);
    }
    let contexts = proposals.iter().enumerate().map(|(at, p)| PresentationContextProposed {
        id: context_id(at),
        abstract_syntax: p.abstract_syntax.clone(),
        transfer_syntaxes: p.transfer_syntaxes.clone(),
    });
    let mut user_variables = vec![
        UserVariableItem::MaxLength(OUR_MAX_PDU),
        UserVariableItem::ImplementationClassUID(IMPLEMENTATION_CLASS_UID.to_owned()),
        UserVariableItem::ImplementationVersionName(IMPLEMENTATION_VERSION_NAME.to_owned()),
    ];
    for p in proposals.iter().filter(|p| p.as_provider) {
        let roles = RequestorRoles { scu: false, scp: true };
        user_variables.push(UserVariableItem::ScuScpRoleSelectionSubItem(p.abstract_syntax.clone(), roles));
    }
    let request = AssociationRQ {
        protocol_version: 1,
        calling_ae_title: peer.calling.clone(),
        called_ae_title: peer.called.clone(),
        application_context_name: APPLICATION_CONTEXT.to_owned(),
        presentation_contexts: contexts.collect(),
        user_variables,
    };
    let mut bytes = Vec::with_capacity(4096);
    // Its error prints the whole PDU: it is dropped here, unread.
    write_pdu(&mut bytes, &Pdu::AssociationRQ(request)).map_err(|_| Error::Unencodable)?;
    Ok(bytes)
}

fn context_id(at: usize) -> u8 {
    u8::try_from(at.saturating_mul(2).saturating_add(1)).unwrap_or(u8::MAX)
}

/// The body of an A-ASSOCIATE-AC. Unknown items are ignored (PS3.8 9.3.1); a context counts as accepted only when
/// it was proposed, the result says so and the transfer syntax is one of those proposed.
pub(super) fn accepted(body: &[u8], proposals: &[Proposal]) -> Result<Accepted, Error> {
    let bad = Error::Protocol("association acceptance");
    let mut found = Accepted { contexts: Vec::new(), peer_max: 0 };
    each_item(body.get(68..).ok_or(bad)?, |kind, item| {
        match kind {
            ITEM_CONTEXT_RESULT => {
                let [id, _, result, _, sub @ ..] = item else { return Err(bad) };
                let mut syntax = String::new();
                if *result == 0 {
                    each_item(sub, |kind, value| {
                        if kind == ITEM_TRANSFER_SYNTAX {
                            let text = std::str::from_utf8(value).map_err(|_| bad)?;
                            syntax = text.trim_matches(['\0', ' ']).to_owned();
                        }
                        Ok(())
                    })?;
                }
                let proposed = proposals.iter().enumerate().find(|(at, _)| context_id(*at) == *id);
                if let Some((_, p)) = proposed
                    && *result == 0
                    && p.transfer_syntaxes.contains(&syntax)
                {
                    found.contexts.push(Context {
                        id: *id,
                        abstract_syntax: p.abstract_syntax.clone(),
                        transfer_syntax: syntax,
                    });
                }
            }
            ITEM_USER_INFORMATION => each_item(item, |kind, value| {
                if let (SUB_ITEM_MAX_LENGTH, [a, b, c, d]) = (kind, value) {
                    found.peer_max = u32::from_be_bytes([*a, *b, *c, *d]);
                }
                Ok(())
            })?,
            _ => {}
        }
        Ok(())
    })?;
    // Room for a presentation data value of two bytes at least.
    if (1..8).contains(&found.peer_max) { Err(Error::Protocol("maximum length")) } else { Ok(found) }
}

/// The body of an A-ASSOCIATE-RJ.
pub(super) fn rejected(body: &[u8]) -> Error {
    match body {
        [_, result, origin, reason] => {
            Error::Rejected(Rejection { result: *result, origin: *origin, reason: *reason })
        }
        _ => Error::Protocol("association rejection"),
    }
}

fn each_item(mut bytes: &[u8], mut each: impl FnMut(u8, &[u8]) -> Result<(), Error>) -> Result<(), Error> {
    while let [kind, _, high, low, rest @ ..] = bytes {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let (item, after) = rest.split_at_checked(length).ok_or(Error::Protocol("item length"))?;
        each(*kind, item)?;
        bytes = after;
    }
    if bytes.is_empty() { Ok(()) } else { Err(Error::Protocol("item length")) }
}
