//! The command set: a flat reader (implicit little endian, at most 64 KiB, PS3.7 6.3.1) and the writer of responses.

use super::status::Status;

/// Longest command set taken.
pub(crate) const LIMIT: usize = 64 << 10;

pub(crate) const C_STORE_RQ: u16 = 0x0001;
pub(crate) const C_ECHO_RQ: u16 = 0x0030;
pub(crate) const C_CANCEL_RQ: u16 = 0x0FFF;
/// Set in the command field of every response.
pub(crate) const RESPONSE: u16 = 0x8000;
/// Command Data Set Type that says "no data set" (PS3.7 E.1); every other value says "data set follows".
const NO_DATA_SET: u16 = 0x0101;

/// What we use of a request's command set. UIDs come from the wire: they are for comparing and storing, not logs.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Request {
    /// Command Field (0000,0100).
    pub(crate) field: u16,
    /// Message ID (0000,0110).
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

/// The bytes are no command set we could answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotACommand;

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

/// A UID without its padding; `None` where it is empty, too long or not printable. Odd but printable UIDs pass:
/// they are only compared and kept.
pub(crate) fn uid_text(value: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(value).ok()?.trim_matches(['\0', ' ']);
    let fits = !text.is_empty() && text.len() <= 64 && text.bytes().all(|b| b.is_ascii_graphic());
    fits.then(|| text.to_owned())
}

/// Read a command set. Elements may come in any order; unknown ones of group 0000 are passed over.
pub(crate) fn read(bytes: &[u8]) -> Result<Request, NotACommand> {
    let mut request = Request::default();
    let (mut field, mut message_id, mut data_set, mut responded) = (None, None, None, None);
    let mut rest = bytes;
    while !rest.is_empty() {
        let group = u16_at(rest, 0).ok_or(NotACommand)?;
        let element = u16_at(rest, 2).ok_or(NotACommand)?;
        let length = u32_at(rest, 4).ok_or(NotACommand)? as usize;
        let value = rest.get(8..).and_then(|after| after.get(..length)).ok_or(NotACommand)?;
        rest = rest.get(8 + length..).ok_or(NotACommand)?;
        if group != 0 {
            return Err(NotACommand);
        }
        match element {
            0x0002 | 0x0003 if request.sop_class.is_none() => request.sop_class = uid_text(value),
            0x1000 | 0x1001 if request.sop_instance.is_none() => request.sop_instance = uid_text(value),
            0x0100 => field = u16_at(value, 0),
            0x0110 => message_id = u16_at(value, 0),
            0x0120 => responded = u16_at(value, 0),
            0x0900 => request.status = u16_at(value, 0),
            0x1002 | 0x1008 => request.kind = u16_at(value, 0),
            0x0800 => data_set = u16_at(value, 0),
            _ => {}
        }
    }
    request.field = field.ok_or(NotACommand)?;
    request.data_set = data_set.ok_or(NotACommand)? != NO_DATA_SET;
    // A cancel has no message id of its own, and we answer none.
    // A response names the request's.
    request.message_id = match (message_id, responded, request.field) {
        (_, Some(id), field) if field & RESPONSE != 0 => id,
        (Some(id), _, _) => id,
        (None, _, C_CANCEL_RQ) => 0,
        (None, _, _) => return Err(NotACommand),
    };
    Ok(request)
}

fn push(out: &mut Vec<u8>, element: u16, value: &[u8], pad: u8) {
    let odd = value.len() % 2 == 1;
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(&element.to_le_bytes());
    out.extend_from_slice(&(value.len() as u32 + u32::from(odd)).to_le_bytes());
    out.extend_from_slice(value);
    if odd {
        out.push(pad);
    }
}

/// The response to `request` (PS3.7 9.3): UIDs echoed, no data set, for a failure a comment in plain words and, where
/// the service has one, an Error ID (0000,0903).
pub(crate) fn respond_with(
    request: &Request,
    status: Status,
    comment: Option<&str>,
    error_id: Option<u16>,
) -> Vec<u8> {
    let mut body = Vec::with_capacity(256);
    if let Some(uid) = &request.sop_class {
        push(&mut body, 0x0002, uid.as_bytes(), 0);
    }
    push(&mut body, 0x0100, &(request.field | RESPONSE).to_le_bytes(), 0);
    push(&mut body, 0x0120, &request.message_id.to_le_bytes(), 0);
    push(&mut body, 0x0800, &NO_DATA_SET.to_le_bytes(), 0);
    push(&mut body, 0x0900, &status.0.to_le_bytes(), 0);
    if let Some(comment) = comment {
        push(&mut body, 0x0902, comment.as_bytes(), b' ');
    }
    if let Some(id) = error_id {
        push(&mut body, 0x0903, &id.to_le_bytes(), 0);
    }
    if let Some(uid) = &request.sop_instance {
        push(&mut body, 0x1000, uid.as_bytes(), 0);
    }
    with_group_length(&body)
}

/// A request of ours from its elements in ascending order, the group length put before them.
pub(crate) fn encode(elements: &[(u16, &[u8])]) -> Vec<u8> {
    let mut body = Vec::with_capacity(256);
    elements.iter().for_each(|(element, value)| push(&mut body, *element, value, 0));
    with_group_length(&body)
}

fn with_group_length(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 12);
    push(&mut out, 0x0000, &(body.len() as u32).to_le_bytes(), 0);
    out.extend_from_slice(body);
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use proptest::prelude::*;

    fn store_request() -> Vec<u8> {
        let mut bytes = Vec::new();
        push(&mut bytes, 0x0002, b"1.2.840.10008.5.1.4.1.1.2", 0);
        push(&mut bytes, 0x0100, &C_STORE_RQ.to_le_bytes(), 0);
        push(&mut bytes, 0x0110, &7u16.to_le_bytes(), 0);
        push(&mut bytes, 0x0700, &0u16.to_le_bytes(), 0);
        push(&mut bytes, 0x0800, &1u16.to_le_bytes(), 0);
        push(&mut bytes, 0x1000, b"1.2.3", 0);
        bytes
    }

    #[test]
    fn a_store_request_reads_without_group_length() {
        let request = read(&store_request()).unwrap();
        assert_eq!((request.field, request.message_id, request.data_set), (C_STORE_RQ, 7, true));
        assert_eq!(request.sop_class.as_deref(), Some("1.2.840.10008.5.1.4.1.1.2"));
        assert_eq!(request.sop_instance.as_deref(), Some("1.2.3"));
    }

    #[test]
    fn a_response_reads_back_with_a_true_group_length() {
        let request = read(&store_request()).unwrap();
        let bytes = respond_with(&request, Status::CANNOT_UNDERSTAND, Some("words"), None);
        assert_eq!(u32_at(&bytes, 8).unwrap() as usize, bytes.len() - 12);
        assert!(bytes.windows(2).any(|w| w == 0xC000u16.to_le_bytes()));
        let back = read_response(&bytes);
        assert_eq!(back, (0x8001, 7, 0xC000));
    }

    fn read_response(bytes: &[u8]) -> (u16, u16, u16) {
        let (mut rest, mut found) = (bytes, (0, 0, 0));
        while !rest.is_empty() {
            let length = u32_at(rest, 4).unwrap() as usize;
            let value = &rest[8..8 + length];
            match u16_at(rest, 2).unwrap() {
                0x0100 => found.0 = u16_at(value, 0).unwrap(),
                0x0120 => found.1 = u16_at(value, 0).unwrap(),
                0x0900 => found.2 = u16_at(value, 0).unwrap(),
                _ => {}
            }
            rest = &rest[8 + length..];
        }
        found
    }

    #[test]
    fn a_length_beyond_the_bytes_is_refused() {
        // 25 bytes that claim 3 GB: refused, nothing allocated.
        let mut bytes = vec![0, 0, 2, 0];
        bytes.extend_from_slice(&0xC000_0000u32.to_le_bytes());
        bytes.extend_from_slice(&[b'1'; 17]);
        assert_eq!(read(&bytes), Err(NotACommand));
        let mut whole = store_request();
        whole.truncate(whole.len() - 1);
        assert_eq!(read(&whole), Err(NotACommand));
        assert_eq!(read(&[]), Err(NotACommand));
    }

    #[test]
    fn uids_lose_their_padding_and_keep_their_limit() {
        assert_eq!(uid_text(b"1.2\0").as_deref(), Some("1.2"));
        assert_eq!(uid_text(b"1.2 ").as_deref(), Some("1.2"));
        assert_eq!(uid_text(b"\0"), None);
        assert_eq!(uid_text(b"1.\n2"), None);
        assert_eq!(uid_text(&[b'1'; 65]), None);
        assert_eq!(uid_text(&[0xff, 0xfe]), None);
    }

    proptest! {
        #[test]
        fn random_bytes_never_surprise_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = read(&bytes);
        }

        #[test]
        fn a_changed_request_reads_or_is_refused(at in 0usize..100, byte in any::<u8>()) {
            let mut bytes = store_request();
            let at = at % bytes.len();
            bytes[at] = byte;
            if let Ok(request) = read(&bytes) {
                prop_assert!(request.sop_class.is_none_or(|uid| uid.len() <= 64));
            }
        }
    }
}
