//! What the service speaks of: transactions, reports, references and reasons (PS3.4 annex J).

use std::fmt;

/// Storage Commitment Push Model SOP Class (PS3.4 J.3.5).
pub const STORAGE_COMMITMENT: &str = "1.2.840.10008.1.20.1";
/// Its one well-known SOP Instance (PS3.4 J.3.5).
pub const WELL_KNOWN_INSTANCE: &str = "1.2.840.10008.1.20.1.1";
/// Action Type ID "request storage commitment" (PS3.4 J.3.2).
pub const ACTION_REQUEST: u16 = 1;
/// Most instances in one transaction.
pub(super) const REFERENCES_MAX: usize = 20_000;

/// An instance as a transaction names it. Identifying.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// Referenced SOP Class UID (0008,1150).
    pub sop_class: String,
    /// Referenced SOP Instance UID (0008,1155).
    pub sop_instance: String,
}

/// What a user asks for with N-ACTION (PS3.4 table J.3-1). Identifying.
#[derive(Clone, PartialEq, Eq)]
pub struct Transaction {
    /// Transaction UID (0008,1195).
    pub uid: String,
    /// The instances to commit to.
    pub references: Vec<Reference>,
}

/// What a provider answers with N-EVENT-REPORT (PS3.4 table J.3-2). Identifying.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Transaction UID (0008,1195).
    pub transaction: String,
    /// Referenced SOP Sequence (0008,1199): committed.
    pub committed: Vec<Reference>,
    /// Failed SOP Sequence (0008,1198) with Failure Reason (0008,1197).
    pub failed: Vec<(Reference, Reason)>,
}

impl Report {
    /// Event Type ID: 1 all committed, 2 failures exist (PS3.4 J.3.3).
    #[must_use]
    pub fn event_type(&self) -> u16 {
        if self.failed.is_empty() { 1 } else { 2 }
    }
}

/// Failure Reason (0008,1197), PS3.3 C.14.1.1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reason(pub u16);

impl Reason {
    /// A general failure in processing.
    pub const PROCESSING: Reason = Reason(0x0110);
    /// No such object instance: it is not here.
    pub const NO_SUCH_INSTANCE: Reason = Reason(0x0112);
    /// Class / instance conflict: it is here under another SOP class.
    pub const CLASS_CONFLICT: Reason = Reason(0x0119);
    /// Referenced SOP class not supported.
    pub const CLASS_NOT_SUPPORTED: Reason = Reason(0x0122);
    /// Duplicate transaction UID.
    pub const DUPLICATE_TRANSACTION: Reason = Reason(0x0131);
    /// Resource limitation.
    const RESOURCES: Reason = Reason(0x0213);

    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Reason::PROCESSING => "failure in processing",
            Reason::NO_SUCH_INSTANCE => "not here",
            Reason::CLASS_CONFLICT => "here under another SOP class",
            Reason::CLASS_NOT_SUPPORTED => "SOP class not supported",
            Reason::DUPLICATE_TRANSACTION => "transaction UID used before",
            Reason::RESOURCES => "no room",
            _ => "another reason",
        }
    }
}

/// The failure reasons that we give of ourselves; those of an archive are passed on.
pub const REASONS_GIVEN: &[(Reason, &str)] = &[
    (Reason::NO_SUCH_INSTANCE, "the instance never came here"),
    (Reason::CLASS_NOT_SUPPORTED, "it never came here, and its SOP class is none that is stored"),
    (Reason::CLASS_CONFLICT, "it is here under another SOP class"),
    (Reason::DUPLICATE_TRANSACTION, "the transaction UID was used for other instances"),
    (
        Reason::PROCESSING,
        "two contents came under its UID, its stored bytes are damaged, no archive that commits gets it, or the \
         archive did not commit within `give_up`",
    ),
];

impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X}", self.0)
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reference")
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction").field("references", &self.references.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Report")
            .field("committed", &self.committed.len())
            .field("failed", &self.failed.len())
            .finish_non_exhaustive()
    }
}
