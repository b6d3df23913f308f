//! The box beside the scanner: receives DICOM, keeps it safe, takes identity out, triages, escalates, shows.
//!
//! Rooms by floor; a room may use floors below it, never its own, never above (`tests/tidy.rs` holds this).
//!
//! | floor | rooms |
//! |---|---|
//! | 5 | `cli` (and the binary) |
//! | 4 | `house`, `conveyor`, `worker` |
//! | 3 | `intake`, `forward`, `triage`, `escalation`, `review`, `alarm` |
//! | 2 | `ledger`, `store`, `audit`, `pixels` |
//! | 1 | `deid`, `study`, `grey`, `job`, `oversight` |
//! | 0 | `dicom`, and the crates `proto` and `models` |

pub mod alarm;
pub mod cases;
pub mod cli;
pub mod conveyor;
pub mod escalation;
pub mod forward;
pub mod house;
pub mod review;
