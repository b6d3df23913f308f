//! Reports going home, and what a site may ask or say of its cases.

use std::pin::Pin;

use futures::{Stream, StreamExt as _};
use proto::ids::{CaseId, EnvelopeDigest, EnvelopeId};
use proto::limits;
use proto::wire::report_piece::Piece;
use proto::wire::{
    CasePhase, CaseState, CaseStatesRequest, CaseStatesResponse, ConfirmReportRequest, ConfirmReportResponse,
    FetchReportRequest, ListReportsRequest, ListReportsResponse, Part, ReportEntry, ReportHead, ReportPiece,
    WithdrawRequest, WithdrawResponse,
};
use tonic::Status;

use super::state::{Caller, Service};
use super::status;
use crate::objects::part_name;
use crate::queue::{self, CasePlace};

/// The pieces of one report.
pub(super) type Pieces = Pin<Box<dyn Stream<Item = Result<ReportPiece, Status>> + Send>>;

impl Service {
    pub(super) async fn do_list_reports(
        &self,
        site: &Caller,
        request: ListReportsRequest,
    ) -> Result<ListReportsResponse, Status> {
        let most = u32::try_from(limits::LISTING_COUNT_MAX).unwrap_or(u32::MAX);
        let limit = if request.limit == 0 { most } else { request.limit.min(most) };
        let mut rows = self
            .queue
            .reports_to_collect(&site.name, limit.saturating_add(1))
            .await
            .map_err(status::queue)?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let reports = rows
            .iter()
            .map(|r| {
                let case: CaseId = r.case_id.parse().map_err(status::message)?;
                let envelope: EnvelopeId = r.id.parse().map_err(status::message)?;
                Ok(ReportEntry {
                    case_id: case.as_bytes().to_vec(),
                    revision: r.revision,
                    envelope: envelope.as_bytes().to_vec(),
                    digest: r.digest.clone(),
                    bytes_total: r.bytes + (r.header.len() + r.seal.len()) as u64,
                })
            })
            .collect::<Result<_, Status>>()?;
        self.queue.site_called(&site.name, "", None, self.now()).await.map_err(status::queue)?;
        Ok(ListReportsResponse { reports, more })
    }

    pub(super) async fn do_fetch_report(
        &self,
        site: &Caller,
        request: FetchReportRequest,
    ) -> Result<Pieces, Status> {
        let id = EnvelopeId::from_slice(&request.envelope).map_err(status::message)?;
        let row = self
            .queue
            .collect_report(&site.name, &id.to_string(), self.now())
            .await
            .map_err(status::queue)?;
        let head =
            ReportPiece { piece: Some(Piece::Head(ReportHead { header: row.header, seal: row.seal })) };
        let objects = self.objects.clone();
        let parts = futures::stream::iter(request.first_part..row.parts).then(move |index| {
            let objects = objects.clone();
            async move {
                let data = objects
                    .get(&format!("reports/{id}"), &part_name(index), limits::PART_SEALED_BYTES_MAX)
                    .await
                    .map_err(status::objects)?;
                let part = Part { envelope: id.as_bytes().to_vec(), index, data: data.to_vec() };
                Ok(ReportPiece { piece: Some(Piece::Part(part)) })
            }
        });
        Ok(Box::pin(futures::stream::once(async move { Ok(head) }).chain(parts)))
    }

    pub(super) async fn do_confirm_report(
        &self,
        site: &Caller,
        request: ConfirmReportRequest,
    ) -> Result<ConfirmReportResponse, Status> {
        let id = EnvelopeId::from_slice(&request.envelope).map_err(status::message)?;
        let digest = EnvelopeDigest::from_slice(&request.digest).map_err(status::message)?;
        self.queue
            .confirm_report(&site.name, &id.to_string(), digest.as_bytes(), self.now())
            .await
            .map_err(status::queue)?;
        tracing::info!(report = %id, "a report was confirmed; its case is forgotten");
        Ok(ConfirmReportResponse {})
    }

    pub(super) async fn do_withdraw(
        &self,
        site: &Caller,
        request: WithdrawRequest,
    ) -> Result<WithdrawResponse, Status> {
        let case = CaseId::from_slice(&request.case_id).map_err(status::message)?;
        let dropped = self
            .queue
            .withdraw(&site.name, &case.to_string(), request.revision, self.now())
            .await
            .map_err(status::queue)?;
        Ok(WithdrawResponse { dropped })
    }

    pub(super) async fn do_case_states(
        &self,
        site: &Caller,
        request: CaseStatesRequest,
    ) -> Result<CaseStatesResponse, Status> {
        let most = limits::LISTING_COUNT_MAX;
        if request.case_ids.len() > most {
            return Err(status::queue(queue::Error::Rule("too many cases are asked for at once")));
        }
        let limit = u32::try_from(most).unwrap_or(u32::MAX);
        let mut places: Vec<CasePlace> = Vec::new();
        if request.case_ids.is_empty() {
            places = self.queue.places(&site.name, None, limit, self.now()).await.map_err(status::queue)?;
        }
        for id in &request.case_ids {
            let id = CaseId::from_slice(id).map_err(status::message)?.to_string();
            let of_one = self.queue.places(&site.name, Some(&id), limit, self.now()).await;
            places.extend(of_one.map_err(status::queue)?);
        }
        places.truncate(most);
        let states = places.iter().map(state_of).collect::<Result<_, Status>>()?;
        Ok(CaseStatesResponse { states })
    }
}

fn state_of(p: &CasePlace) -> Result<CaseState, Status> {
    let case: CaseId = p.case_id.parse().map_err(status::message)?;
    Ok(CaseState {
        case_id: case.as_bytes().to_vec(),
        revision: p.revision,
        phase: phase(p.state).into(),
        attempts: p.attempts,
        unix_ms: p.since,
        reason: one_line(&p.reason),
    })
}

fn phase(state: queue::CaseState) -> CasePhase {
    use queue::CaseState as S;
    match state {
        S::Arriving => CasePhase::Arriving,
        S::Ready => CasePhase::Ready,
        S::Leased => CasePhase::Leased,
        S::Drafted | S::Signed => CasePhase::Drafted,
        S::Reported | S::Confirmed => CasePhase::Reported,
        S::Buried => CasePhase::Buried,
        S::Withdrawn => CasePhase::Withdrawn,
    }
}

/// One bounded line, as the contract asks.
fn one_line(reason: &str) -> String {
    reason.chars().map(|c| if c.is_control() { ' ' } else { c }).take(limits::LINE_CHARS_MAX).collect()
}
