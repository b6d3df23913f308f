//! What the control process asks of a worker and what it may answer: plain, bounded values, checked like the wire.
//!
//! Descriptors travel beside the message in the order given here: first the worker's one output file (empty, write
//! only), then one read-only descriptor for each file that instances lie in: many share a segment of the store, and a
//! study of 2,000 must not take 2,000. A worker opens nothing by itself; what the store sealed it reads, and what the
//! store will keep sealed it writes, with the key of that one entry.
//! Pieces of the output are named by offset (of plain bytes), length and BLAKE3 digest in the answer.

mod check;
mod deid;
mod error;
mod explain;
mod files;
mod frame;
mod message;
mod pack;
mod restore;
mod secret;
mod triage;

pub use check::check_answer;
pub use deid::{DeidAnswer, DeidJob, DeidLine, DeidOrder, Faces, PixelText, RedactedArea};
pub use error::Fault;
pub use explain::{ExplainJob, Explained, MAX_EXPLAINED};
pub use files::{EncryptedOutput, InstanceRef, Sealed};
pub use frame::{FrameJob, PreviewMark};
pub use message::{Answer, Failure, Job, MAX_INSTANCES, memory_of};
pub use pack::{PackAnswer, PackJob};
pub use restore::{MAX_PSEUDONYMS, RestoreJob, RestoredLine};
pub use secret::Secret;
pub use triage::{ListFacts, MAX_PREVIEWS, TriageAnswer, TriageJob};
