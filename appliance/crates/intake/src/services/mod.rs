//! The N-services of reception: performed procedure steps (PS3.4 annex F) and storage commitment (annex J).
//!
//! Their data sets are small and gathered in memory within a bound; our own reader in `dicom` reads them. What they
//! mean is decided by who carries them out, behind [`Services`].

mod answer;
mod backend;
mod offer;
mod reports;
mod serve;
mod steps;
#[cfg(test)]
mod tests;

pub(crate) use answer::{Answer, TOO_LONG};
pub use backend::{Asker, Event, Services};
pub(crate) use offer::{choose, is_service, peer_may_provide, takes};
pub(crate) use reports::{ReportQueue, event_request};
pub(crate) use serve::{LIMIT, serve};
pub(crate) use steps::STEPS_ANSWERED;
pub use steps::{StepCreate, StepSet};
