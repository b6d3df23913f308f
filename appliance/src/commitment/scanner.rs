//! Telling a scanner what became of its request: on the association it asked over while that lasts, else on a new
//! one to the address configured for it. Tried until it is taken.

use std::sync::PoisonError;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::Engine;
use super::config::Reply;
use crate::forward::DestinationTls;
use dicom::commitment::{Report, STORAGE_COMMITMENT, WELL_KNOWN_INSTANCE, encode_report};
use dimse::command::{self, Command, N_EVENT_REPORT_RQ};
use dimse::{Association, Error as PeerError, Peer, Proposal, Violation};
use intake::Event;
use ledger::{CommitmentRow, Error};
use proto::clock::now;

/// How long a scanner may take to answer a report.
const PATIENCE: Duration = Duration::from_secs(30);
const SYNTAXES: [&str; 2] = ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"];

/// Said where nothing can be done without a person.
const NO_ADDRESS: &str =
    "the scanner's association has ended and no address is known: add it to [[commitment.replies]]";

impl Engine {
    /// Tells one report, or says when it is tried again.
    pub(crate) async fn tell_scanner(&self, row: &CommitmentRow) -> Result<(), Error> {
        let ledger = &self.site.ledger;
        let report = ledger.commitment_report(row).await?;
        if self.tell_here(&row.calling_ae, &report).await {
            return ledger.commitment_told(row, now()).await;
        }
        let fault = match self.config.reply_to(&row.calling_ae) {
            None => NO_ADDRESS.to_owned(),
            Some(reply) => match self.tell_anew(reply, &report).await {
                Ok(()) => return ledger.commitment_told(row, now()).await,
                Err(error) => error.to_string(),
            },
        };
        tracing::warn!(commitment = %row.id, fault, "a commitment report could not be told");
        ledger.commitment_postponed(row.id, self.later(row.attempts), &fault).await
    }

    /// On the association that the scanner asked over, if it is still there.
    async fn tell_here(&self, calling: &str, report: &Report) -> bool {
        let queue = {
            let over = self.asked_over.lock().unwrap_or_else(PoisonError::into_inner).get(calling).copied();
            let queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
            over.and_then(|association| queues.get(&association).cloned())
        };
        let Some(queue) = queue.filter(|queue| !queue.is_closed()) else { return false };
        let (answered, heard) = oneshot::channel();
        if queue.try_send(Event { report: report.clone(), answered }).is_err() {
            return false;
        }
        // A scanner that is busy sending answers later or never: then the report goes over a new association. It may
        // hear it twice, which PS3.4 J.3.3 allows for: the transaction UID is the same.
        matches!(timeout(PATIENCE, heard).await, Ok(Ok(0)))
    }

    async fn tell_anew(&self, reply: &Reply, report: &Report) -> Result<(), PeerError> {
        let peer = Peer {
            address: reply.address.clone(),
            called: reply.ae_title.clone(),
            calling: self.title.clone(),
            patience: PATIENCE,
            tls: reply.tls.as_ref().map(DestinationTls::files),
        };
        let proposal = Proposal {
            abstract_syntax: STORAGE_COMMITMENT.to_owned(),
            transfer_syntaxes: SYNTAXES.map(str::to_owned).to_vec(),
            as_provider: true,
        };
        let mut association = Association::open(&peer, &[proposal]).await?;
        let agreed = SYNTAXES.iter().find_map(|s| Some((association.context(STORAGE_COMMITMENT, s)?, *s)));
        let Some((context, syntax)) = agreed else {
            association.release().await;
            return Err(PeerError::NotAccepted);
        };
        let request = Command::new(N_EVENT_REPORT_RQ)
            .with_uid(command::AFFECTED_SOP_CLASS, STORAGE_COMMITMENT)
            .with_uid(command::AFFECTED_SOP_INSTANCE, WELL_KNOWN_INSTANCE)
            .with_us(command::EVENT_TYPE, report.event_type())
            .with_data_set();
        let answer = association.ask(context, request, Some(&encode_report(report, syntax))).await?;
        association.release().await;
        match answer.command.us(command::STATUS) {
            Some(0) => Ok(()),
            Some(status) => Err(PeerError::Status(status)),
            None => Err(Violation::NoStatus.into()),
        }
    }
}
