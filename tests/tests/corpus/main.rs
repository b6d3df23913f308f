//! Behaviours over real, odd and malformed files and files with planted identity, which are not part of the project.
//!
//! `make corpus` unpacks them and says where in `SCANSIDE_CORPUS_DIR`; each behaviour prints what it measured.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod commands;
mod files;
mod peak;
mod planted;
mod previews;
mod score;
mod table;
mod wire;
