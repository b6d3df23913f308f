//! Both ends of TLS: one profile, their files with every fault, sessions that are never resumed.

mod client;
mod files;
mod profile;
mod server;
mod validity;

pub use client::{ClientFiles, inspect_client, is_server_name};
pub(crate) use client::{handshake, session};
pub use files::others_can_read;
pub use profile::CIPHER_SUITES;
pub use server::{ClientCertificate, ServerFiles, ServerKeys, ServerTexts};
pub use validity::{Lasting, Validity, WARN_DAYS};
