//! Transport of both ends: TLS 1.3 only, X25519MLKEM768 as the only key exchange, certificates both ways.
//!
//! tonic's own TLS takes no verifier, revocation list or reload, so both ends bring their own streams.

mod client;
mod config;
mod crypto;
mod error;
mod pinned;
mod server;
#[cfg(test)]
mod tests;

pub use client::{CloudUrl, connect};
pub use config::{client_config, enrol_config, server_config};
pub use error::Error;
pub use server::{Connection, Incoming, Peer, incoming, peer_site, server_builder};
