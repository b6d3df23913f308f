//! Syslog messages (RFC 5424) and their frames on a stream (RFC 5425 section 4.3, RFC 6587 octet counting).

use super::dicom::{Source, message};
use super::entry::{Entry, timestamp};

/// Facility 10 (security and authorisation), severity 5 (notice): 10 * 8 + 5 (PS3.15 A.6).
const PRIORITY: u8 = 85;
/// MSGID of audit messages (PS3.15 A.6).
const MSGID: &str = "DICOM+RFC3881";

/// A header field: printable ASCII without spaces, at most `max` characters; `-` when nothing is left.
fn field(text: &str, max: usize) -> String {
    let kept: String = text.chars().filter(char::is_ascii_graphic).take(max).collect();
    if kept.is_empty() { "-".to_owned() } else { kept }
}

/// One framed message: length in bytes, a space, the message. `number` is the line in the audit file: a collector
/// that gets a message twice knows it by `sequenceId` (RFC 5424 section 7.3.1, which counts to 2147483647).
pub(super) fn frame(number: u64, entry: &Entry, source: &Source) -> Vec<u8> {
    let text = format!(
        "<{PRIORITY}>1 {} {} scanside - {MSGID} [meta sequenceId=\"{}\"] \u{feff}{}",
        timestamp(entry.at),
        field(&source.host, 255),
        (number.saturating_sub(1) % 2_147_483_647) + 1,
        message(entry, source)
    );
    let mut frame = format!("{} ", text.len()).into_bytes();
    frame.extend_from_slice(text.as_bytes());
    frame
}
