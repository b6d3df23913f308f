//! Why there is no connection, and whether to try again.

/// Why a connection is not made or a configuration not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Certificates, key and authority do not fit each other: ours to mend.
    #[error("certificate, key or authority do not fit")]
    Configuration,
    /// Not an address of the form `https://host[:port]`: ours to mend.
    #[error("not an address of the form https://host[:port]")]
    Address,
    /// No connection to the address: worth a retry later.
    #[error("the far end cannot be reached")]
    Unreachable,
    /// Connected, but no handshake: other certificates, no post-quantum key exchange, or not our service.
    #[error("the far end was reached but the handshake failed")]
    Handshake,
    /// Connected, but the far end's certificate is not valid yet, or no more, at the time this machine shows: one of
    /// the two clocks is wrong, or nobody renewed it. The next connection looks anew.
    #[error("the far end's certificate is not valid at the time this machine shows: look at the clocks")]
    Clock,
    /// Too slow: worth a retry later.
    #[error("the far end did not answer in time")]
    TimedOut,
}

impl Error {
    /// Whether a later attempt may succeed without anybody changing anything.
    #[must_use]
    pub const fn retry(self) -> bool {
        matches!(self, Self::Unreachable | Self::Handshake | Self::Clock | Self::TimedOut)
    }
}
