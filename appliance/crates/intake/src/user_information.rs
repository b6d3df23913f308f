//! The user information of an association: what of the peer's we read, and what we answer (PS3.7 annex D.3.3).
use bytes::BytesMut;
use dimse::items::{
    SUB_ITEM_COMMON_EXTENDED, SUB_ITEM_EXTENDED, SUB_ITEM_IDENTITY, SUB_ITEM_IDENTITY_RESPONSE,
    SUB_ITEM_MAX_LENGTH, SUB_ITEM_ROLES, SUB_ITEM_WINDOW, each_item, put_item, trimmed,
};
use dimse::pdu::{RequestorRoles, UserVariableItem};
use dimse::{Context, Violation};

use crate::caller_config::Quirk;
use crate::identity::by_name;
use crate::services::peer_may_provide;
use crate::terms::Terms;
use dicom::sop_classes::is_standard_storage;
use dicom::{IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME};

/// Requests a peer may have outstanding; they are answered in order.
pub(crate) const WINDOW: u16 = 16;
/// Service Class UID of the Storage service (PS3.4 B.3.1.4).
const STORAGE_SERVICE: &str = "1.2.840.10008.4.2";
/// Our side of the extended negotiation of storage (PS3.4 table B.3-2): level 2 (every attribute is kept, private ones
/// too), digital signatures kept as they are (level 3), no data element coerced.
pub(crate) const STORAGE_INFORMATION: [u8; 6] = [2, 0, 3, 0, 0, 0];

/// User information with the sub-items we use, each checked against its own length.
pub(crate) fn read(item: &[u8]) -> Result<BytesMut, Violation> {
    let mut kept = BytesMut::with_capacity(item.len());
    each_item(item, |kind, sub_item| {
        let fits = match (kind, sub_item) {
            (SUB_ITEM_MAX_LENGTH | SUB_ITEM_WINDOW, [_, _, _, _]) => true,
            (SUB_ITEM_ROLES, item) => uid_and_rest(item).is_some_and(|(_, rest)| rest.len() == 2),
            (SUB_ITEM_EXTENDED, item) => uid_and_rest(item).is_some(),
            (SUB_ITEM_COMMON_EXTENDED, item) => related(item).is_some(),
            (SUB_ITEM_IDENTITY, [_, _, rest @ ..]) => {
                counted(rest).and_then(|(_, rest)| counted(rest)).is_some_and(|(_, rest)| rest.is_empty())
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

/// What must be ASCII.
pub(crate) fn ascii(bytes: &[u8]) -> Result<&[u8], Violation> {
    if bytes.is_ascii() { Ok(bytes) } else { Err(Violation::Request) }
}

/// A field with its length in two bytes before it, and what follows.
fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

fn uid_and_rest(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (uid, rest) = counted(bytes)?;
    Some((std::str::from_utf8(ascii(uid).ok()?).ok()?.trim_end_matches(['\0', ' ']), rest))
}

/// A common extended negotiation: SOP class, service class, related general SOP classes (PS3.7 D.3.3.6).
fn related(item: &[u8]) -> Option<(&str, &str, Vec<&str>)> {
    let (class, rest) = uid_and_rest(item)?;
    let (service, rest) = uid_and_rest(rest)?;
    let (mut list, _reserved) = counted(rest)?;
    let mut general = Vec::new();
    while !list.is_empty() {
        let (uid, rest) = uid_and_rest(list)?;
        general.push(uid);
        list = rest;
    }
    Some((class, service, general))
}

/// SOP classes that we do not know and that the peer says are storage, specialised from one we do know.
pub(crate) fn specialised(asked: &[UserVariableItem]) -> Vec<String> {
    let class = |item: &UserVariableItem| match item {
        UserVariableItem::Unknown(SUB_ITEM_COMMON_EXTENDED, value) => {
            let (class, service, general) = related(value)?;
            let known = service == STORAGE_SERVICE && general.iter().any(|uid| is_standard_storage(uid));
            known.then(|| class.to_owned())
        }
        _ => None,
    };
    asked.iter().filter_map(class).collect()
}

/// Our limits and names, and an answer to what the peer asked.
pub(crate) fn answer(
    asked: &[UserVariableItem],
    contexts: &[Context],
    terms: &Terms<'_>,
    our_max: u32,
) -> Vec<UserVariableItem> {
    let mut answer = vec![
        UserVariableItem::MaxLength(our_max),
        UserVariableItem::ImplementationClassUID(IMPLEMENTATION_CLASS_UID.to_owned()),
        UserVariableItem::ImplementationVersionName(IMPLEMENTATION_VERSION_NAME.to_owned()),
    ];
    let accepted = |uid: &str| contexts.iter().any(|context| context.abstract_syntax == trimmed(uid));
    for item in asked {
        match item {
            // PS3.7 D.3.3.3: not more than was asked, 0 asks for no limit; we invoke nothing ourselves.
            UserVariableItem::Unknown(SUB_ITEM_WINDOW, value) if !terms.rules.has(Quirk::NoWindow) => {
                if let [high, low, _, _] = value.as_slice() {
                    let asked = u16::from_be_bytes([*high, *low]);
                    let invoked = if asked == 0 { WINDOW } else { asked.min(WINDOW) };
                    let mut value = invoked.to_be_bytes().to_vec();
                    value.extend_from_slice(&1u16.to_be_bytes());
                    answer.push(UserVariableItem::Unknown(SUB_ITEM_WINDOW, value));
                }
            }
            // PS3.7 D.3.3.4: we are SCP of storage, never SCU; an archive that reports a commitment is SCP to us.
            UserVariableItem::ScuScpRoleSelectionSubItem(uid, roles) if accepted(uid) => {
                let provider = peer_may_provide(trimmed(uid), terms.config);
                let roles = RequestorRoles { scu: roles.scu, scp: roles.scp && provider };
                answer.push(UserVariableItem::ScuScpRoleSelectionSubItem(uid.clone(), roles));
            }
            // PS3.7 D.3.3.5, PS3.4 B.3.1: answered for storage that was accepted.
            UserVariableItem::SopClassExtendedNegotiationSubItem(uid, _)
                if accepted(uid) && is_standard_storage(trimmed(uid)) =>
            {
                let information = STORAGE_INFORMATION.to_vec();
                answer.push(UserVariableItem::SopClassExtendedNegotiationSubItem(uid.clone(), information));
            }
            // PS3.7 D.3.3.7: the answer to a name carries nothing and is given to those who insist on one; tickets
            // and assertions need a verifier. A refused identity never comes this far.
            UserVariableItem::UserIdentityItem(identity)
                if identity.positive_response_requested() && by_name(identity) =>
            {
                answer.push(UserVariableItem::Unknown(SUB_ITEM_IDENTITY_RESPONSE, vec![0, 0]));
            }
            _ => {}
        }
    }
    answer
}

/// The largest PDU the peer takes; 0: no limit.
pub(crate) fn peer_max(asked: &[UserVariableItem]) -> u32 {
    let length = |item: &UserVariableItem| match item {
        UserVariableItem::MaxLength(length) => Some(*length),
        _ => None,
    };
    asked.iter().rev().find_map(length).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test stops where something is not as it must be"
    )]
    use super::*;

    fn common(class: &str, service: &str, general: &[&str]) -> Vec<u8> {
        let field = |text: &str| [&(text.len() as u16).to_be_bytes()[..], text.as_bytes()].concat();
        let list: Vec<u8> = general.iter().flat_map(|uid| field(uid)).collect();
        [field(class), field(service), (list.len() as u16).to_be_bytes().to_vec(), list].concat()
    }

    #[test]
    fn a_class_specialised_from_one_we_know_is_storage() {
        let ct = "1.2.840.10008.5.1.4.1.1.2";
        for (item, expected) in [
            (common("1.2.3", STORAGE_SERVICE, &[ct]), vec!["1.2.3"]),
            (common("1.2.3", STORAGE_SERVICE, &["1.9", ct]), vec!["1.2.3"]),
            (common("1.2.3", STORAGE_SERVICE, &["1.9"]), vec![]),
            (common("1.2.3", STORAGE_SERVICE, &[]), vec![]),
            (common("1.2.3", "1.2.840.10008.4.9", &[ct]), vec![]),
        ] {
            assert_eq!(specialised(&[UserVariableItem::Unknown(SUB_ITEM_COMMON_EXTENDED, item)]), expected);
        }
    }

    #[test]
    fn sub_items_that_lie_about_their_insides_are_passed_over() {
        let whole = common("1.2.3", STORAGE_SERVICE, &["1.2"]);
        for cut in 0..whole.len() {
            assert!(related(&whole[..cut]).is_none(), "{cut}");
        }
        assert!(related(&whole).is_some());
        let mut kept = BytesMut::new();
        put_item(&mut kept, SUB_ITEM_COMMON_EXTENDED, &whole[..9]);
        put_item(&mut kept, SUB_ITEM_EXTENDED, &[0, 9, b'1']);
        assert!(read(&kept).unwrap().is_empty());
    }
}
