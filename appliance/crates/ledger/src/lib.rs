//! The ledger: one SQLite file that says who sent what, what triage answered, what left and what came home.
//!
//! Written by the control process alone, in WAL with `synchronous = FULL`. Instance rows can be rebuilt from
//! the store's entry files; everything else here is the only copy, so a lost ledger is reported and never
//! silently recreated. Functions take the time (ms since 1970 UTC) from their caller.

mod acceptances;
mod accounts;
mod adopt;
mod areas;
mod arrival;
mod backup;
mod calls;
mod cases;
mod collisions;
mod columns;
mod commitments;
mod connect;
mod copy;
mod corrections;
mod counts;
mod error;
mod events;
mod evict;
#[cfg(test)]
mod failing_tests;
mod find;
mod forward_rows;
mod forwards;
mod instances;
mod ledger;
mod list;
mod moves;
mod name;
mod new_id;
mod notes;
mod open;
mod outcomes;
mod oversight;
#[cfg(test)]
mod oversight_tests;
mod patient_index;
mod reads;
mod refused;
mod remembered;
mod reports;
mod revisions;
mod row_id;
mod sealer;
mod statements;
mod steps;
#[cfg(any(test, feature = "test-support"))]
mod test_support;
#[cfg(test)]
mod tests;
mod text_column;
mod time;
mod upgrade;
mod upload;
mod upstream;
mod vault;
#[cfg(test)]
mod vault_tests;
mod vault_write;
mod word;

pub use acceptances::AcceptanceRow;
pub use accounts::{CODE_MS, Session, UserRow};
pub use adopt::KnownEntry;
pub use arrival::Arrival;
pub use calls::{CallRow, OpenFlag};
pub use cases::{CaseRow, NewCase, Sealed};
pub use collisions::{CollisionAnswer, Collisions, Which, collision_line};
pub use commitments::{Asked, CommitmentCounts, CommitmentItem, CommitmentRow, Held};
pub use copy::open_copy;
pub use corrections::{EarlierCase, UnreadNote};
pub use counts::Counts;
pub use error::{Error, Result};
pub use events::EventRow;
pub use evict::{Evicted, HeldBack, Proof};
pub use forward_rows::{ForwardQueue, ForwardRow};
pub use forwards::{DueForward, ForwardOutcome, Onward};
pub use instances::{Arrived, InstanceRow};
pub use ledger::Ledger;
pub use list::{ListQuery, StudyDetail, StudyRow};
pub use new_id::new_id;
pub use outcomes::{Outcomes, Spread, WITHDRAWN};
pub use oversight::{NewLevel, Reliance, WatchRow};
pub use patient_index::OldIdentity;
pub use refused::{NewRefusal, RefusedRow};
pub use revisions::{DispositionRow, NewDisposition, Pending};
pub use row_id::{CommitmentId, UpstreamId};
pub use sealer::{Column, Sealer};
pub use statements::StatementRow;
pub use steps::{NewStep, StepChange, StepChanged, StepMade};
pub use time::Start;
pub use upload::Waiting;
pub use upstream::{Standing, UpstreamRow};
pub use vault::VaultRow;
pub use vault_write::Contradiction;
