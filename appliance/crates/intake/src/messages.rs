//! The messages of one association: command sets in, data sets streamed on, statuses out.
mod serve;

use std::net::IpAddr;
use std::sync::Arc;

use tokio::time::Instant;
use tracing::{debug, info, warn};

use crate::error::{Error, SinkError};
use crate::metrics::Metrics;
use crate::negotiate::Agreed;
use crate::receive::{Announced, Receiver};
use crate::request::Request;
use crate::services::{self, Answer, ReportQueue};
use crate::shared::Shared;
use crate::transcript::TranscriptWriter;
use dicom::sop_classes::VERIFICATION;
use dimse::command::{self, C_CANCEL_RQ, C_ECHO_RQ, C_STORE_RQ, N_EVENT_REPORT_RQ, RESPONSE};
use dimse::pdu::{ABORT, Header, P_DATA, Piece, RELEASE_RQ};
use dimse::{Context, Error as Broke, Link, RECEIVING, Status, Violation, Wire};
use store::Reception;

/// Response to a report of ours.
const N_EVENT_REPORT_RSP: u16 = N_EVENT_REPORT_RQ | RESPONSE;
/// Some senders count the PDU's own header or a PDV's into the length they were given.
const PDU_SLACK: u32 = 16;
/// Release and abort carry four bytes; odd longer ones are read past.
const SMALL_PDU: u32 = 1024;
/// Studies remembered for the release signal; a flood beyond it is left to quiet time.
const STUDIES: usize = 1024;

/// What the next data fragments are for.
enum Purpose {
    /// They are stored.
    Store,
    /// They are the data set of an N-service, gathered here.
    Gather(Vec<u8>),
    /// They are read past; this is answered afterwards.
    Pass(Answer),
}

/// Where in a message we are.
enum Phase {
    /// Between messages, or inside a command set.
    Command { context: Option<u8>, bytes: Vec<u8> },
    /// Inside the data set that belongs to this request.
    Data { context: u8, request: Request, purpose: Purpose },
}

/// The messages of one association. Dropping it in mid-object removes the object.
pub(crate) struct Messages<'a, S> {
    wire: &'a mut Wire<S>,
    agreed: Agreed,
    address: IpAddr,
    number: u64,
    shared: &'a Arc<Shared>,
    phase: Phase,
    receiver: Receiver,
    reports: ReportQueue,
    studies: Vec<String>,
    stored: u64,
    refused: u64,
    bytes: u64,
    writer: &'a TranscriptWriter,
    /// When the command of the message in progress was complete, and its data set bytes so far.
    message: (std::time::Instant, u64),
}

impl<'a, S: Link> Messages<'a, S> {
    /// At the first message.
    pub(crate) fn new(
        wire: &'a mut Wire<S>,
        agreed: Agreed,
        address: IpAddr,
        number: u64,
        shared: &'a Arc<Shared>,
        writer: &'a TranscriptWriter,
    ) -> Messages<'a, S> {
        Messages {
            wire,
            agreed,
            address,
            number,
            shared,
            phase: between(),
            receiver: Receiver::new(shared.inbox.clone()),
            reports: ReportQueue::default(),
            studies: Vec::new(),
            stored: 0,
            refused: 0,
            bytes: 0,
            writer,
            message: (std::time::Instant::now(), 0),
        }
    }

    /// Whether no message is in progress.
    pub(crate) fn is_between(&self) -> bool {
        matches!(self.phase, Phase::Command { context: None, .. })
    }

    /// Messages until the peer asks for release.
    pub(crate) async fn run(&mut self) -> Result<(), Error> {
        loop {
            let header = self.next_header().await?;
            match header.kind {
                P_DATA => self.p_data(header.length).await?,
                RELEASE_RQ => {
                    let deadline = self.read_deadline();
                    self.wire.body(header.length, SMALL_PDU, deadline, RECEIVING).await?;
                    // A release in mid-message leaves the message incomplete: dropped, not stored.
                    return Ok(());
                }
                ABORT => return Err(Broke::Aborted.into()),
                0x01..=0x06 => return Err(Violation::UnexpectedPdu.into()),
                _ => return Err(Violation::UnknownPdu.into()),
            }
        }
    }

    /// Studies with stored instances; instances stored, requests refused, bytes stored.
    pub(crate) fn into_summary(self) -> (Vec<String>, u64, u64, u64) {
        (self.studies, self.stored, self.refused, self.bytes)
    }

    fn read_deadline(&self) -> Instant {
        Instant::now() + self.shared.config.read_timeout.0
    }

    /// Between messages a peer may rest for long, and a stop is obeyed at once; inside one it may not, and the
    /// message is finished first.
    async fn next_header(&mut self) -> Result<Header, Error> {
        if !self.is_between() {
            let deadline = self.read_deadline();
            return Ok(self.wire.header(deadline, RECEIVING).await?);
        }
        let deadline = Instant::now() + self.shared.config.idle_timeout.0;
        loop {
            let event = tokio::select! {
                header = self.wire.header(deadline, "idle") => return Ok(header?),
                event = self.reports.event() => event,
                () = self.shared.stop.cancelled() => return Err(Error::Stopping),
            };
            self.tell(event).await?;
        }
    }

    /// One P-DATA-TF: presentation data values, each passed on as it arrives.
    async fn p_data(&mut self, length: u32) -> Result<(), Error> {
        if length > self.agreed.our_max + PDU_SLACK {
            return Err(Violation::PduTooLong.into());
        }
        let deadline = self.read_deadline();
        let mut left = length;
        while left > 0 {
            if left < 6 {
                return Err(Violation::PdvLength.into());
            }
            let (item, context, control) = self.wire.pdv_header(deadline).await?;
            left -= 6;
            let mut fragment =
                item.checked_sub(2).filter(|data| *data <= left).ok_or(Violation::PdvLength)?;
            left -= fragment;
            self.expect(context, control & 1 == 1)?;
            while fragment > 0 {
                if self.wire.ready() == 0 {
                    self.wire.fill(deadline, RECEIVING).await?;
                }
                let piece = self.wire.take(fragment as usize);
                fragment -= piece.len() as u32;
                self.piece(&piece)?;
            }
            if control & 2 == 2 {
                self.complete().await?;
            }
        }
        Ok(())
    }

    /// Whether a fragment of this kind and context may come now.
    fn expect(&mut self, id: u8, is_command: bool) -> Result<(), Error> {
        match &mut self.phase {
            Phase::Command { .. } if !is_command => Err(Violation::Order.into()),
            Phase::Data { .. } if is_command => Err(Violation::Order.into()),
            Phase::Command { context: Some(context), .. } if *context != id => Err(Violation::Context.into()),
            Phase::Data { context, .. } if *context != id => Err(Violation::Context.into()),
            Phase::Command { context, .. } => {
                if !self.agreed.contexts.iter().any(|agreed| agreed.id == id) {
                    return Err(Violation::Context.into());
                }
                *context = Some(id);
                Ok(())
            }
            Phase::Data { .. } => Ok(()),
        }
    }

    fn piece(&mut self, piece: &[u8]) -> Result<(), Error> {
        self.message.1 += piece.len() as u64;
        match &mut self.phase {
            Phase::Command { bytes, .. } => {
                if bytes.len() + piece.len() > command::LIMIT {
                    return Err(Violation::CommandTooLong.into());
                }
                bytes.extend_from_slice(piece);
            }
            Phase::Data { purpose: Purpose::Pass(_), .. } => {}
            Phase::Data { purpose: Purpose::Gather(bytes), .. }
                if bytes.len() + piece.len() <= services::LIMIT =>
            {
                bytes.extend_from_slice(piece);
            }
            Phase::Data { purpose: purpose @ Purpose::Gather(_), .. } => {
                *purpose = Purpose::Pass(services::TOO_LONG);
            }
            Phase::Data { purpose: Purpose::Store, .. } => {
                self.receiver.take(piece);
            }
        }
        Ok(())
    }

    /// The last fragment of a command set or a data set has come.
    async fn complete(&mut self) -> Result<(), Error> {
        match std::mem::replace(&mut self.phase, between()) {
            Phase::Command { context, bytes } => {
                let id = context.ok_or(Violation::Order)?;
                let request = Request::read(&bytes)?;
                self.message = (std::time::Instant::now(), 0);
                self.command(id, request).await
            }
            Phase::Data { context, request, purpose: Purpose::Pass(answer) } => {
                self.respond_with(context, &request, answer).await
            }
            Phase::Data { context, request, purpose: Purpose::Gather(data) } => {
                self.serve(context, request, &data).await
            }
            Phase::Data { context, request, purpose: Purpose::Store } => {
                let status = self.finish_store().await;
                self.respond(context, &request, status).await
            }
        }
    }

    async fn command(&mut self, id: u8, request: Request) -> Result<(), Error> {
        let context = self.agreed.contexts.iter().find(|context| context.id == id).cloned();
        let context = context.ok_or(Violation::Context)?;
        match request.field {
            C_ECHO_RQ => {
                Metrics::add(&self.shared.metrics.echoes, 1);
                self.answer_or_pass(id, request, Status::SUCCESS).await
            }
            C_STORE_RQ => match refusal_of(&request, &context) {
                Some(status) => self.answer_or_pass(id, request, status).await,
                // The caller has sent as much today as it may, or the ledger takes nothing: it keeps its copy.
                None if self.agreed.permit.spent() || !self.shared.sink.takes() => {
                    self.answer_or_pass(id, request, Status::OUT_OF_RESOURCES).await
                }
                None => {
                    self.begin_store(&context, request);
                    Ok(())
                }
            },
            // Nothing of ours can be cancelled, and a cancel has no response (PS3.7 9.3.2.3).
            C_CANCEL_RQ if !request.data_set => Ok(()),
            N_EVENT_REPORT_RSP if !request.data_set => {
                let known = self.reports.answered(request.message_id, request.status.unwrap_or(u16::MAX));
                if known { Ok(()) } else { Err(Violation::Order.into()) }
            }
            _ if services::takes(&request, &context.abstract_syntax, &self.shared.config) => {
                if !request.data_set {
                    return self.serve(id, request, &[]).await;
                }
                self.phase = Phase::Data { context: id, request, purpose: Purpose::Gather(Vec::new()) };
                Ok(())
            }
            field if field & RESPONSE != 0 => Err(Violation::Order.into()),
            _ => self.answer_or_pass(id, request, Status::UNRECOGNISED_OPERATION).await,
        }
    }

    fn begin_store(&mut self, context: &Context, request: Request) {
        let announced = Announced {
            sop_class: request.sop_class.clone().unwrap_or_default(),
            sop_instance: request.sop_instance.clone().unwrap_or_default(),
            transfer_syntax: context.transfer_syntax.clone(),
            calling: self.agreed.calling.clone(),
            called: self.agreed.called.clone(),
            address: self.address.to_string(),
            association: self.number,
        };
        self.receiver.begin(announced);
        self.phase = Phase::Data { context: context.id, request, purpose: Purpose::Store };
    }

    /// Durable, then handed to who writes its row, then success: the row follows in a batch, and what a crash keeps from
    /// being written the next start makes from the entry. Where the row cannot be written soon, the sender keeps its copy.
    async fn finish_store(&mut self) -> Status {
        let reception = match self.receiver.finish() {
            Ok(reception) => reception,
            Err(status) => return status,
        };
        let metrics = &self.shared.metrics;
        match self.shared.sink.stored(&reception).await {
            Ok(()) => Metrics::add(&metrics.stored, 1),
            Err(error) => {
                warn!(association = self.number, %error, "the ledger did not take an instance");
                if error == SinkError::NotRecorded {
                    self.remove(&reception);
                }
                return Status::OUT_OF_RESOURCES;
            }
        }
        Metrics::add(&metrics.bytes_stored, reception.length);
        self.agreed.permit.count(reception.length);
        if !reception.prescan_ok {
            Metrics::add(&metrics.prescan_lost, 1);
            debug!(association = self.number, "the pre-scan could not follow a stored instance to its end");
        }
        self.stored += 1;
        self.bytes += reception.length;
        if !self.studies.contains(&reception.study_uid) && self.studies.len() < STUDIES {
            self.studies.push(reception.study_uid);
        }
        Status::SUCCESS
    }

    fn remove(&self, reception: &Reception) {
        if self.receiver.remove(reception.id).is_err() {
            // Harmless: the next start finds an entry that the ledger holds already, or an unacknowledged one.
            warn!(association = self.number, "an entry that is not needed could not be removed");
        }
    }

    async fn respond_with(&mut self, context: u8, request: &Request, answer: Answer) -> Result<(), Error> {
        let status = answer.status;
        if status != Status::SUCCESS {
            let metrics = &self.shared.metrics;
            let counter = match status {
                Status::OUT_OF_RESOURCES => &metrics.refused_resources,
                Status::TOO_LONG => &metrics.refused_too_long,
                Status::MISMATCH => &metrics.refused_mismatch,
                Status::CANNOT_UNDERSTAND => &metrics.refused_unreadable,
                _ => &metrics.refused_other,
            };
            Metrics::add(counter, 1);
            self.refused += 1;
            info!(association = self.number, %status, "request refused");
        }
        self.writer.message(request.field, context, self.message.1, self.message.0, status);
        let response = request.response(status, answer.comment, answer.error_id);
        Ok(self.wire.send_values(context, Piece::Command, &response, self.agreed.peer_max).await?)
    }
}

fn between() -> Phase {
    Phase::Command { context: None, bytes: Vec::new() }
}

/// What speaks against storing, from the command alone.
fn refusal_of(request: &Request, context: &Context) -> Option<Status> {
    match (&request.sop_class, &request.sop_instance) {
        (None, _) | (_, None) => Some(Status::MISSING_ATTRIBUTE),
        (Some(class), _)
            if *class != context.abstract_syntax || class == VERIFICATION || services::is_service(class) =>
        {
            Some(Status::SOP_CLASS_NOT_SUPPORTED)
        }
        _ if !request.data_set => Some(Status::CANNOT_UNDERSTAND),
        _ => None,
    }
}
