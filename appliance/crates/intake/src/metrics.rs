//! Counters of reception, as plain atomics; no label holds a value from the wire.
use std::sync::atomic::{AtomicU64, Ordering};

use crate::caller_refusal::Refusal;

/// Callers refused, by [`Refusal`].
#[derive(Debug)]
pub struct Refused([AtomicU64; Refusal::ALL.len()]);

impl Default for Refused {
    fn default() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::new(0)))
    }
}

impl Refused {
    pub(crate) fn add(&self, reason: Refusal) {
        if let Some(counter) = self.0.get(reason as usize) {
            Metrics::add(counter, 1);
        }
    }

    /// Every reason with how many callers were refused for it.
    pub fn values(&self) -> impl Iterator<Item = (Refusal, u64)> {
        Refusal::ALL.iter().copied().zip(self.0.iter().map(|counter| counter.load(Ordering::Relaxed)))
    }
}

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// Counters since start; `associations_open` is a gauge.
        #[derive(Debug, Default)]
        pub struct Metrics {
            $($(#[$doc])* pub $name: AtomicU64,)*
            /// Callers refused, by reason.
            pub refused: Refused,
        }

        impl Metrics {
            /// Every counter as (name, value), in the order of declaration.
            pub fn values(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name.load(Ordering::Relaxed))),*]
            }
        }
    };
}

counters! {
    /// TCP connections accepted.
    connections,
    /// Connections closed at once because their address held as many as it may.
    crowded_out,
    /// Associations accepted.
    associations,
    /// Associations accepted over TLS, of these.
    associations_tls,
    /// TLS handshakes that did not succeed.
    handshakes_failed,
    /// Associations open now.
    associations_open,
    /// Associations refused with A-ASSOCIATE-RJ.
    rejected,
    /// Associations ended by A-RELEASE.
    released,
    /// Associations ended by the peer's A-ABORT or by a closed connection.
    aborted_by_peer,
    /// Associations we aborted: protocol errors.
    aborted_by_us,
    /// Associations we ended after a time-out.
    timed_out,
    /// C-ECHO requests answered.
    echoes,
    /// Instances stored and acknowledged with 0000.
    stored,
    /// Data set bytes of acknowledged instances.
    bytes_stored,
    /// C-STORE requests answered with A700.
    refused_resources,
    /// C-STORE requests answered with A701.
    refused_too_long,
    /// C-STORE requests answered with A900.
    refused_mismatch,
    /// C-STORE requests answered with C000.
    refused_unreadable,
    /// Requests answered with another failure.
    refused_other,
    /// Stored instances that the pre-scan could not follow to the end.
    prescan_lost,
}

impl Metrics {
    pub(crate) fn add(counter: &AtomicU64, amount: u64) {
        counter.fetch_add(amount, Ordering::Relaxed);
    }
}
