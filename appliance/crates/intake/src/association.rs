//! One association from its request to its end, and how that end is told to peer, ledger and log.
use std::net::IpAddr;
use std::sync::Arc;

use dimse::pdu::{
    ABORT, ASSOCIATE_RQ, AbortRQServiceProviderReason as AbortReason, AbortRQSource, AssociationRQ, Pdu,
};
use dimse::{Error as Broke, Link, RECEIVING, Violation, Wire};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use tracing::info;

use crate::caller_config::Quirk;
use crate::caller_refusal::Refusal;
use crate::error::Error;
use crate::messages::Messages;
use crate::metrics::Metrics;
use crate::negotiate::{Agreed, Answer, Origin, Port, REQUEST_LIMIT, answer, read_request};
use crate::shared::Shared;
use crate::transcript::{Transcript, TranscriptWriter};

/// How an association ended well.
enum Ended {
    Released,
    Rejected,
}

/// Who is at the other end of a connection.
pub(crate) struct Peer {
    pub(crate) address: IpAddr,
    /// The association's number.
    pub(crate) number: u64,
    pub(crate) port: Port,
    /// TLS version and cipher suite.
    pub(crate) tls: Option<String>,
    /// Until when the association request must be here (PS3.8 ARTIM, counted from the connection).
    pub(crate) deadline: Instant,
}

/// Serve one connection to its end.
pub(crate) async fn serve<S: Link>(link: S, peer: Peer, shared: Arc<Shared>) {
    let mut wire = Wire::new(link, shared.config.write_timeout.0);
    let (number, address) = (peer.number, peer.address);
    let outcome = converse(&mut wire, peer, &shared).await;
    let metrics = &shared.metrics;
    match outcome {
        Ok(Ended::Released) => Metrics::add(&metrics.released, 1),
        Ok(Ended::Rejected) => Metrics::add(&metrics.rejected, 1),
        Err(error) => {
            match error {
                Error::Association(Broke::TimedOut(_)) => Metrics::add(&metrics.timed_out, 1),
                error if error.is_gone() => Metrics::add(&metrics.aborted_by_peer, 1),
                _ => Metrics::add(&metrics.aborted_by_us, 1),
            }
            if error == Violation::TlsAtPlain.into() {
                metrics.refused.add(Refusal::TlsAtPlain);
                shared.sink.refused(Refusal::TlsAtPlain.explain("", address, &shared.config));
            }
            info!(association = number, %address, %error, "association ended");
            if !error.is_gone() {
                let source = AbortRQSource::ServiceProvider(abort_reason(error));
                // Best effort: the connection ends in any case.
                let _ = wire.send_pdu(&Pdu::AbortRQ { source }).await;
            }
        }
    }
    wire.close().await;
}

/// PS3.8 table 9-26.
fn abort_reason(error: Error) -> AbortReason {
    match error {
        Error::Association(Broke::Protocol(violation)) => match violation {
            Violation::UnknownPdu | Violation::TlsAtPlain => AbortReason::UnrecognizedPdu,
            Violation::UnexpectedPdu | Violation::Order => AbortReason::UnexpectedPdu,
            _ => AbortReason::InvalidPduParameter,
        },
        _ => AbortReason::ReasonNotSpecified,
    }
}

/// Keeps the gauge true however the association ends.
struct Open<'a>(
    &'a Metrics,
    #[expect(dead_code, reason = "held, never read: its drop frees the place")] OwnedSemaphorePermit,
);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.associations_open.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
    }
}

async fn converse<S: Link>(wire: &mut Wire<S>, peer: Peer, shared: &Arc<Shared>) -> Result<Ended, Error> {
    let Peer { address, number, port, tls, deadline } = peer;
    let request = tokio::select! {
        request = first_request(wire, deadline, port) => request?,
        () = shared.stop.cancelled() => return Err(Error::Stopping),
    };
    let mut transcript = Transcript::begin(number, address, tls);
    let slot = Arc::clone(&shared.slots).try_acquire_owned().ok();
    let (agreed, slot) = match (answer(request, shared, Origin { address, port }, slot.is_some()), slot) {
        (Answer::Accept(agreed, pdu), Some(slot)) => {
            wire.send_pdu(&pdu).await?;
            (*agreed, slot)
        }
        (Answer::Accept(..), None) => return Err(Error::Internal("an association without a slot")),
        (Answer::Reject(refusal, title), _) => {
            info!(association = number, %address, ?refusal, "association rejected");
            shared.metrics.refused.add(refusal);
            shared.transcripts.rejected(transcript, refusal.words());
            shared.sink.refused(refusal.explain(&title, address, &shared.config));
            wire.send_pdu(&refusal.rejection()).await?;
            return Ok(Ended::Rejected);
        }
    };
    Metrics::add(&shared.metrics.associations, 1);
    Metrics::add(&shared.metrics.associations_tls, u64::from(port == Port::Tls));
    Metrics::add(&shared.metrics.associations_open, 1);
    let _open = Open(&shared.metrics, slot);
    info!(association = number, %address, contexts = agreed.contexts.len(), ?port, "association accepted");
    transcript.caller = Some(agreed.permit.rules().ae_title.clone());
    transcript.contexts.clone_from(&agreed.lines);
    let writer = shared.transcripts.accepted(transcript);
    let outcome = exchange(wire, agreed, (address, number), shared, &writer).await;
    match &outcome {
        Ok(()) => writer.ended("released"),
        Err(error) => writer.ended(error.to_string()),
    }
    outcome.map(|()| Ended::Released)
}

/// The messages up to the release, and what is told about them.
async fn exchange<S: Link>(
    wire: &mut Wire<S>,
    agreed: Agreed,
    (address, number): (IpAddr, u64),
    shared: &Arc<Shared>,
    writer: &TranscriptWriter,
) -> Result<(), Error> {
    wire.stream();
    let forgiven = agreed.permit.rules().has(Quirk::AbortIsRelease);
    let mut messages = Messages::new(wire, agreed, address, number, shared, writer);
    let outcome = messages.run().await;
    let between = messages.is_between();
    let (studies, stored, refused, bytes) = messages.into_summary();
    info!(association = number, stored, refused, bytes, "no more messages");
    let left = outcome.as_ref().is_err_and(Error::is_gone);
    if outcome.is_ok() || forgiven && between && left {
        shared.sink.released(number, &studies);
    }
    outcome?;
    Ok(wire.send_pdu(&Pdu::ReleaseRP).await?)
}

async fn first_request<S: Link>(
    wire: &mut Wire<S>,
    deadline: Instant,
    port: Port,
) -> Result<AssociationRQ, Error> {
    let header = wire.header(deadline, "waiting for the association request").await?;
    match header.kind {
        ASSOCIATE_RQ => {}
        ABORT => return Err(Broke::Aborted.into()),
        0x02..=0x06 => return Err(Violation::UnexpectedPdu.into()),
        // A TLS record of the handshake (RFC 8446 5.1).
        0x16 if port == Port::Plain => return Err(Violation::TlsAtPlain.into()),
        _ => return Err(Violation::UnknownPdu.into()),
    }
    let body = wire.body(header.length, REQUEST_LIMIT, deadline, RECEIVING).await?;
    Ok(read_request(&body)?)
}
