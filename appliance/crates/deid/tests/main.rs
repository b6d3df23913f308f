//! De-identification as other crates use it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops where something is not as it must be"
)]

mod deid_back;
mod deid_golden;
mod deid_private;
mod deid_properties;
