//! The envelope: a case or report sealed to one reader or site, signed by its sender.
//!
//! On disk: header, parts, seal. The header is of fixed length and says how many parts and plain bytes there are, so
//! the whole length follows from it. Each part is AES-256-GCM in STREAM form (Hoang, Reyhanitabar, Rogaway, Vizár
//! 2015) under a content key that is fresh for every envelope and encapsulated by HPKE (RFC 9180, base mode, X-Wing).
//! The seal holds the BLAKE3 digest of every sealed part, the total and the sender's signature over all of it and the
//! header: X-Wing has no authenticated mode, so the signature is what says who sealed. It is checked before anything
//! is decapsulated or decrypted.
//!
//! Raw bytes cannot be sealed; only a type that carries proof of de-identification can ([`Leaves`]):
//!
//! ```compile_fail
//! # let keys = scanside_proto::keys::PrivateKeys::generate().unwrap();
//! # let address = scanside_proto::envelope::Address {
//! #     site: scanside_proto::ids::SiteId::random().unwrap(),
//! #     case: scanside_proto::ids::CaseId::random().unwrap(),
//! #     revision: 1,
//! # };
//! let bytes: Vec<u8> = std::fs::read("study.dcm").unwrap();
//! let sealer = scanside_proto::envelope::Sealer::new(&address, keys.signer(), keys.public());
//! sealer.seal(&bytes, Vec::new()).unwrap(); // `Vec<u8>` is not `Leaves`
//! ```
//!
//! The same lines with a type that is `Leaves` compile:
//!
//! ```
//! # let keys = scanside_proto::keys::PrivateKeys::generate().unwrap();
//! # let address = scanside_proto::envelope::Address {
//! #     site: scanside_proto::ids::SiteId::random().unwrap(),
//! #     case: scanside_proto::ids::CaseId::random().unwrap(),
//! #     revision: 1,
//! # };
//! fn seal<L: scanside_proto::envelope::Leaves>(sealer: scanside_proto::envelope::Sealer<'_>, proven: &L) {
//!     let _ = sealer.seal(proven, Vec::new());
//! }
//! ```

mod header;
mod inspect;
mod layout;
mod opener;
mod seal;
mod sealer;
#[cfg(test)]
mod tests;

pub use header::Header;
pub use inspect::{Inspection, inspect};
pub use layout::Layout;
pub use opener::{PartOpener, Verified, open, verify};
pub use seal::Seal;
pub use sealer::{Sealed, Sealer};

use crate::content::Leaf;
use crate::ids::{CaseId, SiteId};

/// Why an envelope is refused or cannot be made. Every variant is of one size and carries nothing of the content;
/// what an attacker could tell apart (tag, encapsulation, framing) is one variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Header or seal is not one of this version, or its numbers contradict each other.
    #[error("not an envelope of this version")]
    Malformed,
    /// More bytes, parts or entries than the limits allow.
    #[error("envelope larger than its limit")]
    TooLarge,
    /// Signed by somebody else, or not at all.
    #[error("signature missing or not the sender's")]
    Unsigned,
    /// Sealed to another key.
    #[error("sealed to another key")]
    Recipient,
    /// A part is not the one that was signed, or does not open.
    #[error("part missing, out of order or damaged")]
    Damaged,
    /// Opened, but not a plain content of this kind, or not the case that the header names.
    #[error("content does not match its envelope")]
    Content,
    /// The writer or reader failed.
    #[error("reading or writing the envelope failed")]
    Io,
    /// The operating system gave no random bytes.
    #[error("no random bytes from the operating system")]
    NoEntropy,
}

impl Error {
    /// Whether another attempt with the same bytes may succeed.
    #[must_use]
    pub const fn retry(self) -> bool {
        matches!(self, Self::Io | Self::NoEntropy)
    }
}

/// What an envelope carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A case, sealed by a site to a reader.
    Case,
    /// A report, sealed by a reader to a site.
    Report,
}

impl Kind {
    /// Name of the first entry of the plain content.
    #[must_use]
    pub(crate) const fn manifest_name(self) -> &'static str {
        match self {
            Self::Case => crate::case::CASE_JSON,
            Self::Report => crate::report::REPORT_JSON,
        }
    }
}

/// Which edition of which case of which site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Address {
    /// The site the case belongs to.
    pub site: SiteId,
    /// The case.
    pub case: CaseId,
    /// Its edition, from 1.
    pub revision: u32,
}

/// Plain content that may be sealed.
///
/// Implement this only for types that carry proof of de-identification: values that only the de-identifier (and the
/// second search over the very bytes returned here) can make. Never for a byte buffer, a path, or anything that can be
/// read back from disk. In the whole tree there are two implementors: the worker's packed case, and
/// [`ReportLeaves`], whose text was written by a reader who never saw an identity.
pub trait Leaves {
    /// What is sealed.
    const KIND: Kind;

    /// The entries in order; the first is the manifest ([`Kind::manifest_name`]).
    fn leaves(&self) -> Vec<Leaf<'_>>;
}

/// A validated report, ready to be sealed to its site.
pub struct ReportLeaves {
    json: Vec<u8>,
}

impl ReportLeaves {
    /// Validates the report and writes its JSON.
    ///
    /// # Errors
    /// As [`crate::report::ReportContent::to_json`].
    pub fn new(report: &crate::report::ReportContent) -> Result<Self, crate::report::Error> {
        Ok(Self { json: report.to_json()? })
    }
}

impl Leaves for ReportLeaves {
    const KIND: Kind = Kind::Report;

    fn leaves(&self) -> Vec<Leaf<'_>> {
        vec![Leaf { name: Kind::Report.manifest_name(), bytes: &self.json }]
    }
}

/// Checks that the first entry is a valid manifest of this kind and names this case and edition.
fn check_manifest(kind: Kind, address: &Address, first: Option<&Leaf<'_>>) -> Result<(), Error> {
    let first = first.filter(|leaf| leaf.name == kind.manifest_name()).ok_or(Error::Content)?;
    let (case, revision) = match kind {
        Kind::Case => {
            let manifest = crate::case::CaseManifest::from_json(first.bytes).map_err(|_| Error::Content)?;
            (manifest.case, manifest.revision)
        }
        Kind::Report => {
            let report = crate::report::ReportContent::from_json(first.bytes).map_err(|_| Error::Content)?;
            (report.case, report.revision)
        }
    };
    if case == address.case && revision == address.revision { Ok(()) } else { Err(Error::Content) }
}
