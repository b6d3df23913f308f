//! One association from its request to its end, and how that end is told to peer, ledger and log.
use std::net::IpAddr;
use std::sync::Arc;

use dicom_ul::pdu::{AbortRQServiceProviderReason as AbortReason, AbortRQSource, Pdu};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use tracing::info;

use super::Metrics;
use super::acceptor::Shared;
use super::error::{Error, Violation};
use super::messages::Messages;
use super::negotiate::{Answer, REQUEST_LIMIT, answer, read_request};
use super::wire::{ABORT, ASSOCIATE_RQ, Link, Wire};

/// How an association ended well.
enum Ended {
    Released,
    Rejected,
}

/// Serve one connection to its end.
pub(crate) async fn serve<S: Link>(link: S, address: IpAddr, number: u64, shared: Arc<Shared>) {
    let mut wire = Wire::new(link, shared.config.write_timeout.0);
    let outcome = converse(&mut wire, address, number, &shared).await;
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
        Error::Protocol(Violation::UnknownPdu) => AbortReason::UnrecognizedPdu,
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

async fn converse<S: Link>(
    wire: &mut Wire<S>,
    address: IpAddr,
    number: u64,
    shared: &Arc<Shared>,
) -> Result<Ended, Error> {
    let deadline = Instant::now() + shared.config.artim_timeout.0;
    let request = tokio::select! {
        request = first_request(wire, deadline) => request?,
        () = shared.stop.cancelled() => return Err(Error::Stopping),
    };
    let slot = Arc::clone(&shared.slots).try_acquire_owned().ok();
    let (agreed, slot) =
        match (answer(request, &shared.config, &shared.callers, address, slot.is_some()), slot) {
            (Answer::Accept(agreed, pdu), Some(slot)) => {
                wire.send_pdu(&pdu).await?;
                (agreed, slot)
            }
            (Answer::Accept(..), None) => return Err(Error::Internal("an association without a slot")),
            (Answer::Reject(refusal, title, pdu), _) => {
                info!(association = number, %address, ?refusal, "association rejected");
                shared.sink.refused(shared.callers.explain(&title, address, refusal));
                wire.send_pdu(&pdu).await?;
                return Ok(Ended::Rejected);
            }
        };
    Metrics::add(&shared.metrics.associations, 1);
    Metrics::add(&shared.metrics.associations_open, 1);
    let _open = Open(&shared.metrics, slot);
    info!(association = number, %address, contexts = agreed.contexts.len(), "association accepted");
    wire.stream();
    let mut messages = Messages::new(wire, agreed, address, number, shared);
    let outcome = messages.run().await;
    let (studies, stored, refused, bytes) = messages.into_summary();
    info!(association = number, stored, refused, bytes, "no more messages");
    outcome?;
    shared.sink.released(number, &studies);
    wire.send_pdu(&Pdu::ReleaseRP).await?;
    Ok(Ended::Released)
}

async fn first_request<S: Link>(
    wire: &mut Wire<S>,
    deadline: Instant,
) -> Result<dicom_ul::pdu::AssociationRQ, Error> {
    let header = wire.header(deadline, "waiting for the association request").await?;
    match header.kind {
        ASSOCIATE_RQ => {}
        ABORT => return Err(Error::Aborted),
        0x02..=0x06 => return Err(Violation::UnexpectedPdu.into()),
        _ => return Err(Violation::UnknownPdu.into()),
    }
    let body = wire.body(header.length, REQUEST_LIMIT, deadline).await?;
    Ok(read_request(&body)?)
}
