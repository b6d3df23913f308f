//! Asking an archive to commit: N-ACTION, then its report on the same association when it comes soon.

use std::sync::Arc;
use std::time::Duration;

use super::Engine;
use crate::forward::Rule;
use dicom::commitment::{
    ACTION_REQUEST, STORAGE_COMMITMENT, WELL_KNOWN_INSTANCE, decode_report, encode_request,
};
use dimse::command::{self, Command, N_ACTION_RQ, N_EVENT_REPORT_RQ};
use dimse::{Association, Error as PeerError, Message, Proposal, Violation};
use ledger::{Error, UpstreamRow};
use proto::clock::now;

/// How long the report is waited for on the association of the request; later it comes over one of the archive's own.
const STAY: Duration = Duration::from_secs(10);
/// Transfer syntaxes proposed, in order.
const SYNTAXES: [&str; 2] = ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"];

impl Engine {
    /// Sends one request. Failures of the peer are recorded and tried again; only the ledger's are returned.
    pub(crate) async fn ask_archive(self: &Arc<Self>, row: &UpstreamRow) -> Result<(), Error> {
        let ledger = &self.site.ledger;
        if let Err(error) = self.converse(row).await? {
            tracing::warn!(destination = %row.destination, %error, "an archive could not be asked to commit");
            ledger.upstream_postponed(row.id, self.later(row.attempts), &error.to_string()).await?;
        }
        Ok(())
    }

    async fn converse(self: &Arc<Self>, row: &UpstreamRow) -> Result<Result<(), PeerError>, Error> {
        // The rule is gone: nobody can be asked until it is back.
        let Some(peer) = self.site.forwards.rule(&row.destination).map(Rule::peer) else {
            return Ok(Err(PeerError::NotAccepted));
        };
        let transaction = self.site.ledger.upstream_transaction(row).await?;
        let proposal = Proposal {
            abstract_syntax: STORAGE_COMMITMENT.to_owned(),
            transfer_syntaxes: SYNTAXES.map(str::to_owned).to_vec(),
            as_provider: false,
        };
        let mut association = match Association::open(&peer, &[proposal]).await {
            Ok(association) => association,
            Err(error) => return Ok(Err(error)),
        };
        let agreed = SYNTAXES.iter().find_map(|s| Some((association.context(STORAGE_COMMITMENT, s)?, *s)));
        let Some((context, syntax)) = agreed else {
            association.release().await;
            return Ok(Err(PeerError::NotAccepted));
        };
        let request = Command::new(N_ACTION_RQ)
            .with_uid(command::REQUESTED_SOP_CLASS, STORAGE_COMMITMENT)
            .with_uid(command::REQUESTED_SOP_INSTANCE, WELL_KNOWN_INSTANCE)
            .with_us(command::ACTION_TYPE, ACTION_REQUEST)
            .with_data_set();
        let answer = association.ask(context, request, Some(&encode_request(&transaction, syntax))).await;
        match answer.map(|a| a.command.us(command::STATUS)) {
            Ok(Some(0)) => {}
            Ok(Some(status)) => {
                association.release().await;
                return Ok(Err(PeerError::Status(status)));
            }
            Ok(None) => return Ok(Err(Violation::NoStatus.into())),
            Err(error) => return Ok(Err(error)),
        }
        self.site.ledger.upstream_asked(row.id, now()).await?;
        // Nothing is lost when it does not come here: the archive then reports over an association of its own.
        let engine = Arc::clone(self);
        tokio::spawn(async move {
            match tokio::time::timeout(STAY, association.receive()).await {
                Ok(Ok(message)) => engine.take(association, &message, syntax).await,
                Ok(Err(_)) => {}
                Err(_) => association.release().await,
            }
        });
        Ok(Ok(()))
    }

    /// Takes a report that came over our own association.
    async fn take(&self, mut association: Association, message: &Message, syntax: &str) {
        let is_report = message.command.us(command::FIELD) == Some(N_EVENT_REPORT_RQ);
        let (Some(id), true) = (message.command.us(command::MESSAGE_ID), is_report) else {
            return association.abort().await;
        };
        let report = message.data.as_deref().and_then(|data| decode_report(data, syntax).ok());
        let taken = match report {
            Some(report) => self.reported(report).await.is_ok(),
            None => false,
        };
        let status = if taken { 0 } else { 0x0110 };
        let response = Command::new(N_EVENT_REPORT_RQ | command::RESPONSE)
            .with_uid(command::AFFECTED_SOP_CLASS, STORAGE_COMMITMENT)
            .with_us(command::RESPONDED_TO, id)
            .with_us(command::STATUS, status)
            .with_uid(command::AFFECTED_SOP_INSTANCE, WELL_KNOWN_INSTANCE);
        if association.send(message.context, &response, None).await.is_ok() {
            association.release().await;
        }
    }
}
