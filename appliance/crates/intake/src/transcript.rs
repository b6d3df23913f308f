//! One readable transcript per association, without identity: what was proposed, what came, how it ended.
//!
//! Kept in memory for the last associations; no AE title from the wire, no instance UID, no attribute value.
use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use dicom::sop_classes::class_name;
use dicom::transfer_syntaxes::syntax_name;
use dimse::Status;

/// Accepted associations remembered.
const ACCEPTED: usize = 200;
/// Rejected ones remembered, apart: they must not push out the others.
const REJECTED: usize = 50;
/// Messages listed one by one; the others are in the totals.
const MESSAGES: usize = 64;
/// Proposed transfer syntaxes named in one context.
const SYNTAXES: usize = 12;
/// Different kinds of totals.
const TOTALS: usize = 64;

/// What one association did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transcript {
    /// Its number, as in the log and in the ledger.
    pub association: u64,
    /// When its request came, ms since 1970 UTC.
    pub began: i64,
    /// How long it lasted, ms; none while it is open.
    pub lasted: Option<u64>,
    /// Where it came from.
    pub address: String,
    /// The AE title of the configuration's block that admitted it.
    pub caller: Option<String>,
    /// TLS version and cipher suite; none for plain DICOM.
    pub tls: Option<String>,
    /// Its presentation contexts.
    pub contexts: Vec<ContextLine>,
    /// The first messages, one by one.
    pub messages: Vec<MessageLine>,
    /// All messages, by kind and status.
    pub totals: Vec<Total>,
    /// How it ended, or that it is open.
    pub outcome: String,
}

/// One presentation context (PS3.8 9.3.2.2 and 9.3.3.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextLine {
    /// Presentation context ID.
    pub id: u8,
    /// Name of the SOP class.
    pub sop_class: String,
    /// Names of the transfer syntaxes that were proposed.
    pub proposed: Vec<String>,
    /// Name of the one that was accepted, or why none was.
    pub result: String,
}

/// One message with its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageLine {
    /// When its command was complete, ms after the request.
    pub at: u64,
    /// The operation.
    pub what: String,
    /// Presentation context ID.
    pub context: u8,
    /// Data set bytes.
    pub bytes: u64,
    /// From its command to our answer, ms.
    pub took: u64,
    /// The DIMSE status answered, four hexadecimal digits.
    pub status: String,
}

/// Messages of one kind with one status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Total {
    /// The operation.
    pub what: String,
    /// The DIMSE status answered.
    pub status: String,
    /// How many.
    pub count: u64,
    /// Their data set bytes.
    pub bytes: u64,
}

/// The transcripts of the last associations.
#[derive(Default)]
pub struct Transcripts {
    accepted: Mutex<VecDeque<Arc<Mutex<Transcript>>>>,
    rejected: Mutex<VecDeque<Transcript>>,
}

impl Transcripts {
    /// The newest first; open ones as far as they are.
    pub fn list(&self) -> Vec<Transcript> {
        let mut all: Vec<Transcript> =
            lock(&self.accepted).iter().map(|transcript| lock(transcript).clone()).collect();
        all.extend(lock(&self.rejected).iter().cloned());
        all.sort_by_key(|transcript| std::cmp::Reverse(transcript.association));
        all
    }

    /// A rejected association.
    pub(crate) fn rejected(&self, mut transcript: Transcript, reason: &str) {
        transcript.lasted = Some(0);
        transcript.outcome = format!("rejected: {reason}");
        let mut rejected = lock(&self.rejected);
        rejected.truncate(REJECTED - 1);
        rejected.push_front(transcript);
    }

    /// An accepted association, from now on kept up by its writer.
    pub(crate) fn accepted(&self, mut transcript: Transcript) -> TranscriptWriter {
        transcript.outcome = "open".into();
        let transcript = Arc::new(Mutex::new(transcript));
        let mut accepted = lock(&self.accepted);
        accepted.truncate(ACCEPTED - 1);
        accepted.push_front(Arc::clone(&transcript));
        TranscriptWriter { transcript, began: Instant::now() }
    }
}

impl Transcript {
    /// At the request.
    pub(crate) fn begin(association: u64, address: IpAddr, tls: Option<String>) -> Transcript {
        Transcript {
            association,
            began: proto::clock::now(),
            address: address.to_string(),
            tls,
            ..Transcript::default()
        }
    }
}

/// Keeps one transcript up.
pub(crate) struct TranscriptWriter {
    transcript: Arc<Mutex<Transcript>>,
    began: Instant,
}

impl TranscriptWriter {
    /// A message was answered. `since`: when its command was complete; `field`: its command field.
    pub(crate) fn message(&self, field: u16, context: u8, bytes: u64, since: Instant, status: Status) {
        let (what, status) = (operation(field), status.to_string());
        let mut transcript = lock(&self.transcript);
        let known = transcript.totals.iter_mut().find(|t| t.what == what && t.status == status);
        if let Some(total) = known {
            total.count += 1;
            total.bytes += bytes;
        } else if transcript.totals.len() < TOTALS {
            let total = Total { what: what.into(), status: status.clone(), count: 1, bytes };
            transcript.totals.push(total);
        }
        if transcript.messages.len() < MESSAGES {
            let at = millis(since.saturating_duration_since(self.began));
            let took = millis(since.elapsed());
            transcript.messages.push(MessageLine { at, what: what.into(), context, bytes, took, status });
        }
    }

    /// It is over.
    pub(crate) fn ended(&self, outcome: impl Into<String>) {
        let mut transcript = lock(&self.transcript);
        transcript.lasted = Some(millis(self.began.elapsed()));
        transcript.outcome = outcome.into();
    }
}

/// A context as the transcript shows it.
pub(crate) fn line(id: u8, class: &str, syntaxes: &[String], result: Result<&str, &str>) -> ContextLine {
    let mut proposed: Vec<String> = syntaxes.iter().take(SYNTAXES).map(|uid| syntax(uid)).collect();
    if syntaxes.len() > SYNTAXES {
        proposed.push(format!("and {} more", syntaxes.len() - SYNTAXES));
    }
    let result = match result {
        Ok(uid) => format!("accepted: {}", syntax(uid)),
        Err(why) => format!("refused: {why}"),
    };
    let known = class_name(class).map(str::to_owned);
    ContextLine { id, sop_class: known.unwrap_or_else(|| stranger(class)), proposed, result }
}

fn syntax(uid: &str) -> String {
    syntax_name(uid).map_or_else(|| stranger(uid), str::to_owned)
}

/// A UID of a class or syntax that the standard does not know, as far as it is one.
fn stranger(uid: &str) -> String {
    let is_uid = !uid.is_empty() && uid.len() <= 64 && uid.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if is_uid { uid.to_owned() } else { "not a UID".into() }
}

/// The operation of a command field (PS3.7 annex E.1).
fn operation(field: u16) -> &'static str {
    match field & 0x7FFF {
        0x0001 => "C-STORE",
        0x0010 => "C-GET",
        0x0020 => "C-FIND",
        0x0021 => "C-MOVE",
        0x0030 => "C-ECHO",
        0x0100 => "N-EVENT-REPORT",
        0x0110 => "N-GET",
        0x0120 => "N-SET",
        0x0130 => "N-ACTION",
        0x0140 => "N-CREATE",
        0x0150 => "N-DELETE",
        _ => "unknown operation",
    }
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test stops where something is not as it must be"
    )]
    use super::*;

    fn begin(association: u64) -> Transcript {
        Transcript::begin(association, "10.0.0.7".parse().unwrap(), None)
    }

    #[test]
    fn the_oldest_go_and_rejected_ones_push_out_no_accepted_ones() {
        let all = Transcripts::default();
        for number in 0..300 {
            all.accepted(begin(number)).ended("released");
        }
        for number in 300..600 {
            all.rejected(begin(number), "unknown");
        }
        let list = all.list();
        assert_eq!(list.len(), ACCEPTED + REJECTED);
        assert_eq!((list[0].association, list[REJECTED].association), (599, 299));
        assert_eq!(list.last().unwrap().association, 100);
    }

    #[test]
    fn messages_are_bounded_and_all_are_in_the_totals() {
        let all = Transcripts::default();
        let writer = all.accepted(begin(1));
        for number in 0..1000u16 {
            let status = if number % 10 == 0 { Status::MISMATCH } else { Status::SUCCESS };
            writer.message(1, 1, 10, Instant::now(), status);
        }
        for status in 0..1000 {
            writer.message(2, 1, 0, Instant::now(), Status(status));
        }
        let found = &all.list()[0];
        assert_eq!((found.messages.len(), found.totals.len()), (MESSAGES, TOTALS));
        assert_eq!((found.totals[0].count, found.totals[1].count), (100, 900));
        assert_eq!((found.totals[0].status.as_str(), found.totals[1].bytes), ("A900", 9000));
        assert_eq!((found.outcome.as_str(), found.lasted), ("open", None));
    }

    #[test]
    fn only_what_is_a_uid_is_shown() {
        let shown = line(1, "PLANTED^NAME", &["1.2.3".into(), "PLANTED".into()], Err("not offered"));
        assert_eq!(
            (shown.sop_class.as_str(), shown.proposed),
            ("not a UID", vec!["1.2.3".into(), "not a UID".into()])
        );
        let many: Vec<String> = (0..100).map(|i| format!("1.2.{i}")).collect();
        let ct = line(3, "1.2.840.10008.5.1.4.1.1.2", &many, Ok("1.2.840.10008.1.2"));
        assert_eq!((ct.sop_class.as_str(), ct.proposed.len()), ("CT Image Storage", SYNTAXES + 1));
        assert_eq!(ct.result, "accepted: Implicit VR Little Endian");
    }
}
