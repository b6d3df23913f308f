//! A case to pack: de-identified again, searched, sealed into an envelope and signed.

use deid::ReidentificationMap;
use proto::case::{CaseManifest, Transport};
use proto::ids::SiteId;
use serde::{Deserialize, Serialize};

use super::deid::{DeidOrder, RedactedArea};
use super::files::InstanceRef;
use super::secret::Secret;

/// A case to pack, seal and sign.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackJob {
    /// The study's instances in order of arrival.
    pub instances: Vec<InstanceRef>,
    /// Policy and key; the digest of the plan must equal `plan_digest`.
    pub deid: DeidOrder,
    /// Digest of the de-identification plan that was recorded with the disposition.
    pub plan_digest: String,
    /// Areas that a person has blacked out; not part of the plan's digest, which was recorded before.
    #[serde(default)]
    pub areas: Vec<RedactedArea>,
    /// The manifest without frames: the worker adds frames and facts.
    pub manifest: CaseManifest,
    /// What the frames travel as.
    pub transport: Transport,
    /// Whether de-identified P10 files follow the frames.
    pub with_p10: bool,
    /// The site as enrolled, bound into the envelope.
    pub site: SiteId,
    /// The reader's public keys, as `proto::keys::PublicKeys::to_text` writes them.
    pub reader_key: String,
    /// The site's signing half in hex, as `proto::keys::Signer::to_bytes` gives it.
    pub signing_key: Secret,
}

/// A sealed case: the whole output is the envelope.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackAnswer {
    /// Random envelope id, hex.
    pub envelope: String,
    /// BLAKE3 of the envelope, hex.
    pub digest: String,
    /// Bytes of the plain content.
    pub plain_bytes: u64,
    /// Bytes of the envelope.
    pub sealed_bytes: u64,
    /// Values searched for in the plain content by the second pass; it found none.
    pub searched: u64,
    /// What it would have taken as images, when it travels as an embedding.
    pub image_bytes: u64,
    /// Bytes of the frames as sent.
    pub frame_bytes: u64,
    /// What leads back from the pseudonyms of the case. Identified: it stays at the site.
    pub reidentification_map: ReidentificationMap,
    /// The statement of the case ([`deid::Statement`]), as the very text that was signed.
    pub statement: String,
    /// The site's signature over the statement's digest, in hex.
    pub signature: String,
}
