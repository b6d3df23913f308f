//! What the service answers with, and which site calls.

use std::sync::Arc;

use proto::ids::SiteId;
use proto::keys::{PublicKeys, VERIFYING_BYTES};
use proto::pki::Authority;
use proto::wire::Policy;
use tonic::{Request, Status};

use super::status;
use crate::objects::Objects;
use crate::queue::{Millis, Queue};

/// What the service answers with.
#[derive(Clone)]
pub struct Service {
    pub(super) queue: Queue,
    pub(super) objects: Objects,
    pub(super) authority: Arc<Authority>,
    /// Public keys of the readers; the first is the one to seal to.
    pub(super) readers: Arc<Vec<PublicKeys>>,
    pub(super) unsigned_drafts: bool,
    clock: fn() -> Millis,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Service")
    }
}

/// Seconds between two listings while nothing waits, as told to the sites.
const POLL_SECONDS: u32 = 5;
/// Characters of a site's software name that are kept.
const SOFTWARE_CHARS_MAX: usize = 64;

impl Service {
    /// A service over this queue and store, for these readers.
    pub fn new(
        queue: Queue,
        objects: Objects,
        authority: Arc<Authority>,
        readers: Vec<PublicKeys>,
        unsigned_drafts: bool,
        clock: fn() -> Millis,
    ) -> Self {
        Self { queue, objects, authority, readers: Arc::new(readers), unsigned_drafts, clock }
    }

    pub(super) fn now(&self) -> Millis {
        (self.clock)()
    }

    pub(super) fn policy(&self) -> Policy {
        Policy {
            unsigned_drafts: self.unsigned_drafts,
            content_bytes_max: proto::limits::CONTENT_BYTES_MAX,
            poll_seconds: POLL_SECONDS,
        }
    }

    pub(super) fn reader_keys(&self) -> Vec<proto::wire::PublicKeys> {
        self.readers.iter().map(Into::into).collect()
    }

    /// The site that makes this request, enrolled and not revoked, with its public keys.
    pub(super) async fn site<T>(&self, request: &Request<T>) -> Result<Caller, Status> {
        let id = proto::tls::peer_site(request)?;
        let row = self.queue.enrolled_site(&id.to_string()).await.map_err(status::queue)?;
        let keys = row.keys.as_deref().ok_or_else(status::site_without_keys)?;
        let keys = keys_from_bytes(keys).ok_or_else(status::site_without_keys)?;
        Ok(Caller { id, name: row.id, keys })
    }
}

/// An enrolled site that calls.
pub(super) struct Caller {
    pub id: SiteId,
    /// The id as the queue writes it.
    pub name: String,
    pub keys: PublicKeys,
}

/// The inverse of `keys_to_bytes`.
fn keys_from_bytes(bytes: &[u8]) -> Option<PublicKeys> {
    let (verifying, sealing) = bytes.split_at_checked(VERIFYING_BYTES)?;
    PublicKeys::from_parts(verifying, sealing).ok()
}

/// A site's name and version for the sites panel: printable ASCII, bounded.
pub(super) fn software(said: &str) -> String {
    said.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(SOFTWARE_CHARS_MAX).collect()
}
