//! Command sets (PS3.7 6.3.1 and annex E): implicit little endian, group 0000, at most 64 KiB.

/// Affected SOP Class UID.
pub const AFFECTED_SOP_CLASS: u16 = 0x0002;
/// Requested SOP Class UID.
pub const REQUESTED_SOP_CLASS: u16 = 0x0003;
/// Command Field.
pub const FIELD: u16 = 0x0100;
/// Message ID.
pub const MESSAGE_ID: u16 = 0x0110;
/// Message ID Being Responded To.
pub const RESPONDED_TO: u16 = 0x0120;
/// Priority: 0 medium, 1 high, 2 low.
pub const PRIORITY: u16 = 0x0700;
/// Command Data Set Type.
pub const DATA_SET_TYPE: u16 = 0x0800;
/// Status.
pub const STATUS: u16 = 0x0900;
/// Error Comment.
pub const ERROR_COMMENT: u16 = 0x0902;
/// Error ID.
pub const ERROR_ID: u16 = 0x0903;
/// Affected SOP Instance UID.
pub const AFFECTED_SOP_INSTANCE: u16 = 0x1000;
/// Requested SOP Instance UID.
pub const REQUESTED_SOP_INSTANCE: u16 = 0x1001;
/// Event Type ID.
pub const EVENT_TYPE: u16 = 0x1002;
/// Action Type ID.
pub const ACTION_TYPE: u16 = 0x1008;

/// C-STORE-RQ.
pub const C_STORE_RQ: u16 = 0x0001;
/// C-ECHO-RQ.
pub const C_ECHO_RQ: u16 = 0x0030;
/// C-CANCEL-RQ.
pub const C_CANCEL_RQ: u16 = 0x0FFF;
/// N-EVENT-REPORT-RQ.
pub const N_EVENT_REPORT_RQ: u16 = 0x0100;
/// N-SET-RQ.
pub const N_SET_RQ: u16 = 0x0120;
/// N-ACTION-RQ.
pub const N_ACTION_RQ: u16 = 0x0130;
/// N-CREATE-RQ.
pub const N_CREATE_RQ: u16 = 0x0140;
/// Set in the command field of every response.
pub const RESPONSE: u16 = 0x8000;
/// Value of [`DATA_SET_TYPE`] that says "no data set"; every other value says that one follows.
pub const NO_DATA_SET: u16 = 0x0101;

/// Longest command set taken, in bytes.
pub const LIMIT: usize = 64 << 10;

/// A command set: its elements as they lie on the wire, the group length left out. `Debug` prints a stub.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Command {
    body: Vec<u8>,
    /// The highest element so far: what goes behind it needs no search.
    last: u16,
}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Command").field("field", &self.us(FIELD)).finish_non_exhaustive()
    }
}

impl Command {
    /// With its Command Field; says "no data set" until told otherwise.
    #[must_use]
    pub fn new(field: u16) -> Self {
        let empty = Self { body: Vec::with_capacity(256), last: 0 };
        empty.with_us(FIELD, field).with_us(DATA_SET_TYPE, NO_DATA_SET)
    }

    /// Sets an element of VR US.
    #[must_use]
    pub fn with_us(self, element: u16, value: u16) -> Self {
        self.with(element, &value.to_le_bytes(), 0)
    }

    /// Sets an element of VR UI, padded with a zero byte to even length.
    #[must_use]
    pub fn with_uid(self, element: u16, uid: &str) -> Self {
        self.with(element, uid.as_bytes(), 0)
    }

    /// Sets an element of text, padded with a blank to even length.
    #[must_use]
    pub fn with_text(self, element: u16, text: &str) -> Self {
        self.with(element, text.as_bytes(), b' ')
    }

    /// Says that a data set follows.
    #[must_use]
    pub fn with_data_set(self) -> Self {
        self.with_us(DATA_SET_TYPE, 0x0001)
    }

    /// Elements stay in ascending order, however they are set (PS3.5 7.1).
    fn with(mut self, element: u16, value: &[u8], pad: u8) -> Self {
        if element > self.last {
            push(&mut self.body, element, value, pad);
            self.last = element;
            return self;
        }
        let mut body = Vec::with_capacity(self.body.len() + value.len() + 9);
        let mut elements = self.elements().peekable();
        while let Some((known, old)) = elements.next_if(|(known, _)| *known < element) {
            push(&mut body, known, old, 0);
        }
        push(&mut body, element, value, pad);
        elements
            .filter(|(known, _)| *known != element)
            .for_each(|(known, old)| push(&mut body, known, old, 0));
        Self { body, last: self.last }
    }

    /// An element of VR US.
    #[must_use]
    pub fn us(&self, element: u16) -> Option<u16> {
        let value = self.value(element)?;
        Some(u16::from_le_bytes([*value.first()?, *value.get(1)?]))
    }

    /// An element of VR UI, as [`uid_text`] reads it. It comes from the wire: for comparing and storing, not for logs.
    #[must_use]
    pub fn uid(&self, element: u16) -> Option<String> {
        uid_text(self.value(element)?)
    }

    /// Whether a data set follows.
    #[must_use]
    pub fn has_data_set(&self) -> bool {
        self.us(DATA_SET_TYPE).is_some_and(|kind| kind != NO_DATA_SET)
    }

    /// Its bytes, group length first.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.body.len() + 12);
        push(&mut out, 0x0000, &u32::try_from(self.body.len()).unwrap_or(u32::MAX).to_le_bytes(), 0);
        out.extend_from_slice(&self.body);
        out
    }

    /// Reads a command set. Elements may come in any order, unknown ones of group 0000 are kept; an overrun, another
    /// group or the lack of a Command Field is refused.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut command = Self { body: Vec::with_capacity(bytes.len()), last: 0 };
        let mut rest = bytes;
        while !rest.is_empty() {
            let (group, element, _, after) = split(rest)?;
            if group != 0 {
                return None;
            }
            if element != 0 {
                command.body.extend_from_slice(rest.get(..rest.len() - after.len())?);
                command.last = command.last.max(element);
            }
            rest = after;
        }
        command.us(FIELD).map(|_| command)
    }

    fn elements(&self) -> impl Iterator<Item = (u16, &[u8])> {
        let mut rest = self.body.as_slice();
        std::iter::from_fn(move || {
            let (_, element, value, after) = split(rest)?;
            rest = after;
            Some((element, value))
        })
    }

    /// The last one counts where an element comes twice.
    fn value(&self, element: u16) -> Option<&[u8]> {
        self.elements().filter(|(known, _)| *known == element).last().map(|(_, value)| value)
    }
}

/// Group, element and value of the first element, and what follows it.
fn split(bytes: &[u8]) -> Option<(u16, u16, &[u8], &[u8])> {
    let (header, tail) = bytes.split_first_chunk::<8>()?;
    let [g0, g1, e0, e1, l0, l1, l2, l3] = *header;
    let length = usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).ok()?;
    let (value, after) = tail.split_at_checked(length)?;
    Some((u16::from_le_bytes([g0, g1]), u16::from_le_bytes([e0, e1]), value, after))
}

fn push(out: &mut Vec<u8>, element: u16, value: &[u8], pad: u8) {
    let odd = value.len() % 2 == 1;
    let length = u32::try_from(value.len()).unwrap_or(u32::MAX).saturating_add(u32::from(odd));
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(&element.to_le_bytes());
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(value);
    if odd {
        out.push(pad);
    }
}

/// A UID without its padding; `None` where it is empty, too long or not printable. Odd but printable UIDs pass:
/// they are only compared and kept.
#[must_use]
pub fn uid_text(value: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(value).ok()?.trim_matches(['\0', ' ']);
    let fits = !text.is_empty() && text.len() <= 64 && text.bytes().all(|b| b.is_ascii_graphic());
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test stops where something is not as it must be"
    )]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_command_reads_back_and_nonsense_does_not() {
        let command = Command::new(C_STORE_RQ)
            .with_uid(AFFECTED_SOP_INSTANCE, "1.2.3")
            .with_us(MESSAGE_ID, 7)
            .with_data_set();
        let bytes = command.encode();
        assert_eq!(bytes.len() % 2, 0);
        let back = Command::decode(&bytes).unwrap();
        assert_eq!(back, command);
        assert_eq!(back.uid(AFFECTED_SOP_INSTANCE).as_deref(), Some("1.2.3"));
        assert_eq!((back.us(MESSAGE_ID), back.has_data_set()), (Some(7), true));
        assert!(Command::decode(&bytes[..bytes.len() - 1]).is_none());
        assert!(Command::decode(&[0, 0, 0, 9, 255, 255, 255, 255]).is_none());
        assert!(Command::decode(&[]).is_none());
        assert!(!format!("{command:?}").contains("1.2.3"));
    }

    #[test]
    fn elements_are_written_in_ascending_order_however_they_are_set() {
        let numbers = |command: &Command| command.elements().map(|(element, _)| element).collect::<Vec<_>>();
        let command = Command::new(C_STORE_RQ)
            .with_uid(AFFECTED_SOP_INSTANCE, "1.2.3")
            .with_uid(AFFECTED_SOP_CLASS, "1.2")
            .with_us(PRIORITY, 0)
            .with_us(PRIORITY, 2);
        assert_eq!(numbers(&command), [0x0002, 0x0100, 0x0700, 0x0800, 0x1000]);
        assert_eq!(command.us(PRIORITY), Some(2));
        let bytes = command.encode();
        assert_eq!(u32::from_le_bytes(bytes[8..12].try_into().unwrap()) as usize, bytes.len() - 12);
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
            let _ = Command::decode(&bytes);
        }
    }
}
