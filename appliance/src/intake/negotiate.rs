//! From A-ASSOCIATE-RQ to AC or RJ (PS3.8 7.1 and 9.3, PS3.7 annex D).
use std::net::IpAddr;

use bytes::{BufMut, BytesMut};
use dicom_ul::pdu::{
    AssociationAC, AssociationRJ, AssociationRJResult, AssociationRJServiceProviderASCEReason as AcseReason,
    AssociationRJServiceProviderPresentationReason as PresentationReason,
    AssociationRJServiceUserReason as UserReason, AssociationRJSource, AssociationRQ, Pdu,
    PresentationContextProposed, PresentationContextResult, PresentationContextResultReason as Reason,
    RequestorRoles, UserIdentityType, UserVariableItem, read_pdu,
};

use super::callers::Callers;
use super::config::IntakeConfig;
use super::error::Violation;
use super::services;
use super::sop_classes::{VERIFICATION, is_storage};
use super::transfer_syntaxes::{IMPLICIT_LE, choose};
use super::wire::ASSOCIATE_RQ;
use super::{IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION, MAX_PDU, Refusal};

/// Longest association request taken.
pub(crate) const REQUEST_LIMIT: u32 = 1 << 20;
/// PS3.7 A.2.1.
const APPLICATION_CONTEXT: &str = "1.2.840.10008.3.1.1.1";
/// Odd numbers from 1 to 255 (PS3.8 9.3.2.2).
const MOST_CONTEXTS: usize = 128;
/// Requests a peer may have outstanding; they are answered in order.
const WINDOW: u16 = 16;

const ITEM_APPLICATION_CONTEXT: u8 = 0x10;
const ITEM_PRESENTATION_CONTEXT: u8 = 0x20;
const ITEM_USER_INFORMATION: u8 = 0x50;
const SUB_ITEM_WINDOW: u8 = 0x53;
const SUB_ITEM_IDENTITY_RESPONSE: u8 = 0x59;

/// An accepted presentation context.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) id: u8,
    pub(crate) abstract_syntax: String,
    pub(crate) transfer_syntax: String,
}

/// An association that was agreed.
pub(crate) struct Agreed {
    pub(crate) calling: String,
    pub(crate) called: String,
    pub(crate) contexts: Vec<Context>,
    /// Largest P-DATA-TF the peer takes; 0: no limit.
    pub(crate) peer_max: u32,
}

/// The answer to a request.
pub(crate) enum Answer {
    Accept(Agreed, Pdu),
    /// With the calling title, for a person to see.
    Reject(Refusal, String, Pdu),
}

/// Read the body of an A-ASSOCIATE-RQ.
///
/// dicom-ul refuses whole requests for items it does not know and does not check sub-item lengths against each
/// other; PS3.8 9.3.1 says that unknown items are ignored. So the items are walked and filtered first.
pub(crate) fn read_request(body: &[u8]) -> Result<AssociationRQ, Violation> {
    let fixed = body.get(..68).ok_or(Violation::Request)?;
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
    each_item(body.get(68..).unwrap_or_default(), |kind, item| {
        match kind {
            ITEM_APPLICATION_CONTEXT if !has_application_context => {
                has_application_context = true;
                put_item(&mut kept, kind, item);
            }
            ITEM_PRESENTATION_CONTEXT => {
                contexts += 1;
                if contexts > MOST_CONTEXTS {
                    return Err(Violation::Request);
                }
                put_item(&mut kept, kind, &context_item(item)?);
            }
            ITEM_USER_INFORMATION => put_item(&mut kept, kind, &user_items(item)?),
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

/// Call `each` with type and body of every item; an item that overruns its parent is an error.
fn each_item(
    mut bytes: &[u8],
    mut each: impl FnMut(u8, &[u8]) -> Result<(), Violation>,
) -> Result<(), Violation> {
    while let [kind, _reserved, high, low, rest @ ..] = bytes {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let (item, after) = rest.split_at_checked(length).ok_or(Violation::Request)?;
        each(*kind, item)?;
        bytes = after;
    }
    if bytes.is_empty() { Ok(()) } else { Err(Violation::Request) }
}

fn put_item(to: &mut BytesMut, kind: u8, item: &[u8]) {
    to.put_u8(kind);
    to.put_u8(0);
    // Only ever a part of an item that fitted.
    to.put_u16(item.len() as u16);
    to.put_slice(item);
}

/// A presentation context item with its known sub-items only.
fn context_item(item: &[u8]) -> Result<BytesMut, Violation> {
    let (fixed, rest) = item.split_at_checked(4).ok_or(Violation::Request)?;
    let mut kept = BytesMut::with_capacity(item.len());
    kept.put_slice(fixed);
    let mut has_abstract_syntax = false;
    each_item(rest, |kind, sub_item| {
        has_abstract_syntax |= kind == 0x30;
        if matches!(kind, 0x30 | 0x40) {
            put_item(&mut kept, kind, ascii(sub_item)?);
        }
        Ok(())
    })?;
    if has_abstract_syntax { Ok(kept) } else { Err(Violation::Request) }
}

/// User information with the sub-items we answer, each checked against its own length.
fn user_items(item: &[u8]) -> Result<BytesMut, Violation> {
    let mut kept = BytesMut::with_capacity(item.len());
    each_item(item, |kind, sub_item| {
        let fits = match (kind, sub_item) {
            (0x51, [_, _, _, _]) | (SUB_ITEM_WINDOW, [_, _, _, _]) => true,
            (0x54, [high, low, rest @ ..]) => {
                let uid = usize::from(u16::from_be_bytes([*high, *low]));
                rest.len() == uid + 2 && ascii(rest.get(..uid).unwrap_or_default()).is_ok()
            }
            (0x58, [_, _, high, low, rest @ ..]) => {
                let first = usize::from(u16::from_be_bytes([*high, *low]));
                rest.get(first..).is_some_and(|second| match second {
                    [high, low, rest @ ..] => rest.len() == usize::from(u16::from_be_bytes([*high, *low])),
                    _ => false,
                })
            }
            _ => false,
        };
        if fits {
            put_item(&mut kept, kind, sub_item);
        }
        Ok(())
    })?;
    Ok(kept)
}

fn ascii(bytes: &[u8]) -> Result<&[u8], Violation> {
    if bytes.is_ascii() { Ok(bytes) } else { Err(Violation::Request) }
}

/// Decide. `free_slot` says whether another association fits.
pub(crate) fn answer(
    request: AssociationRQ,
    config: &IntakeConfig,
    callers: &Callers,
    address: IpAddr,
    free_slot: bool,
) -> Answer {
    let calling = request.calling_ae_title.trim().to_owned();
    let called = request.called_ae_title.trim().to_owned();
    let refusal = if request.protocol_version & 1 == 0 {
        Some(Refusal::ProtocolVersion)
    } else if request.application_context_name.trim_end_matches(['\0', ' ']) != APPLICATION_CONTEXT {
        Some(Refusal::ApplicationContext)
    } else if let Err(refusal) = callers.admit(&calling, &called, address) {
        Some(refusal)
    } else if !free_slot {
        Some(Refusal::Busy)
    } else {
        None
    };
    if let Some(refusal) = refusal {
        return Answer::Reject(refusal, calling, rejection(refusal));
    }
    let (contexts, results) = contexts(&request.presentation_contexts, config);
    let mut peer_max = 0;
    let user_variables = user_answer(&request.user_variables, &contexts, config, &mut peer_max);
    let pdu = Pdu::AssociationAC(AssociationAC {
        protocol_version: 1,
        calling_ae_title: request.calling_ae_title,
        called_ae_title: request.called_ae_title,
        application_context_name: APPLICATION_CONTEXT.to_owned(),
        presentation_contexts: results,
        user_variables,
    });
    Answer::Accept(Agreed { calling, called, contexts, peer_max }, pdu)
}

/// PS3.8 table 9-21. Only "no free association" may get better by itself.
fn rejection(refusal: Refusal) -> Pdu {
    let (result, source) = match refusal {
        // The peer is not told whether title or address was wrong; our own page is.
        Refusal::UnknownTitle | Refusal::WrongAddress => (
            AssociationRJResult::Permanent,
            AssociationRJSource::ServiceUser(UserReason::CallingAETitleNotRecognized),
        ),
        Refusal::WrongCalledTitle => (
            AssociationRJResult::Permanent,
            AssociationRJSource::ServiceUser(UserReason::CalledAETitleNotRecognized),
        ),
        Refusal::Busy => (
            AssociationRJResult::Transient,
            AssociationRJSource::ServiceProviderPresentation(PresentationReason::LocalLimitExceeded),
        ),
        Refusal::ApplicationContext => (
            AssociationRJResult::Permanent,
            AssociationRJSource::ServiceUser(UserReason::ApplicationContextNameNotSupported),
        ),
        Refusal::ProtocolVersion => (
            AssociationRJResult::Permanent,
            AssociationRJSource::ServiceProviderASCE(AcseReason::ProtocolVersionNotSupported),
        ),
    };
    Pdu::AssociationRJ(AssociationRJ { result, source })
}

/// The transfer syntax to accept for a context, or why not.
fn choose_for<'a>(
    proposed: &'a PresentationContextProposed,
    config: &IntakeConfig,
) -> Result<&'a str, Reason> {
    if let Some(service) = services::choose(&proposed.abstract_syntax, &proposed.transfer_syntaxes, config) {
        return service
            .map_err(|()| Reason::AbstractSyntaxNotSupported)?
            .ok_or(Reason::TransferSyntaxesNotSupported);
    }
    let private = &config.private_sop_classes;
    if proposed.abstract_syntax != VERIFICATION && !is_storage(&proposed.abstract_syntax, private) {
        return Err(Reason::AbstractSyntaxNotSupported);
    }
    choose(&proposed.transfer_syntaxes, &config.private_transfer_syntaxes)
        .ok_or(Reason::TransferSyntaxesNotSupported)
}

fn contexts(
    proposed: &[PresentationContextProposed],
    config: &IntakeConfig,
) -> (Vec<Context>, Vec<PresentationContextResult>) {
    let (mut accepted, mut results) = (Vec::new(), Vec::new());
    let mut seen = [false; 256];
    for context in proposed {
        // An id used twice would make every later message ambiguous: the first one counts.
        if std::mem::replace(seen.get_mut(usize::from(context.id)).unwrap_or(&mut false), true) {
            continue;
        }
        let uid = |text: &str| text.trim_end_matches(['\0', ' ']).to_owned();
        let clean = PresentationContextProposed {
            id: context.id,
            abstract_syntax: uid(&context.abstract_syntax),
            transfer_syntaxes: context.transfer_syntaxes.iter().map(|text| uid(text)).collect(),
        };
        let (reason, transfer_syntax) = match choose_for(&clean, config) {
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
    (accepted, results)
}

/// Our user information: limits and names, and an answer to what the peer asked.
fn user_answer(
    asked: &[UserVariableItem],
    contexts: &[Context],
    config: &IntakeConfig,
    peer_max: &mut u32,
) -> Vec<UserVariableItem> {
    let mut answer = vec![
        UserVariableItem::MaxLength(MAX_PDU),
        UserVariableItem::ImplementationClassUID(IMPLEMENTATION_CLASS_UID.to_owned()),
        UserVariableItem::ImplementationVersionName(IMPLEMENTATION_VERSION.to_owned()),
    ];
    for item in asked {
        match item {
            UserVariableItem::MaxLength(length) => *peer_max = *length,
            // PS3.7 D.3.3.3: not more than was asked, 0 asks for no limit; we invoke nothing ourselves.
            UserVariableItem::Unknown(SUB_ITEM_WINDOW, value) => {
                if let [high, low, _, _] = value.as_slice() {
                    let asked = u16::from_be_bytes([*high, *low]);
                    let invoked = if asked == 0 { WINDOW } else { asked.min(WINDOW) };
                    let mut value = invoked.to_be_bytes().to_vec();
                    value.extend_from_slice(&1u16.to_be_bytes());
                    answer.push(UserVariableItem::Unknown(SUB_ITEM_WINDOW, value));
                }
            }
            // PS3.7 D.3.3.4: we are SCP of storage, never SCU; an archive that reports a commitment is SCP to us.
            UserVariableItem::ScuScpRoleSelectionSubItem(uid, roles)
                if contexts.iter().any(|context| context.abstract_syntax == uid.trim_end_matches('\0')) =>
            {
                let provider = services::peer_may_provide(uid.trim_end_matches('\0'), config);
                let roles = RequestorRoles { scu: roles.scu, scp: roles.scp && provider };
                answer.push(UserVariableItem::ScuScpRoleSelectionSubItem(uid.clone(), roles));
            }
            // PS3.7 D.3.3.7: identity is taken note of, not checked (the allow-list decides). Where the answer
            // carries nothing it is given to those who insist on one; tickets and assertions need a verifier.
            UserVariableItem::UserIdentityItem(identity)
                if identity.positive_response_requested()
                    && matches!(
                        identity.identity_type(),
                        UserIdentityType::Username | UserIdentityType::UsernamePassword
                    ) =>
            {
                answer.push(UserVariableItem::Unknown(SUB_ITEM_IDENTITY_RESPONSE, vec![0, 0]));
            }
            _ => {}
        }
    }
    answer
}
