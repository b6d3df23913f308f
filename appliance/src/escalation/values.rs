//! What the courier and its queue hand each other, as values.

use std::time::SystemTime;

use proto::case::Priority;
use proto::ids::{CaseId, EnvelopeDigest, EnvelopeId};
use proto::report::ReportContent;

/// The ledger or the store refused; why is in the log. The courier pauses and tries again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the ledger or the store refused")]
pub struct QueueFailed;

/// A sealed case that waits to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DueCase {
    /// The envelope to send.
    pub envelope: EnvelopeId,
    /// The case inside.
    pub case: CaseId,
    /// Its edition.
    pub revision: u32,
    /// BLAKE3 over the envelope file, recorded at sealing; the receipt must say the same.
    pub digest: EnvelopeDigest,
    /// Priority now (it may have changed since sealing).
    pub priority: Priority,
    /// Modality (0008,0060), shown on the queue page before anybody opens the case.
    pub modality: String,
    /// Failures in a row, as last recorded; 0 after progress.
    pub failures: u32,
}

/// What waits, as told to the cloud in `Hello`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Backlog {
    /// Sealed cases without a receipt.
    pub waiting: u32,
    /// Age of the oldest in seconds.
    pub oldest_seconds: u64,
    /// Cases with a receipt and without a report.
    pub awaiting_report: u32,
}

/// Why a case or report stays where it is until a person does something. A word, never a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The cloud refuses the envelope: another site's, too large, other reader.
    ByCloud,
    /// The envelope file is not what was sealed.
    Damaged,
    /// A report whose signature or content does not hold.
    Report,
}

/// A report, opened and checked, with everything needed to record it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HomeReport {
    /// The case it answers.
    pub case: CaseId,
    /// The edition it answers.
    pub revision: u32,
    /// The report's own envelope.
    pub envelope: EnvelopeId,
    /// BLAKE3 over that envelope.
    pub digest: EnvelopeDigest,
    /// Length of that envelope in bytes.
    pub bytes: u64,
    /// What it says; apply it by [`ReportContent::effect`] only.
    pub content: ReportContent,
}

/// What became of a report here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stored {
    /// Durable here, now or already before: the cloud may forget it.
    Kept,
    /// No such case here: the cloud keeps it.
    Unknown,
}

/// Why the cloud is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Away {
    /// No connection.
    Unreachable,
    /// Connected, but certificates or key exchange do not fit.
    Handshake,
    /// Connected, but a certificate is not valid at the time that this machine shows.
    Clock,
    /// The cloud refuses this site.
    Refused,
    /// Another version of the contract.
    Version,
}

/// The state of the link, for the page: who reads it sees since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    /// The cloud answers.
    Up {
        /// Since when.
        since: SystemTime,
        /// The cloud's clock minus ours, milliseconds.
        skew_ms: i64,
    },
    /// The cloud is away; cases wait sealed.
    Away {
        /// Since when.
        since: SystemTime,
        /// Why.
        why: Away,
    },
}

/// Where the cloud says a case is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Phase {
    /// The case.
    pub case: CaseId,
    /// Its edition.
    pub revision: u32,
    /// Where it is.
    pub phase: proto::wire::CasePhase,
    /// Attempts by readers so far.
    pub attempts: u32,
    /// Why it was buried, at most 256 characters, control characters removed; else empty.
    pub reason: String,
}
