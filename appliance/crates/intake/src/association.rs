//! One association from its request to its end, and how that end is told to peer, ledger and log.
use std::net::IpAddr;
use std::sync::Arc;

use dicom_ul::pdu::{AbortRQServiceProviderReason as AbortReason, AbortRQSource, Pdu};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use tracing::info;

use super::acceptor::Shared;
use super::caller_config::Quirk;
use super::error::{Error, Violation};
use super::messages::Messages;
use super::negotiate::{Agreed, Answer, Asker, Door, REQUEST_LIMIT, answer, read_request};
use super::transcript::{Pen, Transcript};
use super::wire::{ABORT, ASSOCIATE_RQ, Link, Wire};
use super::{Metrics, Refusal};

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
    pub(crate) door: Door,
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
                Error::TimedOut(_) => Metrics::add(&metrics.timed_out, 1),
                Error::Aborted | Error::Closed | Error::Broken(_) => {
                    Metrics::add(&metrics.aborted_by_peer, 1)
                }
                _ => Metrics::add(&metrics.aborted_by_us, 1),
            }
            if error == Error::Protocol(Violation::TlsAtPlain) {
                metrics.refused.add(Refusal::TlsAtPlain);
                shared.sink.refused(Refusal::TlsAtPlain.explain("", address, &shared.config));
            }
            info!(association = number, %address, %error, "association ended");
            if !matches!(error, Error::Aborted | Error::Closed | Error::Broken(_)) {
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
        Error::Protocol(Violation::UnknownPdu | Violation::TlsAtPlain) => AbortReason::UnrecognizedPdu,
        Error::Protocol(Violation::UnexpectedPdu | Violation::Order) => AbortReason::UnexpectedPdu,
        Error::Protocol(_) => AbortReason::InvalidPduParameter,
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
    let Peer { address, number, door, tls, deadline } = peer;
    let request = tokio::select! {
        request = first_request(wire, deadline, door) => request?,
        () = shared.stop.cancelled() => return Err(Error::Stopping),
    };
    let mut transcript = Transcript::begin(number, address, tls);
    let slot = Arc::clone(&shared.slots).try_acquire_owned().ok();
    let (agreed, slot) = match (answer(request, shared, Asker { address, door }, slot.is_some()), slot) {
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
    Metrics::add(&shared.metrics.associations_tls, u64::from(door == Door::Tls));
    Metrics::add(&shared.metrics.associations_open, 1);
    let _open = Open(&shared.metrics, slot);
    info!(association = number, %address, contexts = agreed.contexts.len(), ?door, "association accepted");
    transcript.caller = Some(agreed.seat.rules().ae_title.clone());
    transcript.contexts.clone_from(&agreed.lines);
    let pen = shared.transcripts.accepted(transcript);
    let outcome = exchange(wire, agreed, (address, number), shared, &pen).await;
    match &outcome {
        Ok(()) => pen.ended("released"),
        Err(error) => pen.ended(error.to_string()),
    }
    outcome.map(|()| Ended::Released)
}

/// The messages up to the release, and what is told about them.
async fn exchange<S: Link>(
    wire: &mut Wire<S>,
    agreed: Agreed,
    (address, number): (IpAddr, u64),
    shared: &Arc<Shared>,
    pen: &Pen,
) -> Result<(), Error> {
    wire.stream();
    let forgiven = agreed.seat.rules().has(Quirk::AbortIsRelease);
    let mut messages = Messages::new(wire, agreed, address, number, shared, pen);
    let outcome = messages.run().await;
    let between = messages.is_between();
    let (studies, stored, refused, bytes) = messages.into_summary();
    info!(association = number, stored, refused, bytes, "no more messages");
    let left = matches!(outcome, Err(Error::Aborted | Error::Closed | Error::Broken(_)));
    if outcome.is_ok() || forgiven && between && left {
        shared.sink.released(number, &studies);
    }
    outcome?;
    wire.send_pdu(&Pdu::ReleaseRP).await
}

async fn first_request<S: Link>(
    wire: &mut Wire<S>,
    deadline: Instant,
    door: Door,
) -> Result<dicom_ul::pdu::AssociationRQ, Error> {
    let header = wire.header(deadline, "waiting for the association request").await?;
    match header.kind {
        ASSOCIATE_RQ => {}
        ABORT => return Err(Error::Aborted),
        0x02..=0x06 => return Err(Violation::UnexpectedPdu.into()),
        // A TLS record of the handshake (RFC 8446 5.1).
        0x16 if door == Door::Plain => return Err(Violation::TlsAtPlain.into()),
        _ => return Err(Violation::UnknownPdu.into()),
    }
    let body = wire.body(header.length, REQUEST_LIMIT, deadline).await?;
    Ok(read_request(&body)?)
}
