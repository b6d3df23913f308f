//! Why a data set of the service cannot be used.

/// Why a data set cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It cannot be read within its bounds.
    #[error("the data set cannot be read")]
    Unreadable,
    /// A UID or a sequence that must be there is not, or is none.
    #[error("a required attribute is missing or has no proper value")]
    Missing,
    /// More instances than one transaction may name.
    #[error("more instances than one transaction may name")]
    TooMany,
}
