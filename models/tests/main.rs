//! Bundles and sessions as other crates use them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops where something is not as it must be"
)]

mod add;
mod alone;
mod bundles;
mod sessions;
