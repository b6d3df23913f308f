//! What the courier needs of the house. The integrator implements it over the ledger and the store.

use std::fs::File;
use std::future::Future;
use std::time::SystemTime;

use proto::case::Priority;
use proto::ids::{CaseId, EnvelopeDigest, EnvelopeId};
use proto::report::ReportContent;

/// The house could not read or write; it has logged why. The courier pauses and tries again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the house could not read or write")]
pub struct OutboxFailed;

/// A sealed case that waits to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueCase {
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
    /// Failures in a row, as last given to [`Outbox::postponed`]; 0 after progress.
    pub failures: u32,
}

/// What waits, as told to the cloud in `Hello`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Sealed cases without a receipt.
    pub waiting: u32,
    /// Age of the oldest in seconds.
    pub oldest_seconds: u64,
    /// Cases with a receipt and without a report.
    pub awaiting_report: u32,
}

/// Why a case or report stays where it is until a person does something. A word, never a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The cloud refuses the envelope: another site's, too large, other reader.
    ByCloud,
    /// The envelope file is not what was sealed.
    Damaged,
    /// A report whose signature or content does not hold.
    Report,
}

/// A report, opened and checked, with everything needed to record it.
#[derive(Debug, Clone, PartialEq)]
pub struct HomeReport {
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

/// What the house did with a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// Durable here, now or already before: the cloud may forget it.
    Kept,
    /// No such case here: the cloud keeps it.
    Unknown,
}

/// Why the cloud is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Away {
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
pub enum Link {
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
pub struct Phase {
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

/// The house as the courier sees it. Every write is durable when its future is done; every write may come twice
/// (the courier may be stopped between the cloud's answer and the record of it) and means the same the second time.
/// `async fn` may be written in implementations.
pub trait Outbox: Send + Sync + 'static {
    /// Sealed cases without a receipt whose next attempt is not after `now`: STAT first, then URGENT, then the
    /// longest waiting; at most `limit`.
    fn due(
        &self,
        now: SystemTime,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<DueCase>, OutboxFailed>> + Send;

    /// When the earliest postponed case becomes due; `None` when none waits.
    fn next_due(&self) -> impl Future<Output = Result<Option<SystemTime>, OutboxFailed>> + Send;

    /// Numbers for `Hello`.
    fn backlog(&self) -> impl Future<Output = Result<Backlog, OutboxFailed>> + Send;

    /// The envelope file, opened for reading from its start.
    fn open(&self, envelope: EnvelopeId) -> impl Future<Output = Result<File, OutboxFailed>> + Send;

    /// Progress: the cloud has `there` of `parts` parts; `sent_bytes` more bytes went over the wire. Sets failures to 0.
    fn sent(
        &self,
        envelope: EnvelopeId,
        there: u32,
        parts: u32,
        sent_bytes: u64,
    ) -> impl Future<Output = Result<(), OutboxFailed>> + Send;

    /// The cloud has committed the envelope under the digest that was sealed; `unix_ms` is the cloud's time.
    /// The envelope file may be deleted.
    fn received(
        &self,
        envelope: EnvelopeId,
        unix_ms: i64,
    ) -> impl Future<Output = Result<(), OutboxFailed>> + Send;

    /// An attempt failed; the next one not before this time. `failures` is the new count of failures in a row.
    fn postponed(
        &self,
        envelope: EnvelopeId,
        failures: u32,
        not_before: SystemTime,
    ) -> impl Future<Output = Result<(), OutboxFailed>> + Send;

    /// The envelope will not be sent again by itself: "could not be sent", for a person.
    fn refused(
        &self,
        envelope: EnvelopeId,
        why: Refusal,
    ) -> impl Future<Output = Result<(), OutboxFailed>> + Send;

    /// The cloud has another envelope of the same case and edition: this one is let go. With `committed` that other
    /// one is durable there, so the case counts as received; without, it is still on its way from this outbox.
    fn superseded(
        &self,
        envelope: EnvelopeId,
        committed: bool,
    ) -> impl Future<Output = Result<(), OutboxFailed>> + Send;

    /// Cases a person took back and the cloud was not told of yet; revision 0 means all editions.
    fn withdrawals(&self) -> impl Future<Output = Result<Vec<(CaseId, u32)>, OutboxFailed>> + Send;

    /// The cloud was told.
    fn withdrawn(&self, case: CaseId, revision: u32)
    -> impl Future<Output = Result<(), OutboxFailed>> + Send;

    /// Records a report.
    fn store_report(&self, report: HomeReport) -> impl Future<Output = Result<Stored, OutboxFailed>> + Send;

    /// Reports stored here whose confirmation was not recorded yet, with their digests: the courier may have been
    /// stopped between storing and confirming, and asks for them in every round.
    fn unconfirmed(
        &self,
    ) -> impl Future<Output = Result<Vec<(EnvelopeId, EnvelopeDigest)>, OutboxFailed>> + Send;

    /// The cloud was told that it may forget this report.
    fn confirmed(&self, envelope: EnvelopeId) -> impl Future<Output = Result<(), OutboxFailed>> + Send;

    /// A report that cannot be taken: shown with its case until a person acts.
    fn report_refused(
        &self,
        case: CaseId,
        revision: u32,
        why: Refusal,
    ) -> impl Future<Output = Result<(), OutboxFailed>> + Send;

    /// Where the cloud says the open cases are; called with every listing.
    fn phases(&self, phases: Vec<Phase>) -> impl Future<Output = Result<(), OutboxFailed>> + Send;

    /// The link's state changed.
    fn link(&self, link: Link) -> impl Future<Output = Result<(), OutboxFailed>> + Send;
}
