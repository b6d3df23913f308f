//! Cases coming in: announced by header and seal, sent part by part, received only when committed.

use bytes::Bytes;
use proto::envelope::{Kind, Verified, verify};
use proto::ids::{EnvelopeDigest, EnvelopeId};
use proto::limits;
use proto::wire::{Part, PartSet, Priority, Receipt, WhichPartsRequest, WhichPartsResponse};
use tonic::{Status, Streaming};

use super::state::{Caller, Service};
use super::status;
use crate::objects::part_name;
use crate::queue::{self, Announced, Begun};

/// Characters of a modality (CS, PS3.5 6.2).
const MODALITY_CHARS_MAX: usize = 16;

impl Service {
    pub(super) async fn do_which_parts(
        &self,
        site: &Caller,
        request: WhichPartsRequest,
    ) -> Result<WhichPartsResponse, Status> {
        let digest = EnvelopeDigest::from_slice(&request.digest).map_err(status::message)?;
        let verified = verify(&request.header, &request.seal, &site.keys).map_err(status::envelope)?;
        let header = verified.header();
        if header.kind() != Kind::Case {
            return Err(status::not_a_case());
        }
        if header.address().site != site.id {
            return Err(status::of_another_site());
        }
        if !self.readers.iter().any(|r| r.id() == header.recipient()) {
            return Err(status::unknown_reader());
        }
        let layout = header.layout();
        let announced = Announced {
            id: header.envelope().to_string(),
            site: site.name.clone(),
            case_id: header.address().case.to_string(),
            revision: header.address().revision,
            priority: rank(request.priority),
            modality: modality(&request.modality),
            header: request.header.clone(),
            seal: request.seal.clone(),
            digest: digest.as_bytes().to_vec(),
            parts: layout.parts(),
            bytes: header.content_bytes() + u64::from(layout.parts()) * limits::PART_TAG_BYTES as u64,
        };
        match self.queue.begin_envelope(&announced, self.now()).await {
            Ok(Begun::Have(have)) => {
                let set = part_set(&have, layout.parts());
                if !set.is_complete() {
                    return Ok(WhichPartsResponse {
                        present: set.to_bytes(),
                        receipt: None,
                        superseded: false,
                    });
                }
                // Every part is here but a crash came before the commit: commit now.
                let receipt = self.commit(site, &verified, digest).await?;
                Ok(WhichPartsResponse { present: set.to_bytes(), receipt: Some(receipt), superseded: false })
            }
            Ok(Begun::Committed(r)) => {
                let superseded = r.envelope != announced.id;
                let present = if superseded { PartSet::empty(layout.parts()) } else { full(layout.parts()) };
                let receipt = Some(receipt_of(&r)?);
                Ok(WhichPartsResponse { present: present.to_bytes(), receipt, superseded })
            }
            Err(queue::Error::Superseded) => Ok(WhichPartsResponse {
                present: PartSet::empty(layout.parts()).to_bytes(),
                receipt: None,
                superseded: true,
            }),
            Err(e) => Err(status::queue(e)),
        }
    }

    pub(super) async fn do_put_parts(
        &self,
        site: &Caller,
        mut stream: Streaming<Part>,
    ) -> Result<Receipt, Status> {
        let mut current: Option<(EnvelopeId, Verified, bool)> = None;
        while let Some(part) = stream.message().await? {
            let id = EnvelopeId::from_slice(&part.envelope).map_err(status::message)?;
            if current.as_ref().is_some_and(|(known, ..)| *known != id) {
                return Err(status::one_envelope_a_stream());
            }
            let (_, verified, committed) = match &current {
                Some(known) => known,
                None => current.insert(self.announced(site, id).await?),
            };
            verified.check_part(part.index, &part.data).map_err(status::envelope)?;
            if *committed {
                continue;
            }
            let length = part.data.len() as u64;
            let sum = blake3::hash(&part.data);
            let name = id.to_string();
            // Durable first, then noted: a noted part is always here.
            self.objects
                .put(&format!("envelopes/{name}"), &part_name(part.index), Bytes::from(part.data))
                .await
                .map_err(status::objects)?;
            self.queue
                .note_part(&site.name, &name, part.index, length, sum.as_bytes(), self.now())
                .await
                .map_err(status::queue)?;
        }
        let Some((id, verified, _)) = current else { return Err(status::no_parts()) };
        let parts = verified.header().layout().parts();
        let have = self.queue.parts_here(&id.to_string()).await.map_err(status::queue)?;
        let set = part_set(&have, parts);
        if !set.is_complete() {
            return Ok(Receipt {
                envelope: id.as_bytes().to_vec(),
                digest: Vec::new(),
                committed: false,
                unix_ms: self.now(),
                present: set.to_bytes(),
            });
        }
        let digest = self.queue.announced_digest(&id.to_string()).await.map_err(status::queue)?;
        let digest = EnvelopeDigest::from_slice(&digest).map_err(status::message)?;
        self.commit(site, &verified, digest).await
    }

    async fn announced(&self, site: &Caller, id: EnvelopeId) -> Result<(EnvelopeId, Verified, bool), Status> {
        let (header, seal, committed) =
            self.queue.announced(&site.name, &id.to_string()).await.map_err(status::queue)?;
        let verified = verify(&header, &seal, &site.keys).map_err(status::envelope)?;
        Ok((id, verified, committed))
    }

    /// Reads back every stored byte, compares the digest of the whole with the announced one, and commits.
    async fn commit(
        &self,
        site: &Caller,
        verified: &Verified,
        digest: EnvelopeDigest,
    ) -> Result<Receipt, Status> {
        let header = verified.header();
        let id = header.envelope().to_string();
        let mut whole = blake3::Hasher::new();
        whole.update(header.as_bytes());
        for index in 0..header.layout().parts() {
            let part = self
                .objects
                .get(&format!("envelopes/{id}"), &part_name(index), limits::PART_SEALED_BYTES_MAX)
                .await
                .map_err(status::objects)?;
            verified.check_part(index, &part).map_err(|_| status::objects(crate::objects::Error::Read))?;
            whole.update(&part);
        }
        whole.update(verified.seal().as_bytes());
        if whole.finalize().as_bytes() != digest.as_bytes() {
            return Err(status::whole_digest_differs());
        }
        let receipt = self.queue.commit_envelope(&site.name, &id, self.now()).await.map_err(status::queue)?;
        tracing::info!(envelope = %header.envelope(), "an envelope was committed");
        receipt_of(&receipt)
    }
}

fn receipt_of(r: &queue::Receipt) -> Result<Receipt, Status> {
    let envelope: EnvelopeId = r.envelope.parse().map_err(status::message)?;
    Ok(Receipt {
        envelope: envelope.as_bytes().to_vec(),
        digest: r.digest.clone(),
        committed: true,
        unix_ms: r.committed_at,
        present: Vec::new(),
    })
}

fn part_set(have: &[u32], parts: u32) -> PartSet {
    let mut set = PartSet::empty(parts);
    have.iter().for_each(|n| set.insert(*n));
    set
}

fn full(parts: u32) -> PartSet {
    let mut set = PartSet::empty(parts);
    (0..parts).for_each(|n| set.insert(n));
    set
}

/// The queue's rank of a wire priority: 0 STAT, 1 urgent, 2 routine (also for a value of a later version).
fn rank(priority: i32) -> u8 {
    match Priority::try_from(priority) {
        Ok(Priority::Stat) => 0,
        Ok(Priority::Urgent) => 1,
        Ok(Priority::Routine) | Err(_) => 2,
    }
}

/// A modality as a code string (PS3.5 6.2), or nothing when it is not one.
fn modality(said: &str) -> String {
    let fits = said.len() <= MODALITY_CHARS_MAX
        && said.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if fits { said.to_owned() } else { String::new() }
}
