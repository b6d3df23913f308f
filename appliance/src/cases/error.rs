//! Why a decision was not carried out.

use domain::refusal::Refusal;

/// Why a decision was not carried out. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The person asks for what may not be: theirs, and never worth trying again unchanged.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// There is a case of the study's revision: somebody was first.
    #[error("there is a case of this study already; {0} changed nothing")]
    CaseThere(String),
    /// What is not audited does not happen: ours, later.
    #[error("the audit cannot be written: nothing was changed")]
    NotAudited,
    /// The ledger refused or failed; it answers whose fault that is.
    #[error("{0}")]
    Ledger(#[from] ledger::Error),
}
