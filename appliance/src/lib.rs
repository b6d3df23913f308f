//! The box beside the scanner: receives DICOM, keeps it safe, takes identity out, triages, escalates, shows.
//!
//! What lies below are crates under `appliance/crates`; this one holds the features and their wiring. A folder may use
//! folders on floors below it, never its own, never above (`tests/tests/tidy.rs` holds this).
//!
//! | floor | folders |
//! |---|---|
//! | 6 | `cli` (and the binary) |
//! | 5 | `app`: wiring only |
//! | 4 | `arrivals`, `pipeline` |
//! | 3 | `cases`, `commitment`, `escalation`, `oversight`, `retention`, `vault` |
//! | 2 | `site`: what features share |
//! | 1 | `forward`, `review`, `alarm` |

mod alarm;
pub mod app;
mod arrivals;
pub mod cases;
pub mod cli;
mod commitment;
mod escalation;
mod forward;
mod oversight;
mod pipeline;
mod retention;
pub mod review;
mod site;
mod vault;
