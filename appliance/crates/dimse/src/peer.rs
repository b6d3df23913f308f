//! Who is to be associated with, and what is proposed.

use std::time::Duration;

use crate::tls::ClientFiles;

/// A peer, the titles to use and how long it may take. `Debug` prints a stub.
#[derive(Clone)]
pub struct Peer {
    /// `host:port`; the name is resolved anew for each association.
    pub address: String,
    /// Its AE title.
    pub called: String,
    /// Ours.
    pub calling: String,
    /// How long it may take to answer, or to take what we send.
    pub patience: Duration,
    /// The files of TLS, read anew for each association; `None`: plain DICOM.
    pub tls: Option<ClientFiles>,
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Peer")
    }
}

impl Peer {
    /// The host of its address, without the brackets of an IPv6 address.
    pub(crate) fn host(&self) -> &str {
        host_of(&self.address)
    }
}

/// The host in `host:port`, without the brackets of an IPv6 address.
#[must_use]
pub fn host_of(address: &str) -> &str {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    host.trim_start_matches('[').trim_end_matches(']')
}

/// A presentation context to propose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Abstract syntax (SOP class UID).
    pub abstract_syntax: String,
    /// Transfer syntax UIDs in order of preference.
    pub transfer_syntaxes: Vec<String>,
    /// We are the provider of this class on an association of our own (role selection, PS3.7 D.3.3.4): for
    /// N-EVENT-REPORT on a new association.
    pub as_provider: bool,
}

impl Proposal {
    /// A class in one transfer syntax, as its user.
    #[must_use]
    pub fn new(abstract_syntax: &str, transfer_syntax: &str) -> Self {
        Self {
            abstract_syntax: abstract_syntax.to_owned(),
            transfer_syntaxes: vec![transfer_syntax.to_owned()],
            as_provider: false,
        }
    }
}
