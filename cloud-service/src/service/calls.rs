//! The calls of the wire, each given to the file that answers it.

use proto::wire::{
    CaseStatesRequest, CaseStatesResponse, ConfirmReportRequest, ConfirmReportResponse, EnrolRequest,
    EnrolResponse, FetchReportRequest, HelloRequest, HelloResponse, ListReportsRequest, ListReportsResponse,
    Part, Receipt, WhichPartsRequest, WhichPartsResponse, WithdrawRequest, WithdrawResponse,
    intake_server::Intake,
};
use tonic::{Request, Response, Status, Streaming};

use super::state::{Service, software};
use super::{reports, status};

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
