//! One behaviour of the whole per file, with the real programs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops where something is not as it must be"
)]

mod answered;
#[cfg(feature = "browser")]
mod browser;
mod check;
mod clock;
mod collisions;
mod commitment;
mod completion;
mod conformant;
mod corrected;
mod decoders;
mod faces;
mod facts;
mod forwards;
mod full_database;
#[cfg(feature = "browser")]
mod full_frame;
mod guards;
mod hostile;
mod identity;
mod kills_while_receiving;
mod long_objects;
mod metrics;
mod model_commands;
mod no_worker;
mod noted;
mod odd_files;
mod one_clock;
mod open_files;
mod oversight;
mod padding;
mod persons;
mod pixel_text;
mod readme;
#[cfg(feature = "browser")]
mod redacted;
mod replanned;
mod restored;
mod site_files;
mod statement;
mod tidy;
mod travel;
mod vault;
