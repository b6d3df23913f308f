//! The association request we make and the answers to it (PS3.8 9.3.2 to 9.3.4, PS3.7 annex D.3).

use dicom::{IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME};

use crate::error::{Error, Rejection, Violation};
use crate::items::{
    APPLICATION_CONTEXT, Context, FIXED, ITEM_CONTEXT_RESULT, ITEM_TRANSFER_SYNTAX, ITEM_USER_INFORMATION,
    MOST_CONTEXTS, SUB_ITEM_MAX_LENGTH, each_item, trimmed,
};
use crate::pdu::{
    AssociationRQ, Pdu, PresentationContextProposed, RequestorRoles, UserVariableItem, write_pdu,
};
use crate::peer::{Peer, Proposal};

/// Longest P-DATA-TF we take; responses are short.
pub(crate) const OUR_MAX_PDU: u32 = 64 << 10;

/// What an acceptance says.
pub(crate) struct Accepted {
    pub(crate) contexts: Vec<Context>,
    /// Largest P-DATA-TF the peer takes; 0: no limit.
    pub(crate) peer_max: u32,
}

/// The A-ASSOCIATE-RQ.
pub(crate) fn request(peer: &Peer, proposals: &[Proposal]) -> Result<Vec<u8>, Error> {
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
pub(crate) fn accepted(body: &[u8], proposals: &[Proposal]) -> Result<Accepted, Violation> {
    let bad = Violation::Answer;
    let mut found = Accepted { contexts: Vec::new(), peer_max: 0 };
    each_item(body.get(FIXED..).ok_or(bad)?, |kind, item| {
        match kind {
            ITEM_CONTEXT_RESULT => {
                let [id, _, result, _, sub @ ..] = item else { return Err(bad) };
                let mut syntax = String::new();
                if *result == 0 {
                    each_item(sub, |kind, value| {
                        if kind == ITEM_TRANSFER_SYNTAX {
                            let text = std::str::from_utf8(value).map_err(|_| bad)?;
                            trimmed(text).clone_into(&mut syntax);
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
    if (1..8).contains(&found.peer_max) { Err(Violation::MaxLength) } else { Ok(found) }
}

/// The body of an A-ASSOCIATE-RJ.
pub(crate) fn rejected(body: &[u8]) -> Error {
    match body {
        [_, result, origin, reason] => {
            Error::Rejected(Rejection { result: *result, origin: *origin, reason: *reason })
        }
        _ => Violation::Answer.into(),
    }
}
