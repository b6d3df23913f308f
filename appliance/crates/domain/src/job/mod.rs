//! What the conveyor asks of a worker and what it may answer: plain, bounded values, checked like the wire.
//!
//! Descriptors travel beside the message in the order given here: first the one output file (empty, write
//! only, called the bag), then one read-only descriptor for each file that instances lie in: many share a segment of
//! the store, and a study of 2,000 must not take 2,000. A worker opens nothing by itself; what the
//! store sealed it reads, and what the store will keep sealed it writes, with the key of that one entry.
//! Pieces of the bag are named by offset (of plain bytes), length and BLAKE3 digest in the answer.

use std::collections::{BTreeMap, BTreeSet};

use proto::case::{CaseManifest, Disposition, Finding, Plan, Priority};
use proto::ids::SiteId;
use serde::{Deserialize, Serialize};

mod check;
mod deid;
mod explain;
mod files;
mod restore;
mod secret;

pub use check::{Fault, check_answer};
pub use deid::{DeidAnswer, DeidOrder, DrawnArea, Faces, PixelText};
pub use explain::{ExplainJob, Explained, MAX_EXPLAINED};
pub use files::{InstanceRef, Sealed, SealedBag};
pub use restore::{MAX_PSEUDONYMS, RestoreJob, RestoredLine};
pub use secret::Secret;

use ::deid::ReidentificationMap;

/// Longest message either way, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 16 << 20;
/// Most instances of one study that are handed to a worker in one job.
pub const MAX_INSTANCES: usize = 2_000;
/// Most previews a worker may make of one study.
pub const MAX_PREVIEWS: usize = 64;

/// One job: one study, then the worker exits.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Job {
    /// De-identify in memory, decode, run the bundle that takes the study, make previews.
    Triage(TriageJob),
    /// De-identify again, search the bytes, seal; the bag becomes the envelope.
    Seal(Box<SealJob>),
    /// De-identify to P10 files, one bag piece per instance (`appliance deid`).
    Deid(DeidJob),
    /// What de-identification does to every attribute of one instance.
    Explain(ExplainJob),
    /// Which pseudonyms of this site stand in the instances.
    Pseudonyms(RestoreJob),
    /// Put back what the pseudonyms replaced, one bag piece per instance (`appliance reidentify`).
    Restore(RestoreJob),
    /// Decode one frame of one instance to 16-bit values in the bag.
    Frame(FrameJob),
    /// What `appliance try` shows: what de-identification changes and which bundle would run.
    Try(TriageJob),
}

/// A study to triage.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TriageJob {
    /// The study's instances in order of arrival.
    pub instances: Vec<InstanceRef>,
    /// Policy and key.
    pub deid: DeidOrder,
    /// Whether previews are wanted.
    pub previews: bool,
    /// How the bag is to be sealed; `None`: plain.
    #[serde(default)]
    pub bag: Option<SealedBag>,
}

/// A case to pack, seal and sign.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealJob {
    /// The study's instances in order of arrival.
    pub instances: Vec<InstanceRef>,
    /// Policy and key; the digest of the plan must equal `plan_digest`.
    pub deid: DeidOrder,
    /// Digest of the de-identification plan that was recorded with the disposition.
    pub plan_digest: String,
    /// Areas that a person has blacked out; not part of the plan's digest, which was recorded before.
    #[serde(default)]
    pub areas: Vec<DrawnArea>,
    /// The manifest without frames: the worker adds frames and facts.
    pub manifest: CaseManifest,
    /// What the frames travel as.
    pub plan: Plan,
    /// Whether de-identified P10 files follow the frames.
    pub with_p10: bool,
    /// The site as enrolled, bound into the envelope.
    pub site: SiteId,
    /// The reader's public keys, as `proto::keys::PublicKeys::to_text` writes them.
    pub reader_key: String,
    /// The site's signing half in hex, as `proto::keys::Signer::to_bytes` gives it.
    pub signing_key: Secret,
}

/// De-identify every instance to the bag.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeidJob {
    /// Instances in order.
    pub instances: Vec<InstanceRef>,
    /// Policy and key.
    pub deid: DeidOrder,
}

/// Decode one frame.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrameJob {
    /// The instance.
    pub instance: InstanceRef,
    /// Frame number from 0.
    pub frame: u32,
}

/// What came of a job.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Answer {
    /// To [`Job::Triage`] and [`Job::Try`].
    Triage(Box<TriageAnswer>),
    /// To [`Job::Seal`].
    Seal(SealAnswer),
    /// To [`Job::Deid`].
    Deid(Box<DeidAnswer>),
    /// To [`Job::Explain`].
    Explained(Vec<Explained>),
    /// To [`Job::Pseudonyms`].
    Pseudonyms(BTreeSet<String>),
    /// To [`Job::Restore`].
    Restored(Vec<RestoredLine>),
    /// To [`Job::Frame`].
    Frame(Preview),
    /// The job could not be done; nothing in the bag counts.
    Failed(Failure),
}

/// Why a job could not be done.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// In words, without identity.
    pub reason: String,
    /// The instance that was being worked on.
    pub instance: Option<u32>,
    /// The same job may succeed later: the disk was full or failed.
    pub retry: bool,
    /// To a seal job: the digest of the plan that de-identification makes now, where it is not the recorded one.
    #[serde(default)]
    pub replanned: Option<String>,
}

/// A piece of the bag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Piece {
    /// From the start of the bag, in bytes.
    pub offset: u64,
    /// In bytes.
    pub length: u64,
    /// BLAKE3 of the piece, in hex.
    pub blake3: String,
}

/// A picture for the page: half-size levels of 16-bit little-endian values, row by row.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preview {
    /// Index of the instance in the job.
    pub instance: u32,
    /// Frame from 0.
    pub frame: u32,
    /// Level: 0 is full size, 1 half, 2 a quarter.
    pub level: u8,
    /// Rows of the level.
    pub rows: u32,
    /// Columns of the level.
    pub columns: u32,
    /// Where the values are.
    pub piece: Piece,
    /// First value of `u16` is this output unit, each step is `step` units (HU for CT).
    pub first: f64,
    /// Output units per step.
    pub step: f64,
    /// Default window centre and width in output units.
    pub window: (f64, f64),
    /// MONOCHROME1: shown inverted.
    pub inverted: bool,
}

/// Facts for the list; nothing here identifies beyond what the technician must match at the table.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListFacts {
    /// Modality, e.g. `DX`.
    pub modality: String,
    /// Body Part Examined.
    pub body_part: String,
    /// View Position.
    pub view: String,
    /// Last four characters of the Accession Number.
    pub accession_tail: String,
    /// Station Name, shown as the room.
    pub station: String,
    /// Patient's name as stored, for "I am looking" alone. Identifying.
    pub patient_name: String,
}

/// What triage found out about one stable study.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TriageAnswer {
    /// For the page's list. Stays at the site.
    pub facts: ListFacts,
    /// The disposition, before the site's mode is applied.
    pub disposition: Disposition,
    /// In words.
    pub reason: String,
    /// Bundle name, empty when none took the study.
    pub bundle: String,
    /// Bundle version.
    pub version: String,
    /// Digest of the bundle's manifest as the worker loaded it; empty when none took the study.
    pub digest: String,
    /// All findings of the bundle.
    pub findings: Vec<Finding>,
    /// Priority the findings ask for.
    pub priority: Priority,
    /// The input gate.
    pub gate: Option<Gate>,
    /// Why a person must look before anything of it may leave; empty: may leave.
    pub holds: Vec<String>,
    /// Digest of the de-identification plan.
    pub plan_digest: String,
    /// Counts of actions by code (D, Z, X, K, C, U).
    pub actions: BTreeMap<String, u64>,
    /// Pictures for the page.
    pub previews: Vec<Preview>,
    /// Where findings were seen.
    pub places: Vec<PlacedFinding>,
    /// Instances that could not be read, with the reason in words.
    pub unreadable: Vec<(u32, String)>,
    /// Milliseconds spent.
    pub ms: Timings,
}

/// Where a finding was seen on one frame, on a grid of 32 x 32 cells over the whole image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlacedFinding {
    /// Name of the finding, for people.
    pub name: String,
    /// The instance, by its number in the job.
    pub instance: u32,
    /// Frame, from 0.
    pub frame: u32,
    /// Rows from the top; bit 0 of each is its leftmost cell.
    pub rows: Vec<u32>,
}

/// The input gate's verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// Measured value.
    pub score: f64,
    /// Its limit.
    pub limit: f64,
    /// Whether the input is one the bundle was made for.
    pub passed: bool,
}

/// Where the time went, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timings {
    /// Reading headers, planning the de-identification, looking for text in the pixels; 0 in rows of before it was measured.
    #[serde(default)]
    pub deid: f64,
    /// Reading and decoding the frames that are shown or run.
    pub decode: f64,
    /// Window, resize, tensor.
    pub input: f64,
    /// The model.
    pub run: f64,
    /// The whole job.
    pub total: f64,
}

/// A sealed case: the whole bag is the envelope.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealAnswer {
    /// Random envelope id, hex.
    pub envelope: String,
    /// BLAKE3 of the envelope, hex.
    pub digest: String,
    /// Bytes of the plain content.
    pub plain_bytes: u64,
    /// Bytes of the envelope.
    pub sealed_bytes: u64,
    /// Values searched for in the plain content by the second pass; it found none.
    pub searched: u64,
    /// What the image plan would have taken, and what the embedding plan took, when both are known.
    pub image_bytes: u64,
    /// Bytes of the frames as sent.
    pub frame_bytes: u64,
    /// What leads back from the pseudonyms of the case. Identified: it stays at the site.
    pub way_back: ReidentificationMap,
    /// The statement of the case ([`deid::Statement`]), as the very text that was signed.
    pub statement: String,
    /// The site's signature over the statement's digest, in hex.
    pub signature: String,
}

/// One line of `appliance deid --json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeidLine {
    /// Index of the instance in the job.
    pub instance: u32,
    /// `done`, `held` or `refused`.
    pub status: String,
    /// In words.
    pub reason: String,
    /// Counts of actions by code.
    pub actions: BTreeMap<String, u64>,
    /// Areas blacked out.
    pub boxes: u32,
    /// The de-identified P10 file, when done.
    pub piece: Option<Piece>,
}
