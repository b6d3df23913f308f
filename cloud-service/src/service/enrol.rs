//! Enrolment: a one-time token for a certificate and the readers' keys.

use proto::clock;
use proto::keys::PublicKeys;
use proto::token::EnrolToken;
use proto::wire::{EnrolRequest, EnrolResponse};
use time::OffsetDateTime;
use tonic::Status;

use super::state::{Service, software};
use super::status;
use crate::queue;

impl Service {
    pub(super) async fn do_enrol(&self, request: EnrolRequest) -> Result<EnrolResponse, Status> {
        if request.wire_version != proto::WIRE_VERSION {
            return Err(status::wire_version());
        }
        if request.secret.len() != proto::limits::TOKEN_SECRET_BYTES {
            return Err(status::queue(queue::Error::BadToken));
        }
        // Tokens are dated by a command's process and certificates are judged by machines: the wall is the clock they share.
        let (now, wall) = (self.now(), clock::wall());
        let digest = EnrolToken::secret_digest(&request.secret);
        let site: proto::ids::SiteId = self
            .queue
            .site_of_token(&digest, wall)
            .await
            .map_err(status::queue)?
            .parse()
            .map_err(|_| status::queue(queue::Error::Row("site id")))?;
        let keys = request.keys.as_ref().ok_or_else(|| status::message(proto::wire::Error::Missing))?;
        let keys = PublicKeys::try_from(keys).map_err(status::message)?;
        let at = OffsetDateTime::from_unix_timestamp(wall / 1000)
            .map_err(|_| status::queue(queue::Error::Row("clock")))?;
        let issued = self.authority.issue_site(&request.request, site, at).map_err(status::pki)?;
        self.queue
            .enrol_site(&digest, &keys_to_bytes(&keys), &issued.certificate, wall, now)
            .await
            .map_err(status::queue)?;
        let id = site.to_string();
        self.queue.site_called(&id, &software(&request.software), None, now).await.map_err(status::queue)?;
        tracing::info!(site = %site, "a site enrolled");
        Ok(EnrolResponse {
            site: site.as_bytes().to_vec(),
            certificate: issued.certificate,
            authority: self.authority.certificate().to_vec(),
            readers: self.reader_keys(),
            policy: Some(self.policy()),
        })
    }
}

/// Both public keys as the queue keeps them: verifying, then sealing.
fn keys_to_bytes(keys: &PublicKeys) -> Vec<u8> {
    [keys.verifying_bytes(), keys.sealing_bytes()].concat()
}
