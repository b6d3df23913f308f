//! What can go wrong with the audit.

/// What can go wrong with the audit.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read or written.
    #[error("the audit file cannot be read or written: {0}")]
    Disk(std::io::ErrorKind),
    /// The chain is broken at a line (counted from 1).
    #[error(
        "the audit's chain is broken at line {0}: it was altered or damaged; keep the file. `appliance restore` with a backup puts it aside, says so in the audit, and goes on"
    )]
    Broken(u64),
    /// Lines are missing at the end, or were written anew.
    #[error(
        "the audit does not reach what its head says (line {0}): lines were removed or written anew, or an older audit was put in its place; keep both files. `appliance restore` with a backup puts them aside, says so in the audit, and goes on"
    )]
    Cut(u64),
    /// The head is missing or not ours.
    #[error("the audit's head is missing or altered: that nothing was removed at the end cannot be shown")]
    Head,
    /// The collector's certificates cannot be used.
    #[error("{0}: it holds no certificate or key in PEM form that can be used")]
    Certificate(&'static str),
}

impl From<std::io::Error> for Error {
    fn from(e: std::io::Error) -> Self {
        Self::Disk(e.kind())
    }
}
