//! The N-services within an association: a request carried out, a report of ours sent between messages.

use super::{Messages, Phase, Purpose};
use crate::error::Error;
use crate::request::Request;
use crate::services::{self, Answer, Asker, Event};
use crate::statuses::comment;
use dicom::commitment::{STORAGE_COMMITMENT, encode_report};
use dimse::pdu::Piece;
use dimse::{Context, Link, Status};

impl<S: Link> Messages<'_, S> {
    /// Answer now, or after the data set that comes with the request has been read past.
    pub(super) async fn answer_or_pass(
        &mut self,
        id: u8,
        request: Request,
        status: Status,
    ) -> Result<(), Error> {
        if !request.data_set {
            return self.respond(id, &request, status).await;
        }
        let answer = Answer { status, comment: comment(status), error_id: None };
        self.phase = Phase::Data { context: id, request, purpose: Purpose::Pass(answer) };
        Ok(())
    }

    pub(super) async fn respond(
        &mut self,
        context: u8,
        request: &Request,
        status: Status,
    ) -> Result<(), Error> {
        let answer = Answer { status, comment: comment(status), error_id: None };
        self.respond_with(context, request, answer).await
    }

    /// Carries out a request of an N-service.
    pub(super) async fn serve(&mut self, id: u8, request: Request, data: &[u8]) -> Result<(), Error> {
        let Some(services) = self.shared.sink.services() else {
            return self.respond(id, &request, Status::UNRECOGNISED_OPERATION).await;
        };
        if self.shared.config.commitment.provide && !self.reports.listens() {
            self.reports.listen(services.events(self.number));
        }
        let who = Asker { calling: self.agreed.calling.clone(), association: self.number };
        let syntax = self.syntax(id).unwrap_or_default().to_owned();
        let answer = services::serve(services, who, &request, &syntax, data).await;
        self.respond_with(id, &request, answer).await
    }

    fn syntax(&self, id: u8) -> Option<&str> {
        self.agreed.contexts.iter().find(|c| c.id == id).map(|c| c.transfer_syntax.as_str())
    }

    /// Sends a report on this association; its response is taken as it comes.
    pub(super) async fn tell(&mut self, event: Event) -> Result<(), Error> {
        let is_commitment = |c: &&Context| c.abstract_syntax == STORAGE_COMMITMENT;
        let Some(context) = self.agreed.contexts.iter().find(is_commitment) else { return Ok(()) };
        let data = encode_report(&event.report, &context.transfer_syntax);
        let id = self.reports.sent(event.answered);
        let command = services::event_request(id, &event.report);
        let (context, most) = (context.id, self.agreed.peer_max);
        self.wire.send_values(context, Piece::Command, &command, most).await?;
        Ok(self.wire.send_values(context, Piece::Data, &data, most).await?)
    }
}
