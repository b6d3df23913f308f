//! Command sets (PS3.7 6.3.1 and annex E): implicit little endian, group 0000, elements in ascending order.

use std::collections::BTreeMap;

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
/// Set in the command field of every response.
pub const RESPONSE: u16 = 0x8000;
/// Value of [`DATA_SET_TYPE`] that says "no data set"; every other value says that one follows.
pub const NO_DATA_SET: u16 = 0x0101;

/// Longest command set taken, in bytes.
pub(super) const LIMIT: usize = 64 << 10;

/// A command set. Group length is written by [`Command::encode`]; `Debug` prints a stub.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Command {
    elements: BTreeMap<u16, Vec<u8>>,
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
        Self::default().with_us(FIELD, field).with_us(DATA_SET_TYPE, NO_DATA_SET)
    }

    /// Sets an element of VR US.
    #[must_use]
    pub fn with_us(mut self, element: u16, value: u16) -> Self {
        self.elements.insert(element, value.to_le_bytes().to_vec());
        self
    }

    /// Sets an element of VR UI, padded with a zero byte to even length.
    #[must_use]
    pub fn with_uid(mut self, element: u16, uid: &str) -> Self {
        let mut bytes = uid.as_bytes().to_vec();
        if bytes.len() % 2 == 1 {
            bytes.push(0);
        }
        self.elements.insert(element, bytes);
        self
    }

    /// Says that a data set follows.
    #[must_use]
    pub fn with_data_set(self) -> Self {
        self.with_us(DATA_SET_TYPE, 0x0001)
    }

    /// An element of VR US.
    #[must_use]
    pub fn us(&self, element: u16) -> Option<u16> {
        let value = self.elements.get(&element)?;
        Some(u16::from_le_bytes([*value.first()?, *value.get(1)?]))
    }

    /// An element of VR UI without its padding. It comes from the wire: for comparing and storing, not for logs.
    #[must_use]
    pub fn uid(&self, element: u16) -> Option<String> {
        let text = std::str::from_utf8(self.elements.get(&element)?).ok()?.trim_matches(['\0', ' ']);
        (!text.is_empty() && text.len() <= 64).then(|| text.to_owned())
    }

    /// Whether a data set follows.
    #[must_use]
    pub fn has_data_set(&self) -> bool {
        self.us(DATA_SET_TYPE).is_some_and(|kind| kind != NO_DATA_SET)
    }

    /// Its bytes, group length first.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(256);
        for (element, value) in &self.elements {
            push(&mut body, *element, value);
        }
        let mut out = Vec::with_capacity(body.len() + 12);
        push(&mut out, 0x0000, &u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
        out.extend_from_slice(&body);
        out
    }

    /// Reads a command set; unknown elements of group 0000 are kept, an overrun or another group is refused.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut command = Self::default();
        let mut rest = bytes;
        while !rest.is_empty() {
            let (header, tail) = rest.split_at_checked(8)?;
            let [g0, g1, e0, e1, l0, l1, l2, l3] = header else { return None };
            let length = usize::try_from(u32::from_le_bytes([*l0, *l1, *l2, *l3])).ok()?;
            let (value, after) = tail.split_at_checked(length)?;
            if (*g0, *g1) != (0, 0) {
                return None;
            }
            command.elements.insert(u16::from_le_bytes([*e0, *e1]), value.to_vec());
            rest = after;
        }
        command.elements.remove(&0x0000);
        command.us(FIELD).map(|_| command)
    }
}

fn push(out: &mut Vec<u8>, element: u16, value: &[u8]) {
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(&element.to_le_bytes());
    out.extend_from_slice(&u32::try_from(value.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(value);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
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

    proptest! {
        #[test]
        fn random_bytes_never_surprise_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = Command::decode(&bytes);
        }
    }
}
