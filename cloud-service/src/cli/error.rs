//! Why a command failed, and with which exit code.

use proto::settings::Fault;

use crate::{objects, queue};

/// Why a command failed; its exit code is in the table below.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// Faults of the configuration or of what it names.
    #[error("{} in the configuration", if .0.len() == 1 { "one fault".to_owned() } else { format!("{} faults", .0.len()) })]
    Faults(Vec<Fault>),
    /// Wrong use.
    #[error("{0}")]
    Usage(String),
    /// The service does not answer.
    #[error("{0}")]
    Unreachable(String),
    /// The queue refused.
    #[error(transparent)]
    Queue(#[from] queue::Error),
    /// The object store refused.
    #[error(transparent)]
    Objects(#[from] objects::Error),
    /// The rest.
    #[error("{0}")]
    Other(String),
}

impl Error {
    /// 64 wrong use or configuration, 69 peer not reachable, 75 try again, 1 the rest.
    pub(super) fn exit(&self) -> u8 {
        match self {
            Self::Faults(_) | Self::Usage(_) => 64,
            Self::Queue(queue::Error::Open(_) | queue::Error::Rule(_) | queue::Error::Missing(_)) => 64,
            Self::Objects(objects::Error::Open(_)) => 64,
            Self::Unreachable(_) => 69,
            Self::Queue(queue::Error::Busy | queue::Error::Full) | Self::Objects(objects::Error::Full) => 75,
            _ => 1,
        }
    }
}
