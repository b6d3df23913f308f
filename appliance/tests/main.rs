//! The appliance as its callers meet it: its commands, its listeners, its page.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops where something is not as it must be"
)]

mod deid_profile;
mod intake_dcmtk;
mod intake_tls;
mod reception_commands;
mod review_page;
mod site_files;
mod tls_server;
mod worker_jobs;
