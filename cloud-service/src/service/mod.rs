//! The door for sites: the gRPC service of `proto::wire` over mutual TLS. The only room that names `tonic`.
//!
//! Every call but `Enrol` begins with the site of the peer's certificate, looked up in the queue: a connection
//! outlives a revocation. What arrives is checked against the sender's signature before it is stored; a receipt
//! says committed only after the queue's commit. Nothing is opened here: the service holds no secret of a reader.

mod enrol;
mod reports;
mod serve;
mod status;
#[cfg(test)]
mod tests;
mod upload;

use std::sync::Arc;

use proto::ids::SiteId;
use proto::keys::PublicKeys;
use proto::pki::Authority;
use proto::wire::{
    CaseStatesRequest, CaseStatesResponse, ConfirmReportRequest, ConfirmReportResponse, EnrolRequest,
    EnrolResponse, FetchReportRequest, HelloRequest, HelloResponse, ListReportsRequest, ListReportsResponse,
    Part, Policy, Receipt, WhichPartsRequest, WhichPartsResponse, WithdrawRequest, WithdrawResponse,
    intake_server::Intake,
};
use tonic::{Request, Response, Status, Streaming};

use crate::objects::Objects;
use crate::queue::{Millis, Queue};

pub use serve::{Door, serve};

/// What the service answers with.
#[derive(Clone)]
pub struct Service {
    queue: Queue,
    objects: Objects,
    authority: Arc<Authority>,
    /// Public keys of the readers; the first is the one to seal to.
    readers: Arc<Vec<PublicKeys>>,
    unsigned_drafts: bool,
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

    fn now(&self) -> Millis {
        (self.clock)()
    }

    fn policy(&self) -> Policy {
        Policy {
            unsigned_drafts: self.unsigned_drafts,
            content_bytes_max: proto::limits::CONTENT_BYTES_MAX,
            poll_seconds: POLL_SECONDS,
        }
    }

    fn reader_keys(&self) -> Vec<proto::wire::PublicKeys> {
        self.readers.iter().map(Into::into).collect()
    }

    /// The site that makes this request, enrolled and not revoked, with its public keys.
    async fn site<T>(&self, request: &Request<T>) -> Result<Caller, Status> {
        let id = proto::tls::peer_site(request)?;
        let row = self.queue.enrolled_site(&id.to_string()).await.map_err(status::queue)?;
        let keys = row.keys.as_deref().ok_or_else(status::site_without_keys)?;
        let keys = enrol::keys_from_bytes(keys).ok_or_else(status::site_without_keys)?;
        Ok(Caller { id, name: row.id, keys })
    }
}

/// An enrolled site that calls.
struct Caller {
    id: SiteId,
    /// The id as the queue writes it.
    name: String,
    keys: PublicKeys,
}

#[tonic::async_trait]
impl Intake for Service {
    async fn enrol(&self, request: Request<EnrolRequest>) -> Result<Response<EnrolResponse>, Status> {
        self.do_enrol(request.into_inner()).await.map(Response::new)
    }

    async fn hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloResponse>, Status> {
        let site = self.site(&request).await?;
        let said = request.into_inner();
        if said.wire_version != proto::WIRE_VERSION {
            return Err(status::wire_version());
        }
        let now = self.now();
        let oldest = i64::try_from(said.oldest_seconds).ok().and_then(|s| s.checked_mul(1000));
        let oldest = oldest.filter(|_| said.waiting > 0).map(|ms| now.saturating_sub(ms));
        let software = software(&said.software);
        self.queue
            .site_called(&site.name, &software, Some((i64::from(said.waiting), oldest)), now)
            .await
            .map_err(status::queue)?;
        Ok(Response::new(HelloResponse {
            wire_version: proto::WIRE_VERSION,
            software: concat!("cloud-service ", env!("CARGO_PKG_VERSION")).to_owned(),
            // Compared with the site's own wall.
            unix_ms: proto::clock::wall(),
            readers: self.reader_keys(),
            policy: Some(self.policy()),
        }))
    }

    async fn which_parts(
        &self,
        request: Request<WhichPartsRequest>,
    ) -> Result<Response<WhichPartsResponse>, Status> {
        let site = self.site(&request).await?;
        self.do_which_parts(&site, request.into_inner()).await.map(Response::new)
    }

    async fn put_parts(&self, request: Request<Streaming<Part>>) -> Result<Response<Receipt>, Status> {
        let site = self.site(&request).await?;
        self.do_put_parts(&site, request.into_inner()).await.map(Response::new)
    }

    async fn list_reports(
        &self,
        request: Request<ListReportsRequest>,
    ) -> Result<Response<ListReportsResponse>, Status> {
        let site = self.site(&request).await?;
        self.do_list_reports(&site, request.into_inner()).await.map(Response::new)
    }

    type FetchReportStream = reports::Pieces;

    async fn fetch_report(
        &self,
        request: Request<FetchReportRequest>,
    ) -> Result<Response<Self::FetchReportStream>, Status> {
        let site = self.site(&request).await?;
        self.do_fetch_report(&site, request.into_inner()).await.map(Response::new)
    }

    async fn confirm_report(
        &self,
        request: Request<ConfirmReportRequest>,
    ) -> Result<Response<ConfirmReportResponse>, Status> {
        let site = self.site(&request).await?;
        self.do_confirm_report(&site, request.into_inner()).await.map(Response::new)
    }

    async fn withdraw(
        &self,
        request: Request<WithdrawRequest>,
    ) -> Result<Response<WithdrawResponse>, Status> {
        let site = self.site(&request).await?;
        self.do_withdraw(&site, request.into_inner()).await.map(Response::new)
    }

    async fn case_states(
        &self,
        request: Request<CaseStatesRequest>,
    ) -> Result<Response<CaseStatesResponse>, Status> {
        let site = self.site(&request).await?;
        self.do_case_states(&site, request.into_inner()).await.map(Response::new)
    }
}

/// A site's name and version for the sites panel: printable ASCII, bounded.
fn software(said: &str) -> String {
    said.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(SOFTWARE_CHARS_MAX).collect()
}
