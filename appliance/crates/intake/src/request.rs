//! What we use of a request's command set, and the response to it (PS3.7 9.3 and 10.3).

use dimse::command::{
    ACTION_TYPE, AFFECTED_SOP_CLASS, AFFECTED_SOP_INSTANCE, C_CANCEL_RQ, DATA_SET_TYPE, ERROR_COMMENT,
    ERROR_ID, EVENT_TYPE, FIELD, MESSAGE_ID, REQUESTED_SOP_CLASS, REQUESTED_SOP_INSTANCE, RESPONDED_TO,
    RESPONSE, STATUS,
};
use dimse::{Command, Status, Violation};

/// What we use of a command set. UIDs come from the wire: they are for comparing and storing, not logs.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Request {
    /// Command Field (0000,0100).
    pub(crate) field: u16,
    /// Message ID (0000,0110); of a response, the one it answers (0000,0120).
    pub(crate) message_id: u16,
    /// Affected SOP Class UID (0000,0002), or the requested one (0000,0003).
    pub(crate) sop_class: Option<String>,
    /// Affected SOP Instance UID (0000,1000), or the requested one (0000,1001).
    pub(crate) sop_instance: Option<String>,
    /// Whether a data set follows (0000,0800).
    pub(crate) data_set: bool,
    /// Event Type ID (0000,1002) or Action Type ID (0000,1008).
    pub(crate) kind: Option<u16>,
    /// Status (0000,0900) of a response.
    pub(crate) status: Option<u16>,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request").field("field", &self.field).finish_non_exhaustive()
    }
}

impl Request {
    /// Reads a command set.
    ///
    /// # Errors
    /// [`Violation::Command`] when it does not parse, or lacks what an answer needs.
    pub(crate) fn read(bytes: &[u8]) -> Result<Request, Violation> {
        let command = Command::decode(bytes).ok_or(Violation::Command)?;
        let field = command.us(FIELD).ok_or(Violation::Command)?;
        command.us(DATA_SET_TYPE).ok_or(Violation::Command)?;
        let message_id = match (command.us(MESSAGE_ID), command.us(RESPONDED_TO)) {
            (_, Some(id)) if field & RESPONSE != 0 => id,
            (Some(id), _) => id,
            // A cancel has no message id of its own, and we answer none.
            (None, _) if field == C_CANCEL_RQ => 0,
            (None, _) => return Err(Violation::Command),
        };
        Ok(Request {
            field,
            message_id,
            sop_class: command.uid(AFFECTED_SOP_CLASS).or_else(|| command.uid(REQUESTED_SOP_CLASS)),
            sop_instance: command.uid(AFFECTED_SOP_INSTANCE).or_else(|| command.uid(REQUESTED_SOP_INSTANCE)),
            data_set: command.has_data_set(),
            kind: command.us(EVENT_TYPE).or_else(|| command.us(ACTION_TYPE)),
            status: command.us(STATUS),
        })
    }

    /// The response: UIDs echoed, no data set, for a failure a comment in plain words and, where the service has one,
    /// an Error ID.
    pub(crate) fn response(&self, status: Status, comment: Option<&str>, error_id: Option<u16>) -> Vec<u8> {
        let mut response = Command::new(self.field | RESPONSE).with_us(STATUS, status.0);
        if let Some(comment) = comment {
            response = response.with_text(ERROR_COMMENT, comment);
        }
        if let Some(id) = error_id {
            response = response.with_us(ERROR_ID, id);
        }
        if let Some(uid) = &self.sop_instance {
            response = response.with_uid(AFFECTED_SOP_INSTANCE, uid);
        }
        response = response.with_us(RESPONDED_TO, self.message_id);
        if let Some(uid) = &self.sop_class {
            response = response.with_uid(AFFECTED_SOP_CLASS, uid);
        }
        response.encode()
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test stops where something is not as it must be"
    )]
    use super::*;
    use dimse::command::{C_STORE_RQ, PRIORITY};
    use proptest::prelude::*;

    /// Without its group length.
    fn store_request() -> Vec<u8> {
        let command = Command::new(C_STORE_RQ)
            .with_uid(AFFECTED_SOP_CLASS, "1.2.840.10008.5.1.4.1.1.2")
            .with_us(MESSAGE_ID, 7)
            .with_us(PRIORITY, 0)
            .with_data_set()
            .with_uid(AFFECTED_SOP_INSTANCE, "1.2.3");
        command.encode().split_off(12)
    }

    #[test]
    fn a_store_request_reads_without_group_length() {
        let request = Request::read(&store_request()).unwrap();
        assert_eq!((request.field, request.message_id, request.data_set), (C_STORE_RQ, 7, true));
        assert_eq!(request.sop_class.as_deref(), Some("1.2.840.10008.5.1.4.1.1.2"));
        assert_eq!(request.sop_instance.as_deref(), Some("1.2.3"));
    }

    #[test]
    fn a_response_reads_back_with_a_true_group_length() {
        let request = Request::read(&store_request()).unwrap();
        let bytes = request.response(Status::CANNOT_UNDERSTAND, Some("words"), None);
        assert_eq!(u32::from_le_bytes(bytes[8..12].try_into().unwrap()) as usize, bytes.len() - 12);
        let back = Command::decode(&bytes).unwrap();
        assert_eq!(
            (back.us(FIELD), back.us(RESPONDED_TO), back.us(STATUS)),
            (Some(0x8001), Some(7), Some(0xC000))
        );
        assert!(!back.has_data_set());
    }

    #[test]
    fn a_length_beyond_the_bytes_is_refused() {
        // 25 bytes that claim 3 GB: refused, nothing allocated.
        let mut bytes = vec![0, 0, 2, 0];
        bytes.extend_from_slice(&0xC000_0000u32.to_le_bytes());
        bytes.extend_from_slice(&[b'1'; 17]);
        assert_eq!(Request::read(&bytes), Err(Violation::Command));
        let mut whole = store_request();
        whole.truncate(whole.len() - 1);
        assert_eq!(Request::read(&whole), Err(Violation::Command));
        assert_eq!(Request::read(&[]), Err(Violation::Command));
    }

    proptest! {
        #[test]
        fn a_changed_request_reads_or_is_refused(at in 0usize..100, byte in any::<u8>()) {
            let mut bytes = store_request();
            let at = at % bytes.len();
            bytes[at] = byte;
            if let Ok(request) = Request::read(&bytes) {
                prop_assert!(request.sop_class.is_none_or(|uid| uid.len() <= 64));
            }
        }
    }
}
