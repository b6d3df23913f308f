//! From A-ASSOCIATE-RQ to AC or RJ (PS3.8 7.1 and 9.3, PS3.7 annex D).
use std::net::IpAddr;

use bytes::{BufMut, BytesMut};
use dimse::items::{
    APPLICATION_CONTEXT, FIXED, ITEM_ABSTRACT_SYNTAX, ITEM_APPLICATION_CONTEXT, ITEM_CONTEXT,
    ITEM_TRANSFER_SYNTAX, ITEM_USER_INFORMATION, each_item, put_item, trimmed,
};
use dimse::pdu::{
    ASSOCIATE_RQ, AssociationAC, AssociationRQ, MAX_PDU, Pdu, PresentationContextProposed,
    PresentationContextResult, PresentationContextResultReason as Reason, read_pdu,
};
use dimse::{Context, MOST_CONTEXTS, Order, Violation, choose};

use crate::caller_config::Quirk;
use crate::caller_refusal::Refusal;
use crate::limits::Permit;
use crate::services;
use crate::shared::Shared;
use crate::terms::Terms;
use crate::transcript::{self, ContextLine};
use crate::user_information::{self, ascii};
use dicom::sop_classes::{VERIFICATION, is_storage};
use dicom::transfer_syntaxes::IMPLICIT_LE;

/// Longest association request taken.
pub(crate) const REQUEST_LIMIT: u32 = 1 << 20;

/// An association that was agreed.
pub(crate) struct Agreed {
    pub(crate) calling: String,
    pub(crate) called: String,
    pub(crate) contexts: Vec<Context>,
    /// All that were proposed, for the transcript.
    pub(crate) lines: Vec<ContextLine>,
    /// Largest P-DATA-TF the peer takes; 0: no limit.
    pub(crate) peer_max: u32,
    /// Largest P-DATA-TF we take.
    pub(crate) our_max: u32,
    /// On its caller's account.
    pub(crate) permit: Permit,
}

/// The answer to a request.
pub(crate) enum Answer {
    Accept(Box<Agreed>, Pdu),
    /// With the calling title, for a person to see.
    Reject(Refusal, String),
}

/// Read the body of an A-ASSOCIATE-RQ.
///
/// dicom-ul refuses whole requests for items it does not know and does not check sub-item lengths against each
/// other; PS3.8 9.3.1 says that unknown items are ignored. So the items are walked and filtered first.
pub(crate) fn read_request(body: &[u8]) -> Result<AssociationRQ, Violation> {
    let fixed = body.get(..FIXED).ok_or(Violation::Request)?;
    let mut kept = BytesMut::with_capacity(body.len() + 16);
    kept.put_slice(fixed);
    // Titles are compared as ASCII; a byte that is not becomes one that no configuration can hold.
    for byte in kept.iter_mut().skip(4).take(32) {
        if !(0x20..0x7f).contains(byte) && *byte != 0 {
            *byte = b'\\';
        } else if *byte == 0 {
            *byte = b' ';
        }
    }
    let (mut has_application_context, mut contexts) = (false, 0);
    each_item(body.get(FIXED..).unwrap_or_default(), |kind, item| {
        match kind {
            ITEM_APPLICATION_CONTEXT if !has_application_context => {
                has_application_context = true;
                put_item(&mut kept, kind, item);
            }
            ITEM_CONTEXT => {
                contexts += 1;
                if contexts > MOST_CONTEXTS {
                    return Err(Violation::Request);
                }
                put_item(&mut kept, kind, &context_item(item)?);
            }
            ITEM_USER_INFORMATION => put_item(&mut kept, kind, &user_information::read(item)?),
            _ => {}
        }
        Ok(())
    })?;
    if !has_application_context {
        // Rejected later with its own reason, which needs a request that parses.
        put_item(&mut kept, ITEM_APPLICATION_CONTEXT, b"none");
    }
    let mut pdu = BytesMut::with_capacity(kept.len() + 6);
    pdu.put_u8(ASSOCIATE_RQ);
    pdu.put_u8(0);
    pdu.put_u32(kept.len() as u32);
    pdu.unsplit(kept);
    // Its errors print items: they are dropped here, unread.
    match read_pdu(pdu.freeze(), REQUEST_LIMIT + 1024, true) {
        Ok(Some(Pdu::AssociationRQ(request))) => Ok(request),
        _ => Err(Violation::Request),
    }
}

/// A presentation context item with its known sub-items only.
fn context_item(item: &[u8]) -> Result<BytesMut, Violation> {
    let (fixed, rest) = item.split_at_checked(4).ok_or(Violation::Request)?;
    let mut kept = BytesMut::with_capacity(item.len());
    kept.put_slice(fixed);
    let mut has_abstract_syntax = false;
    each_item(rest, |kind, sub_item| {
        has_abstract_syntax |= kind == ITEM_ABSTRACT_SYNTAX;
        if matches!(kind, ITEM_ABSTRACT_SYNTAX | ITEM_TRANSFER_SYNTAX) {
            put_item(&mut kept, kind, ascii(sub_item)?);
        }
        Ok(())
    })?;
    if has_abstract_syntax { Ok(kept) } else { Err(Violation::Request) }
}

/// Where a request comes from.
#[derive(Clone, Copy)]
pub(crate) struct Origin {
    pub(crate) address: IpAddr,
    pub(crate) port: Port,
}

/// The port that a connection came to, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Port {
    Plain,
    Tls,
    /// Plain DICOM at the TLS port: heard so that a person can be told who it was, and refused.
    PlainAtTls,
}

/// Decide. `free_slot` says whether another association fits.
pub(crate) fn answer(request: AssociationRQ, shared: &Shared, origin: Origin, free_slot: bool) -> Answer {
    let calling = request.calling_ae_title.trim().to_owned();
    let called = request.called_ae_title.trim().to_owned();
    let permit = match admit(&request, &calling, &called, shared, origin, free_slot) {
        Ok(permit) => permit,
        Err(refusal) => return Answer::Reject(refusal, calling),
    };
    let config = &shared.config;
    let wanted = permit.rules().max_pdu.unwrap_or(config.max_pdu);
    let our_max = u32::try_from(wanted.0).unwrap_or(MAX_PDU).min(MAX_PDU);
    let specialised = user_information::specialised(&request.user_variables);
    let terms = Terms { config, rules: permit.rules(), specialised: &specialised };
    let (contexts, results, lines) = contexts(&request.presentation_contexts, &terms);
    let user_variables = user_information::answer(&request.user_variables, &contexts, &terms, our_max);
    let peer_max = user_information::peer_max(&request.user_variables);
    let pdu = Pdu::AssociationAC(AssociationAC {
        protocol_version: 1,
        calling_ae_title: request.calling_ae_title,
        called_ae_title: request.called_ae_title,
        application_context_name: APPLICATION_CONTEXT.to_owned(),
        presentation_contexts: results,
        user_variables,
    });
    Answer::Accept(Box::new(Agreed { calling, called, contexts, lines, peer_max, our_max, permit }), pdu)
}

fn admit(
    request: &AssociationRQ,
    calling: &str,
    called: &str,
    shared: &Shared,
    origin: Origin,
    free_slot: bool,
) -> Result<Permit, Refusal> {
    if origin.port == Port::PlainAtTls {
        return Err(Refusal::PlainAtTls);
    }
    if request.protocol_version & 1 == 0 {
        return Err(Refusal::ProtocolVersion);
    }
    if trimmed(&request.application_context_name) != APPLICATION_CONTEXT {
        return Err(Refusal::ApplicationContext);
    }
    let account = shared.callers.admit(calling, called, origin.address, origin.port == Port::Tls)?;
    shared.users.admit(&request.user_variables)?;
    if !free_slot {
        return Err(Refusal::Busy);
    }
    account.permit()
}

/// The transfer syntax to accept for a context, or why not.
fn choose_for<'a>(proposed: &'a PresentationContextProposed, terms: &Terms<'_>) -> Result<&'a str, Reason> {
    let (uid, config) = (&proposed.abstract_syntax, terms.config);
    if let Some(service) = services::choose(uid, &proposed.transfer_syntaxes, config) {
        return service
            .map_err(|()| Reason::AbstractSyntaxNotSupported)?
            .ok_or(Reason::TransferSyntaxesNotSupported);
    }
    if uid != VERIFICATION
        && !is_storage(uid, &config.private_sop_classes)
        && !terms.specialised.contains(uid)
    {
        return Err(Reason::AbstractSyntaxNotSupported);
    }
    let order = if terms.rules.has(Quirk::FirstSyntax) {
        Order::Senders
    } else if terms.rules.has(Quirk::PreferImplicit) {
        Order::ImplicitFirst
    } else {
        Order::Ours
    };
    choose(&proposed.transfer_syntaxes, &config.private_transfer_syntaxes, order)
        .ok_or(Reason::TransferSyntaxesNotSupported)
}

fn contexts(
    proposed: &[PresentationContextProposed],
    terms: &Terms<'_>,
) -> (Vec<Context>, Vec<PresentationContextResult>, Vec<ContextLine>) {
    let (mut accepted, mut results, mut lines) = (Vec::new(), Vec::new(), Vec::new());
    let mut seen = [false; 256];
    for context in proposed {
        // An id used twice would make every later message ambiguous: the first one counts.
        if std::mem::replace(seen.get_mut(usize::from(context.id)).unwrap_or(&mut false), true) {
            continue;
        }
        let uid = |text: &str| trimmed(text).to_owned();
        let clean = PresentationContextProposed {
            id: context.id,
            abstract_syntax: uid(&context.abstract_syntax),
            transfer_syntaxes: context.transfer_syntaxes.iter().map(|text| uid(text)).collect(),
        };
        let chosen = choose_for(&clean, terms);
        let why = chosen.as_ref().map(|uid| *uid).map_err(reason_words);
        lines.push(transcript::line(clean.id, &clean.abstract_syntax, &clean.transfer_syntaxes, why));
        let (reason, transfer_syntax) = match chosen {
            Ok(transfer_syntax) => {
                accepted.push(Context {
                    id: clean.id,
                    abstract_syntax: clean.abstract_syntax.clone(),
                    transfer_syntax: transfer_syntax.to_owned(),
                });
                (Reason::Acceptance, transfer_syntax.to_owned())
            }
            // Not significant when refused (PS3.8 9.3.3.2), but the item has to be there.
            Err(reason) => (reason, IMPLICIT_LE.to_owned()),
        };
        results.push(PresentationContextResult { id: clean.id, reason, transfer_syntax });
    }
    (accepted, results, lines)
}

fn reason_words(reason: &Reason) -> &'static str {
    match reason {
        Reason::TransferSyntaxesNotSupported => "none of its transfer syntaxes is taken",
        _ => "this SOP class is not taken",
    }
}
